# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine's console on this terminal: to read, or to type into."""

import os
import re
import select
import sys
import termios
import time
import tty
from collections.abc import Callable
from contextlib import suppress
from ipaddress import IPv4Address
from pathlib import Path

from ruckus_aux.builders.qmp import connected
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.hints import invoke_command
from ruckus_aux.words.terminal import printable

_LEAVE = b"\x1d"  # Ctrl-]
_POLL = 0.5  # seconds
_BLOCK = 1 << 16  # bytes
_ADDRESS = re.compile(rb"ruckus: address ([0-9.]{7,15})\s")
_BEGINNING = 1 << 20  # bytes of a console that have it
_END = 1 << 16  # bytes of a console at which to look for what happened last


def console_end(path: Path) -> str:
    """The end of what a console's file has; "" when there is none."""
    with suppress(OSError), path.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - _END))
        return file.read().decode(errors="replace")
    return ""


def said_address(path: Path) -> str:
    """The address that a machine has in its network, as it has said at its beginning; "" when it has not.

    Whatever runs there could say another; who answers at that one has no key that is known.
    """
    with suppress(OSError), path.open("rb") as file:
        for match in reversed(_ADDRESS.findall(file.read(_BEGINNING))):
            with suppress(ValueError):
                return str(IPv4Address(match.decode()))
    return ""


def follow(path: Path, is_over: Callable[[], bool]) -> int:
    """Print a console's file as it grows, until its machine has ended; returns the exit status.

    Args:
        path: The file.
        is_over: Whether the machine has ended.
    """
    if not path.exists():
        raise RuckusError(f"{path}: no machine has said anything yet", f"start it: {invoke_command('builder-start')}")
    with path.open("rb") as file:
        while True:
            last = is_over()  # asked first: what was written before is read below
            while data := file.read(_BLOCK):
                print(printable(data.decode(errors="replace").replace("\r", "")), end="", flush=True)
            if last:
                return 0
            time.sleep(_POLL)


def attach(path: Path) -> int:
    """Connect this terminal with a machine's serial console, until Ctrl-] or the machine's end; returns the status.

    Args:
        path: The console's socket.

    Raises:
        RuckusError: There is no machine, or no terminal.
    """
    if not sys.stdin.isatty():
        raise RuckusError("a shell needs a terminal", f"read its console: {invoke_command('builder-console')}")
    try:
        with connected(path, None) as connection:
            print("leave with Ctrl-]; for a prompt, press Enter", flush=True)
            terminal = sys.stdin.fileno()
            before = termios.tcgetattr(terminal)
            try:
                tty.setraw(terminal)
                while True:
                    ready = select.select([terminal, connection], [], [])[0]
                    if connection in ready:
                        if not (data := connection.recv(_BLOCK)):
                            return 0
                        os.write(sys.stdout.fileno(), data)
                    if terminal in ready:
                        typed = os.read(terminal, _BLOCK)
                        if not typed or _LEAVE in typed:
                            return 0
                        connection.sendall(typed)
            finally:
                termios.tcsetattr(terminal, termios.TCSADRAIN, before)
                print()
    except OSError as error:
        hint = f"is the machine running?  {invoke_command('builder-status')}"
        raise RuckusError(f"{path}: {error.strerror}", hint) from error
