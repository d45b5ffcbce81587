"""Services inside pytest: fixtures, and the care for servers between tests."""
