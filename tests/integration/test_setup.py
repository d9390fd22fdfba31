# SPDX-License-Identifier: GPL-3.0-or-later
"""build-aux/setup and build-aux/build on hosts where something is missing, which programs of ours in PATH play."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from integration.real import Tree, clean_environment


class Host:
    """A source tree of its own on a host where programs can be missing; sudo refuses this user."""

    def __init__(self, top: Path, folder: Path) -> None:
        self.top = top
        self.folder = folder
        folder.mkdir()
        for place in ("/usr/sbin", "/usr/bin"):
            for path in Path(place).iterdir():
                (folder / path.name).unlink(missing_ok=True)
                (folder / path.name).symlink_to(path)
        self.lacks("dnf", "pacman")
        self.program("sudo", "exit 1")
        self.program("id", "echo 1000")
        self.program("apt-get", 'echo "$@" >>"$0.log"')
        library = top / "build-aux" / "lib.sh"
        library.write_text(
            library.read_text().replace("\nsteps_path=/usr/bin:/bin:/usr/sbin:/sbin ", "\nsteps_path=$PATH ")
        )

    def program(self, name: str, text: str) -> None:
        self.lacks(name)
        (self.folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (self.folder / name).chmod(0o755)

    def lacks(self, *names: str) -> None:
        for name in names:
            (self.folder / name).unlink(missing_ok=True)

    def ready(self) -> None:
        """Let .venv be this Python, which has all modules."""
        binaries = self.top / ".venv" / "bin"
        binaries.mkdir(parents=True)
        (binaries / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
        (binaries / "python").chmod(0o755)

    @property
    def apt_get(self) -> list[str]:
        """What apt-get was called with."""
        log = self.folder / "apt-get.log"
        return log.read_text().splitlines() if log.exists() else []

    def run(self, name: str, *options: str) -> subprocess.CompletedProcess[str]:
        words = [str(self.top / "build-aux" / name), *options]
        environment = {**clean_environment(), "PATH": str(self.folder)}
        nothing = subprocess.DEVNULL
        return subprocess.run(words, cwd=self.folder, env=environment, stdin=nothing, capture_output=True, text=True)


@pytest.fixture
def host(tree: Tree, tmp_path: Path) -> Host:
    shutil.copytree(tree.top, tmp_path / "src")
    (tmp_path / "src" / "configure").touch()  # it is current
    return Host(tmp_path / "src", tmp_path / "bin")


@pytest.fixture
def ready(host: Host) -> Host:
    """A host after a setup."""
    host.ready()
    return host


def test_what_no_build_can_do_without_is_named_with_the_command_that_installs_it(host: Host) -> None:
    host.lacks("gcc", "g++", "bwrap", "qemu-system-x86_64", "bison", "autoconf")
    done = host.run("setup")
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "setup: error: this host lacks: gcc g++ bwrap",
        "  install with: sudo apt-get install --no-install-recommends bison bubblewrap g++ gcc qemu-system-x86",
    ]
    assert not host.apt_get
    assert not (host.top / ".venv").exists()
    host.lacks("sudo")
    assert "  install with: as root: apt-get install " in host.run("setup").stderr


@pytest.mark.parametrize("name", ["my tree", "Gr\u00fc\u00dfe"])
def test_a_tree_that_configure_would_refuse_is_not_set_up(host: Host, tmp_path: Path, name: str) -> None:
    host.lacks("gcc")
    shutil.move(host.top, tmp_path / name)
    host.top = tmp_path / name
    done = host.run("build", "--dry-run")
    assert done.returncode == 1
    assert done.stderr.startswith(f"setup: error: the source tree's path '{host.top}' has a space or another character")
    assert "clone it again" in done.stderr
    assert not (host.top / ".venv").exists()


def test_a_build_goes_on_without_what_it_can_do_without(ready: Host) -> None:
    ready.lacks("bison", "qemu-system-x86_64", "ccache")
    done = ready.run("setup")
    assert (done.returncode, done.stderr) == (0, "")
    (line,) = done.stdout.splitlines()
    assert line.startswith("setup: going on without bison qemu-system-x86_64 ccache; to install: sudo apt-get install ")
    assert ready.run("setup", "--check").returncode == 1, "tests use them"


def test_who_may_installs_what_is_missing_and_is_told_how_much_that_is(ready: Host) -> None:
    ready.program("id", "echo 0")
    ready.lacks("make", "ccache")
    sizes = "Need to get 1,234 kB of archives.\nAfter this operation, 5.6 MB of additional disk space will be used."
    ready.program(
        "apt-get",
        f"""echo "$@" >>"$0.log"
        case " $* " in
        *--assume-no*) echo '{sizes}'; exit 1 ;;
        *--download-only* | *update*) ;;
        *) for name in make ccache; do ln -s /bin/true "${{0%/*}}/$name"; done ;;
        esac""",
    )
    done = ready.run("setup")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "setup: installing ccache make",
        "setup: downloading 1,234 kB, 5.6 MB on disk",
        "setup: unpacking and setting up",
    ]
    assert all("--no-install-recommends" in call for call in ready.apt_get)
    assert ready.apt_get[-1].endswith("install ccache make")
    assert ready.run("setup").stdout == ""


def test_what_apt_get_cannot_install_stops_the_setup_if_it_is_needed(ready: Host) -> None:
    ready.program("id", "echo 0")
    ready.program("apt-get", 'test "$5" = update')
    ready.lacks("ccache")
    assert ready.run("setup").returncode == 0
    ready.lacks("make")
    done = ready.run("setup")
    assert done.returncode == 1
    assert "setup: error: this host lacks: make\n  install with: apt-get install " in done.stderr


@pytest.mark.parametrize(
    ("installer", "command"),
    [
        ("dnf", "sudo dnf install gcc-c++ python3"),
        ("pacman", "sudo pacman -S gcc python"),
        ("", "your distribution's packages that have these"),
    ],
)
def test_other_distributions_are_told_what_to_install(ready: Host, installer: str, command: str) -> None:
    ready.lacks("apt-get", "g++", "python3")
    if installer:
        ready.program(installer, "exit 1")
    done = ready.run("setup")
    assert done.stderr == f"setup: error: this host lacks: g++ python3\n  install with: {command}\n"


def test_what_makes_configure_is_needed_only_where_there_is_none(ready: Host) -> None:
    ready.lacks("autoconf")
    assert ready.run("setup").returncode == 0
    later = (ready.top / "configure").stat().st_mtime + 10
    os.utime(ready.top / "m4" / "ruckus_python.m4", (later, later))
    assert "this host lacks: autoconf\n" in ready.run("setup").stderr
    (ready.top / "configure").unlink()
    assert "this host lacks: autoconf\n" in ready.run("setup").stderr


def test_what_the_lab_needs_is_installed_on_demand(ready: Host) -> None:
    ready.lacks("mmdebstrap", "shellcheck")
    assert " shellcheck\n" in ready.run("setup", "--check").stderr
    assert "lacks: shellcheck mmdebstrap\n" in ready.run("setup", "--lab").stderr


def test_a_virtual_environment_whose_python_has_become_another_is_made_anew(host: Host) -> None:
    """Its modules are asked for, whatever was noted when they were installed."""
    host.ready()
    python = host.top / ".venv" / "bin" / "python"
    python.write_text("#!/bin/sh\nexit 1\n")
    host.program("python-after-venv", 'case "$3" in install) echo "$@" >>"$0.log"; echo "#!/bin/sh" >"$0" ;; esac')
    host.program("python3", '[ "$2" != venv ] || cat "$(command -v python-after-venv)" >"$4/bin/python"')
    done = host.run("setup")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "setup: installing the Python modules of requirements.txt into .venv\n"
    assert "-m pip install" in Path(f"{python}.log").read_text()
    assert host.run("setup").stdout == ""


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
        ("--with-user=me", "give those at the end, after --: build-aux/build ... -- --with-user=me\n"),
        ("PREFIX_TOOLS=/t", "build: error: 'PREFIX_TOOLS=/t' is an option of configure's"),
    ],
)
def test_a_wrong_argument_of_build_is_named_before_anything_is_done(ready: Host, argument: str, message: str) -> None:
    done = ready.run("build", argument)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert not (ready.folder / "build").exists()


def test_a_dry_run_of_build_shows_every_command(ready: Host) -> None:
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
        "MIRRORS=/usr /var",
    )
    done = ready.run("build", *options)
    lines = [line for line in done.stdout.splitlines() if not line.startswith("#")]
    assert lines[0] == f"{ready.top}/build-aux/setup"
    assert (
        len(
            [
                line
                for line in lines
                if "/configure " in line and line.endswith(" CPUCOUNT=4 PREFIX_TOOLS=/t 'MIRRORS=/usr /var'")
            ]
        )
        == 2
    )
    assert f"truncate --size=4G {ready.folder}/b/volumes/baby-i686.img" in lines
    assert lines[-1] == "/no/such/media/baby-x86_64/ruckus-build/ruckus boot --once"
    assert not (ready.folder / "b").exists()


def test_a_dry_run_before_any_setup_says_what_that_would_do_and_changes_nothing(host: Host) -> None:
    host.lacks("make", "ccache")
    (host.top / "configure").unlink()
    before = sorted(host.top.rglob("*"))
    done = host.run("build", "--dry-run")
    assert (done.returncode, done.stderr) == (0, "")
    command, packages, modules, configure, rest = done.stdout.splitlines()
    assert command == f"{host.top}/build-aux/setup"
    way = "sudo apt-get install --no-install-recommends ccache make"
    assert packages == f"# this host lacks make ccache; to install: {way}"
    assert modules.startswith("# installs into .venv: ")
    assert " invoke==" in modules
    assert configure == "# makes configure"
    assert "known when it has been run" in rest
    assert sorted(host.top.rglob("*")) == before
    assert not host.apt_get
