# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of `ruckus` that make calls; their docstrings are their help."""

import argparse
import os
import sys
import time
from functools import partial
from pathlib import Path

from ruckus_aux.artifacts.store import Store
from ruckus_aux.host.root import Root
from ruckus_aux.recipes.load import evaluate, plan_of_system
from ruckus_aux.recipes.plan import Plan, Step
from ruckus_aux.settings.journal import Journal
from ruckus_aux.settings.outputs import check_output
from ruckus_aux.settings.ownership import take_folders
from ruckus_aux.settings.settings import Settings
from ruckus_aux.sources.supply import sources_of, supply
from ruckus_aux.steps.outcome import run_name
from ruckus_aux.words.hints import invoke_command
from ruckus_aux.words.terminal import readable_size


def _possible(plan: Plan, goal: str) -> list[Step]:
    """The steps of a goal; with make's -k, without those that are broken, which fail when make comes to them."""
    from ruckus_aux.host.jobserver import flags

    names = plan.goal(goal)
    return plan.split(names)[0] if "k" in flags(os.environ) else plan.closure(names)


def cmd_download(settings: Settings, options: argparse.Namespace) -> None:
    """fetch and verify the sources of a goal, or of everything"""
    from ruckus_aux.systems.packages import fetch_check_sources

    take_folders(settings)
    plan = evaluate(settings)
    goal = options.goal or plan.last_goal
    steps = list(plan.steps.values()) if goal == "all" else plan.closure(plan.goal(goal))
    plans = supply([(plan, steps)])
    if goal == "all":
        fetch_check_sources(settings)
    if plans == [plan]:
        print("all sources are there")


def cmd_source_bundle(settings: Settings, options: argparse.Namespace) -> None:
    """pack all sources of this configuration into one archive, for a machine without a network"""
    from ruckus_aux.sources.bundle import BUNDLE_MARK, write_bundle
    from ruckus_aux.systems.packages import fetch_check_sources

    take_folders(settings)
    check_output(settings, options.output, BUNDLE_MARK)
    plan = evaluate(settings)
    (plan,) = supply([(plan, list(plan.steps.values()))])
    words = write_bundle(settings, [*sources_of([plan]), *fetch_check_sources(settings)], options.output)
    print(f"{options.output}: {readable_size(options.output.stat().st_size)}; where it is unpacked, configure with")
    print("".join(f"  {word.replace('=', '=$PWD/', 1)}\n" for word in words), end="")


def cmd_graph(settings: Settings, options: argparse.Namespace) -> None:
    """bring graph.mk, sources and stamps up to date for a goal; make calls it before every build"""
    from ruckus_aux.artifacts.registry import register
    from ruckus_aux.host.jobserver import only_asks
    from ruckus_aux.settings.stamps import lock
    from ruckus_aux.steps.graph import write_graph
    from ruckus_aux.steps.tidy import tidy
    from ruckus_aux.words.paths import GRAPH
    from ruckus_aux.words.stage import GOALS

    take_folders(settings)
    plan = evaluate(settings)
    steps = _possible(plan, options.goal)
    asked = only_asks(os.environ)
    if not asked:
        (plan,) = supply([(plan, steps)])
        steps = _possible(plan, options.goal)
        register(plan)
    with lock(settings):
        if not asked:
            tidy(plan, steps, [] if options.goal in GOALS else [options.goal])
            Store(settings.cache).sweep()
        broken = [*plan.broken.values(), *plan.split(plan.goal(options.goal))[1]]
        write_graph([(plan, list(plan.steps.values()))], settings.buildroot / GRAPH, list(dict.fromkeys(broken)))


def cmd_make(settings: Settings, options: argparse.Namespace) -> None:
    """build a goal: bring everything up to date for it (see graph), and let make do it; what `make bootstrap` calls"""
    from ruckus_aux.host import gnumake
    from ruckus_aux.words.paths import GRAPH
    from ruckus_aux.words.terminal import utc

    cmd_graph(settings, options)
    makeflags, jobs = gnumake.make_below(os.environ.get("MAKEFLAGS", ""), settings.cpucount)
    words = gnumake.graph_command(settings.buildroot / GRAPH, options.goal, jobs)
    sys.stdout.flush()
    os.execve(words[0], words, {**os.environ, "MAKEFLAGS": makeflags, "RUCKUS_RUN": utc(time.time())})


def cmd_step(settings: Settings, options: argparse.Namespace) -> None:
    """build one step, or take it from the store, and merge it; its dependencies must be there"""
    from ruckus_aux.host.jobserver import only_asks
    from ruckus_aux.steps.kinds import workplace_of
    from ruckus_aux.steps.outcome import broken_recorded
    from ruckus_aux.steps.runner import run_step
    from ruckus_aux.steps.trial import run_trial, tried_source
    from ruckus_aux.steps.work import Work

    if only_asks(os.environ):
        return
    take_folders(settings)
    verbose = os.environ.get("RUCKUS_VERBOSE", "") not in ("", "0")
    keep = options.keep or os.environ.get("RUCKUS_KEEP", "") not in ("", "0")
    plan = evaluate(settings)
    resume = options.resume or options.first is not None
    if resume or options.until_install or options.source:
        step = plan[options.step]
        local = options.source.resolve() if options.source else tried_source(step) if resume else None
        work = Work(step, workplace_of(settings, step.stage), local)
        run_trial(work, resume=resume, first=options.first, until_install=options.until_install, verbose=verbose)
        return
    with broken_recorded(plan, options.step):
        step = plan[options.step]
    run_step(Work(step, workplace_of(settings, step.stage)), verbose=verbose, keep=keep)


def cmd_install(settings: Settings, options: argparse.Namespace) -> None:
    """do what only root can: owners, modes and device nodes of the finished system"""
    from ruckus_aux.systems.install import install, reopen

    access = Root(Journal(settings.journal), run_name(), options.dry_run)
    if options.undo:
        reopen(evaluate(settings), access)
    else:
        install(evaluate(settings), access, cross=options.cross)


def cmd_cross(settings: Settings, options: argparse.Namespace) -> None:
    """take the cross toolchain out of the system (no), or have the next make merge it again (yes)"""
    from ruckus_aux.systems.crosstools import remove_cross, restore_cross

    take_folders(settings)
    (restore_cross if options.wanted == "yes" else remove_cross)(settings)


def cmd_image(settings: Settings, options: argparse.Namespace) -> None:
    """write the finished system into an image of a disk, with its owners, modes and device nodes; it needs no root"""
    from ruckus_aux.systems.image import IMAGE_MARK, image_name, make_image
    from ruckus_aux.words.terminal import size_in_bytes

    plan = plan_of_system(settings, options.system)
    output = options.output or Path(image_name(plan.settings))
    least = size_in_bytes(options.size) if options.size else 0
    check_output(plan.settings, output, IMAGE_MARK)
    make_image(plan, output.absolute(), least, cross=options.cross == "yes")
    print(f"  IMAGE    {output}  {readable_size(output.stat().st_size)}")


def cmd_boot_files(settings: Settings, options: argparse.Namespace) -> None:
    """copy kernel and hypervisor to the folder of --prefix, and write ruckus_builder.env there"""
    from ruckus_aux.systems.boot_files import publish

    take_folders(settings)
    if not settings.hostprep_only:  # then there is no system
        publish(settings)


def cmd_boot(settings: Settings, options: argparse.Namespace) -> None:
    """boot the finished system in QEMU"""
    from ruckus_aux.systems.boot import boot, boot_once

    take_folders(settings)
    plan = plan_of_system(settings, options.system)
    if options.once:
        boot_once(plan)
    else:
        boot(plan, interactive=options.interactive, xen=options.xen)


def cmd_check(settings: Settings, options: argparse.Namespace) -> None:
    """check the finished system: its files, compilers and programs, packages that it builds, and that it boots"""
    from ruckus_aux.reports.findings import report_findings
    from ruckus_aux.systems.acceptance import check
    from ruckus_aux.systems.boot import boot

    take_folders(settings)
    plan = plan_of_system(settings, options.system)
    found = check(plan, partial(boot, plan))
    report_findings(settings.arch.name, found, as_json=options.json)


def cmd_collect_logs(settings: Settings, options: argparse.Namespace) -> None:
    """gather every log of this build directory and its builder in one place"""
    from ruckus_aux.builders.kinds import builder_there
    from ruckus_aux.reports.collect import BuildDirectory, collect, print_index
    from ruckus_aux.reports.machines import MachineLogs

    home = BuildDirectory(settings.arch.name, settings.buildroot)
    machine = MachineLogs(home.arch, home.folder, partial(builder_there, settings.builddir))
    found, unreadable = collect([home, machine], options.output.absolute())
    print_index(found, unreadable, options.output.absolute())
    if unreadable:
        sys.exit(1)


def cmd_verify_sudo(settings: Settings, options: argparse.Namespace) -> None:
    """check that this user may run, without a password, what this build needs root for"""
    from ruckus_aux.host.links import missing_links
    from ruckus_aux.host.sudo import verify_commands
    from ruckus_aux.steps.kinds import KINDS
    from ruckus_aux.storage.layout import layout, volume_name
    from ruckus_aux.storage.operations import Volumes
    from ruckus_aux.systems.install import install_commands
    from ruckus_aux.words.paths import JOURNAL

    commands = missing_links(settings.prefixes) if KINDS[settings.isolation].links else []
    folder = settings.prefix.parent if settings.prefix else settings.buildroot  # of a build of several architectures
    kept, on_device = layout(folder), bool(settings.install_dev)
    if kept.clfs(folder, settings.arch) == settings.clfs:
        volumes = Volumes(folder, kept, Root(Journal(folder / JOURNAL), "verify-sudo"))
        on_device |= volumes.mounts
        commands += volumes.commands([volume_name(settings.arch)], os.getuid(), os.getgid(), everything=True)
    if on_device:  # in plain folders, a build needs no root, and is installed by root itself
        commands += install_commands(evaluate(settings))
    if commands:
        fragment = invoke_command("verify-sudo", "--print-sudoers")
        verify_commands(commands, way_out=f"an administrator has to install what this prints: {fragment}")
    print(f"all {len(commands)} commands that need root may be run" if commands else "this build needs no root")


def cmd_clean(settings: Settings, options: argparse.Namespace) -> None:
    """remove what was built here, but not sources, logs and journal"""
    from ruckus_aux.systems.clean import clean

    clean(settings, everything=options.all)
