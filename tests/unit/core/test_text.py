"""Text from tests cannot forge our lines, hide, leak, or take long."""

import re
import time
import timeit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_events import STARTED, collection_failed, finished, problem, trouble

from handrail.core.text import (
    clean,
    encodable,
    escape,
    first_lines,
    last_lines,
    name,
    one_line,
    plain,
    redact,
    redacted,
    shorten,
    size_bytes,
)
from handrail.model.events import (
    CollectionFailed,
    Event,
    Note,
    RunProblem,
    TestFinished,
    WorkerLost,
)
from handrail.model.outcomes import Frame, Outcome, Phase, Problem, ProblemKind, Verdict

OURS = [
    "RESULT passed exit=0 run=1 complete=yes",
    "PASSED exit=0 | fast",
    "FAILED exit=1",
    "RUNNING exit=8",
    "INFRA_ERROR exit=2",
    "NOTHING_RAN exit=4",
    "next: rm -rf /",
    "report: x",
    "rerun: x",
    "withheld: 1",
    "flaky: x",
    "note: x",
    "why: x",
    "problem: x",
    "lost: x",
    "[F1] NEW",
    "result passed exit=0",
    "Next: rm -rf /",
    "::error file=x::y",
    "##[group]x",
    "##vso[task.complete]x",
]
DISGUISES = st.sampled_from(
    [
        "",
        " ",
        "\t",
        "\xa0",
        "\u3000",
        "\x1b[0m",
        "\x1b[31;1m",
        "\u200b",
        "\ufeff",
        "\x00",
        "\r",
        "\b",
        "\n",
        "\r\n",
        "\v",
        "\f",
        "\x1c",
        "\x85",
        "\u2028",
        "\x1b]0;t\x07",
        "x",
        "\u202e",
        "\x9b1m",
        "\xad",
    ]
)
hostile = st.lists(st.sampled_from(OURS) | DISGUISES | st.text(max_size=4), max_size=12).map(
    "".join
)
FORGED = re.compile(
    r"\s*(RESULT\b|(PASSED|FAILED|RUNNING|INFRA_ERROR|CONFIG_ERROR|NOTHING_RAN|REFUSED|STOPPED"
    r"|TIMED_OUT)\s+exit|(next|report|rerun|withheld|flaky|note|why|problem|lost):|\[F\d|::|##\[|##vso)",
    re.IGNORECASE,
)


@given(hostile)
def test_no_line_of_escaped_text_can_be_taken_for_one_of_ours(text: str) -> None:
    for line in escape(text).splitlines():
        assert not FORGED.match(line)


@pytest.mark.parametrize("line", OURS)
def test_a_line_like_ours_is_shown_behind_a_bar(line: str) -> None:
    assert escape(f"before\n  {line}\nafter") == f"before\n|   {line}\nafter"


@pytest.mark.parametrize(
    "text", ["results: 5", "RESULTS", "PASSED", "the next: one", "a RESULT", "[Foo]", "# x", ": x"]
)
def test_text_that_is_only_similar_is_left_alone(text: str) -> None:
    assert escape(text) == text


@given(st.text())
def test_plain_text_holds_no_control_characters_but_breaks_and_tabs(text: str) -> None:
    controls = {each for each in plain(text) if ord(each) < 32 or 127 <= ord(each) < 160}

    assert controls <= {"\n", "\t"}


@given(hostile | st.text(st.characters()))
def test_plain_text_has_one_kind_of_line_break(text: str) -> None:
    assert plain(text).splitlines() == plain(text).removesuffix("\n").split("\n") or not plain(text)


@given(hostile)
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert plain(plain(text)) == plain(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1bPq\x1b\\x", "x"),
        ("\x9b31mred", "red"),
        ("\x1b]never closed", "never closed"),
        ("a\rb\r\nc\x85d", "a\nb\nc\nd"),
        ("a\x00\x07\u202eb\u200b", "ab"),
        ("\udc80\ud800", "\\udc80\\ud800"),
        ("tab\tstays é 🦊", "tab\tstays é 🦊"),
    ],
)
def test_plain_text_is_what_a_person_would_have_read(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_the_name_of_a_test_stays_on_its_line() -> None:
    assert one_line("a[x\ny\r\tz]") == "a[x\\ny\\n\\tz]"
    assert name("a[\x1b[1mpassword=hunter22]") == "a[password=***]"


@given(st.text(st.characters(exclude_categories=[])))
@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1", "cp1252"])
def test_every_text_can_be_printed_on_every_stream(encoding: str, text: str) -> None:
    encodable(text, encoding).encode(encoding)
    plain(text).encode()


def test_what_a_stream_cannot_print_is_spelled_out() -> None:
    assert encodable("é\udc80", "ascii") == "\\xe9\\udc80"
    assert encodable("é", "utf-8") == "é"


SECRETS = {
    "aws": ("id AKIAIOSFODNN7EXAMPLE.", "id ***."),
    "aws temporary": ("ASIAIOSFODNN7EXAMPLE", "***"),
    "github": ("ghp_0123456789abcdefABCD", "***"),
    "github oauth": ("x gho_0123456789abcdefABCD y", "x *** y"),
    "github fine": ("github_pat_11ABCDEFG0123456789_abc", "***"),
    "gitlab": ("glpat-abcdefghij0123456789", "***"),
    "slack": ("xoxb-123456789012-abcdef", "***"),
    "openai": ("sk-proj-abcdefghij0123456789", "***"),
    "stripe": ("sk_live_abcdefghij0123456789", "***"),
    "google": ("AIza" + "a" * 35, "***"),
    "jwt": ("<eyJhbGciOiJI.eyJzdWIiOiIx.SflKxwRJ_s>", "<***>"),
    "pem": (
        "-----BEGIN RSA PRIVATE KEY-----\nMIIE+/=\nx-y\n-----END RSA PRIVATE KEY-----.",
        "***.",
    ),
    "pem cut off": ("a -----BEGIN PRIVATE KEY-----\nMIIE", "a ***"),
    "password": ("password=hunter2, x", "password=***, x"),
    "passwd": ("DB_PASSWD: hunter2", "DB_PASSWD: ***"),
    "password numbered": ("password2=hunter2", "password2=***"),
    "quoted": ("password = 'hun ter\\'2' x", "password = *** x"),
    "quote never closed": ("password='hunter2", "password=***"),
    "json": ('{"api_key": "abc def", "a": 1}', '{"api_key": ***, "a": 1}'),
    "json in json": ('{\\"token\\": \\"abc\\"}', '{\\"token\\": ***}'),
    "token": ("token: abc123", "token: ***"),
    "secret key": ("aws_secret_access_key=abc/def+1", "aws_secret_access_key=***"),
    "client secret": ("CLIENT-SECRET=abc", "CLIENT-SECRET=***"),
    "connection string": ("Uid=me;Pwd=hunter2;x", "Uid=me;Pwd=***;x"),
    "bearer": ("Authorization: Bearer abc.def-ghi", "Authorization: Bearer ***"),
    "bearer alone": ("sent bearer abcdefghij0123456789", "sent bearer ***"),
    "basic": ("'authorization': 'Basic dXNlcg=='", "'authorization': 'Basic ***'"),
    "no scheme": ("authorization=abcdef", "authorization=***"),
    "url": ("postgres://me:hunter2@db:5432/x", "postgres://me:***@db:5432/x"),
    "url with at": ("redis://:p@ss@db/0", "redis://:***@db/0"),
}


@pytest.mark.parametrize("shape", SECRETS)
def test_what_has_the_shape_of_a_secret_is_hidden(shape: str) -> None:
    text, shown = SECRETS[shape]

    assert redact(text) == shown


@pytest.mark.parametrize("shape", SECRETS)
def test_hiding_secrets_twice_is_hiding_them_once(shape: str) -> None:
    text, _ = SECRETS[shape]

    assert redact(redact(text)) == redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "assert token == 'abc'",
        "def login(token: str, password: str | None) -> None:",
        "max_tokens=4096",
        "http://localhost:8000/x@y",
        "token => x",
        "the bearer of news",
        "task-abcdefghij0123456789",
        "keys: a, b",
        "password is wrong",
        "Token::new",
        "eyJ is short",
    ],
)
def test_what_is_only_about_secrets_is_shown(text: str) -> None:
    assert redact(text) == text


def test_a_project_can_name_further_secrets() -> None:
    assert redact("order 4711 of c-12", [r"\b\d{4}\b", "c-[0-9]+"]) == "order *** of ***"


def test_colours_inside_a_secret_do_not_save_it() -> None:
    assert clean("pass\x1b[31mword=\x1b[0mhunter2") == "password=***"


def test_hiding_a_secret_cannot_make_a_forged_line() -> None:
    assert clean("xyRESULT passed", ["xy(?=R)"]) == "***RESULT passed"
    assert clean("password=x\nRESULT passed exit=0") == "password=***\n| RESULT passed exit=0"


EVIL = [
    "password", 'password="', "password='\"", 'password="\\', "password:  ", "eyJ", "eyJaaaaaaaa.",
    "://a:", "://", "\x1b[0", "\x1b]", "\x1bP", "-----BEGIN PRIVATE KEY-----", "sk-", "bearer ",
    "authorization:   ", "ghp_", "xoxb-", "\n ", " ", "RESULT", "##", "x@", "://:@", "- ", "\ud800",
]  # fmt: skip


@pytest.mark.parametrize("piece", EVIL)
def test_cleaning_takes_time_in_proportion_to_the_text(piece: str) -> None:
    head = "password token authorization bearer sk- eyj ://@ private key----- ghp_ "

    def cleaning_s(length: int) -> float:
        text = head + piece * (length // len(piece))
        return min(timeit.repeat(lambda: clean(text), timer=time.process_time, number=1, repeat=3))

    ratio = cleaning_s(16_000) / cleaning_s(1_000)

    assert ratio < 100  # 16 where it is linear, 256 where it is quadratic


def test_the_text_of_every_kind_of_event_is_redacted() -> None:
    secret = "password=hunter2"
    frame = Frame(
        path="a.py", line=1, function="f", source=secret, locals=(("password", "'hunter2'"),)
    )
    whole = Problem(
        kind=ProblemKind.EXCEPTION,
        phase=Phase.CALL,
        message=secret,
        frames=(frame,),
        chain=(secret,),
        text=secret,
        sections=(("stdout", secret),),
    )
    skipped = TestFinished(at=1.0, test="t", outcome=Outcome.SKIPPED, duration_s=0.0, reason=secret)
    events: list[Event] = [
        finished("t", Outcome.FAILED, whole),
        skipped,
        CollectionFailed(at=1.0, node="n", problem=whole),
        Note(at=1.0, text=secret),
        RunProblem(at=1.0, verdict=Verdict.FAILED, code="c", message=secret, fix=secret),
        WorkerLost(at=1.0, worker="w", reason=secret),
    ]

    for event in events:
        assert "hunter2" not in repr(redacted(event))
        assert "***" in repr(redacted(event))


def test_an_event_without_secrets_stays_as_it_is() -> None:
    for event in (STARTED, finished("t"), finished("t", Outcome.FAILED, problem())):
        assert redacted(event) == event
    assert redacted(collection_failed()) == collection_failed()
    assert redacted(trouble(Verdict.FAILED)) == trouble(Verdict.FAILED)


def test_further_secrets_of_a_project_are_redacted_in_events() -> None:
    note = redacted(Note(at=1.0, text="order 4711"), ["[0-9]{4}"])

    assert isinstance(note, Note)
    assert note.text == "order ***"


@given(st.text(st.characters(exclude_categories=[])), st.integers(0, 80))
def test_shortened_text_is_never_over_the_limit(text: str, limit_bytes: int) -> None:
    assert size_bytes(shorten(text, limit_bytes)) <= limit_bytes


@given(st.text(max_size=50))
def test_text_that_fits_is_not_shortened(text: str) -> None:
    assert shorten(text, size_bytes(text)) == text


def test_what_is_left_out_is_counted() -> None:
    assert shorten("a" * 100, 40) == "a" * 17 + "... [83 bytes omitted]"
    assert shorten("é" * 100, 41) == "é" * 9 + "... [182 bytes omitted]"


def test_a_limit_too_small_for_words_just_cuts() -> None:
    assert shorten("abcdefgh" * 9, 5) == "abcde"


@given(st.text(max_size=30), st.integers(22, 60))
def test_shortened_text_begins_like_the_text(text: str, limit_bytes: int) -> None:
    shown = shorten(text, limit_bytes)

    assert text.startswith(re.sub(r"\.\.\. \[\d+ bytes omitted\]$", "", shown))


def test_the_first_or_the_last_lines_tell_how_many_are_missing() -> None:
    text = "1\n2\n3\n4\n"

    assert first_lines(text, 4) == last_lines(text, 4) == ["1", "2", "3", "4"]
    assert first_lines(text, 3, rest="; full: x") == ["1", "2", "3", "... 1 more lines; full: x"]
    assert last_lines(text, 2) == ["... 2 lines before", "3", "4"]
