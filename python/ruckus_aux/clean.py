"""`make clean` and `make distclean`: remove what Ruckus wrote, file by file where others may have written, too."""

from contextlib import ExitStack, suppress

from ruckus_aux.errors import RuckusError
from ruckus_aux.locks import holder, try_held
from ruckus_aux.merge import lock, stamps, unmerge
from ruckus_aux.ownership import BUILDROOT_NAMES, CACHE_NAMES, MARKER, is_ours
from ruckus_aux.settings import Settings
from ruckus_aux.store import remove

_KEPT = ("log", "journal.sqlite")  # until everything goes


def clean(settings: Settings, *, everything: bool) -> None:
    """Remove what was built in this build directory.

    $CLFS may be a mounted device or hold files of the user's, so only merged files are removed from it. A cache
    outside of BUILDROOT is shared with other build directories, and stays.
    everything: also downloaded sources, logs and the journal.
    Raises RuckusError, with nothing changed, while a step is at work there, or somebody in its folder.
    """
    if not is_ours(settings.buildroot):
        return
    with ExitStack() as stack:
        for path in (settings.buildroot / "work" / ".locks").glob("*"):
            if stack.enter_context(try_held(path)) is None:
                with path.open() as file:
                    raise RuckusError(f"{path.name} is in use: {holder(file)}", "wait for its end, or stop it")
        _clean(settings, everything=everything)


def _clean(settings: Settings, *, everything: bool) -> None:
    with lock(settings):
        for stamp in list(stamps(settings, pending=True)):
            unmerge(stamp)
    for folder in (settings.clfs, settings.buildroot / settings.prefix_hostprep.lstrip("/")):
        with suppress(OSError):  # others have files in it, or it is a mount point
            folder.rmdir()
    for name in BUILDROOT_NAMES:
        if everything or name not in _KEPT:
            remove(settings.buildroot / name)
    if settings.buildroot in settings.cache.parents and is_ours(settings.cache):
        for name in CACHE_NAMES if everything else ("store",):
            remove(settings.cache / name)
        if everything:
            (settings.cache / MARKER).unlink()
            with suppress(OSError):
                settings.cache.rmdir()
    if everything:
        (settings.buildroot / MARKER).unlink()
