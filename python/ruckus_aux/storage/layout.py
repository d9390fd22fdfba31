# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the systems of a build folder are: in plain folders, or on volumes of their own."""

import json
import os
import re
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from ruckus_aux.host import root
from ruckus_aux.host.writing import write_whole
from ruckus_aux.settings.settings import Settings, load
from ruckus_aux.storage.commands import FILE_SYSTEMS
from ruckus_aux.words.architecture import Architecture
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.paths import BUILDDIR, CONF, HOSTPREP, VOLUMES
from ruckus_aux.words.records import read_record
from ruckus_aux.words.terminal import size_in_bytes

BACKENDS = ("dir", "loop", "lvm")
MOUNTS = "/media"  # where volumes are mounted by default
SNAPSHOT = "before"  # how a snapshot is called by default
SNAPSHOT_SIZE = "2G"
_NAME = re.compile(r"[A-Za-z0-9_+.][A-Za-z0-9_+.-]*")  # of LVM: see lvm(8), VALID NAMES
_PATH = re.compile(r"/[A-Za-z0-9_.+@%/-]*")


@dataclass(frozen=True)
class Layout:
    """What the systems of a build folder are kept on.

    backend: one of BACKENDS. base: the folder of mount points; size: of each volume, as for lvcreate.
    file_system: one of root.FILE_SYSTEMS. group: LVM's volume group. pool: a thin pool in it, or "".
    """

    backend: str = "dir"
    base: str = MOUNTS
    size: str = "10G"
    file_system: str = "ext4"
    group: str = "vg00"
    pool: str = ""

    def check(self) -> None:
        """Raise RuckusError with everything that is wrong."""
        wrong = []
        if self.backend not in BACKENDS:
            wrong.append(f"--volumes={self.backend}: choose one of: {', '.join(BACKENDS)}")
        if self.file_system not in FILE_SYSTEMS:
            wrong.append(f"--file-system={self.file_system}: choose one of: {', '.join(FILE_SYSTEMS)}")
        if not _PATH.fullmatch(self.base) or ".." in self.base.split("/") or self.base == "/":
            wrong.append(f"--mount-base={self.base}: not an absolute path of letters, digits and _ . + @ % -")
        for option, name in (("--group", self.group), ("--pool", self.pool)):
            if name in (".", "..") or not (_NAME.fullmatch(name) or (option == "--pool" and not name)):
                wrong.append(f"{option}={name}: not a name that LVM allows")
        try:
            size_in_bytes(self.size)
        except RuckusError as error:
            wrong.append(error.message)
        if wrong:
            raise RuckusError("; ".join(wrong), "invoke --help volume-create explains the options")

    def check_places(self) -> None:
        """Raise RuckusError where others than root could lead root elsewhere: mount points, and LVM's devices."""
        if self.backend == "dir":
            return
        try:
            root.only_roots(Path(self.base))
            root.only_roots(Path("/dev") / self.group)
        except RuckusError as error:
            raise RuckusError(
                error.message, f"{error.hint}; choose another: --mount-base=/media --group=vg00"
            ) from error

    def options(self) -> list[str]:
        """How a command is told of it; nothing, where that is the default."""
        names = {"backend": "volumes", "base": "mount-base"}
        return [
            f"--{names.get(field.name, field.name.replace('_', '-'))}={value}"
            for field in fields(self)
            if (value := getattr(self, field.name)) != field.default
        ]

    def clfs(self, folder: Path, arch: Architecture) -> Path:
        """Where the system of an architecture is, in a build folder with this layout."""
        return (folder if self.backend == "dir" else Path(self.base)) / volume_name(arch)

    def save(self, folder: Path) -> None:
        """Let all later commands in a build folder find its systems there."""
        write_whole(folder / VOLUMES, json.dumps(asdict(self), indent=1) + "\n", lasting=True)


FOLDERS = Layout()


def layout(folder: Path) -> Layout:
    """What was saved in a build folder; plain folders, when nothing was. Raises RuckusError when it can't be read."""
    path = folder / VOLUMES
    try:
        found = read_record(Layout, path.read_bytes())
        found.check()
    except FileNotFoundError:
        return FOLDERS
    except (ValueError, RuckusError) as error:
        raise RuckusError(f"{path}: {error}", f"put it right, or remove it: rm {path}") from error
    return found


def chosen(folder: Path, **given: str) -> Layout:
    """The layout of a build folder, with what a command was given beside it; empty values were not given.

    Raises RuckusError for wrong values, and when volumes of another kind or place are there already.
    """
    wishes = {name: value for name, value in given.items() if value}
    if wishes.get("base", "").startswith("/"):
        wishes["base"] = os.path.realpath(wishes["base"])  # mounts are known by their paths
    found = layout(folder)
    new = replace(found, **wishes)
    new.check()
    fixed = {name for name in wishes if name != "size" and getattr(new, name) != getattr(found, name)}
    if fixed and (folder / VOLUMES).exists():
        was = ", ".join(f"{name} {getattr(found, name) or 'none'}" for name in sorted(fixed))
        raise RuckusError(
            f"{folder} has its volumes otherwise already: {was}",
            f"choose another --build-dir, or first: invoke volume-remove, and rm {folder / VOLUMES}",
        )
    return new


def volume_name(arch: Architecture, snapshot: str | None = None) -> str:
    """What the volume of an architecture's system is called, or a snapshot of it: baby-i686, baby-i686.before.

    Not with a hyphen: a snapshot of x86_64's could have the name of x86_64-64's volume.
    Raises RuckusError when that is no name for a snapshot.
    """
    if snapshot is not None and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_+-]{0,40}", snapshot):
        raise RuckusError(f"'{snapshot}' is no name for a snapshot", "letters, digits and _ + -, for instance: before")
    return f"baby-{arch.name}.{snapshot}" if snapshot else f"baby-{arch.name}"


def lent_name(volume: str, to: str) -> str:
    """What a snapshot of a volume is called that is lent to somebody for a while; no other has two dots."""
    return f"{volume}..{to}"


def clfs_of(folder: Path, arch: Architecture) -> Path:
    """Where a build of several architectures has the system of one."""
    return layout(folder).clfs(folder, arch)


def builddir_of(folder: Path, arch: Architecture) -> Path:
    """Where a build of several architectures configures one."""
    return clfs_of(folder, arch) / BUILDDIR


def prefix_of(folder: Path) -> Path:
    """Where a build of several architectures has the hostprep that is common to them: what --prefix names."""
    return folder / HOSTPREP


def cache_of(folder: Path) -> Path:
    """Where a build of several architectures has sources and artifacts: where an earlier version began, if it did."""
    earlier = folder / "cache"
    return earlier if any((earlier / name).is_dir() for name in ("sources", "store")) else prefix_of(folder) / "cache"


def defaults(srcdir: Path, folder: Path, arch: Architecture, profile: str, cpucount: int) -> Settings:
    """The settings of an architecture in the folder of a build: as configured there, or as it would be by default."""
    builddir = builddir_of(folder, arch)
    if (builddir / CONF).exists():
        return replace(load(builddir), profile=profile, cpucount=cpucount)
    return Settings(
        srcdir=srcdir,
        builddir=builddir,
        buildroot=builddir,
        clfs=clfs_of(folder, arch),
        cache=cache_of(folder),
        arch=arch,
        profile=profile,
        prefix_cross=f"/cross-tools-{arch.string}",
        prefix_tools=f"/tools-{arch.string}",
        prefix_hostprep="/hostprep",
        isolation="bwrap",
        cpucount=cpucount,
        prefix=prefix_of(folder),
    )
