"""Decisions. Nothing here touches the database, the network or the clock."""
