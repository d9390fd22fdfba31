# SPDX-License-Identifier: GPL-3.0-or-later
"""A real sshd on loopback, with keys and a configuration of its own, and an `ssh` that knows it by a name."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

PROGRAM = shutil.which("sshd", path="/usr/sbin:/usr/bin:/sbin:/bin") or ""
_REAL_SSH = shutil.which("ssh", path="/usr/bin:/bin") or ""

# It logs in the user who runs it, or root; what it reads may belong to anybody, because tests run in /tmp. With SHLVL,
# bash takes itself for no login, and reads no ~/.bashrc of whoever runs the tests.
_CONFIG = """\
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/user_key.pub
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
LogLevel VERBOSE
SetEnv PATH={path} SHLVL=5
{more}
"""


def make_key(path: Path, kind: str = "ed25519", passphrase: str = "") -> None:
    """Make a pair of keys, in place of an old one.

    Args:
        path: Of the private one.
        kind: Its type.
        passphrase: Of the private one.
    """
    path.unlink(missing_ok=True)
    command = [
        "ssh-keygen",
        "-q",
        "-t",
        kind,
        *(["-b", "2048"] if kind == "rsa" else []),
        "-N",
        passphrase,
        "-C",
        path.name,
        "-f",
        str(path),
    ]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


class Sshd:
    """A running sshd.

    folder: with its files, and the `bin` that has an `ssh` whose configuration knows it as `name`.
    """

    def __init__(self, folder: Path, name: str = "dom0", *, path: str = "/usr/bin:/bin", more: str = "") -> None:
        self.folder, self.name = folder, name
        self.user = pwd.getpwuid(os.getuid()).pw_name
        self._path, self._more = path, more
        folder.mkdir(parents=True, exist_ok=True)
        make_key(folder / "host_key")
        make_key(folder / "user_key")
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            self.port: int = found.getsockname()[1]
        self.known_hosts = folder / "known_hosts"
        self.know()
        self.start()

    def know(self) -> None:
        """Write its present key into known_hosts, as `ssh` does when its user says yes."""
        self.known_hosts.write_text(f"[127.0.0.1]:{self.port} {(self.folder / 'host_key.pub').read_text()}")

    def start(self) -> None:
        """Start it, and wait until it listens."""
        config = self.folder / "sshd_config"
        text = _CONFIG.format(port=self.port, folder=self.folder, path=self._path, more=self._more)
        config.write_text(text)
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        self._log = (self.folder / "log").open("ab")
        self.process = subprocess.Popen([PROGRAM, "-D", "-e", "-f", config], stderr=self._log, stdin=subprocess.DEVNULL)
        while True:
            if self.process.poll() is not None:
                raise AssertionError((self.folder / "log").read_text())
            with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", self.port), timeout=30):
                return

    def stop(self) -> None:
        """End it, and everything that serves a connection."""
        sessions = self.sessions
        self.process.kill()
        self.process.wait()
        for process in sessions:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self._log.close()

    @property
    def sessions(self) -> list[psutil.Process]:
        """The processes below it: of connections, and of what was started through them."""
        with suppress(psutil.NoSuchProcess):
            return psutil.Process(self.process.pid).children(recursive=True)
        return []

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to all processes that serve connections."""
        for process in self.sessions:
            with suppress(psutil.NoSuchProcess):
                if process.name() == "sshd":
                    process.send_signal(number)

    def ssh_config(self, more: str = "") -> str:
        """What an ssh_config has about it."""
        return (
            f"Host {self.name}\n  HostName 127.0.0.1\n  Port {self.port}\n  User {self.user}\n{more}"
            f"  IdentityFile {self.folder}/user_key\n  UserKnownHostsFile {self.known_hosts}\n"
        )


def write_ssh(folder: Path, config: str) -> Path:
    """A folder for PATH with an `ssh` that reads this configuration, and not that of who runs the tests.

    Args:
        folder: For its files.
        config: Of ssh.
    """
    (folder / "bin").mkdir(parents=True, exist_ok=True)
    (folder / "ssh_config").write_text(f"{config}\nHost *\n  IdentityAgent none\n  GlobalKnownHostsFile none\n")
    program = folder / "bin" / "ssh"
    program.write_text(f'#!/bin/sh\nexec {_REAL_SSH} -F {folder}/ssh_config "$@"\n')
    program.chmod(0o755)
    return program.parent


@contextmanager
def running(folder: Path, name: str = "dom0", *, path: str = "/usr/bin:/bin", more: str = "") -> Iterator[Sshd]:
    """An sshd that runs meanwhile.

    Args:
        folder: For its files.
        name: That the `ssh` of the tests knows it by.
        path: Of the programs that its commands find.
        more: For its configuration.
    """
    server = Sshd(folder, name, path=path, more=more)
    try:
        yield server
    finally:
        server.signal(signal.SIGCONT)
        server.stop()
