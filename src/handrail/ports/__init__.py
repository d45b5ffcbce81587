"""Roles that an edge plays: what the inner half needs done, without saying how."""
