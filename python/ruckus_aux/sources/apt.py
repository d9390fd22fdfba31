# SPDX-License-Identifier: GPL-3.0-or-later
"""apt for source packages, with a private configuration: it needs no root and leaves /etc and the host's lists alone.

The host's archives and keyrings are read (sources.list(5), apt.conf(5)), and its settings, such as proxies, hold. What
they say is to be run when lists were updated is not run. A host of another Debian release than the one that is wanted
finds that in the same archives. Copies of the host's sources can have passwords: they are for our eyes only.
"""

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ruckus_aux.host.commands import run
from ruckus_aux.host.visible import visible
from ruckus_aux.sources.provider import without_password

# Read after the host's own configuration (apt-get -c), or #clear would clear nothing.
_CONFIGURATION = """\
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "{folder}/parts";
Dir::State::lists "{folder}/lists";
Dir::Cache "{folder}/cache";
Acquire::Source-Symlinks "false";
#clear APT::Update;
APT::Sandbox::User "";
"""
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_MOVING = ("stable", "oldstable", "testing", "unstable", "sid")  # names of releases that are not the same for ever
_ALONE = ("sid", "unstable", "experimental")  # those that have no suites like bookworm-security beside them
_LINE = re.compile(r"deb(?:-src)?\s+((?:\[[^]]*\]\s+)?\S+\s+)(\S+)(.*)")
_SUITES = re.compile(r"^(Suites:)((?:.*(?:\n[ \t].*)*))", re.MULTILINE | re.IGNORECASE)


@dataclass
class Archives:
    """The archives that a host takes packages from.

    parts, lines: as deb-src entries, in the two forms that there are.
    unread: what could not be read, and why.
    """

    parts: str = ""
    lines: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)

    def suites(self) -> list[str]:
        """The suites that are asked, such as bookworm-security."""
        words = [word for match in _SUITES.finditer(self.parts) for word in match[2].split()]
        return words + [match[2] for line in self.lines if (match := _LINE.match(line))]

    def of(self, release: str, own: str) -> "Archives":
        """The same archives, asked for a release of Debian instead of the host's own.

        Args:
            release: The code name of the one that is wanted.
            own: The code name of the host's.
        """
        names = "|".join(re.escape(name) for name in (own, *_MOVING) if name)
        name = re.compile(rf"(?<!\S)({names})(?![^-/\s])")
        beside = re.compile(rf"(?<!\S)({names})[-/]\S*" if release in _ALONE else "(?!)")

        def of_release(suites: str) -> str:
            return name.sub(release, beside.sub("", suites)).rstrip(" ")

        stanzas = re.split(r"\n\s*\n", _SUITES.sub(lambda match: match[1] + of_release(match[2]), self.parts))
        matches = [match for match in map(_LINE.match, self.lines) if match and of_release(match[2])]
        return Archives(
            "\n\n".join(text for text in stanzas if any(match[2].strip() for match in _SUITES.finditer(text))),
            [f"deb-src {match[1]}{of_release(match[2])}{match[3]}" for match in matches],
        )


def mirror_archives(mirror: str, suite: str) -> Archives:
    """One archive of Debian: as the keyring package on this host knows it, where that is installed.

    Args:
        mirror: Its address; options may stand before it, in brackets, as in sources.list(5).
        suite: The code name of a release.
    """
    signed = f"[signed-by={KEYRING}] " if KEYRING.is_file() and not mirror.startswith("[") else ""
    return Archives(lines=[f"deb-src {signed}{mirror} {suite} main"])


def archives(etc: Path) -> Archives:
    """What a folder like /etc/apt names; a file that is not ours to read is left out."""
    found = Archives()
    parts = []
    for path in visible(etc / "sources.list.d", "*.sources"):
        if text := _read(path, found):
            parts.append(re.sub(r"^Types:.*$", "Types: deb-src", text, flags=re.MULTILINE | re.IGNORECASE).strip("\n"))
    found.parts = "\n\n".join(parts)
    for path in (etc / "sources.list", *visible(etc / "sources.list.d", "*.list")):
        matches = (_LINE.match(line) for line in _read(path, found).splitlines())
        found.lines += [f"deb-src {match[1]}{match[2]}{match[3]}" for match in matches if match]
    return found


def _read(path: Path, found: Archives) -> str:
    try:
        return path.read_text(errors="surrogateescape")
    except FileNotFoundError:
        return ""
    except OSError as error:
        found.unread.append(f"{path}: {error.strerror}")
        return ""


class Apt:
    """apt as it sees the source packages of some archives, with a folder of its own for what it needs."""

    def __init__(self, folder: Path, wanted: Archives) -> None:
        """Nothing is read or written before `update`."""
        self.folder = folder
        self.archives = wanted
        self.trouble: list[str] = []  # what the update had to say against archives

    def update(self, watch: Callable[[], None]) -> None:
        """Bring the lists up to date.

        An archive that fails is one of `trouble`: others may do.
        Raises RuckusError when there is no apt.
        """
        self._write()
        status, output = self.run("apt-get", "update", "-q", watch=watch)
        said = [without_password(line) for line in re.findall(r"^[EW]: (.*)", output, re.MULTILINE)]
        failed = [line for line in said if line.startswith("Failed to fetch")]
        if status or failed:  # a server that can't be reached is no error to apt
            self.trouble = [*dict.fromkeys(failed or said)]

    def run(self, *command: str, cwd: Path | None = None, watch: Callable[[], None] | None = None) -> tuple[int, str]:
        """Run one of apt's commands.

        Args:
            command: Its words.
            cwd: The folder to run it in; by default, the current one.
            watch: Called a few times a second while it runs; an exception from it ends the command.

        Returns:
            Its exit status and output.
        """
        words: Sequence[str] = (command[0], "-c", str(self.folder / "apt.conf"), *command[1:])
        return run(words, env={"LC_ALL": "C"}, cwd=cwd, check=False, watch=watch)

    def _write(self) -> None:
        for name in ("parts", "lists/partial", "cache/archives/partial"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        texts = {
            "parts/host.sources": self.archives.parts + "\n",
            "parts/host.list": "\n".join(dict.fromkeys(self.archives.lines)) + "\n",
            "apt.conf": _CONFIGURATION.format(folder=self.folder),
        }
        for name, text in texts.items():
            path = self.folder / name
            path.unlink(missing_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(descriptor, "w", errors="surrogateescape") as file:
                file.write(text)
