# SPDX-License-Identifier: GPL-3.0-or-later
"""invoke verify-sudo with the real sudo and visudo."""

import sys
from pathlib import Path

import pytest
from integration.real import Tree, run

from ruckus_aux.host import root


@pytest.mark.parametrize("options", [(), ("--configure=--with-isolation=none",)], ids=["no root", "links"])
def test_what_is_printed_for_sudoers_can_be_installed_as_it_is(
    tree: Tree, tmp_path: Path, options: tuple[str, ...]
) -> None:
    task = [sys.executable, "-m", "invoke", "--search-root", str(tree.top), "verify-sudo", "--print-sudoers"]
    fragment = tmp_path / "ruckus.sudoers"
    fragment.write_text(run(*task, "--user=daemon", *options, cwd=tmp_path).stdout)
    fragment.chmod(0o440)
    run(root.program("visudo"), "-c", "-f", fragment, cwd=tmp_path)
    assert ("NOPASSWD" in fragment.read_text()) == bool(options)
    assert not (tmp_path / "build").exists()
