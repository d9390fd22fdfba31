# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lab's machinery does on this side; no machine is started."""

import io
import json
import socket
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab.machine import image
from lab.machine.archive import pack
from lab.machine.qemu import Machine

from ruckus_aux.words.errors import RuckusError


def test_what_is_packed_belongs_to_root_and_is_not_bound_to_a_umask(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "__pycache__").mkdir(parents=True)
    (tree / "data").write_text("")
    (tree / "data").chmod(0o600)
    (tree / "program").write_text("")
    (tree / "program").chmod(0o700)
    file = io.BytesIO()
    pack(file, {"opt": tree})
    file.seek(0)
    with tarfile.open(fileobj=file) as archive:
        found = {entry.name: (entry.uid, entry.uname, oct(entry.mode)) for entry in archive}
    assert found == {
        "opt": (0, "root", "0o755"),
        "opt/data": (0, "root", "0o644"),
        "opt/program": (0, "root", "0o755"),
    }


def test_the_image_comes_from_the_hosts_debian_sources(tmp_path: Path) -> None:
    folder = tmp_path / "sources.list.d"
    folder.mkdir()
    (tmp_path / "sources.list").write_text("# deb http://a.example/debian bookworm main\n")
    (folder / "debian.sources").write_text("Types: deb\nURIs: http://b.example\nSuites: bookworm\nComponents: main\n")
    (folder / "more.list").write_text("deb http://c.example/debian bookworm main contrib\n")
    (folder / "other.list").write_text("deb http://d.example other-bookworm main\n")
    (folder / "debian.sources.bak").write_text("deb http://e.example bookworm main\n")
    assert [path.name for path in image.sources(tmp_path)] == ["debian.sources", "more.list"]


def test_a_host_that_is_not_debian_is_named(tmp_path: Path) -> None:
    with pytest.raises(RuckusError, match="no source has Debian's bookworm"):
        image.sources(tmp_path)


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """A folder with a monitor that has news before each answer, and can't save as `two`."""
    deep = tmp_path / ("deep" * 30)  # longer than a socket's path may be
    deep.mkdir()
    server = socket.socket(socket.AF_UNIX)
    server.bind(f"{tmp_path}/qmp")
    (tmp_path / "qmp").rename(deep / "qmp")
    server.listen()
    thread = threading.Thread(target=_serve, args=[server])
    thread.start()
    yield Machine(deep)
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join()


def _serve(server: socket.socket) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        with connection, connection.makefile("rw") as stream:
            print('{"QMP": {}}', file=stream, flush=True)
            for line in stream:
                request = json.loads(line)
                failed = request.get("arguments", {}).get("command-line", "").endswith("two")
                answer = "Error: no space\r\n" if failed else ""
                print('{"event": "STOP"}', json.dumps({"return": answer}), sep="\n", file=stream, flush=True)


def test_a_machine_that_answers_runs(machine: Machine) -> None:
    assert machine.running
    machine.save("one")


def test_what_the_monitor_says_is_an_error(machine: Machine) -> None:
    with pytest.raises(RuckusError, match="could not do 'savevm two'") as caught:
        machine.save("two")
    assert caught.value.hint == "Error: no space"


def test_without_a_process_nothing_runs_and_nothing_is_to_end(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "none"):
        assert not Machine(folder).running
        Machine(folder).quit()
    with socket.socket(socket.AF_UNIX) as server:  # one that has died
        server.bind(f"{tmp_path}/qmp")
    assert not Machine(tmp_path).running
