"""A word in, frames out."""
