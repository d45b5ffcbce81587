"""``report --where``: where the time of a run went, for a person and as ``handrail.where/1``."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from handrail.core.profiles import FixtureCost, Profile
from handrail.core.spending import Advice, Part, Spending
from handrail.model.units import format_size
from handrail.reporters.lines import plural, words

SCHEMA = "handrail.where/1"
SHOWN = 5
"""Of each list, for a person."""
LEAST_S = 0.005
"""Less is not listed."""


def text(found: Spending, profile: Profile | None, run_id: str, files: Sequence[str]) -> str:
    """Lines for a person, without a final line break."""
    total_s = sum(each.seconds for each in found.wall)
    busy_s = sum(each.seconds for each in found.busy)
    shown = [f"run {run_id}: {total_s:.2f} s of wall time", *_bars(found.wall, total_s)]
    shown += [f"{plural(found.workers, 'worker')}: {busy_s:.2f} s while tests ran"]
    shown += _bars(found.busy, busy_s)
    shown += ["slowest tests", *_listed((each.seconds, each.name) for each in found.tests)]
    if profile is not None:
        shown += _profiled(profile)
    shown += _advised(found.advice)
    if profile is None:
        shown.append("fixtures, imports and sleeps: handrail run --profile time")
    shown += [f"see: {each}" for each in files]
    return "\n".join(shown)


def _bars(parts: Sequence[Part], whole: float) -> list[str]:
    return [
        f"  {each.seconds:8.2f} s  {each.seconds / whole if whole else 0:4.0%}  {each.name}"
        for each in parts
    ]


def _listed(found: Iterable[tuple[float, str]]) -> list[str]:
    worth = [each for each in found if each[0] >= LEAST_S]
    return [f"  {seconds:8.2f} s  {words(name, 160)}" for seconds, name in worth[:SHOWN]]


def _profiled(profile: Profile) -> list[str]:
    shown = []
    fixtures = [(f.seconds + f.teardown_s, _fixture(f)) for f in profile.fixtures]
    imports = [(each.own_s, each.module) for each in profile.imports]
    sleeps = [(each.seconds, f"{each.where} ({each.count} x)") for each in profile.sleeps]
    for heading, rows in (
        ("slowest fixtures", fixtures),
        ("slowest imports, by themselves", imports),
        ("sleeps", sleeps),
    ):
        if listed := _listed(rows):
            shown += [heading, *listed]
    if profile.allocations:
        shown.append("highest peaks of allocation")
        shown += [
            f"  {format_size(each.peak_bytes):>10}  {words(each.test, 160)} (kept {format_size(each.kept_bytes)})"
            for each in profile.allocations[:SHOWN]
        ]
    return shown


def _fixture(found: FixtureCost) -> str:
    down = f", teardown {found.teardown_s:.2f} s" if found.teardown_s >= LEAST_S else ""
    return f"{found.name} ({found.scope}, {found.count} x{down})"


def _advised(advice: Sequence[Advice]) -> list[str]:
    if not advice:
        return ["nothing stands out"]
    shown = ["what to do"]
    for each in advice:
        shown += [f"  {each.seconds:8.2f} s  {words(each.what, 240)}", f"              {each.todo}"]
    return shown


def document(
    found: Spending, profile: Profile | None, run_id: str, files: Sequence[str]
) -> Mapping[str, Any]:
    """The same, and more of it, for programs."""
    result: dict[str, Any] = {
        "schema": SCHEMA,
        "run_id": run_id,
        "wall": _parts(found.wall),
        "workers": found.workers,
        "busy": _parts(found.busy),
        "modules": _parts(found.modules),
        "tests": _parts(found.tests),
        "advice": [
            {
                "code": each.code,
                "seconds": round(each.seconds, 3),
                "what": words(each.what, 500),
                "todo": each.todo,
            }
            for each in found.advice
        ],
        "files": list(files),
        "profile": None,
    }
    if profile is not None:
        result["profile"] = _profile(profile)
    return result


def _parts(parts: Sequence[Part]) -> list[dict[str, Any]]:
    return [{"name": words(each.name, 500), "seconds": round(each.seconds, 3)} for each in parts]


def _profile(profile: Profile) -> dict[str, Any]:
    most = 50
    return {
        "kind": profile.kind,
        "fixtures": [
            {
                "name": each.name,
                "scope": each.scope,
                "where": each.where,
                "count": each.count,
                "workers": each.workers,
                "seconds": round(each.seconds, 4),
                "teardown_s": round(each.teardown_s, 4),
            }
            for each in profile.fixtures[:most]
        ],
        "imports": [
            {"module": each.module, "own_s": round(each.own_s, 4), "all_s": round(each.all_s, 4)}
            for each in profile.imports[:most]
        ],
        "sleeps": [
            {"where": each.where, "count": each.count, "seconds": round(each.seconds, 4)}
            for each in profile.sleeps[:most]
        ],
        "allocations": [
            {"test": each.test, "peak_bytes": each.peak_bytes, "kept_bytes": each.kept_bytes}
            for each in profile.allocations[:most]
        ],
    }
