"""``[tool.handrail]`` and ``HANDRAIL_*``: what they mean, and what is said when they are wrong."""

import contextlib
import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail.config import defaults
from handrail.config.loading import load_settings
from handrail.config.problems import ConfigError
from handrail.errors import ExitCode
from handrail.model.tiers import (
    Gate,
    Isolation,
    Override,
    Place,
    ReadyRule,
    Service,
    Settings,
    Stage,
    Tier,
)


def complaint(text: str | None, **environ: str) -> str:
    """The whole text of the error."""
    with pytest.raises(ConfigError) as caught:
        load_settings(text, environ=environ)
    return caught.value.text()


def only_line(table: str) -> str:
    """What is wrong with the inside of ``[tool.handrail]``, which starts on line 2."""
    with pytest.raises(ConfigError) as caught:
        load_settings(f"[tool.handrail]\n{table}\n")
    return caught.value.where


@pytest.mark.parametrize("text", [None, "", "[tool]", "[tool.other]\nhandrail = 1\n", "tool = 1"])
def test_without_a_table_the_built_in_tiers_apply(text: str | None) -> None:
    assert load_settings(text) == Settings(
        tiers=defaults.TIERS, gates=(defaults.DESTRUCTIVE,), is_configured=False
    )


def test_an_empty_table_configures_the_project_but_changes_nothing_else() -> None:
    settings = load_settings("[tool.handrail]")

    assert settings == dataclasses.replace(load_settings(None), is_configured=True)


def test_every_key_arrives_in_the_model() -> None:
    settings = load_settings(
        """\
[tool.handrail]
default-tier = "it"
timeout = "90s"
grace = "2s"
memory = "1GiB"
growth = "100MiB"
workers = 3
state = ".state"
redact = ["tok_[a-z]+"]
[tool.handrail.tiers.it]
about = "integration"
select = "integration and not mark(kind='slow')"
budget = "5m"
timeout = "10s"
memory = "512MiB"
growth = "1KB"
parallel = 2
retries = 1
isolate = "test"
gate = "own"
default-on = ["ci", "scheduled"]
never-on = ["local"]
services = ["db"]
[tool.handrail.gates.own]
require = "flag"
expires = "2h"
only-hosts = ["*.test"]
deny-env = ["A=b"]
[[tool.handrail.overrides]]
select = "tests/**"
timeout = "1h"
retries = 2
serial = true
reason = "because"
[tool.handrail.stages.pr]
on = ["push"]
tiers = ["it"]
python = ["3.13"]
shards = 2
budget = "5m"
[tool.handrail.services.db]
backend = "docker"
url = "postgresql://localhost/x"
image = "postgres"
version = "17"
template = "app:up"
isolation = "clone"
command = "run --port {port}"
ready = { http = "/health", within = "30s" }
env = { A = "b" }
"""
    )

    assert settings == Settings(
        default_tier="it",
        timeout_s=90.0,
        grace_s=2.0,
        memory_bytes=1024**3,
        growth_bytes=100 * 1024**2,
        workers=3,
        state=".state",
        redact=("tok_[a-z]+",),
        is_configured=True,
        tiers=(
            Tier(
                name="it",
                about="integration",
                select="integration and not mark(kind='slow')",
                budget_s=300.0,
                timeout_s=10.0,
                memory_bytes=512 * 1024**2,
                growth_bytes=1000,
                parallel=2,
                retries=1,
                isolate=Isolation.TEST,
                gate="own",
                default_on=frozenset({Place.CI, Place.SCHEDULED}),
                never_on=frozenset({Place.LOCAL}),
                services=("db",),
            ),
        ),
        gates=(
            Gate(
                name="own",
                require="flag",
                expires_s=7200.0,
                only_hosts=("*.test",),
                deny_env=("A=b",),
            ),
            defaults.DESTRUCTIVE,
        ),
        overrides=(
            Override(select="tests/**", timeout_s=3600.0, retries=2, serial=True, reason="because"),
        ),
        stages=(
            Stage(
                name="pr", on=("push",), tiers=("it",), python=("3.13",), shards=2, budget_s=300.0
            ),
        ),
        services=(
            Service(
                name="db",
                backend="docker",
                url="postgresql://localhost/x",
                image="postgres",
                version="17",
                template="app:up",
                isolation="clone",
                command="run --port {port}",
                ready=ReadyRule(http="/health", within_s=30.0),
                env=(("A", "b"),),
            ),
        ),
    )


def test_tiers_keep_the_order_in_which_they_are_written() -> None:
    text = "".join(f"[tool.handrail.tiers.{name}]\n" for name in ("fast", "z", "a"))

    assert [tier.name for tier in load_settings(text).tiers] == ["fast", "z", "a"]


def test_a_project_that_defines_a_gate_of_its_own_keeps_the_built_in_one() -> None:
    settings = load_settings('[tool.handrail.gates.own]\nrequire = "flag"\n')

    assert [gate.name for gate in settings.gates] == ["own", "destructive"]


def test_the_built_in_gate_can_be_redefined() -> None:
    settings = load_settings('[tool.handrail.gates.destructive]\nexpires = "1m"\n')

    assert settings.gates == (Gate(name="destructive", expires_s=60.0),)


def test_parallel_auto_lets_the_machine_decide() -> None:
    assert (
        load_settings('[tool.handrail.tiers.fast]\nparallel = "auto"').tier("fast").parallel is None
    )


def test_the_environment_beats_the_file() -> None:
    text = """\
[tool.handrail]
default-tier = "a"
timeout = "1s"
grace = "1s"
memory = "1MB"
growth = "1MB"
workers = 1
state = "x"
[tool.handrail.tiers.a]
[tool.handrail.tiers.b]
"""
    environ = {
        "HANDRAIL_DEFAULT_TIER": "b",
        "HANDRAIL_TIMEOUT": "2s",
        "HANDRAIL_GRACE": "3s",
        "HANDRAIL_MEMORY": "4MB",
        "HANDRAIL_GROWTH": "5MB",
        "HANDRAIL_WORKERS": "6",
        "HANDRAIL_STATE": "y",
    }

    settings = load_settings(text, environ=environ)

    assert (settings.default_tier, settings.timeout_s, settings.grace_s) == ("b", 2.0, 3.0)
    assert (settings.memory_bytes, settings.growth_bytes) == (4_000_000, 5_000_000)
    assert (settings.workers, settings.state) == (6, "y")


def test_the_environment_beats_the_limits_of_tiers_and_overrides_too() -> None:
    text = """\
[tool.handrail.tiers.fast]
timeout = "1s"
[[tool.handrail.overrides]]
select = "x"
timeout = "2s"
"""

    settings = load_settings(text, environ={"HANDRAIL_TIMEOUT": "9s"})

    assert (settings.tiers[0].timeout_s, settings.overrides[0].timeout_s) == (9.0, 9.0)


def test_the_environment_sets_no_limit_where_a_tier_has_none() -> None:
    settings = load_settings("[tool.handrail.tiers.fast]", environ={"HANDRAIL_TIMEOUT": "9s"})

    assert settings.tiers[0].timeout_s is None


def test_workers_auto_in_the_environment_undoes_the_number_in_the_file() -> None:
    settings = load_settings("[tool.handrail]\nworkers = 2", environ={"HANDRAIL_WORKERS": "auto"})

    assert settings.workers is None


def test_an_empty_variable_counts_as_absent() -> None:
    assert load_settings(None, environ={"HANDRAIL_TIMEOUT": ""}) == load_settings(None)


def test_origins_tell_where_every_value_came_from() -> None:
    text = """\
[tool.handrail]
grace = "2s"
timeout = "1s"

[tool.handrail.tiers.fast]
timeout = "1s"
memory = "1GiB"
[[tool.handrail.overrides]]
select = "x"
"""

    settings = load_settings(text, path="sub/pyproject.toml", environ={"HANDRAIL_TIMEOUT": "9s"})

    origins = dict(settings.origins)
    assert origins["grace"] == "sub/pyproject.toml:2"
    assert origins["timeout"] == "environment HANDRAIL_TIMEOUT"
    assert origins["state"] == "default"
    assert origins["tiers.fast.timeout"] == "environment HANDRAIL_TIMEOUT"
    assert origins["tiers.fast.memory"] == "sub/pyproject.toml:7"
    assert origins["tiers.fast.gate"] == "default"
    assert origins["overrides[0].select"] == "sub/pyproject.toml:9"
    assert origins["gates.destructive.require"] == "default"


def test_all_problems_are_told_at_once_in_the_order_of_the_file() -> None:
    text = """\
[tool.handrail.tiers.fast]
timout = "3s"
memory = "lots"
[tool.handrail]
timeout = 3
"""

    assert complaint(text, HANDRAIL_GRACE="long") == (
        "error: 4 problems in the configuration [config]\n"
        "  pyproject.toml:2: tool.handrail.tiers.fast.timout: unknown key; nearest: timeout\n"
        "  pyproject.toml:3: tool.handrail.tiers.fast.memory: "
        'expected a size such as "512MiB", got "lots"\n'
        '  pyproject.toml:5: tool.handrail.timeout: expected a duration such as "90s", got 3\n'
        '  environment HANDRAIL_GRACE: expected a duration such as "90s", got "long"\n'
        "\n"
        "hint: rename timout to timeout"
    )


def test_a_wrong_configuration_exits_with_3() -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings("[tool.handrail]\nx = 1")

    assert (caught.value.exit_code, caught.value.reference) == (ExitCode.CONFIG_ERROR, "config")


def test_without_a_better_idea_the_hint_names_the_schema() -> None:
    assert complaint("[tool.handrail]\ntimeout = 3").splitlines()[-1] == (
        "hint: handrail config schema prints every key and what it may hold"
    )


def test_broken_toml_is_shown_with_its_place_and_its_line() -> None:
    assert complaint('[tool.handrail]\ntimeout "90s"\n') == (
        "error: 1 problem in the configuration [config]\n"
        "  pyproject.toml:2:9: not valid TOML: Expected '=' after a key in a key/value pair; "
        'the line is: timeout "90s"\n'
        "\n"
        "hint: look for a missing quote, bracket or = on that line or the one before"
    )


def test_toml_that_breaks_off_is_shown_with_its_last_line() -> None:
    assert complaint('a = 1\nb = "x').splitlines()[1] == (
        '  pyproject.toml:2: not valid TOML: Unterminated string; the line is: b = "x'
    )


def test_a_number_that_python_does_not_read_is_no_crash() -> None:
    assert "not valid TOML" in complaint(f"a = {'9' * 5000}")


@given(st.text())
def test_no_text_makes_the_parser_crash(text: str) -> None:
    with contextlib.suppress(ConfigError):
        load_settings(text)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[tool]\nhandrail = 1", "2: tool.handrail: expected a table, got 1"),
        ("[[tool.handrail]]", "1: tool.handrail: expected a table, got an array"),
    ],
)
def test_what_is_not_a_table_is_refused(text: str, line: str) -> None:
    assert complaint(text) == (
        "error: 1 problem in the configuration [config]\n"
        f"  pyproject.toml:{line}\n"
        "\n"
        "hint: write [tool.handrail]"
    )


@pytest.mark.parametrize(
    ("table", "line"),
    [
        ("timout = 1", "timout: unknown key; nearest: timeout"),
        ("overide = []", "overide: unknown key; nearest: overrides"),
        (
            "zzz = 1",
            ("zzz: unknown key; known: default-tier, timeout, collect-timeout, grace, "
             "time-to-live, memory, growth, workers, "
            "state, services-folder, redact, testcontainers, ci-install, ci-install-time, tiers, gates, overrides, stages, services"),
        ),
        ('timeout = "90"', 'timeout: expected a duration such as "90s", got "90"'),
        ('timeout = "1 0s"', 'timeout: expected a duration such as "90s", got "1 0s"'),
        ("timeout = true", 'timeout: expected a duration such as "90s", got true'),
        ("timeout = 1979-05-27", 'timeout: expected a duration such as "90s", got 1979-05-27'),
        ('grace = "0s"', 'grace: must be more than zero, got "0s"'),
        ('memory = ""', 'memory: expected a size such as "512MiB", got ""'),
        ('memory = "0B"', 'memory: must be more than zero, got "0B"'),
        ("growth = {}", 'growth: expected a size such as "512MiB", got a table'),
        ("workers = 0", 'workers: expected "auto" or a whole number from 1, got 0'),
        ("workers = true", 'workers: expected "auto" or a whole number from 1, got true'),
        ('workers = "many"', 'workers: expected "auto" or a whole number from 1, got "many"'),
        ('state = ""', 'state: expected a string, got ""'),
        ("default-tier = 1", "default-tier: expected a string, got 1"),
        ("default-tier = 1\ntiers.it = {}", "default-tier: expected a string, got 1"),
        ("tiers.fast.gates = {}", "tiers.fast.gates: unknown key; nearest: gate"),
        ('redact = "x"', 'redact: expected an array of regular expressions, got "x"'),
        (
            'redact = ["("]',
            ("redact[0]: not a regular expression: missing ), unterminated subpattern at "
            'position 0; the text is "("'),
        ),
        ("tiers = 1", "tiers: expected a table of tables, got 1"),
        ("tiers.fast = 1", "tiers.fast: expected a table, got 1"),
        ('tiers.fast = {}\ntiers."" = {}', 'tiers."": a tier needs a name'),
        (
            'tiers.fast.select = "a and"',
            ("tiers.fast.select: not a pytest -m expression: expected a marker at column 6; "
            'got the end; the text is "a and"'),
        ),
        ("tiers.fast.select = 1", "tiers.fast.select: expected a pytest -m expression, got 1"),
        (
            'tiers.fast.isolate = "modul"',
            'tiers.fast.isolate: expected worker, module or test, got "modul"; nearest: module',
        ),
        (
            'tiers.fast.never-on = ["moon"]',
            'tiers.fast.never-on[0]: expected local, ci or scheduled, got "moon"',
        ),
        (
            'tiers.fast.never-on = "ci"',
            'tiers.fast.never-on: expected an array such as ["local"], got "ci"',
        ),
        (
            'tiers.fast.gate = "destructiv"',
            'tiers.fast.gate: no gate is named "destructiv"; nearest: destructive',
        ),
        (
            'tiers.fast.gate = "x"',
            'tiers.fast.gate: no gate is named "x"; gates: destructive',
        ),
        (
            'tiers.fast.services = ["db"]',
            'tiers.fast.services: no service is named "db"; services: postgres, redis, valkey, mariadb, nats, s3, mqtt, kafka',
        ),
        (
            'services.redis = {}\ntiers.fast.services = ["rediss"]',
            'tiers.fast.services: no service is named "rediss"; nearest: redis',
        ),
        (
            'tiers.fast = {}\nstages.pr.tiers = ["fastt"]',
            'stages.pr.tiers: no tier is named "fastt"; nearest: fast',
        ),
        (
            'default-tier = "x"\ntiers.it = {}',
            'default-tier: no tier is named "x"; tiers: it',
        ),
        (
            "tiers.it = {}",
            'default-tier: not set, and no tier is named "fast"; tiers: it',
        ),
        ('gates.x.require = "flg"', 'gates.x.require: expected person or flag, got "flg"; nearest: flag'),
        ('gates.x.only-hosts = [1]', "gates.x.only-hosts[0]: expected a string, got 1"),
        ("overrides = 1", "overrides: expected an array of tables, got 1"),
        ("overrides = [1]", "overrides[0]: expected a table, got 1"),
        ("overrides = [{}]", "overrides[0]: select is missing"),
        (
            'overrides = [{ select = "" }]',
            'overrides[0].select: expected a glob such as "tests/net/**", got ""',
        ),
        (
            'overrides = [{ select = "x", retries = -1 }]',
            "overrides[0].retries: expected a whole number from 0, got -1",
        ),
        (
            'overrides = [{ select = "x", serial = 1 }]',
            "overrides[0].serial: expected true or false, got 1",
        ),
        ("stages.x.shards = 0", "stages.x.shards: expected a whole number from 1, got 0"),
        ("stages.x.python = [3.1]", 'stages.x.python[0]: expected a string such as "3.13", got 3.1'),
        (
            'services.x.backend = "podman"',
            'services.x.backend: expected auto, native, docker, compose or url, got "podman"',
        ),
        ('services.x.env = "A=b"', 'services.x.env: expected a table such as { NAME = "value" }, got "A=b"'),
        ("services.x.env.A = 1", "services.x.env.A: expected a string, got 1"),
        (
            "services.postgress = {}",
            "services.postgress: no known service, without command and url; nearest: postgres",
        ),
        (
            "services.x = {}",
            ("services.x: no known service, without command and url; "
            "known: postgres, redis, valkey, mariadb, nats, s3, mqtt, kafka"),
        ),
        (
            """services.x.command = 'run "'""",
            'services.x.command: not a command: no closing quotation; the text is "run \\""',
        ),
        (
            'services.x = { command = "run {port}", ready = { htp = "/" } }',
            "services.x.ready.htp: unknown key; nearest: http",
        ),
        (
            'services.x = { command = "run {port}", ready = { http = "health" } }',
            'services.x.ready.http: expected a path such as "/health", got "health"',
        ),
        (
            'services.x = { command = "run", ready = { line = "(" } }',
            ("services.x.ready.line: not a regular expression: "
            'missing ), unterminated subpattern at position 0; the text is "("'),
        ),
        (
            'services.x = { command = "run", ready = { within = 3 } }',
            'services.x.ready.within: expected a duration such as "90s", got 3',
        ),
        (
            'services.x = { command = "run", ready = { tcp = true } }',
            ("services.x.ready: nobody knows where to ask: "
            "neither {fd} nor {port} is in command or env"),
        ),
        (
            "services.redis.connections = 4",
            "services.redis.connections: expected a whole number from 5, got 4",
        ),
        (
            "services.s3.connections = 5",
            ("services.s3.connections: only for postgres, redis, valkey, mariadb, "
            "where Handrail starts them"),
        ),
        ("services.redis.ready.tcp = true", "services.redis.ready: ready is for services that have a command"),
        (
            'services.x = { command = "run", env = { URL = "{postgress.url}" } }',
            'services.x.env.URL: no service is named "postgress"; nearest: postgres',
        ),
        (
            'services.x.command = "run {redis.uri}"',
            "services.x.command: {redis.uri} is nothing; there is: url",
        ),
        (
            ('services.a.command = "run {b.url}"\nservices.b.command = "run {c.url}"\n'
            'services.c.command = "run {b.url}"'),
            "services.b: services need each other: b needs c needs b",
        ),
    ],
)  # fmt: skip
def test_the_problem_is_named(table: str, line: str) -> None:
    said = only_line(table)

    assert said.split(": ", 1)[1] == f"tool.handrail.{line}"


@pytest.mark.parametrize(
    ("table", "number"),
    [
        ("\n\ntimout = 1", 4),
        ("redact = [\n  'a',\n  '(',\n]", 2),
        ("[tool.handrail.tiers.fast]\n\n[tool.handrail.tiers.fast.x]", 4),
        ("[[tool.handrail.overrides]]\nselect='x'\n[[tool.handrail.overrides]]\nserial=true", 4),
        ("redact = ['''\n[tool.handrail]\nx''']\nx = 1", 5),
    ],
)
def test_the_problem_is_on_its_line(table: str, number: int) -> None:
    assert only_line(table).startswith(f"pyproject.toml:{number}: ")


@pytest.mark.parametrize(
    ("table", "hint"),
    [
        ("timout = 1", "rename timout to timeout"),
        ("overrides = [{}]", "add select = ..."),
        ("overrides = {}", "write [[tool.handrail.overrides]]"),
        ("tiers = []", "write [tool.handrail.tiers.NAME]"),
        ("tiers.it = {}", 'add default-tier = "it" to [tool.handrail]'),
        ('default-tier = "fas"', 'write "fast"'),
        ('tiers.fast.gate = "x"', "define it in [tool.handrail.gates.x]"),
        ('gates.x.require = "flg"', 'write "flag" instead of "flg"'),
        (
            'tiers.fast.select = "a b"',
            'join markers with and, or, not and parentheses: "slow and not (soak or chaos)"',
        ),
    ],
)
def test_the_hint_says_what_to_try(table: str, hint: str) -> None:
    assert complaint(f"[tool.handrail]\n{table}").splitlines()[-1] == f"hint: {hint}"


def test_a_default_tier_in_the_environment_must_exist_too() -> None:
    assert complaint(None, HANDRAIL_DEFAULT_TIER="fst") == (
        "error: 1 problem in the configuration [config]\n"
        '  environment HANDRAIL_DEFAULT_TIER: no tier is named "fst"; nearest: fast\n'
        "\n"
        'hint: write "fast"'
    )


def test_a_gate_with_a_mistake_inside_still_counts_as_defined() -> None:
    said = only_line('tiers.fast.gate = "x"\ngates.x.requir = "flag"')

    assert said == "pyproject.toml:3: tool.handrail.gates.x.requir: unknown key; nearest: require"
