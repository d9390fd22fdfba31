# SPDX-License-Identifier: GPL-3.0-or-later
"""What recipes are written with, and the shell that becomes of it."""

import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.samples import OTHER

from ruckus_aux.recipes.load import evaluate
from ruckus_aux.recipes.shell import quoted
from ruckus_aux.settings.settings import Settings
from ruckus_aux.words.architecture import ARCHITECTURES
from ruckus_aux.words.errors import RuckusError

HEAD = '#!/bin/sh\nset -eu\numask 022\nmkdir -p "$SRC"\n'
PLAIN = """
from ruckus_aux.recipes.recipe import Recipe
recipe = Recipe("plain", source="zlib").autotools({arguments})
"""
BY_HAND = """
from ruckus_aux.recipes.recipe import Recipe
recipe = Recipe("hand", source="zlib")

@recipe.step("stage1")
def stage1(sh):
    {line}
"""
ABIS = """
from ruckus_aux.recipes.recipe import Recipe
recipe = Recipe("lib", source="zlib")

@recipe.step("stage1", per_abi=True)
def stage1(sh, abi):
    sh.configure()
    sh.main_abi_only("include/*-32.h")
"""


@pytest.fixture
def packages(settings: Settings, recipes: Path) -> Path:
    """A folder of recipes, with those that stage1's steps need by themselves."""
    for name in ("binutils", "gcc-static", "gcc", "linux-headers", "glibc-32", "glibc-64"):
        text = BY_HAND.replace("stage1", "cross").format(line="sh.sh('true')")
        (recipes / f"{name}.py").write_text(text.replace('"hand"', f'"{name}"'))
    return recipes


def script_of(settings: Settings, step: str) -> str:
    return evaluate(settings)[step].script


def last_lines(settings: Settings, packages: Path, line: str, step: str = "x86_64/stage1/hand") -> list[str]:
    (packages / "hand.py").write_text(BY_HAND.format(line=line))
    return script_of(settings, step).splitlines()[3:]


def test_a_plain_package_on_the_host(settings: Settings, packages: Path) -> None:
    (packages / "plain.py").write_text(PLAIN.format(arguments='"hostprep", options=("--with-x={prefix}",)'))
    step = evaluate(settings)["hostprep/plain"]
    assert step.title == "plain, for the host"
    assert step.script.endswith(
        """
cd "$SRC"
mkdir -p "$BUILD"
cd "$BUILD"
CC='gcc -std=gnu17' CXX='g++ -std=gnu++17' CFLAGS=-O2 CXXFLAGS=-O2 "$SRC/configure" \\
    --prefix=/hostprep \\
    --build=x86_64-cross-linux-gnu \\
    --host=x86_64-cross-linux-gnu \\
    --with-x=/hostprep
make MAKEINFO=true
make install DESTDIR="$OUT" MAKEINFO=true
"""
    )


def test_a_library_of_the_temporary_system_for_each_abi(settings: Settings, packages: Path) -> None:
    arguments = '"stage1", per_abi=True, needs=("other-{bits}", "hostprep/zlib"), cache={"ac_cv_func_x": "yes"}'
    (packages / "plain.py").write_text(PLAIN.format(arguments=arguments))
    (packages / "other.py").write_text((packages / "other.py").read_text().replace('"cross"', '"stage1"'))
    (packages / "profiles" / "tiny.toml").write_text('steps = ["stage1/plain"]')
    plan = evaluate(settings)
    step = plan["x86_64/stage1/plain-32"]
    assert {need.name for need in step.needs} == {
        *(f"x86_64/cross/{name}" for name in ("binutils", "gcc-static", "linux-headers", "glibc-32", "glibc-64")),
        "x86_64/stage1/other-32",
        "hostprep/zlib",
    }
    for line in (
        "CC='x86_64-ruckus-linux-gnu-gcc -m32' CXX=false CFLAGS=-O2 ",
        " AR=x86_64-ruckus-linux-gnu-ar ",  # there is no i686-ruckus-linux-gnu-ar, and the host's will not do
        " CC_FOR_BUILD='gcc -std=gnu17' PKG_CONFIG=false ",
        "--prefix=/tools-x86_64 \\\n    --build=x86_64-cross-linux-gnu \\\n    --host=i686-ruckus-linux-gnu \\\n",
        "    --libdir=/tools-x86_64/lib \\\n    --disable-nls \\\n    --disable-dependency-tracking \\\n",
        " \\\n    ac_cv_func_x=yes\n",
        "rm -rf bin sbin etc share var libexec\n",
    ):
        assert line in step.script
    assert "--libdir=/tools-x86_64/lib64 " in plan["x86_64/stage1/plain-64"].script
    assert [step.name for step in plan.of_profile() if "plain" in step.name] == [
        "x86_64/stage1/plain-32",
        "x86_64/stage1/plain-64",
    ]


def test_an_option_replaces_its_contrary_of_the_stages(settings: Settings, packages: Path) -> None:
    said = "\n".join(last_lines(settings, packages, 'sh.configure("--enable-nls", "--without-x", "--disable-y")'))
    assert "--disable-nls" not in said
    assert said.endswith("    --enable-nls \\\n    --without-x \\\n    --disable-y")


def test_hooks_words_for_make_and_a_configure_script_of_its_own(settings: Settings, packages: Path) -> None:
    arguments = """
        "hostprep", defaults=False, env={"CFLAGS": "-O2 -g"}, make=("A=b c",), tools=("m4",),
        before=lambda sh: sh.sh("before"), after=lambda sh: sh.sh(f"after {sh.libdir}")
    """
    (packages / "plain.py").write_text(PLAIN.format(arguments=arguments))
    step = evaluate(settings)["hostprep/plain"]
    assert step.tools == ("m4",)
    assert step.script.splitlines()[5:] == [
        'cd "$SRC"',
        "before",
        'mkdir -p "$BUILD"',
        'cd "$BUILD"',
        "CC='gcc -std=gnu17' CXX='g++ -std=gnu++17' CFLAGS='-O2 -g' CXXFLAGS=-O2 \"$SRC/configure\"",
        "make A='b c'",
        "make install A='b c' DESTDIR=\"$OUT\"",
        "after /hostprep/lib",
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("sh.make('all', 'O=$BUILD', directory='$SRC')", 'make -C "$SRC" all O="$BUILD"'),
        ("sh.install()", 'make install DESTDIR="$OUT"'),
        ("sh.install('install-lib', 'X=1', root='ROOT')", 'make install-lib X=1 ROOT="$OUT"'),
        ("sh.install('X=1', directory='lib')", 'make -C lib install X=1 DESTDIR="$OUT"'),
        ("sh.configure(); sh.make('MAKEINFO=:')", "make MAKEINFO=:"),
    ],
)
def test_make(settings: Settings, packages: Path, line: str, expected: str) -> None:
    assert last_lines(settings, packages, line)[-1] == expected


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0\n\r"), max_size=30))
def test_words_reach_the_program_as_they_are(word: str) -> None:
    if "$" not in word:
        assert shlex.split(quoted(word)) == [word]


def test_only_the_scripts_own_variables_are_variables() -> None:
    assert quoted("DESTDIR=$OUT/it") == 'DESTDIR="$OUT/it"'
    assert quoted("$SRC/a b`c`$HOMEWARD") == '"$SRC/a b\\`c\\`\\$HOMEWARD"'
    assert quoted("-Wl,-rpath,$ORIGIN") == "'-Wl,-rpath,$ORIGIN'"
    assert quoted("CONFIG_X=") == "CONFIG_X="


def test_other_abis_leave_to_the_main_one_what_is_the_same(settings: Settings, packages: Path) -> None:
    (packages / "lib.py").write_text(ABIS)
    plan = evaluate(settings)
    tail = 'cd "$OUT/tools-x86_64"\nrm -rf bin sbin etc share var libexec\nfind include ! -type d '
    assert f"{tail}! -path 'include/*-32.h' -delete\n" in plan["x86_64/stage1/lib-32"].script
    assert "rm -rf" not in plan["x86_64/stage1/lib-64"].script
    assert "rm -rf" not in script_of(replace(settings, arch=ARCHITECTURES["i686"]), "i686/stage1/lib-32")


def test_a_patch_may_belong_to_a_version(settings: Settings, recipes: Path) -> None:
    folder = recipes / "pigz" / "patches"
    for version, name in ((".", "b"), (".", "d"), ("1.3", "c"), ("1.2", "a")):
        (folder / version).mkdir(parents=True, exist_ok=True)
        (folder / version / f"{name}.patch").write_text("--- a/x\n+++ b/x\n")
    recipe = recipes / "pigz" / "recipe.py"
    recipe.write_text(recipe.read_text().replace("sh.unpack()", "sh.unpack()\n    sh.patch()"))
    step = evaluate(settings)["x86_64/stage1/pigz"]
    assert [path.name for path in step.files] == ["b.patch", "c.patch", "d.patch"]
    (folder / "1.3" / "b.patch").write_text("--- a/x\n+++ b/x\n")
    files = evaluate(settings)["x86_64/stage1/pigz"].files
    assert [str(path.relative_to(folder)) for path in files] == ["1.3/b.patch", "1.3/c.patch", "d.patch"]


def test_a_patch_with_the_books_prefixes_is_applied_to_copies(settings: Settings, recipes: Path) -> None:
    folder = recipes / "pigz" / "patches"
    folder.mkdir()
    (folder / "one.patch").write_text("--- a/one\n+++ b/one\n")
    (folder / "two.patch").write_text("--- a/lib/two.h\t2020\n+++ b/lib/two.h\n+/tools\n--- /dev/null\n+++ b/new/x\n")
    recipe = recipes / "pigz" / "recipe.py"
    recipe.write_text(recipe.read_text().replace("sh.unpack()", "sh.shared_source(beside=['sub'])"))
    plan = evaluate(settings)
    source, step = plan["x86_64/source/pigz"], plan["x86_64/stage1/pigz"]
    assert [path.name for path in source.files] == ["one.patch"], "the same for every architecture"
    assert [path.name for path in step.files] == ["two.patch"]
    assert "for folder in lib new sub; do\n" in step.script
    assert "for file in lib/two.h; do\n" in step.script


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("sh.replace('file', 'a\\nb', 'c')", "hand.py:7: replace: 'a\\\\nb' is not a text within a line"),
        ("sh.needs('stage9/x')", "hand.py:7: it needs 'stage9/x', but there is no such stage"),
        ("sh.kconfig('defconfig', 'none.config')", "hand.py:7: .*/none.config: no such file"),
        ("sh.unpack('none')", "hand.py:7: no source 'none' in sources.toml"),
    ],
)
def test_what_is_wrong_names_its_place(settings: Settings, packages: Path, line: str, message: str) -> None:
    with pytest.raises(RuckusError, match=message):
        last_lines(settings, packages, line)


@pytest.mark.parametrize("text", ["steps = 1", "stages = []", "steps = [1]", "steps"])
def test_a_profile_that_is_wrong_is_named(settings: Settings, recipes: Path, text: str) -> None:
    (recipes / "profiles" / "tiny.toml").write_text(text)
    with pytest.raises(RuckusError, match=r"/profiles/tiny\.toml: "):
        evaluate(settings)


def test_a_profile_with_a_step_that_nothing_builds(settings: Settings, recipes: Path) -> None:
    (recipes / "profiles" / "tiny.toml").write_text('steps = ["stage1/pigz", "stage1/pgiz"]')
    with pytest.raises(RuckusError, match="'tiny' lists what no recipe has: stage1/pgiz"):
        evaluate(settings).of_profile()


def test_a_step_that_only_some_build_directories_have(settings: Settings, recipes: Path) -> None:
    (recipes / "profiles" / "tiny.toml").write_text('steps = ["cross/other", "stage1/pigz"]')
    text = OTHER.replace("per_abi=True", "per_abi=True, when=lambda settings: settings.xen")
    (recipes / "other.py").write_text(text)
    assert "x86_64/cross/other-32" in evaluate(settings).steps
    plan = evaluate(replace(settings, xen=False))
    assert [step.name for step in plan.of_profile()] == ["hostprep/zlib", "x86_64/stage1/pigz"]
    (recipes / "other.py").write_text(text.replace("settings.xen", "settings.zen"))
    plan = evaluate(settings)
    with pytest.raises(RuckusError, match=r"other.py:5: AttributeError: .* 'zen'"):
        plan.check()


def test_a_plan_is_in_the_profiles_order(settings: Settings, recipes: Path) -> None:
    (recipes / "profiles" / "tiny.toml").write_text('steps = ["stage1/pigz", "cross/other"]')
    names = [step.name.removeprefix("x86_64/") for step in evaluate(settings).of_profile()]
    assert names == ["hostprep/zlib", "stage1/pigz", "cross/other-32", "cross/other-64"]
