# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a finished system's compilers are tried: the cross compiler where steps run, the system's own in the system."""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ruckus_aux.artifacts.store import Store
from ruckus_aux.host.commands import run
from ruckus_aux.host.trees import remove
from ruckus_aux.recipes.environment import step_environment
from ruckus_aux.recipes.plan import Plan
from ruckus_aux.settings.settings import Settings
from ruckus_aux.steps.kinds import workplace_of
from ruckus_aux.steps.workplace import Room, Workplace
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.hints import make_command
from ruckus_aux.words.stage import CHECK, STAGES, Stage
from ruckus_aux.words.step_name import StepName
from ruckus_aux.words.terminal import some_of


@dataclass(frozen=True)
class Testbed:
    """A workplace with a finished system; whoever tries something there has a stage's environment."""

    settings: Settings
    view: Path
    stage: Stage

    @property
    def workplace(self) -> Workplace:
        """Where the stage's steps run."""
        return workplace_of(self.settings, self.stage)

    @contextmanager
    def trial(
        self, name: str, script: str, files: Iterable[Path] = (), sources: Iterable[Path] = ()
    ) -> Iterator[tuple[Path, str]]:
        """Run a script.

        Its working folder is removed afterwards, unless something was wrong.

        Args:
            name: what is tried.
            script: what /bin/sh runs.
            files: those that it finds in $FILES.
            sources: those that it finds in $SOURCES.

        Yields:
            The working folder, and what the script said.

        Raises:
            RuckusError: the script failed.
        """
        step = StepName.of(self.settings.arch.name, CHECK, name)
        work = self.settings.work(step)
        inside = self.workplace.inside(work)
        self.workplace.prepare(work)
        for folder, paths in (("files", files), ("sources", sources)):
            for path in paths:
                shutil.copyfile(path, work / folder / path.name)
        (work / "script").write_text(f'set -eu\nmkdir -p "$BUILD"\ncd "$BUILD"\n{script}\n')
        room = Room(work, self.view)
        jobs = {"MAKEFLAGS": f"-j{self.settings.cpucount}"}
        environment = step_environment(self.settings, self.stage, inside, jobs)
        command = self.workplace.command(room, ["/bin/sh", str(inside / "script")])
        status, output = run(
            command.words,
            env=self.workplace.environment(room, environment),
            replace_env=True,
            cwd=work,
            check=False,
            descriptors=command.descriptors,
        )
        if status != 0:
            (work / "output").write_text(output)
            tail = "\n".join(output.strip().splitlines()[-10:])
            raise RuckusError(f"{step}: exit status {status}", f"{tail}\nkept: {work}, where `output` has all of it")
        yield work, output
        remove(work)


@contextmanager
def cross_testbed(settings: Settings) -> Iterator[Testbed]:
    """Where steps of stage1 run: the prefixes are those of the finished system."""
    with Store(settings.cache).scratch("view") as view:
        for prefix, root in settings.prefixes.items():
            shown = Path(f"{view}{prefix}")
            shown.parent.mkdir(parents=True, exist_ok=True)
            Path(f"{root}{prefix}").mkdir(parents=True, exist_ok=True)
            shown.symlink_to(f"{root}{prefix}")
        yield Testbed(settings, view, STAGES["stage1"])


@contextmanager
def native_testbed(plan: Plan) -> Iterator[Testbed]:
    """In the system itself, as steps see it that it builds.

    Raises RuckusError when an artifact is not in the store any more.
    """
    settings, store = plan.settings, Store(plan.settings.cache)
    steps = [plan.steps[name] for name in plan.system]
    if lacking := [step.name for step in steps if step.key not in store]:
        raise RuckusError(
            f"{store.folder} no longer has {len(lacking)} of the system's steps: {some_of(lacking)}",
            f"make them again: {make_command(settings.builddir, *lacking)}",
        )
    with store.scratch("view") as view:
        testbed = Testbed(settings, view, CHECK)
        testbed.workplace.show(view, [store.tree(step.key) for step in steps], ())
        yield testbed
