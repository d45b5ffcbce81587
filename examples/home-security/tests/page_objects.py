"""The pages as a person sees them: what tests say, without selectors."""

import re

from playwright.sync_api import Locator, Page, expect


class Shell:
    """What every page has."""

    path = "/"
    title = ""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.heading = page.get_by_role("heading", level=1)
        self.navigation = page.get_by_role("navigation", name="Main")
        self.live = page.locator("#live")
        self.theme = page.get_by_role("button", name="Dark")

    def open(self, query: str = "") -> None:
        """Go there."""
        self.page.goto(self.path + query)

    def open_live(self, query: str = "") -> None:
        """Go there, and wait until it hears what happens."""
        self.open(query)
        expect(self.live).to_have_text("live")

    def panel(self, name: str | re.Pattern) -> "Panel":
        """A part of the page, by its heading."""
        return Panel(self.page.get_by_role("region", name=name, exact=True))

    def toast(self, text: str) -> Locator:
        """A message that shows for a while."""
        return self.page.locator(".toast").get_by_text(text)


class Panel:
    """A part of a page: loading, ready, empty or error."""

    def __init__(self, root: Locator) -> None:
        self.root = root
        self.retry = root.get_by_role("button", name="Try again")
        self.error = root.get_by_role("alert")

    def is_in(self, state: str) -> None:
        """Wait until it is."""
        expect(self.root).to_have_attribute("data-state", state)


class Dashboard(Shell):
    path, title = "/", "Dashboard"

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self.mode = page.locator("#mode-word")
        self.pin = page.get_by_label("PIN")
        self.open_alerts = page.locator("#open-alerts")
        self.worst = page.locator("#worst")
        self.day_count = page.locator("#day-count")
        self.chart = page.locator("#per-hour")
        self.feed = page.locator("#feed-list > li")
        self.zones = page.locator("#zone-list > li")

    def press(self, button: str, pin: str = "") -> None:
        """Change the mode."""
        self.pin.fill(pin)
        self.button(button).click()

    def button(self, name: str) -> Locator:
        """One of the three modes."""
        return self.page.get_by_role("group", name="Mode").get_by_role("button", name=name)

    def zone(self, name: str) -> Locator:
        """The tile of a zone."""
        return self.zones.filter(has_text=name)


class Timeline(Shell):
    path, title = "/timeline", "Timeline"

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self.day = page.get_by_label("Day", exact=True)
        self.before = page.get_by_role("button", name="The day before")
        self.after = page.get_by_role("button", name="The day after")
        self.summary = page.locator("#day-summary")
        self.hours = page.locator("#hour-list > li")
        self.chart = page.locator("#day-bars")


class Events(Shell):
    path, title = "/events", "Events"

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self.rows = page.locator("#event-rows > tr")
        self.kind = page.get_by_label("Kind")
        self.zone = page.get_by_label("Zone")
        self.text = page.get_by_label("Note contains")
        self.range = page.locator("#range")
        self.newer = page.get_by_role("button", name="Newer")
        self.older = page.get_by_role("button", name="Older")

    def filter(self, kind: str = "", zone: str = "All zones", text: str = "") -> None:
        """Look for some."""
        self.kind.select_option(kind)
        self.zone.select_option(label=zone)
        self.text.fill(text)
        self.page.get_by_role("button", name="Filter").click()


class Alerts(Shell):
    path, title = "/alerts", "Alerts"

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self.cards = page.locator("#alert-list > li")

    def tab(self, name: str) -> Locator:
        """A status."""
        return self.page.get_by_role("group", name="Status").get_by_role("button", name=name)

    def card(self, title: str) -> Locator:
        """An alert."""
        return self.cards.filter(has=self.page.get_by_role("heading", name=title))


class Entities(Shell):
    path, title = "/entities", "Entities"

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self.cards = page.locator("#entity-list > li")
        self.name = page.get_by_label("Name")
        self.kind = page.get_by_label("Kind")
        self.note = page.get_by_label("Note")
        self.trusted = page.get_by_label("Trusted")

    def card(self, name: str) -> Locator:
        """Somebody."""
        return self.cards.filter(has=self.page.get_by_role("heading", name=name, exact=True))

    def add(
        self, name: str, kind: str = "person", note: str = "", *, is_trusted: bool = False
    ) -> None:
        """Fill the form and send it."""
        self.name.fill(name)
        self.kind.select_option(kind)
        self.note.fill(note)
        self.trusted.set_checked(is_trusted)
        self.page.get_by_role("button", name="Add").click()


class Audit(Shell):
    path, title = "/audit", "Audit"

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self.rows = page.locator("#audit-rows > tr")
        self.action = page.get_by_label("Action")
        self.export = page.get_by_role("link", name="Export as CSV")


class System(Shell):
    path, title = "/system", "System"

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self.health = page.locator("#health-word")
        self.concerns = page.locator("#concern-list > li")
        self.sensors = page.locator("#sensor-rows > tr")
        self.cameras = page.locator("#camera-list > li")
        self.redis = page.locator("#redis-ms")
        self.listeners = page.locator("#listeners")


class Settings(Shell):
    path, title = "/settings", "Settings"

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self.name = page.get_by_label("Name")
        self.email = page.get_by_label("E-mail for alerts")
        self.days = page.get_by_label("Keep events for (days)")
        self.delay = page.get_by_label("Exit delay (seconds)")
        self.quiet_from = page.get_by_label("Quiet from")
        self.quiet_until = page.get_by_label("Quiet until")

    def save(self) -> None:
        """Press the button."""
        self.page.get_by_role("button", name="Save").click()

    def rule(self, name: str) -> Locator:
        """The switch of a rule."""
        return self.page.get_by_role("switch", name=name)


ALL = (Dashboard, Timeline, Events, Alerts, Entities, Audit, System, Settings)
