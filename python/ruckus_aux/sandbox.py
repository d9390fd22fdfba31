"""Where a step's script runs: a bubblewrap sandbox, or, without isolation, the host itself.

In the sandbox a step sees the host's /usr read-only, the artifacts of its declared dependencies at the prefixes, and
one writable folder, /ruckus; no network, no home, no other file of the host. Paths are the same for everybody, so
that what a compiler writes into its output is, too. See bwrap(1).
"""

import os
from collections.abc import Mapping
from pathlib import Path

from ruckus_aux.host import STEP_ENVIRONMENT
from ruckus_aux.recipe import SOURCE
from ruckus_aux.settings import Settings
from ruckus_aux.store import SOURCE_DATE_EPOCH

INSIDE = Path("/ruckus")
COMMON_STAGES = ("hostprep", SOURCE)  # the same for every architecture
HOST_STAGES = (*COMMON_STAGES, "cross", "stage1")  # they see the host's /usr, so their keys know the host
CCACHE_COMPILERS = Path("/usr/lib/ccache")  # where distributions put links to ccache, named like the compilers
CCACHE_LOG = "ccache.log"  # in the working folder: a line for each hit and miss
_CCACHE = INSIDE / "ccache"
# What of the host's root is needed to run a compiler. Symbolic links (/lib -> usr/lib) stay links.
_HOST = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32")
_ETC = ("alternatives", "ld.so.cache", "passwd", "group")
RESERVED = tuple(f"/{name}" for name in (*_HOST, "etc", "dev", "proc", "tmp", "ruckus"))


def environment(
    settings: Settings, stage: str, work: Path, jobserver: Mapping[str, str], source: Path | None = None
) -> dict[str, str]:
    """The whole environment of a step.

    stage: the step's; before there is a cross toolchain, its prefix is not in PATH, and so not in the step's key.
    work: its working folder as the script sees it.
    jobserver: MAKEFLAGS with the run's jobserver, or nothing.
    source: its shared source on the host, which only without isolation is not at work/src.
    """
    cross = f"{settings.prefix_cross}/bin:" if stage not in COMMON_STAGES else ""
    return {
        **STEP_ENVIRONMENT,
        "PATH": f"{cross}{settings.prefix_hostprep}/bin:{STEP_ENVIRONMENT['PATH']}",
        "HOME": str(work),
        "SHELL": "/bin/sh",
        "CONFIG_SHELL": "/bin/sh",
        "TMPDIR": "/tmp",
        "V": "1",  # to automake's makefiles: the log has the compilers' whole command lines
        "SOURCE_DATE_EPOCH": str(SOURCE_DATE_EPOCH),
        "SOURCES": str(work / "sources"),
        "FILES": str(work / "files"),
        "SRC": str(source if source and settings.isolation == "none" else work / "src"),
        "BUILD": str(work / "build"),
        "OUT": str(work / "out"),
        **jobserver,
    }


def ccache_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """What lets a step in the sandbox compile through ccache; never part of a key, because objects are the same.

    environment: the step's, whose PATH is changed so that the host's compilers, and only they, are ccache's.
    See ccache(1).
    """
    path = environment["PATH"].split(":")
    path.insert(path.index("/usr/bin"), str(CCACHE_COMPILERS))
    return {
        "PATH": ":".join(path),
        "CCACHE_DIR": str(_CCACHE),
        "CCACHE_TEMPDIR": "/tmp",
        "CCACHE_COMPILERCHECK": "content",
        "CCACHE_EXTRAFILES": "/usr/bin/as",  # it makes the object, and ccache looks at the compiler only
        "CCACHE_MAXSIZE": "5G",
        "CCACHE_STATSLOG": str(INSIDE / CCACHE_LOG),
    }


def inside(settings: Settings, work: Path) -> Path:
    """The working folder as the step's script sees it."""
    return INSIDE if settings.isolation == "bwrap" else work


def command(
    settings: Settings,
    work: Path,
    view: Path,
    program: list[str],
    *,
    source: Path | None = None,
    ccache: Path | None = None,
    fifo: Path | None = None,
    terminal: bool = False,
) -> list[str]:
    """The command that runs a program where a step of these settings runs.

    work: the step's working folder on the host.
    view: a folder that holds the artifacts of its dependencies, merged.
    source: its shared source, which it sees as $SRC and can't write to.
    ccache: the folder of the host's objects, for a step that shares them.
    fifo: the jobserver's named pipe, when it has one.
    terminal: keep the terminal, for a shell that a person types into.
    """
    if settings.isolation == "none":
        return program
    # As process 1 the script is bwrap's own child, which it waits for: else nobody learns what it cost.
    words = ["bwrap", "--unshare-all", "--as-pid-1", "--die-with-parent", "--hostname", "ruckus"]
    if not terminal:
        words.append("--new-session")
    for name in _HOST:
        path = f"/{name}"
        if os.path.islink(path):
            words += ["--symlink", os.readlink(path), path]
        elif os.path.isdir(path):
            words += ["--ro-bind", path, path]
    words += ["--tmpfs", "/usr/local"]
    for name in _ETC:
        words += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    words += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]
    if fifo:
        words += ["--bind", str(fifo), str(fifo)]
    for prefix in (settings.prefix_hostprep, settings.prefix_tools, settings.prefix_cross):
        words += ["--ro-bind", f"{view}{prefix}", prefix]
    words += ["--bind", str(work), str(INSIDE)]
    for name in ("sources", "files"):
        words += ["--ro-bind", str(work / name), str(INSIDE / name)]
    if source:
        words += ["--ro-bind", str(source), str(INSIDE / "src")]
    if ccache:
        words += ["--bind", str(ccache), str(_CCACHE)]
    return [*words, "--chdir", str(INSIDE), "--", *program]
