# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of `ruckus` that people ask questions with; their docstrings are their help."""

import argparse
import os
import shutil
import sys
import time
from dataclasses import replace

from ruckus_aux.artifacts.store import Store
from ruckus_aux.host import plain
from ruckus_aux.recipes.load import evaluate, plan_of_system
from ruckus_aux.settings.journal import Journal
from ruckus_aux.settings.ownership import take_folders
from ruckus_aux.settings.settings import Settings
from ruckus_aux.words.architecture import ARCHITECTURES
from ruckus_aux.words.errors import Mistakes, RuckusError
from ruckus_aux.words.hints import invoke_command, make_command
from ruckus_aux.words.stage import STAGES
from ruckus_aux.words.terminal import printable, some_of


def cmd_list(settings: Settings, options: argparse.Namespace) -> None:
    """list the steps of the profile, or all, in the order in which they can be built"""
    plan = evaluate(settings)
    everything = list(plan.steps.values()), list(plan.broken.values())
    steps, broken = everything if options.all else plan.split(plan.goal(plan.last_goal))
    if options.hashes:
        records = {step.name: Store(settings.cache).record(step.key) for step in steps}
        print("".join(f"{record.sha256 if record else '-':<64}  {name}\n" for name, record in records.items()), end="")
        return
    for step in steps:
        of_user = "" if settings.recipes in step.recipe.parents else f"   (of {step.recipe})"
        print(f"{step.name:<34} {step.title}{of_user}")
    for one in broken:
        print(f"{one.name:<34} BROKEN: {one.error.message}")
    for error in plan.unread:
        print(f"{'unknown steps':<34} BROKEN: {error.message}")


def cmd_check_recipes(settings: Settings, options: argparse.Namespace) -> None:
    """check the recipes for every architecture, and report all that is wrong"""
    mistakes = Mistakes()
    for arch in ARCHITECTURES.values():
        mistakes.errors += evaluate(replace(settings, arch=arch)).errors
    mistakes.check("mistakes in recipes")
    print(f"the recipes are fine for {', '.join(ARCHITECTURES)}")


def cmd_show(settings: Settings, options: argparse.Namespace) -> None:
    """print the script of a step"""
    plan = evaluate(settings)
    step = plan[options.step]
    print(f"# {step.name}: {step.title}\n# recipe: {step.recipe}")
    print(f"# needs: {' '.join(need.name for need in step.needs) or 'nothing'}")
    for path in step.files:
        if settings.recipes not in path.parents:
            print(f"# of your own: {path}")
    print(step.script, end="")


def cmd_why(settings: Settings, options: argparse.Namespace) -> None:
    """say why a step would run, or that it would not, and why"""
    from ruckus_aux.steps.why import explain_step

    plan = evaluate(settings)
    print(explain_step(plan[options.step]))


def cmd_shell(settings: Settings, options: argparse.Namespace) -> None:
    """enter the sandbox of a step, as its last run left it; `sh script` there runs it again by hand"""
    from ruckus_aux.steps.kinds import workplace_of
    from ruckus_aux.steps.shell import enter
    from ruckus_aux.steps.trial import tried_source
    from ruckus_aux.steps.work import Work

    take_folders(settings)
    step = evaluate(settings)[options.step]
    work = Work(step, workplace_of(settings, step.stage), tried_source(step))
    with work.held():
        sys.exit(enter(work, ["/bin/sh", *(["-c", options.command] if options.command else ["-i"])]))


def cmd_menuconfig(settings: Settings, options: argparse.Namespace) -> None:
    """change the configuration of linux or busybox on the terminal, and keep what differs as a fragment"""
    from ruckus_aux.steps.kinds import workplace_of
    from ruckus_aux.steps.menuconfig import menuconfig
    from ruckus_aux.steps.work import Work

    take_folders(settings)
    step = evaluate(settings)[options.step]
    work = Work(step, workplace_of(settings, step.stage))
    menuconfig(work, options.output, verbose=os.environ.get("RUCKUS_VERBOSE", "") not in ("", "0"))


def cmd_log(settings: Settings, options: argparse.Namespace) -> None:
    """print the log of a step's last run"""
    plan = evaluate(settings)
    path = settings.log(plan[options.step].name)
    if not path.exists():
        raise RuckusError(f"{options.step} has not been run here", f"it would log to {path}")
    with plain.opened(path) as file:
        if sys.stdout.isatty():
            sys.stdout.writelines(printable(line.decode(errors="replace")) for line in file)
        else:
            shutil.copyfileobj(file, sys.stdout.buffer)


def cmd_times(settings: Settings, options: argparse.Namespace) -> None:
    """print, as a table in Markdown, what each step cost when it was last built"""
    from ruckus_aux.host.limits import machine
    from ruckus_aux.recipes.measuring import write_costs
    from ruckus_aux.reports.table import cost_table

    plan = evaluate(settings)
    built = Journal(settings.journal).last_built()
    if not built:
        raise RuckusError(
            f"{settings.journal}: nothing has been built yet", f"run: {make_command(settings.builddir, 'bootstrap')}"
        )
    print(cost_table(built[name] for name in plan.steps if name in built))
    if options.write:
        path = write_costs(settings.recipes, Journal(settings.journal).built(), machine())
        print(f"  WROTE    {path}")


def cmd_sizes(settings: Settings, options: argparse.Namespace) -> None:
    """print what each package takes in the finished system"""
    from ruckus_aux.reports.sizes import installed_sizes, size_lines

    plan = plan_of_system(settings, options.system)
    steps, broken = plan.of_system()
    sizes = installed_sizes(steps)
    if not sizes:
        raise RuckusError(
            f"{plan.settings.clfs}: nothing of it has been built yet",
            f"run: {make_command(settings.builddir, plan.settings.goal)}",
        )
    print("\n".join(size_lines(sizes)))
    names = [*(step.name for step in steps), *(one.name for one in broken)]
    if lacking := [name for name in names if name not in sizes]:
        print(f"  NOTE     {len(lacking)} of the system's {len(names)} steps are not in the store: {some_of(lacking)}")


def cmd_inspect(settings: Settings, options: argparse.Namespace) -> None:
    """inspect the device with this source tree (--with-ruckus-dev) as builders see it: in a snapshot, read only"""
    from ruckus_aux.host.root import Root
    from ruckus_aux.storage.inspect import inspect
    from ruckus_aux.words.terminal import utc

    if not settings.ruckus_dev:
        raise RuckusError(
            "no device has this source tree, as far as configure was told",
            f"configure --with-ruckus-dev=DEV; at any device: {invoke_command('volume-inspect', '--device=DEV')}",
        )
    take_folders(settings)
    access = Root(Journal(settings.journal), utc(time.time()))
    sys.exit(inspect(access, settings.ruckus_dev, settings.buildroot, options.command, settings.ruckus_dev_snapshot))


def cmd_verify_store(settings: Settings, options: argparse.Namespace) -> None:
    """check that artifacts in the store are what was stored, and remove those that are not, to be made again"""
    from ruckus_aux.steps.verify import verify_store

    take_folders(settings)
    verify_store(settings, sample=options.sample)


def cmd_verify_reproducible(settings: Settings, options: argparse.Namespace) -> None:
    """build steps again, in other circumstances, and compare them with what is in the store"""
    from ruckus_aux.steps.again import verify_reproducible

    if options.all == bool(options.step):
        raise RuckusError("verify-reproducible takes names of steps, or --all", "list them with: ruckus list --all")
    if options.leave_out and not options.all:
        raise RuckusError("--except goes with --all", "leave out what is not to be built again")
    os.environ.pop("MAKEFLAGS", None)  # the pool of a make that runs us is of no use
    take_folders(settings)
    plan = evaluate(settings)
    left_out = {plan[name].name for name in options.leave_out}
    steps = (
        [step for step in plan.of_profile() if step.name not in left_out]
        if options.all
        else map(plan.__getitem__, options.step)
    )
    verify_reproducible(settings, list(steps), jobs=options.jobs or settings.cpucount + 1)


def cmd_verify_self(settings: Settings, options: argparse.Namespace) -> None:
    """have the finished final system build packages of its own again, and compare them with what is in the store"""
    from ruckus_aux.steps.again import verify_reproducible

    if options.all == bool(options.package):
        raise RuckusError("verify-self takes names of packages, or --all", "list them with: ruckus list")
    os.environ.pop("MAKEFLAGS", None)
    take_folders(settings)
    plan = evaluate(settings).of_final()
    plan.check()  # a broken recipe would be missing in the system
    system, _ = plan.of_system()
    named = [step for package in options.package for step in plan.of_package(STAGES["final"], package)]
    if others := [step.name for step in named if step not in system]:
        raise RuckusError(f"no part of the finished system: {' '.join(others)}", "see: ruckus verify-reproducible")
    verify_reproducible(settings, named or system, jobs=options.jobs or settings.cpucount, system=system)


def cmd_uses(settings: Settings, options: argparse.Namespace) -> None:
    """print, as JSON, what of the cache this build directory uses; gc asks that of each"""
    from ruckus_aux.artifacts.registry import used_by, uses_to_json

    plan = evaluate(settings)
    plan.check()  # what a broken recipe's steps use is not known
    print(uses_to_json(used_by(plan)), end="")


def cmd_gc(settings: Settings, options: argparse.Namespace) -> None:
    """remove from the cache what no build directory uses any more, and was not used of late"""
    from ruckus_aux.artifacts.gc import Collector, limits

    stays = limits(options.keep, options.max_size, downloads=options.downloads)
    Collector(settings.cache, stays, dry_run=options.dry_run).run(
        [settings.builddir], [path.resolve() for path in options.forget]
    )
