# SPDX-License-Identifier: GPL-3.0-or-later
"""Evaluate the recipes for an architecture. They are Python that anybody may have written: say where one is wrong."""

import importlib.util
import traceback
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ruckus_aux.host.visible import visible
from ruckus_aux.recipes.costs import UNKNOWN, entry_name, read_costs
from ruckus_aux.recipes.manifest import Source, read_manifest
from ruckus_aux.recipes.plan import Plan, Step
from ruckus_aux.recipes.profile import read_profile
from ruckus_aux.recipes.recipe import Phase, Recipe
from ruckus_aux.recipes.script import Script
from ruckus_aux.settings.settings import Settings
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.stage import SOURCE


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


def _steps_of(
    settings: Settings, sources: Mapping[str, Source], path: Path, recipe: Recipe, phase: Phase
) -> list[Step]:
    """The steps of one of a recipe's functions, each with that which unpacks its shared source."""
    steps = []
    for name, abi, takes_abi in phase.for_each_abi(settings.arch):
        script = Script(
            settings, sources, recipe.name, recipe.source, path.parent, phase.stage, phase.configured_as, abi
        )
        with located(path):
            phase.record(script, *([abi] if takes_abi else []))
        if script.source:
            steps.append(_step(recipe.name, script.source, SOURCE.title.format(recipe.name)))
        title = (phase.record.__doc__ or "").strip() or phase.stage.title.format(name)
        steps.append(_step(name, script, title, phase.replaces))
    return steps


def _step(package: str, script: Script, title: str, replaces: Iterable[str] = ()) -> Step:
    stage, arch = script.stage, script.arch.name
    return Step(
        name=stage.step_name(arch, package),
        stage=stage,
        title=title,
        script="\n".join(["#!/bin/sh", "set -eu", "umask 022", *script.lines, ""]),
        needs=tuple(script.needed),
        tools=tuple(script.used_tools),
        sources=tuple(script.sources[source] for source in script.used_sources),
        files=tuple(script.used_files),
        replaces=tuple(f"{arch}/{step}" for step in replaces),
        objects=script.objects,
    )


def evaluate(settings: Settings) -> Plan:
    """Evaluate every recipe for the configured architecture.

    A recipe is packages/NAME.py, or packages/NAME/recipe.py beside its patches and other files.
    Raises RuckusError for a recipe that can't be read, two steps of one name, or needs that nothing builds.
    """
    sources = read_manifest(settings.recipes / "sources.toml", settings.sources, settings.manifests)
    costs = read_costs(settings.recipes)
    members: dict[str, list[str]] = {}
    steps: dict[str, Step] = {}
    for path in visible(settings.recipes, "*.py", "*/recipe.py"):
        recipe = load_recipe(path)
        for phase in recipe.phases:
            for step in _steps_of(settings, sources, path, recipe, phase):
                other = steps.setdefault(step.name, step)
                if other is not step and step.installs:
                    raise RuckusError(f"{path}: another recipe has step {step.name}", "give this one a name of its own")
                if other != step:
                    raise RuckusError(
                        f"{path}: its steps want different shared sources", "use one shared_source() for all"
                    )
                if step.installs:
                    members.setdefault(f"{phase.stage.name}/{phase.name}", []).append(step.name)
    profile = read_profile(settings.recipes, settings.profile)
    wanted = [name for entry in profile for name in members.get(entry, [entry])]
    return Plan(
        settings,
        (replace(step, costs=costs.get(entry_name(step.name), UNKNOWN)) for step in steps.values()),
        sources,
        wanted,
    )
