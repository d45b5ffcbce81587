"""Checks of this machine and this project; each says what to type where something is wrong."""
