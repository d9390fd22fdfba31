# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan: the steps of an architecture, their order and their keys."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ruckus_aux.host.toolchain import fingerprint, tool_version
from ruckus_aux.recipes.costs import UNKNOWN, Costs
from ruckus_aux.recipes.environment import step_environment
from ruckus_aux.recipes.manifest import Source, sha256_of
from ruckus_aux.recipes.profile import profile_path
from ruckus_aux.settings.settings import Settings
from ruckus_aux.words import paths
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.stage import Stage

# Changes with what Ruckus does to every step: the sandbox, the preamble, what is normalized in an artifact.
FORMAT = "3"


@dataclass(frozen=True)
class Step:
    """One recipe in one stage for one architecture: the unit of scheduling, logging, caching and retrying.

    name: ARCH/STAGE/PACKAGE, or hostprep/PACKAGE.
    script: what runs, POSIX sh.
    needs: names of the steps whose artifacts are in its view.
    tools: programs of the host that it declares; their versions are part of its key.
    sources, files: what its sandbox has in $SOURCES and $FILES.
    objects: what other steps share their host objects with this one, through ccache; "" is none.
    costs: as packages/costs.toml has them.
    """

    name: str
    stage: Stage
    title: str
    script: str
    needs: tuple[str, ...]
    tools: tuple[str, ...]
    sources: tuple[Source, ...]
    files: tuple[Path, ...]
    replaces: tuple[str, ...]
    objects: str = ""
    costs: Costs = UNKNOWN

    @property
    def installs(self) -> bool:
        """Whether it is built for its own sake: a source is unpacked only when something is built from it."""
        return self.stage.installs


class Plan:
    """All steps of a configured build directory, by name, each after what it needs."""

    def __init__(
        self,
        settings: Settings,
        steps: Iterable[Step],
        sources: Mapping[str, Source],
        profile: Sequence[str] = (),
    ) -> None:
        """Put steps in order.

        Args:
            settings: What they were evaluated for.
            steps: All of them.
            sources: The manifest.
            profile: The names of those that the configured profile lists, in its order.
        """
        self.settings = settings
        self.sources = sources
        self.profile = profile
        by_name = {step.name: step for step in steps}
        listed = {name: by_name[name] for name in profile if name in by_name}
        self.steps = in_order({**listed, **by_name})
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
        return self.settings.hostprep_only or bool(self.profile)

    def of_profile(self) -> list[Step]:
        """The steps of the configured profile with all that they need, and hostprep's tools, in order.

        Raises RuckusError when the profile is empty, or lists a step that no recipe has.
        """
        if self.settings.hostprep_only:
            return self.hostprep()
        path = profile_path(self.settings.recipes, self.settings.profile)
        if not self.has_profile:
            raise RuckusError(
                f"the profile '{self.settings.profile}' has no steps yet: {path}", "configure --with-profile=tiny"
            )
        unknown = [name for name in self.profile if name not in self.steps]
        if unknown:
            raise RuckusError(f"{path}: no recipe has {', '.join(unknown)}", "list the steps with: ruckus list --all")
        return self.closure([*self.profile, *(step.name for step in self.hostprep())])

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
