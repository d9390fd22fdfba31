# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a file names an absolute path: `-L/tools/lib` names /tools; `/usr/share/tools` and `/tools-x86_64` do not."""

import re

from ruckus_aux.recipes.book import AFTER, BEFORE

_NO_NAME = r"[^]A-Za-z0-9_.+/~%@*?)}$-]"
# What else than in a patch may stand before the first slash, in files of all kinds.
_BEGINS = re.compile(
    rf"({BEFORE}"
    rf"|(^|{_NO_NAME})-[A-Za-z]*"  # any compiler's option
    rf"|(^|(?!:){_NO_NAME}|file:/)/+"  # //tools is /tools, but no host's name
    r"|\\([A-Za-z]+|f\([A-Z]+|f\[[A-Z]+\])"  # \n of C, or a font of troff
    r"|[\xda\xfa].)\Z".encode("latin-1"),  # in what Python has compiled, the length of a text
    re.DOTALL,
)
_LONGEST = 20  # of these


def mentions(content: bytes, path: str) -> bool:
    """Whether it names a path, or one below that.

    Args:
        content: Of a file of any kind.
        path: An absolute path.
    """
    name = path.encode()
    if name not in content:  # nearly always, and much faster
        return False
    return any(
        _BEGINS.search(content, max(0, match.start() - _LONGEST), match.start())
        for match in re.finditer(re.escape(name) + AFTER.encode(), content)
    )
