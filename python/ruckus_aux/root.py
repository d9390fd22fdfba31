"""What of a build needs root: commands that are shown, verified before anything is begun, and run through sudo -n."""

import os
from collections.abc import Sequence
from pathlib import Path

from ruckus_aux.errors import RuckusError
from ruckus_aux.host import run


def as_root(command: Sequence[str]) -> list[str]:
    """A command as it is run with root's rights; sudo never asks for a password."""
    return list(command) if os.geteuid() == 0 else ["sudo", "-n", *command]


def verify(commands: Sequence[Sequence[str]]) -> None:
    """Check that this user may run each of these commands as root without a password (sudo -n -l, see sudo(8)).

    Raises RuckusError that names those that it may not.
    """
    if os.geteuid() == 0 or not commands:
        return
    refused = [" ".join(command) for command in commands if run(["sudo", "-n", "-l", *command], check=False)[0] != 0]
    if refused:
        raise RuckusError(
            "these commands need root, and sudo does not let this user run them without a password",
            "\n".join([*refused, "run them as root, or let sudoers allow them; then the same command continues"]),
        )


def link_command(target: str, link: str) -> list[str]:
    """The command that makes one of the CLFS book's symbolic links, such as /tools -> $CLFS/tools.

    Raises RuckusError when something else has its name, or a link that another build may be using.
    """
    if Path(link).is_symlink() and os.path.exists(link):
        raise RuckusError(f"{link} leads to {os.path.realpath(link)}", f"it has to lead to {target}: remove it first")
    if os.path.lexists(link) and not Path(link).is_symlink():
        raise RuckusError(
            f"{link} is there already, and is no symbolic link", f"move it away: it must lead to {target}"
        )
    return ["ln", "-sfn", target, link]
