"""The published JSON Schema of ``handrail.run/1``. Additive changes only."""

from collections.abc import Mapping
from typing import Any

from handrail.core.causes import Label
from handrail.model.outcomes import Outcome, Phase, ProblemKind, Verdict

_TEXT = {"type": "string"}
_COUNT = {"type": "integer", "minimum": 0}
_SECONDS = {"type": "number", "minimum": 0}
_MAYBE_SECONDS = {"type": ["number", "null"], "minimum": 0}
_TEXTS = {"type": "array", "items": _TEXT}
_TEXT_BY_NAME = {"type": "object", "additionalProperties": _TEXT}


def _shape(required: Mapping[str, Any], **optional: Any) -> dict[str, Any]:  # noqa: ANN401
    """An object with these properties; readers must expect more, because additions are allowed."""
    return {
        "type": "object",
        "required": list(required),
        "properties": {**required, **optional},
    }


def _list(items: Mapping[str, Any], **limits: int) -> dict[str, Any]:
    return {"type": "array", "items": items, **limits}


_FRAME = _shape(
    {
        "path": _TEXT,
        "line": _COUNT,
        "function": _TEXT,
        "source": _TEXT,
        "locals": _TEXT_BY_NAME,
    }
)

_FAILURE = _shape(
    {
        "id": {"type": "string", "pattern": "^F[1-9][0-9]*$"},
        "kind": {"enum": [each.value for each in ProblemKind]},
        "phase": {"enum": [each.value for each in Phase]},
        "exception": _TEXT,
        "where": _TEXT,
        "message": _TEXT,
        "diff": _TEXT,
        "frames": _list(_FRAME),
        "caused_by": _TEXTS,
        "count": {"type": "integer", "minimum": 1},
        "tests": _list(_TEXT, maxItems=3),
        "tests_omitted": _COUNT,
        "output_tail": _TEXT,
        "history": _shape(
            {},
            label={"enum": [each.value for each in Label]},
            failed_last_n=_COUNT,
            last_n=_COUNT,
            first_seen=_TEXT,
        ),
        "rerun": _TEXT,
    }
)

_TEST = _shape(
    {"name": _TEXT, "status": {"enum": [each.value for each in Outcome]}, "duration": _SECONDS},
    attempt={"type": "integer", "minimum": 1},
    error=_TEXT,
    reason=_TEXT,
    counts={"type": "object", "additionalProperties": {"type": "integer"}},
    metrics={"type": "object", "additionalProperties": {"type": "number"}},
)

_SUMMARY = _shape(
    {
        "total": _COUNT,
        "passed": _COUNT,
        "failed": _COUNT,
        "error": _COUNT,
        "skipped": _COUNT,
        "xfailed": _COUNT,
        "xpassed": _COUNT,
        "flaky": _COUNT,
        "quarantined": _COUNT,
        "not_run": _COUNT,
        "deselected": _COUNT,
        "duration_seconds": _SECONDS,
    }
)

_TIMING = _shape(
    {
        "started_at": {"type": "string", "format": "date-time"},
        "elapsed_s": _SECONDS,
        "eta_s": _MAYBE_SECONDS,
        "eta_basis": {"enum": ["history", "pace", "none"]},
        "budget_s": _MAYBE_SECONDS,
        "last_progress_s_ago": _SECONDS,
        "running": _list(_shape({"test": _TEXT, "for_s": _SECONDS, "usual_s": _MAYBE_SECONDS})),
    }
)

_SHARD = _shape({"name": _TEXT, "tests_in_all": _COUNT, "by": {"enum": ["time", "count", ""]}})

_CHANGED = _shape(
    {
        "since": _TEXT,
        "because": _TEXT,
        "affected": _list(_shape({"reason": _TEXT, "tests": _TEXTS})),
        "unaffected": _COUNT,
    },
    verified=_shape({"rest": _COUNT, "missed": _TEXTS}),
)

_INFRA = _shape({"code": _TEXT, "message": _TEXT, "fix": _TEXT})

RUN_SCHEMA: Mapping[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": "handrail.run/1",
    "title": "One run of Handrail",
    **_shape(
        {
            "schema": {"const": "handrail.run/1"},
            "run_id": _TEXT,
            "state": {"enum": ["queued", "preparing", "running", "finishing", "finished"]},
            "verdict": {"enum": [None, *(each.value for each in Verdict)]},
            "exit_code": {"type": ["integer", "null"]},
            "reason": _TEXT,
            "complete": {"type": "boolean"},
            "tier": _TEXT,
            "tiers": _TEXTS,
            "stage": _TEXT,
            "selection": _TEXTS,
            "shard": {"anyOf": [{"type": "null"}, _SHARD]},
            "summary": _SUMMARY,
            "withheld": _list(
                _shape(
                    {
                        "tier": {"type": ["string", "null"]},
                        "count": _COUNT,
                        "reason": _TEXT,
                        "gate": {"type": ["string", "null"]},
                        "open_with": _TEXT,
                    }
                )
            ),
            "timing": _TIMING,
            "failures": _list(_FAILURE),
            "failures_omitted": _COUNT,
            "flaky": _list(
                _shape(
                    {
                        "test": _TEXT,
                        "attempt": {"type": "integer", "minimum": 1},
                        "allowed": _TEXT,
                    },
                    error=_TEXT,
                    where=_TEXT,
                )
            ),
            "quarantined": _list(
                _shape(
                    {
                        "test": _TEXT,
                        "reason": _TEXT,
                        "owner": _TEXT,
                        "expires": _TEXT,
                        "is_expired": {"type": "boolean"},
                    }
                )
            ),
            "slow": _list(_shape({"test": _TEXT, "duration": _SECONDS, "usual_s": _SECONDS})),
            "problems": _list(_INFRA),
            "notes": _list(
                _shape({"code": _TEXT, "text": _TEXT, "is_warning": {"type": "boolean"}})
            ),
            "infra": {"anyOf": [{"type": "null"}, _INFRA]},
            "log": _shape({}, cursor=_TEXT, lines=_TEXTS, path=_TEXT),
            "artifacts": _TEXT_BY_NAME,
            "env": _TEXT_BY_NAME,
            "next": _list(_shape({"why": _TEXT, "command": _TEXT})),
        },
        tests=_list(_TEST),
        changed=_CHANGED,
        attachments=_list(
            _shape({"test": _TEXT, "name": _TEXT, "kind": _TEXT, "path": _TEXT, "bytes": _COUNT})
        ),
    ),
}
