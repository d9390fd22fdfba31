# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders of a user's own, laid over the recipes of the source tree (--with-packages)."""

from dataclasses import replace
from pathlib import Path

import pytest
from unit.samples import PIGZ

from ruckus_aux.recipes.costs import Costs
from ruckus_aux.recipes.load import evaluate
from ruckus_aux.recipes.plan import Step
from ruckus_aux.settings.settings import Settings
from ruckus_aux.words.errors import RuckusError

STEP = "x86_64/stage1/pigz"


@pytest.fixture
def over(settings: Settings, recipes: Path, tmp_path: Path) -> Settings:
    """A build directory with two folders over the recipes; the second is on top."""
    folders = (tmp_path / "mine", tmp_path / "top")
    for folder in folders:
        folder.mkdir()
    return replace(settings, packages=folders)


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def step(settings: Settings) -> Step:
    return evaluate(settings)[STEP]


def test_an_empty_folder_and_one_that_says_the_same_change_no_key(settings: Settings, over: Settings) -> None:
    before = {name: one.key for name, one in evaluate(settings).steps.items()}
    assert {name: one.key for name, one in evaluate(over).steps.items()} == before
    write(over.packages[0] / "pigz" / "recipe.py", PIGZ)
    assert {name: one.key for name, one in evaluate(over).steps.items()} == before
    assert step(over).recipe == over.packages[0] / "pigz" / "recipe.py"


def test_a_recipe_takes_the_place_of_the_one_below_it_whole(over: Settings) -> None:
    write(over.recipes / "pigz" / "patches" / "ours.patch", "")
    text = PIGZ.replace('sh.make("install")', 'sh.patch()\n    sh.sh("echo mine")')
    write(over.packages[0] / "pigz.py", text)
    write(over.packages[1] / "pigz" / "patches" / "top.patch", "--- a/x\n+++ b/x\n")
    assert "echo mine" in step(over).script
    assert step(over).files == (over.packages[1] / "pigz" / "patches" / "top.patch",), "none of the one below"


def test_patches_are_added_after_ours_and_replace_those_of_their_name(over: Settings) -> None:
    recipe = over.recipes / "pigz" / "recipe.py"
    recipe.write_text(recipe.read_text().replace("sh.unpack()", "sh.unpack()\n    sh.patch()"))
    patch = "--- a/x\n+++ b/x\n"
    for folder, name in (
        (over.recipes, "m.patch"),
        (over.recipes, "z.patch"),
        (over.packages[0], "a.patch"),
        (over.packages[0], "1.3/v.patch"),
        (over.packages[0], "1.2/old.patch"),
        (over.packages[1], "z.patch"),
    ):
        write(folder / "pigz" / "patches" / name, patch)
    assert [path.name for path in step(over).files] == ["m.patch", "z.patch", "a.patch", "v.patch"]
    assert step(over).files[1].is_relative_to(over.packages[1])


def test_fragments_are_merged_after_ours(over: Settings) -> None:
    recipe = over.recipes / "pigz" / "recipe.py"
    recipe.write_text(
        recipe.read_text().replace("sh.unpack()", 'sh.unpack()\n    sh.kconfig("defconfig", "our.config")')
    )
    for folder, name in (
        (over.recipes, "our"),
        (over.recipes, "arm"),
        (over.packages[0], "my"),
        (over.packages[1], "our"),
    ):
        write(folder / "pigz" / f"{name}.config", "CONFIG_X=y\n")
    assert '"$FILES/our.config" "$FILES/my.config" | grep' in step(over).script
    assert step(over).files == (over.packages[1] / "pigz" / "our.config", over.packages[0] / "pigz" / "my.config")


def test_sources_costs_and_profiles_are_laid_over_ours(over: Settings) -> None:
    write(
        over.packages[0] / "sources.toml",
        '[zlib]\nversion = "9"\nfile = "z9.tar"\nsha256 = "bb"\nurls = ["https://x/"]\n',
    )
    write(over.packages[0] / "costs.toml", '[steps]\n"stage1/pigz" = { cpu = 99, memory = 1 }\n')
    write(over.packages[1] / "profiles" / "tiny.toml", 'steps = ["hostprep/zlib"]\n')
    plan = evaluate(over)
    assert [source.version for source in plan[STEP].sources] == ["9"]
    assert plan[STEP].costs == Costs(cpu=99, memory=1)
    assert [one.name for one in plan.of_profile()] == ["hostprep/zlib"]


@pytest.mark.parametrize(
    ("name", "text"),
    [("pigz.py", "nonsense"), ("sources.toml", "[x"), ("costs.toml", "[x"), ("profiles/tiny.toml", "steps = 1")],
)
def test_a_mistake_names_its_file(over: Settings, name: str, text: str) -> None:
    path = write(over.packages[1] / name, text)
    with pytest.raises(RuckusError, match=str(path)):
        evaluate(over).of_profile()
