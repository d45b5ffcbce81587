"""``handrail ci``: workflows made from the stages, checked, explained."""

import argparse

from handrail.ci.generating import PROVIDERS
from handrail.cli.arguments import Parser, add_json, lazily
from handrail.errors import ExitCode, UsageError


def fill_ci(ci: Parser) -> None:
    """The options."""
    ci.description = (
        "Workflows of CI from [tool.handrail.stages]: generate writes them, check looks at all workflows "
        "for drift and known faults, explain says what runs where and how long, or what a fault means."
    )
    ci.set_defaults(command=lazily("handrail.cli.ci", "ci"))
    ci.add_argument("what", choices=("generate", "check", "explain"))
    ci.add_argument(
        "name", nargs="?", metavar="STAGE|W07", help="explain: this stage, or this fault"
    )
    ci.add_argument(
        "--provider", choices=PROVIDERS, help="(default: gitlab with a .gitlab-ci.yml, else github)"
    )
    ci.add_argument(
        "--check",
        dest="is_check",
        action="store_true",
        help="generate: write nothing; 1 if it would",
    )
    ci.add_argument(
        "--no-collect",
        dest="is_uncollected",
        action="store_true",
        help="do not ask pytest which tests there are: no proof that each is run once (W20)",
    )
    ci.add_argument(
        "--own",
        dest="is_own",
        action="store_true",
        help="check: do not ask zizmor and check-jsonschema, where they are installed",
    )
    add_json(ci)


def ci(arguments: argparse.Namespace) -> ExitCode:
    """One of the three."""
    if arguments.name and arguments.what != "explain":
        raise UsageError(f"handrail ci {arguments.what} takes no name, got {arguments.name}")
    if arguments.what == "check":
        from handrail.cli.ci_checking import check

        return check(arguments)
    if arguments.what == "explain":
        from handrail.cli.ci_explaining import explain

        return explain(arguments)
    from handrail.cli.ci_generating import generate

    return generate(arguments)
