"""``python -m handrail``: the command line without its script."""

import sys

from handrail.cli import main

sys.exit(main())
