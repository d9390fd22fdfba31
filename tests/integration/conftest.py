# SPDX-License-Identifier: GPL-3.0-or-later
"""Integration tests: real autoconf, make, bwrap, apt and compilers, on a copy of this tree with small packages."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from integration.places import Place, loops
from integration.real import TOP, Tree, run, wait_for
from integration.small import Small
from integration.web import VARIABLES, Server, serving
from journey import copy_tree

from ruckus_aux.host.locks import lock_file
from ruckus_aux.host.root import Root
from ruckus_aux.settings.journal import Journal

PACKAGES = Path(__file__).parent / "packages"


@pytest.fixture(autouse=True, scope="session")
def heeding_ctrl_c() -> None:
    """What a test starts heeds Ctrl-C, though we may not: a shell's & has it so."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """A copy of the source tree whose recipes are the small ones beside these tests."""
    return copied(tmp_path_factory.mktemp("tree"), PACKAGES)


@pytest.fixture(scope="module")
def instant() -> Iterator[Tree]:
    """A copy whose recipes take no time; not in tmp_path, which is its user's alone."""
    top = Path(tempfile.mkdtemp(prefix="ruckus-tree-", dir="/var/tmp"))
    top.chmod(0o755)
    yield copied(top / "tree", PACKAGES.parent / "instant")
    shutil.rmtree(top)


def copied(top: Path, packages: Path) -> Tree:
    """Copy the source tree, with other recipes."""
    if not (TOP / "configure").exists():
        pytest.fail("no configure: run ./autogen.sh, or ./build-aux/check, which does it all")
    copy_tree(top, configured=True, packages=packages)
    return Tree(top)


@pytest.fixture(scope="session")
def everyones_python() -> Iterator[Path]:
    """A Python with our modules that other users can run, too: this one, unless it is somebody's own."""
    # setpriv itself still has root's rights when it starts a program.
    other = ["setpriv", "--reuid=64320", "--regid=64320", "--clear-groups", "env"] if os.geteuid() == 0 else []
    if subprocess.run([*other, sys.executable, "-c", "import sarge"], check=False, capture_output=True).returncode == 0:
        yield Path(sys.executable)
        return
    with tempfile.TemporaryDirectory(prefix="ruckus-python-", dir="/var/tmp") as folder:
        Path(folder).chmod(0o755)
        python = Path(folder, "venv/bin/python")
        run("/usr/bin/python3", "-m", "venv", "--without-pip", python.parents[1], cwd=TOP)
        install = ("--python", python, "install", "--quiet", "--requirement", TOP / "requirements.txt")
        run(sys.executable, "-m", "pip", "--disable-pip-version-check", *install, cwd=TOP)
        yield python


@pytest.fixture(scope="session")
def cache(tree: Tree, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with the small packages' sources, from the host's archive, for tests that are not about downloads."""
    build = tmp_path_factory.mktemp("download")
    tree.configure(build, f"--with-cache={build}/shared")
    run("make", "download", cwd=build)
    return build / "shared"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """Afterwards, nothing of a test is mounted, attached or lent."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))  # `volume-inspect` mounts there
    place = Place(tmp_path)
    yield place
    for point in sorted(place.media.glob("*")) if place.media.exists() else ():
        subprocess.run(["umount", "--quiet", point], check=False)
    assert str(tmp_path) not in Path("/proc/self/mountinfo").read_text()
    wait_for(lambda: str(tmp_path) not in "\n".join(loops()))  # the kernel detaches them when their last user goes
    notes = {file: file.read_text() for file in lock_file("").parent.glob("ruckus-*.lock")}
    assert not [file for file, note in notes.items() if note and tmp_path.name in file.name]


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Small]:
    small = Small(tmp_path)
    yield small
    for process in small.running:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        process.communicate()


@pytest.fixture
def access(tmp_path: Path) -> Root:
    return Root(Journal(tmp_path / "journal.sqlite"), "run")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    with serving() as server:
        yield server
