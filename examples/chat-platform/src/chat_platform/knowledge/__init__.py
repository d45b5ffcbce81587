"""Answers to questions, from what was said."""
