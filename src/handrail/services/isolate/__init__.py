"""Databases of one's own within a server."""
