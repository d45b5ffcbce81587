"""Take the pictures in ``docs/images/`` of a small project's runs, in Chromium: ``python docs/screenshots.py``.

Needs playwright, and Chromium on PATH. Nothing compares the pictures: fonts differ between machines.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

IMAGES = Path(__file__).resolve().parent / "images"
MOST_BYTES = 200 * 1024
AREAS = ("cart", "catalog", "invoices", "payments", "returns", "search", "shipping", "users")

CONFTEST = """
import pytest


@pytest.fixture
def warehouse(request):
    return connect({"name": "warehouse", "port": None})


def connect(config):
    return 5432 + config["port"]
"""

PRICES = '''
import time

import pytest


def total(lines, voucher=None):
    """The sum of the lines, less what the voucher is worth."""
    found = {"currency": "EUR", "lines": len(lines), "sum": sum(lines)}
    return found if voucher is None else {**found, "sum": found["sum"] - voucher}


def test_a_voucher_is_taken_off(attach):
    print("lines: 20, 22 and a voucher of 5")
    attach("basket.json", b'{"lines": [20, 22], "voucher": 5}', "application/json")
    time.sleep(0.2)
    assert total([20, 22], voucher=5) == {"currency": "EUR", "lines": 2, "sum": 38}


def test_an_empty_basket_costs_nothing():
    assert total([])["sum"] == 0


@pytest.mark.skip(reason="waits for the new tax rates")
def test_taxes_of_next_year():
    raise AssertionError


@pytest.mark.xfail(reason="issue 12: rounding")
def test_half_a_cent_is_rounded_up():
    assert round(0.5) == 1
'''

STOCK = """
import pytest


@pytest.mark.parametrize("article", ["lamp", "chair", "table", "clock"])
def test_stock_of(article, warehouse):
    assert warehouse.stock(article) > 0
"""

AREA = """
import time

import pytest


@pytest.mark.parametrize("number", range({count}))
def test_{area}(number):
    time.sleep({pause} * (1 + number * number % 7))
"""


def main() -> int:
    """Make the project, run it, look at it. The exit code is 1 if a picture is too large."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary, "shop")
        _write(folder)
        for is_right in (True, False, True, True, False):
            _run(folder, is_right=is_right)
        report = folder / "report.html"
        _handrail(folder, "report", "--format", "html", "-o", str(report))
        with _browser() as page:
            pictures = {**dict(_of_report(page, report)), **dict(_of_server(page, folder))}
    IMAGES.mkdir(exist_ok=True)
    for name, data in pictures.items():
        (IMAGES / f"{name}.png").write_bytes(data)
        print(f"{name}.png: {len(data) / 1024:.0f} KiB")
    return int(any(len(data) > MOST_BYTES for data in pictures.values()))


def _write(folder: Path) -> None:
    tests = folder / "tests"
    tests.mkdir(parents=True)
    (folder / "pyproject.toml").write_text('[project]\nname = "shop"\nversion = "1"\n')
    (tests / "conftest.py").write_text(CONFTEST)
    (tests / "test_prices.py").write_text(PRICES)
    (tests / "test_stock.py").write_text(STOCK)
    for number, area in enumerate(AREAS):
        count, pause = 6 + 5 * number % 17, 0.002 + 0.004 * (number % 4)
        text = AREA.format(area=area, count=count, pause=pause)
        (tests / f"test_{area}.py").write_text(text)


def _run(folder: Path, *, is_right: bool) -> None:
    """A run of a project that is right, or not: so there is something to compare."""
    tests = folder / "tests"
    prices = PRICES.replace('"sum": 38', '"sum": 37') if is_right else PRICES
    conftest = CONFTEST.replace("5432 + config", "Stock() or config") if is_right else CONFTEST
    stock = (
        "\n\nclass Stock:\n    def stock(self, article):\n        return 3\n" if is_right else ""
    )
    (tests / "test_prices.py").write_text(prices)
    (tests / "conftest.py").write_text(conftest + stock)
    _handrail(folder, "run", "-n", "4", "--new")


def _handrail(folder: Path, *arguments: str) -> None:
    environ = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    environ["PYTEST_ADDOPTS"] = "-p no:asyncio -p no:hypothesispytest"  # of ours, not of the shop
    script = Path(sys.executable).with_name("handrail")
    subprocess.run(
        [str(script), *arguments], cwd=folder, env=environ, check=False, capture_output=True
    )


@contextmanager
def _browser() -> Iterator[Page]:
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser.new_page(viewport={"width": 1280, "height": 860})
        browser.close()


def _of_report(page: Page, report: Path) -> Iterator[tuple[str, bytes]]:
    page.emulate_media(color_scheme="light")
    page.goto(report.as_uri())
    page.wait_for_selector("html[data-ready]")
    yield "report-causes", page.screenshot()
    page.evaluate("document.querySelector('#compared').scrollIntoView()")
    yield "report-tests", page.screenshot()
    page.emulate_media(color_scheme="dark")
    page.evaluate("document.querySelector('#timeline').scrollIntoView()")
    yield "report-timeline-dark", page.screenshot()
    page.emulate_media(color_scheme="light")
    page.goto(f"{report.as_uri()}#test=tests/test_prices.py::test_a_voucher_is_taken_off")
    page.reload()
    page.wait_for_selector("html[data-ready]")
    yield "report-test", page.screenshot()


SLOW = """
import time

import pytest


@pytest.mark.parametrize("number", range(40))
def test_parcel(number):
    time.sleep(0.001)


@pytest.mark.parametrize("article", ["lamp", "chair", "table", "shelf"])
def test_deliver(article):
    time.sleep(60)
"""


def _of_server(page: Page, folder: Path) -> Iterator[tuple[str, bytes]]:
    """The list of runs, and a run that goes on: some of its tests will not end while we look."""
    page.emulate_media(color_scheme="light")
    script = str(Path(sys.executable).with_name("handrail"))
    with subprocess.Popen(
        [script, "serve"], cwd=folder, stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout is not None
            url = server.stdout.readline().split()[1]
            page.goto(url)
            page.locator("#runs").wait_for()
            yield "serve-runs", page.screenshot()
            for number in (1, 2):
                (folder / "tests" / f"test_delivery_{number}.py").write_text(SLOW)
            _handrail(folder, "start", "-n", "4")
            page.goto(f"{url}runs/latest")
            page.get_by_text("test_parcel[39]").first.wait_for()
            page.locator("#failures-title").wait_for()
            yield "serve-live", page.screenshot()
        finally:
            _handrail(folder, "stop", "--all")
            server.terminate()


if __name__ == "__main__":
    sys.exit(main())
