# SPDX-License-Identifier: GPL-3.0-or-later
"""The final system: built by the temporary one's programs, with the final packages that it names and no others."""

from argparse import Namespace
from dataclasses import replace
from pathlib import Path

import pytest

from ruckus_aux.entry.asked import cmd_verify_self
from ruckus_aux.entry.called import cmd_download
from ruckus_aux.recipes.load import evaluate
from ruckus_aux.recipes.plan import Plan, Step
from ruckus_aux.settings.settings import Settings
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.stage import STAGES

RECIPE = """
from ruckus_aux.recipes.recipe import Recipe
recipe = Recipe("native", source="zlib")
recipe.autotools("stage2")
recipe.autotools("final", per_abi=True, needs=("adjusting",))

@recipe.step("stage1", name="around")
def around(sh):
    sh.boots_only()
    sh.sh("true")

@recipe.step("stage2", name="check")
def check(sh):
    sh.tests_only()
    sh.sh("true")

@recipe.step("final", name="tried")
def tried(sh):
    sh.tests_only()
    sh.sh("true")

@recipe.step("final", name="adjusting")
def adjusting(sh):
    sh.shown_only()
    sh.sh("true")

@recipe.step("final", name="libc", per_abi=True)
def libc(sh, abi):
    sh.needs("cross/linux-headers", "cross/other-32")
    sh.configure()

for name in ("cross/linux-headers", "final/linux-headers", "final/glibc-32", "final/glibc-64"):
    stage, _, package = name.partition("/")
    recipe.step(stage, name=package)(lambda sh: sh.sh("true"))
"""
CLFS = 'steps = ["cross/other", "stage1/pigz", "stage1/around", "stage2/native", "stage2/check"]'
FINAL = 'after = "clfs"\nsteps = ["final/native", "final/libc", "final/tried"]'
PROGRAMS = ["x86_64/cross/other-32", "x86_64/cross/other-64", "x86_64/stage1/pigz", "x86_64/stage2/native"]


@pytest.fixture
def final(settings: Settings, recipes: Path) -> Path:
    (recipes / "profiles" / "clfs.toml").write_text(CLFS)
    (recipes / "profiles" / "tiny.toml").write_text(FINAL)
    (recipes / "native.py").write_text(RECIPE)
    return recipes


def needs(plan: Plan, name: str) -> list[str]:
    step = plan[f"x86_64/final/{name}"]
    return [need.name.within_arch for need in step.needs[step.implied :]]


def test_it_needs_the_programs_of_the_temporary_system_and_what_it_names(settings: Settings, final: Path) -> None:
    plan = evaluate(settings)
    step = plan["x86_64/final/native-64"]
    assert [need.name for need in step.needs[: step.implied]] == PROGRAMS  # without tests, and what only boots
    assert needs(plan, "native-64") == ["final/adjusting", "final/linux-headers", "final/glibc-64"]
    assert needs(plan, "native-32")[-1] == "final/glibc-64"  # whose headers are the main ABI's
    assert needs(plan, "libc-64") == ["cross/linux-headers", "cross/other-32"]  # before there is a library


def test_a_package_is_its_steps_for_every_abi(settings: Settings, final: Path) -> None:
    plan, stage = evaluate(settings), STAGES["final"]
    assert [step.name.package for step in plan.of_package(stage, "native")] == ["native-32", "native-64"]
    assert [step.name.package for step in plan.of_package(stage, "native-32")] == ["native-32"]
    with pytest.raises(RuckusError, match="no step 'x86_64/final/none'"):
        plan.of_package(stage, "none")


def test_a_system_that_lacks_a_package_does_not_build_itself(
    settings: Settings, final: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ruckus_aux.entry.asked.take_folders", lambda _: None)
    (final / "broken.py").write_text("this, is; not Python")
    with pytest.raises(RuckusError, match=r"broken\.py:1: SyntaxError"):
        cmd_verify_self(settings, Namespace(package=["native"], all=False, jobs=None))


def test_its_places_are_those_of_the_fhs(settings: Settings, final: Path) -> None:
    script = evaluate(settings)["x86_64/final/native-32"].script
    assert """
CC='gcc -m32' CXX='g++ -m32' CFLAGS='-O2 -D_TIME_BITS=64 -D_FILE_OFFSET_BITS=64' \
CXXFLAGS='-O2 -D_TIME_BITS=64 -D_FILE_OFFSET_BITS=64' "$(realpath --relative-to=. "$SRC")/configure" \\
    --prefix=/usr \\
    --build=i686-ruckus-linux-gnu \\
    --libdir=/usr/lib \\
    --sysconfdir=/etc \\
    --localstatedir=/var \\
    --disable-static \\
    --disable-dependency-tracking
""" in script  # fmt: skip
    assert settings.prefix_tools not in script


@pytest.mark.parametrize("debug", [False, True])
def test_for_debuggers_it_is_compiled_with_symbols_that_are_kept_aside(
    settings: Settings, final: Path, debug: bool
) -> None:
    plan = evaluate(replace(settings, debug=debug))
    script = plan["x86_64/final/native-64"].script
    assert ("CFLAGS='-O2 -g' CXXFLAGS='-O2 -g' " in script, "$OUT/usr/lib/debug" in script) == (debug, debug)
    assert plan["x86_64/stage2/native"].script == evaluate(settings)["x86_64/stage2/native"].script


def test_it_is_a_system_of_its_own(settings: Settings, final: Path) -> None:
    plan = evaluate(settings).of_final()
    assert plan.settings.clfs == settings.buildroot / "final"
    assert [name.within_arch for name in plan.system] == [
        *("final/linux-headers", "final/glibc-32", "final/glibc-64", "final/native-32", "final/native-64"),
        *("final/libc-32", "final/libc-64"),
    ]  # what is only shown is no part of it, nor are test suites
    assert evaluate(settings).system == [*PROGRAMS[:3], "x86_64/stage1/around"]


def test_all_of_it_is_downloaded(settings: Settings, final: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def supply(wanted: list[tuple[Plan, list[Step]]]) -> list[Plan]:
        asked.extend(step.name.within_arch for _, steps in wanted for step in steps)
        return []

    monkeypatch.setattr("ruckus_aux.entry.called.take_folders", lambda _: None)
    monkeypatch.setattr("ruckus_aux.entry.called.supply", supply)
    cmd_download(settings, Namespace(goal=None))
    assert {"cross/other-32", "stage2/native", "final/native-64"} <= set(asked)


def test_profiles_without_it(settings: Settings, final: Path) -> None:
    assert evaluate(settings).last_goal == "final"
    (final / "profiles" / "tiny.toml").write_text(CLFS)
    assert evaluate(settings).last_goal == "stage2"
    with pytest.raises(RuckusError, match="the profile 'tiny' has no steps for final") as raised:
        evaluate(settings).of_final()
    assert "--with-profile=final" in raised.value.hint


def test_a_profile_comes_after_others_but_not_after_itself(settings: Settings, final: Path) -> None:
    profile = [name.within_arch for name in evaluate(settings).profile]
    assert (profile[0], profile[-1]) == ("cross/other-32", "final/tried")
    (final / "profiles" / "clfs.toml").write_text(f'after = "tiny"\n{CLFS}')
    with pytest.raises(RuckusError, match=r"clfs\.toml: the profile 'tiny' comes after itself"):
        evaluate(settings)
    (final / "profiles" / "clfs.toml").write_text(f"after = 3\n{CLFS}")
    with pytest.raises(RuckusError, match="'after' is not the name of a profile"):
        evaluate(settings)
