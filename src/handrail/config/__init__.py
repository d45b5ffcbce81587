"""Settings: text and environment in, frozen dataclasses out, every error at once. No I/O."""
