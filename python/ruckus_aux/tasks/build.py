# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks that build: everything, or to measure it."""

import os
import sys
import time
from collections.abc import Sequence

from invoke import Context

from ruckus_aux.tasks.common import ARCH_HELP, ARCHS, DIR_HELP, DOM0_HELP, after_dashes, folder_of, task
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.paths import SRCDIR
from ruckus_aux.words.stage import UNTIL

_UNTIL_HELP = f"stop after: {', '.join(UNTIL)} (default: boot; for the profile final: final)"


@task(
    help={
        "arch_list": ARCH_HELP,
        "profile": "what to build: tiny (kernel, busybox, glibc: boots; default), clfs (the book's temporary system), "
        "final (that, and the book's whole system, which the temporary one builds)",
        "build_dir": DIR_HELP,
        "jobs": "jobs at a time, over all architectures (default: the processors that may be used)",
        "keep_going": "go on with what does not depend on a failed step (default)",
        "fail_fast": "stop at the first failure",
        "step_timeout": "stop a step that takes so many times as long as it ever took, and 10 minutes (default: 10 for "
        "test suites, never for others)",
        "until": _UNTIL_HELP,
        "only": "build this step and what it needs, for instance x86_64/cross/gcc; may be given several times",
        "boot": "--no-boot: do not boot the finished systems in QEMU",
        "builder": "where systems build stage2 and final themselves: chroot (here, in a sandbox; default), qemu, xen",
        "dom0": DOM0_HELP,
        "sharing": "--no-sharing: let architectures share no steps, sources and objects, to measure against",
        "configure": "a further option for configure, for instance PREFIX_TOOLS=/tools; may be given several times, or "
        "as words after --",
        "locked": "take only sources with the hashes in this sources-lock.json (without =FILE: the one in BUILD_DIR)",
        "notify": "a line of shell that is run when all is over, with the result in $RUCKUS_RESULT, $RUCKUS_SUMMARY...",
        "dry_run": "print every command in order, run none",
    },
    iterable=["only", "configure"],
    optional=["locked"],
)
def build(
    c: Context,
    arch_list: str = "x86_64",
    profile: str = "tiny",
    build_dir: str = "build",
    jobs: str = "",
    keep_going: bool = False,
    fail_fast: bool = False,
    step_timeout: str = "",
    until: str = "",
    only: Sequence[str] | None = None,
    boot: bool = True,
    builder: str = "chroot",
    dom0: str = "",
    sharing: bool = True,
    configure: Sequence[str] | None = None,
    locked: str = "",
    notify: str = "",
    dry_run: bool = False,
    **given: str,
) -> int:
    """Build systems for several architectures at once, and boot them.

    What is built already is not built again: after a stop, the same command continues. Each architecture is configured
    in BUILD_DIR/baby-ARCH/ruckus-build, and its system is BUILD_DIR/baby-ARCH; with --volumes=lvm or --volumes=loop, it
    is on a volume of its own, which is made, and mounted on MOUNT_BASE/baby-ARCH. With --until=stage2 or final,
    finished systems then build by themselves what the profile has of these stages.
    """
    from rich.console import Console

    from ruckus_aux.builders.kinds import builders_of
    from ruckus_aux.builders.where import Where
    from ruckus_aux.runs.display import shown
    from ruckus_aux.runs.request import Request, default_end, lock_named, number_of_jobs
    from ruckus_aux.runs.request import arch_list as parse
    from ruckus_aux.runs.run import Build
    from ruckus_aux.steps.costs import limit_factor
    from ruckus_aux.storage.layout import chosen
    from ruckus_aux.words.terminal import utc

    if keep_going and fail_fast:
        raise RuckusError("--keep-going and --fail-fast contradict each other", "give one of them")
    request = Request(
        archs=parse(arch_list),
        folder=folder_of(build_dir),
        srcdir=SRCDIR,
        python=sys.executable,
        profile=profile,
        jobs=number_of_jobs(jobs),
        fail_fast=fail_fast,
        step_timeout=limit_factor(step_timeout, "--step-timeout"),
        until=until or default_end(profile),
        boot=boot,
        builder=builder,
        dom0=dom0,
        only=tuple(only or ()),
        sharing=sharing,
        configure=(*(configure or ()), *after_dashes()),
        lock=lock_named(folder_of(build_dir), locked),
        notify=notify,
        layout=chosen(folder_of(build_dir), **given),
    )
    request.check()
    builder_of = builders_of(builder, request.archs, Where(dom0, request.layout.group))
    run = Build(request, utc(time.time()), builder_of)
    if dry_run:
        run.show()
        return 0
    os.umask(0o022)
    return run.run(lambda watch: shown(watch, Console()))


@task(
    help={
        "arch_list": ARCH_HELP,
        "build_dir": "the folder of the build (default: build in the current directory)",
        "cross": "no: remove the cross toolchain from the systems; yes: restore it",
        "dry_run": "show each change and each command, and run none",
    }
)
def bootstrap_install(
    c: Context, arch_list: str = "x86_64", build_dir: str = "build", cross: str = "", dry_run: bool = False
) -> int:
    """Do what needs root for finished systems, through sudo: owners, modes and device nodes; they are root's then.

    Through sudo, that is for systems on volumes. In a folder of the user's own, it is for root: sudo make -C
    BUILD_DIR/baby-ARCH/ruckus-build bootstrap-install
    """
    from ruckus_aux.host.commands import run
    from ruckus_aux.runs.request import arch_list as parse
    from ruckus_aux.storage.layout import layout
    from ruckus_aux.words.paths import BUILDDIR

    folder = folder_of(build_dir)
    words = [*([f"--cross={cross}"] if cross else []), *(["--dry-run"] if dry_run else [])]
    for arch in parse(arch_list):
        ruckus = layout(folder).clfs(folder, arch) / BUILDDIR / "ruckus"
        if not ruckus.exists():
            raise RuckusError(f"{ruckus}: {arch.name} is not built in {folder}", "name the folder: --build-dir=DIR")
        status, output = run([ruckus, "install", *words], check=False)
        print(output, end="")
        if status:
            return status
    return 0


@task(
    help={
        "arch_list": ARCH_HELP,
        "profile": "what to build: tiny (default), clfs, final",
        "build_dir": f"{DIR_HELP}; its journals have the figures of this machine",
        "jobs": "jobs at a time (default: the processors that may be used)",
        "until": _UNTIL_HELP,
        "fresh": "from nothing, whatever is built already",
        "json": "for programs",
    }
)
def estimate(
    c: Context,
    arch_list: str = "x86_64",
    profile: str = "tiny",
    build_dir: str = "build",
    jobs: str = "",
    until: str = "",
    fresh: bool = False,
    json: bool = False,
) -> None:
    """Say what a build will cost: CPU time, wall time with so many jobs, memory, disk, and its critical path.

    The volume is the least --size of each system's, when they are kept on volumes.
    What systems build themselves (stage2, final) is for this machine; an emulated one takes some twenty times as long.
    """
    from ruckus_aux.recipes.load import evaluate
    from ruckus_aux.runs.estimate import estimate as estimated
    from ruckus_aux.runs.estimate import estimates_to_json, serial_shares, settings_of_build, table
    from ruckus_aux.runs.request import Request, check_profile, default_end, number_of_jobs, stages_until
    from ruckus_aux.runs.request import arch_list as parse
    from ruckus_aux.settings.journal import Journal, Sample
    from ruckus_aux.storage.layout import layout
    from ruckus_aux.words.paths import JOURNAL

    folder, cpus, archs = folder_of(build_dir), number_of_jobs(jobs), parse(arch_list)
    check_profile(profile)
    goals = [stage.goal for stage in stages_until(until or default_end(profile))]
    request = Request(archs, folder, SRCDIR, sys.executable, profile, cpus, layout=layout(folder))
    plans = [evaluate(settings_of_build(request, arch)) for arch in archs]
    serial = serial_shares(Journal(folder / JOURNAL).rows(Sample))
    selection = [(plan, plan.closure(plan.goal(goals[-1])) if goals else []) for plan in plans]
    rows = estimated(selection, cpus, serial, fresh=fresh)
    print(estimates_to_json(rows) if json else table(rows, cpus))


@task(
    help={
        "arch_list": "architectures to build together, separated by commas (default: all)",
        "alone": "the one to compare with (default: x86_64)",
        "build_dir": "where to build (default: bench in the current directory)",
        "jobs": "jobs at a time (default: the processors that may be used)",
    }
)
def bench(c: Context, arch_list: str = ARCHS, alone: str = "x86_64", build_dir: str = "bench", jobs: str = "") -> None:
    """Measure what building together costs, with and without sharing.

    It builds everything three times, which takes hours; when it was stopped, the same command continues.
    """
    from ruckus_aux.runs.bench import Bench
    from ruckus_aux.runs.request import arch_list as parse
    from ruckus_aux.runs.request import number_of_jobs

    invoke = [sys.executable, "-m", "invoke", "--search-root", str(SRCDIR)]
    archs = [arch.name for arch in parse(arch_list)]
    parse(alone)
    print(Bench(folder_of(build_dir), invoke, archs, alone, number_of_jobs(jobs)).run())
