# SPDX-License-Identifier: GPL-3.0-or-later
"""Blank what is secret in a log that leaves its machine: private keys, and the values of variables named like secrets.

Every byte that is blanked becomes a *, so places and sizes stay as they were. A log may be of any size, and hostile:
what is looked for is bounded, so that the work grows no faster than the log.
"""

import re
from collections.abc import Iterator
from typing import IO

_NAMES = (b"TOKEN", b"PASSWORD", b"SECRET")
_VALUE = re.compile(
    rb"""(?<!\w)\w{0,64}(?:TOKEN|PASSWORD|SECRET)\w{0,64}=
    (?:"(?P<double>[^"\n]{1,4000})|'(?P<single>[^'\n]{1,4000})|(?P<plain>[^\s"']{1,4000}))""",
    re.VERBOSE | re.ASCII,
)
_BEGIN = re.compile(rb"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----")
_END = b"-----END "
_BODY = re.compile(rb"[A-Za-z0-9+/=\s]*")
_LONGEST = 1 << 14  # bytes of a key; what begins in the last ones of a piece is looked at with the next
_PIECE = 1 << 20


def copy_without_secrets(source: IO[bytes], target: IO[bytes]) -> int:
    """Copy a log, with its secrets blanked.

    Args:
        source: The log.
        target: The copy, which has the same size.

    Returns:
        How many secrets there were.
    """
    count, rest, piece = 0, b"", source.read(_PIECE)
    while piece or rest:
        data = bytearray(rest + piece)
        looked_at = max(len(data) - _LONGEST, 0) if piece else len(data)
        done = looked_at
        for begin, start, end in _secrets(data):
            if begin < looked_at:
                data[start:end] = b"*" * (end - start)
                done = max(done, end)
                count += 1
        target.write(data[:done])
        rest, piece = bytes(data[done:]), source.read(_PIECE) if piece else b""
    return count


def _secrets(data: bytearray) -> Iterator[tuple[int, int, int]]:
    """Where secrets are in a piece of a log: where what tells them begins, and where they begin and end."""
    if any(name in data for name in _NAMES):
        for match in _VALUE.finditer(data):
            yield match.start(), *match.span(match.lastgroup or 0)
    closing = 0
    for opened in _BEGIN.finditer(data):
        if closing < opened.end():
            closing = data.find(_END, opened.end())
            closing = len(data) + _LONGEST if closing < 0 else closing
        body = _BODY.match(data, opened.end(), opened.end() + _LONGEST)
        end = closing if closing - opened.end() <= _LONGEST else body.end() if body else opened.end()
        yield opened.start(), opened.end(), end
