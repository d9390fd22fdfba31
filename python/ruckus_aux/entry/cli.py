# SPDX-License-Identifier: GPL-3.0-or-later
"""The `ruckus` command that configure puts into a build directory: what make calls, and what a person asks."""

import argparse
import os
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from ruckus_aux import __version__
from ruckus_aux.artifacts.store import Store
from ruckus_aux.entry.console import ended
from ruckus_aux.host import plain
from ruckus_aux.recipes.environment import step_environment
from ruckus_aux.recipes.plan import Plan, Step, evaluate
from ruckus_aux.settings.journal import Journal
from ruckus_aux.settings.ownership import check_open, explained, take
from ruckus_aux.settings.settings import Settings, load
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.hints import invoke_command, make_command
from ruckus_aux.words.terminal import printable


def _goal(plan: Plan, goal: str) -> list[Step]:
    """The steps that a goal of graph.mk stands for."""
    if goal == "bootstrap":
        return plan.of_profile()
    return plan.hostprep() if goal == "hostprep" else plan.closure([goal])


def _download(settings: Settings, plan: Plan, steps: Sequence[Step]) -> bool:
    """Fetch what these steps lack; returns whether anything was fetched."""
    lacking = {source.name: source for step in steps for source in step.sources if source.lock is None}
    if lacking:
        from ruckus_aux.sources.download import download  # imports requests and rich

        download(settings, lacking.values())
    return bool(lacking)


def cmd_download(settings: Settings, options: argparse.Namespace) -> None:
    """fetch and verify the sources of a goal, or of everything"""
    take(settings)
    plan = evaluate(settings)
    steps = list(plan.steps.values()) if options.goal == "all" else _goal(plan, options.goal)
    if not _download(settings, plan, steps):
        print("all sources are there")


def cmd_graph(settings: Settings, options: argparse.Namespace) -> None:
    """bring graph.mk, sources and stamps up to date for a goal; make calls it before every build"""
    from ruckus_aux.artifacts.registry import register
    from ruckus_aux.host.jobserver import only_asks
    from ruckus_aux.steps.graph import tidy, write_graph
    from ruckus_aux.steps.merge import lock
    from ruckus_aux.words.paths import GRAPH

    take(settings)
    plan = evaluate(settings)
    steps = _goal(plan, options.goal)
    asked = only_asks(os.environ)
    if not asked and _download(settings, plan, steps):
        plan = evaluate(settings)  # keys depend on what came
        steps = _goal(plan, options.goal)
    if not asked:
        register(plan)
    with lock(settings):
        if not asked:
            tidy(settings, plan, steps)
            Store(settings.cache).sweep()
        write_graph([(plan, list(plan.steps.values()))], settings.buildroot / GRAPH)


def cmd_make(settings: Settings, options: argparse.Namespace) -> None:
    """build a goal: bring everything up to date for it (see graph), and let make do it; what `make bootstrap` calls"""
    from ruckus_aux.host import gnumake
    from ruckus_aux.words.paths import GRAPH
    from ruckus_aux.words.terminal import utc

    cmd_graph(settings, options)
    makeflags, jobs = gnumake.below(os.environ.get("MAKEFLAGS", ""), settings.cpucount)
    words = gnumake.command(settings.buildroot / GRAPH, options.goal, jobs)
    sys.stdout.flush()
    os.execve(words[0], words, {**os.environ, "MAKEFLAGS": makeflags, "RUCKUS_RUN": utc(time.time())})


def cmd_step(settings: Settings, options: argparse.Namespace) -> None:
    """build one step, or take it from the store, and merge it; its dependencies must be there"""
    from ruckus_aux.host.jobserver import only_asks
    from ruckus_aux.steps.runner import run_step

    if only_asks(os.environ):
        return
    take(settings)
    plan = evaluate(settings)
    verbose = os.environ.get("RUCKUS_VERBOSE", "") not in ("", "0")
    keep = options.keep or os.environ.get("RUCKUS_KEEP", "") not in ("", "0")
    check_open(settings, settings.root(plan[options.step].stage))
    run_step(settings, plan, plan[options.step], verbose=verbose, keep=keep)


def cmd_list(settings: Settings, options: argparse.Namespace) -> None:
    """list the steps of the profile, or all, in the order in which they can be built"""
    plan = evaluate(settings)
    for step in plan.steps.values() if options.all else plan.of_profile():
        print(f"{step.name:<34} {step.title}")


def cmd_show(settings: Settings, options: argparse.Namespace) -> None:
    """print the script of a step"""
    plan = evaluate(settings)
    step = plan[options.step]
    print(f"# {step.name}: {step.title}\n# needs: {' '.join(step.needs) or 'nothing'}")
    print(step.script, end="")


def cmd_why(settings: Settings, options: argparse.Namespace) -> None:
    """say why a step would run, or that it would not, and why"""
    from ruckus_aux.steps.why import explain

    plan = evaluate(settings)
    print(explain(settings, plan, plan[options.step]))


def cmd_shell(settings: Settings, options: argparse.Namespace) -> None:
    """enter the sandbox of a step, as its last run left it; `sh script` there runs it again by hand"""
    from ruckus_aux.host.locks import held
    from ruckus_aux.steps import sandbox
    from ruckus_aux.steps.runner import prepare_work, source_of, view_of

    take(settings)
    plan = evaluate(settings)
    step = plan[options.step]
    work = settings.work(step.name)
    there = sandbox.inside(settings, work)
    source = source_of(settings, plan, step)
    environment = step_environment(settings, step.stage, there, {})
    if "TERM" in os.environ:
        environment["TERM"] = os.environ["TERM"]
    program = ["/bin/sh", *(["-c", options.command] if options.command else ["-i"])]
    with held(settings.work_lock(step.name), step.name, settings.builddir), view_of(settings, plan, step) as view:
        if not (work / "script").exists():
            prepare_work(settings, step, source)
        command = sandbox.command(settings, work, view, program, source=source, terminal=True)
        sys.stdout.flush()
        # Not through sarge: a shell needs our terminal as it is.
        status = os.spawnvpe(os.P_WAIT, command[0], command, environment)
    sys.exit(status if status >= 0 else 128 - status)


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
    from ruckus_aux.reports.table import cost_table

    plan = evaluate(settings)
    built = Journal(settings.journal).last_built()
    if not built:
        raise RuckusError(
            f"{settings.journal}: nothing has been built yet", f"run: {make_command(settings.builddir, 'bootstrap')}"
        )
    print(cost_table(built[name] for name in plan.steps if name in built))


def cmd_boot(settings: Settings, options: argparse.Namespace) -> None:
    """boot the finished system in QEMU"""
    from ruckus_aux.systems.boot import boot, boot_once

    take(settings)
    if options.once:
        boot_once(settings)
    else:
        boot(settings, interactive=options.interactive)


def cmd_look(settings: Settings, options: argparse.Namespace) -> None:
    """look at the device with this source tree (--with-ruckus-dev) as builders see it: in a snapshot, read only"""
    from ruckus_aux.host.root import Root
    from ruckus_aux.storage.inspect import look
    from ruckus_aux.words.terminal import utc

    if not settings.ruckus_dev:
        raise RuckusError(
            "no device has this source tree, as far as configure was told",
            f"configure --with-ruckus-dev=DEV; at any device: {invoke_command('volume-look', '--device=DEV')}",
        )
    take(settings)
    access = Root(Journal(settings.journal), utc(time.time()))
    sys.exit(look(access, settings.ruckus_dev, settings.buildroot, options.command, settings.ruckus_dev_snapshot))


def cmd_verify_sudo(settings: Settings, options: argparse.Namespace) -> None:
    """check that this user may run, without a password, what this build needs root for"""
    from ruckus_aux.host.links import missing_links
    from ruckus_aux.host.root import Root
    from ruckus_aux.host.sudo import verify
    from ruckus_aux.storage.layout import layout, volume_name
    from ruckus_aux.storage.operations import Volumes
    from ruckus_aux.words.paths import JOURNAL

    commands = missing_links(settings.prefixes) if settings.isolation == "none" else []
    folder = settings.prefix.parent if settings.prefix else settings.buildroot  # of a build of several architectures
    kept = layout(folder)
    if kept.clfs(folder, settings.arch) == settings.clfs:
        volumes = Volumes(folder, kept, Root(Journal(folder / JOURNAL), "verify-sudo"))
        commands += volumes.commands([volume_name(settings.arch)], os.getuid(), os.getgid(), everything=True)
    if commands:
        fragment = invoke_command("verify-sudo", "--print-sudoers")
        verify(commands, way_out=f"an administrator has to install what this prints: {fragment}")
    print(f"all {len(commands)} commands that need root may be run" if commands else "this build needs no root")


def cmd_verify_store(settings: Settings, options: argparse.Namespace) -> None:
    """check that artifacts in the store are what was stored, and remove those that are not, to be made again"""
    from ruckus_aux.steps.verify import verify_store

    take(settings)
    verify_store(settings, sample=options.sample)


def cmd_uses(settings: Settings, options: argparse.Namespace) -> None:
    """print, as JSON, what of the cache this build directory uses; gc asks that of each"""
    from ruckus_aux.artifacts.registry import to_json, used_by

    print(to_json(used_by(evaluate(settings))), end="")


def cmd_gc(settings: Settings, options: argparse.Namespace) -> None:
    """remove from the cache what no build directory uses any more, and was not used of late"""
    from ruckus_aux.artifacts.gc import Collector, limits

    stays = limits(options.keep, options.max_size, downloads=options.downloads)
    Collector(settings.cache, stays, dry_run=options.dry_run).run(
        [settings.builddir], [path.resolve() for path in options.forget]
    )


def cmd_install(settings: Settings, options: argparse.Namespace) -> None:
    """do what only root can: owners and device nodes of the finished system"""
    from ruckus_aux.systems.install import install, reopen

    if options.undo:
        reopen(settings)
    else:
        install(settings)


def cmd_check(settings: Settings, options: argparse.Namespace) -> None:
    """check the finished system: compiler, programs, paths in its files, and that it boots"""
    from ruckus_aux.systems.acceptance import check

    take(settings)
    check(settings)


def cmd_clean(settings: Settings, options: argparse.Namespace) -> None:
    """remove what was built here, but not sources, logs and journal"""
    from ruckus_aux.systems.clean import clean

    clean(settings, everything=options.all)


def cmd_collect_logs(settings: Settings, options: argparse.Namespace) -> None:
    """gather every log of this build directory in one place"""
    from ruckus_aux.reports.collect import BuildDirectory, collect, print_index

    found, unreadable = collect([BuildDirectory(settings.arch.name, settings.buildroot)], options.output.absolute())
    print_index(found, unreadable, options.output.absolute())
    if unreadable:
        sys.exit(1)


def _count(text: str) -> int:
    """A positive number of the command line's."""
    if not (text.isascii() and text.isdigit() and int(text)):
        raise argparse.ArgumentTypeError(f"'{text}' is not a positive number")
    return int(text)


_GC = """examples:
  ruckus gc --dry-run            what would go, what would stay, and why
  ruckus gc                      remove what no plan needs and nobody used for 30 days
  ruckus gc --keep=0             remove all that no plan needs; after new versions, say, of which nobody wants the old
  ruckus gc --max-size=20G       remove what was used longest ago, until 20G are left; what plans need stays
  ruckus gc --downloads          remove old tarballs, too: what was removed must come from the network again
  ruckus gc --forget=/old/build  as if that build directory, whose recipes can't be evaluated, were gone

What the plan of a build directory needs stays, whether it was built or not, of every build directory that uses the
cache. Nothing is removed while a build uses the cache. What is removed is built again when it is wanted.
docs/housekeeping.md tells how it works.
"""


Command = Callable[[Settings, argparse.Namespace], None]
_OF_MAKE = (
    *(cmd_download, cmd_graph, cmd_make, cmd_step, cmd_install, cmd_boot, cmd_check),
    *(cmd_collect_logs, cmd_verify_sudo, cmd_clean),
)
_DOORS = """\
A step is called like x86_64/cross/binutils; `./ruckus list` names them, and `./ruckus COMMAND --help` says more.

The other doors:
  make               builds or changes this one system: make bootstrap, make boot; `make help` lists everything
  build-aux/build    in the source tree: everything, for several architectures; sets up this machine first
  invoke             the same without the setup, and whatever concerns the whole machine: volumes, reports, logs"""


def parser() -> argparse.ArgumentParser:
    """The command line's definition."""
    top = argparse.ArgumentParser(
        prog="ruckus",
        usage="ruckus COMMAND [OPTION...]",
        description="Answer questions about the Cross Linux From Scratch system of this configured directory.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"ruckus {__version__}")
    commands = top.add_subparsers(metavar="COMMAND", required=True, help=argparse.SUPPRESS)
    lines: dict[bool, list[str]] = {True: [], False: []}

    def add(command: Command, examples: str = "") -> argparse.ArgumentParser:
        name = command.__name__.removeprefix("cmd_").replace("_", "-")
        lines[command in _OF_MAKE].append(f"  {name:<14}{command.__doc__}")
        sub = commands.add_parser(
            name,
            description=f"{command.__doc__}.".capitalize(),
            epilog=examples,
            formatter_class=argparse.RawDescriptionHelpFormatter if examples else argparse.HelpFormatter,
        )
        sub.set_defaults(call=command)
        return sub

    def step(sub: argparse.ArgumentParser) -> argparse.ArgumentParser:
        sub.add_argument("step", metavar="STEP", help="for instance x86_64/cross/binutils")
        return sub

    add(cmd_list).add_argument("--all", action="store_true", help="also steps that the profile does not use")
    step(add(cmd_show))
    step(add(cmd_why))
    step(add(cmd_log))
    shell = step(add(cmd_shell))
    shell.add_argument("-c", dest="command", metavar="COMMAND", help="run this instead of an interactive shell")
    add(cmd_times)
    boot = add(cmd_boot)
    boot.add_argument("--interactive", action="store_true", help="a shell on the serial console")
    boot.add_argument("--once", action="store_true", help="only if it was not booted before with what it holds now")
    command = add(cmd_look)
    command.add_argument("-c", dest="command", default="", metavar="COMMAND", help="run this instead of a shell")
    add(cmd_verify_sudo)
    verify = add(cmd_verify_store)
    verify.add_argument("--sample", type=_count, metavar="N", help="only N of them, chosen at random")
    gc = add(cmd_gc, _GC)
    gc.add_argument("--keep", default="", metavar="DAYS", help="keep what was used in the last DAYS days (default: 30)")
    gc.add_argument(
        "--max-size", default="", metavar="SIZE", help="remove no more than it takes to come down to SIZE, such as 20G"
    )
    gc.add_argument("--downloads", action="store_true", help="also downloaded sources that no plan needs")
    gc.add_argument(
        "--forget",
        type=Path,
        action="append",
        default=[],
        metavar="DIR",
        help="don't count this build directory, as if it were gone; may be given several times",
    )
    gc.add_argument("--dry-run", action="store_true", help="say what would be done, and change nothing")
    add(cmd_uses)
    add(cmd_install).add_argument(
        "--undo", action="store_true", help="give everything back to who configured, to go on building"
    )
    add(cmd_check)
    logs = add(cmd_collect_logs)
    logs.add_argument("--output", type=Path, default=Path("logs"), help="where to put them (default: logs)")
    add(cmd_clean).add_argument("--all", action="store_true", help="these, too")
    goal = "bootstrap, hostprep or a step"
    add(cmd_download).add_argument("goal", nargs="?", default="bootstrap", help=f"{goal}, or all (default: bootstrap)")
    for builds in (cmd_graph, cmd_make):
        add(builds).add_argument("goal", nargs="?", default="bootstrap", help=f"{goal} (default: bootstrap)")
    step(add(cmd_step)).add_argument("--keep", action="store_true", help="keep the working folder after success")
    top.epilog = "\n".join(["what people ask:", *lines[False], "", "what make calls:", *lines[True], "", _DOORS])
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    options = parser().parse_args(arguments)
    os.umask(0o022)  # what is built does not depend on who builds it

    def command() -> None:
        settings = load(Path(os.environ.get("RUCKUS_BUILDDIR", os.curdir)).resolve())
        with explained(settings):
            options.call(settings, options)

    return ended(command, "interrupted; the same command continues")
