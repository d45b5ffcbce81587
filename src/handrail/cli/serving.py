"""``handrail serve``: the runs of a project in the browser, of this machine alone, to be read only."""

import argparse
import contextlib
import json
import signal
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from handrail.app.reporting import report_of
from handrail.cli.html_report import html_of, previous_run
from handrail.cli.live_runs import Follower, Stamp, all_runs, stamp
from handrail.errors import ExitCode, UsageError, UserError
from handrail.reporters.html.making import LIVE_SCRIPTS, RUNS_SCRIPTS, served_page
from handrail.runs import attached, state_file
from handrail.runs.event_log import read_events
from handrail.runs.folder import RunFolder, StateFolder
from handrail.runs.locating import AmbiguousRunError, NoSuchRunError
from handrail.wiring import Wiring, wire

ADDRESS = "127.0.0.1"
EVERY_S = 0.3
"""How often a page that is open hears what is new."""
SIGN_S = 5.0
"""After so long a silence there is a sign of life, by which a browser that left is noticed."""
_REPORTS_KEPT = 4
_PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_POLICY = "default-src 'none'; sandbox"


def serve(arguments: argparse.Namespace) -> ExitCode:
    """Serve until Ctrl-C; print where."""
    wiring = wire(arguments.folder)
    try:
        server = Server((ADDRESS, arguments.port), wiring)
    except OSError as error:
        raise UsageError(
            f"port {arguments.port} cannot be used",
            where=f"{ADDRESS}:{arguments.port}: {error.strerror or error}",
            hint="handrail serve --port 0 takes a free one",
        ) from error
    with server, contextlib.suppress(KeyboardInterrupt):
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        url = f"http://{ADDRESS}:{server.server_port}/"
        print(f"serving {url}\nCtrl-C ends it", flush=True)
        if arguments.is_opened:
            import webbrowser

            webbrowser.open(url)
        server.serve_forever()
    server.ending.set()
    return ExitCode.PASSED


class Server(ThreadingHTTPServer):
    """A thread for each request. ``ending`` is set when pages are to be let go."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], wiring: Wiring) -> None:
        super().__init__(address, Handler)
        self.wiring = wiring
        self.state: StateFolder = wiring.state.folder
        self.ending = threading.Event()
        self.hosts = frozenset(f"{host}:{self.server_port}" for host in (ADDRESS, "localhost"))
        """What a browser says it talks to. Another name that leads here is a trick (DNS rebinding)."""
        self._made: dict[tuple[RunFolder, Stamp], str] = {}

    def report(self, folder: RunFolder, made_of: Stamp) -> str:
        """The HTML report of a run that is over; the last few are kept."""
        key = (folder, made_of)
        if key not in self._made:
            report = report_of(folder.run_id, read_events(folder.events), self.wiring.history)
            text = html_of(report, self.wiring, folder, previous_run(folder, report.record))
            for oldest in list(self._made)[: -_REPORTS_KEPT + 1]:
                self._made.pop(oldest, None)
            self._made[key] = text
        return self._made[key]


class Handler(BaseHTTPRequestHandler):
    """One request: GET or HEAD, by a browser that knows us by our own name."""

    server: Server
    protocol_version = "HTTP/1.1"
    server_version = "handrail"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer."""
        if self.headers.get("Host", "").lower() not in self.server.hosts:
            self._send(403, "this server answers to 127.0.0.1 and localhost only\n", "text/plain")
            return
        try:
            self._answer(unquote(urlsplit(self.path).path))
        except (BrokenPipeError, ConnectionError):
            self.close_connection = True
        except (NoSuchRunError, AmbiguousRunError) as error:
            self._send(404, error.text(), "text/plain")
        except (UserError, OSError) as error:
            text = error.text() if isinstance(error, UserError) else f"{error}\n"
            self._send(500, text, "text/plain")

    def do_HEAD(self) -> None:
        """Answer without the body."""
        self.do_GET()

    def _answer(self, path: str) -> None:
        match path.split("/")[1:]:
            case [""]:
                self._send(200, served_page(RUNS_SCRIPTS, title="Handrail"), "text/html")
            case ["live"]:
                self._stream(self._runs)
            case ["runs", run]:
                self._redirect(f"/runs/{quote(self._folder(run).run_id)}/")
            case ["runs", run, ""]:
                self._send(200, self._page(self._folder(run)), "text/html")
            case ["runs", run, "live"]:
                self._stream(Follower(self._folder(run)).told)
            case ["runs", run, attached.FOLDER, name]:
                self._send_file(self._folder(run), name)
            case _:
                self._send(404, "there is no such page\n", "text/plain")

    def _runs(self) -> dict[str, Any]:
        return {"project": self.server.wiring.root.name, "runs": all_runs(self.server.state)}

    def _folder(self, run: str) -> RunFolder:
        """Raises: NoSuchRunError. What is named cannot be a path: only names of runs are found."""
        return self.server.state.find(run)

    def _page(self, folder: RunFolder) -> str:
        if state_file.goes_on(str(folder.path)):
            return served_page(LIVE_SCRIPTS, title=f"{folder.run_id} · Handrail", run=folder.run_id)
        files = (folder.events, folder.path / attached.LIST)
        return self.server.report(folder, stamp(*files))

    def _stream(self, told: Callable[[], dict[str, Any]]) -> None:
        """Server-sent events: what is told now, and again whenever it is something else."""
        self._begin(200, "text/event-stream", length=None)
        if self.command == "HEAD":
            return
        before, silent_s = "", 0.0
        while True:
            found = told()
            now = json.dumps(found)
            if found and now != before:
                self._write(f"data: {now}\n\n")
                before, silent_s = now, 0.0
            elif silent_s > SIGN_S:
                self._write(": still here\n\n")
                silent_s = 0.0
            if self.server.ending.wait(EVERY_S):
                return
            silent_s += EVERY_S

    def _write(self, text: str) -> None:
        self.wfile.write(text.encode())
        self.wfile.flush()

    def _send_file(self, folder: RunFolder, name: str) -> None:
        """What a test attached: a picture to be looked at, everything else to be saved."""
        for each in attached.read_attachments(folder.path):
            if Path(each.path).name == name:
                kind = each.kind if each.kind in _PICTURES else "application/octet-stream"
                self._begin(200, kind, length=each.size_bytes)
                if self.command != "HEAD":
                    with (folder.path / each.path).open("rb") as file:
                        while part := file.read(1 << 16):
                            self.wfile.write(part)
                return
        self._send(404, "there is no such file\n", "text/plain")

    def _redirect(self, target: str) -> None:
        self.send_response(308)
        self.send_header("Location", target)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, code: int, text: str, kind: str) -> None:
        body = text.encode("utf-8", "backslashreplace")
        self._begin(code, f"{kind}; charset=utf-8", length=len(body))
        if self.command != "HEAD":
            self.wfile.write(body)

    def _begin(self, code: int, kind: str, *, length: int | None) -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        if length is None:
            self.send_header("Connection", "close")
            self.close_connection = True
        else:
            self.send_header("Content-Length", str(length))
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        if not kind.startswith("text/html"):  # a page brings its own
            self.send_header("Content-Security-Policy", _POLICY)
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - as it is inherited
        """Say nothing: the terminal belongs to the person."""


_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
