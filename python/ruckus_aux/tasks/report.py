# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks that tell what happens, and what has happened."""

from functools import partial

from invoke import Context

from ruckus_aux.tasks.common import DIR_HELP, folder_of, task

_RUN_HELP = "a run, by its name or the beginning of it (default: the latest)"


@task(help={"build_dir": DIR_HELP})
def status(c: Context, build_dir: str = "build") -> int:
    """Show what a build in another terminal is doing.

    Exit status 1 when none is running.
    """
    from rich.console import Console

    from ruckus_aux.reports.history import find, record
    from ruckus_aux.runs.display import render_state
    from ruckus_aux.runs.status import from_json
    from ruckus_aux.words.paths import STATUS

    folder = folder_of(build_dir)
    latest = record(folder, find(folder))
    if latest.end or not latest.alive:
        print(f"no build is running in {folder}; the latest, {latest.run.run}, {latest.status}")
        return 1
    try:
        state = from_json((folder / STATUS).read_text())
    except (OSError, ValueError):
        state = None
    if state is None or state.run != latest.run.run:
        print(f"{latest.run.run} is being prepared")
    else:
        Console().print(render_state(state))
    return 0


@task(help={"build_dir": DIR_HELP, "run": _RUN_HELP, "output": "where to (default: BUILD_DIR/reports/RUN)"})
def report(c: Context, build_dir: str = "build", run: str = "", output: str = "") -> None:
    """Write a run's report: index.html, report.json, and trace.json for ui.perfetto.dev."""
    from ruckus_aux.reports.history import find, record
    from ruckus_aux.reports.page import write

    folder = folder_of(build_dir)
    found = record(folder, find(folder, run))
    print(write(found, folder_of(output) if output else folder / "reports" / found.run.run))


@task(help={"build_dir": DIR_HELP})
def history(c: Context, build_dir: str = "build") -> None:
    """List the runs of a build folder, the latest last."""
    from ruckus_aux.reports.history import record, runs
    from ruckus_aux.words.terminal import duration

    folder = folder_of(build_dir)
    for found in (record(folder, run) for run in runs(folder)):
        built = sum(row.entry.outcome == "built" for row in found.rows)
        wall = duration(found.wall)
        counts = f"{built:>4} built {len(found.rows) - built:>4} other"
        print(f"{found.run.run}  {found.status:<11} {wall:>8} {counts}   {found.run.request}")


@task(
    help={
        "build_dir": DIR_HELP,
        "arch_list": "only these architectures, separated by commas",
        "run": "only the logs of this run",
        "output": "where to put them (default: BUILD_DIR/logs)",
        "follow": "before that, show what steps write until the run that goes on has ended",
    }
)
def collect_logs(
    c: Context, build_dir: str = "build", arch_list: str = "", run: str = "", output: str = "", follow: bool = False
) -> int:
    """Gather every log into logs/RUN/ARCH/STAGE/PACKAGE.log, with an index.

    What builders have that run, over ssh, or that have ended before it came home, from their disks, is among them. Exit
    status 1 when some could not be read; they are named, and the others collected all the same. With --follow,
    Ctrl-C ends the following, not the build; what there is until then is collected.
    """
    from ruckus_aux.builders.kinds import builder_there
    from ruckus_aux.reports.collect import build_directories, collect, print_index
    from ruckus_aux.reports.history import find
    from ruckus_aux.reports.machines import MachineLogs
    from ruckus_aux.reports.tailing import follow_run
    from ruckus_aux.runs.request import arch_list as parse

    folder = folder_of(build_dir)
    archs = [arch.name for arch in parse(arch_list)] if arch_list else []
    if follow:
        follow_run(folder, archs)
    target = folder_of(output) if output else folder / "logs"
    directories = build_directories(folder, archs)
    machines = [MachineLogs(one.arch, one.folder, partial(builder_there, one.folder)) for one in directories]
    found, unreadable = collect([*directories, *machines], target, find(folder, run).run if run else "")
    print_index(found, unreadable, target)
    return 1 if unreadable else 0
