"""`make clean` and `make distclean`: remove what Ruckus wrote, file by file where others may have written, too."""

from contextlib import suppress

from ruckus_aux.merge import stamps, unmerge
from ruckus_aux.settings import Settings
from ruckus_aux.store import remove


def clean(settings: Settings, *, everything: bool) -> None:
    """Remove what was built in this build directory.

    $CLFS may be a mounted device or hold files of the user's, so only merged files are removed from it. A cache
    outside of BUILDROOT is shared with other build directories, and stays.
    everything: also downloaded sources, logs and the journal.
    """
    for stamp in list(stamps(settings)):
        unmerge(stamp)
    for folder in (settings.clfs, settings.buildroot / settings.prefix_hostprep.lstrip("/")):
        with suppress(OSError):  # others have files in it, or it is a mount point
            folder.rmdir()
    names = ["work", "stamps", "graph.mk"] + (["log", "journal.sqlite"] if everything else [])
    for name in names:
        remove(settings.buildroot / name)
    if settings.buildroot in settings.cache.parents:
        remove(settings.cache if everything else settings.cache / "store")
