"""The jobs of a stage for GitLab, and the file that includes those of all stages."""

import json
from collections.abc import Iterator, Sequence

from handrail.ci.generated import about, block, header, inputs_of, quoted, test_command
from handrail.ci.pins import Pins
from handrail.ci.stages import Job

MAIN = ".gitlab-ci.yml"
FOLDER = ".gitlab"
_RULES = {
    "pull_request": "$CI_PIPELINE_SOURCE == 'merge_request_event'",
    "merge_group": "$CI_MERGE_REQUEST_EVENT_TYPE == 'merge_train'",
    "push": "$CI_PIPELINE_SOURCE == 'push' && $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH",
}


_RESERVED = {
    "default", "include", "stages", "variables", "workflow", "image", "services", "cache", "before_script",
    "after_script", "spec", "pages", "true", "false", "nil",
}  # fmt: skip
"""Words that mean something else to GitLab than the name of a job."""


def path_of(job: Job) -> str:
    """Where the jobs of a stage are."""
    return f"{FOLDER}/handrail-{job.slug}.yml"


def main(jobs: Sequence[Job], pins: Pins) -> str:
    """``.gitlab-ci.yml``: one block of includes."""
    lines = [
        header("[tool.handrail.stages]", [path_of(job) for job in jobs], pins),
        "include:",
        *(f"  - local: {path_of(job)}" for job in jobs),
        "",
        "stages: [test, verdict]",
    ]
    return "\n".join(lines) + "\n"


def jobs_of(job: Job, pins: Pins) -> str:
    """The file of one stage."""
    lines = [header(about(job), inputs_of(job, pins), pins), *_tests(job), "", *_verdict(job)]
    return "\n".join(lines) + "\n"


def _name(job: Job) -> str:
    return f"{job.slug}-tests" if job.slug in _RESERVED else job.slug


def _tests(job: Job) -> Iterator[str]:
    yield f"{json.dumps(_name(job))}:"
    yield "  stage: test"
    yield '  image: "python:$PYTHON"'
    yield from _rules(job)
    if job.gates:
        yield "  environment:"
        yield f"    name: {json.dumps(job.gates[0])} # protect it: a person approves"
    yield from _common(job, job.timeout_minutes)
    yield "  retry:"
    yield "    max: 1"
    yield "    exit_codes: [2] # the run broke, not the tests"
    yield "  parallel:"
    yield "    matrix:"
    yield f"      - PYTHON: {quoted(job.python)}"
    if job.shards > 1:
        yield f"        SHARD: {quoted(str(n + 1) for n in range(job.shards))}"
    yield "  script:"
    yield from _script([job.install, test_command(job, "agent")])
    yield "  artifacts:"
    yield "    when: always"
    yield "    paths: [.handrail/runs/]"
    yield "    expire_in: 2 weeks"


def _verdict(job: Job) -> Iterator[str]:
    merge = f"handrail report merge .handrail/runs/*/ --expect {job.cells}"
    yield f"{json.dumps(f'{_name(job)} verdict')}:"
    yield "  stage: verdict"
    yield f"  image: {json.dumps(f'python:{job.python[-1]}')}"
    yield from _rules(job, when="always")
    yield f"  needs: {quoted([_name(job)])}"
    yield from _common(job, job.install_minutes)
    yield "  script:"
    yield from _script([job.install, merge])
    yield "  after_script:"
    yield from _script(["handrail report latest --format junit -o junit.xml"])
    yield "  artifacts:"
    yield "    when: always"
    yield "    paths: [junit.xml]"
    yield "    reports:"
    yield "      junit: junit.xml"
    yield "    expire_in: 2 weeks"


def _common(job: Job, minutes: int) -> Iterator[str]:
    yield f"  timeout: {minutes} minutes"
    if "pull_request" in job.on:
        yield "  interruptible: true"


def _rules(job: Job, when: str = "") -> Iterator[str]:
    yield "  rules:"
    for event in job.on:
        if event == "schedule":
            rule = f"$CI_PIPELINE_SOURCE == 'schedule' && $HANDRAIL_STAGE == '{job.slug}'"
        elif event == "workflow_dispatch":
            rule = f"$CI_PIPELINE_SOURCE == 'web' && $HANDRAIL_STAGE == '{job.slug}'"
        else:
            rule = _RULES[event]
        yield f'    - if: "{rule}"'
        if when:
            yield f"      when: {when}"


def _script(scripts: Sequence[str]) -> Iterator[str]:
    for script in scripts:
        yield "    - |-"
        yield from block(script, "      ")
