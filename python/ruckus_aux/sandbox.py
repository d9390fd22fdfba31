"""Where a step's script runs: a bubblewrap sandbox, or, without isolation, the host itself.

In the sandbox a step sees the host's /usr read-only, the artifacts of its declared dependencies at the prefixes, and
one writable folder, /ruckus; no network, no home, no other file of the host. Paths are the same for everybody, so
that what a compiler writes into its output is, too. See bwrap(1).
"""

import os
from collections.abc import Mapping
from pathlib import Path

from ruckus_aux.settings import Settings
from ruckus_aux.store import SOURCE_DATE_EPOCH

INSIDE = Path("/ruckus")
# What of the host's root is needed to run a compiler. Symbolic links (/lib -> usr/lib) stay links.
_HOST = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32")
_ETC = ("alternatives", "ld.so.cache", "passwd", "group")
RESERVED = tuple(f"/{name}" for name in (*_HOST, "etc", "dev", "proc", "tmp", "ruckus"))


def environment(settings: Settings, work: Path, jobserver: Mapping[str, str]) -> dict[str, str]:
    """The whole environment of a step.

    work: its working folder as the script sees it.
    jobserver: MAKEFLAGS with the run's jobserver, or nothing.
    """
    return {
        "PATH": f"{settings.prefix_cross}/bin:{settings.prefix_hostprep}/bin:/usr/bin:/bin:/usr/sbin:/sbin",
        "HOME": str(work),
        "LC_ALL": "C",
        "TZ": "UTC",
        "SHELL": "/bin/sh",
        "CONFIG_SHELL": "/bin/sh",
        "TMPDIR": "/tmp",
        "SOURCE_DATE_EPOCH": str(SOURCE_DATE_EPOCH),
        "SOURCES": str(work / "sources"),
        "FILES": str(work / "files"),
        "SRC": str(work / "src"),
        "BUILD": str(work / "build"),
        "OUT": str(work / "out"),
        **jobserver,
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
    fifo: Path | None = None,
    terminal: bool = False,
) -> list[str]:
    """The command that runs a program where a step of these settings runs.

    work: the step's working folder on the host.
    view: a folder that holds the artifacts of its dependencies, merged.
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
    return [*words, "--chdir", str(INSIDE), "--", *program]
