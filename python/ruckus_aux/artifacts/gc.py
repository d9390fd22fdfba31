# SPDX-License-Identifier: GPL-3.0-or-later
"""`gc`: remove from a cache what no build directory uses any more.

What the plan of a known build directory needs stays (registry.py), and what was used of late; the rest goes.
An artifact is renamed out of the way while no build uses the store, and then removed: nobody finds half of one, and
what a killed `gc` has left there is removed by the next one, or by the next build.
"""

import os
import re
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

from ruckus_aux.artifacts.contents import (
    ARTIFACTS,
    DOWNLOADS,
    OBJECTS,
    UNPACKED,
    Item,
    compiled,
    contents,
    latest_to_go,
    without_objects,
)
from ruckus_aux.artifacts.registry import Known, Uses, ask_all, begun, known
from ruckus_aux.artifacts.store import Store
from ruckus_aux.artifacts.twins import sweep_twins
from ruckus_aux.host.locks import try_held
from ruckus_aux.host.trees import remove, size
from ruckus_aux.settings.ownership import check_own_cache, is_ours
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.terminal import readable_size, size_in_bytes

KEEP = 30  # days, unless something else is asked for
_DAY = 86400.0


@dataclass(frozen=True)
class Retention:
    """What is to stay.

    keep: days; what was used since then stays. None: KEEP, or, where there is a largest size, 0.
    max_size: bytes; when no more is left, the rest stays, too. None: there is no such limit.
    downloads: whether downloads go, too.
    """

    keep: int | None = None
    max_size: int | None = None
    downloads: bool = False

    @property
    def days(self) -> int:
        """Days for which all stays that was used."""
        return self.keep if self.keep is not None else KEEP if self.max_size is None else 0

    @property
    def days_of_records(self) -> int:
        """Days for which a build directory counts that can't be found, such as one on another host."""
        return self.keep if self.keep is not None else KEEP


def limits(keep: str, max_size: str, *, downloads: bool) -> Retention:
    """What is to stay, as options of a command say it.

    Args:
        keep: days; "" when it wasn't given.
        max_size: such as 20G; "" when it wasn't given.
        downloads: as in Limits.

    Raises:
        RuckusError: one of them is wrong.
    """
    if keep and not re.fullmatch("[0-9]{1,5}", keep):
        raise RuckusError(f"--keep={keep}: not a number of days", f"for instance: --keep={KEEP}")
    largest = size_in_bytes(max_size, "--max-size") if max_size else None
    return Retention(int(keep) if keep else None, largest, downloads)


class Collector:
    """A cache, and what is to stay of it."""

    def __init__(self, cache: Path, limits: Retention, *, dry_run: bool = False) -> None:
        """Take up a cache of this user's.

        Args:
            cache: the folder.
            limits: what is to stay.
            dry_run: only say what would be done.

        Raises:
            RuckusError: it is not one, or another user's.
        """
        check_own_cache(cache)
        if not is_ours(cache):
            raise RuckusError(f"{cache} is not a cache of Ruckus", "nothing was built with it yet: make bootstrap")
        self.cache = cache
        self.limits = limits
        self.dry_run = dry_run
        self.store = Store(cache)
        self.now = time.time()
        self.freed = 0

    def run(self, builddirs: Iterable[Path] = (), forgotten: Collection[Path] = ()) -> None:
        """Say what stays, and why; remove the rest.

        Args:
            builddirs: build directories that use the cache, whether there was a make in them or not.
            forgotten: build directories that don't count any more.

        Raises:
            RuckusError: when a plan can't be evaluated, or a build uses the store: nothing was changed then. When one
                begins to: what was said to be removed is.
        """
        if not self.dry_run:
            with self.store.unswept():
                self.store.check_at_rest()
        uses, gone = self._uses(set(builddirs), forgotten)
        items = contents(self.cache, uses, downloads=self.limits.downloads)
        since = begun(self.cache) or self.now
        moment = self.now - self.limits.days * _DAY
        # What was used before may be that of a build directory that the cache does not know.
        latest = 0.0 if since > moment else latest_to_go(items, moment, self.limits.max_size)
        reasons = {item: item.reason or self._reason(item, latest, since) for item in items}
        going = [item for item, reason in reasons.items() if not reason]
        self._say_kept(reasons, len({one.builddir for one in uses}))
        try:
            self._remove(gone, going, latest)
        finally:
            total = readable_size(_size_of(items))
            print(f"{'would free' if self.dry_run else 'freed'} {readable_size(self.freed)} of {total}")

    def _uses(self, builddirs: set[Path], forgotten: Collection[Path]) -> tuple[list[Uses], list[Known]]:
        """What is used of the cache, and the records that don't count any more."""
        records = known(self.cache)
        here = {record.uses.builddir for record in records if record.is_here} | builddirs
        answers = {uses.builddir: uses for uses in ask_all(sorted(here.difference(forgotten))) if self._is_ours(uses)}
        oldest = self.now - self.limits.days_of_records * _DAY
        live: list[Known] = []
        gone: list[Known] = []
        for record in records:
            builddir = record.uses.builddir
            counts = (record.is_here and builddir in answers) or record.made > oldest
            (live if counts and builddir not in forgotten else gone).append(record)
        return [*answers.values(), *(record.uses for record in live)], gone

    def _is_ours(self, uses: Uses) -> bool:
        with suppress(OSError):
            return os.path.samefile(uses.cache, self.cache)
        return False

    def _reason(self, item: Item, latest: float, since: float) -> str:
        """Why something stays that no plan needs; "" when it goes."""
        if item.used <= latest:
            return ""
        if since > self.now - self.limits.days * _DAY:
            return f"the cache knows who uses it since {_day(since)} only"
        if item.used > self.now:
            return "dated in the future"
        return f"used in the last {self.limits.days} days" if self.limits.days else "there is room for them"

    def _remove(self, gone: Sequence[Known], going: Sequence[Item], latest: float) -> None:
        self._forget(gone)
        self._sweep()
        for item in going:
            if item.kind in (ARTIFACTS, UNPACKED) and self._retired(item, latest):
                self._say_removed_items(item.name, [item])
        self._remove_objects([item for item in going if item.kind == OBJECTS], latest)
        self._remove_downloads([item for item in going if item.kind == DOWNLOADS])
        if not self.dry_run:
            self.store.sweep_names()
            sweep_twins(self.store)
            self.store.drop_views()

    def _forget(self, gone: Sequence[Known]) -> None:
        for record in gone:
            if not self.dry_run:
                record.path.unlink(missing_ok=True)
            verb = "FORGET" if self.dry_run else "FORGOT"
            print(f"  {verb:<8} {record.uses.builddir}, made last on {_day(record.made)}")

    def _sweep(self) -> None:
        left = self.store.leftovers()
        freed = sum(map(size, left))
        if not self.dry_run:
            self.store.sweep()
        if left:
            self._say_removed(f"{len(left)} leftovers", freed, "of what was killed")

    def _retired(self, item: Item, latest: float) -> bool:
        """Remove an artifact, unless a make has come to need it meanwhile; in a dry run, do nothing of that."""
        key = item.path.name

        def is_unused() -> bool:
            needed = any(key in record.uses.keys for record in known(self.cache))
            return not needed and self.store.last_used(key) <= latest

        return self.dry_run or self.store.retire(key, is_unused)

    def _remove_objects(self, items: Sequence[Item], latest: float) -> None:
        """Remove objects one by one; ccache takes one that is gone for one that never was."""
        families: dict[str, list[Item]] = {}
        for item in items if self.dry_run else self._removed_objects(items, latest):
            families.setdefault(item.name, []).append(item)
        for family, members in families.items():
            self._say_removed_items(f"{len(members)} {OBJECTS} of {family}", members)

    def _removed_objects(self, items: Sequence[Item], latest: float) -> list[Item]:
        removed = []
        by_path = {item.path: item for item in items}
        for path, descriptor, status in compiled(self.cache / "ccache"):
            if path in by_path and status.st_mtime <= latest:  # not used meanwhile
                os.unlink(path.name, dir_fd=descriptor)
                removed.append(by_path[path])
        for folder in without_objects(self.cache / "ccache", latest):
            remove(folder)
        return removed

    def _remove_downloads(self, items: Sequence[Item]) -> None:
        with nullcontext(0) if self.dry_run or not items else try_held(self.cache / "sources" / "lock") as free:
            if free is None:
                print("  NOTE     downloads stay, because another build fetches some now")
                return
            for item in items:
                if not self.dry_run:
                    remove(item.path)
                self._say_removed_items(item.name, [item])

    def _say_kept(self, reasons: Mapping[Item, str], builddirs: int) -> None:
        plural = "y" if builddirs == 1 else "ies"
        print(f"{self.cache}, of {builddirs} build director{plural}{': a dry run' if self.dry_run else ''}")
        groups: dict[tuple[str, str], list[Item]] = {}
        for item, reason in reasons.items():
            if reason:
                groups.setdefault((item.kind, reason), []).append(item)
        for (kind, reason), items in groups.items():
            self._say("KEEP" if self.dry_run else "KEPT", f"{len(items)} {kind}", _size_of(items), reason)

    def _say_removed_items(self, what: str, items: Sequence[Item]) -> None:
        self._say_removed(what, _size_of(items), f"used last on {_day(max(item.used for item in items))}")

    def _say_removed(self, what: str, freed: int, why: str) -> None:
        self.freed += freed
        self._say("REMOVE" if self.dry_run else "REMOVED", what, freed, why)

    @staticmethod
    def _say(verb: str, what: str, number: int, why: str) -> None:
        print(f"  {verb:<8} {what:<40} {readable_size(number):>11}   {why}", flush=True)


def _size_of(items: Iterable[Item]) -> int:
    return sum(item.size for item in items)


def _day(moment: float) -> str:
    return time.strftime("%Y-%m-%d", time.localtime(moment))
