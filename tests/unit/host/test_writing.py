# SPDX-License-Identifier: GPL-3.0-or-later

import os
import resource
from pathlib import Path

import pytest

from ruckus_aux.host.writing import copy_new, make_durable_folder, write_whole


def test_what_does_not_fit_leaves_the_old_content_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_whole(path, "old", lasting=True)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))  # the nearest that there is to a full disk
    try:
        with pytest.raises(OSError, match="too large"):
            write_whole(path, "x" * 100_000, lasting=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]


def test_a_copy_replaces_nothing(tmp_path: Path) -> None:
    (tmp_path / "source").write_text("new")
    (tmp_path / "there").write_text("mine")
    (tmp_path / "link").symlink_to("elsewhere")
    for name in ("there", "link"):
        with pytest.raises(FileExistsError):
            copy_new(tmp_path / "source", tmp_path / name)
    assert (tmp_path / "there").read_text() == "mine"
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_with_those_that_it_is_in(tmp_path: Path) -> None:
    make_durable_folder(tmp_path / "a" / "b")
    make_durable_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()
