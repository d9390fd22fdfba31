"""build-aux/setup and build-aux/build on hosts where something is missing, which programs of ours in PATH play."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from integration.real import Tree, clean_environment


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """A folder that comes first in PATH: dpkg-query knows no package, sudo wants a password, the user is not root."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program(folder, "dpkg-query", "exit 1")
    program(folder, "sudo", "exit 1")
    program(folder, "id", "echo 1000")
    program(folder, "apt-get", 'echo "$@" >> "$0.log"')
    return folder


def program(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)


def run(host: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    environment = {**clean_environment(), "PATH": f"{host}:{os.environ['PATH']}"}
    words = [str(word) for word in command]
    return subprocess.run(words, cwd=host, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)


def test_all_that_is_missing_is_named_with_the_command_that_installs_it(tree: Tree, host: Path) -> None:
    done = run(host, tree.top / "build-aux/setup")
    assert done.returncode == 1
    first, second = done.stderr.splitlines()
    assert first.startswith("setup: error: these Debian packages are missing: autoconf automake ")
    assert second.startswith("  install them with: sudo apt-get install autoconf automake ")
    for package in ("bubblewrap", "gcc", "g++", "make", "python3-venv", "qemu-system-x86"):
        assert f" {package}" in second
    assert not (host / "apt-get.log").exists()


def test_what_apt_get_cannot_install_stops_the_setup(tree: Tree, host: Path) -> None:
    program(host, "id", "echo 0")
    program(host, "apt-get", 'echo "$@" >> "$0.log"; test "$1" = update')
    done = run(host, tree.top / "build-aux/setup")
    assert done.returncode == 1
    assert "setup: error: apt-get could not install: autoconf automake" in done.stderr
    update, install = (host / "apt-get.log").read_text().splitlines()
    assert update.startswith("update")
    assert install.startswith("install -qq -y --no-install-recommends autoconf")
    assert not (tree.top / ".venv").exists()


def test_only_what_is_missing_is_installed(tree: Tree, host: Path) -> None:
    program(host, "dpkg-query", 'shift 3; for name; do test "$name" = bc || echo "ii  $name"; done')
    done = run(host, tree.top / "build-aux/setup")
    assert "packages are missing: bc\n" in done.stderr


def test_what_the_lab_needs_is_installed_on_demand(tree: Tree, host: Path) -> None:
    assert " mmdebstrap " not in run(host, tree.top / "build-aux/setup", "--check").stderr
    assert " mmdebstrap " in run(host, tree.top / "build-aux/setup", "--lab").stderr


def test_a_package_that_two_lists_name_is_not_installed_again(tree: Tree, host: Path) -> None:
    program(host, "dpkg-query", 'shift 3; printf "ii  %s\\n" "$@" | sort -u')
    done = run(host, "bash", "-c", f". {tree.top}/build-aux/lib.sh; missing_packages make gcc make")
    assert (done.returncode, done.stdout) == (0, "")


@pytest.fixture
def ready(tree: Tree, host: Path) -> Iterator[Path]:
    """The same host after a setup: nothing is missing, and .venv is this Python."""
    program(host, "dpkg-query", 'shift 3; for name; do echo "ii  $name"; done')
    binaries = tree.top / ".venv" / "bin"
    binaries.mkdir(parents=True)
    program(binaries, "python", f'exec {sys.executable} "$@"')
    wanted = subprocess.run("cat requirements*.txt | sha256sum", shell=True, cwd=tree.top, capture_output=True).stdout
    (binaries.parent / "requirements.txt.installed").write_bytes(wanted)
    yield host
    shutil.rmtree(binaries.parent)


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("--arch-list=vax", "unknown: 'vax'"),
        ("--arch-list=i686,i686", "repeated: 'i686'"),
        ("--arch-list=i686,", "an empty entry"),
        ("--arch-list=", "an empty entry"),
        ("--jobs=0.5", "--jobs=0.5: not a number"),
        ("--jobs=-1", "--jobs=-1: not a number"),
        ("--nonsense", "build: error: unknown argument '--nonsense'"),
        ("nonsense", "build: error: unknown argument 'nonsense'"),
    ],
)
def test_a_wrong_argument_of_build_is_named_before_anything_is_done(
    tree: Tree, ready: Path, argument: str, message: str
) -> None:
    done = run(ready, tree.top / "build-aux/build", argument)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert not (ready / "build").exists()


def test_a_dry_run_of_build_shows_every_command(tree: Tree, ready: Path) -> None:
    options = (
        "--dry-run",
        "--arch-list=i686,x86_64",
        "--build-dir=b",
        "--jobs=4",
        "--volumes=loop",
        "--mount-base=/no/such/media",
        "--size=4G",
        "--",
        "PREFIX_TOOLS=/t",
        "MIRRORS=/a /b",
    )
    done = run(ready, tree.top / "build-aux/build", *options)
    lines = done.stdout.splitlines()
    assert lines[0] == f"{tree.top}/build-aux/setup"
    assert (
        len(
            [
                line
                for line in lines
                if "/configure " in line and line.endswith(" CPUCOUNT=4 PREFIX_TOOLS=/t 'MIRRORS=/a /b'")
            ]
        )
        == 2
    )
    assert f"truncate --size=4G {ready}/b/volumes/baby-i686.img" in lines
    assert lines[-1] == "/no/such/media/baby-x86_64/ruckus-build/ruckus boot --once"
    assert not (ready / "b").exists()


def test_a_dry_run_before_any_setup_changes_nothing(tree: Tree, host: Path) -> None:
    done = run(host, tree.top / "build-aux/build", "--dry-run")
    assert done.stdout == f"{tree.top}/build-aux/setup\n"
    assert "known when it has been run" in done.stderr
    assert not (tree.top / ".venv").exists()
