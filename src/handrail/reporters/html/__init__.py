"""A run as one HTML file for people: data in Python, drawn by the scripts of ``page/``."""
