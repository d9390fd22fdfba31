# SPDX-License-Identifier: GPL-3.0-or-later
"""Every file of a finished system: whether it is there, what kind it is, and what it must not hold.

A name is a path in the system, such as /tools/bin/sh.
"""

import os
import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from ruckus_aux.host.elf import ARCHIVE, MAGIC
from ruckus_aux.host.folders import within
from ruckus_aux.recipes.environment import step_environment
from ruckus_aux.settings.settings import Settings
from ruckus_aux.settings.stamps import stamps
from ruckus_aux.systems.finding import Finding
from ruckus_aux.systems.mentions import mentions
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.paths import INSIDE
from ruckus_aux.words.stage import CHECK
from ruckus_aux.words.step_name import StepName

_FOR_DEBUGGERS = "/usr/lib/debug"  # of ELF files, only the debug sections
_LINKS = 40  # that the kernel follows in one path
_MANUALS = "/usr/share/man"
_REQUEST = re.compile(rb"^[.']", re.MULTILINE)  # of troff
_COMMENT = re.compile(rb"^\s*(?:#\s|;|//|/?\*).*$", re.MULTILINE)  # a line that is nothing else
# What env gets as one word, unless it is told to split it: then options and variables come before the program.
_SPLIT = re.compile(r"(?:-\w*?S|--split-string[ =])\s*(?:-[aCu]\s+\S+\s+|-\S+\s+|\w+=\S*\s+)*(\S+)")


class Merged:
    """The files that steps have merged into $CLFS.

    steps: by name, the step that installed it.
    linked: names of ELF files, and archives of them: what a linker reads or wrote; known after `check`.
    """

    def __init__(self, settings: Settings) -> None:
        self.root = settings.clfs
        self.settings = settings
        self.steps: dict[str, StepName] = {}
        for stamp in stamps(settings):
            if stamp.root == self.root:
                self.steps |= {f"/{name}": stamp.step for name in stamp.files if not name.endswith("/")}
        self.linked: list[str] = []

    def path(self, name: str) -> Path:
        """Where a file is on this machine."""
        return Path(f"{self.root}{name}")

    def fault(self, name: str, what: str, way_out: str) -> RuckusError:
        """An error about a file.

        Args:
            name: The file.
            what: What is wrong with it, after its path.
            way_out: What has to be done about it.
        """
        step = self.steps[name]
        return RuckusError(f"{self.path(name)} {what}", f"{way_out}; {step} installed it, see: ./ruckus show {step}")

    def follow(self, name: str) -> str:
        """What a name leads to, symbolic links followed as in the booted system; where there is a circle, in it."""
        pending, here, links = name.split("/"), "", 0
        while pending:
            part = pending.pop(0)
            if part == "..":
                here = os.path.dirname(here).rstrip("/")
            elif part not in ("", "."):
                path = Path(f"{self.root}{here}/{part}")
                if path.is_symlink() and links < _LINKS:
                    links += 1
                    target = os.readlink(path)
                    here = "" if target.startswith("/") else here
                    pending = [*target.split("/"), *pending]
                else:
                    here = f"{here}/{part}"
        return here or "/"

    def check(self) -> list[Finding]:
        """Look into every file."""
        faults: list[RuckusError] = []
        scripts: dict[str, str] = {}
        unread = 0
        for name in sorted(self.steps):
            if any(within(name, place) for place in self._places):
                faults.append(self.fault(name, "is in a folder of the build", "its recipe has to put it elsewhere"))
            try:
                content = self._content(name)
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                faults.append(self.fault(name, "is gone", f"make {self.settings.goal} brings it back"))
                continue
            except PermissionError:  # root's, after bootstrap-install
                unread += 1
                continue
            if content is None:
                faults += self._faults_of_link(name, os.readlink(self.path(name)))
                continue
            faults += self._faults_of_content(name, content)
            if content.startswith((MAGIC, ARCHIVE)) and not within(name, _FOR_DEBUGGERS):
                self.linked.append(name)
            elif self._is_script(name, content) and (
                line := content[2:].splitlines()[0].decode(errors="replace").strip()
            ):
                scripts[name] = line
        not_read = f"; {unread} of them only root can read" if unread else ""
        lost = [(name, *program) for name, line in scripts.items() for program in self._lost(line)]
        later = sorted({program for _, program, is_wrong in lost if not is_wrong})
        waiting = f"; for some, {', '.join(later)} is still to come" if later else ""
        way_out = "its recipe has to name another, or install it"
        of_scripts = [
            self.fault(name, f"is run by {program}, which is not there", way_out)
            for name, program, is_wrong in lost
            if is_wrong
        ]
        return [
            Finding("files", f"{len(self.steps)}, without paths of the build{not_read}", tuple(faults)),
            Finding("scripts", f"{len(scripts)}{waiting}", tuple(of_scripts)),
        ]

    def _is_script(self, name: str, content: bytes) -> bool:
        """Whether it is run as a script; examples, templates and modules, too, begin with a line for what runs them."""
        return content.startswith(b"#!") and bool(self.path(name).stat().st_mode & 0o100)

    def _content(self, name: str) -> bytes | None:
        """A file's content; None of a symbolic link."""
        path = self.path(name)
        return None if path.is_symlink() else path.read_bytes()

    def _lost(self, line: str) -> Iterator[tuple[str, bool]]:
        """What is not there of what runs a script, by its first line without #!; and whether it has to be."""
        program, *rest = line.split(maxsplit=1)
        if not self._is_there(program):
            yield program, self._has_to_be_there(program)
        if rest and os.path.basename(program) == "env":
            split = _SPLIT.match(rest[0])
            wanted = split[1] if split else rest[0]
            if not any(self._is_there(os.path.join(folder, wanted)) for folder in self._search_path):
                yield wanted, self.settings.is_final

    def _is_there(self, name: str) -> bool:
        return self.path(self.follow(name)).is_file()

    def _has_to_be_there(self, program: str) -> bool:
        """Whether what runs a script has to be there: this machine has what is below no prefix, or a later stage."""
        return (
            self.settings.is_final
            or not program.startswith("/")
            or any(within(program, prefix) for prefix in self.settings.prefixes)
        )

    @cached_property
    def _places(self) -> list[str]:
        """Folders of this machine, and of the workplace, that nothing may be looked for in."""
        settings = self.settings
        places = {settings.srcdir, settings.buildroot, settings.builddir, settings.clfs, settings.cache}
        if temporary := settings.temporary:  # it is gone then
            places |= {temporary.clfs, *map(Path, temporary.prefixes)}
        return sorted(map(str, places))

    @cached_property
    def _sought(self) -> list[str]:
        """What of those places no file may name."""
        prefixes = self.settings.temporary.prefixes if self.settings.temporary else {}
        sought: list[str] = []
        for place in self._places:
            # Manuals have examples in folders such as /src: of one, what the build has in it is meant.
            is_usual = Path(place).parent == Path("/") and place not in prefixes
            sought += map(str, Path(place).glob("*")) if is_usual else [place]
        return sought

    @cached_property
    def _environment(self) -> dict[str, str]:
        return step_environment(self.settings, CHECK, INSIDE, {})

    @cached_property
    def _search_path(self) -> list[str]:
        return self._environment["PATH"].split(":")

    @cached_property
    def _workplaces(self) -> list[str]:
        """Folders that only scripts of steps have."""
        names = ("SOURCES", "FILES", "SRC", "BUILD", "OUT")
        return [*(self._environment[name] for name in names), self.settings.prefix_hostprep]

    def _faults_of_content(self, name: str, content: bytes) -> Iterator[RuckusError]:
        found = [path for path in self._sought if mentions(content, path)]
        used = self._used(name, content)
        found += [path for path in self._workplaces if path not in found and mentions(used, path)]
        for path in found:
            yield self.fault(name, f"holds the build's path {path}", "its recipe lets it leak in")
        if within(name, _MANUALS) and not _REQUEST.search(content):
            yield self.fault(name, "is no manual", "its recipe has to make one, or to remove what stands for it")

    def _used(self, name: str, content: bytes) -> bytes:
        """What of a file must name no folder of a step: all of it, but for comments, and what debuggers are told."""
        if self.settings.is_final:
            return b"" if within(name, _FOR_DEBUGGERS) else content
        return b"" if b"\0" in content else _COMMENT.sub(b"", content)

    def _faults_of_link(self, name: str, target: str) -> Iterator[RuckusError]:
        if any(within(target, place) for place in (*self._places, self.settings.prefix_hostprep, str(INSIDE))):
            yield self.fault(name, f"leads to {target}, of the build", "its recipe lets it leak in")
        end = self.follow(name)
        if any(within(end, prefix) for prefix in self.settings.prefixes) and not os.path.lexists(self.path(end)):
            yield self.fault(name, f"leads to {end}, which is not there", "its recipe has to install that, too")
