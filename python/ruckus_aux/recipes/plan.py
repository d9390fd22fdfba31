# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan: the steps of an architecture, their order and their keys."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from ruckus_aux.host.toolchain import fingerprint, tool_version
from ruckus_aux.recipes.costs import UNKNOWN, Costs
from ruckus_aux.recipes.environment import step_environment
from ruckus_aux.recipes.manifest import Source, sha256_of
from ruckus_aux.settings.settings import Settings
from ruckus_aux.words import paths
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.stage import STAGES, Stage
from ruckus_aux.words.step_name import StepName

# Changes with what Ruckus does to every step: the sandbox, the preamble, what is normalized in an artifact.
FORMAT = "3"


@dataclass(frozen=True, eq=False)
class Step:
    """One recipe in one stage for one architecture: the unit of scheduling, logging, caching and retrying.

    settings: of the build directory that it is a step of.
    recipe: the file that describes it.
    script: what runs, POSIX sh.
    needs: the steps whose artifacts are in its view.
    tools: programs of the host that it declares; their versions are part of its key.
    sources, files: what its sandbox has in $SOURCES and $FILES.
    replaces: steps whose files its own files overwrite.
    objects: what other steps share their host objects with this one, through ccache; "" is none.
    costs: as packages/costs.toml has them.
    """

    settings: Settings = field(repr=False)
    name: StepName
    recipe: Path = field(default=Path(), repr=False)
    title: str = ""
    script: str = ""
    needs: tuple["Step", ...] = field(default=(), repr=False)
    tools: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    files: tuple[Path, ...] = ()
    replaces: tuple[StepName, ...] = ()
    objects: str = ""
    costs: Costs = UNKNOWN

    @property
    def stage(self) -> Stage:
        """Its stage."""
        return self.name.stage

    @property
    def installs(self) -> bool:
        """Whether it is built for its own sake: a source is unpacked only when something is built from it."""
        return self.stage.installs

    @cached_property
    def inputs(self) -> dict[str, str]:
        """Everything that its key is made of, by what it is; a source that is not downloaded has an empty hash."""
        settings = self.settings
        environment = repr(step_environment(settings, self.stage, paths.INSIDE, {}))
        inputs = {
            "format": FORMAT,
            # In a sandbox the paths are the same everywhere; without, they may leak into what is built.
            "isolation": settings.isolation if settings.isolation == "bwrap" else f"none {settings.buildroot}",
        }
        if not settings.sharing:  # then each architecture's steps are its own
            inputs["sharing"] = f"none {settings.arch.name}"
        inputs["environment"] = hashlib.sha256(environment.encode()).hexdigest()
        if self.stage.sees_host:
            inputs["host"] = fingerprint()
        inputs["script"] = hashlib.sha256(self.script.encode()).hexdigest()
        inputs |= {f"tool {name}": tool_version(name) for name in self.tools}
        inputs |= {f"source {source.name}": " ".join(source.identity()) for source in self.sources}
        inputs |= {f"file {path.name}": sha256_of(path) for path in self.files}
        return inputs | {f"dependency {need.name}": need.key for need in self.needs}

    @cached_property
    def key(self) -> str:
        """The hash of its inputs: 32 hexadecimal digits. Its name is not part of it, so equal steps share an artifact.

        It asks the host's programs for their versions, and reads files: only those who need it pay for it.
        """
        # A dependency's name says where it is in the view only through its own script, so its key is enough.
        lines = sorted(
            f"dependency {value}" if name.startswith("dependency ") else f"{name} {value}"
            for name, value in self.inputs.items()
        )
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:32]


class Plan:
    """All steps of a configured build directory, by name, each after what it needs."""

    def __init__(
        self,
        settings: Settings,
        steps: Mapping[StepName, Step],
        sources: Mapping[str, Source],
        profile: Sequence[StepName] = (),
    ) -> None:
        """Keep what was evaluated.

        Args:
            settings: What it was evaluated for.
            steps: All steps, each after what it needs.
            sources: The manifest.
            profile: The names of those that the configured profile lists, in its order.
        """
        self.settings = settings
        self.steps = steps
        self.sources = sources
        self.profile = profile

    def __getitem__(self, name: str) -> Step:
        """The step of this name; RuckusError when there is none."""
        if step := self.steps.get(StepName(name)):
            return step
        raise RuckusError(f"no step '{name}'", "list the steps with: ruckus list")

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
        if not self.has_profile:
            raise RuckusError(
                f"the profile '{self.settings.profile}' has no steps yet", "configure --with-profile=tiny"
            )
        unknown = [name for name in self.profile if name not in self.steps]
        if unknown:
            raise RuckusError(
                f"the profile '{self.settings.profile}' lists what no recipe has: {', '.join(unknown)}",
                "list the steps with: ruckus list --all",
            )
        return self.closure([*self.profile, *(step.name for step in self.hostprep())])

    def hostprep(self) -> list[Step]:
        """The steps of hostprep that this build uses: tools that the host lacks, libraries of the cross toolchain."""
        others = [step for step in self.steps.values() if step.stage.of_system]  # what these need comes with them
        used = {need.name for step in others for need in step.needs if not need.stage.of_system}
        lacking = {StepName.of("", STAGES["hostprep"], tool) for tool in self.settings.hostprep_tools}
        return self.closure(used | lacking)

    def closure(self, names: Iterable[str]) -> list[Step]:
        """These steps and all that they need, in order."""
        pending = [self[name] for name in names]
        wanted: set[Step] = set()
        while pending:
            step = pending.pop()
            if step not in wanted:
                wanted.add(step)
                pending += step.needs
        return [step for step in self.steps.values() if step in wanted]


def remaining(needs: Mapping[str, Iterable[str]], cost: Mapping[str, float]) -> dict[str, float]:
    """For each target, the seconds of the longest path from its start to the end of the build.

    Args:
        needs: Each target's prerequisites; a target comes after what it needs.
        cost: The seconds that each takes.
    """
    longest = dict.fromkeys(needs, 0.0)
    for target in reversed(list(needs)):
        longest[target] += cost[target]
        for need in needs[target]:
            longest[need] = max(longest[need], longest[target])
    return longest
