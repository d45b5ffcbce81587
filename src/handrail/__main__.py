"""``python -m handrail``: the command line without its script."""

from handrail.cli import main

main()
