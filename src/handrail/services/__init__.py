"""Real services for tests: found, started, made ready, kept apart, and gone afterwards."""
