"""The HTML report in a real browser. Skipped by name where there is none."""

import shutil
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from made_runs import Reported, attempt, green, over, planned, red, reported, started
from real_runs import Project

from handrail.core.profiles import Profile, SleepCost
from handrail.frozen import replace
from handrail.model.outcomes import Outcome, Phase, Problem, ProblemKind
from handrail.reporters.html.data import Beside, page_data
from handrail.reporters.html.making import page as page_of

playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")

READY = "html[data-ready]"
ROWS = ".grid-body .row:not(.empty)"
MANY = 100_000


@dataclass(slots=True)
class Visit:
    """A page that is open in the browser, and what it said and asked for."""

    page: "playwright.Page"
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def rows(self) -> list[str]:
        """The names of the tests whose rows exist."""
        found: list[str] = self.page.locator(f"{ROWS} .name").all_inner_texts()
        return found

    def press(self, *keys: str) -> None:
        for each in keys:
            self.page.keyboard.press(each)


Open = Callable[..., Visit]


@pytest.fixture(scope="module")
def browser() -> Generator["playwright.Browser"]:
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("needs Chromium on PATH")
    with playwright.sync_playwright() as started_:
        browser = started_.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: "playwright.Browser", tmp_path: Path) -> Generator[Open]:
    """Opens the page of a run, or a file; nothing on it may go wrong or ask for anything."""
    visits: list[Visit] = []
    context = browser.new_context(viewport={"width": 1280, "height": 900})

    def opened(run: Reported | Path, *, hash_: str = "", **beside: object) -> Visit:
        path = run if isinstance(run, Path) else tmp_path / "report.html"
        if isinstance(run, Reported):
            parts = (run.record, run.judgement, run.causes, run.labels)
            path.write_text(page_of(page_data(*parts, Beside(**beside)), digest="digest"), "utf-8")
        visit = Visit(context.new_page())
        visits.append(visit)
        visit.page.on("console", lambda each: visit.said.append(each.text))
        visit.page.on("pageerror", lambda each: visit.said.append(str(each)))
        visit.page.on("request", lambda each: visit.asked.append(each.url))
        visit.page.goto(f"{path.as_uri()}{hash_}")
        visit.page.wait_for_selector(READY)
        return visit

    yield opened
    for each in visits:
        assert each.said == []
        assert [url for url in each.asked if not url.startswith(("file:", "data:"))] == []
    context.close()


def width(picture: "playwright.Locator") -> int:
    """Of a picture, once it is there. (What is polled in the page would be evaluated by it, which
    its policy forbids.)
    """
    found: int = picture.evaluate("image => image.decode().then(() => image.naturalWidth)")
    return found


def test_a_real_run_with_what_a_test_attached(project: Project, visit: Open) -> None:
    project.write(
        test_a="""
        def test_one(attach):
            attach("notes.txt", "what it saw", "text/plain")
            assert 1 == 2

        def test_two():
            pass
        """
    )
    project.run()
    project.run()

    done = project.command("handrail", "report", "--format", "html")

    assert done.stdout == f"report: .handrail/runs/{project.latest_id()}/report.html\n"
    page = visit(project.folder / done.stdout.split()[1]).page
    assert page.locator("#verdict").inner_text() == "Failed"
    assert page.locator(".cause .title").all_inner_texts() == ["AssertionError"]
    assert page.locator(".cause .badge").inner_text().lower() == "known"
    assert page.locator("#compared").is_visible()
    assert page.locator(f"{ROWS} .strip").first.get_attribute("aria-label") == "before: failed"
    page.locator(ROWS).first.click()
    page.locator("#details summary", has_text="notes.txt").click()
    assert page.locator("#details .attached pre").inner_text() == "what it saw"


def test_a_large_file_lies_beside_the_report_and_is_shown(project: Project, visit: Open) -> None:
    project.write(
        test_a=r"""
        import struct, zlib

        def chunk(kind, data):
            return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

        def test_picture(attach):
            head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
            picture = [chunk(b"IHDR", head), chunk(b"tEXt", b"a" * 600_000), chunk(b"IDAT", zlib.compress(bytes(4)))]
            attach("page.png", b"\x89PNG\r\n\x1a\n" + b"".join(picture) + chunk(b"IEND", b""))
        """
    )
    project.run()
    (project.folder / "out").mkdir()

    done = project.command("handrail", "report", "--format", "html", "-o", "out/a report.html")

    assert done.stdout == "report: out/a report.html\n"
    shutil.rmtree(project.folder / ".handrail")
    page = visit(project.folder / "out" / "a report.html").page
    page.locator(ROWS).first.click()
    assert width(page.locator("#details img")) == 1


def test_a_report_that_cannot_be_written_is_said(project: Project) -> None:
    project.write(test_a="def test_one():\n    pass\n")
    project.run()

    done = project.command("handrail", "report", "--format", "html", "-o", "nowhere/a.html")

    assert done.returncode == 3
    assert done.stderr == (
        "error: the report cannot be written [usage]\n"
        "  nowhere/a.html: No such file or directory\n\n"
        "hint: give -o a file in a folder that exists\n"
    )


def test_the_first_cause_is_open_with_its_code_and_values(visit: Open) -> None:
    page = visit(red()).page

    cause = page.locator(".cause").first
    assert cause.locator(".code .at").inner_text() == '>       return cfg["dsn"]'
    assert cause.locator(".locals dt").inner_text() == "cfg"
    assert cause.locator(".command code").inner_text().startswith("handrail run tests/it/")
    assert page.locator(".cause[open]").count() == 1


def test_filters_narrow_the_table_and_the_address_keeps_them(visit: Open) -> None:
    found = visit(red())

    found.page.locator(".chip.error").click()
    found.page.locator("input[type=search]").fill("orders -cancel")

    names = ("refund", "list", "pay", "ship", "return")
    wanted = [f"tests/it/test_orders.py::test_{name}" for name in names]
    assert found.rows() == wanted
    assert "#q=orders+-cancel&outcome=error" in found.page.url
    found.page.reload()
    found.page.wait_for_selector(READY)
    assert found.rows() == wanted
    found.page.locator("button", has_text="Clear").click()
    assert "#" not in found.page.url
    assert len(found.rows()) > len(wanted)


def test_a_tier_of_several_can_be_chosen_and_one_alone_is_no_choice(visit: Open) -> None:
    tests = [f"a.py::test_{number}" for number in range(4)]
    collected = replace(planned(tests), tier_of=(0, 1, 1, -1))
    both = started(tiers=("fast", "e2e"))
    of_two = visit(reported(both, collected, *map(attempt, tests), over(0)))

    of_two.page.get_by_label("Tier", exact=True).select_option("e2e")

    assert of_two.rows() == tests[1:3]
    assert of_two.page.url.endswith("#tier=e2e")
    of_one = visit(green(2))
    assert not of_one.page.get_by_label("Tier", exact=True).is_visible()


def test_columns_sort_up_and_down(visit: Open) -> None:
    tests = [f"a.py::test_{number}" for number in range(3)]
    took = dict(zip(tests, (0.2, 0.3, 0.1), strict=True))
    attempts = [replace(attempt(test), duration_s=seconds) for test, seconds in took.items()]
    found = visit(reported(started(), planned(tests), *attempts, over(0)))
    head = found.page.locator(".grid-head .time")

    head.locator("button").click()
    assert found.rows() == sorted(tests, key=lambda each: -took[each])
    assert head.get_attribute("aria-sort") == "descending"
    head.locator("button").click()
    assert found.rows() == sorted(tests, key=lambda each: took[each])


def test_keys_do_what_the_help_says(visit: Open) -> None:
    found = visit(red())
    details, help_ = found.page.locator("#details"), found.page.locator("#help")

    found.press("j", "j", "Enter")
    assert found.page.locator("#details-title").inner_text() == found.rows()[1]
    found.press("k")
    assert found.page.locator("#details-title").inner_text() == found.rows()[0]
    found.press("Escape")
    assert details.is_hidden()
    found.press("/")
    found.page.keyboard.type("slow")
    assert found.rows() == ["tests/it/test_slow.py::test_wait[a b]"]
    found.press("Enter", "Enter")
    assert details.is_visible()
    found.press("?")
    assert help_.is_visible()
    found.press("Escape")
    assert help_.is_hidden()
    found.press("Escape")
    found.page.locator("button", has_text="Clear").click()
    found.page.locator(".grid").focus()
    found.press("End")
    last = found.page.locator(".grid").get_attribute("aria-activedescendant")
    assert found.page.locator(f"#{last} .name").inner_text() == found.rows()[-1]
    found.press("Home", "ArrowDown", "Enter")
    assert found.page.locator("#details-title").inner_text() == found.rows()[1]


def test_the_timeline_tells_and_opens_a_test_and_a_bar_shows_its_tests(visit: Open) -> None:
    tests = ["a.py::test_short", "a.py::test_long"]
    short = replace(attempt(tests[0]), duration_s=0.002, started_at=1_700_000_001.0, worker="gw0")
    long = replace(attempt(tests[1]), duration_s=8.0, started_at=1_700_000_002.0, worker="gw1")
    page = visit(reported(started(), planned(tests), short, long, over(0))).page
    canvas = page.locator("canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    middle, lane = box["x"] + box["width"] / 2, box["y"] + 45

    page.mouse.move(middle, lane)
    assert "test_long" in page.locator("#tip").inner_text()
    page.mouse.move(middle, lane - 28)
    assert page.locator("#tip").is_hidden()
    page.mouse.move(middle, lane)
    page.mouse.down()
    page.mouse.up()
    assert page.locator("#details-title").inner_text() == tests[1]
    page.keyboard.press("Escape")
    picture = "document.querySelector('canvas').toDataURL()"
    page.mouse.move(0, 0)
    before = page.evaluate(picture)
    page.mouse.move(middle - 100, lane)
    page.mouse.down()
    page.mouse.move(middle, lane, steps=3)
    page.mouse.up()
    zoomed = page.evaluate(picture)
    canvas.dblclick(position={"x": 80, "y": 60})
    assert page.evaluate(picture) == before != zoomed

    page.keyboard.press("Escape")
    page.locator(".bars button", has_text="< 3 ms").click()
    assert page.locator(f"{ROWS} .name").all_inner_texts() == tests[:1]
    assert "from=0.001&to=0.003&sort=-time" in page.url


def test_a_flame_graph_is_a_picture_in_which_nothing_runs(visit: Open) -> None:
    graph = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><script>alert(1)</script></svg>'
    profile = Profile(kind="time", sleeps=(SleepCost(where="a.py:4", count=2, seconds=60.0),))

    page = visit(green(3), profile=profile, graph=graph).page

    assert "a.py:4 slept 2 times" in page.locator("#durations .advice").inner_text()
    page.locator("summary", has_text="Flame graph").click()
    assert width(page.locator("img.graph")) == 40


def test_an_address_can_name_a_test(visit: Open) -> None:
    page = visit(red(), hash_="#test=tests%2Fnet%2Ftest_api.py%3A%3Atest_get").page

    assert page.locator("#details-title").inner_text() == "tests/net/test_api.py::test_get"
    assert "Try 1: failed" in page.locator("#details").inner_text()


def test_dark_is_as_the_system_has_it_until_somebody_switches(visit: Open) -> None:
    page = visit(green(3)).page
    ground = "getComputedStyle(document.body).backgroundColor"

    light = page.evaluate(ground)
    page.emulate_media(color_scheme="dark")
    page.wait_for_selector("html[data-theme=dark]")
    dark = page.evaluate(ground)
    page.keyboard.press("t")

    assert light != dark
    assert page.evaluate(ground) == light
    page.reload()
    page.wait_for_selector(READY)
    assert page.evaluate(ground) == light


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_on_its_ground(visit: Open, scheme: str) -> None:
    page = visit(red()).page
    page.emulate_media(color_scheme=scheme)
    page.wait_for_selector(f"html[data-theme={scheme}]")
    assert page.evaluate(CONTRASTS) == []

    page.locator(ROWS, has_text="test_total").click()
    assert page.evaluate(CONTRASTS) == []


def test_every_control_has_a_name_and_every_section_a_heading(visit: Open) -> None:
    page = visit(red()).page
    page.locator(ROWS).first.click()

    nameless = """[...document.querySelectorAll('button, input, select, a, canvas, img')]
      .filter((each) => each.checkVisibility() && !each.textContent.trim() && !each.getAttribute('aria-label') && !each.alt)
      .map((each) => each.outerHTML)"""
    assert page.evaluate(nameless) == []
    headless = """[...document.querySelectorAll('main > section, aside')]
      .filter((each) => each.checkVisibility() && !document.getElementById(each.getAttribute('aria-labelledby')))
      .map((each) => each.id)"""
    assert page.evaluate(headless) == []


def test_on_paper_everything_is_open_and_the_table_is_written_out(visit: Open) -> None:
    page = visit(red()).page

    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")

    assert page.locator(".cause").count() == page.locator(".cause[open] .code").count() == 4
    assert page.locator("#paper tr").count() == 30
    assert page.locator("#paper").is_visible()
    assert page.locator(".grid").is_hidden()
    page.emulate_media(media="screen")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator(".cause[open]").count() == 1


def test_text_of_a_test_is_shown_and_never_run(visit: Open) -> None:
    hostile = "</script><script>alert(1)</script><img src=x onerror=alert(2)><!-- {{DATA}}"
    told = Problem(
        kind=ProblemKind.ASSERTION, phase=Phase.CALL, exception="E", message=hostile,
        text=hostile, sections=((hostile, hostile),),
    )  # fmt: skip
    name = f"a.py::test_{hostile}"
    run = reported(started(), planned([name]), attempt(name, Outcome.FAILED, told), over(1))

    page = visit(run).page

    assert page.locator(f"{ROWS} .name").inner_text() == name
    assert page.locator(".cause .code").inner_text().strip() == hostile
    assert page.locator("img, script:not([id]) ~ script").count() == 0


def test_a_hundred_thousand_tests_scroll_as_quickly_as_a_thousand(visit: Open) -> None:
    def scrolled_ms(count: int) -> float:
        tests = [f"tests/test_{n // 100}.py::test_{n}" for n in range(count)]
        found = visit(reported(started(), planned(tests), *map(attempt, tests), over(0)))
        took: float = found.page.evaluate(SCROLLING)
        assert found.rows()[-1] == tests[-1]
        assert len(found.rows()) < 100
        return took

    few, many = scrolled_ms(1000), scrolled_ms(MANY)

    assert many < 5 * few + 20  # the median of sixty steps: a machine that is busy disturbs some


SCROLLING = """async () => {
  const body = document.querySelector(".grid-body"), frame = () => new Promise(requestAnimationFrame);
  const spent = [];
  for (let step = 1; step <= 60; step += 1) {
    body.scrollTop = (body.scrollHeight * step) / 60;
    await frame();
    const began = performance.now();
    body.getBoundingClientRect();
    await new Promise((done) => { const channel = new MessageChannel(); channel.port1.onmessage = done; channel.port2.postMessage(0); });
    spent.push(performance.now() - began);
  }
  await frame();
  await frame();
  return spent.sort((one, other) => one - other)[30];
}"""

# Every visible text whose contrast with the ground below it is less than WCAG's 4.5 (3 for large text).
CONTRASTS = """() => {
  const parts = (colour) => (colour.match(/[\\d.]+/g) ?? []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((each) => each / 255).map((each) => (each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4))
    .reduce((sum, each, place) => sum + each * [0.2126, 0.7152, 0.0722][place], 0);
  const groundOf = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const found = parts(getComputedStyle(each).backgroundColor);
      if (found.length === 3 || found[3] > 0) return found;
    }
    return [255, 255, 255];
  };
  const bad = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility({ visibilityProperty: true }) || element.closest("script, noscript, .unseen, .skip, option")) continue;
    const style = getComputedStyle(element), [a, b] = [light(parts(style.color)), light(groundOf(element))].sort((x, y) => y - x);
    const needed = parseFloat(style.fontSize) >= 24 ? 3 : 4.5;
    if ((a + 0.05) / (b + 0.05) < needed) bad.add(`${element.className || element.tagName}: ${((a + 0.05) / (b + 0.05)).toFixed(2)} ${style.color}`);
  }
  return [...bad];
}"""
