"""Settings shown to a person, and described to an editor."""

import tomllib
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from handrail.config.keys import SCALARS, SECTIONS
from handrail.config.kinds import DURATION, SIZE, key_text, quoted
from handrail.config.loading import load_settings
from handrail.config.problems import ConfigError
from handrail.config.showing import schema, show

FULL = """\
[tool.handrail]
default-tier = "fast"
timeout = "1m30s"
grace = "250ms"
memory = "1.5GiB"
growth = "100MB"
workers = 3
state = ".state"
redact = ["tok_[a-z]+"]
[tool.handrail.tiers.fast]
about = "a \\"quick\\" one"
select = ""
budget = "60s"
timeout = "0.1234567s"
memory = "512MiB"
growth = "1234B"
parallel = "auto"
retries = 0
isolate = "module"
gate = "own"
default-on = ["scheduled", "ci"]
never-on = ["local"]
services = ["db"]
[tool.handrail.tiers."two words"]
parallel = 1
[tool.handrail.gates.own]
require = "flag"
expires = "2h"
only-hosts = ["*.test"]
deny-env = ["A=b"]
[[tool.handrail.overrides]]
select = "tests/**"
timeout = "1h"
retries = 0
serial = false
reason = "because"
[[tool.handrail.overrides]]
select = "x"
[tool.handrail.stages.pr]
on = ["push"]
tiers = ["fast"]
python = ["3.13"]
shards = 2
budget = "5m"
cron = "17 3 * * 1-5"
[tool.handrail.services.db]
backend = "url"
url = "postgresql://localhost/x"
image = "postgres"
version = "17"
template = "app:up"
isolation = "clone"
command = "run --port {port}"
ready = { line = "^up", tcp = true, http = "/health", within = "30s" }
env = { A = "b" }
"""
EXAMPLES = [
    ("", True),
    (FULL.split("\n", 1)[1].replace("tool.handrail.", ""), True),
    ('timeout = "90s"', True),
    ('timeout = "1m 30s"', True),
    ("timeout = 90", False),
    ('timeout = "0s"', False),
    ('timeout = ""', False),
    ('timeout = "s"', False),
    ('memory = "0.0GiB"', False),
    ('memory = "512"', False),
    ('memory = "5 MB"', True),
    ('workers = "auto"', True),
    ("workers = 0", False),
    ("workers = true", False),
    ('state = ""', False),
    ("redact = [1]", False),
    ('redact = ""', False),
    ('overrides = [{ timeout = "1s" }]', False),
    ('overrides = [{ select = "x", retries = -1 }]', False),
    ('overrides = [{ select = "x", serial = 1 }]', False),
    ("overrides = {}", False),
    ("tiers = []", False),
    ('tiers = { "" = {} }', False),
    ('tiers = { fast = { isolate = "all" } }', False),
    ('tiers = { fast = { never-on = ["moon"] } }', False),
    ('gates = { x = { require = "prayer" } }', False),
    ("stages = { x = 1 }", False),
    ("stages = { x = { shards = 0 } }", False),
    ("stages = { x = { python = [3.10] } }", False),
    ('stages = { x = { cron = "17 3 * * *" } }', True),
    ('stages = { x = { cron = "@daily" } }', False),
    ("services = { x = { env = { A = 1 } } }", False),
    ('services = { x = { isolation = "none" } }', False),
    ('services = { x = { command = "a", ready = { line = "up" } } }', True),
    ('services = { x = { command = "a {fd}", ready = { http = "up" } } }', False),
    ('services = { x = { command = "a {fd}", ready = { http = 1 } } }', False),
    ('services = { x = { command = "a {fd}", ready = { tcp = "yes" } } }', False),
    ('services = { x = { command = "a {fd}", ready = { whithin = "1s" } } }', False),
]


def is_loaded(table: str) -> bool:
    """Whether the parser takes the inside of ``[tool.handrail]``."""
    text = table
    for name in ("overrides", *(section.name for section in SECTIONS)):
        text = text.replace(f"[{name}", f"[tool.handrail.{name}")
    try:
        load_settings(f"[tool.handrail]\n{text}")
    except ConfigError:
        return False
    return True


def is_valid(table: dict[str, Any]) -> bool:
    return Draft202012Validator(schema()).is_valid(table)


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize(("table", "is_good"), EXAMPLES)
def test_parser_and_schema_agree(table: str, is_good: bool) -> None:
    assert (is_loaded(table), is_valid(tomllib.loads(table))) == (is_good, is_good)


PRINTABLE = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=12)


@given(PRINTABLE, st.sampled_from(["", "tiers", "gates", "services"]))
def test_a_key_that_nobody_knows_is_refused_by_parser_and_schema(name: str, family: str) -> None:
    tables = {section.name: section.keys for section in SECTIONS} | {"": SCALARS}
    known = {key.name for key in tables[family]} | {section.name for section in SECTIONS}
    assume(name not in known)
    entry = "fast"
    header = f"[tool.handrail.{family}.{entry}]" if family else "[tool.handrail]"
    inner: dict[str, Any] = {name: 1}

    with pytest.raises(ConfigError, match="unknown key"):
        load_settings(f"{header}\n{quoted(name)} = 1\n")

    assert not is_valid({family: {entry: inner}} if family else inner)


def test_every_key_of_the_schema_says_what_it_is_for() -> None:
    tables = [schema()]
    tables += [
        family.get("additionalProperties") or family["items"]
        for name, family in schema()["properties"].items()
        if name in {section.name for section in SECTIONS}
    ]

    assert all(each["description"] for table in tables for each in table["properties"].values())


def test_every_table_of_the_schema_is_closed() -> None:
    families = [schema()["properties"][section.name] for section in SECTIONS]
    entries = [family.get("additionalProperties") or family["items"] for family in families]

    assert [table["additionalProperties"] for table in (schema(), *entries)] == [False] * 6


@pytest.mark.parametrize("text", ["[tool.handrail]", FULL])
def test_what_is_shown_would_give_the_same_settings(text: str) -> None:
    settings = load_settings(text)

    assert load_settings(show(settings)) == settings


def test_the_built_in_settings_can_be_pasted_into_a_project() -> None:
    settings = load_settings(None)

    assert load_settings(show(settings)) == replace(settings, is_configured=True)


@given(st.floats(min_value=1e-3, max_value=1e7))
def test_a_shown_duration_reads_as_the_same_duration(seconds: float) -> None:
    assert DURATION.read(DURATION.show(seconds).strip('"')) == seconds


@given(st.integers(1, 2**50))
def test_a_shown_size_reads_as_the_same_size(size_bytes: int) -> None:
    assert SIZE.read(SIZE.show(size_bytes).strip('"')) == size_bytes


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_every_name_and_text_survives_being_quoted(text: str) -> None:
    assert tomllib.loads(f"{key_text(text)} = {quoted(text)}") == {text: text}


def test_every_line_ends_with_its_origin() -> None:
    text = '[tool.handrail]\ntimeout = "90s"\n[tool.handrail.tiers.fast]\nselect = "a"\n'

    shown = show(load_settings(text, environ={"HANDRAIL_WORKERS": "2"}))

    assert shown.split("\n\n")[:2] == [
        """\
[tool.handrail]
default-tier = "fast"         # default
timeout = "90s"               # pyproject.toml:2
collect-timeout = "2m"        # default
grace = "1s"                  # default
time-to-live = "24h"          # default
# memory is not set           # default
growth = "500MB"              # default
workers = 2                   # environment HANDRAIL_WORKERS
state = ".handrail"           # default
# services-folder is not set  # default
redact = []                   # default
testcontainers = false        # default
# ci-install is not set       # default
ci-install-time = "5m"        # default""",
        """\
[tool.handrail.tiers.fast]
select = "a"        # pyproject.toml:4
isolate = "worker"  # default""",
    ]


def test_overrides_are_shown_as_items_of_an_array() -> None:
    text = '[[tool.handrail.overrides]]\nselect = "x"\nserial = false\n'

    blocks = show(load_settings(text)).split("\n\n")

    assert (
        "[[tool.handrail.overrides]]\n"
        'select = "x"    # pyproject.toml:2\n'
        "serial = false  # pyproject.toml:3"
    ) in blocks
