"""A WebSocket in front of the three services."""
