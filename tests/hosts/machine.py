# SPDX-License-Identifier: GPL-3.0-or-later
"""Minimal root file systems of other distributions, made by mmdebstrap; commands run there as on a host of their own.

No virtual machine: bubblewrap, run by root, makes the root file system a process's own (bwrap(1)). Network, kernel and
processors are those of this machine.
"""

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ruckus_aux.host.commands import run
from ruckus_aux.host.locks import held
from ruckus_aux.host.trees import remove
from ruckus_aux.settings.settings import load
from ruckus_aux.words.errors import RuckusError

PROGRAMS = ("mmdebstrap", "bwrap", "sfdisk")
# As kernels and containers let ordinary users make namespaces, and sandboxes in them:
NAMESPACES = "namespaces"  # they may
CHROOT = "chroot"  # they may not: the kernel refuses a user namespace to whoever is in a chroot (clone(2), EPERM)
MASKED = "masked"  # they may, but the container's /proc is partly covered, so that none can be mounted
USER = 1000
_CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
_RESOLVER = ("/etc/resolv.conf", "/etc/hosts")
_INNER = "/mnt"  # of the root file system: where it is once more, for chroot
_TIMEOUT = 1800.0  # seconds for one command


def default_folder() -> Path:
    """Where root file systems are kept: RUCKUS_HOSTS, or .hosts in the source tree."""
    return Path(os.environ.get("RUCKUS_HOSTS") or Path(__file__).parents[2] / ".hosts")


@dataclass(frozen=True)
class Host:
    """A distribution's root file system, in a folder of its own.

    Attributes:
        folder: of all root file systems.
        suite: Debian's name of the release.
    """

    folder: Path
    suite: str

    @property
    def root(self) -> Path:
        """Its root directory, as this machine sees it."""
        return self.folder / self.suite

    @property
    def _archive(self) -> Path:
        return self.folder / f"{self.suite}.tar"

    def home(self, user: int) -> str:
        """The home of a user: root's, or that of the ordinary user."""
        return "/root" if user == 0 else "/home/user"

    def make(self) -> None:
        """Make the root file system from nothing, from an archive that is downloaded once.

        Raises RuckusError when this machine has no source of Debian's packages.
        """
        self._settle(self._unpack)
        self.run("apt-get", "update", "-qq")

    def _settle(self, fill: Callable[[], object]) -> None:
        """Make the root file system anew, with an ordinary user, and this machine's network."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with held(self.folder / f"{self.suite}.lock"):
            remove(self.root)
            self.root.mkdir()
            fill()
        for name in _RESOLVER:
            (self.root / name[1:]).unlink(missing_ok=True)
            (self.root / name[1:]).write_bytes(Path(name).read_bytes())
        self.run("useradd", "--create-home", f"--uid={USER}", "user")

    def _unpack(self) -> None:
        if not self._archive.exists():
            self._download()
        run(["tar", "-xpf", self._archive, "-C", self.root, "--exclude=./dev/*"])

    def _download(self) -> None:
        """Minimal: what Debian calls essential, apt, and certificates; as a container image has it."""
        partial = self._archive.with_suffix(".part.tar")
        keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
        lines = [f"deb [signed-by={keyring}] {mirror()} {self.suite} main"]
        command = ["mmdebstrap", "--quiet", "--variant=minbase", "--include=ca-certificates"]
        # Lists of a mirror that is weeks behind will do, too; of sid they are valid for one.
        options = ['--aptopt=Acquire::Retries "3"', '--aptopt=Acquire::Check-Valid-Until "false"']
        run([*command, *options, self.suite, partial, *lines])
        partial.rename(self._archive)

    def put(self, source: Path, target: str, owner: int) -> None:
        """Copy a folder of this machine to a path in it, in place of what is there, and give it to a user."""
        place = self.root / target[1:]
        remove(place)
        shutil.copytree(source, place, ignore=shutil.ignore_patterns("__pycache__"))
        self.run("chown", "-R", f"{owner}:{owner}", target)

    def run(
        self,
        *words: str,
        cwd: str = "/",
        user: int = 0,
        kind: str = NAMESPACES,
        status: int | None = 0,
        timeout: float = _TIMEOUT,
    ) -> "subprocess.CompletedProcess[str]":
        """Run a command in it.

        Args:
            words: the command.
            cwd: the folder to run it in.
            user: the number of the user who runs it.
            kind: what this user may do: NAMESPACES, CHROOT or MASKED.
            status: the exit status that it must have; None: any.
            timeout: seconds that it may take.

        Returns:
            The finished process, with what it printed.

        Raises:
            AssertionError: the exit status is another.
        """
        settings = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": self.home(user),
            "DEBIAN_FRONTEND": "noninteractive",
        }
        settings |= {"LANG": "C.UTF-8", **_pip()}
        identity = [] if user == 0 else ["chroot", f"--userspec={user}:{user}", "--groups=", "--skip-chdir", "/"]
        program = ["env", "-i", *(f"{name}={value}" for name, value in settings.items()), *words]
        if kind == CHROOT:
            moved = f"cd {shlex.quote(cwd)} && exec {shlex.join(program)}"
            program = ["chroot", _INNER, *identity, "sh", "-c", moved]
        else:
            program = [*identity, *program]
        done = subprocess.run(
            [*self._container(kind, cwd), *program],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        assert status is None or done.returncode == status, (
            f"{self.suite}, {kind}, user {user}: {shlex.join(words)}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        )
        return done

    def _container(self, kind: str, cwd: str) -> list[str]:
        """A command that makes the root file system that of the command behind it."""
        words = ["bwrap", "--die-with-parent", "--cap-add", "ALL"]
        words += ["--bind", str(self.root), "/"]
        base = _INNER if kind == CHROOT else ""
        if base:
            words += ["--bind", str(self.root), base]
        words += ["--dev", f"{base}/dev", "--ro-bind", "/sys", f"{base}/sys"]
        words += ["--perms", "1777", "--tmpfs", f"{base}/tmp", "--ro-bind-try", "/etc/pip.conf", f"{base}/etc/pip.conf"]
        # bwrap covers parts of a /proc that it mounts itself for root.
        words += ["--unshare-pid", "--proc", "/proc"] if kind == MASKED else ["--bind", "/proc", f"{base}/proc"]
        if certificates := os.environ.get("PIP_CERT"):
            words += ["--ro-bind", certificates, f"{base}{_CERTIFICATES}"]
        return [*words, "--chdir", "/" if base else cwd, "--"]


@dataclass(frozen=True)
class Finished(Host):
    """The final system of a build directory: a host for the next one.

    Attributes:
        build: the build directory.
    """

    build: Path

    def make(self) -> None:
        """Copy it."""
        self._settle(lambda: run(["cp", "-a", f"{load(self.build).final}/.", self.root]))


def _pip() -> dict[str, str]:
    """Where pip finds modules on this machine: only there can it be told by the environment."""
    return {"PIP_CERT": _CERTIFICATES} if "PIP_CERT" in os.environ else {}


def mirror(etc: Path = Path("/etc/apt")) -> str:
    """The address from which this machine has its own Debian packages, for every release.

    Raises RuckusError when its sources name none.
    """
    files = [etc / "sources.list", *sorted((etc / "sources.list.d").glob("*"))]
    for path in files:
        text = re.sub("#.*", "", path.read_text()) if path.is_file() else ""
        if re.search(r"\bmain\b", text) and (match := re.search(r"\bhttps?://\S+/debian/?(?=\s)", text)):
            return match[0]
    raise RuckusError(f"{etc}: no source of Debian's packages", "root file systems are made on a Debian host")


def missing_programs() -> Sequence[str]:
    """The programs that are needed to make and enter a root file system and that this machine does not have."""
    folders = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin".split(":")
    return [name for name in PROGRAMS if not any(os.access(f"{folder}/{name}", os.X_OK) for folder in folders)]
