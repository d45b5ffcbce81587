"""The state folder of a project: runs, their logs, the lock, grants, and what git says of the tree."""
