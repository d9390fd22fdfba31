# SPDX-License-Identifier: GPL-3.0-or-later
"""What a builder's machine has as disks: an image of its system with what it needs to build, and room for results."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ruckus_aux.artifacts.store import Store
from ruckus_aux.builders.keys import has_ssh_server, identity_of_keys, keys_of, keys_on_disk
from ruckus_aux.builders.machine import IMAGE, Start
from ruckus_aux.builders.record import ARCHIVE
from ruckus_aux.builders.tree import PROGRAMS, has_root, in_root, native_tree
from ruckus_aux.host.writing import write_whole
from ruckus_aux.recipes.plan import Plan, Step
from ruckus_aux.settings.stamps import stamps
from ruckus_aux.steps.kinds import workplace_of
from ruckus_aux.steps.work import needed_tree
from ruckus_aux.systems.image import Addition, make_image
from ruckus_aux.words.paths import DISK_ID, NATIVE, SHOWN, USER
from ruckus_aux.words.terminal import MB

_ROOM_FACTOR = 3  # of what is installed and worked with: artifacts are on the disk twice
_ROOM = 4 << 30  # bytes, for what costs don't know; what is not used takes no room in an image
_LEAST_ROOM = 64 << 20  # bytes in an image that grows where it is used
_RESULTS_ROOM = 2 << 30  # bytes, for the same, and for logs


class Disks:
    """Of the builder of a build directory.

    grows: whether the image's file system is resized where it is written to, so that no room is sent there.
    """

    def __init__(self, plan: Plan, folder: Path, *, grows: bool = False) -> None:
        self.plan, self.grows = plan, grows
        self.image = folder / IMAGE
        self._identity = folder / DISK_ID
        self._native = folder / "native"

    def make(self, start: Start) -> str:
        """Make the image, unless there is one with this very system and these steps, on which to continue.

        Returns what tells it from any other.
        """
        steps = self._steps(start)
        files = native_tree(self.plan.settings, steps, self._native)
        found = hashlib.sha256(str(self.grows).encode())
        for stamp in sorted(f"{one.step} {one.key}" for one in stamps(self.plan.settings)):
            found.update(stamp.encode())
        keys = keys_of(self.image.parent, start.arch) if has_ssh_server(self.plan.settings) else None
        found.update(identity_of_keys(keys) if keys else b"")
        for name, path in sorted(files.items()):
            found.update(name.encode() + (b"" if name.startswith("sources/") else path.read_bytes()))
        found.update(f"{self._room(start)} bytes".encode())  # a full disk is followed by a larger one
        identity = found.hexdigest()
        if self.image.exists() and self._identity.exists() and self._identity.read_text() == identity:
            return identity
        self._identity.unlink(missing_ok=True)
        members = {f"{NATIVE}/{name}": path for name, path in files.items()} | (keys_on_disk(keys) if keys else {})
        room = _LEAST_ROOM if self.grows else self._room(start)
        with shown_trees(steps) as trees:
            shown = {f"{SHOWN}/{name}": tree for name, tree in trees.items()}
            make_image(self.plan, self.image, addition=Addition(members, shown, NATIVE, (USER, USER), room))
        write_whole(self._identity, identity, lasting=True)
        return identity

    def size(self, start: Start) -> int:
        """Bytes that the disk has to have for a start, when the image is made."""
        return self.image.stat().st_size + (self._room(start) if self.grows else 0)

    def _room(self, start: Start) -> int:
        steps = self._steps(start)
        largest = max(step.costs.disk for step in steps) * MB
        return _ROOM_FACTOR * (sum(map(_installed, steps)) + largest) + _ROOM

    def results_size(self, start: Start) -> int:
        """Bytes that the results of a start take at most."""
        return ARCHIVE + _RESULTS_ROOM + 2 * sum(map(_installed, self._steps(start)))

    def remove(self) -> None:
        """Remove the image: nothing is to continue on it."""
        self._identity.unlink(missing_ok=True)
        self.image.unlink(missing_ok=True)

    def _steps(self, start: Start) -> list[Step]:
        return [self.plan[name] for name in start.steps]


@contextmanager
def shown_trees(steps: Sequence[Step]) -> Iterator[dict[str, Path]]:
    """Trees by their names below SHOWN, for as long as they are needed: sources that steps share, and of roots.

    Args:
        steps: Those that a machine makes. What they make for each other, it has when it is made.

    Raises:
        RuckusError: The store lacks one.
    """
    trees: dict[str, Path] = {}
    with Store(steps[0].settings.cache).scratch("view") as view:
        for step in steps:
            if has_root(step) and PROGRAMS not in trees:
                system = [needed_tree(step, need) for need in step.needs[: step.implied]]
                place = workplace_of(step.settings, step.stage)
                place.gather(view, system)
                place.show(view, (), (), view)
                trees[PROGRAMS] = view
            shown = [need for need in (*step.shared_source, *in_root(step)) if need not in steps]
            trees |= {need.name.dotted: needed_tree(step, need) for need in shown}
        yield trees


def _installed(step: Step) -> int:
    return step.costs.installed * MB
