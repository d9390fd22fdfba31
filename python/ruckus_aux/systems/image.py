# SPDX-License-Identifier: GPL-3.0-or-later
"""`make image`: a finished system as an ext4 image, made without root.

debugfs(8) fills the file system, from a script that says of each file what it is: so owners, modes and device nodes are
those of the table, and neither who makes the image nor whose the files of $CLFS are plays a part. The same system gives
the same bytes: nothing in the image depends on the host's mke2fs.conf, on the time, or on chance.
"""

import os
import shutil
import stat
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ruckus_aux.artifacts.store import Store
from ruckus_aux.host.commands import run, user_name
from ruckus_aux.host.folders import chmod_of
from ruckus_aux.host.trees import walk
from ruckus_aux.recipes.environment import SOURCE_DATE_EPOCH
from ruckus_aux.recipes.plan import Plan
from ruckus_aux.settings.outputs import Mark, no_part, replaced
from ruckus_aux.settings.settings import Settings
from ruckus_aux.settings.stamps import lock, stamps
from ruckus_aux.systems import optional
from ruckus_aux.systems.table import ROOT, Owners, Table, read_table
from ruckus_aux.systems.whole import check_built
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.hints import make_command
from ruckus_aux.words.terminal import readable_size

_BLOCK = 4096  # bytes
_INODE = 256  # bytes
_JOURNAL = 16  # MiB
_SPARE = 64 << 20  # bytes that an image has beyond what is in it, and a tenth of that
_SPARE_INODES = 4096
_BYTES_AN_INODE = 16384  # of room for more files, as mke2fs has it
# What kernels since 3.18 can mount.
_FEATURES = "none,has_journal,ext_attr,resize_inode,dir_index,filetype,extent,64bit,flex_bg,sparse_super,large_file"
_FEATURES += ",huge_file,dir_nlink,extra_isize,metadata_csum"
IMAGE_MARK = Mark(0x478, (b"baby-", b"final-"))  # the label: s_volume_name of an image's first superblock
_ENVIRONMENT = {
    "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin",
    "LC_ALL": "C",
    "MKE2FS_CONFIG": "/dev/null",
    "E2FSPROGS_FAKE_TIME": str(SOURCE_DATE_EPOCH),
    "DEBUGFS_PAGER": "cat",
}


@dataclass(frozen=True)
class _Member:
    """A file, link or folder of an image: its path in the system, where it is now, and lstat(2) of that."""

    path: str
    source: Path
    status: os.stat_result

    @property
    def blocks(self) -> int:
        return -(-self.status.st_size // _BLOCK) if stat.S_ISREG(self.status.st_mode) else 1


def image_name(settings: Settings) -> str:
    """What an image is called by default."""
    return f"{'final' if settings.is_final else 'baby'}-{settings.arch.name}.ext4"


@dataclass(frozen=True)
class Addition:
    """What an image has beyond the system.

    files: and folders with a mode of their own, by their paths in it; everything below `folder` belongs to `owner`,
        and so does that itself.
    trees: folders with all that is in them, links too, by their paths in it.
    room: bytes that stay free for what is written there.
    """

    files: Mapping[str, Path]
    trees: Mapping[str, Path]
    folder: str
    owner: Owners
    room: int


def make_image(
    plan: Plan, output: Path, least: int = 0, *, cross: bool = False, addition: Addition | None = None
) -> None:
    """Write the system into an image; an image that is there already is replaced when the new one is whole.

    What no system needs is left out: a build directory, cache or hostprep that lies in $CLFS. Nothing is merged into
    the system meanwhile.

    Args:
        plan: All steps of the build directory.
        output: The image.
        least: Its size in bytes; 0 for what the system takes, and some room.
        cross: Whether it has the cross toolchain, too.
        addition: What it has besides.

    Raises:
        RuckusError: The system is not whole, the table is wrong, or there is no room; nothing was written.
    """
    with lock(plan.settings):
        check_built(plan, by_todays_recipes=False)  # what stands can be had, however old it is
        _make_image(plan, output, least, cross=cross, addition=addition)


def _make_image(plan: Plan, output: Path, least: int, *, cross: bool, addition: Addition | None) -> None:
    settings, table = plan.settings, read_table(plan)
    keys = sorted(f"{stamp.step} {stamp.key}" for stamp in stamps(settings) if stamp.root == settings.clfs)
    members = _members(settings, cross=cross)
    if addition:
        members, table = _added(members, table, addition)
    size, inodes = _measured(members, least, addition.room if addition else _SPARE)
    _check_room(output, size)
    script = "\n".join([*_script(members, table), ""])
    number = str(uuid.uuid5(uuid.NAMESPACE_OID, "\n".join(keys)))
    with replaced(output) as partial:
        with partial.open("wb") as file:
            file.truncate(size)
        make = ["mke2fs", "-q", "-F", "-t", "ext4", "-b", str(_BLOCK), "-I", str(_INODE), "-N", str(inodes)]
        make += ["-O", _FEATURES, "-J", f"size={_JOURNAL}", "-U", number, "-E", f"hash_seed={number},root_owner=0:0"]
        run([*make, "-L", image_name(settings).removesuffix(".ext4")[:16], partial], env=_ENVIRONMENT)
        _fill(partial, script)


def _fill(image: Path, script: str) -> None:
    """Let debugfs do what a script says; it has no exit status for commands that fail, but complains."""
    path = image.with_name(f"{image.name}.script")
    try:
        path.write_text(script, errors="surrogateescape")
        _, output = run(["debugfs", "-w", "-f", path, image], env=_ENVIRONMENT)
    finally:
        path.unlink(missing_ok=True)
    lines = filter(None, output.splitlines())
    complaints = [line for line in lines if not line.startswith(("debugfs", "Allocated inode"))]
    if complaints:
        raise RuckusError(f"debugfs can't write {image}", "\n".join(complaints[-10:]))


def _script(members: list[_Member], table: Table) -> Iterator[str]:
    """Lines for debugfs, in an order that depends on names only."""
    names: dict[tuple[int, int], tuple[str, int]] = {}  # what is one file stays one: its first name, and their number
    for member in members:
        path, mode = _quoted(f"/{member.path}"), member.status.st_mode
        inode, declared = (member.status.st_dev, member.status.st_ino), table.modes.get(member.path)
        if stat.S_ISLNK(mode):
            yield f"symlink {path} {_quoted(os.readlink(member.source))}"
        elif stat.S_ISDIR(mode):
            yield from [f"mkdir {path}"] if member.path != "." else []
            yield from _said(path, mode, declared)
        elif inode in names:
            first, count = names[inode]
            names[inode] = first, count + 1
            yield from (f"symlink {path} x", f"rm {path}")  # makes room in its folder, which ln does not
            yield f"ln {first} {path}"
            yield f"sif {first} links_count {count + 1}"
            yield from _said(path, mode, declared) if declared is not None else ()
        else:
            names[inode] = path, 1
            yield f"write {_quoted(str(member.source))} {path}"
            yield from _said(path, mode, declared)
        user, group = table.owners.get(member.path, ROOT)
        yield from [f"sif {path} uid {user}"] if user else []
        yield from [f"sif {path} gid {group}"] if group else []
    for name, node in sorted(table.nodes.items()):
        path, (folder, _, last) = _quoted(f"/{name}"), f"/{name}".rpartition("/")
        yield f"cd {_quoted(folder or '/')}"  # mknod takes no path
        yield f"mknod {_quoted(last)} {node.kind} {node.major} {node.minor}"
        yield from _said(path, stat.S_IFCHR if node.kind == "c" else stat.S_IFBLK, node.mode)


def _said(path: str, mode: int, declared: int | None) -> Iterator[str]:
    """A line that sets the mode of a file: that of the table, or its own without what only the table can give."""
    bits = stat.S_IMODE(mode) & ~(stat.S_ISUID | stat.S_ISGID) if declared is None else declared
    yield f"sif {path} mode 0{stat.S_IFMT(mode) | bits:o}"


def _quoted(word: str) -> str:
    """A word as debugfs takes it."""
    if "\n" in word:
        raise RuckusError(f"{word!r}: debugfs can't write a name with a line break", "rename it")
    return '"' + word.replace('"', '""') + '"'


def _members(settings: Settings, *, cross: bool) -> list[_Member]:
    """What of $CLFS belongs into an image, each folder before what is in it.

    What only root may look at, since the system was installed, comes from the store.
    """
    clfs = settings.clfs
    left_out = optional.left_out(settings) | {path for path in no_part(settings) if clfs in path.parents}
    left_out |= {clfs / "lost+found"}
    left_out |= set() if cross else {Path(f"{clfs}{settings.prefix_cross}")}
    being_copied = {stamp.temporary for stamp in stamps(settings, pending=True) if stamp.is_pending}
    members = {".": _Member(".", clfs, clfs.lstat())}
    for folder, directories, files in os.walk(clfs):
        directories[:] = [name for name in directories if Path(folder, name) not in left_out]
        for name in (*directories, *(name for name in files if name not in being_copied)):
            _add(members, os.path.relpath(os.path.join(folder, name), clfs), Path(folder, name))
    hidden = {path for path, member in members.items() if not _is_readable(member)}
    for path in sorted(hidden):
        why, way_out = _why_hidden(settings, path)
        print(f"  NOTE     {why}: in the image, it is as it was built; all of it: {way_out}")
    store = Store(settings.cache)
    for stamp in stamps(settings):
        for name in stamp.files if stamp.root == clfs else ():
            file = Path(name)
            above = [parent for parent in file.parents if str(parent) not in members]
            is_wanted = not left_out.intersection((clfs / file, *(clfs / file).parents))
            if is_wanted and (str(file) in hidden or str(file) not in members):
                stored = store.tree(stamp.key)
                if not os.path.lexists(stored / file):
                    hiding = next((str(path) for path in (file, *file.parents) if str(path) in hidden), "")
                    raise _lost(settings, file, stored, hiding)
                hidden.discard(str(file))
                for one in (file, *above):
                    _add(members, str(one), stored / one)
    hidden = {path for path in hidden if not stat.S_ISDIR(members[path].status.st_mode)}
    if hidden:
        why, way_out = _why_hidden(settings, min(hidden))
        raise RuckusError(f"{why}, and no step has installed it", f"run: {way_out}")
    return [members[path] for path in sorted(members)]


def _added(members: list[_Member], table: Table, addition: Addition) -> tuple[list[_Member], Table]:
    """A system with more files; the folders that they are in are as plain as any."""
    plain = next(member.status for member in members if member.path == ".")
    whole = {member.path: member for member in members}
    for path, source in {**addition.files, **addition.trees}.items():
        for parent in map(str, Path(path).parents):
            whole.setdefault(parent, _Member(parent, source.parent, plain))
        whole[path] = _Member(path, source, source.stat())
    for top, tree in addition.trees.items():
        for name, status in walk(tree):
            if name != ".":
                whole[f"{top}/{name}"] = _Member(f"{top}/{name}", tree / name, status)
    theirs = [path for path in whole if path == addition.folder or path.startswith(f"{addition.folder}/")]
    owners = table.owners | dict.fromkeys(theirs, addition.owner)
    return [whole[path] for path in sorted(whole)], replace(table, owners=owners)


def _add(members: dict[str, _Member], path: str, source: Path) -> None:
    """Add what a system needs as it is; sockets and the like are made when it runs, and device nodes by the table."""
    status = source.lstat()
    if stat.S_IFMT(status.st_mode) in (stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK):
        members[path] = _Member(path, source, status)


def _why_hidden(settings: Settings, name: str) -> tuple[str, str]:
    """Why this user may not read a file of the system, and the command by which it can be read."""
    path = settings.clfs / name
    status = path.lstat()
    why = f"{path} is {user_name(status.st_uid)}'s, with mode {stat.S_IMODE(status.st_mode):03o}"
    as_root = make_command(settings.builddir, "image", *(["SYSTEM=final"] if settings.is_final else []))
    return why, chmod_of(path) or f"sudo {as_root}"


def _lost(settings: Settings, file: Path, stored: Path, hiding: str) -> RuckusError:
    """What is said of a file that neither the system has for this user, nor the store.

    hiding: what hides it, itself or a folder; "" when the system lacks it.
    """
    way_out = _why_hidden(settings, hiding)[1] if hiding else make_command(settings.builddir, settings.goal)
    how = "hides" if hiding else "lacks"
    return RuckusError(f"{file}: the system {how} it, and {stored} is gone", f"run: {way_out}")


def _is_readable(member: _Member) -> bool:
    return stat.S_ISLNK(member.status.st_mode) or os.access(member.source, os.R_OK)


def _measured(members: list[_Member], least: int, room: int) -> tuple[int, int]:
    """The size of an image, in bytes, and its number of inodes; RuckusError when what was asked for is too small.

    room: bytes that stay free.
    """
    inodes = len(members) + max(_SPARE_INODES, room // _BYTES_AN_INODE)
    needed = sum(member.blocks for member in members) * _BLOCK + inodes * _INODE + (_JOURNAL << 20)
    needed += needed // 32  # of blocks that say where the others are
    if least and least < needed:
        raise RuckusError(
            f"an image of {readable_size(least)} is too small: the system takes {readable_size(needed)}",
            f"give it more, for instance: --size={(needed >> 20) * 2}M   (or leave --size out)",
        )
    return (least or needed + needed // 10 + room) // _BLOCK * _BLOCK, inodes


def _check_room(output: Path, size: int) -> None:
    """Raise RuckusError when an image is larger than its disk has room for, though it takes less at first."""
    free = shutil.disk_usage(output.parent).free
    if free < size:
        raise RuckusError(
            f"{output}: the image is to have {readable_size(size)}, and {output.parent} has {readable_size(free)} free",
            "choose another disk (--output=FILE), or a smaller image (--size=SIZE)",
        )
