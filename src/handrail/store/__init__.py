"""What was learned from earlier runs, kept in SQLite: the only SQL. Nothing is read at import."""
