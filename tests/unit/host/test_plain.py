# SPDX-License-Identifier: GPL-3.0-or-later

import os
import socket
from pathlib import Path

import pytest

from ruckus_aux.host import plain


def test_a_plain_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")
    with plain.opened(tmp_path / "file") as file:
        assert file.read() == b"text"


@pytest.mark.parametrize("kind", ["fifo", "socket", "folder", "link", "device"])
def test_nothing_else_is_opened_or_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.chdir(tmp_path)  # a socket's path is short
    path = Path("it")
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "socket":
        socket.socket(socket.AF_UNIX).bind(str(path))
    elif kind == "folder":
        path.mkdir()
    elif kind == "link":
        (tmp_path / "file").write_text("text")
        path.symlink_to("file")
    else:
        path = Path("/dev/zero")
    with pytest.raises(OSError, match=str(path)), plain.opened(path):
        pass
