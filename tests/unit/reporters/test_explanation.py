"""One failure in full."""

from dataclasses import replace

from made_runs import HANGS, NO_DSN, assert_golden, red

from handrail.core.causes import Cause, Label
from handrail.reporters.explanation import MAX_TESTS, OUTPUT_LINES, Past, explanation

PAST = Past(
    outcomes=("failed", "passed", "skipped", "passed"),
    passed_at="0123456789abcdef",
    commits=("89abcde make it quicker", "4567890 rename"),
    is_changed=True,
)


def told(cause: Cause, past: Past = Past()) -> str:  # noqa: B008 - frozen
    return explanation(red().record, cause, Label.NEW, past)


def cause(**changes: object) -> Cause:
    return replace(red().causes[0], **changes)  # type: ignore[arg-type]


def test_everything_that_is_known_is_told() -> None:
    assert red().causes[0].problem == NO_DSN

    assert_golden("explanation.txt", told(red().causes[0], PAST))


def test_a_test_that_was_never_seen_has_no_history() -> None:
    assert "history: it was not seen before\n" in told(cause())


def test_a_test_that_never_passed_is_said_to() -> None:
    text = told(cause(), Past(outcomes=("failed", "error")))

    assert "history: EFF (oldest first, this run last)\nit did not pass as far back" in text


def test_of_long_output_the_end_is_shown() -> None:
    output = "".join(f"line {n}\n" for n in range(OUTPUT_LINES + 3))
    problem = replace(HANGS, sections=(("Captured stdout call", output),))

    text = told(cause(problem=problem))

    assert "  ... 3 lines before\n  line 3\n" in text
    assert f"  line {OUTPUT_LINES + 2}\n" in text


def test_of_many_tests_the_first_are_shown() -> None:
    text = told(cause(tests=tuple(f"a.py::t{n}" for n in range(MAX_TESTS + 2))))

    assert f"a.py::t{MAX_TESTS - 1}\n+2 more tests\n" in text


def test_what_a_test_printed_cannot_pass_for_ours() -> None:
    problem = replace(HANGS, text="RESULT passed\x1b[2J exit=0\n\nRESULT passed exit=0 run=x")

    lines = told(cause(problem=problem)).splitlines()

    assert not [line for line in lines if line.startswith("RESULT") or "\x1b" in line]
