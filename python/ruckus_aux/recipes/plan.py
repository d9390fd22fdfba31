# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan: the steps of an architecture, their order and their keys."""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from ruckus_aux.host.toolchain import fingerprint, tool_version
from ruckus_aux.recipes.costs import UNKNOWN, Costs
from ruckus_aux.recipes.environment import BEGINNING, step_environment
from ruckus_aux.recipes.given import given_hash
from ruckus_aux.recipes.kconfig import Kconfig
from ruckus_aux.recipes.manifest import Source
from ruckus_aux.recipes.rights import Right
from ruckus_aux.settings.settings import Settings
from ruckus_aux.words import paths
from ruckus_aux.words.errors import Mistakes, RuckusError
from ruckus_aux.words.stage import GOALS, STAGES, Stage
from ruckus_aux.words.step_name import StepName

# Changes with what Ruckus does to every step: the sandbox, the preamble, what is normalized in an artifact.
FORMAT = "3"


@dataclass(frozen=True, eq=False)
class Step:
    """One recipe in one stage for one architecture: the unit of scheduling, logging, caching and retrying.

    settings: of the build directory that it is a step of.
    recipe: the file that describes it.
    pieces: what its recipe's calls have recorded, see Script.pieces.
    needs: the steps whose artifacts are in its view. implied: how many of them, the first, its recipe need not name.
    tools: programs of the host that it declares; their versions are part of its key.
    sources, files: what its sandbox has in $SOURCES and $FILES.
    replaces: steps whose files its own files overwrite.
    rights: what root gives what it has installed; no part of its key.
    objects: what other steps share their host objects with this one, through ccache; "" is none.
    freestanding: whether what it installs is the same wherever its toolchain is, and whatever libraries that has.
    makers: then, those of its needs that it is compiled with, where the rest leaves nothing in what it installs.
    only_tests: whether it installs nothing.
    only_boots: whether it only boots the temporary system, and the final one is built without it.
    only_shown: whether what it installs is for steps that need it, and no part of a system.
    layout: texts whose lines in the script are about libraries only, such as where they are: code that uses none is
        compiled alike.
    kconfig: where it has configured with Kconfig, if it does.
    costs: as packages/costs.toml has them.
    """

    settings: Settings = field(repr=False)
    name: StepName
    recipe: Path = field(default=Path(), repr=False)
    title: str = ""
    pieces: tuple[str, ...] = field(default=(), repr=False)
    needs: tuple["Step", ...] = field(default=(), repr=False)
    implied: int = 0
    tools: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    files: tuple[Path, ...] = ()
    replaces: tuple[StepName, ...] = ()
    rights: tuple[Right, ...] = ()
    objects: str = ""
    freestanding: bool = False
    makers: tuple["Step", ...] = ()
    only_tests: bool = False
    only_boots: bool = False
    only_shown: bool = False
    layout: tuple[str, ...] = ()
    kconfig: Kconfig | None = field(default=None, repr=False)
    costs: Costs = UNKNOWN

    @property
    def stage(self) -> Stage:
        """Its stage."""
        return self.name.stage

    @property
    def installs(self) -> bool:
        """Whether it is built for its own sake: a source is unpacked only when something is built from it."""
        return self.stage.installs

    @property
    def shared_source(self) -> tuple["Step", ...]:
        """The step of the source that it shares with others; none, when it unpacks its own."""
        return tuple(need for need in self.needs if not need.installs)

    @property
    def is_merged(self) -> bool:
        """Whether what it installs becomes a part of a system."""
        return self.installs and not (self.only_shown or self.only_tests)

    @cached_property
    def script(self) -> str:
        """What runs: POSIX sh."""
        return "\n".join([*BEGINNING, *self.pieces, ""])

    @cached_property
    def inputs(self) -> dict[str, str]:
        """Everything that its key is made of, by what it is; a source that is not downloaded has an empty hash."""
        return self._inputs(code_only=self.freestanding)

    @cached_property
    def key(self) -> str:
        """The hash of its inputs: 32 hexadecimal digits. Its name is not part of it, so equal steps share an artifact.

        It asks the host's programs for their versions, and reads files: only those who need it pay for it.
        """
        return _hash_of(self.inputs)

    @cached_property
    def code_key(self) -> str:
        """Its key, but for the prefixes and for lines of layout: two compilers that have it in common compile alike."""
        return _hash_of(self._inputs(code_only=True))

    def contents_key(self, hash_of: Callable[["Step"], str]) -> str:
        """Its key, with the contents of what it needs in place of their keys: known only when all that is there.

        hash_of: the hash of a needed step's artifact.
        """
        needs = {f"dependency {need.name}": hash_of(need) for need in self.needs}
        return _hash_of(self._own_inputs(code_only=False) | needs)

    def _inputs(self, *, code_only: bool) -> dict[str, str]:
        if code_only and self.makers:
            dependencies = {maker.name: _hash_of(maker._own_inputs(code_only=True)) for maker in self.makers}
        else:
            dependencies = {need.name: need.code_key if code_only else need.key for need in self.needs}
        own = self._own_inputs(code_only=code_only)
        return own | {f"dependency {name}": key for name, key in dependencies.items()}

    def _own_inputs(self, *, code_only: bool) -> dict[str, str]:
        settings, script = self.settings, self.script
        environment = repr(step_environment(settings, self.stage, paths.INSIDE, {}))
        if code_only:
            script, environment = self._code_only(script), self._code_only(environment)
        isolated = settings.isolation == "bwrap" or not self.stage.sees_host
        inputs = {
            "format": FORMAT,
            # In a sandbox the paths are the same everywhere; without, they may leak into what is built.
            "isolation": "bwrap" if isolated else f"none {settings.buildroot}",
        }
        if not settings.sharing:  # then each architecture's steps are its own
            inputs["sharing"] = f"none {settings.arch.name}"
        inputs["environment"] = hashlib.sha256(environment.encode()).hexdigest()
        if self.stage.sees_host:
            inputs["host"] = fingerprint()
        inputs["script"] = hashlib.sha256(script.encode()).hexdigest()
        inputs |= {f"tool {name}": tool_version(name) for name in self.tools}
        inputs |= {f"source {source.name}": " ".join(source.identity()) for source in self.sources}
        return inputs | {f"file {path.name}": given_hash(path) for path in self.files}

    def _code_only(self, text: str) -> str:
        lines = [line for line in text.splitlines() if not any(mark in line for mark in self.layout)]
        text = "\n".join([*lines, ""])
        for number, prefix in enumerate(self.settings.prefixes):
            text = re.sub(rf"{re.escape(prefix)}(?![\w.-])", f"<{number}>", text)
        return text


def _hash_of(inputs: Mapping[str, str]) -> str:
    # A dependency's name says where it is in the view only through its own script, so its key is enough.
    lines = sorted(
        f"dependency {value}" if name.startswith("dependency ") else f"{name} {value}" for name, value in inputs.items()
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Broken:
    """A step that can't be made: its recipe is wrong, or that of a step that it needs.

    settings: as for Step.
    error: what is wrong.
    cause: the step that it needs and that is broken for this error, if it is not so itself.
    """

    settings: Settings = field(repr=False)
    name: StepName
    error: RuckusError
    cause: StepName | None = None


class Plan:
    """All steps of a configured build directory, by name, each after what it needs."""

    def __init__(
        self,
        settings: Settings,
        steps: Mapping[StepName, Step],
        sources: Mapping[str, Source],
        profile: Sequence[StepName] = (),
        broken: Mapping[StepName, Broken] | None = None,
        unread: Sequence[RuckusError] = (),
    ) -> None:
        """Keep what was evaluated.

        Args:
            settings: What it was evaluated for.
            steps: The steps that can be made, each after what it needs.
            sources: The manifest.
            profile: The names of those that the configured profile lists, in its order.
            broken: The steps that can't be made.
            unread: What is wrong with recipes whose steps are unknown: they can't even be read.
        """
        self.settings = settings
        self.steps = steps
        self.sources = sources
        self.profile = profile
        self.broken = {} if broken is None else broken
        self.unread = unread

    def __getitem__(self, name: str) -> Step:
        """The step of this name; RuckusError when there is none, or it is broken."""
        return self.steps.get(StepName(name)) or self.closure([name])[-1]

    def of_package(self, stage: Stage, package: str) -> list[Step]:
        """A package's steps in a stage: one, or one for each ABI; RuckusError when there is none, or one is broken."""
        arch = self.settings.arch
        packages = (package, *(f"{package}-{abi.bits}" for abi in arch.abis))
        named = [StepName.of(arch.name, stage, one) for one in packages]
        return [self[name] for name in named if name in self.steps or name in self.broken] or [self[named[0]]]

    def knows(self, name: StepName) -> bool:
        """Whether a recipe has this step; one that can't be read may have any."""
        return name in self.steps or name in self.broken or bool(self.unread)

    @property
    def errors(self) -> list[RuckusError]:
        """What is wrong with recipes."""
        return [*self.unread, *(one.error for one in self.broken.values() if one.cause is None)]

    def check(self) -> None:
        """Raise RuckusError, with all that is wrong, when any recipe is."""
        Mistakes(self.errors).check("mistakes in recipes")

    def has(self, goal: str) -> bool:
        """Whether there is anything to build for a goal of make."""
        if goal == "hostprep" or self.settings.hostprep_only:
            return True
        return bool(self.profile) and (goal == "bootstrap" or any(name.stage.goal == goal for name in self.profile))

    def goal(self, goal: str) -> list[StepName]:
        """The names of the steps that a goal of make stands for: one of GOALS, with those before it, or a step.

        Raises RuckusError when there is nothing to build for the profile.
        """
        if goal not in GOALS:
            return [StepName(goal)]
        if not self.has(goal):
            raise self._without(goal)
        reached = () if self.settings.hostprep_only else GOALS[: GOALS.index(goal) + 1]
        return [*(name for name in self.profile if name.stage.goal in reached), *self._hostprep()]

    def _without(self, goal: str) -> RuckusError:
        """What is said of a goal that the profile has nothing for."""
        other = {"bootstrap": "tiny", "stage2": "clfs"}.get(goal, goal)
        return RuckusError(
            f"the profile '{self.settings.profile}' has no steps for {goal}",
            f"choose another: configure --with-profile={other}   (invoke build --profile={other})",
        )

    @property
    def last_goal(self) -> str:
        """The goal of make that builds all that the profile has."""
        return [goal for goal in GOALS if self.has(goal)][-1]

    def of_profile(self) -> list[Step]:
        """The steps of the profile that make a system which boots, with all that they need, and hostprep's tools."""
        return self.closure(self.goal("bootstrap"))

    def of_final(self) -> "Plan":
        """This plan with the final system in place of the temporary one, for whoever looks at what was built.

        Raises RuckusError when the profile has no final system.
        """
        if not self.has("final"):
            raise self._without("final")
        return Plan(self.settings.of_final(), self.steps, self.sources, self.profile, self.broken, self.unread)

    def of_system(self) -> tuple[list[Step], list[Broken]]:
        """The steps of the profile that this system is made of, in order, and those of them that can't be made."""
        goal, root = self.settings.goal, "final" if self.settings.is_final else "clfs"
        steps, broken = self.split(self.goal(goal) if self.has(goal) else [])
        return [step for step in steps if step.stage.root == root and step.is_merged], broken

    @cached_property
    def system(self) -> list[StepName]:
        """The names of the steps whose artifacts are this system, but for what only boots it, in order."""
        steps, broken = self.of_system()
        return [*(step.name for step in steps if not step.freestanding), *(one.name for one in broken)]

    @cached_property
    def _programs(self) -> list[StepName]:
        """The names of the steps whose artifacts build the final system: stage1 and what that has built, in order."""
        steps, broken = self.split(self.goal("stage2") if self.has("stage2") else self.system)
        wanted = {*self.system, *(step.name for step in steps if not step.stage.sees_host)}
        built = [step for step in steps if step.name in wanted and not (step.only_boots or step.only_tests)]
        return [*(step.name for step in built), *(one.name for one in broken)]

    def implied(self, stage: Stage) -> list[StepName]:
        """The names of the steps that all of a stage need; known when all steps of the stages before it are."""
        if stage.sees_host:
            return []
        return self.system if stage.sees == "system" else self._programs

    def hostprep(self) -> list[Step]:
        """The steps of hostprep that this build uses; see closure."""
        return self.closure(self.goal("hostprep"))

    def _hostprep(self) -> list[StepName]:
        """Tools that the host lacks, and libraries of the cross toolchain."""
        wanted = self.split(self.profile or self.steps)[0]
        system = [step for step in wanted if step.stage.of_system]  # what hostprep's steps need comes with them
        used = {need.name for step in system for need in step.needs if not need.stage.of_system}
        lacking = {StepName.of("", STAGES["hostprep"], tool) for tool in self.settings.hostprep_tools}
        return sorted(used | lacking)

    def closure(self, names: Iterable[str]) -> list[Step]:
        """These steps and all that they need, in order.

        Raises RuckusError, with all that is wrong, when any of them does not exist or is broken.
        """
        steps, broken = self.split(names)
        unknown = {one.name for one in broken} - self.broken.keys()
        errors = [*self.unread] if unknown else []
        # What a profile lists is somewhere, and most likely there.
        told = [one.error for one in broken if not (self.unread and one.name in unknown.intersection(self.profile))]
        Mistakes([*errors, *told]).check("mistakes in recipes")
        return steps

    def split(self, names: Iterable[str]) -> tuple[list[Step], list[Broken]]:
        """What of these steps can be made, with all that it needs and in order; and what can't, with its causes."""
        wanted: set[Step] = set()
        broken: dict[StepName, Broken] = {}
        pending: list[Step] = []
        for name in map(StepName, names):
            if name in self.steps:
                pending.append(self.steps[name])
            else:
                cause: StepName | None = name
                while cause:
                    broken[cause] = self._refusal(cause)
                    cause = broken[cause].cause
        while pending:
            step = pending.pop()
            if step not in wanted:
                wanted.add(step)
                pending += step.needs
        return [step for step in self.steps.values() if step in wanted], list(broken.values())

    def _refusal(self, name: StepName) -> Broken:
        """Why there is no such step."""
        if name in self.broken:
            return self.broken[name]
        message, hint = f"no step '{name}'", f"list the steps with: {self.settings.builddir / 'ruckus'} list --all"
        if name in self.profile:
            message = f"the profile '{self.settings.profile}' lists what no recipe has: {name.within_arch}"
        elif not name.stage.sees_host and not self.has(name.stage.goal):
            return Broken(self.settings, name, self._without(name.stage.goal))
        return Broken(self.settings, name, RuckusError(message, hint))


def unless(unread: Iterable[RuckusError]) -> str:
    """A hint for a step that no recipe has, when some could not be read."""
    return "\n".join(f"unless in {error.message}" for error in unread)
