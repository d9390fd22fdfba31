# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands on another machine over ssh (host/ssh.py connects).

Everything moves over raw channels of one connection: Fabric's `run` moves 0.18 MB a second, and has no time limit for
the start of a command. Nothing has a terminal; a command that reads finds the end of its input.
"""

import io
import shlex
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from ruckus_aux.host import hosts
from ruckus_aux.host.hosts import ENVIRONMENT, Unreachable, gave_up, not_found
from ruckus_aux.words.errors import RuckusError, of_the_system

_PATIENCE = 120.0  # seconds without a byte from a command: `xl create` took 20 on an emulated machine
_LONGEST_PAUSE = 60.0  # seconds between two attempts to connect
_BLOCK = 1 << 18  # bytes
_MOST_COMPLAINTS = 1 << 20  # bytes
# What a command writes is joined there: ssh carries two streams, and keeps no order between them.
_TOGETHER = ("sh", "-c", 'exec "$@" 2>&1', "sh")


class Remote:
    """Another machine. It connects when it is used, and again when the connection was lost; threads may share it.

    After a failure, it is left alone for 1, 2, 4 ... 60 seconds: until then, all calls fail as the last attempt did.
    """

    def __init__(self, name: str, clock: Callable[[], float] = time.monotonic, *, config: Path | None = None) -> None:
        """Choose it.

        Args:
            name: As ssh's configuration or the network knows it.
            clock: Seconds.
            config: A configuration of ssh's in place of the user's.
        """
        self.name = name
        self._clock = clock
        self._config = config
        self._lock = threading.Lock()
        self._connection: Any = None  # Fabric's, which is imported late
        self._failure: RuckusError | None = None
        self._pause = 0.0
        self._not_before = 0.0
        self._programs: dict[str, str] = {}
        self._by_root: bool | None = None

    @property
    def by_root(self) -> bool:
        """Whether the user that ssh logs in as is root there."""
        if self._by_root is None:
            self._by_root = self.run(["id", "-u"])[1].strip() == "0"
        return self._by_root

    def program(self, name: str) -> str:  # noqa: D102 - as Host says; so for the others
        if name not in self._programs:
            _, path = self.run(["env", f"PATH={hosts.PATH}", "sh", "-c", 'command -v "$1"', "sh", name])
            if not path.startswith("/"):
                raise not_found(name, self.name)
            self._programs[name] = path.strip()
        return self._programs[name]

    def same_file(self, path: str, other: str) -> bool:  # noqa: D102
        return self.run(["test", path, "-ef", other])[0] == 0

    def run(self, words: Sequence[str], *, text: bytes = b"", limit: float = _PATIENCE) -> tuple[int, str]:  # noqa: D102
        output = io.BytesIO()
        status, _ = self._do(words, io.BytesIO(text), output, limit, together=True)
        return status, output.getvalue().decode(errors="replace")

    def pipe(  # noqa: D102
        self, words: Sequence[str], *, source: BinaryIO | None = None, target: BinaryIO, limit: float = _PATIENCE
    ) -> tuple[int, str]:
        return self._do(words, source or io.BytesIO(), target, limit, together=False)

    def close(self) -> None:
        """Hang up; commands that run there continue."""
        with self._lock:
            self._hang_up()

    def _do(
        self, words: Sequence[str], source: BinaryIO, target: BinaryIO, limit: float, *, together: bool
    ) -> tuple[int, str]:
        from ruckus_aux.host import ssh

        connection = self._connected()
        lost = f"'{shlex.join(words)}' may still run there"
        try:
            with ssh.in_our_words(self.name, [], self._config), connection.transport.open_session() as channel:
                channel.settimeout(limit)
                shell = _TOGETHER if together else ()
                channel.exec_command(shlex.join(["env", *(f"{k}={v}" for k, v in ENVIRONMENT.items()), *shell, *words]))
                try:
                    _copy(channel, source, target)
                except TimeoutError as error:
                    raise gave_up(words, limit, f"on {self.name}") from error
                complaints = b"" if together else channel.makefile_stderr("rb").read(_MOST_COMPLAINTS)
                if not channel.status_event.wait(limit):
                    raise gave_up(words, limit, f"on {self.name}")
                status: int = channel.exit_status
        except Unreachable as error:
            self._forget(connection)
            raise Unreachable(error.message, f"{error.hint}\n{lost}") from error
        if status == -1:  # no answer, or no exit status
            if connection.is_connected:
                raise RuckusError(f"'{shlex.join(words)}' on {self.name} was ended by a signal", "see there: dmesg")
            self._forget(connection)
            raise Unreachable(f"{self.name}: the connection was lost", lost)
        return status, complaints.decode(errors="replace")

    def _connected(self) -> Any:  # noqa: ANN401
        from ruckus_aux.host import ssh

        with self._lock:
            if self._connection is not None and self._connection.is_connected:
                return self._connection
            if self._failure is not None and self._clock() < self._not_before:
                raise self._failure
            self._hang_up()
            try:
                self._connection = ssh.connect(self.name, config=self._config)
            except RuckusError as error:
                self._failure = error
                self._pause = min(max(1.0, 2 * self._pause), _LONGEST_PAUSE)
                self._not_before = self._clock() + self._pause
                raise
            self._failure, self._pause = None, 0.0
            return self._connection

    def _forget(self, connection: Any) -> None:  # noqa: ANN401
        """Hang up, unless another thread has connected again already."""
        with self._lock:
            if connection is self._connection:
                self._hang_up()

    def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        while connection is not None:
            connection.close()
            connection = connection.gateway


def _copy(channel: Any, source: BinaryIO, target: BinaryIO) -> None:  # noqa: ANN401
    """Give a command what it reads, and take what it writes."""
    while block := _of_ours(source.read, _BLOCK):
        try:
            channel.sendall(block)
        except TimeoutError:
            raise
        except OSError:  # it has ended, or reads no more: its exit status says why
            break
    channel.shutdown_write()
    while block := channel.recv(_BLOCK):
        _of_ours(target.write, block)


def _of_ours(act: Callable[[Any], Any], value: object) -> Any:  # noqa: ANN401
    """Use a file of this machine, whose errors are not the connection's."""
    try:
        return act(value)
    except OSError as error:
        raise of_the_system(error) from error
