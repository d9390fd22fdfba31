# SPDX-License-Identifier: GPL-3.0-or-later
"""`make clean` and `make distclean`: remove what Ruckus wrote, file by file where others may have written, too."""

import os
from collections.abc import Collection
from contextlib import ExitStack, suppress
from pathlib import Path

from ruckus_aux.artifacts.registry import forget
from ruckus_aux.host.locks import holder, try_held
from ruckus_aux.host.trees import remove
from ruckus_aux.settings.ownership import is_ours
from ruckus_aux.settings.settings import Settings
from ruckus_aux.settings.stamps import lock, stamps
from ruckus_aux.steps.gate import Gate
from ruckus_aux.steps.merge import unmerge
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.paths import BUILDROOT_NAMES, CACHE_NAMES, JOURNAL, MARKER, PREFIX_NAMES, SOURCES_LOCK

_LOCKS = "work/.locks/*"
_KEPT = ("log", JOURNAL, SOURCES_LOCK, "sources", "ccache", "running", "builds")  # until everything goes


def clean(settings: Settings, *, everything: bool) -> None:
    """Remove what was built in this build directory.

    $CLFS may be a mounted device or hold files of the user's, so only merged files are removed from it. A cache
    outside of BUILDROOT is shared with other build directories, and stays.

    Args:
        settings: Of the build directory.
        everything: Also remove downloaded sources, logs, the journal, and the links that builds without a sandbox need.

    Raises:
        RuckusError: A step is running there, its folder is in use, or a step of another build directory uses the cache
            that would be removed. Nothing was changed.
    """
    if is_ours(settings.buildroot):
        with ExitStack() as stack:
            for path in settings.buildroot.glob(_LOCKS):
                if stack.enter_context(try_held(path)) is None:
                    with path.open() as file:
                        raise RuckusError(f"{path.name} is in use: {holder(file)}", "wait for its end, or stop it")
            if settings.buildroot in settings.cache.parents:
                for other in Gate(settings.cache).running():
                    raise RuckusError(
                        f"{settings.cache} is in use: for {other.step} in {other.folder}",
                        "wait for its end, or stop it",
                    )
            _clean(settings, everything=everything)
    if everything:
        _remove_links(settings)


def _clean(settings: Settings, *, everything: bool) -> None:
    cache = settings.cache
    with lock(settings):
        merged = list(stamps(settings, pending=True))
        for stamp in merged:
            unmerge(stamp)
    for folder in sorted({stamp.root for stamp in merged}):
        steps = sum(stamp.root == folder and bool(stamp.files) for stamp in merged)
        print(f"  REMOVED  from {folder}: what {steps} steps had installed")
    for folder in (settings.clfs, settings.buildroot / settings.prefix_hostprep.lstrip("/")):
        with suppress(OSError):  # others have files in it, or it is a mount point
            folder.rmdir()
    if settings.clfs.exists():
        print(f"  KEPT     {settings.clfs}: a mount point, or with files that no step has installed")
    kept = () if everything else _KEPT
    _remove_names(settings.buildroot, BUILDROOT_NAMES, kept)
    if settings.buildroot in cache.parents and is_ours(cache):
        _remove_names(cache, CACHE_NAMES, kept)
        if everything:
            (cache / MARKER).unlink()
            with suppress(OSError):
                cache.rmdir()
    elif cache.exists():
        print(f"  KEPT     {cache}: other build directories may use it")
        if everything:
            forget(settings)
    if (prefix := settings.prefix) and is_ours(prefix) and settings.buildroot in prefix.parents:
        _remove_names(prefix, PREFIX_NAMES, ())
        if everything:
            (prefix / MARKER).unlink()
            with suppress(OSError):
                prefix.rmdir()
    elif prefix and (boot := settings.boot_files).exists():
        print(f"  KEPT     {boot}: {prefix} is not this build directory's alone")
    if everything:
        (settings.buildroot / MARKER).unlink()


def _remove_names(folder: Path, names: Collection[str], kept: Collection[str]) -> None:
    """Remove everything with these names in a folder, except for what is kept."""
    there = [name for name in names if os.path.lexists(folder / name)]
    for name in there:
        if name not in kept:
            remove(folder / name)
    if removed := [name for name in there if name not in kept]:
        print(f"  REMOVED  from {folder}: {' '.join(removed)}")
    if left := [name for name in there if name in kept]:
        print(f"  KEPT     in {folder}: {' '.join(left)}   (until make distclean)")


def _remove_links(settings: Settings) -> None:
    """Remove the symbolic links that steps needed without a sandbox, when they lead into this build."""
    refused = []
    for prefix, folder in settings.prefixes.items():
        if os.path.islink(prefix) and os.path.realpath(prefix) == os.path.realpath(f"{folder}{prefix}"):
            try:
                os.unlink(prefix)
                print(f"  REMOVED  {prefix}, a link into {folder}")
            except PermissionError:
                refused.append(prefix)
    if refused:
        print(f"  KEPT     links into this build; to remove them, as root: rm {' '.join(refused)}")
