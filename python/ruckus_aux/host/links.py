# SPDX-License-Identifier: GPL-3.0-or-later
"""The CLFS book's symbolic links, such as /tools -> $CLFS/tools, which steps need where there is no sandbox."""

import os
from collections.abc import Mapping
from pathlib import Path

from ruckus_aux.host.root import Command, as_command, only_roots
from ruckus_aux.words.errors import RuckusError


def link(target: str, path: str) -> Command:
    """The command that creates one of the CLFS book's symbolic links, such as /tools -> $CLFS/tools.

    Args:
        target: What it leads to.
        path: Where it is.

    Raises:
        RuckusError: Something else has this name, or a link that another build may be using; or others could redirect
            root's commands there.
    """
    try:
        only_roots(Path(path).parent)
    except RuckusError as error:
        raise RuckusError(
            f"{path}: root makes no link there: {error.message}", f"make it yourself: ln -sfn {target} {path}"
        ) from error
    if Path(path).is_symlink() and os.path.exists(path):
        raise RuckusError(f"{path} leads to {os.path.realpath(path)}", f"it has to lead to {target}: remove it first")
    if os.path.lexists(path) and not Path(path).is_symlink():
        raise RuckusError(f"{path} exists, and is not a symbolic link", f"move it away: it must lead to {target}")
    return as_command("ln", "-sfn", target, path)


def missing_links(roots: Mapping[str, Path]) -> list[Command]:
    """The commands that create the links that steps need without a sandbox, and that don't exist yet.

    Args:
        roots: For each prefix, the folder that it leads into.

    Raises:
        RuckusError: As `link` does.
    """
    targets = {prefix: f"{folder}{prefix}" for prefix, folder in roots.items()}
    missing = {path: to for path, to in targets.items() if os.path.realpath(path) != os.path.realpath(to)}
    return [link(target, path) for path, target in missing.items()]
