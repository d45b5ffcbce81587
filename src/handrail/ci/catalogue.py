"""Every fault that ``handrail ci check`` knows: what it is and why it matters. Codes are stable."""

from collections.abc import Mapping

FAULTS: Mapping[str, tuple[str, str]] = {
    "W01": (
        "a pipe swallows the exit code",
        (
            "Without pipefail a pipe returns what its last command returns: `pytest | tee log` is green whatever "
            "the tests say. GitHub sets pipefail where `shell: bash` is written, and not where bash is the default."
        ),
    ),
    "W02": (
        "a job that was skipped counts as a success",
        (
            "A required check that is skipped is taken for green. A job that judges others is skipped as soon as "
            "one of them fails, unless it has `if: always()`; then it has to compare their results with success."
        ),
    ),
    "W03": (
        "a part of the tests that no machine runs",
        (
            "A matrix with three cells and a command that makes four parts leave a quarter of the tests out, and "
            "nothing is red. Somebody has to count."
        ),
    ),
    "W04": (
        "an action that can be moved",
        "A tag or a branch is what its owner, or a thief of the owner's password, says it is today. A commit stays.",
    ),
    "W05": (
        "code of strangers with the rights of the main branch",
        (
            "pull_request_target, workflow_run and issue_comment run with secrets and a token that may write. "
            "Who checks out the head of a pull request there hands both to whoever opened it."
        ),
    ),
    "W06": (
        "text of an event inside a script",
        "An expression is put into a script before the shell sees it: a title such as `$(curl ...)` is run.",
    ),
    "W07": (
        "no limit of time",
        "A job that hangs is ended by GitHub after six hours. Until then it takes a machine and tells nobody.",
    ),
    "W08": (
        "runs that nobody waits for",
        "Every push to a pull request starts a run. Without a concurrency group the old ones go on.",
    ),
    "W09": (
        "more rights than needed",
        (
            "What is not named is what the repository's settings give, often everything. actions/checkout leaves the "
            "token on the disk unless told not to."
        ),
    ),
    "W10": (
        "a version that is a number",
        "YAML reads 3.10 as 3.1. The wrong Python is installed, or none.",
    ),
    "W11": (
        "a name that nothing defines",
        "An unknown key stops the workflow or is ignored; an unknown matrix key is an empty text.",
    ),
    "W12": (
        "results that are lost",
        "Two artifacts cannot have one name, and from version 4.4 on files that begin with a dot are left out.",
    ),
    "W13": (
        "a cache that strangers fill",
        "What is saved by pull_request_target belongs to the main branch, which restores and runs it.",
    ),
    "W14": (
        "tests that the merge queue waits for",
        "A required check that does not start for merge_group is never there: the queue stands still.",
    ),
    "W15": (
        "a schedule at the full hour, or one that cannot be tried",
        "At minute 0 everybody's schedules start; some are late and some are dropped.",
    ),
    "W16": (
        "tests that may fail",
        "continue-on-error and `|| true` make every failure invisible, not only the one that was meant.",
    ),
    "W17": (
        "everything is tried again",
        "Running all tests again until they pass hides what is flaky and what is broken now and then.",
    ),
    "W18": (
        "a stage without a workflow",
        "The configuration has a stage that nothing runs.",
    ),
    "W19": (
        "a generated file is not what would be generated",
        "The stages have changed, or the file was edited. `handrail ci generate` writes it.",
    ),
    "W20": (
        "a test that no stage runs, or that one stage runs twice",
        "Tiers, shards and workflows are put together: every test of a stage has to be in exactly one of its jobs.",
    ),
}
