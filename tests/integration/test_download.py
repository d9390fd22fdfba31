# SPDX-License-Identifier: GPL-3.0-or-later
"""Downloads from a real HTTP server on the loopback interface, and from mirror folders."""

import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue

import pytest
from integration.real import TOP
from integration.web import CLOSED, CONTENT, SUM, Server, settings, source

from ruckus_aux.host import locks
from ruckus_aux.recipes.manifest import read_manifest, sha256_of, verify_source
from ruckus_aux.sources.download import download, fetch
from ruckus_aux.sources.mirror import Mirror
from ruckus_aux.sources.provider import Watcher
from ruckus_aux.sources.upstream import Upstream
from ruckus_aux.words.errors import RuckusError


def test_a_file_comes_with_its_progress(server: Server, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    lock = fetch(
        source(server.url), [Upstream()], tmp_path, Watcher(lambda name, done, total: seen.append((done, total)))
    )
    assert (tmp_path / "x-1.tar.gz").read_bytes() == CONTENT
    assert lock.origin == server.url + "x-1.tar.gz"
    assert seen[-1] == (len(CONTENT), len(CONTENT))


def test_a_part_is_continued(server: Server, tmp_path: Path) -> None:
    (tmp_path / "partial").mkdir()
    (tmp_path / "partial" / "x-1.tar.gz").write_bytes(CONTENT[:1000])
    fetch(source(server.url), [Upstream()], tmp_path, Watcher())
    assert server.asked == [("/x-1.tar.gz", "bytes=1000-")]
    assert sha256_of(tmp_path / "x-1.tar.gz") == SUM


def test_a_server_without_ranges_starts_over(server: Server, tmp_path: Path) -> None:
    server.ranges = False
    (tmp_path / "partial").mkdir()
    (tmp_path / "partial" / "x-1.tar.gz").write_bytes(CONTENT[:1000])
    fetch(source(server.url), [Upstream()], tmp_path, Watcher())
    assert sha256_of(tmp_path / "x-1.tar.gz") == SUM


@pytest.mark.parametrize("part", [b"of another file", CONTENT + b"and more"], ids=["other", "longer"])
def test_a_part_of_something_else_is_dropped(server: Server, tmp_path: Path, part: bytes) -> None:
    (tmp_path / "partial").mkdir()
    (tmp_path / "partial" / "x-1.tar.gz").write_bytes(part)
    fetch(source(server.url), [Upstream()], tmp_path, Watcher())
    assert sha256_of(tmp_path / "x-1.tar.gz") == SUM


def test_a_wrong_file_is_named_with_both_hashes_and_not_kept(server: Server, tmp_path: Path) -> None:
    wrong = "ab" * 32
    with pytest.raises(RuckusError) as caught:
        fetch(source(server.url, sha256=wrong), [Upstream()], tmp_path, Watcher())
    assert all(text in caught.value.hint for text in ("x-1.tar.gz", wrong, SUM, server.url))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_the_next_address_when_one_does_not_answer_or_does_not_have_it(server: Server, tmp_path: Path) -> None:
    fetch(source(CLOSED, server.url + "nothing/", server.url), [Upstream()], tmp_path, Watcher())
    assert [path for path, _ in server.asked] == ["/nothing/x-1.tar.gz", "/x-1.tar.gz"]


def test_a_mirror_is_asked_first(server: Server, tmp_path: Path) -> None:
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    (mirror / "x-1.tar.gz").write_bytes(CONTENT)
    lock = fetch(source(server.url), [Mirror(mirror), Upstream()], tmp_path, Watcher())
    assert (server.asked, lock.origin) == ([], str(mirror / "x-1.tar.gz"))
    assert (mirror / "x-1.tar.gz").exists()


def test_a_wrong_file_in_a_mirror_is_said_and_the_next_provider_asked(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    (mirror / "x-1.tar.gz").write_bytes(CONTENT[:-1])
    fetch(source(server.url), [Mirror(mirror), Upstream()], tmp_path, Watcher())
    assert sha256_of(tmp_path / "x-1.tar.gz") == SUM
    assert f"warning: x-1.tar.gz from {mirror}/x-1.tar.gz is not what the manifest pins" in capsys.readouterr().err


def test_a_record_counts_only_with_its_file_and_as_long_as_the_manifest_says_so(server: Server, tmp_path: Path) -> None:
    manifest = tmp_path / "sources.toml"
    entry = f'[x]\nversion = "1"\nfile = "x-1.tar.gz"\nsha256 = "{SUM}"\nurls = ["{server.url}"]\n'
    manifest.write_text(entry)
    fetch(source(server.url), [Upstream()], tmp_path, Watcher())
    assert read_manifest(manifest, tmp_path)["x"].identity() == [SUM]
    manifest.write_text(entry.replace(SUM, "ab" * 32))
    assert read_manifest(manifest, tmp_path)["x"].fetched is None
    manifest.write_text(entry)
    (tmp_path / "x-1.tar.gz").unlink()
    assert read_manifest(manifest, tmp_path)["x"].fetched is None


def test_a_file_that_rots_in_the_cache_is_found_before_it_is_used(server: Server, tmp_path: Path) -> None:
    lock = fetch(source(server.url), [Upstream()], tmp_path, Watcher())
    downloaded = replace(source(server.url), fetched=lock)
    assert verify_source(tmp_path, downloaded) == [tmp_path / "x-1.tar.gz"]
    (tmp_path / "x-1.tar.gz").write_bytes(CONTENT[:-1] + b"!")
    with pytest.raises(RuckusError, match=SUM):
        verify_source(tmp_path, downloaded)
    assert not (tmp_path / "x-1.tar.gz").exists()
    assert (tmp_path / "x-1.tar.gz.bad").exists()


def test_what_is_not_available_says_for_each_source_who_was_asked_and_why_not(server: Server, tmp_path: Path) -> None:
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    (mirror / "y-1.tar.gz").mkdir()
    sources = [source(CLOSED, server.url + "no/", name="y"), source(server.url), source(name="z")]
    with pytest.raises(RuckusError) as caught:
        download(settings(tmp_path, mirror), sources)
    assert sorted(caught.value.message.split("\n\n")) == [
        f"""source y 1 is not available from any provider
    mirror {mirror}: no y-1.tar.gz
    127.0.0.1:9: refuses the connection
    {server.url}no/y-1.tar.gz: 404 Not Found
    Debian: the manifest names no source package of y""",
        f"""source z 1 is not available from any provider
    mirror {mirror}: no z-1.tar.gz
    the manifest has no upstream address of z
    Debian: the manifest names no source package of z""",
    ]
    assert sorted(caught.value.hint.split()[2:4]) == ["y-1.tar.gz", "z-1.tar.gz"]
    assert sha256_of(tmp_path / "sources" / "x-1.tar.gz") == SUM


def test_a_mirror_that_can_not_be_read_is_passed_over(server: Server, tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")  # as good as a folder of mode 0700: root could read that
    lock = fetch(source(server.url), [Mirror(tmp_path / "loop"), Upstream()], tmp_path, Watcher())
    assert lock.origin == server.url + "x-1.tar.gz"


def test_another_download_into_the_cache_is_waited_for_and_what_it_brought_is_not_fetched_again(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = SimpleQueue[str]()
    monkeypatch.setattr(locks, "print", lambda line, flush: said.put(line), raising=False)
    monkeypatch.setattr(locks, "PATIENCE", 0)
    folder = tmp_path / "sources"
    with locks.held(folder / "lock", "download", tmp_path):
        waiting = threading.Thread(target=download, args=(settings(tmp_path), [source(server.url)]))
        waiting.start()
        fetch(source(server.url), [Upstream()], folder, Watcher())
        assert said.get(timeout=10).startswith("  WAITING  download: process ")
    waiting.join()
    assert len(server.asked) == 1


CHILD = """
import sys
from pathlib import Path
from integration.web import settings
from ruckus_aux.host import signals
from ruckus_aux.sources.download import download
from ruckus_aux.recipes.manifest import Source
wanted = [Source(n, "1", n, "00", (sys.argv[1],), None, None) for n in "abcdef"]
signals.heed()
try:
    download(settings(Path(sys.argv[2])), wanted)
except KeyboardInterrupt:
    sys.exit(130)
"""


def test_an_interrupt_ends_a_download_at_once_with_a_word(server: Server, tmp_path: Path) -> None:
    asked = threading.Event()

    def silent(_: object) -> None:
        asked.set()
        time.sleep(20)

    server.odd["silent"] = silent
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, server.url + "silent/", str(tmp_path)],
        env={"PYTHONPATH": f"{TOP}/python:{TOP}/tests"},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert asked.wait(20)
    child.send_signal(signal.SIGTERM)  # the same as Ctrl-C (signals.py)
    assert "download stopped: what has come is kept" in child.communicate(timeout=10)[1]
    assert child.returncode == 130
