# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cache holds that `gc` may remove, with its size, and when it was used last.

When that was is the time of a file: of an artifact's record, which every make renews for its whole plan; of a compiled
object, which ccache renews with every hit; of a download's inode, which changes whenever a step links it.
"""

import os
import re
import stat
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from ruckus_aux.artifacts.registry import Uses
from ruckus_aux.artifacts.store import Store
from ruckus_aux.host.trees import size
from ruckus_aux.words.paths import USER
from ruckus_aux.words.stage import SOURCE

ARTIFACTS, UNPACKED, OBJECTS, DOWNLOADS = "artifacts", "unpacked sources", "compiled objects", "downloads"
NEEDED, FOREIGN, NOT_ASKED = "plans need them", "another user's", "--downloads removes what no plan needs"
# What ccache has in its folders beside objects; see "Cache directory structure" in its manual, and what 3.x had.
_BOOKKEEPING = re.compile(r"stats|CACHEDIR\.TAG|ccache\.conf|.*\.lock")
_OBJECT = re.compile(r"[0-9a-v]{20,}[-.A-Za-z0-9_]*")
_DIGITS = tuple("0123456789abcdef")


class Item(NamedTuple):
    """Something in a cache.

    kind: ARTIFACTS, UNPACKED, OBJECTS or DOWNLOADS. name: what a person calls it, or what it is a part of.
    path: where it is; of an artifact, the key is its name. size: bytes.
    used: when it was used last, in seconds since 1970. reason: why it stays in any case; "" when it doesn't.
    """

    kind: str
    name: str
    path: Path
    size: int
    used: float
    reason: str = ""


def contents(cache: Path, uses: Collection[Uses], *, downloads: bool) -> list[Item]:
    """Everything in a cache that `gc` knows.

    Args:
        cache: the folder.
        uses: what plans use of it, and so stays.
        downloads: whether those may go that no plan uses.
    """
    keys = {key for one in uses for key in one.keys}
    names = {name for one in uses for name in one.downloads}
    return [
        *_artifacts(Store(cache), keys),
        *_objects(cache / "ccache"),
        *_downloads(cache / "sources", names, asked=downloads),
    ]


def _artifacts(store: Store, needed: Collection[str]) -> Iterator[Item]:
    keys, shared = store.keys(), set[int]()
    for key in keys:
        with suppress(FileNotFoundError):  # a build has just discarded it
            record, tree = store.record(key), store.tree(key)
            step = record.step if record else "an unknown step"
            kind = UNPACKED if f"/{SOURCE.name}/" in f"/{step}" else ARTIFACTS
            reason = NEEDED if key in needed else _foreign(tree.lstat())
            yield Item(kind, step, tree, size(tree, shared), store.last_used(key), reason)


def _objects(folder: Path) -> Iterator[Item]:
    for path, _, status in compiled(folder):
        family = unquote(path.relative_to(folder).parts[0]).strip()
        name = "an earlier version" if family in _DIGITS else family
        yield Item(OBJECTS, name, path, status.st_blocks * 512, status.st_mtime, _foreign(status, USER))


def compiled(folder: Path) -> Iterator[tuple[Path, int, os.stat_result]]:
    """The objects below a folder of ccache's: path, a descriptor of the folder that each is in, and lstat(2).

    Steps can write to these folders, so no link is followed, whenever it is made.
    """
    for here, _, names, descriptor in os.fwalk(folder) if folder.is_dir() else ():
        for name in names if os.path.basename(here) in _DIGITS else ():
            with suppress(FileNotFoundError):
                status = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
                if _OBJECT.fullmatch(name) and stat.S_ISREG(status.st_mode):
                    yield Path(here, name), descriptor, status


def without_objects(folder: Path, moment: float) -> Iterator[Path]:
    """What in a folder of ccache's has no objects any more, only bookkeeping.

    Args:
        folder: The folder.
        moment: Seconds since 1970; bookkeeping that is not older stays.
    """

    def is_over(file: Path) -> bool:
        return _BOOKKEEPING.fullmatch(file.name) is not None and file.lstat().st_mtime <= moment

    for path in folder.glob("*"):
        files = [Path(here, name) for here, _, names in os.walk(path) for name in names]
        with suppress(FileNotFoundError):
            if path.is_dir() and all(map(is_over, files)):
                yield path


def _downloads(folder: Path, needed: Collection[str], *, asked: bool) -> Iterator[Item]:
    for path in sorted(folder.glob("*")):
        with suppress(FileNotFoundError):
            status = path.lstat()
            if path.name == "lock" or path.suffix == ".part":
                continue
            reason = NEEDED if path.name in needed else (_foreign(status) if asked else NOT_ASKED)
            bytes_on_disk = size(path) if stat.S_ISDIR(status.st_mode) else status.st_blocks * 512
            yield Item(DOWNLOADS, path.name, path, bytes_on_disk, max(status.st_mtime, status.st_ctime), reason)


def _foreign(status: os.stat_result, *others: int) -> str:
    return "" if status.st_uid in (os.geteuid(), *others) else FOREIGN


def latest_to_go(items: Iterable[Item], moment: float, max_size: int | None) -> float:
    """The moment up to which all goes that nothing keeps, in seconds since 1970; what was used last goes last.

    Args:
        items: what there is.
        moment: what was used later stays in any case.
        max_size: bytes; when no more than that is left, nothing goes any more.
    """
    if max_size is None:
        return moment
    counted = [item for item in items if item.reason != NOT_ASKED]
    left, latest = sum(item.size for item in counted), 0.0
    for item in sorted((item for item in counted if not item.reason), key=lambda item: item.used):
        if left <= max_size or item.used > moment:
            break
        left, latest = left - item.size, item.used
    return latest
