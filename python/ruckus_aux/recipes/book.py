# SPDX-License-Identifier: GPL-3.0-or-later
"""Rewrite the CLFS book's /tools and /cross-tools to the configured prefixes, with sed.

A patch from the book is written against the book's own paths. What is rewritten is a whole path component at the
start of an absolute path: `"/tools/lib"`, `-L/tools/lib` and `${CLFS}/tools` are; `a/tools/perf`, `$(srctree)/tools`,
`/usr/tools`, `/tools.old` and `/toolset` are not, nor are the lines of a patch that name the files it changes.
"""

import re
from pathlib import Path

# What may stand before the first slash of an absolute path: the start of the line (in a patch behind its marker),
# a character that no relative path ends in, a compiler option that takes a directory, or $CLFS.
BEFORE = (
    r"(^[-+ ]?"
    r"|[^]A-Za-z0-9_.+/~%@*?)}\$-]"
    r"|(^|[^A-Za-z0-9_-])-(I|L|B|R|isystem|idirafter)"
    r"|:-"
    r"|\$CLFS|\$\{CLFS\}|\$\(CLFS\))"
)
# What may follow the component: nothing that makes the name longer. A full stop ends a sentence.
AFTER = r"($|[^A-Za-z0-9_.+~%@-]|\.($|[^A-Za-z0-9_]))"
_FILE_NAMES = r"/^(--- |\+\+\+ |diff |Index: |rename |copy )/b"


def sed_program(prefix_cross: str, prefix_tools: str) -> list[str]:
    """The expressions of a `sed -E` that rewrites a patch of the CLFS book.

    Args:
        prefix_cross: PREFIX_CROSS; no character in it is special to sed (configure makes sure of that).
        prefix_tools: PREFIX_TOOLS, of the same kind.
    """
    expressions = [_FILE_NAMES]
    for book, mark in (("/cross-tools", "\\x01"), ("/tools", "\\x02")):
        # Twice, because a match eats the character that the next match would begin with, as in /tools:/tools.
        # Its groups: 1 what stands before (with one, perhaps two groups inside), 4 what follows.
        expressions += [f"s,{BEFORE}{book}{AFTER},\\1{mark}\\4,g"] * 2
    # Marks instead of the prefixes until now, so that nothing is rewritten twice.
    return [*expressions, f"s,\\x01,{prefix_cross},g", f"s,\\x02,{prefix_tools},g"]


def names_a_prefix(patch: Path) -> bool:
    """Whether sed has something to rewrite; without, a patch is the same for every architecture."""
    text = patch.read_bytes()
    return b"/tools" in text or b"/cross-tools" in text


def files_named(patch: Path, mark: str) -> set[str]:
    """The files that a patch names, below the source's top folder; /dev/null is none.

    Args:
        patch: Its file.
        mark: What the lines begin with that name them: --- for what is changed, +++ for what comes of it.
    """
    text = patch.read_text(errors="replace")
    return set(re.findall(rf"^{re.escape(mark)} [^/\s]+/(\S+)", text, re.MULTILINE))
