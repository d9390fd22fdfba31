# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands in a machine, over ssh on loopback."""

import io
import logging
import shlex
import time
from collections.abc import Mapping
from pathlib import Path

from fabric import Config, Connection
from invoke.runners import Result
from lab.machine.archive import pack
from lab.machine.qemu import Machine
from paramiko import SSHConfig, SSHException

from ruckus_aux.words.errors import RuckusError

ADDRESS = "127.0.0.1"
TIMEOUT = 600.0  # seconds for one command; all is slow under emulation

logging.getLogger("paramiko").setLevel(logging.CRITICAL)  # it logs what it also raises


class Guest:
    """The system in a machine, as its users see it."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._connections: dict[str, Connection] = {}

    def run(self, command: str, *, user: str = "root", check: bool = True) -> Result:
        """Run a shell command as a user and return how it ended and what it said.

        check: raise invoke.UnexpectedExit, which shows both, when its exit status is not 0.
        """
        connection = self._connection(user)
        result: Result = connection.run(command, hide=True, warn=not check, in_stream=False, timeout=TIMEOUT)
        return result

    def copy(self, files: Mapping[str, Path], target: str, *, user: str = "root") -> None:
        """Copy files and folders of this machine into a new folder of the guest, which belongs to a user there."""
        archive = io.BytesIO()
        pack(archive, files)
        archive.seek(0)
        folder, packed = shlex.quote(target), shlex.quote(f"{target}.tar")
        self._connection("root").put(archive, f"{target}.tar")
        self.run(f"install -d {folder} && tar -xf {packed} -C {folder} && chown -R {user}: {folder} && rm {packed}")

    def wait(self, seconds: float) -> None:
        """Wait until it answers."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                self._connection("root")
                return
            except (OSError, EOFError, SSHException) as error:
                if time.monotonic() > deadline or not self.machine.running:
                    console = (self.machine.folder / "console.log").read_text(errors="replace")
                    tail = "\n".join(console.splitlines()[-15:])
                    raise RuckusError(f"no answer from the lab: {error}", f"the end of its console:\n{tail}") from error
            time.sleep(1)

    def set_clock(self) -> None:
        """Set its clock to ours: in a snapshot it has stood still."""
        self.run(f"date -s @{time.time():.0f}")

    def hang_up(self) -> None:
        """Close all connections, before the machine jumps to another time or ends."""
        for connection in self._connections.values():
            connection.close()
        self._connections.clear()

    def _connection(self, user: str) -> Connection:
        """Connect as a user, once: a connection takes a second or two."""
        if user not in self._connections:
            key = {"key_filename": str(self.machine.folder / "key"), "allow_agent": False, "look_for_keys": False}
            connection = Connection(
                ADDRESS,
                user=user,
                port=self.machine.port,
                config=Config(ssh_config=SSHConfig()),  # and not what this user has in ~/.ssh
                connect_timeout=30,
                connect_kwargs={"auth_timeout": 60, **key},
            )
            connection.open()
            self._connections[user] = connection
        return self._connections[user]
