# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples of docs/recipes.md are recipes, for every architecture."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from golden.scripts import settings as golden_settings
from unit.samples import TOP

from ruckus_aux.recipes.load import evaluate
from ruckus_aux.recipes.plan import Plan
from ruckus_aux.settings.settings import Settings
from ruckus_aux.words.architecture import ARCHITECTURES

TEXT = (TOP / "docs" / "recipes.md").read_text()
# A fenced block that is a file has its path in the line above.
FILES = re.findall(r"^`((?:packages|mine)/\S+)`\n\n```\w+\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
RECIPES = [path for path, _ in FILES if path.endswith(".py")]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Our recipes, with those of the page."""
    top = tmp_path_factory.mktemp("examples")
    shutil.copytree(TOP / "packages", top / "packages")
    for name, content in FILES:
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name == "packages/sources.toml":
            content = path.read_text() + content
        path.write_text(content)
    return top


def settings_of(tree: Path, arch: str) -> Settings:
    return replace(golden_settings(ARCHITECTURES[arch], "clfs"), srcdir=tree, packages=(tree / "mine",))


@pytest.fixture(params=sorted(ARCHITECTURES))
def plan(request: pytest.FixtureRequest, tree: Path) -> Plan:
    return evaluate(settings_of(tree, request.param))


def package(path: str) -> str:
    return path.split("/")[1].removesuffix(".py")


def test_every_style_has_an_example() -> None:
    assert len(RECIPES) >= 6
    assert len(RECIPES) == TEXT.count("```python\n"), "a recipe without its path is not tested"


def test_every_example_is_a_recipe(plan: Plan) -> None:
    for path in RECIPES:
        steps = [step for name, step in plan.steps.items() if re.search(rf"/stage[12]/{package(path)}(-\d\d)?$", name)]
        assert len(steps) == (len(plan.settings.arch.abis) if package(path) == "zlib" else 1), path
        assert all(step.needs for step in steps)
    bzip2 = plan[f"{plan.settings.arch.name}/stage1/bzip2"]
    assert [path.name for path in bzip2.files] == ["prefix.patch"]
    fragments = '"$FILES/tiny.config" "$FILES/mine.config" "$FILES/no-less.config"'
    assert fragments in plan[f"{plan.settings.arch.name}/stage1/busybox"].script


def test_what_show_is_said_to_print(tree: Path) -> None:
    plan = evaluate(settings_of(tree, "x86_64"))
    printed = re.findall(r"`./ruckus show (\S+)`[^\n]*\n\n```sh\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    assert printed
    for step, text in printed:
        assert plan[step].script.endswith(text), step
