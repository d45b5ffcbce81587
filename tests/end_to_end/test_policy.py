"""Tiers and gates from outside: what is withheld, how it is told, and that nothing slips through."""

import importlib.util
import json
import os
import pty
import re
import select
import subprocess
import time

import pytest
from real_runs import NO_RANDOMLY, SCRIPTS, Project

CONFIGURATION = """
    [tool.pytest.ini_options]
    markers = ["chaos: breaks things", "soak: runs for hours", "flagged: may be flagged"]

    [tool.handrail]
    default-tier = "fast"

    [tool.handrail.tiers.fast]
    select = "not (chaos or soak or flagged)"

    [tool.handrail.tiers.chaos]
    select = "chaos"
    gate = "destructive"

    [tool.handrail.tiers.soak]
    select = "soak"
    never-on = ["local"]

    [tool.handrail.tiers.flagged]
    select = "flagged and not chaos"
    gate = "careful"

    [tool.handrail.gates.destructive]
    require = "person"
    expires = "15m"
    only-hosts = ["localhost", "127.0.0.1"]
    deny-env = ["*PROD*"]

    [tool.handrail.gates.careful]
    require = "flag"
    """
TESTS = """
    import pathlib
    import pytest

    def note(name):
        with pathlib.Path("ran.txt").open("a") as file:
            file.write(name + "\\n")

    def test_safe():
        note("safe")

    @pytest.mark.chaos
    def test_chaos():
        note("chaos")

    @pytest.mark.chaos
    @pytest.mark.parametrize("n", [1, 2])
    def test_more_chaos(n):
        note("chaos")

    @pytest.mark.soak
    def test_soak():
        note("soak")

    @pytest.mark.flagged
    def test_flagged():
        note("flagged")
    """
HAS_XDIST = importlib.util.find_spec("xdist") is not None


@pytest.fixture
def gated(project: Project) -> Project:
    project.put("pyproject.toml", CONFIGURATION)
    project.put("test_a.py", TESTS)
    project.write(test_b="def test_other():\n    pass\n")
    return project


# Nothing configured.


def test_heavy_markers_are_withheld_where_nothing_is_configured(project: Project) -> None:
    project.put("pytest.ini", "[pytest]\nmarkers =\n    slow\n    chaos\n")
    project.write(
        test_a="""
            import pytest

            def test_a():
                pass

            @pytest.mark.slow
            def test_slow():
                pass

            @pytest.mark.slow
            @pytest.mark.chaos
            def test_both():
                pass
            """
    )

    found, slow, chaos = project.run(), project.run("--tier", "slow"), project.run("chaos")

    assert found.passed == {"test_a.py::test_a"}
    assert {each["tier"]: each["count"] for each in found.report["withheld"]} == {
        "slow": 1,
        "chaos": 1,
    }
    assert "withheld" in found.stdout
    assert slow.passed == {"test_a.py::test_slow"}
    assert chaos.returncode == 5
    assert chaos.outcomes == {}


@pytest.mark.parametrize(
    "given", [(), ("-v",), ("--help",), ("--markers",), ("--co", "-q"), ("-n", "2")]
)
def test_an_idle_plugin_changes_no_byte_of_pytests_output(
    project_with_plugins: Project, given: tuple[str, ...]
) -> None:
    if "-n" in given and not HAS_XDIST:
        pytest.skip("not installed: xdist")
    project = project_with_plugins
    project.write(
        test_a="import pytest\n\n@pytest.mark.slow\ndef test_a():\n    print('x')\n    assert 0\n"
    )

    idle = project.pytest("-p", "no:cacheprovider", *given)
    without = project.pytest("-p", "no:cacheprovider", "-p", "no:handrail", *given)

    def neutral(text: str) -> str:
        if "--help" in given:
            text = re.sub(r"tiers and limits \(handrail\):\n(  .*\n)+\n", "", text)
        text = re.sub(r"\[gw\d\]", "[gw]", text)  # which worker of xdist is quicker is luck
        return re.sub(r"\d+\.\d+s", "0s", text)

    assert neutral(idle.stdout) == neutral(without.stdout)
    assert idle.stderr == without.stderr
    assert idle.returncode == without.returncode
    assert not (project.folder / ".handrail").exists()


# Gates.


def test_a_gated_tier_is_refused_and_runs_nothing(gated: Project) -> None:
    found = gated.run("--tier", "chaos")

    assert found.returncode == 5
    assert "handrail allow destructive" in found.stdout + found.stderr
    assert gated.counts() == {}


@pytest.mark.parametrize(
    "given",
    [
        ("test_a.py::test_chaos",),
        ("test_a.py",),
        ("-m", "chaos"),
        ("-k", "chaos"),
        ("--allow", "destructive"),
        ("-n", "0"),
        ("--strategy", "collect-then-fork"),
        ("--", "test_a.py::test_chaos", "--deselect", "nothing"),
        ("--", "-p", "no:handrail"),
        ("--", "-o", "markers=chaos"),
    ],
)  # fmt: skip
def test_no_way_of_naming_a_test_opens_its_gate(gated: Project, given: tuple[str, ...]) -> None:
    found = gated.run(*given)

    assert "chaos" not in gated.counts()
    assert found.returncode in {0, 3, 4, 5}
    assert found.returncode != 0 or "withheld" in found.stdout


def test_withheld_tests_are_counted_with_the_reason_and_the_way(gated: Project) -> None:
    found = gated.run(AI_AGENT="1")

    assert found.returncode == 0
    assert found.passed == {"test_a.py::test_safe", "test_b.py::test_other"}
    withheld = {each["tier"]: each for each in found.report["withheld"]}
    assert {tier: each["count"] for tier, each in withheld.items()} == {
        "chaos": 3,
        "soak": 1,
        "flagged": 1,
    }
    assert withheld["chaos"]["gate"] == "destructive"
    assert withheld["chaos"]["open_with"] == "handrail allow destructive"
    assert "handrail allow destructive" in found.stdout


def test_a_flag_opens_only_a_gate_that_a_flag_may_open(gated: Project) -> None:
    opened = gated.run("--tier", "flagged", "--allow", "careful")
    refused = gated.run("--tier", "chaos", "--allow", "destructive")

    assert opened.returncode == 0
    assert gated.counts() == {"flagged": 1}
    assert refused.returncode == 5


def test_a_tier_never_runs_where_it_never_does(gated: Project) -> None:
    found = gated.run("--tier", "soak")

    assert found.returncode == 5
    assert "soak" not in gated.counts()
    assert gated.run("--tier", "soak", CI="true").returncode == 0


def test_tests_marked_so_are_skipped_in_ci(project: Project) -> None:
    project.write(
        test_a="import pytest\n\n@pytest.mark.ci_skip\ndef test_a():\n    pass\n\ndef test_b():\n    pass\n"
    )

    assert len(project.run().passed) == 2
    in_ci = project.run(CI="true")
    assert in_ci.passed == {"test_a.py::test_b"}
    assert "ci_skip" in json.dumps(in_ci.report["withheld"])


# Plain pytest.


@pytest.mark.parametrize(
    "given",
    [(), pytest.param(("-n", "2"), marks=pytest.mark.skipif(not HAS_XDIST, reason="xdist"))],
)
def test_plain_pytest_withholds_and_explains(gated: Project, given: tuple[str, ...]) -> None:
    done = gated.pytest(*given)

    assert done.returncode == 0, done.stdout
    assert gated.counts() == {"safe": 1}
    assert "handrail withheld 3 tests of tier chaos" in done.stdout
    assert "handrail allow destructive" in done.stdout
    assert done.stdout.count("of tier chaos") == 1


@pytest.mark.parametrize(
    "given", [("test_a.py::test_chaos",), ("-m", "chaos"), ("--handrail-allow", "destructive")]
)
def test_plain_pytest_opens_no_gate_by_naming_a_test(
    gated: Project, given: tuple[str, ...]
) -> None:
    gated.pytest(*given)

    assert "chaos" not in gated.counts()


def test_plain_pytest_refuses_a_gated_tier(gated: Project) -> None:
    done = gated.pytest("--tier", "chaos")

    assert done.returncode == 4
    assert "handrail allow destructive" in done.stdout + done.stderr
    assert gated.counts() == {}


RESTORING = """
    import pytest

    def pytest_itemcollected(item):
        vars(item.session).setdefault("everything", []).append(item)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(session, items):
        result = yield
        items[:] = session.everything
        return result
    """


@pytest.mark.parametrize("command", ["handrail", "handrail -n 0", "pytest", "pytest -n 2"])
def test_a_test_put_back_behind_the_first_barrier_is_stopped_by_the_second(
    gated: Project, command: str
) -> None:
    if command.endswith("-n 2") and not HAS_XDIST:
        pytest.skip("not installed: xdist")
    gated.put("conftest.py", RESTORING)
    script, *given = command.split()

    done = gated.run(*given) if script == "handrail" else gated.pytest(*given)

    assert done.returncode == 1, done.stdout
    assert gated.counts() == {"safe": 1}
    assert "refused" in done.stdout


def test_a_fixture_does_not_run_for_a_test_stopped_by_the_second_barrier(gated: Project) -> None:
    gated.put("conftest.py", RESTORING)
    gated.put(
        "test_a.py",
        """
        import pathlib
        import pytest

        @pytest.fixture(scope="session")
        def dangerous():
            pathlib.Path("ran.txt").write_text("fixture")

        @pytest.mark.chaos
        def test_chaos(dangerous):
            pass
        """,
    )

    found = gated.run()

    assert found.returncode == 1
    assert gated.counts() == {}


def test_a_mark_added_after_the_first_barrier_still_counts(gated: Project) -> None:
    gated.put(
        "conftest.py",
        """
        import pytest

        def pytest_collection_finish(session):
            for item in session.items:
                if item.name == "test_safe":
                    item.add_marker(pytest.mark.chaos)
        """,
    )

    found = gated.run()

    assert found.returncode == 1
    assert gated.counts() == {}


# ``handrail allow``.


def at_a_terminal(project: Project, typed: str, *arguments: str, **environ: str) -> tuple[int, str]:
    """Run a command with a terminal; exit code and what it showed."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [str(SCRIPTS / "handrail"), *arguments],
        cwd=project.folder, env=project.environment(TERM="dumb", **environ),
        stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    os.write(ours, f"{typed}\n".encode())
    shown = b""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and select.select([ours], [], [], 30)[0]:
        try:
            chunk = os.read(ours, 4096)
        except OSError:  # the other end is closed
            break
        if not chunk:
            break
        shown += chunk
    os.close(ours)
    return process.wait(timeout=30), shown.decode(errors="replace")


def test_a_person_opens_a_gate_until_it_expires(gated: Project) -> None:
    code, shown = at_a_terminal(gated, "destructive", "allow", "destructive")
    assert (code, "open for 15m" in shown) == (0, True), shown

    assert gated.run("--tier", "chaos").returncode == 0
    assert gated.counts()["chaos"] == 3

    grants = gated.folder / ".handrail" / "grants.json"
    written = json.loads(grants.read_text("utf-8"))
    for each in written.values():
        each["at"], each["until"] = each["at"] - 7200, time.time() - 1
    grants.write_text(json.dumps(written), "utf-8")

    assert gated.run("--tier", "chaos").returncode == 5
    assert gated.counts()["chaos"] == 3


def test_an_open_gate_opens_for_plain_pytest_too(gated: Project) -> None:
    at_a_terminal(gated, "destructive", "allow", "destructive")

    assert gated.pytest("--tier", "chaos").returncode == 0
    assert gated.counts() == {"chaos": 3}


def test_a_revoked_gate_is_closed(gated: Project) -> None:
    at_a_terminal(gated, "destructive", "allow", "destructive")
    gated.command("handrail", "allow", "destructive", "--revoke")

    assert gated.run("--tier", "chaos").returncode == 5


def test_the_wrong_word_opens_nothing(gated: Project) -> None:
    code, _ = at_a_terminal(gated, "yes", "allow", "destructive")

    assert code == 5
    assert gated.run("--tier", "chaos").returncode == 5


def test_a_gate_is_not_opened_without_a_terminal(gated: Project) -> None:
    done = gated.command("handrail", "allow", "destructive")

    assert done.returncode == 5
    assert "person" in done.stderr
    assert not (gated.folder / ".handrail" / "grants.json").exists()


@pytest.mark.parametrize(
    "environ",
    [
        {"AI_AGENT": "1"},
        {"CLAUDECODE": "1"},
        {"CI": "true"},
        {"HANDRAIL_AGENT": "0", "CLAUDECODE": "1"},
    ],
    ids=str,
)
def test_a_gate_is_not_opened_for_an_agent_or_in_ci(
    gated: Project, environ: dict[str, str]
) -> None:
    code, shown = at_a_terminal(gated, "destructive", "allow", "destructive", **environ)

    assert code == 5, shown
    assert gated.run("--tier", "chaos").returncode == 5


@pytest.mark.parametrize(
    "environ", [{"DATABASE_URL": "postgres://db.example.com/x"}, {"MY_PROD_FLAG": "1"}], ids=str
)
def test_an_open_gate_stays_shut_where_it_points_at_production(
    gated: Project, environ: dict[str, str]
) -> None:
    at_a_terminal(gated, "destructive", "allow", "destructive")

    found = gated.run("--tier", "chaos", **environ)

    assert found.returncode == 5
    assert next(iter(environ)) in found.stdout + found.stderr
    assert gated.counts() == {}


def test_a_damaged_grants_file_opens_nothing(gated: Project) -> None:
    at_a_terminal(gated, "destructive", "allow", "destructive")
    (gated.folder / ".handrail" / "grants.json").write_text(
        '{"destructive": {"until": 1e999, "at": 0}}'
    )

    assert gated.run("--tier", "chaos").returncode == 5


def test_the_plan_can_be_seen_without_running(gated: Project) -> None:
    done = gated.command("handrail", "tiers", "--json")

    states = {each["name"]: each["state"] for each in json.loads(done.stdout)["tiers"]}
    assert states == {"fast": "runs", "chaos": "refused", "soak": "refused", "flagged": "refused"}
    assert gated.counts() == {}


def test_a_dry_run_runs_nothing(gated: Project) -> None:
    assert gated.command("handrail", "run", "--dry-run", *NO_RANDOMLY).returncode == 0
    assert gated.counts() == {}
