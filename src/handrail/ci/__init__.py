"""Workflows of CI: made from the stages, and checked. Text in, text and findings out."""
