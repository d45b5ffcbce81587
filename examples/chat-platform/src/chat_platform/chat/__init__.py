"""Rooms, and what is said in them."""
