# SPDX-License-Identifier: GPL-3.0-or-later
"""Which build directories use a cache, and what of it: recorded by every make there, read by `gc`.

`builds/NAME.json` is the record of one build directory; the time of the file is that of the last make. A record names
the keys of the whole plan as it was then, so that `gc` keeps these also where it can't evaluate that plan: of a build
directory in a container, on a volume that isn't mounted, or on another host with the same cache.
"""

import hashlib
import json
import os
import shlex
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from ruckus_aux.artifacts.store import Store
from ruckus_aux.host.commands import run
from ruckus_aux.host.writing import write_whole
from ruckus_aux.recipes.plan import Plan
from ruckus_aux.settings.settings import Settings
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.paths import BUILDS, CONF
from ruckus_aux.words.records import read_record

_BEGUN = "begun"  # an empty file there, as old as the registry


@dataclass(frozen=True)
class Uses:
    """What of a cache a build directory uses.

    builddir: where configure ran, on the machine `host`.
    cache: the folder, as that build directory calls it.
    keys: those of all steps of the plan, built or not.
    downloads: what it has in the cache's folder of sources, by file name.
    """

    builddir: Path
    host: str
    cache: Path
    keys: tuple[str, ...]
    downloads: tuple[str, ...]


@dataclass(frozen=True)
class Known:
    """A build directory's record: its file, and when there was a make last, in seconds since 1970."""

    path: Path
    made: float
    uses: Uses

    @property
    def is_here(self) -> bool:
        """Whether there still is such a build directory, as far as can be seen from here."""
        return self.uses.host == socket.gethostname() and (self.uses.builddir / CONF).exists()


def used_by(plan: Plan) -> Uses:
    """What of the cache a plan uses."""
    keys = sorted({step.key for step in plan.steps.values()})
    downloads = {name for source in plan.sources.values() for name in source.names}
    settings = plan.settings
    return Uses(settings.builddir, socket.gethostname(), settings.cache, tuple(keys), tuple(sorted(downloads)))


def register(plan: Plan) -> None:
    """Record what a plan uses, before it is built: from now on, `gc` leaves that alone."""
    settings, store = plan.settings, Store(plan.settings.cache)
    uses = used_by(plan)
    path = _record_file(settings)
    if plan.errors:  # what a broken recipe's steps used is not known any more, and still needed
        with suppress(OSError, ValueError):
            uses = replace(uses, keys=tuple(sorted({*uses.keys, *read_record(Uses, path.read_bytes()).keys})))
    text = uses_to_json(uses)
    with store.unswept():  # `gc` has either ended, or reads this record
        path.parent.mkdir(exist_ok=True)
        if not (path.parent / _BEGUN).exists():
            (path.parent / _BEGUN).touch()
        if path.exists() and path.read_text() == text:
            os.utime(path)
        else:
            write_whole(path, text)
    store.mark_used(uses.keys)


def forget(settings: Settings) -> None:
    """Remove the record of a build directory that is about to go."""
    _record_file(settings).unlink(missing_ok=True)


def uses_to_json(uses: Uses) -> str:
    """What a record holds, and `ruckus uses` prints: one line."""
    return json.dumps(asdict(uses), default=str) + "\n"


def _record_file(settings: Settings) -> Path:
    name = hashlib.sha256(f"{socket.gethostname()}:{settings.builddir}".encode()).hexdigest()[:16]
    return settings.cache / BUILDS / f"{name}.json"


def begun(cache: Path) -> float | None:
    """Since when all makes are recorded, in seconds since 1970; None when there was none yet."""
    with suppress(FileNotFoundError):
        return (cache / BUILDS / _BEGUN).stat().st_mtime
    return None


def known(cache: Path) -> list[Known]:
    """All records of a cache.

    Raises RuckusError when one can't be read: nobody knows what that build directory needs.
    """
    found = []
    for path in sorted((cache / BUILDS).glob("*.json")):
        try:
            found.append(Known(path, path.stat().st_mtime, read_record(Uses, path.read_bytes())))
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            hint = f"rm {path}   (a make in its build directory writes it again)"
            raise RuckusError(f"{path}: {error}", hint) from error
    return found


def ask(builddir: Path) -> Uses:
    """What the plan of a build directory uses as it is now, by its own Ruckus and recipes.

    Raises RuckusError when that can't be evaluated.
    """
    program = builddir / "ruckus"
    if program.exists() and program.stat().st_uid not in (0, os.geteuid()):
        raise RuckusError(f"{program} is another user's, and is not run", "")
    try:
        _, output = run([program, "uses"], env={"RUCKUS_BUILDDIR": str(builddir)})
        return read_record(Uses, output.strip().rpartition("\n")[2])
    except RuckusError as error:
        said = [line for line in error.hint.splitlines() if line.strip()] or [error.message]
        raise RuckusError(said[0].removeprefix("ruckus: error: "), "") from error
    except (OSError, ValueError) as error:
        raise RuckusError(str(error), "") from error


def ask_all(builddirs: Sequence[Path]) -> list[Uses]:
    """What the plans of some build directories use as they are now.

    Raises RuckusError that names all that can't be evaluated: they may need anything.
    """
    answers, silent = [], []
    for builddir in builddirs:
        try:
            answers.append(ask(builddir))
        except RuckusError as error:
            silent.append((builddir, error.message))
    if silent:
        what = "\n".join(f"{builddir}: {message}" for builddir, message in silent)
        without = shlex.join([str(silent[0][0] / "ruckus"), "gc", *(f"--forget={builddir}" for builddir, _ in silent)])
        raise RuckusError(
            f"nothing was removed, because a plan that can't be evaluated may need it:\n{what}",
            f"mend the recipe, or, where nothing will be built again: {without}",
        )
    return answers
