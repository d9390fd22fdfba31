# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps that the built system makes itself, in one that has a few of this host's programs: as any other step."""

import re

import pytest
from integration.small import Small

from ruckus_aux.host.machines import _MACHINES, runs_programs_of

FIRST, SECOND, TESTS = (f"x86_64/stage2/{name}" for name in ("first", "second", "tests"))
RECIPE = """
from ruckus_aux.recipes.recipe import Recipe
recipe = Recipe("{name}")

@recipe.step("{stage}")
def step(sh):
    {lines}
"""
SYSTEM = r'''sh.sh("""
        for name in sh make cat mkdir sleep touch uname; do
            program=$(command -v $name)
            mkdir -p "$OUT/tools/bin" "$OUT/cross-tools/bin" "$OUT/bin"
            cp -L "$program" "$OUT/tools/bin"
            for library in $(ldd "$program" | grep -o '/[^ ]* (0x' | cut -d' ' -f1); do
                mkdir -p "$OUT${library%/*}"
                cp -L "$library" "$OUT$library"
            done
        done
        cp -L "$program" "$OUT/cross-tools/bin"
        ln -s /tools/bin/sh "$OUT/bin/sh"
    """)'''
# Each of two jobs waits for the other: neither ends unless both run at the same time.
MAKEFILE = r'''sh.write("$HOME/Makefile", """
both: one two
one two:
	@touch $@
	@for second in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do [ -e one ] && [ -e two ] && exit; sleep 1; done; exit 1
""")
    sh.make(directory="$HOME")
    sh.sh("""
        [ ! -e /cross-tools ] && [ ! -e /usr/include ]
        mkdir -p "$OUT/tools"
        uname -m >"$OUT/tools/machine"
    """)'''
USES = r"""sh.needs("first")
    sh.sh('mkdir -p "$OUT/tools"; cat /tools/machine >"$OUT/tools/seen"')"""
CHECK = """sh.tests_only()
    sh.sh("[ $(uname -m) = x86_64 ]; echo gcc -mtune=$(echo haswell) of-a-test.c; {}")"""


def recipe(small: Small, name: str, stage: str, lines: str) -> None:
    (small.folder / "src/packages" / f"{name}.py").write_text(RECIPE.format(name=name, stage=stage, lines=lines))


@pytest.fixture
def native(small: Small) -> Small:
    recipe(small, "system", "stage1", SYSTEM)
    recipe(small, "first", "stage2", MAKEFILE)
    recipe(small, "second", "stage2", USES)
    recipe(small, "tests", "stage2", CHECK.format("true"))
    steps = '"stage1/system", "stage2/first", "stage2/second", "stage2/tests"'
    (small.folder / "src/packages/profiles/tiny.toml").write_text(f"steps = [{steps}]")
    return small


def built(said: str) -> list[str]:
    return re.findall(r"^  BUILT    (\S+)", said, re.MULTILINE)


def test_the_system_builds_steps_as_any_other(native: Small) -> None:
    """In make's jobserver, with key, log, journal, shell and trials; where one is like another, from the store."""
    build = native.builddir()
    assert built(native.run("make", "bootstrap")) == ["x86_64/stage1/system"]
    said = native.run("make", "stage2", MAKEFLAGS="-j2")
    assert set(built(said)) == {FIRST, SECOND, TESTS}
    assert "  READY    stage2" in said
    log = native.run("log", FIRST)
    assert "jobserver" in log.partition("# script:")[0]
    assert "jobserver unavailable" not in log
    tools = build / "baby/tools"
    assert (tools / "machine").read_text() == (tools / "seen").read_text() == "x86_64\n"
    assert "is up to date" in native.run("why", SECOND)
    assert not built(native.run("make", "stage2"))
    assert native.run("shell", SECOND, "-c", "cat /tools/machine").endswith("x86_64\n")
    assert built(native.run("make", "stage2", name="two")) == []
    shown = native.run("show", FIRST)
    assert "# needs: x86_64/stage1/system\n" in shown


def test_what_goes_wrong_is_said_and_resumed(native: Small) -> None:
    recipe(native, "tests", "stage2", CHECK.format('[ -e \\"$HOME/mended\\" ]'))
    native.run("make", TESTS, status=2)
    native.run("shell", TESTS, "-c", 'touch "$HOME/mended"')
    assert "TRIED" in native.run("step", TESTS, "--resume")
    recipe(native, "tests", "stage2", CHECK.format('touch \\"$OUT/installed\\"'))
    assert "says tests_only(), but installs into $OUT" in native.run("make", TESTS, status=2)


def test_a_profile_without_stage2_says_so(native: Small) -> None:
    (native.folder / "src/packages/profiles/tiny.toml").write_text('steps = ["stage1/system"]')
    for goal in ("stage2", FIRST):
        said = native.run("make", goal, status=1)
        assert "the profile 'tiny' has no steps for stage2" in said
        assert "--with-profile=clfs" in said


def test_whose_programs_run_here(monkeypatch: pytest.MonkeyPatch) -> None:
    runs_programs_of.cache_clear()
    assert runs_programs_of("x86_64")
    width, _, instructions = _MACHINES["x86_64"]
    monkeypatch.setitem(_MACHINES, "another", (width, 0xFEED, instructions))
    assert not runs_programs_of("another")
