# SPDX-License-Identifier: GPL-3.0-or-later

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.samples import OTHER, PIGZ, ZLIB

from ruckus_aux.recipes.load import evaluate, in_order
from ruckus_aux.recipes.manifest import Fetched, File, write_record
from ruckus_aux.settings.settings import Settings
from ruckus_aux.words.architecture import architecture
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.stage import STAGES
from ruckus_aux.words.step_name import StepName


def keys(settings: Settings) -> dict[str, str]:
    plan = evaluate(settings)
    return {name: step.key for name, step in plan.steps.items()}


def needs(settings: Settings, name: str) -> list[str]:
    return [need.name for need in evaluate(settings)[name].needs]


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {name for name in before | after if before.get(name) != after.get(name)}


def test_a_recipe_in_the_folder_is_all_it_takes(settings: Settings, recipes: Path) -> None:
    plan = evaluate(settings)
    assert set(plan.steps) == {"hostprep/zlib", "x86_64/stage1/pigz", "x86_64/cross/other-32", "x86_64/cross/other-64"}
    assert plan["x86_64/cross/other-32"].script == "#!/bin/sh\nset -eu\numask 022\necho -m32\n"
    assert [step.name for step in plan.hostprep()] == ["hostprep/zlib"]


def test_tools_that_the_host_lacks_become_dependencies(settings: Settings, recipes: Path) -> None:
    (recipes / "m4.py").write_text(ZLIB.replace('"zlib"', '"m4", source="zlib"'))
    assert "hostprep/m4" not in needs(settings, "x86_64/stage1/pigz")
    poor = Settings(**{**settings.__dict__, "hostprep_tools": ("m4",)})
    assert "hostprep/m4" in needs(poor, "x86_64/stage1/pigz")
    assert "hostprep/m4" in [step.name for step in evaluate(poor).of_profile()]


def test_a_comment_in_a_recipe_changes_no_key(settings: Settings, recipes: Path) -> None:
    before = keys(settings)
    (recipes / "zlib.py").write_text("# a comment\n" + ZLIB)
    assert changed(before, keys(settings)) == set()


def test_a_changed_script_changes_the_step_and_what_depends_on_it(settings: Settings, recipes: Path) -> None:
    before = keys(settings)
    (recipes / "zlib.py").write_text(ZLIB.replace('"install"', '"all install"'))
    assert changed(before, keys(settings)) == {"hostprep/zlib", "x86_64/stage1/pigz"}


def test_a_patch_is_part_of_the_key_and_named_in_the_script(settings: Settings, recipes: Path) -> None:
    (recipes / "pigz" / "recipe.py").write_text(PIGZ.replace("sh.unpack()", "sh.unpack()\n    sh.patch()"))
    before = keys(settings)
    (recipes / "pigz" / "patches").mkdir()
    patch = recipes / "pigz" / "patches" / "one.patch"
    patch.write_text("--- a/x\n+++ b/x\n")
    with_patch = keys(settings)
    assert changed(before, with_patch) == {"x86_64/stage1/pigz"}
    plain = '\npatch -d "$SRC" -p1 -i "$FILES/one.patch"\n'
    assert plain in evaluate(settings)["x86_64/stage1/pigz"].script, "the same for every architecture"
    patch.write_text("--- a/x\n+++ b/x\n+/tools\n")
    assert (
        '"$FILES/one.patch" > "$HOME/rewritten.patch"\npatch -d "$SRC" -p1 -i "$HOME/rewritten.patch"\n'
        in evaluate(settings)["x86_64/stage1/pigz"].script
    )
    with_patch = keys(settings)
    patch.write_text("--- a/y\n+++ b/y\n+/tools\n")
    assert changed(with_patch, keys(settings)) == {"x86_64/stage1/pigz"}


def test_what_editors_leave_is_neither_a_recipe_nor_a_patch(settings: Settings, recipes: Path) -> None:
    (recipes / "pigz" / "recipe.py").write_text(PIGZ.replace("sh.unpack()", "sh.unpack()\n    sh.patch()"))
    (recipes / "pigz" / "patches").mkdir()
    (recipes / "pigz" / "patches" / "one.patch").write_text("--- a/x\n")
    before = keys(settings)
    (recipes / ".#zlib.py").symlink_to("me@here.4711:1764000000")
    for name in (".zlib.py", "._zlib.py", "#zlib.py", "#zlib.py#", "zlib.py~", ".zlib.py.swp"):
        (recipes / name).write_text("not Python")
    for name in ("._one.patch", ".#one.patch", "#one.patch#", "one.patch~"):
        (recipes / "pigz" / "patches" / name).write_text("not a patch")
    (recipes / "pigz~").mkdir()
    (recipes / "pigz~" / "recipe.py").write_text("not Python")
    assert keys(settings) == before


def test_what_was_downloaded_is_part_of_the_key(settings: Settings, recipes: Path) -> None:
    before = keys(settings)
    settings.sources.mkdir(parents=True)
    (settings.sources / "zlib-1.3.tar.xz").write_text("")
    write_record(settings.sources, "zlib", Fetched("upstream", "1.3", (File("zlib-1.3.tar.xz", "aa"),), "here"))
    assert changed(before, keys(settings)) == {"hostprep/zlib", "x86_64/stage1/pigz"}


def test_isolation_and_host_are_part_of_every_key(
    settings: Settings, recipes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = keys(settings)
    assert changed(before, keys(Settings(**{**settings.__dict__, "isolation": "none"}))) == set(before)
    monkeypatch.setattr("ruckus_aux.recipes.plan.fingerprint", lambda: "another compiler")
    assert changed(before, keys(settings)) == set(before)


def test_a_step_that_does_not_see_the_host_does_not_know_it(
    settings: Settings, recipes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = keys(settings)
    native = replace(STAGES["stage1"], sees="system")
    monkeypatch.setitem(STAGES, "stage1", native)
    without = keys(settings)
    assert changed(before, without) == {"x86_64/stage1/pigz"}


def test_a_tool_of_the_host_is_part_of_the_key_of_who_declares_it(
    settings: Settings, recipes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = keys(settings)
    monkeypatch.setattr("ruckus_aux.recipes.plan.tool_version", lambda name: f"{name} 99")
    assert changed(before, keys(settings)) == {"x86_64/stage1/pigz"}


def test_without_a_sandbox_the_build_directory_is_part_of_the_key(settings: Settings, recipes: Path) -> None:
    one = Settings(**{**settings.__dict__, "isolation": "none"})
    other = Settings(**{**one.__dict__, "buildroot": settings.buildroot / "other"})
    assert changed(keys(one), keys(other)) == set(keys(one))


def test_the_environment_is_part_of_every_key(settings: Settings, recipes: Path) -> None:
    before = keys(settings)
    assert changed(before, keys(Settings(**{**settings.__dict__, "prefix_hostprep": "/opt/h"}))) == set(before)


def test_where_the_build_directory_is_is_not(settings: Settings, recipes: Path, tmp_path: Path) -> None:
    before = keys(settings)
    elsewhere = {"builddir": tmp_path / "b2", "buildroot": tmp_path / "b2", "clfs": tmp_path / "b3", "cpucount": 64}
    assert keys(Settings(**{**settings.__dict__, **elsewhere})) == before


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("bad", "recipe = 1", "/bad.py: it defines no Recipe"),
        ("bad", "import sys\nimport nonsense", "/bad.py:2: ModuleNotFoundError"),
        ("bad", "import sys\n\nthis, is; not Python", "/bad.py:3: SyntaxError: invalid syntax"),
        ("bad", ZLIB.replace('"zlib"', '"zlib2", source="none"'), "/bad.py:9: no source 'none'"),
        ("bad", ZLIB.replace('"hostprep"', '"stage9"'), "/bad.py:6: unknown stage 'stage9'"),
        ("bad", ZLIB.replace('"zlib"', '"z"').replace("unpack()", "unpak()"), "/bad.py:9: AttributeError: .*'unpak'"),
        ("zlib2", ZLIB, "another recipe has step hostprep/zlib"),
        ("bad", PIGZ.replace('"pigz"', '"p2"').replace("hostprep/zlib", "hostprep/none"), "needs 'hostprep/none'"),
    ],
)
def test_a_broken_recipe_is_named(settings: Settings, recipes: Path, name: str, text: str, message: str) -> None:
    (recipes / f"{name}.py").write_text(text)
    plan = evaluate(settings)
    with pytest.raises(RuckusError, match=message):
        plan.check()


def test_steps_that_need_each_other(settings: Settings, recipes: Path) -> None:
    loop = "\n    sh.needs('stage1/b')\n    sh.sh('true')"
    for name, need in (("a", "b"), ("b", "a")):
        text = OTHER.replace("other", name).replace('"cross"', '"stage1"').replace(", per_abi=True", "")
        text = text.replace("(sh, abi)", "(sh)").replace(
            '\n    sh.sh(f"echo {abi.flag}")', loop.replace("/b'", f"/{need}'")
        )
        (recipes / f"{name}.py").write_text(text)
    plan = evaluate(settings)
    with pytest.raises(RuckusError, match=r"x86_64/stage1/a -> x86_64/stage1/b -> x86_64/stage1/a"):
        plan.check()
    assert set(plan.broken) == {"x86_64/stage1/a", "x86_64/stage1/b"}


def test_no_such_step(settings: Settings, recipes: Path) -> None:
    with pytest.raises(RuckusError, match="no step 'x86_64/cross/nothing'"):
        evaluate(settings)["x86_64/cross/nothing"]


def test_hostprep_only(settings: Settings, recipes: Path) -> None:
    only = Settings(**{**settings.__dict__, "hostprep_only": True})
    assert [step.name for step in evaluate(only).of_profile()] == ["hostprep/zlib"]


def test_a_profile_without_recipes(settings: Settings, recipes: Path) -> None:
    with pytest.raises(RuckusError, match="profile 'clfs'"):
        evaluate(Settings(**{**settings.__dict__, "profile": "clfs"})).of_profile()


@given(st.data())
def test_order_of_any_graph(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 12))
    names = [StepName(f"x86_64/cross/s{number}") for number in range(count)]
    needs = {
        name: data.draw(st.lists(st.sampled_from(names[:i]), unique=True)) if i else [] for i, name in enumerate(names)
    }
    shuffled = data.draw(st.permutations(names))
    order, circles = in_order({name: needs[name] for name in shuffled})
    assert circles == []
    assert sorted(order) == sorted(names)
    assert all(order.index(need) < order.index(name) for name in names for need in needs[name])


COMPILER = """
from ruckus_aux.recipes.recipe import Recipe
recipe = Recipe("compiler")

@recipe.step("cross")
def cross(sh):
    sh.layout_only("-libs=")
    sh.sh(f"configure --prefix={sh.prefix_cross} --headers={sh.prefix_tools}/include -O2")
    sh.sh(f"  -libs={len(sh.arch.abis)}")

@recipe.step("cross", name="tool")
def tool(sh):
    sh.needs("compiler")
    sh.sh(f"abis={len(sh.arch.abis)}")

@recipe.step("stage1", name="kernel")
def kernel(sh):
    sh.freestanding()
    sh.needs("cross/compiler")
    sh.sh(f"make CC={sh.target}-gcc")
"""


@pytest.fixture
def kernel_key(settings: Settings, recipes: Path) -> Callable[..., str]:
    """The key of a kernel, for an architecture and other settings, with another text in its compiler's recipe."""

    def key(arch: str, old: str = "", new: str = "", **others: object) -> str:
        (recipes / "compiler.py").write_text(COMPILER.replace(old, new))
        prefixes = {"prefix_cross": f"/cross-{arch}", "prefix_tools": f"/tools-{arch}"}
        there = {**settings.__dict__, "arch": architecture(arch), **prefixes, **others}
        return evaluate(Settings(**there))[f"{arch}/stage1/kernel"].key

    return key


def test_architectures_whose_compilers_differ_in_paths_have_one_kernel(kernel_key: Callable[..., str]) -> None:
    one = kernel_key("x86_64")
    assert one == kernel_key("x86_64-64") == kernel_key("x86_64", prefix_tools="/t", prefix_hostprep="/h")
    assert one != kernel_key("i686"), "another target"
    assert kernel_key("x86_64", "    sh.freestanding()\n") != kernel_key("x86_64-64", "    sh.freestanding()\n")
    assert kernel_key("x86_64", '    sh.layout_only("-libs=")\n') != kernel_key("x86_64-64")


def test_what_only_runs_meanwhile_is_nothing_to_a_kernel(kernel_key: Callable[..., str]) -> None:
    old, new = 'freestanding()\n    sh.needs("cross/compiler")', 'freestanding()\n    sh.needs("cross/tool")'
    assert kernel_key("x86_64", old, new) != kernel_key("x86_64-64", old, new)
    new = new.replace("freestanding()", 'freestanding("cross/compiler")')
    one = kernel_key("x86_64", old, new)
    assert one == kernel_key("x86_64-64", old, new)
    assert one != kernel_key("x86_64", old, new, sharing=False)
    assert one != kernel_key("i686", old, new)


def test_whatever_else_of_the_compiler_changes_makes_another_kernel(kernel_key: Callable[..., str]) -> None:
    one = kernel_key("x86_64")
    assert one != kernel_key("x86_64", "-O2", "-O3")
    assert one != kernel_key("x86_64", "/include", "/include2")
    assert one != kernel_key("x86_64", "{sh.prefix_tools}", "{sh.prefix_cross}")
    assert one != kernel_key("x86_64", "{sh.prefix_tools}", "/tools-x86_64-64")
    assert one == kernel_key("x86_64", "  -libs=", "  -more -libs="), "layout"


def test_what_shares_nothing_shares_no_kernel(kernel_key: Callable[..., str]) -> None:
    assert kernel_key("x86_64", sharing=False) != kernel_key("x86_64-64", sharing=False)
    apart = [kernel_key("x86_64", isolation="none", buildroot=Path(folder)) for folder in "ab"]
    assert apart[0] != apart[1]
