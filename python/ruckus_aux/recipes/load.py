# SPDX-License-Identifier: GPL-3.0-or-later
"""Evaluate the recipes for an architecture. They are Python that anybody may have written: say where one is wrong."""

import importlib.util
import traceback
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ruckus_aux.recipes.costs import UNKNOWN, Costs
from ruckus_aux.recipes.files import RecipeFiles
from ruckus_aux.recipes.lockfile import read_lockfile
from ruckus_aux.recipes.manifest import Source, read_manifest
from ruckus_aux.recipes.overlay import Overlay
from ruckus_aux.recipes.plan import Plan, Step
from ruckus_aux.recipes.profile import read_profile
from ruckus_aux.recipes.recipe import Phase, Recipe
from ruckus_aux.recipes.script import Script
from ruckus_aux.settings.settings import Settings
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.stage import SOURCE
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
        if isinstance(error, RuckusError):
            raise RuckusError(f"{where}: {error.message}", error.hint) from error
        said = f"{type(error).__name__}: {error.msg if isinstance(error, SyntaxError) else error}"
        raise RuckusError(f"{where}: {said}", "docs/recipes.md has an example for each kind of recipe") from error


def load_recipe(path: Path) -> Recipe:
    """Import a recipe's file, which defines `recipe`.

    Raises RuckusError when it can't be imported, or defines none.
    """
    spec = importlib.util.spec_from_file_location(f"ruckus_recipe_{path.parent.name}_{path.stem}", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    with located(path):
        spec.loader.exec_module(module)
    recipe = getattr(module, "recipe", None)
    if not isinstance(recipe, Recipe):
        raise RuckusError(f"{path}: it defines no Recipe called 'recipe'", 'for instance: recipe = Recipe("m4")')
    return recipe


@dataclass(frozen=True)
class _Draft:
    """A step before those that it needs are known; path: its recipe."""

    path: Path
    name: StepName
    title: str
    script: Script
    replaces: tuple[StepName, ...] = ()

    def does_the_same(self, other: "_Draft") -> bool:
        """Whether its script is the other's, and needs the same."""
        mine, its = (vars(draft.script) for draft in (self, other))
        return all(mine[name] == its[name] for name in ("lines", "needed", "used_sources", "used_files"))


def _drafts(
    settings: Settings, sources: Mapping[str, Source], files: RecipeFiles, recipe: Recipe, phase: Phase
) -> Iterator[_Draft]:
    """The steps of one of a recipe's functions, each with that which unpacks its shared source."""
    arch, path = settings.arch.name, files.path
    for package, abi, takes_abi in phase.for_each_abi(settings.arch):
        script = Script(settings, sources, recipe.name, recipe.source, files, phase.stage, phase.configured_as, abi)
        with located(path):
            phase.record(script, *([abi] if takes_abi else []))
        if script.source:
            name = StepName.of(arch, SOURCE, recipe.name)
            yield _Draft(path, name, SOURCE.title.format(recipe.name), script.source)
        name = StepName.of(arch, phase.stage, package)
        title = (phase.record.__doc__ or "").strip() or phase.stage.title.format(package)
        yield _Draft(path, name, title, script, tuple(StepName(f"{arch}/{step}") for step in phase.replaces))


def _step(draft: _Draft, needs: tuple[Step, ...], costs: Costs) -> Step:
    script = draft.script
    return Step(
        settings=script.settings,
        recipe=draft.path,
        name=draft.name,
        title=draft.title,
        script="\n".join(["#!/bin/sh", "set -eu", "umask 022", *script.lines, ""]),
        needs=needs,
        tools=tuple(script.used_tools),
        sources=tuple(script.sources[source] for source in script.used_sources),
        files=tuple(script.used_files),
        replaces=draft.replaces,
        objects=script.objects,
        costs=costs,
    )


def evaluate(settings: Settings) -> Plan:
    """Evaluate every recipe for the configured architecture.

    A recipe is packages/NAME.py, or packages/NAME/recipe.py beside its patches and other files; see also overlay.py.
    Raises RuckusError for a recipe that can't be read, two steps of one name, or needs that nothing builds.
    """
    locked = read_lockfile(settings.lock) if settings.lock else None
    overlay = Overlay(settings.recipe_folders)
    manifests = (*overlay.manifests(), *settings.manifests)
    sources = read_manifest(settings.recipes / "sources.toml", settings.sources, manifests, locked)
    costs = overlay.costs()
    members: dict[str, list[StepName]] = {}
    drafts: dict[StepName, _Draft] = {}
    for files in overlay.recipes():
        path = files.path
        recipe = load_recipe(path)
        for phase in recipe.phases:
            for draft in _drafts(settings, sources, files, recipe, phase):
                other = drafts.setdefault(draft.name, draft)
                if other is not draft and draft.name.stage.installs:
                    raise RuckusError(
                        f"{path}: another recipe has step {draft.name}", "give this one a name of its own"
                    )
                if not draft.does_the_same(other):
                    raise RuckusError(
                        f"{path}: its steps want different shared sources", "use one shared_source() for all"
                    )
                if draft.name.stage.installs:
                    members.setdefault(f"{phase.stage.name}/{phase.name}", []).append(draft.name)
    profile = read_profile(overlay.profile_path(settings.profile))
    wanted = [name for entry in profile for name in members.get(entry, [StepName(entry)])]
    needs = {name: drafts[name].script.needed for name in (*wanted, *drafts) if name in drafts}
    steps: dict[StepName, Step] = {}
    for name in in_order(needs):
        own_costs = costs.get(name.within_arch, UNKNOWN)
        steps[name] = _step(drafts[name], tuple(steps[need] for need in drafts[name].script.needed), own_costs)
    return Plan(settings, steps, sources, wanted)


def in_order(needs: Mapping[StepName, Iterable[StepName]]) -> list[StepName]:
    """Steps, each after what it needs.

    Args:
        needs: The names of the steps that each needs.

    Raises:
        RuckusError: They need each other, or what is not there.
    """
    ordered: dict[StepName, None] = {}

    def visit(name: StepName, path: tuple[StepName, ...]) -> None:
        if name in ordered:
            return
        if name in path:
            raise RuckusError(f"steps need each other: {' -> '.join((*path, name))}")
        if name not in needs:
            raise RuckusError(f"step {path[-1]} needs '{name}', which no recipe builds")
        for need in needs[name]:
            visit(need, (*path, name))
        ordered[name] = None

    for name in needs:
        visit(name, ())
    return list(ordered)
