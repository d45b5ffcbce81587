"""Everybody can use every page: labels, headings, landmarks, keyboard, contrast."""

import pytest
from playwright.sync_api import expect

import page_objects as pages

pytestmark = [pytest.mark.e2e, pytest.mark.isolation("truncate"), pytest.mark.usefixtures("home")]

# What is wrong in the page, as a list of sentences: empty if all is well.
AUDIT = """() => {
  const wrong = [];
  const seen = new Set();
  const visible = (element) => element.checkVisibility();
  const name = (element) => (element.getAttribute('aria-label') ?? element.textContent).trim();
  for (const { id } of document.querySelectorAll('[id]')) {
    if (seen.has(id)) wrong.push(`two elements are called ${id}`);
    seen.add(id);
  }
  for (const field of document.querySelectorAll('input, select')) {
    if (!field.labels.length) wrong.push(`${field.id} has no label`);
  }
  for (const button of document.querySelectorAll('button, a')) {
    if (visible(button) && !name(button)) wrong.push(`${button.outerHTML} has no name`);
  }
  for (const image of document.querySelectorAll('img:not([alt])')) wrong.push(`${image.src} has no alt`);
  for (const chart of document.querySelectorAll('[role=img]')) {
    if (visible(chart) && !name(chart)) wrong.push(`${chart.id} has no name`);
  }
  for (const attribute of ['aria-labelledby', 'aria-describedby', 'for']) {
    for (const element of document.querySelectorAll(`[${attribute}]`)) {
      if (!document.getElementById(element.getAttribute(attribute))) wrong.push(`${attribute} of ${element.outerHTML} points nowhere`);
    }
  }
  let level = 0;
  for (const heading of [...document.querySelectorAll('h1, h2, h3, h4')].filter(visible)) {
    const mine = Number(heading.tagName[1]);
    if (mine > level + 1) wrong.push(`${heading.textContent} skips a level`);
    level = mine;
  }
  if (document.querySelectorAll('h1').length !== 1) wrong.push('not one h1');
  if (document.documentElement.lang !== 'en') wrong.push('no language');
  return wrong;
}"""

# Texts whose contrast with what is behind them is below 4.5, the limit of WCAG AA.
CONTRAST = """() => {
  const channel = (value) => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const behind = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const colour = parse(getComputedStyle(each).backgroundColor);
      if (colour.length < 4 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const wrong = [];
  for (const element of document.querySelectorAll('main *')) {
    const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!hasText || !element.checkVisibility() || element.disabled || element.closest('.unseen')) continue;
    const [high, low] = [light(parse(getComputedStyle(element).color)), light(behind(element))].sort((a, b) => b - a);
    const contrast = (high + 0.05) / (low + 0.05);
    if (contrast < 4.5) wrong.push(`${element.className || element.tagName} "${element.textContent.trim()}": ${contrast.toFixed(2)}`);
  }
  return wrong;
}"""


@pytest.fixture(params=pages.ALL, ids=lambda shell: shell.title)
def shown(request, page):
    """A page that has loaded."""
    shell = request.param(page)
    shell.open_live()
    expect(page.locator("[data-state=loading]")).to_have_count(0)
    return shell


def test_everything_has_a_name_and_headings_are_in_order(shown):
    assert shown.page.evaluate(AUDIT) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_text_can_be_read(shown, theme):
    shown.page.evaluate("theme => document.documentElement.dataset.theme = theme", theme)

    assert shown.page.evaluate(CONTRAST) == []


def test_the_keyboard_skips_the_navigation(shown):
    shown.page.keyboard.press("Tab")
    expect(shown.page.get_by_role("link", name="Skip to content")).to_be_focused()

    shown.page.keyboard.press("Enter")

    expect(shown.page.get_by_role("main")).to_be_focused()


def test_a_wrong_field_is_announced_and_gets_the_focus(page):
    settings = pages.Settings(page)
    settings.open_live()
    settings.days.fill("0")

    settings.save()

    expect(settings.days).to_be_focused()
    expect(settings.days).to_have_attribute("aria-invalid", "true")
    expect(settings.days).to_have_accessible_description("A whole number from 1 to 365.")


def test_the_home_is_armed_with_the_keyboard_alone(page):
    dashboard = pages.Dashboard(page)
    dashboard.open_live()

    dashboard.pin.focus()
    page.keyboard.press("Tab")  # disarm is disabled: the next one is the first that can be pressed
    page.keyboard.press("Enter")

    expect(dashboard.mode).to_have_text("Armed, at home")


def test_whoever_wants_no_motion_gets_none(page):
    page.emulate_media(reduced_motion="reduce")
    dashboard = pages.Dashboard(page)
    dashboard.open_live()

    assert (
        page.locator(".bone").first.evaluate("bone => getComputedStyle(bone).animationName")
        == "none"
    )
