# SPDX-License-Identifier: GPL-3.0-or-later
"""The tasks about root's rights and volumes: verify-sudo, volumes, volume-create and so on."""

import json as json_module
import os
import pwd
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from invoke import Context

from ruckus_aux.builders.ruckus_device import ruckus_device_of
from ruckus_aux.builders.where import Where, dom0_of
from ruckus_aux.builders.xen import xen_commands
from ruckus_aux.host import sudo
from ruckus_aux.host.commands import user_name
from ruckus_aux.host.root import Root
from ruckus_aux.recipes.load import evaluate
from ruckus_aux.runs.request import Request
from ruckus_aux.runs.request import arch_list as parse
from ruckus_aux.settings.journal import Journal
from ruckus_aux.settings.ownership import check_build_folder, is_ours, take_folder
from ruckus_aux.settings.settings import Settings, load
from ruckus_aux.storage import lending
from ruckus_aux.storage.inspect import inspect
from ruckus_aux.storage.layout import SNAPSHOT, SNAPSHOT_SIZE, Layout, chosen, layout, volume_name
from ruckus_aux.storage.operations import Volumes
from ruckus_aux.storage.overview import lines
from ruckus_aux.systems.install import install_commands
from ruckus_aux.tasks.common import ARCH_HELP, ARCH_NAMES, ARCHS, BRIDGE_HELP, DIR_HELP, folder_of, task
from ruckus_aux.words.architecture import Architecture
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.hints import invoke_command
from ruckus_aux.words.paths import BUILD_NAMES, CONF, JOURNAL, SRCDIR
from ruckus_aux.words.terminal import printable, readable_size, utc

_DRY_HELP = "print the commands that would change something, run none"
_USER_HELP = "who builds, and owns fresh volumes (default: who runs this)"


def _person(name: str) -> tuple[str, int, int]:
    """A user's name and numbers; of who runs this, who may be in no list of users, without a name."""
    if not name:
        return user_name(os.getuid()), os.getuid(), os.getgid()
    try:
        found = pwd.getpwnam(name)
    except KeyError as error:
        raise RuckusError(f"--user={name}: no such user", "list them with: getent passwd") from error
    return found.pw_name, found.pw_uid, found.pw_gid


def _access(folder: Path, *, dry: bool = False) -> Root:
    return Root(Journal(folder / JOURNAL), utc(time.time()), dry)


def _volumes(folder: Path, kept: Layout, *, dry: bool) -> Volumes:
    return Volumes(folder, kept, _access(folder, dry=dry))


def _existing(build_dir: str, *, dry: bool = False) -> Volumes:
    """The volumes of an existing build folder."""
    folder = folder_of(build_dir)
    if not is_ours(folder):
        raise RuckusError(
            f"{folder} is not a build folder",
            f"name one with --build-dir; create one: {invoke_command('volume-create')}",
        )
    return _volumes(folder, layout(folder), dry=dry)


def _names(arch_list: str, snapshot: str | None = None) -> list[str]:
    return [volume_name(arch, snapshot) for arch in parse(arch_list)]


@task(
    help={
        "arch_list": ARCH_HELP,
        "build_dir": DIR_HELP,
        "user": _USER_HELP,
        "configure": "a further option for configure; --with-isolation=none needs root for its links",
        "print_sudoers": "print a fragment for /etc/sudoers.d that allows just these commands",
        "builder": "xen: what builders that are domUs need, and nothing else",
        "dom0": "the machine that these run on, as ssh knows it (default: this one)",
        "bridge": BRIDGE_HELP,
    },
    iterable=["configure"],
)
def verify_sudo(
    c: Context,
    arch_list: str = "x86_64",
    build_dir: str = "build",
    user: str = "",
    configure: Sequence[str] | None = None,
    print_sudoers: bool = False,
    builder: str = "",
    dom0: str = "",
    bridge: str = "",
    **given: str,
) -> None:
    """Check that this user may run, as root and without a password, just the commands that a build needs.

    With --print-sudoers, what an administrator has to install for that is printed; it is checked by visudo.
    """
    folder = folder_of(build_dir)
    kept = chosen(folder, **given)
    name, uid, gid = _person(user)
    inventory = _volumes(folder, kept, dry=False)
    kept.check_places()
    commands = list(inventory.commands(_names(arch_list), uid, gid, everything=True))
    options = tuple(configure or ())
    request = Request(parse(arch_list), folder, SRCDIR, sys.executable, "tiny", 1, configure=options, layout=kept)
    request.check()
    if builder or dom0:
        _verify_builders(request, builder or "xen", Where(dom0, kept.group, bridge), user, print_sudoers)
        return
    commands += [command for arch in request.archs for command in request.link_commands(arch)]
    for arch in request.archs if inventory.mounts else ():
        commands += install_commands(evaluate(_settings(request, arch)))
    if print_sudoers:
        if kept.backend == "loop":
            raise RuckusError("there is no fragment of sudoers for image files", request.way_out(name))
        print(sudo.sudoers(name, commands), end="")
    elif not commands:
        print("this build needs no root: its systems are in plain folders")
    else:
        sudo.verify_commands(commands, name, request.way_out(name))
        print(f"{name} may run all {len(commands)} commands that need root")


def _settings(request: Request, arch: Architecture) -> Settings:
    """Of a build directory, as it is configured, or would be."""
    builddir = request.builddir(arch)
    return load(builddir) if (builddir / CONF).exists() else request.settings(arch)


def _verify_builders(request: Request, builder: str, where: Where, user: str, print_sudoers: bool) -> None:
    """The same for builders, whose commands may run on another machine, as another user."""
    if builder != "xen":
        raise RuckusError(f"--builder={builder} needs no root", "only --builder=xen does")
    dom0 = dom0_of(where, request.folder / JOURNAL)
    every = [_settings(request, arch) for arch in request.archs]
    commands = [one for settings in every for one in xen_commands(settings, dom0, where, ruckus_device_of(settings))]
    commands, host = list(dict.fromkeys(commands)), dom0.access.host
    if print_sudoers:
        print(sudo.sudoers(user or host.run(["id", "-un"])[1].strip(), commands), end="")
        return
    told = [f"--user={user}"] if user else []
    told += [f"--dom0={where.dom0}"] if where.dom0 else []
    told += [f"--bridge={where.bridge}"] if where.bridge else []
    fragment = invoke_command("verify-sudo", "--builder=xen", "--print-sudoers", *told)
    sudo.verify_commands(commands, user, f"an administrator has to install what this prints: {fragment}", host)
    print(f"{user or 'this user'} may run all {len(commands)} commands that builders need on {host.name}")


@task(
    help={
        "arch_list": ARCH_HELP,
        "build_dir": DIR_HELP,
        "dry_run": _DRY_HELP,
    }
)
def volume_create(
    c: Context,
    arch_list: str = "x86_64",
    build_dir: str = "build",
    dry_run: bool = False,
    **given: str,
) -> None:
    """Create a volume with an empty file system for each architecture; existing ones are left alone."""
    folder = folder_of(build_dir)
    kept = chosen(folder, **given)
    check_build_folder(folder)
    if not dry_run:
        take_folder(folder, BUILD_NAMES)
    inventory = _volumes(folder, kept, dry=dry_run)
    for name in _names(arch_list):
        inventory.create(name)


@task(help={"arch_list": ARCH_HELP, "build_dir": DIR_HELP, "user": _USER_HELP, "dry_run": _DRY_HELP})
def volume_mount(
    c: Context, arch_list: str = "x86_64", build_dir: str = "build", user: str = "", dry_run: bool = False
) -> None:
    """Mount the architectures' volumes on MOUNT_BASE/baby-ARCH, and give fresh ones to the build user."""
    inventory = _existing(build_dir, dry=dry_run)
    _, uid, gid = _person(user)
    for name in _names(arch_list):
        inventory.mount(name, uid, gid)


@task(help={"arch_list": ARCH_HELP, "build_dir": DIR_HELP, "dry_run": _DRY_HELP})
def volume_umount(c: Context, arch_list: str = "x86_64", build_dir: str = "build", dry_run: bool = False) -> None:
    """Unmount the architectures' volumes."""
    inventory = _existing(build_dir, dry=dry_run)
    for name in _names(arch_list):
        inventory.unmount(name)


@task(
    help={
        "arch_list": ARCH_HELP,
        "build_dir": DIR_HELP,
        "snapshot": "remove this snapshot of each, not the volumes",
        "yes": "do not ask",
        "dry_run": _DRY_HELP,
    }
)
def volume_remove(
    c: Context,
    arch_list: str = "x86_64",
    build_dir: str = "build",
    snapshot: str | None = None,
    yes: bool = False,
    dry_run: bool = False,
) -> None:
    """Remove the architectures' volumes and everything on them, after asking; only what Ruckus has made."""
    inventory = _existing(build_dir, dry=dry_run)
    for name in _names(arch_list, snapshot):
        inventory.remove(name, lambda what: yes or _confirmed(what))


def _confirmed(what: str) -> bool:
    from rich.prompt import Confirm

    if not sys.stdin.isatty():
        raise RuckusError(f"{what}: not removed without a yes", "nobody can be asked here: give --yes")
    try:
        return Confirm.ask(f"Remove {what}?", default=False)
    except EOFError:  # Ctrl-D
        print()
        return False


@task(
    help={
        "arch_list": ARCH_HELP,
        "build_dir": DIR_HELP,
        "name": f"of the snapshots (default: {SNAPSHOT})",
        "size": f"of what may change while they exist (LVM without a thin pool; default: {SNAPSHOT_SIZE})",
        "dry_run": _DRY_HELP,
    }
)
def volume_snapshot(
    c: Context,
    arch_list: str = "x86_64",
    build_dir: str = "build",
    name: str = SNAPSHOT,
    size: str = SNAPSHOT_SIZE,
    dry_run: bool = False,
) -> None:
    """Keep the architectures' volumes as they are now, in snapshots called baby-ARCH.NAME."""
    inventory = _existing(build_dir, dry=dry_run)
    for copy, origin in zip(_names(arch_list, name), _names(arch_list), strict=True):
        inventory.snapshot(copy, origin, size)


@task(
    help={
        "arch_list": ARCH_HELP,
        "size": "that they have at least, for instance 20G",
        "build_dir": DIR_HELP,
        "dry_run": _DRY_HELP,
    }
)
def volume_grow(
    c: Context, size: str, arch_list: str = "x86_64", build_dir: str = "build", dry_run: bool = False
) -> None:
    """Enlarge the architectures' mounted volumes and their file systems."""
    inventory = _existing(build_dir, dry=dry_run)
    for name in _names(arch_list):
        inventory.grow(name, size)


@task(
    help={
        "device": "a block device, or an image file: a volume, or any other",
        "snapshot": "a snapshot of it to mount, instead of a new one",
        "command": "run this there instead of a shell",
        "build_dir": DIR_HELP,
    }
)
def volume_inspect(c: Context, device: str, snapshot: str = "", command: str = "", build_dir: str = "build") -> int:
    """Inspect what is on a device, also of a running builder: in a shell, in a snapshot that is mounted for reading.

    Nothing is written to the device, not even a replay of its journal.
    """
    folder = folder_of(build_dir)
    take_folder(folder, BUILD_NAMES)
    return inspect(_access(folder), device, folder, command, snapshot)


@task(
    help={
        "device": "the device or image that was lent, or the name that was printed",
        "build_dir": DIR_HELP,
        "dry_run": _DRY_HELP,
    }
)
def volume_release(c: Context, device: str, build_dir: str = "build", dry_run: bool = False) -> None:
    """Release a device that was lent to a builder by a Ruckus that has ended, once it is not in use any more."""
    if not device:
        raise RuckusError("--device needs a device", "the message that sent you here names it")
    folder = folder_of(build_dir)
    if not dry_run:
        take_folder(folder, BUILD_NAMES)
    note = lending.release(_access(folder, dry=dry_run), device)
    if dry_run:
        return
    print(f"{device} was lent {note}; released" if note else f"{device} is not lent")


@task(help={"arch_list": f"{ARCH_NAMES} (default: all)", "build_dir": DIR_HELP, "json": "print JSON"})
def volumes(c: Context, arch_list: str = ARCHS, build_dir: str = "build", json: bool = False) -> None:
    """List the volumes of a build folder with size, use, mount points and owner."""
    found = lines(_existing(build_dir), _names(arch_list))
    if json:
        print(json_module.dumps([asdict(line) for line in found], indent=1))
        return
    if not found:
        print(f"no volumes in {folder_of(build_dir)}")
    for line in found:
        size, used = (readable_size(number) if number >= 0 else "-" for number in (line.size, line.used))
        where = ", ".join(line.mounted) or "not mounted"
        figures = f"{line.name:<20} {line.backend:<4} {size:>8} {used:>8} used  {line.owner or '-':<8}"
        print(printable("  ".join([figures, where, *line.notes])))
