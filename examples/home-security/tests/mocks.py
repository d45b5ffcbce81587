"""What the browser is answered instead of what the app says."""

import json

from playwright.sync_api import Page, Route, WebSocketRoute


class Held:
    """Requests that wait until the test lets them go."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._routes: list[Route] = []
        self._is_open = False

    def __call__(self, route: Route) -> None:
        if self._is_open:
            route.continue_()
        else:
            self._routes.append(route)

    def wait_for(self, count: int) -> None:
        """Until so many have arrived; the time of the test is the limit."""
        while len(self._routes) < count:
            self._page.wait_for_timeout(10)

    def release(self) -> None:
        """Let them through to the app, and those that come later."""
        self._is_open = True
        for route in self._routes:
            route.continue_()
        self._routes.clear()

    def release_last(self) -> None:
        """Let the last one overtake the others."""
        self._routes.pop().continue_()


class Live:
    """The other end of the WebSocket of a page."""

    def __init__(self) -> None:
        self.connections: list[WebSocketRoute] = []

    def __call__(self, connection: WebSocketRoute) -> None:
        self.connections.append(connection)
        self.tell("hello")

    def tell(self, type: str, **data: object) -> None:  # noqa: A002
        """Send a message to the page."""
        self.say(json.dumps({"type": type, "data": data}))

    def say(self, text: str) -> None:
        """Send anything to the page."""
        self.connections[-1].send(text)

    def hang_up(self) -> None:
        """Close the connection, as a server that is restarted does."""
        self.connections[-1].close(code=1012, reason="restart")


class Mocks:
    """Answers for one page. A pattern is a path of the API; a query after it does not matter."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def answer(self, path: str, body: object, status: int = 200) -> None:
        """JSON."""
        self._page.route(f"**{path}*", lambda route: route.fulfill(json=body, status=status))

    def say(self, path: str, text: str, status: int) -> None:
        """Something that is not JSON."""
        self._page.route(f"**{path}*", lambda route: route.fulfill(body=text, status=status))

    def cut(self, path: str) -> None:
        """No answer: the network is gone."""
        self._page.route(f"**{path}*", lambda route: route.abort("connectionrefused"))

    def hold(self, path: str) -> Held:
        """No answer until it is released."""
        held = Held(self._page)
        self._page.route(f"**{path}*", held)
        return held

    def forget(self) -> None:
        """From now on the app answers."""
        self._page.unroute_all()

    def live(self) -> Live:
        """The WebSocket."""
        live = Live()
        self._page.route_web_socket("**/live", live)
        return live
