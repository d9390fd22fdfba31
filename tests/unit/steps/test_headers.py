# SPDX-License-Identifier: GPL-3.0-or-later

from pathlib import Path

import pytest

from ruckus_aux.steps import headers

FILES = (
    "stdio.h",
    "linux/types.h",
    "c++/12/vector",
    "zlib.h",
    "openssl/ssl.h",
    "libelf.h",
    "elfutils/version.h",
    "sys/capability.h",
    "x86_64-linux-gnu/bits/types.h",
    "x86_64-linux-gnu/sys/types.h",
    "x86_64-linux-gnu/sys/sdt.h",
    "x86_64-linux-gnu/gmp.h",
)


@pytest.fixture
def host_headers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A host with a toolchain and some libraries."""
    include = tmp_path / "include"
    for name in FILES:
        (include / name).parent.mkdir(parents=True, exist_ok=True)
        (include / name).write_text("")
    monkeypatch.setattr(headers, "INCLUDE", include)
    monkeypatch.setattr(headers, "BEHIND", include)
    return include


def seen(folder: Path, *tools: str) -> set[str]:
    headers.link_headers(folder, tools)
    return {name for name in FILES if (folder / name).exists()}


def test_a_step_sees_the_headers_of_the_toolchain_and_of_no_other_library(host_headers: Path, tmp_path: Path) -> None:
    toolchain = {"stdio.h", "linux/types.h", "c++/12/vector"}
    assert seen(tmp_path / "view") == toolchain | {"x86_64-linux-gnu/bits/types.h", "x86_64-linux-gnu/sys/types.h"}


def test_a_library_that_a_step_declares_is_seen_by_it(host_headers: Path, tmp_path: Path) -> None:
    assert seen(tmp_path / "one", "elfutils", "m4") - seen(tmp_path / "other") == {"libelf.h", "elfutils/version.h"}


def test_headers_that_are_not_there_are_no_links(host_headers: Path, tmp_path: Path) -> None:
    seen(tmp_path / "view", "flex")
    assert all(path.exists() for path in (tmp_path / "view").rglob("*"))
