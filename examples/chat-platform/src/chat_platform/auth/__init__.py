"""Who somebody is: users, passwords, sessions."""
