# SPDX-License-Identifier: GPL-3.0-or-later
"""A recipe: one source package, and how it is built in each stage.

A recipe reads like a page of the CLFS book and runs nothing: its functions are called for an architecture and record
a script, see Script. Most packages need no function: `Recipe("m4").autotools("hostprep")`.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self, TypeVar

from ruckus_aux.recipes.meson import meson_setup
from ruckus_aux.recipes.python import build_wheel, install_wheel
from ruckus_aux.recipes.script import Script
from ruckus_aux.settings.settings import Settings
from ruckus_aux.words.architecture import Abi, Architecture
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.stage import STAGES, Stage

Hook = Callable[[Script], None]
_T = TypeVar("_T")
DEJAGNU = "RUNTEST={tools}/bin/runtest"  # for make check: by the link in /usr/bin, it would not find its own files


@dataclass(frozen=True)
class Phase:
    """One function of a recipe and what was declared with it; Recipe.step says what the fields mean."""

    stage: Stage
    name: str
    record: Callable[..., None]
    per_abi: bool
    configured_as: Stage
    replaces: tuple[str, ...]
    when: Callable[[Settings], bool]

    def for_each_abi(self, arch: Architecture) -> list[tuple[str, Abi, bool]]:
        """The phase's steps for an architecture: each one's name and ABI, and whether its function takes that."""
        if self.per_abi:
            return [(f"{self.name}-{abi.bits}", abi, True) for abi in arch.abis]
        return [(self.name, arch.main_abi, False)]


@dataclass(frozen=True)
class Check:
    """A package's test suite.

    critical: whether the books call it so: --with-tests=critical is enough for it.
    make: words for make.
    options: of configure, besides those that the package is built with.
    needs: what it needs besides what the package is built with, see Script.needs.
    before: called when the package is made.
    expected: tests that fail although nothing is wrong, each with the reason.
    """

    critical: bool = False
    make: tuple[str, ...] = ("check",)
    options: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    before: Hook | None = None
    expected: Mapping[str, str] = field(default_factory=dict)

    def is_wanted(self, settings: Settings) -> bool:
        """Whether a build directory tries it."""
        return settings.tests == "all" or (self.critical and settings.tests == "critical")


class Recipe:
    """The description of one source package: where its source comes from and, per stage, how it is built."""

    def __init__(self, name: str, *, source: str = "") -> None:
        """Name a recipe.

        Args:
            name: The package, as the CLFS book calls it.
            source: Its entry in packages/sources.toml, when that is not the name; a recipe may have none at all.
        """
        self.name = name
        self.source = source or name
        self.phases: list[Phase] = []

    def step(
        self,
        stage: str,
        *,
        name: str = "",
        per_abi: bool = False,
        configured_as: str = "",
        replaces: tuple[str, ...] = (),
        when: Callable[[Settings], bool] = lambda _: True,
    ) -> Callable[[Callable[..., None]], Callable[..., None]]:
        """Declare that the decorated function builds this package in a stage; its docstring is the step's title.

        Args:
            stage: hostprep, cross, stage1, stage2 or final.
            name: The step's name, when it is not the recipe's.
            per_abi: Call the function once per ABI, as f(script, abi), for steps NAME-32 and NAME-64.
            configured_as: Another stage, whose prefix, triplets and compilers it gets.
            replaces: Steps of the same architecture whose files this step's files overwrite in the system; STAGE/* for
                all others of a stage.
            when: Whether a configured build directory has this step; where not, profiles that list it do without.
        """
        for word in (stage, configured_as or stage):
            if word not in STAGES:
                raise RuckusError(f"unknown stage '{word}'", f"choose one of: {', '.join(STAGES)}")

        def declare(record: Callable[..., None]) -> Callable[..., None]:
            like = STAGES[configured_as or stage]
            self.phases.append(Phase(STAGES[stage], name or self.name, record, per_abi, like, replaces, when))
            return record

        return declare

    def autotools(
        self,
        *stages: str,
        options: Iterable[str] = (),
        cache: Mapping[str, str] | None = None,
        env: Mapping[str, str] | None = None,
        defaults: bool = True,
        make: Iterable[str] = (),
        tools: Iterable[str] = (),
        needs: Iterable[str] = (),
        per_abi: bool = False,
        replaces: tuple[str, ...] = (),
        before: Hook | None = None,
        after: Hook | None = None,
        check: Check | None = None,
    ) -> Self:
        """Declare steps that unpack, patch, configure, make and make install, as most packages do.

        In all words, {prefix} stands for the stage's prefix, {libdir} for its libraries', {target} for the target's
        triplet, {bits} for those of the ABI, and {tools} for PREFIX_TOOLS.

        Args:
            stages: In which of them it is built so.
            options: Of configure, besides the stage's.
            cache: Values that configure can't find out when it cross-compiles, by the names of their variables.
            env: Assignments before configure, over the stage's.
            defaults: Whether configure gets the stage's options, see Script.configure.
            make: Words for make and make install.
            tools: See Script.tools.
            needs: See Script.needs.
            per_abi: Whether there is one step for each ABI; all but the main one's install only libraries.
            replaces: See step.
            before: Called before configure, in $SRC.
            after: Called after make install, in $BUILD; for other ABIs than the main one, in $OUT and the prefix, where
                only libraries are left.
            check: Its test suite, for another step, NAME-check; in stages that the system itself builds.
        """
        variables = [f"{name}={value}" for name, value in (cache or {}).items()]

        def build(sh: Script, *further: str) -> None:
            sh.tools(*tools)
            sh.needs(*_filled(sh, needs))
            sh.unpack()
            sh.patch()
            if before:
                before(sh)
            variables_before = dict(zip(env or (), _filled(sh, (env or {}).values()), strict=True))
            sh.configure(*_filled(sh, (*options, *variables, *further)), env=variables_before, defaults=defaults)
            sh.make(*_filled(sh, make))

        def record(sh: Script, *_: Abi) -> None:
            build(sh)
            sh.install(*_filled(sh, make))
            if sh.stage.runs_on == "target" and not sh.stage.documented:
                sh.without_manuals()
            if per_abi:
                sh.main_abi_only()
            if after:
                after(sh)

        def build_for_tests(sh: Script, *_: Abi) -> None:
            build(sh, *(check.options if check else ()))

        for stage in stages:
            self.step(stage, per_abi=per_abi, replaces=replaces)(record)
            if check and not STAGES[stage].sees_host:
                self.check(stage, check, per_abi=per_abi)(build_for_tests)
        return self

    def pip(self, *, needs: Iterable[str] = (), before: Hook | None = None, after: Hook | None = None) -> Self:
        """Declare a step of the final system that installs a package of Python's.

        Args:
            needs: What it is built with, besides Python and pip.
            before: Called in $SRC before it is built.
            after: Called when it is installed, in the same place.
        """

        def record(sh: Script) -> None:
            sh.toolchain()
            sh.needs("python", "pip", f"expat-{sh.abi.bits}", *needs)  # pip reads XML
            sh.unpack()
            sh.patch()
            if before:
                before(sh)
            build_wheel(sh)
            install_wheel(sh, self.name)
            if after:
                after(sh)

        self.step("final")(record)
        return self

    def meson(self, *, options: Iterable[str] = (), needs: Iterable[str] = (), per_abi: bool = False) -> Self:
        """Declare a step of the final system that Meson configures.

        Args:
            options: Of `meson setup`, besides the stage's, which leave out what is not enabled.
            needs: What it is built with, besides Meson; as of `autotools`.
            per_abi: As of `autotools`.
        """

        def record(sh: Script, *_: Abi) -> None:
            sh.needs(*_filled(sh, needs))
            meson_setup(sh, *options)
            sh.sh("""
                ninja -C "$BUILD" -j 1
                DESTDIR="$OUT" ninja -C "$BUILD" install
            """)
            if per_abi:
                sh.main_abi_only()

        self.step("final", per_abi=per_abi)(record)
        return self

    def check(
        self, stage: str, check: Check, *, per_abi: bool = False
    ) -> Callable[[Callable[..., _T]], Callable[..., _T]]:
        """Declare that what the decorated function has built is tried, in step NAME-check.

        Args:
            stage: As for `step`.
            check: How.
            per_abi: As for `step`.
        """

        def declare(build: Callable[..., _T]) -> Callable[..., _T]:
            def record(sh: Script, *abi: Abi) -> None:
                sh.tests_only()
                sh.needs(*_filled(sh, check.needs))
                build(sh, *abi)
                if check.before:
                    check.before(sh)
                sh.check(*_filled(sh, check.make), expected=check.expected)

            record.__doc__ = f"Test suite of {self.name}"
            self.step(stage, name=f"{self.name}-check", per_abi=per_abi, when=check.is_wanted)(record)
            return build

        return declare


def _filled(sh: Script, words: Iterable[str]) -> list[str]:
    """Words with what stands for a script's prefix, libraries' folder, target, ABI and PREFIX_TOOLS filled in."""
    meanings = {
        "prefix": sh.prefix,
        "libdir": sh.libdir,
        "target": sh.target,
        "bits": sh.abi.bits,
        "tools": sh.prefix_tools,
    }
    return [re.sub(r"\{(\w+)\}", lambda name: meanings.get(name[1], name[0]), word) for word in words]
