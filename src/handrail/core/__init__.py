"""Decisions without I/O: facts in, answers out. Clock, files and environment are arguments."""
