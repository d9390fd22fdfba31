# SPDX-License-Identifier: GPL-3.0-or-later
"""Talk to a running QEMU (QEMU Machine Protocol: docs/interop/qmp-spec in its source)."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

_PATIENCE = 2.0  # seconds for an answer


@contextmanager
def connected(path: Path, patience: float | None) -> Iterator[socket.socket]:
    """A connection to a socket, whose path may be longer than the kernel takes.

    Args:
        path: The socket's.
        patience: Seconds that it may be silent; None for ever.
    """
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(patience)
            connection.connect(f"/proc/self/fd/{folder}/{path.name}")
            yield connection
    finally:
        os.close(folder)


def ask_qemu(path: Path, command: str) -> dict[str, Any] | None:
    """What QEMU answers to a command; None when it does not, or is not there.

    Args:
        path: Its socket.
        command: Such as query-status.
    """
    with suppress(OSError, ValueError), connected(path, _PATIENCE) as connection, connection.makefile("rw") as stream:
        stream.readline()  # its greeting
        for word in ("qmp_capabilities", command):
            stream.write(json.dumps({"execute": word}) + "\n")
            stream.flush()
            answer: dict[str, Any] = {}
            while "return" not in answer and "error" not in answer:  # events come in between
                answer = json.loads(stream.readline())
        found = answer.get("return")
        return found if isinstance(found, dict) else None
    return None
