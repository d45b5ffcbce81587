"""Run workers: start, watch, bound and end them. Knows processes, not pytest."""
