"""Frames in, words out."""
