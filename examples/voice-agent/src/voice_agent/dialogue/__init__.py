"""A sentence in, the words of a reply out."""
