# SPDX-License-Identifier: GPL-3.0-or-later
"""A real HTTP server on the loopback interface, which behaves as badly as servers do."""

import hashlib
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from ruckus_aux.recipes.manifest import Source
from ruckus_aux.settings.settings import Settings
from ruckus_aux.sources.upstream import Limits
from ruckus_aux.words.architecture import ARCHITECTURES

CONTENT = bytes(range(256)) * 4096
SUM = hashlib.sha256(CONTENT).hexdigest()
CLOSED = "http://127.0.0.1:9/"
LIMITS = Limits(largest=4_000_000, pause=0.05, patience=2)
HASTY = replace(LIMITS, connect=1, head=1.5, silence=1, floor=1000, window=0.5)
VARIABLES = ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"]
VARIABLES += [
    name for scheme in ("http", "https", "all", "no") for name in (f"{scheme}_proxy", f"{scheme}_proxy".upper())
]


class Server(ThreadingHTTPServer):
    """Serves files from memory, or misbehaves as it is told; remembers what was asked for."""

    daemon_threads = True
    block_on_close = False
    files: dict[str, bytes]
    asked: list[tuple[str, str | None]]
    odd: dict[str, Callable[["Handler"], None]]  # by the first folder of the path
    ranges = True
    cuts = 0  # so many answers end too early, after so many bytes
    cut = 0

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients hang up, which is what they should do."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/"

    @property
    def elsewhere(self) -> str:
        """The same, by the name of another host."""
        return f"http://localhost:{self.server_address[1]}/"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.server.asked.append((self.path, wanted))
        folder, slash, _ = self.path.removeprefix("/").partition("/")
        if slash and folder in self.server.odd:
            return self.server.odd[folder](self)
        content = self.server.files.get(self.path)
        if content is None:
            return self.send_error(404)
        match = re.fullmatch(r"bytes=(\d+)-", wanted or "")
        start = int(match[1]) if match and self.server.ranges else 0
        if start >= len(content):
            return self.send_error(416)
        self.begin(206 if start else 200, {"Content-Length": str(len(content) - start)})
        if self.server.cuts:
            self.server.cuts -= 1
            self.wfile.write(content[start : start + self.server.cut])
            return None
        self.wfile.write(content[start:])
        return None

    do_CONNECT = do_GET  # noqa: N815 (http.server's naming)

    def begin(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@contextmanager
def serving() -> Iterator[Server]:
    """A server that has x-1.tar.gz."""
    server = Server(("127.0.0.1", 0), Handler)
    server.files, server.asked, server.odd = {"/x-1.tar.gz": CONTENT}, [], {}
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def source(*urls: str, sha256: str = SUM, name: str = "x") -> Source:
    return Source(name, "1", f"{name}-1.tar.gz", sha256, urls, None, None)


def settings(tmp_path: Path, *mirrors: Path, lock: Path | None = None) -> Settings:
    """Of a build directory that has everything in one folder."""
    places = dict.fromkeys(("srcdir", "builddir", "buildroot", "clfs", "cache"), tmp_path)
    prefixes = {f"prefix_{name}": f"/{name}" for name in ("cross", "tools", "hostprep")}
    other = {"arch": ARCHITECTURES["x86_64"], "profile": "tiny", "isolation": "bwrap", "cpucount": 1}
    return Settings(**places, **prefixes, **other, mirrors=mirrors, lock=lock)  # type: ignore[arg-type]
