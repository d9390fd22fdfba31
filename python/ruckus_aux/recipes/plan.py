# SPDX-License-Identifier: GPL-3.0-or-later
"""Evaluate the recipes for an architecture: the steps, their order and their keys."""

import hashlib
import importlib.util
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ruckus_aux.host.toolchain import fingerprint, tool_version
from ruckus_aux.host.visible import visible
from ruckus_aux.recipes.environment import step_environment
from ruckus_aux.recipes.manifest import Source, read_manifest, sha256_of
from ruckus_aux.recipes.recipe import Phase, Recipe, Script, for_each_abi
from ruckus_aux.settings.settings import Settings
from ruckus_aux.words import paths
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.stage import SOURCE, Stage

# Changes with what Ruckus does to every step: the sandbox, the preamble, what is normalized in an artifact.
FORMAT = "3"
_UNPACK_CPU, _UNPACK_MEMORY = 20.0, 70  # CPU seconds and MB, until the journal knows better


@dataclass(frozen=True)
class Step:
    """One recipe in one stage for one architecture: the unit of scheduling, logging, caching and retrying.

    name: ARCH/STAGE/PACKAGE, or hostprep/PACKAGE.
    script: what runs, POSIX sh.
    needs: names of the steps whose artifacts are in its view.
    tools: programs of the host that it declares; their versions are part of its key.
    sources, files: what its sandbox has in $SOURCES and $FILES.
    cpu, shared_cpu, memory, disk, installed: as the recipe states them, in CPU seconds and MB.
    objects: what other steps share their host objects with this one, through ccache; "" is none.
    """

    name: str
    stage: Stage
    title: str
    script: str
    needs: tuple[str, ...]
    tools: tuple[str, ...]
    sources: tuple[Source, ...]
    files: tuple[Path, ...]
    cpu: float
    shared_cpu: float
    memory: int
    disk: int
    installed: int
    profiles: tuple[str, ...]
    replaces: tuple[str, ...]
    objects: str = ""

    @property
    def installs(self) -> bool:
        """Whether it is built for its own sake: a source is unpacked only when something is built from it."""
        return self.stage.installs


class Plan:
    """All steps of a configured build directory, by name, each after what it needs."""

    def __init__(self, settings: Settings, steps: Iterable[Step], sources: Mapping[str, Source]) -> None:
        self.settings = settings
        self.sources = sources
        self.steps = in_order({step.name: step for step in steps})
        self._inputs: dict[str, dict[str, str]] = {}
        self._base = {
            "format": FORMAT,
            # In a sandbox the paths are the same everywhere; without, they may leak into what is built.
            "isolation": settings.isolation if settings.isolation == "bwrap" else f"none {settings.buildroot}",
        }
        if not settings.sharing:  # then each architecture's steps are its own
            self._base["sharing"] = f"none {settings.arch.name}"

    def __getitem__(self, name: str) -> Step:
        """The step of this name; RuckusError when there is none."""
        if name not in self.steps:
            raise RuckusError(f"no step '{name}'", "list the steps with: ruckus list")
        return self.steps[name]

    @property
    def has_profile(self) -> bool:
        """Whether there is anything to build for the configured profile."""
        return self.settings.hostprep_only or any(
            self.settings.profile in step.profiles for step in self.steps.values()
        )

    def of_profile(self) -> list[Step]:
        """The steps of the configured profile with all that they need, and hostprep's tools, in order.

        Raises RuckusError when no recipe belongs to the profile.
        """
        if self.settings.hostprep_only:
            return self.hostprep()
        if not self.has_profile:
            raise RuckusError(
                f"no recipe belongs to the profile '{self.settings.profile}' yet", "configure --with-profile=tiny"
            )
        wanted = [step.name for step in self.steps.values() if self.settings.profile in step.profiles]
        return self.closure([*wanted, *(step.name for step in self.hostprep())])

    def hostprep(self) -> list[Step]:
        """The steps of hostprep that this build uses: tools that the host lacks, libraries of the cross toolchain."""
        others = [step for step in self.steps.values() if step.stage.of_system]  # what these need comes with them
        used = {name for step in others for name in step.needs if name.startswith("hostprep/")}
        lacking = {f"hostprep/{tool}" for tool in self.settings.hostprep_tools}
        return self.closure(used | lacking)

    def closure(self, names: Iterable[str]) -> list[Step]:
        """These steps and all that they need, in order."""
        found: set[str] = set()
        pending = list(names)
        while pending:
            step = self[pending.pop()]
            if step.name not in found:
                found.add(step.name)
                pending += step.needs
        return [step for step in self.steps.values() if step.name in found]

    def inputs(self, step: Step) -> dict[str, str]:
        """Everything that a step's key is made of, by what it is; a source that is not downloaded has an empty hash."""
        if step.name not in self._inputs:
            environment = repr(step_environment(self.settings, step.stage, paths.INSIDE, {}))
            inputs = {**self._base, "environment": hashlib.sha256(environment.encode()).hexdigest()}
            if step.stage.sees_host:
                inputs["host"] = fingerprint()
            inputs |= {"script": hashlib.sha256(step.script.encode()).hexdigest()}
            inputs |= {f"tool {name}": tool_version(name) for name in step.tools}
            inputs |= {f"source {source.name}": " ".join(source.identity()) for source in step.sources}
            inputs |= {f"file {path.name}": sha256_of(path) for path in step.files}
            inputs |= {f"dependency {name}": self.key(self.steps[name]) for name in step.needs}
            self._inputs[step.name] = inputs
        return self._inputs[step.name]

    def key(self, step: Step) -> str:
        """The step's key: 32 hexadecimal digits. Its name is not part of it, so equal steps share an artifact."""
        # A dependency's name says where it is in the view only through its own script, so its key is enough.
        lines = sorted(
            f"dependency {value}" if name.startswith("dependency ") else f"{name} {value}"
            for name, value in self.inputs(step).items()
        )
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:32]


def in_order(steps: Mapping[str, Step]) -> dict[str, Step]:
    """The same steps, each after what it needs; RuckusError when they need each other, or what is not there."""
    ordered: dict[str, Step] = {}

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in ordered:
            return
        if name in path:
            raise RuckusError(f"steps need each other: {' -> '.join((*path, name))}")
        if name not in steps:
            raise RuckusError(f"step {path[-1]} needs '{name}', which no recipe builds")
        for need in steps[name].needs:
            visit(need, (*path, name))
        ordered[name] = steps[name]

    for name in steps:
        visit(name, ())
    return ordered


def remaining(needs: Mapping[str, Iterable[str]], cost: Mapping[str, float]) -> dict[str, float]:
    """For each target, the seconds of the longest path from its start to the end of the build.

    needs: each target's prerequisites; a target comes after what it needs.
    cost: seconds that each takes.
    """
    longest = dict.fromkeys(needs, 0.0)
    for target in reversed(list(needs)):
        longest[target] += cost[target]
        for need in needs[target]:
            longest[need] = max(longest[need], longest[target])
    return longest


def _load_recipe(path: Path) -> Recipe:
    """Import a recipe's file, which defines `recipe`."""
    spec = importlib.util.spec_from_file_location(f"ruckus_recipe_{path.parent.name}_{path.stem}", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        recipe = module.recipe
    except RuckusError:
        raise
    except Exception as error:  # a recipe is somebody's code: anything may be wrong with it
        raise RuckusError(f"{path}: {type(error).__name__}: {error}") from error
    if not isinstance(recipe, Recipe):
        raise RuckusError(f"{path}: 'recipe' is not a Recipe")
    return recipe


def _evaluate(settings: Settings, sources: dict[str, Source], path: Path, recipe: Recipe, phase: Phase) -> list[Step]:
    steps = []
    prefix = f"{settings.arch.name}/{phase.stage.name}" if phase.stage.of_system else phase.stage.name
    for name, arguments in for_each_abi(phase, settings.arch):
        script = Script(settings, sources, recipe, path.parent, settings.arch)
        phase.record(script, *arguments)
        if script.source:
            unpack = replace(
                phase,
                stage=SOURCE,
                cpu=_UNPACK_CPU,
                shared_cpu=0.0,
                memory=_UNPACK_MEMORY,
                disk=script.source_disk,
                installed=script.source_disk,
                profiles=(),
                replaces=(),
            )
            source = f"{settings.arch.name}/{SOURCE.name}/{recipe.name}"
            steps.append(_step(source, SOURCE.title.format(recipe.name), script.source, unpack))
        steps.append(_step(f"{prefix}/{name}", (phase.record.__doc__ or "").strip(), script, phase))
    return steps


def _step(name: str, title: str, script: Script, phase: Phase) -> Step:
    return Step(
        name=name,
        stage=phase.stage,
        title=title,
        script="\n".join(["#!/bin/sh", "set -eu", "umask 022", *script.lines, ""]),
        needs=tuple(script.needed),
        tools=tuple(script.used_tools),
        sources=tuple(script.sources[source] for source in script.used_sources),
        files=tuple(script.used_files),
        cpu=phase.cpu,
        shared_cpu=phase.shared_cpu,
        memory=phase.memory,
        disk=phase.disk,
        installed=phase.installed,
        profiles=phase.profiles,
        replaces=tuple(f"{script.arch.name}/{step}" for step in phase.replaces),
        objects=script.objects,
    )


def evaluate(settings: Settings) -> Plan:
    """Evaluate every recipe for the configured architecture.

    A recipe is packages/NAME.py, or packages/NAME/recipe.py beside its patches and other files.
    Raises RuckusError for a recipe that can't be read, two steps of one name, or needs that nothing builds.
    """
    sources = read_manifest(settings.recipes / "sources.toml", settings.sources, settings.manifests)
    steps: dict[str, Step] = {}
    for path in visible(settings.recipes, "*.py", "*/recipe.py"):
        recipe = _load_recipe(path)
        for phase in recipe.phases:
            for step in _evaluate(settings, sources, path, recipe, phase):
                other = steps.setdefault(step.name, step)
                if other is not step and step.installs:
                    raise RuckusError(f"{path}: another recipe has step {step.name}", "give this one a name of its own")
                if other != step:
                    raise RuckusError(
                        f"{path}: its steps want different shared sources", "use one shared_source() for all"
                    )
    return Plan(settings, steps.values(), sources)
