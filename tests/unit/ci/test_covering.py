"""Every test is in exactly one job of each stage that claims it, or it is said which is not."""

from made_projects import PINS, SHOP, STAGES, TIERS, generated

from handrail.ci import github
from handrail.ci.arithmetic import add_up
from handrail.ci.covering import (
    Mapped,
    Proof,
    Suite,
    claimed,
    prove,
    runs_of,
    runs_of_stages,
    sharded,
)
from handrail.ci.linting import lint
from handrail.ci.stages import staged
from handrail.config.loading import load_settings

FAST = [Mapped(name=f"test_{m}.py::test_{n}", tiers=("fast",), bond="") for m in "abc" for n in range(4)]  # fmt: skip
PARTS = Mapped(name="test_i.py::test_i", tiers=("integration",), bond="")
CHAOS = Mapped(name="test_x.py::test_x", tiers=("chaos",), bond="")
ALL = (*FAST, PARTS, CHAOS)


def proof(
    text: str = TIERS + STAGES, tests: tuple[Mapped, ...] = ALL, edit: tuple[str, str] = ("", ""), **more: str
) -> Proof:  # fmt: skip
    settings = load_settings(text)
    suite = Suite(settings=settings, tests=tests, seconds={})
    written = {
        path: each.replace(*edit) if edit[0] else each
        for path, each in generated(text).items()
        if "workflows" in path
    } | {f".github/workflows/{name}.yml": each for name, each in more.items()}
    jobs = staged(settings, SHOP, PINS).jobs
    claims = {github.path_of(job): job for job in jobs}
    return prove(suite, runs_of(lint(written).workflows, suite), claims, "pyproject.toml")


def told(found: Proof) -> list[tuple[str, str]]:
    return [(each.path.rpartition("/")[2], each.what) for each in found.findings]


def test_what_is_generated_runs_every_test_once_in_each_stage() -> None:
    found = proof()

    assert (told(found), found.covered, found.tests) == ([], 14, 14)


def test_a_test_that_no_stage_runs_is_named_with_its_tier() -> None:
    without = STAGES.replace('tiers = ["fast", "integration"]', 'tiers = ["fast"]')

    assert told(proof(TIERS + without)) == [
        ("pyproject.toml", "no stage runs test_i.py::test_i: tier integration")
    ]


def test_a_test_that_no_tier_selects_is_named() -> None:
    lost = Mapped(name="test_l.py::test_l", tiers=(), bond="")

    assert told(proof(tests=(*ALL, lost))) == [
        ("pyproject.toml", "no tier selects test_l.py::test_l")
    ]


def test_a_shard_that_was_edited_away_lacks_its_tests() -> None:
    found = proof(edit=("shard: [1, 2]", "shard: [1]"))

    assert {path for path, _ in told(found)} == {"handrail-pr-fast.yml"}
    assert all(what.startswith("no job of stage pr-fast runs test_") for _, what in told(found))
    assert told(found)[0][1].endswith("(python 3.11)")


def test_two_jobs_of_one_workflow_that_run_the_same_tests_are_named() -> None:
    twice = "on: push\njobs:\n  a:\n    steps:\n      - run: handrail run --tier fast\n  b:\n    steps:\n      - run: handrail run --tier fast --tier integration\n"

    found = proof(mine=twice)

    assert told(found) == [
        ("mine.yml", "jobs a and b run test_a.py::test_0, test_a.py::test_1, test_a.py::test_2 and 9 more twice")
    ]  # fmt: skip
    assert found.findings[0].line == 8


def test_another_python_runs_the_same_tests_and_that_is_not_twice() -> None:
    both = "on: push\njobs:\n  a:\n    strategy:\n      matrix:\n        python: ['3.11', '3.12']\n    steps:\n      - run: handrail run --tier fast\n"

    assert told(proof(mine=both)) == []


def test_what_never_runs_in_ci_is_withheld_and_not_missed() -> None:
    text = TIERS.replace('require = "flag"', 'require = "person"') + (
        '[tool.handrail.stages.pr]\non = ["push"]\ntiers = ["fast", "integration"]'
    )
    skip = Mapped(name="test_s.py::test_s", tiers=("fast",), bond="", is_ci_skip=True)

    found = proof(text, tests=(*ALL, skip))

    assert told(found) == []
    assert found.withheld == {
        "gate destructive is opened by a person at a terminal": 1,
        "marked ci_skip": 1,
    }


def test_stages_without_workflows_are_proved_by_what_they_say() -> None:
    settings = load_settings(TIERS + STAGES)
    suite = Suite(settings=settings, tests=ALL, seconds={})
    jobs = {job.slug: job for job in staged(settings, SHOP, PINS).jobs}

    found = prove(suite, runs_of_stages(jobs, suite), jobs, "pyproject.toml")

    assert (told(found), found.covered) == ([], 14)


def test_the_sum_of_a_stage_is_shown_and_more_shards_are_proposed_where_it_is_too_long() -> None:
    settings = load_settings(TIERS + STAGES)
    suite = Suite(settings=settings, tests=ALL, seconds={})
    job = staged(settings, SHOP, PINS).jobs[0]
    tests = sharded(suite, claimed(suite, job))

    fits = add_up(job, tests, dict.fromkeys((each.name for each in FAST), 60.0), 2)
    long = add_up(job, tests, dict.fromkeys((each.name for each in FAST), 200.0), 2)
    never = add_up(job, tests, dict.fromkeys((each.name for each in FAST), 400.0), 2)

    basis = "(12 of 12 tests with recorded times, 2 workers)"
    assert fits.text() == f"install 5m + longest shard 3m = 8m of 10m: fits {basis}"
    assert long.text() == (
        f"install 5m + longest shard 10m = 15m of 10m: too long; shards = {long.proposed} would fit {basis}"
    )
    assert long.proposed is not None
    assert 12 * 200 / 2 / long.proposed <= 300
    assert never.text().endswith(f"no number of shards fits: a module that stays whole, or a test, is too long {basis}")  # fmt: skip
