"""The workflow of a stage for GitHub Actions."""

import json
from collections.abc import Iterator

from handrail.ci.generated import about, block, header, inputs_of, quoted, test_command
from handrail.ci.pins import Pins
from handrail.ci.stages import Job

FOLDER = ".github/workflows"
_FILES = "hashFiles('pyproject.toml', '*requirements*.txt', '*.lock')"


def path_of(job: Job) -> str:
    """Where the workflow of a stage is."""
    return f"{FOLDER}/handrail-{job.slug}.yml"


def workflow(job: Job, pins: Pins) -> str:
    """The whole file."""
    lines = [
        header(about(job), inputs_of(job, pins), pins),
        f"name: {json.dumps(job.slug)}",
        "",
        *_on(job),
        "",
        "permissions: {}",
        "",
        "concurrency:",
        "  group: ${{ github.workflow }}-${{ github.ref }}",
        "  cancel-in-progress: ${{ github.event_name == 'pull_request' }}",
        "",
        "jobs:",
        *_tests(job, pins),
        "",
        *_verdict(job, pins),
    ]
    return "\n".join(lines) + "\n"


def _on(job: Job) -> Iterator[str]:
    yield "on:"
    for event in job.on:
        yield f"  {event}:"
        if event == "push":
            yield "    branches: [main, master]"
        elif event == "schedule":
            yield f'    - cron: "{job.cron}"'
        elif event == "workflow_dispatch" and job.gates:
            yield "    inputs:"
            yield "      confirm:"
            yield f'        description: "Type {job.slug}: it destroys what it finds"'
            yield "        required: true"
            yield "        type: string"


def _tests(job: Job, pins: Pins) -> Iterator[str]:
    shard = f", shard ${{{{ matrix.shard }}}} of {job.shards}" if job.shards > 1 else ""
    yield "  tests:"
    yield f"    name: Python ${{{{ matrix.python }}}}{shard}"
    if job.gates:
        yield f"    if: ${{{{ inputs.confirm == '{job.slug}' }}}}"
        yield f"    environment: {json.dumps(job.gates[0])} # protect it: a person approves"
    yield from _machine(job.timeout_minutes, pins)
    yield "    strategy:"
    yield "      fail-fast: false"
    yield "      matrix:"
    yield f"        python: {quoted(job.python)}"
    if job.shards > 1:
        yield f"        shard: [{', '.join(str(n + 1) for n in range(job.shards))}]"
    yield "    steps:"
    yield from _prepared("${{ matrix.python }}", job, pins)
    yield "      - name: Run the tests"
    if job.shards > 1:
        yield "        env:"
        yield "          SHARD: ${{ matrix.shard }}"
    yield "        run: |"
    yield from block(test_command(job, "github"), "          ")
    cell = "-shard-${{ matrix.shard }}" if job.shards > 1 else ""
    yield from _step("Keep the run", pins.use("actions/upload-artifact"), "${{ !cancelled() }}")
    yield f"          name: {job.slug}-python-${{{{ matrix.python }}}}{cell}"
    yield "          path: .handrail/runs/"
    yield "          include-hidden-files: true"
    yield "          if-no-files-found: error"
    yield "          overwrite: true"
    yield "          retention-days: 14"
    outside = "${{ github.event_name == 'push' || github.event_name == 'schedule' }}"
    yield from _step("Save downloads", pins.use("actions/cache/save"), outside)
    yield "          path: ~/.cache/pip"
    yield f"          key: {_key('${{ matrix.python }}')}"


def _verdict(job: Job, pins: Pins) -> Iterator[str]:
    """It is there whatever became of the others: a job that is skipped counts as a success."""
    yield "  verdict:"
    yield f"    name: {job.slug} verdict"
    yield "    if: ${{ always() }}"
    yield "    needs: [tests]"
    yield from _machine(job.install_minutes, pins)
    yield "    steps:"
    yield from _prepared(json.dumps(job.python[-1]), job, pins)
    yield from _step("Fetch the runs", pins.use("actions/download-artifact"))
    yield f"          pattern: {job.slug}-python-*"
    yield "          path: .handrail/shards"
    yield f"      - name: Count the runs, all {job.cells} of them, and judge"
    yield f"        run: handrail report merge .handrail/shards/*/*/ --expect {job.cells}"
    yield "      - name: Show the verdict"
    yield "        if: ${{ !cancelled() }}"
    yield '        run: handrail report latest --format markdown >> "$GITHUB_STEP_SUMMARY"'
    yield "      - name: No job was skipped, cancelled or failed"
    yield "        if: ${{ always() }}"
    yield "        env:"
    yield "          RESULT: ${{ needs.tests.result }}"
    yield '        run: test "$RESULT" = success'


def _machine(minutes: int, pins: Pins) -> Iterator[str]:
    yield f"    runs-on: {pins.runner}"
    yield f"    timeout-minutes: {minutes}"
    yield "    permissions:"
    yield "      contents: read # to check out"


def _prepared(python: str, job: Job, pins: Pins) -> Iterator[str]:
    yield from _step("Check out", pins.use("actions/checkout"))
    yield "          persist-credentials: false"
    yield from _step("Set up Python", pins.use("actions/setup-python"))
    yield f"          python-version: {python}"
    yield from _step("Restore downloads", pins.use("actions/cache/restore"))
    yield "          path: ~/.cache/pip"
    yield f"          key: {_key(python.strip(chr(34)))}"
    yield "      - name: Install"
    yield "        run: |"
    yield from block(job.install, "          ")


def _step(name: str, use: str, condition: str = "") -> Iterator[str]:
    yield f"      - name: {name}"
    if condition:
        yield f"        if: {condition}"
    yield f"        uses: {use}"
    yield "        with:"


def _key(python: str) -> str:
    return f"pip-${{{{ runner.os }}}}-{python}-${{{{ {_FILES} }}}}"
