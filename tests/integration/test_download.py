"""Downloads from a real HTTP server on the loopback interface, and from mirror folders."""

import hashlib
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ruckus_aux.download import Mirror, Upstream, fetch
from ruckus_aux.errors import RuckusError
from ruckus_aux.sources import Source, read_manifest, sha256_of, verify

CONTENT = bytes(range(256)) * 4096
SUM = hashlib.sha256(CONTENT).hexdigest()
CLOSED = "http://127.0.0.1:9/"


class Server(ThreadingHTTPServer):
    """Serves files from memory; remembers what was asked for."""

    files: dict[str, bytes]
    asked: list[tuple[str, str | None]]
    ranges = True
    cut = 0  # send so many bytes of the first answer, and hang up

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.server.asked.append((self.path, wanted))
        content = self.server.files.get(self.path)
        if content is None:
            return self.send_error(404)
        match = re.fullmatch(r"bytes=(\d+)-", wanted or "")
        start = int(match[1]) if match and self.server.ranges else 0
        if start >= len(content):
            return self.send_error(416)
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        if self.server.cut:
            self.wfile.write(content[: self.server.cut])
            self.server.cut = 0
            self.close_connection = True
            return None
        self.wfile.write(content[start:])
        return None

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server(("127.0.0.1", 0), Handler)
    server.files, server.asked = {"/x-1.tar.gz": CONTENT}, []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def source(*urls: str, sha256: str = SUM) -> Source:
    return Source("x", "1", "x-1.tar.gz", sha256, urls, None, None)


def silent(name: str, done: int, total: int) -> None:
    pass


def test_a_file_comes_with_its_progress(server: Server, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    lock = fetch(source(server.url), [Upstream()], tmp_path, lambda name, done, total: seen.append((done, total)))
    assert (tmp_path / "x-1.tar.gz").read_bytes() == CONTENT
    assert lock.origin == server.url + "x-1.tar.gz"
    assert seen[-1] == (len(CONTENT), len(CONTENT))


def test_a_part_is_continued(server: Server, tmp_path: Path) -> None:
    (tmp_path / "partial").mkdir()
    (tmp_path / "partial" / "x-1.tar.gz").write_bytes(CONTENT[:1000])
    fetch(source(server.url), [Upstream()], tmp_path, silent)
    assert server.asked == [("/x-1.tar.gz", "bytes=1000-")]
    assert sha256_of(tmp_path / "x-1.tar.gz") == SUM


def test_a_connection_that_breaks_is_continued_by_the_next_run(server: Server, tmp_path: Path) -> None:
    server.cut = 100_000
    with pytest.raises(RuckusError, match="nobody has it"):
        fetch(source(server.url), [Upstream()], tmp_path, silent)
    assert not (tmp_path / "x-1.tar.gz").exists()
    fetch(source(server.url), [Upstream()], tmp_path, silent)
    start = int((server.asked[-1][1] or "").removeprefix("bytes=").removesuffix("-"))
    assert 50_000 < start <= 100_000
    assert sha256_of(tmp_path / "x-1.tar.gz") == SUM


def test_a_server_without_ranges_starts_over(server: Server, tmp_path: Path) -> None:
    server.ranges = False
    (tmp_path / "partial").mkdir()
    (tmp_path / "partial" / "x-1.tar.gz").write_bytes(CONTENT[:1000])
    fetch(source(server.url), [Upstream()], tmp_path, silent)
    assert sha256_of(tmp_path / "x-1.tar.gz") == SUM


@pytest.mark.parametrize("part", [b"of another file", CONTENT + b"and more"])
def test_a_part_of_something_else_is_dropped(server: Server, tmp_path: Path, part: bytes) -> None:
    (tmp_path / "partial").mkdir()
    (tmp_path / "partial" / "x-1.tar.gz").write_bytes(part)
    fetch(source(server.url), [Upstream()], tmp_path, silent)
    assert sha256_of(tmp_path / "x-1.tar.gz") == SUM


def test_a_wrong_file_is_named_with_both_hashes_and_not_kept(server: Server, tmp_path: Path) -> None:
    wrong = "ab" * 32
    with pytest.raises(RuckusError) as caught:
        fetch(source(server.url, sha256=wrong), [Upstream()], tmp_path, silent)
    assert all(text in caught.value.hint for text in ("x-1.tar.gz", wrong, SUM, server.url))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_the_next_address_when_one_does_not_answer_or_does_not_have_it(server: Server, tmp_path: Path) -> None:
    fetch(source(CLOSED, server.url + "nothing/", server.url), [Upstream()], tmp_path, silent)
    assert [path for path, _ in server.asked] == ["/nothing/x-1.tar.gz", "/x-1.tar.gz"]


def test_nobody_has_it(server: Server, tmp_path: Path) -> None:
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    with pytest.raises(RuckusError, match="source x 1: nobody has it") as caught:
        fetch(source(CLOSED, server.url + "no/"), [Mirror(mirror), Upstream()], tmp_path, silent)
    assert all(text in caught.value.hint for text in (str(mirror), "127.0.0.1:9", "404", "--with-mirror=FOLDER"))


def test_a_mirror_is_asked_first(server: Server, tmp_path: Path) -> None:
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    (mirror / "x-1.tar.gz").write_bytes(CONTENT)
    lock = fetch(source(server.url), [Mirror(mirror), Upstream()], tmp_path, silent)
    assert (server.asked, lock.origin) == ([], str(mirror / "x-1.tar.gz"))
    assert (mirror / "x-1.tar.gz").exists()


def test_a_wrong_file_in_a_mirror_is_said_and_the_next_provider_asked(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    (mirror / "x-1.tar.gz").write_bytes(CONTENT[:-1])
    fetch(source(server.url), [Mirror(mirror), Upstream()], tmp_path, silent)
    assert sha256_of(tmp_path / "x-1.tar.gz") == SUM
    assert f"warning: x-1.tar.gz from {mirror}/x-1.tar.gz is not what the manifest pins" in capsys.readouterr().err


def test_a_record_counts_only_with_its_file_and_as_long_as_the_manifest_says_so(server: Server, tmp_path: Path) -> None:
    manifest = tmp_path / "sources.toml"
    entry = f'[x]\nversion = "1"\nfile = "x-1.tar.gz"\nsha256 = "{SUM}"\nurls = ["{server.url}"]\n'
    manifest.write_text(entry)
    fetch(source(server.url), [Upstream()], tmp_path, silent)
    assert read_manifest(manifest, tmp_path)["x"].identity() == [SUM]
    manifest.write_text(entry.replace(SUM, "ab" * 32))
    assert read_manifest(manifest, tmp_path)["x"].lock is None
    manifest.write_text(entry)
    (tmp_path / "x-1.tar.gz").unlink()
    assert read_manifest(manifest, tmp_path)["x"].lock is None


def test_a_file_that_rots_in_the_cache_is_found_before_it_is_used(server: Server, tmp_path: Path) -> None:
    lock = fetch(source(server.url), [Upstream()], tmp_path, silent)
    downloaded = replace(source(server.url), lock=lock)
    assert verify(tmp_path, downloaded) == [tmp_path / "x-1.tar.gz"]
    (tmp_path / "x-1.tar.gz").write_bytes(CONTENT[:-1] + b"!")
    with pytest.raises(RuckusError, match=SUM):
        verify(tmp_path, downloaded)
    assert not (tmp_path / "x-1.tar.gz").exists()
    assert (tmp_path / "x-1.tar.gz.bad").exists()
