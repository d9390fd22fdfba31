# SPDX-License-Identifier: GPL-3.0-or-later
"""A step that was built again, and came out the same: what needs it is not built again."""

import pytest
from integration.small import INSTALL, STEP, Small

from ruckus_aux.artifacts.contents import contents
from ruckus_aux.host.trees import size

USER = "x86_64/cross/user"
RECIPE = """
from ruckus_aux.recipes.recipe import Recipe
recipe = Recipe("user")

@recipe.step("cross")
def cross(sh):
    '''a step that needs another'''
    sh.needs("small")
    sh.sh('mkdir "$OUT/lib"; echo needs > "$OUT/lib/user"; ln "$OUT/lib/user" "$OUT/lib/hard"')
"""


@pytest.fixture
def built(small: Small) -> Small:
    """Both steps are built; the recipe of the first has got a comment since."""
    (small.folder / "src/packages/user.py").write_text(RECIPE)
    small.recipe(INSTALL.format("it"))
    assert f"BUILT    {STEP}" in small.run()
    assert f"BUILT    {USER}" in small.run("step", USER)
    small.recipe(": a comment; " + INSTALL.format("it"))
    return small


def test_what_needs_a_step_that_came_out_the_same_is_not_built_again(built: Small) -> None:
    assert f"{STEP}, which is not built" in built.run("step", USER, status=1), "its key is another, all the same"
    assert f"BUILT    {STEP}" in built.run()
    assert f"STORED   {USER}" in built.run("step", USER)
    first, second = (built.folder / "cache/store").glob("*/lib/user")
    assert first.samefile(second)
    items = contents(built.folder / "cache", [], downloads=False)
    assert sum(item.size for item in items if item.name == USER) == size(second.parents[1]), "it takes its place once"
    assert second.samefile(second.with_name("hard"))
    assert (built.folder / "one/baby/lib/user").read_text() == "needs\n"
    assert built.run("verify-store") == "all 4 artifacts are what was stored\n"
    built.recipe(INSTALL.format("something else"))
    assert f"BUILT    {STEP}" in built.run()
    assert f"BUILT    {USER}" in built.run("step", USER)


def test_an_artifact_that_is_not_what_was_stored_is_not_taken(built: Small) -> None:
    (artifact,) = (built.folder / "cache/store").glob("*/lib/user")
    artifact.write_text("Needs\n")
    built.run()
    assert f"BUILT    {USER}" in built.run("step", USER)
    assert sorted(path.read_text() for path in (built.folder / "cache/store").glob("*/lib/user")) == [
        "Needs\n",
        "needs\n",
    ]


def test_gc_forgets_artifacts_that_are_gone(built: Small) -> None:
    twins = built.folder / "cache/store/twins"
    assert len(list(twins.iterdir())) == 2
    built.run("graph", STEP)
    built.run()
    output = built.run("gc", "--keep=0")
    assert output.count("REMOVED ") == 2
    assert [link.resolve().parent for link in twins.iterdir()] == [twins.parent]
