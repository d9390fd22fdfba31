# SPDX-License-Identifier: GPL-3.0-or-later
"""`ruckus gc` with a real store of two build directories."""

import shutil

from integration.real import wait_for
from integration.small import INSTALL, STEP, WAIT, Small


def test_what_no_build_directory_needs_any_more_goes_and_not_while_one_builds(small: Small) -> None:
    small.recipe(INSTALL.format("old"))
    small.run("graph", STEP)
    small.run("step", STEP)
    small.recipe(INSTALL.format("new"))
    small.run("graph", STEP, name="two")
    small.run("step", STEP, name="two")
    assert len(small.artifacts()) == 2
    assert "KEPT     2 artifacts " in small.run("gc", "--keep=0"), "each is in a plan as it was made last"

    small.recipe(WAIT + INSTALL.format("other"))
    building = small.start(name="three")
    wait_for((small.work("three") / "begun").exists)
    refused = small.run("gc", "--keep=0", status=1)
    assert f"has {STEP} in {small.folder / 'three'}" in refused
    (small.work("three") / "go").touch()
    assert building.wait() == 0
    assert len(small.artifacts()) == 3

    other = shutil.copytree(small.folder / "src", small.folder / "other")
    (other / "packages/broken.py").write_text("recipe = Recipe()")
    conf = small.folder / "two" / "ruckus.conf"
    conf.write_text(conf.read_text().replace(f"{small.folder}/src", str(other)))
    refused = small.run("gc", "--keep=0", status=1)
    assert f"{small.folder / 'two'}: {other}/packages/broken.py:1: NameError" in refused
    assert len(small.artifacts()) == 3, "nobody knows what that one needs"
    output = small.run("gc", f"--forget={small.folder / 'two'}", "--keep=0", name="two")
    assert f"FORGOT   {small.folder / 'two'}" in output
    assert f"REMOVED  {STEP} " in output
    # Whether it is needed by the plan of the last make, or by that of now, is the same.
    assert sorted(path.read_text() for path in small.artifacts()) == ["old\n", "other\n"]

    small.run("graph", STEP)
    assert small.run("gc", "--keep=0", name="three").count(f"REMOVED  {STEP} ") == 1
    assert [path.read_text() for path in small.artifacts()] == ["other\n"]
    small.run("step", STEP)
    assert small.outcomes()[-1] == ("stored", "")
    assert small.run("verify-store") == "all 1 artifacts are what was stored\n"


def test_a_build_directory_that_is_removed_with_distclean_is_forgotten(small: Small) -> None:
    small.recipe(INSTALL.format("x"))
    small.run("graph", STEP)
    records = small.folder / "cache/builds"
    assert len(list(records.glob("*.json"))) == 1
    small.run("clean", "--all")
    assert list(records.glob("*.json")) == []
