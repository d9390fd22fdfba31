# SPDX-License-Identifier: GPL-3.0-or-later
"""`make bootstrap-install`: what only root can do for a system, as the CLFS book does it before the first boot.

What is merged becomes root's (CLFS: Changing Ownership), or whose the table says, and gets the modes and device nodes
of the table (CLFS: Populating /dev). `make bootstrap-reopen` undoes that. Root only runs commands of the catalogue
(storage/commands.py), which see nothing that they could change but the system; all else, also the merging of what was
built since, is done as the user who builds. Whatever a killed one has left, the same command completes.
"""

import os
import shlex
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ruckus_aux.artifacts.store import Store
from ruckus_aux.host import mounts
from ruckus_aux.host.commands import user_name
from ruckus_aux.host.root import Command, Root, only_roots
from ruckus_aux.recipes.plan import Plan, Step
from ruckus_aux.settings.ownership import check_device, is_closed, is_ours
from ruckus_aux.settings.settings import Settings
from ruckus_aux.settings.stamps import lock, stamps
from ruckus_aux.steps.merge import stamp_path
from ruckus_aux.storage import commands
from ruckus_aux.systems.build_user import BuildUser, build_user
from ruckus_aux.systems.changes import all_changes, find_changes, is_node, listed, merged_files
from ruckus_aux.systems.crosstools import has_cross, lacks_cross
from ruckus_aux.systems.table import declared_nodes, read_table
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.hints import make_command
from ruckus_aux.words.paths import BUILDDIR_NAMES, BUILDROOT_NAMES, MARKER
from ruckus_aux.words.terminal import some_of


def install(plan: Plan, access: Root, *, cross: str = "") -> None:
    """Give the system to root and to whom the table says, with its modes and device nodes.

    Args:
        plan: All steps of the build directory.
        access: Who runs commands as root.
        cross: "no": remove the cross toolchain from the system; "yes": have it there again; "": leave that as it is.

    Raises:
        RuckusError: There is no system, or something else is mounted there; the table is wrong; others than root could
            lead root elsewhere; or this user may not do it. The hint is the way out.
    """
    settings, user = plan.settings, build_user(plan.settings)
    check_place(settings, user.uid if os.geteuid() == 0 or access.dry else 0)
    changing = {"no": has_cross, "yes": lacks_cross}
    cross = cross if cross in changing and changing[cross](settings) else ""
    goals = _waiting(plan)
    if cross or goals:
        _bring_up_to_date(plan, access, user, cross, goals)
    with lock(settings):
        merged = merged_files(settings)
        _check_whole(settings)
        changes = find_changes(settings.clfs, merged, read_table(plan))
        for line in changes.lines if access.dry else ():
            print(line)
        for command, text in changes.commands(settings.clfs):
            access.run(command, text=text)
    for note in changes.notes:
        print(f"  NOTE     {note}")
    if not access.dry:
        if settings.clfs in settings.builddir.parents:  # dump(8) leaves it out, on file systems that have this flag
            user.run(["chattr", "+d", settings.builddir], check=False)
        print(f"  INSTALL  {settings.clfs} belongs to root; changed: {changes}")


def install_commands(plan: Plan) -> list[Command]:
    """The commands that this needs root for, as far as they are known before the system is built.

    None, where others could replace the system by a link: only root itself installs there, not through sudo.
    """
    clfs = plan.settings.clfs
    try:
        only_roots(clfs.parent)
    except RuckusError:
        return []
    return [command for command, _ in all_changes(clfs, read_table(plan)).commands(clfs)]


def reopen(plan: Plan, access: Root) -> None:
    """Undo what `install` did, and give everything else that root has written here to the user who builds.

    Args:
        plan: All steps of the build directory.
        access: Who runs commands as root.

    Raises:
        RuckusError: This process is not root's, or root configured.
    """
    settings, user = plan.settings, build_user(plan.settings)
    if os.geteuid() != 0:
        raise RuckusError("bootstrap-reopen needs root", "run: sudo make bootstrap-reopen")
    if user.uid == 0:
        raise RuckusError(f"{settings.builddir} was configured by root", "root can go on there: make bootstrap")
    if settings.clfs.exists():
        check_place(settings, user.uid, everything=True)
        _reopen(plan, access, user)
    for folder in {settings.builddir, settings.buildroot}:
        if folder.lstat().st_uid == 0:
            access.run(commands.give(folder, user.uid, user.gid))
    access.run(commands.give_trees(_written(settings, user.uid), user.uid, user.gid))
    if not access.dry:
        print(f"  REOPEN   {settings.clfs} belongs to {user_name(user.uid)}; go on with: make bootstrap")


def _reopen(plan: Plan, access: Root, user: BuildUser) -> None:
    """Let the user who builds change the system again."""
    clfs = plan.settings.clfs
    with lock(plan.settings):
        for path, node in declared_nodes(plan).items():
            if is_node(clfs / path, node):
                access.run(commands.remove_node(clfs, path))
        paths = [path for path, status in merged_files(plan.settings).items() if status.st_uid != user.uid]
        access.run(commands.own_listed(clfs, user.uid, user.gid), text=listed(paths))


def check_place(settings: Settings, user: int = 0, *, everything: bool = False) -> None:
    """Make sure that a system is alone where it is, and that nobody could have root change another folder.

    Args:
        settings: Of the build directory.
        user: Who may do so besides root: whoever builds there, unless that is who asks sudo for it.
        everything: Whether root changes the build directory, too; otherwise that may have mounts in it.

    Raises:
        RuckusError: It names what is not so.
    """
    clfs = settings.clfs
    check_device(settings)
    if clfs.is_symlink():
        raise RuckusError(f"{clfs} is a symbolic link", f"configure with CLFS={os.path.realpath(clfs)}")
    own = () if everything else [path for path in (settings.builddir, settings.buildroot) if clfs in path.parents]
    inside = [mount for mount in mounts.mounted() if clfs in mount.point.parents]
    if inner := [mount for mount in inside if not any(mount.point.is_relative_to(folder) for folder in own)]:
        what = f"{inner[-1].source} is mounted on {inner[-1].point}, in the system"
        raise RuckusError(what, f"unmount it first: umount {inner[-1].point}")
    try:
        only_roots(clfs.parent, user)
    except RuckusError as error:
        again = make_command(settings.builddir, "bootstrap-install")
        hint = f"root may do it: sudo {again}   (or have the system on a volume, or in an image: make image)"
        raise RuckusError(error.message, error.hint if os.geteuid() == 0 else f"{error.hint}\n{hint}") from error


def _check_whole(settings: Settings) -> None:
    """Raise RuckusError when a file that was merged is not there: something else may be mounted in its place."""
    again = make_command(settings.builddir, "bootstrap")
    merged = [stamp for stamp in stamps(settings) if stamp.root == settings.clfs]
    if not merged:
        raise RuckusError(f"{settings.clfs} holds no system yet", f"run: {again}")
    for stamp in merged:
        if gone := stamp.missing():
            mount = mounts.at(settings.clfs)
            hint = f"if {mount.source} there is another system's: umount {mount.point}; " if mount else ""
            raise RuckusError(
                f"{settings.clfs / gone[0]} is missing, which {stamp.step} has installed", f"{hint}to merge it: {again}"
            )


def _waiting(plan: Plan) -> list[str]:
    """Goals of make by which all is merged that was built, or removed that has no recipe any more; none, if it is so.

    Raises RuckusError when something of the system that boots is not even built.
    """
    store = Store(plan.settings.cache)

    def unmerged(steps: Iterable[Step]) -> list[Step]:
        return [step for step in steps if step.installs and not stamp_path(step).exists()]

    steps = unmerged(plan.of_profile())
    if lacking := [step.name for step in steps if step.key not in store]:
        raise RuckusError(
            f"not built yet: {some_of(lacking)}", f"run: {make_command(plan.settings.builddir, 'bootstrap')}"
        )
    own = unmerged(plan.split(plan.goal("stage2") if plan.has("stage2") else [])[0])
    built = [step.name for step in own if step not in steps and step.key in store]
    if steps or built or any(not plan.knows(stamp.step) for stamp in stamps(plan.settings)):
        return ["bootstrap", *built]
    return []


def _bring_up_to_date(plan: Plan, access: Root, user: BuildUser, cross: str, goals: Sequence[str]) -> None:
    """Merge what was built since, and remove or restore the cross toolchain, as the user who builds."""
    settings = plan.settings
    if is_closed(settings.clfs, user.uid):
        if os.geteuid() != 0:
            again = make_command(settings.builddir, "bootstrap-install")
            raise RuckusError(f"{settings.clfs} is root's, and has to be changed", f"root can do it: sudo {again}")
        _reopen(plan, access, user)
    words = [[str(settings.builddir / "ruckus"), "cross", cross]] if cross else []
    goals = goals or ["bootstrap"]
    for command in [*words, ["make", "-C", str(settings.builddir), "--no-print-directory", *goals]]:
        if access.dry:
            print(shlex.join(command))
        else:
            print(user.run(command), end="", flush=True)


def _written(settings: Settings, user: int) -> Iterator[Path]:
    """What Ruckus and configure write into a build directory, and into a cache that is the user's."""
    trees = [settings.builddir / name for name in BUILDDIR_NAMES if name != "lab"]  # it has other users' files
    hostprep = settings.prefix_hostprep.lstrip("/")
    trees += [settings.buildroot / name for name in (*BUILDROOT_NAMES, MARKER, ".pycache", hostprep)]
    cache = settings.cache
    if is_ours(cache) and (settings.buildroot in cache.parents or (cache / MARKER).stat().st_uid == user):
        trees.append(cache)
    return (path for path in trees if os.path.lexists(path))
