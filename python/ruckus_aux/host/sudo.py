# SPDX-License-Identifier: GPL-3.0-or-later
"""`invoke verify-sudo`: whether this user may run the commands that a build needs as root, without a password.

`sudo -n -l COMMAND` is not enough: it also succeeds for commands that sudo would ask a password for, when another entry
of the user has NOPASSWD (listpw, sudoers(5)). So the list of entries is read as well: of those that match a command,
the last one counts. Whatever that list leaves unknown counts as a no.
"""

import fnmatch
import os
import re
import shlex
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ruckus_aux.host.commands import run, user_name
from ruckus_aux.host.hosts import PATH, Host
from ruckus_aux.host.root import HERE, Command, Shape
from ruckus_aux.words.errors import RuckusError

_MADE_BY = "# Made by: invoke verify-sudo --print-sudoers\n"
_ROOTS = {"root", "#0", "ALL"}
_ATTRIBUTES = ("RunAsUsers", "RunAsGroups", "Options", "Commands")  # of an entry; others limit when and where it holds


@dataclass
class SudoersEntry:
    """An entry of sudoers for this user: whose rights it gives, its commands, and whether they need a password.

    limited: whether it holds at some times or in some places only. host: whose sudo has it.
    """

    password: bool
    runas: tuple[str, ...] = ()
    commands: list[str] = field(default_factory=list)
    limited: bool = False
    host: Host = HERE

    def matches(self, command: Sequence[str]) -> bool | None:
        """Whether it decides about a command that is run as root; None: unknown."""
        if not any(name in _ROOTS or name.startswith(("!", "%", "+", "#")) for name in self.runas):
            return False
        verdicts = [_matches(pattern.removeprefix("!").lstrip(), command, self.host) for pattern in self.commands]
        if not any(verdict in (True, None) for verdict in verdicts):
            return False
        certain = not self.limited and set(self.runas) <= _ROOTS and None not in verdicts
        return True if certain else None


def _matches(pattern: str, command: Sequence[str], host: Host) -> bool | None:
    """Whether a command of sudoers means this one; arguments match as one string. None: unknown."""
    if pattern == "ALL":
        return True
    if pattern.startswith("^") or "[[" in pattern:  # regular expressions and classes as in POSIX
        return None
    if re.match(r"sha\d+:", pattern):  # of the program's content
        return None
    program, _, arguments = pattern.partition(" ")
    given = " ".join(command[1:])
    if not _is_program(program, command[0], host):
        return False
    if arguments.startswith("^"):
        return None
    return not arguments or (arguments == '""' and not given) or _glob(arguments, given)


def _is_program(pattern: str, path: str, host: Host) -> bool:
    if pattern.endswith("/"):
        return host.same_file(pattern, os.path.dirname(path))
    parts, names = pattern.split("/"), path.split("/")  # no star stands for a slash
    if len(parts) == len(names) and all(map(_glob, parts, names)):
        return True
    return host.same_file(pattern, path)


def _glob(pattern: str, text: str) -> bool:
    """fnmatch(3), in which a backslash takes the next character's meaning away; Python's has none."""
    return fnmatch.fnmatchcase(text, re.sub(r"\\(.)", r"[\1]", pattern))


def entries(listing: str, host: Host = HERE) -> list[SudoersEntry]:
    """The entries in what `sudo -ll` prints, in the order of sudoers.

    Args:
        listing: What it printed.
        host: Whose it is.
    """
    found: list[SudoersEntry] = []
    listing = re.sub(r"\n {8}(?=\S)", " ", listing)  # sudo breaks lines unless it writes into a pipe
    defaults = listing.partition("\nUser ")[0]
    general, _, specific = defaults.partition("\n\n")  # what follows is about some commands or users only
    free = "!authenticate" in general and not re.search(r"(?<!!)\bauthenticate", specific)
    for line in listing.splitlines():
        name, _, value = line.strip().partition(":")
        values = tuple(word.strip() for word in value.split(","))
        if re.match(r"(Sudoers entry|\w+ Role):", line):
            found.append(SudoersEntry(password=not free, host=host))
        elif found and line.startswith("\t"):
            found[-1].commands.append(line.strip())
        elif found and name == "RunAsUsers":
            found[-1].runas = values
        elif found and name == "Options":
            found[-1].password = "!authenticate" not in values and (not free or "authenticate" in values)
        elif found and name and name not in _ATTRIBUTES:
            found[-1].limited = True
    return found


def refused(commands: Iterable[Command], user: str = "", way_out: str = "", host: Host = HERE) -> list[Command]:
    """Those of some commands that a user may not run as root without a password.

    Args:
        commands: The commands; if there are none, sudo is not asked.
        user: The user's name; "" for the one who runs this. Only root may ask about others.
        way_out: What an administrator can do, for the error.
        host: Where they are to run.

    Raises:
        RuckusError: There is no sudo, or it does not know this user.
    """
    wanted = dict.fromkeys(map(_sample, commands))
    me = user_name(os.getuid()) if host is HERE else host.run(["id", "-un"])[1].strip()
    if not wanted or (host.by_root and user in ("", me)):
        return []
    if host is HERE and shutil.which("sudo") is None:
        raise RuckusError("sudo is not installed, and this user is not root", "run it as root, or install sudo")
    asking = ["sudo", "-n", "-k", *([] if user in ("", me) else ["-U", user])]
    status, listing = host.run([*asking, "-ll"])
    known = entries(listing, host)
    if status != 0 or not known:
        raise RuckusError(
            f"sudo lets {user or me} run nothing without a password: {listing.strip() or 'it does not say why'}",
            way_out,
        )
    return [command for command in wanted if not _free(asking, command, known, host)]


def _free(asking: Sequence[str], command: Command, known: Sequence[SudoersEntry], host: Host) -> bool:
    status, _ = host.run([*asking, "-u", "root", "-l", *command])
    return status == 0 and _without_password(command, known)


def _without_password(command: Command, known: Sequence[SudoersEntry]) -> bool:
    for entry in reversed(known):
        decides = entry.matches(command)
        if decides or (decides is None and entry.password):
            return not entry.password
    return False


def _sample(command: Command) -> Command:
    return tuple(word.sample if isinstance(word, Shape) else word for word in command)


def verify_commands(commands: Iterable[Command], user: str = "", way_out: str = "", host: Host = HERE) -> None:
    """Make sure that a user may run some commands as root without a password.

    Args:
        commands: The commands.
        user: The user's name; "" for the one who asks.
        way_out: What to do about it, for the error.
        host: Where they are to run.

    Raises:
        RuckusError: Not all of them; it names those that are refused.
    """
    if missing := refused(commands, user, way_out, host):
        raise RuckusError(
            f"as root and without a password, sudo on {host.name} does not let {user or 'this user'} run"
            if host is not HERE
            else f"as root and without a password, sudo does not let {user or user_name(os.getuid())} run",
            "\n".join([*map(shlex.join, missing), way_out]),
        )


def sudoers(user: str, commands: Iterable[Command]) -> str:
    """A fragment for /etc/sudoers.d that lets a user run these commands and no others; visudo checks it.

    Args:
        user: The user's name.
        commands: The commands; without any, the fragment is a comment.

    Raises:
        RuckusError: A word can't be written so that it means only itself, or visudo finds a mistake.
    """
    lines = [" ".join([command[0], *map(_escaped, command[1:])]) for command in dict.fromkeys(commands)]
    if not lines:
        return f"{_MADE_BY}# Nothing is allowed by it: this build needs no root.\n"
    if not re.fullmatch(r"[a-z_][a-z0-9_.-]*\$?", user):
        raise RuckusError(f"'{user}': sudoers may read this name in another way", "write the fragment by hand")
    text = f"{_MADE_BY}{user} ALL=(root) NOPASSWD: \\\n    " + ", \\\n    ".join(lines) + "\n"
    visudo = shutil.which("visudo", path=PATH)
    if visudo is None:
        raise RuckusError("visudo is not installed, which checks a fragment of sudoers", "apt-get install sudo")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ruckus"
        path.write_text(text)
        path.chmod(0o440)
        run([visudo, "-c", "-f", path])
    return text


def _escaped(word: str) -> str:
    """A word that stands for itself in sudoers; a Shape keeps its globs."""
    special = r"([ ,:=\\])" if isinstance(word, Shape) else r"([ ,:=\\*?\[\]!])"
    # Within quotes, as a line of xl's has them, a space can't be taken for the end of an argument.
    if not word or re.search(r"[\s\"'#]", re.sub(r"\"[^\"'#\t-\r]*\"", "", word)):
        raise RuckusError(f"'{word}': sudoers can't name an argument like this", "use a path without such characters")
    return re.sub(special, r"\\\1", word)
