# SPDX-License-Identifier: GPL-3.0-or-later
"""Evaluate the recipes for an architecture. They are Python that anybody may have written: say where one is wrong."""

import runpy
import traceback
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from ruckus_aux.recipes.costs import UNKNOWN, Costs
from ruckus_aux.recipes.files import RecipeFiles
from ruckus_aux.recipes.lockfile import read_lockfile
from ruckus_aux.recipes.manifest import Source, read_manifest
from ruckus_aux.recipes.overlay import Overlay
from ruckus_aux.recipes.plan import Broken, Plan, Step, unless
from ruckus_aux.recipes.recipe import Recipe
from ruckus_aux.recipes.script import Script
from ruckus_aux.settings.settings import Settings
from ruckus_aux.words.errors import Mistakes, RuckusError, of_the_system
from ruckus_aux.words.stage import SOURCE, STAGES
from ruckus_aux.words.step_name import StepName


@contextmanager
def located(path: Path) -> Iterator[None]:
    """Let an error that a recipe's code raises name its file, and the line there, where it has one."""
    try:
        yield
    except Exception as error:  # whatever it may be
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
        if isinstance(error, SyntaxError) and error.filename == str(path):
            lines.append(error.lineno)
        where = f"{path}:{lines[-1]}" if lines else str(path)
        known = of_the_system(error) if isinstance(error, OSError) else error
        if isinstance(known, RuckusError):
            raise RuckusError(f"{where}: {known.message}", known.hint) from error
        said = f"{type(error).__name__}: {error.msg if isinstance(error, SyntaxError) else error}"
        raise RuckusError(f"{where}: {said}", "docs/recipes.md has an example for each kind of recipe") from error


def load_recipe(path: Path) -> Recipe:
    """Run a recipe's file, which defines `recipe`.

    Raises RuckusError when it can't be run, or defines none.
    """
    with located(path):
        # Not imported: Python's cache of bytecode takes a change within a second that leaves the size for none.
        names = runpy.run_path(str(path), run_name=f"ruckus_recipe_{path.parent.name}_{path.stem}")
    recipe = names.get("recipe")
    if not isinstance(recipe, Recipe):
        raise RuckusError(f"{path}: it defines no Recipe called 'recipe'", 'for instance: recipe = Recipe("m4")')
    return recipe


@dataclass(frozen=True)
class _Draft:
    """A step before those that it needs are known; path: its recipe; place: the same, with the line."""

    path: Path
    place: str
    name: StepName
    title: str
    script: Script
    replaces: tuple[StepName, ...] = ()

    def does_the_same(self, other: "_Draft") -> bool:
        """Whether its script is the other's, and needs the same."""
        mine, its = (vars(draft.script) for draft in (self, other))
        return all(mine[name] == its[name] for name in ("pieces", "needed", "used_sources", "used_files"))


class _Recorder:
    """What recipes say: drafts of their steps, and what is wrong.

    stages: the names of those that the profile has steps of; a system builds nothing itself where it has none of them.
    members: the names of steps, by the STAGE/PACKAGE that profiles have for all ABIs.
    """

    def __init__(self, settings: Settings, sources: Mapping[str, Source], stages: Collection[str]) -> None:
        self.settings = settings
        self.sources = sources
        self.stages = stages
        self.drafts: dict[StepName, _Draft] = {}
        self.errors: dict[StepName, RuckusError] = {}
        self.members: dict[str, list[StepName]] = {}

    def record(self, files: RecipeFiles, recipe: Recipe) -> None:
        """Call a recipe's functions; files: its own, and those beside it."""
        arch, path = self.settings.arch, files.path
        for phase in recipe.phases:
            code = phase.record.__code__
            place = f"{path}:{code.co_firstlineno}" if code.co_filename == str(path) else str(path)
            members = self.members.setdefault(f"{phase.stage.name}/{phase.name}", [])
            with located(path):
                is_wanted = phase.when(self.settings)
            if not is_wanted or not (phase.stage.sees_host or phase.stage.name in self.stages):
                continue
            for package, abi, takes_abi in phase.for_each_abi(arch):
                name = StepName.of(arch.name, phase.stage, package)
                members.append(name)
                about = self.settings, self.sources, recipe.name, recipe.source, files
                script = Script(*about, phase.stage, phase.configured_as, abi)
                try:
                    with located(path):
                        phase.record(script, *([abi] if takes_abi else []))
                        script.finish()
                except RuckusError as error:
                    self.errors[name] = error
                    continue
                title = (phase.record.__doc__ or "").strip() or phase.stage.title.format(package)
                replaces = tuple(StepName(f"{arch.name}/{step}") for step in phase.replaces)
                self._add(_Draft(path, place, name, title, script, replaces))
                if script.source:
                    source = StepName.of(arch.name, SOURCE, recipe.name)
                    self._add(_Draft(path, place, source, SOURCE.title.format(recipe.name), script.source))

    def _add(self, draft: _Draft) -> None:
        other = self.drafts.setdefault(draft.name, draft)
        if other is not draft and draft.name.stage.installs:
            message = f"{draft.place}: another recipe has step {draft.name.within_arch}: {other.place}"
            self.errors[draft.name] = RuckusError(message, "give one of them another name")
        elif not draft.does_the_same(other):
            self.errors[draft.name] = RuckusError(
                f"{draft.place}: its steps want different shared sources", "use one shared_source() for all"
            )


def _named(entry: str, settings: Settings) -> StepName:
    """What a profile's entry would be called that no recipe has a step for."""
    stage, _, package = entry.partition("/")
    return StepName.of(settings.arch.name, STAGES[stage], package) if stage in STAGES else StepName(entry)


def _replaced(draft: _Draft, names: Iterable[StepName]) -> tuple[StepName, ...]:
    """The steps whose files a step's own overwrite; STAGE/* stands for all others of a stage."""
    others = [name for name in names if name != draft.name]
    return tuple(
        name
        for entry in draft.replaces
        for name in ([one for one in others if one.stage == entry.stage] if entry.package == "*" else [entry])
    )


def _step(draft: _Draft, implied: tuple[Step, ...], declared: tuple[Step, ...], costs: Costs) -> Step:
    script = draft.script
    return Step(
        settings=script.settings,
        recipe=draft.path,
        name=draft.name,
        title=draft.title,
        pieces=tuple(script.pieces),
        needs=(*implied, *declared),
        implied=len(implied),
        tools=tuple(script.used_tools),
        sources=tuple(script.sources[source] for source in script.used_sources),
        files=tuple(script.used_files),
        replaces=draft.replaces,
        rights=tuple(script.rights),
        objects=script.objects,
        freestanding=script.is_freestanding,
        makers=tuple(step for step in declared if step.name in script.makers),
        only_tests=script.only_tests,
        only_boots=script.only_boots,
        only_shown=script.only_shown,
        layout=tuple(script.layout),
        kconfig=script.configuration,
        costs=costs,
    )


def evaluate(settings: Settings) -> Plan:
    """Evaluate every recipe for the configured architecture.

    A recipe is packages/NAME.py, or packages/NAME/recipe.py beside its patches and other files; see also overlay.py.
    One that is wrong stops only what needs its steps: see Plan.check.

    Raises RuckusError when the manifest, costs or profile can't be read.
    """
    locked = read_lockfile(settings.lock) if settings.lock else None
    overlay = Overlay(settings.recipe_folders)
    manifests = (*overlay.manifests(), *settings.manifests)
    sources = read_manifest(settings.recipes / "sources.toml", settings.sources, manifests, locked)
    costs = overlay.costs()
    entries = overlay.profile(settings.profile)
    recorder, unread = _Recorder(settings, sources, {entry.partition("/")[0] for entry in entries}), Mistakes()
    for files in overlay.recipes():
        with unread.collected():
            recorder.record(files, load_recipe(files.path))
    profile = [
        name
        for entry in entries
        for name in (
            *recorder.members.get(entry, [_named(entry, settings)]),
            *recorder.members.get(f"{entry}-check", ()),
        )
    ]
    drafts = {name: recorder.drafts[name] for name in (*profile, *recorder.drafts) if name in recorder.drafts}
    drafts = {name: replace(draft, replaces=_replaced(draft, drafts)) for name, draft in drafts.items()}
    order, circles = in_order({name: draft.script.needed for name, draft in drafts.items()})
    errors = dict(recorder.errors)
    for circle in circles:
        message = f"{drafts[circle[0]].place}: steps need each other: {' -> '.join((*circle, circle[0]))}"
        errors |= dict.fromkeys(circle, RuckusError(message))
    broken = {name: Broken(settings, name, error) for name, error in errors.items()}
    steps: dict[StepName, Step] = {}
    plan = Plan(settings, steps, sources, profile, broken, unread.errors)
    # What the system itself builds needs all of it.
    for name in sorted(order, key=lambda name: ("host", "system", "programs").index(name.stage.sees)):
        if name in broken:
            continue
        draft, implied = drafts[name], plan.implied(name.stage)
        lacking = next((need for need in (*implied, *draft.script.needed) if need not in steps), None)
        if lacking is None:
            of_system, declared = ([steps[need] for need in needed] for needed in (implied, draft.script.needed))
            steps[name] = _step(draft, tuple(of_system), tuple(declared), costs.get(name.within_arch, UNKNOWN))
        elif lacking in broken:
            broken[name] = Broken(settings, name, broken[lacking].error, lacking)
        else:
            message = f"{draft.place}: {name.within_arch} needs '{lacking.within_arch}', which no recipe builds"
            broken[name] = Broken(settings, name, RuckusError(message, unless(unread.errors)))
    return plan


def plan_of_system(settings: Settings, system: str) -> Plan:
    """The plan of a build directory, for one of its systems.

    Args:
        settings: Of the build directory.
        system: "temporary" or "final".
    """
    plan = evaluate(settings)
    return plan.of_final() if system == "final" else plan


def in_order(needs: Mapping[StepName, Iterable[StepName]]) -> tuple[list[StepName], list[tuple[StepName, ...]]]:
    """Steps, each after what it needs.

    Args:
        needs: The names of the steps that each needs; those that are no keys do not count.

    Returns:
        All keys in order, and circles of those that need each other.
    """
    ordered: dict[StepName, None] = {}
    circles: list[tuple[StepName, ...]] = []

    def visit(name: StepName, path: tuple[StepName, ...]) -> None:
        if name in path:
            circles.append(path[path.index(name) :])
        elif name in needs and name not in ordered:
            for need in needs[name]:
                visit(need, (*path, name))
            ordered[name] = None

    for name in needs:
        visit(name, ())
    return list(ordered), circles
