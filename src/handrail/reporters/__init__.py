"""Reports of a run, for people, agents and machines: folds over its record; none opens a file."""
