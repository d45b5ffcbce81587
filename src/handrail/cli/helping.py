"""``handrail help agents``: all that an agent needs, on one page; and the block for AGENTS.md."""

import argparse

from handrail.errors import ExitCode
from handrail.model.handbook import AGENTS_MD

AGENTS = """\
handrail for agents

run      handrail run [PATH|NODEID|TIER]...      safe tests, in parallel, to one verdict
         Follows for 100 s, then exits 8 and goes on by itself: paste the `next:` command.
start    handrail start [...]                    the same in the background; prints the run id
status   handrail status [RUN]                   counts, failures in full, time left; returns at once
wait     handrail wait [RUN] --timeout 100s      until the end, or --until first-failure | 50%
rerun    handrail rerun [RUN] [F1...]            what failed, did not run, or is new
explain  handrail explain RUN F1                 frames, values, output, commits since it passed
logs     handrail logs [RUN] --since CURSOR      what is new of pytest's output
stop     handrail stop [RUN]                     and every process it started
flaky    handrail flaky [TEST]                   pass and fail at the same code; flaky bisect TEST: why
doctor   handrail doctor                         what is wrong with this machine, and what to type
services handrail services up|status|logs|down   a database and the like to try things with

RUN is an id, the beginning of one, or latest (the default). --json gives handrail.run/1.

exit 0 passed, 1 failed, 2 infrastructure (retry once), 3 usage or configuration (do not retry),
     4 nothing ran, 5 refused (ask a person), 8 still running, 130 and 143 stopped

The first line is the verdict, and so is the last: RESULT failed exit=1 run=7k2f complete=yes
Tests that may do harm are behind gates. A gate is opened by a person: handrail allow GATE
Do not look for a way around; what was withheld is counted in every answer.
A run that is ended by a limit of your tools goes on: handrail wait"""


def show_help(arguments: argparse.Namespace) -> ExitCode:
    """Print the page, or the block."""
    print(AGENTS if arguments.topic == "agents" else AGENTS_MD)
    return ExitCode.PASSED
