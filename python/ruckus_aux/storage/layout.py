# SPDX-License-Identifier: GPL-3.0-or-later
"""What the systems of a build folder are kept on: plain folders, or volumes of their own; and where they are."""

import json
import os
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path

from ruckus_aux.host import root
from ruckus_aux.host.writing import write_whole
from ruckus_aux.storage.commands import FILE_SYSTEMS
from ruckus_aux.words.architecture import Architecture
from ruckus_aux.words.errors import Mistakes, RuckusError
from ruckus_aux.words.hints import invoke_command
from ruckus_aux.words.paths import BUILDDIR, HOSTPREP, VOLUMES
from ruckus_aux.words.records import read_record
from ruckus_aux.words.terminal import size_in_bytes

SNAPSHOT = "before"  # what a snapshot is called by default
SNAPSHOT_SIZE = "2G"
_NAME = re.compile(r"[A-Za-z0-9_+.][A-Za-z0-9_+.-]*")  # of LVM: see lvm(8), VALID NAMES
_PATH = re.compile(r"/[A-Za-z0-9_.+@%/-]*")


def _one_of(*choices: str) -> Callable[[str], str]:
    return lambda value: "" if value in choices else f"choose one of: {', '.join(choices)}"


def _size(value: str) -> str:
    try:
        size_in_bytes(value)
    except RuckusError:
        return "not a size"
    return ""


def _folder(value: str) -> str:
    sound = _PATH.fullmatch(value) and ".." not in value.split("/") and value != "/"
    return "" if sound else "not an absolute path of letters, digits and _ . + @ % -"


def _lvm_name(value: str) -> str:
    return "" if _NAME.fullmatch(value) and value not in (".", "..") else "not a name that LVM allows"


@dataclass(frozen=True)
class VolumeOption:
    """An option of the tasks for volumes.

    name: as it is typed, without the two hyphens. field: of Layout.
    help: one line. default: what holds when it is not given.
    check: says what is wrong with a value, or "".
    """

    name: str
    field: str
    help: str
    default: str
    check: Callable[[str], str]

    @property
    def argument(self) -> str:
        """Its name as a task's argument."""
        return self.name.replace("-", "_")


def _option(default: str, name: str, text: str, check: Callable[[str], str]) -> str:
    """A field of Layout, which defines an option: its value by default, name, help and check."""
    metadata = {"name": name, "help": f"{text} (default: {default or 'none'})", "check": check}
    value: str = field(default=default, metadata=metadata)
    return value


@dataclass(frozen=True)
class Layout:
    """What the systems of a build folder are kept on; each field is an option of the tasks for volumes, see OPTIONS."""

    backend: str = _option(
        "dir",
        "volumes",
        "what systems are kept on: dir (plain folders, no root), loop (image files), lvm",
        _one_of("dir", "loop", "lvm"),
    )
    base: str = _option("/media", "mount-base", "folder of the volumes' mount points", _folder)
    size: str = _option("10G", "size", "of each volume, in units of 1024: M, G or T", _size)
    file_system: str = _option("ext4", "file-system", f"one of: {', '.join(FILE_SYSTEMS)}", _one_of(*FILE_SYSTEMS))
    group: str = _option("vg00", "group", "LVM's volume group", _lvm_name)
    pool: str = _option("", "pool", "a thin pool in that group", lambda value: _lvm_name(value) if value else "")

    def check(self) -> None:
        """Raise RuckusError with everything that is wrong."""
        mistakes = Mistakes()
        for option in VOLUME_OPTIONS:
            if complaint := option.check(value := getattr(self, option.field)):
                mistakes.add(f"--{option.name}={value}: {complaint}", "invoke --help volume-create explains it")
        mistakes.check("wrong options")

    def check_places(self) -> None:
        """Raise RuckusError where other users could redirect root's commands: at mount points, and LVM's devices."""
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
        """The options with which a command is told of it; none, where it is the default."""
        values = {option: getattr(self, option.field) for option in VOLUME_OPTIONS}
        return [f"--{option.name}={value}" for option, value in values.items() if value != option.default]

    def clfs(self, folder: Path, arch: Architecture) -> Path:
        """Where the system of an architecture is, in a build folder with this layout.

        Args:
            folder: The build folder.
            arch: The architecture.
        """
        return (folder if self.backend == "dir" else Path(self.base)) / volume_name(arch)

    def save(self, folder: Path) -> None:
        """Let all later commands in a build folder find its systems there."""
        write_whole(folder / VOLUMES, json.dumps(asdict(self), indent=1) + "\n", lasting=True)


VOLUME_OPTIONS = tuple(
    VolumeOption(field=item.name, default=item.default, **item.metadata)  # type: ignore[arg-type] # of _option
    for item in fields(Layout)
)
FOLDERS = Layout()


def layout(folder: Path) -> Layout:
    """What was saved in a build folder; plain folders, when nothing was. Raises RuckusError when it can't be read."""
    path = folder / VOLUMES
    try:
        saved = read_record(Layout, path.read_bytes())
        saved.check()
    except FileNotFoundError:
        return FOLDERS
    except (ValueError, RuckusError) as error:
        raise RuckusError(f"{path}: {error}", f"put it right, or remove it: rm {path}") from error
    return saved


def chosen(folder: Path, **given: str) -> Layout:
    """The layout of a build folder, with what a command was given in addition.

    Args:
        folder: The build folder.
        given: Values by the options' arguments; empty ones were not given.

    Raises:
        RuckusError: A value is wrong, or volumes of another kind or place exist already.
    """
    saved = layout(folder)
    changes = {option: value for option in VOLUME_OPTIONS if (value := given.get(option.argument, ""))}
    values = {option.field: value for option, value in changes.items()}
    if values.get("base", "").startswith("/"):
        values["base"] = os.path.realpath(values["base"])  # mounts are known by their paths
    new = replace(saved, **values)
    new.check()
    fixed = [option for option in changes if option.field != "size" and _differs(option, saved, new)]
    if fixed and (folder / VOLUMES).exists():
        remove = invoke_command("volume-remove", f"--build-dir={folder}")
        earlier = " ".join(f"--{option.name}={getattr(saved, option.field)}" for option in fixed)
        raise RuckusError(
            f"{folder} has its volumes otherwise already: {earlier}",
            f"choose another --build-dir, or first: {remove}\nand rm {folder / VOLUMES}",
        )
    return new


def _differs(option: VolumeOption, saved: Layout, new: Layout) -> bool:
    return bool(getattr(saved, option.field) != getattr(new, option.field))


def volume_name(arch: Architecture, snapshot: str | None = None) -> str:
    """The name of the volume of an architecture's system, or of a snapshot of it: baby-i686, baby-i686.before.

    Not with a hyphen: a snapshot of x86_64's could have the name of x86_64-64's volume.

    Args:
        arch: The architecture.
        snapshot: What a person calls the snapshot.

    Raises:
        RuckusError: That is not a name for a snapshot.
    """
    if snapshot is not None and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_+-]{0,40}", snapshot):
        raise RuckusError(
            f"'{snapshot}' is not a name for a snapshot", "letters, digits and _ + -, for instance: before"
        )
    return f"baby-{arch.name}.{snapshot}" if snapshot else f"baby-{arch.name}"


def arch_name(volume: str) -> str:
    """The name of the architecture that a volume is for."""
    return volume.removeprefix("baby-").partition(".")[0]


def lent_name(volume: str, to: str) -> str:
    """The name of a snapshot that is lent for a while; no other has two dots.

    Args:
        volume: The name of the volume.
        to: Who gets it.
    """
    return f"{volume}..{to}"


def is_lent_name(name: str) -> bool:
    """Whether a volume is such a snapshot."""
    return ".." in name


def clfs_of(folder: Path, arch: Architecture) -> Path:
    """Where a build of several architectures has the system of one.

    Args:
        folder: The build folder.
        arch: The architecture.
    """
    return layout(folder).clfs(folder, arch)


def builddir_of(folder: Path, arch: Architecture) -> Path:
    """Where a build of several architectures configures one.

    Args:
        folder: The build folder.
        arch: The architecture.
    """
    return clfs_of(folder, arch) / BUILDDIR


def prefix_of(folder: Path) -> Path:
    """Where a build of several architectures has the hostprep that is common to them: what --prefix names."""
    return folder / HOSTPREP


def cache_of(folder: Path) -> Path:
    """Where a build of several architectures has sources and artifacts: where an earlier version began, if it did."""
    earlier = folder / "cache"
    return earlier if any((earlier / name).is_dir() for name in ("sources", "store")) else prefix_of(folder) / "cache"
