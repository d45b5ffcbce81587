"""The HTML report's figures: ``python bench/html_report.py``. Needs playwright, and Chromium on PATH.

How large it is next to pytest-html's of the same 10,000 tests, how quickly it is written and opened,
and how a table of 100,000 tests scrolls. pytest-html is installed into ``.tools/``.
"""

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import environment
from playwright.sync_api import Page, sync_playwright

PEERS = ("pytest>=8.4", "pytest-html>=4.1")
TESTS, MANY, MODULE, BAD = 10_000, 100_000, 100, 200
MOST_OF_PEER, MOST_S, MOST_TO_SMALL = 0.25, 1.0, 3.0

MODULE_TEXT = """
import pytest


@pytest.mark.parametrize("number", range({count}))
def test_something_useful(number):
    {body}
"""
FAILING = "assert number % {bad}, f'number {{number}} of {module} is wrong'"

SCROLLING = """async () => {
  const body = document.querySelector(".grid-body"), frame = () => new Promise(requestAnimationFrame);
  const gaps = [];
  let before = await frame();
  for (let step = 1; step <= 120; step += 1) {
    body.scrollTop = (body.scrollHeight * step) / 120;
    const now = await frame();
    gaps.push(now - before);
    before = now;
  }
  return gaps;
}"""


def main() -> int:
    """Measure and print. The exit code is 1 if a figure is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="of opening a page (default: 5)")
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as temporary:
        suite, large = Path(temporary, "suite"), Path(temporary, "large")
        _write(suite, TESTS)
        _write(large, MANY)
        ours, written_s = _ours(suite)
        many, many_s = _ours(large)
        theirs, peer_s = _theirs(suite)
        with _browser() as page:
            opened_s = statistics.median(_opened_s(page, ours) for _ in range(rounds))
            gap_ms = _gap_ms(page)
            many_opened_s = statistics.median(_opened_s(page, many) for _ in range(rounds))
            many_gap_ms = _gap_ms(page)
            size, many_size, peer_size = (each.stat().st_size for each in (ours, many, theirs))
            peer_opened_s = statistics.median(_opened_s(page, theirs, "tr") for _ in range(rounds))
    print(f"handrail, {TESTS:,} tests: {size:,} bytes, written in {written_s:.2f} s, ", end="")
    print(f"opens in {opened_s:.2f} s")
    print(f"handrail, {MANY:,} tests: {many_size:,} bytes, ", end="")
    print(f"written in {many_s:.2f} s, opens in {many_opened_s:.2f} s")
    print(
        f"pytest-html, {TESTS:,} tests: {peer_size:,} bytes, opens in {peer_opened_s:.2f} s ",
        end="",
    )
    print(f"(tests and report: {peer_s:.1f} s)")
    figures = [
        ("size : pytest-html's", size / peer_size, MOST_OF_PEER),
        (f"opens, s, {TESTS:,} tests", opened_s, MOST_S),
        (
            f"95th of 100 frames while scrolling, {MANY:,} : {TESTS:,}",
            many_gap_ms / gap_ms,
            MOST_TO_SMALL,
        ),
    ]
    for name, value, most in figures:
        print(f"{'PASS' if value <= most else 'MISS'}  {name}: {value:.3f} (at most {most})")
    return int(any(value > most for _, value, most in figures))


def _write(folder: Path, tests: int) -> None:
    """Modules of trivial tests; one of ``BAD`` fails in each tenth module."""
    (folder / "tests").mkdir(parents=True)
    (folder / "pyproject.toml").write_text('[project]\nname = "suite"\nversion = "1"\n')
    for number in range(tests // MODULE):
        name = f"test_module_{number}"
        body = "pass" if number % 10 else FAILING.format(bad=BAD // 10, module=name)
        text = MODULE_TEXT.format(count=MODULE, body=body)
        (folder / "tests" / f"{name}.py").write_text(text)


def _ours(folder: Path) -> tuple[Path, float]:
    """Our report of the suite, and how long writing it takes with the start of the command."""
    here = environment.current()
    _run(folder, here, "handrail", "run", "-q")
    path = folder.with_suffix(".html")
    began = time.perf_counter()
    _run(folder, here, "handrail", "report", "--format", "html", "-o", str(path))
    return path, time.perf_counter() - began


def _theirs(folder: Path) -> tuple[Path, float]:
    there = environment.create(environment.TOOLS / "html", PEERS, editable=[])
    path = folder.with_name("theirs.html")
    began = time.perf_counter()
    _run(folder, there, "pytest", "-q", f"--html={path}", "--self-contained-html", "tests")
    return path, time.perf_counter() - began


def _run(folder: Path, where: environment.Environment, script: str, *arguments: str) -> None:
    words = [where.script(script), *arguments]
    done = subprocess.run(
        words, cwd=folder, env=where.variables(), check=False, capture_output=True, text=True
    )
    if done.returncode not in {0, 1}:
        sys.exit(f"{' '.join(words)}: {done.stdout[-2000:]}{done.stderr[-2000:]}")


@contextmanager
def _browser() -> Iterator[Page]:
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        sys.exit("Chromium is needed on PATH")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser.new_page(viewport={"width": 1280, "height": 900})
        browser.close()


def _opened_s(page: Page, path: Path, ready: str = "html[data-ready]") -> float:
    """From nothing to a painted page."""
    page.goto("about:blank")
    page.goto(path.as_uri(), wait_until="commit")
    page.wait_for_selector(ready, state="attached", timeout=120_000)
    ms: float = page.evaluate(
        "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now()))))"
    )
    return ms / 1000


def _gap_ms(page: Page) -> float:
    """The time between two frames while the table scrolls, the 95th of 100, ordered."""
    gaps = sorted(page.evaluate(SCROLLING))
    found: float = gaps[int(len(gaps) * 0.95)]
    return found


if __name__ == "__main__":
    sys.exit(main())
