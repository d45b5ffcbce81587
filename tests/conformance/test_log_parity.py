"""Whether tests are listened to or not: plain pytest, a run, and a run ``--log-tests`` tell the same."""

import pytest
from parity_lab import PLAIN, Lab
from parity_projects import PROJECTS
from test_parity import EXIT_CODES, WAYS, difference

pytestmark = pytest.mark.slow

LOGGING = {
    "test_a.py": """
import io
import logging
import pytest

log = logging.getLogger("app")

class Counted:
    def __init__(self):
        self.count = 0

    def __str__(self):
        self.count += 1
        return f"shown {self.count} times"

class Rude:
    def __str__(self):
        raise RuntimeError("not shown")

@pytest.fixture
def noisy(caplog):
    log.warning("set-up")
    yield
    log.warning("tear-down: %s", [each.name for each in caplog.get_records("call")])

def test_handlers_and_levels(noisy):
    root = logging.getLogger()
    print([(type(each).__name__, each.level, each.filters) for each in root.handlers], root.level)
    print(vars(log)["handlers"], log.getEffectiveLevel(), logging.lastResort.level)
    assert False

def test_how_often_an_argument_is_formatted():
    counted = Counted()
    log.warning("%s", counted)
    print(counted.count)
    assert False

def test_arguments_that_do_not_fit():
    log.warning("%d", "x")

def test_arguments_that_raise():
    log.warning("%s", Rude())

def test_arguments_that_do_not_fit_and_are_forgiven():
    logging.raiseExceptions = False
    try:
        log.warning("%d", "x")
    finally:
        logging.raiseExceptions = True
    assert False

def test_levels_of_caplog(caplog):
    caplog.set_level(logging.DEBUG, logger="app")
    log.debug("debug")
    logging.getLogger("other").info("info")
    with caplog.at_level(logging.ERROR):
        log.warning("below")
        log.error("above")
    assert caplog.messages == ["debug", "above"]
    assert caplog.text == "", caplog.text

def test_configured_anew():
    stream = io.StringIO()
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    logging.basicConfig(stream=stream, force=True, level=logging.DEBUG)
    log.debug("to the stream alone")
    root.handlers[:], root.level = before, level
    log.warning("to pytest again")
    assert stream.getvalue() == ""

def test_after_that(noisy):
    log.info("info")
    log.warning("warning")
    assert False

def test_a_logger_of_its_own():
    own = logging.getLogger("own")
    own.propagate = False
    own.warning("not seen by the root")
    own.propagate = True
    assert False

def test_exceptions(caplog):
    try:
        1 / 0
    except ZeroDivisionError:
        log.exception("wrong")
    log.error("none", exc_info=True)
    assert caplog.records[0].exc_info[0] is ZeroDivisionError
    assert sorted(vars(caplog.records[1])) == []

def test_strange_records(caplog):
    record = logging.makeLogRecord({"name": 5, "created": "never", "levelno": 50, "msg": 7})
    try:
        log.handle(record)
    except Exception as error:
        print(type(error))
    assert False

def test_strange_text():
    log.warning("\\udcff \\x00 \\x1b[2J")
    assert False
""",
    "test_away.py": """
import logging

class Rude:
    def __str__(self):
        raise RuntimeError("not shown")

def test_arguments_that_raise_where_caplog_looks_away(caplog):
    caplog.handler.setLevel(logging.CRITICAL)
    try:
        logging.getLogger().warning("%s", Rude())
    finally:
        caplog.handler.setLevel(0)
""",
    "test_b.py": "import logging\n\ndef test_b():\n    logging.getLogger().error('error')\n    assert False\n",
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "given",
    [
        (),
        ("--tb=native", "--log-level=DEBUG", "--ignore=test_away.py"),
        ("-p", "no:logging", "-k", "not arguments"),
    ],
)
def test_who_listens_changes_nothing(lab: Lab, way: str, given: tuple[str, ...]) -> None:
    expected = lab.run(LOGGING, PLAIN, given, has_junit=False)
    found = lab.run(
        LOGGING,
        ("handrail", "run", *WAYS[way], "--tests", "--log-tests"),
        ("--", *given),
        has_junit=False,
    )

    assert expected.returncode == 1
    different = difference(expected.lines, found.lines)
    assert not different, different


@pytest.mark.parametrize("name", ["capture", "junit-logging"])
@pytest.mark.parametrize("is_kept", [True, False])
def test_logs_and_outcomes_are_those_of_plain_pytest(lab: Lab, name: str, is_kept: bool) -> None:
    it = PROJECTS[name]
    options = ("--log-tests",) if is_kept else ()

    expected = lab.run(it.files, PLAIN, it.arguments)
    found = lab.run(
        it.files,
        ("handrail", "run", "-n", "2", "--tests", *options),
        ("--", *it.arguments),
    )

    different = difference(expected.lines, found.lines)
    assert not different, different
    assert found.returncode == EXIT_CODES[expected.returncode]
