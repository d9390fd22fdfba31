"""`invoke verify-sudo`: whether this user may run the commands that a build needs as root, without a password.

`sudo -n -l COMMAND` alone does not tell: it succeeds, too, for commands that sudo would ask a password for, when
another entry for the user has NOPASSWD (listpw, sudoers(5)). So the list of entries is looked at as well: of those that
match a command, the last one counts.
"""

import fnmatch
import getpass
import os
import re
import shlex
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ruckus_aux import mounts
from ruckus_aux.errors import RuckusError
from ruckus_aux.host import run
from ruckus_aux.root import PATH, Command, Shape

_ENVIRONMENT = {"LC_ALL": "C"}


@dataclass
class Entry:
    """An entry of sudoers for this user: whose rights it gives, its commands, and whether they need a password."""

    password: bool
    runas: str = ""
    commands: list[str] = field(default_factory=list)

    def matches(self, command: Sequence[str]) -> bool:
        """Whether it lets root's rights be used for a command; arguments match as one string (sudoers(5))."""
        roots = {"root", "#0", "ALL"} & set(re.split(r"[,\s]+", self.runas))
        return bool(roots) and any(_matches(pattern, command) for pattern in self.commands)


def _matches(pattern: str, command: Sequence[str]) -> bool:
    pattern = re.sub(r"^(sha\d+:\S+,?\s+)+", "", pattern)
    program, _, arguments = pattern.partition(" ")
    given = " ".join(command[1:])
    if pattern == "ALL":
        return True
    if not _is_program(program, command[0]):
        return False
    if arguments.startswith("^") and arguments.endswith("$"):
        return re.search(arguments, given) is not None
    return not arguments or (arguments == '""' and not given) or _glob(arguments, given)


def _is_program(pattern: str, path: str) -> bool:
    if pattern.endswith("/"):
        return mounts.same_file(pattern, os.path.dirname(path))
    if pattern.startswith("^"):
        return re.search(pattern, path) is not None
    return _glob(pattern, path) or mounts.same_file(pattern, path)


def _glob(pattern: str, text: str) -> bool:
    """fnmatch(3), in which a backslash takes the next character's meaning away; Python's has none."""
    return fnmatch.fnmatchcase(text, re.sub(r"\\(.)", r"[\1]", pattern))


def entries(listing: str) -> list[Entry]:
    """The entries in what `sudo -ll` prints, in the order of sudoers."""
    found: list[Entry] = []
    general, _, _ = listing.partition("\n\n")  # what follows is about some commands only
    free = "!authenticate" in general and general.startswith("Matching Defaults entries")
    for line in listing.splitlines():
        name, _, value = line.strip().partition(": ")
        if line.startswith("Sudoers entry:"):
            found.append(Entry(password=not free))
        elif found and name == "RunAsUsers":
            found[-1].runas = value
        elif found and name == "Options":
            options = [word.strip() for word in value.split(",")]
            found[-1].password = "!authenticate" not in options and (not free or "authenticate" in options)
        elif found and line.startswith("\t"):
            found[-1].commands.append(line.strip())
    return found


def refused(commands: Iterable[Command], user: str = "") -> list[Command]:
    """Those of some commands that a user may not run as root without a password.

    user: another than who runs this, about whom only root may ask.
    Raises RuckusError when there is no sudo, or it does not know this user.
    """
    me = getpass.getuser()
    if os.geteuid() == 0 and user in ("", me):
        return []
    if shutil.which("sudo") is None:
        raise RuckusError("sudo is not installed, and this user is not root", "run it as root, or install sudo")
    asking = ["sudo", "-k", "-n", *([] if user in ("", me) else ["-U", user])]
    status, listing = run([*asking, "-ll"], env=_ENVIRONMENT, check=False)
    known = entries(listing)
    if status != 0 or not known:
        raise RuckusError(
            f"sudo lets {user or me} run nothing without a password: {listing.strip() or 'it does not say why'}",
            "as root, install what this prints: invoke verify-sudo --print-sudoers",
        )
    return [command for command in dict.fromkeys(map(_sample, commands)) if not _free(asking, command, known)]


def _free(asking: Sequence[str], command: Command, known: Sequence[Entry]) -> bool:
    status, _ = run([*asking, "-l", *command], env=_ENVIRONMENT, check=False)
    deciding = [entry for entry in known if entry.matches(command)][-1:] or known
    return status == 0 and not any(entry.password for entry in deciding)


def _sample(command: Command) -> Command:
    return tuple(word.sample if isinstance(word, Shape) else word for word in command)


def verify(commands: Iterable[Command], user: str = "") -> None:
    """Raise RuckusError that names the commands that a user may not run as root without a password."""
    if missing := refused(commands, user):
        way_out = "as root, install what this prints: invoke verify-sudo --print-sudoers"
        raise RuckusError(
            f"as root and without a password, sudo does not let {user or getpass.getuser()} run",
            "\n".join([*map(shlex.join, missing), way_out]),
        )


def only_roots(folder: Path) -> None:
    """Raise RuckusError unless none but root can replace what is in a folder: another could lead root elsewhere."""
    for path in (folder, *folder.parents, folder.resolve(), *folder.resolve().parents):
        if path.exists() and ((status := path.stat()).st_uid != 0 or status.st_mode & 0o022):
            raise RuckusError(
                f"{path} can be changed by others than root, who would mount and give away folders there",
                "choose another: --mount-base=/media",
            )


def sudoers(user: str, commands: Iterable[Command]) -> str:
    """A fragment for /etc/sudoers.d that lets a user run these commands and no others; checked by visudo.

    Raises RuckusError when a word can't be written so that it means just itself, and when visudo finds a mistake.
    """
    if not re.fullmatch(r"[a-z_][a-z0-9_.-]*\$?", user):
        raise RuckusError(f"'{user}': sudoers may read this name in another way", "write the fragment by hand")
    lines = [" ".join([command[0], *map(_escaped, command[1:])]) for command in dict.fromkeys(commands)]
    text = (
        f"# Made by: invoke verify-sudo --print-sudoers\n{user} ALL=(root) NOPASSWD: \\\n    "
        + ", \\\n    ".join(lines)
        + "\n"
    )
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
    special = r"([,:=\\])" if isinstance(word, Shape) else r"([,:=\\*?\[\]!])"
    if not word or re.search(r"[\s\"'#]", word):
        raise RuckusError(f"'{word}': sudoers can't name an argument like this", "use a path without such characters")
    return re.sub(special, r"\\\1", word)
