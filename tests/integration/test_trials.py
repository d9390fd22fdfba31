# SPDX-License-Identifier: GPL-3.0-or-later
"""Trials of a step: resumed, stopped before the installation, from a local source; and none is ever stored."""

import hashlib
import os
import re
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest
from golden.scripts import settings
from integration.real import TOP, clean_environment
from integration.small import STEP, Small

from ruckus_aux.recipes.load import evaluate
from ruckus_aux.settings.journal import Journal
from ruckus_aux.steps.marks import split_piece
from ruckus_aux.words.architecture import ARCHITECTURES

RECIPE = """
from ruckus_aux.recipes.recipe import Recipe
recipe = Recipe("small")

@recipe.step("cross")
def cross(sh):
    '''a step'''
    {source}
    sh.sh('echo "of it" >> "$HOME/unpacked"')
    sh.sh({setting!r})
    sh.sh({middle!r})
    sh.sh({install!r})
"""
SOURCE = "sh.unpack(); sh.share_objects('x')"
# A directory, and variables: new ones, one of two lines, and another value of one that every step has.
SETTING = """
    export folder="$SRC/deep"
    cd "$folder"
    export TAIL="it's
    b=c" SRC=/nowhere
"""
MIDDLE = 'cat needed > "$HOME/made"; echo "$(pwd) $folder $SRC $(sh -c \'echo "$TAIL"\')" >> "$HOME/made"'
INSTALL = 'mkdir -p "$OUT/bin"; cp "$HOME/made" "$OUT/bin/small"'


@pytest.fixture
def tried(small: Small) -> Small:
    """With a source that is not downloaded; its step can't be built, because it lacks a file."""
    top = small.folder / "small-1/deep"
    top.mkdir(parents=True)
    (top / "hello.c").write_text("int hello (void) { return 0; }\n")
    tarball = small.folder / "mirror/small-1.tar.gz"
    with tarfile.open(tarball, "w:gz") as archive:
        archive.add(top.parent, "small-1")
    digest = hashlib.sha256(tarball.read_bytes()).hexdigest()
    (small.folder / "src/packages/sources.toml").write_text(
        f'[small]\nversion = "1"\nfile = "small-1.tar.gz"\nsha256 = "{digest}"\nurls = []\n'
    )
    write_recipe(small)
    return small


def write_recipe(small: Small, source: str = SOURCE, middle: str = MIDDLE, **changes: str) -> None:
    parts = {"source": source, "setting": SETTING, "middle": middle, "install": INSTALL, **changes}
    (small.folder / "src/packages/small.py").write_text(RECIPE.format(**parts))


def mend(small: Small) -> None:
    small.run("shell", STEP, "-c", "echo mended > src/deep/needed")


def is_kept_out(small: Small) -> bool:
    """Whether nothing is in the store, $CLFS, PREFIX_CROSS or among shared objects, and the journal has no success."""
    outside = [small.folder / "cache/store", small.folder / "cache/ccache", small.folder / "one/baby"]
    files = [path for folder in outside for path in folder.rglob("*") if path.is_file() and "locks" not in path.parts]
    stamps = list((small.folder / "one/stamps").rglob("*"))
    return not files and not stamps and not Journal(small.folder / "one/journal.sqlite").built()


def test_a_step_that_failed_is_resumed_where_it_stopped(tried: Small) -> None:
    failed = tried.run("make", status=2)
    assert f"resume:  {tried.folder}/one/ruckus step {STEP} --resume" in failed
    mend(tried)
    said = tried.run("step", STEP, "--resume")
    assert "from piece 5 of 6: cat needed" in said
    assert f"what is there now: {tried.work()}" in said
    assert f"make -C {tried.folder}/one {STEP}" in said
    result = (tried.work() / "out/bin/small").read_text()
    assert result == "mended\n/ruckus/src/deep /ruckus/src/deep /nowhere it's\nb=c\n"
    assert (tried.work() / "unpacked").read_text() == "of it\n"
    assert is_kept_out(tried)
    # What builds the step begins with nothing: it fails as it did before.
    assert "needed: No such file" in tried.run("make", status=2)
    assert not (tried.work() / "out/bin").exists()
    assert is_kept_out(tried)


def test_the_example_of_the_documentation(tried: Small) -> None:
    text = (TOP / "docs" / "recipes.md").read_text("utf-8")
    commands = re.findall(r"^```sh\nSTEP=\S+\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)[0].splitlines()
    (tried.folder / "m4/deep").mkdir(parents=True)
    for place in ("m4/deep/needed", "m4/needed"):
        (tried.folder / place).write_text("local\n")
    write_recipe(tried, setting='cd "$SRC"', middle='cat needed > "$HOME/made"')
    environment = {**clean_environment(), "PYTHONPATH": str(TOP / "python"), "STEP": STEP, "HOME": str(tried.folder)}
    build = tried.builddir()
    (build / "Makefile").write_text(f"{STEP}:\n\t./ruckus make $@\n")
    results = []
    for command in commands:
        done = subprocess.run(["/bin/sh", "-c", command], cwd=build, env=environment, capture_output=True, text=True)
        assert (done.returncode == 0) == (command != commands[0]), done.stdout + done.stderr
        result = tried.work() / "out/bin/small"
        results.append(result.read_text().partition("\n")[0] if result.exists() else "")
    assert results == ["", "", "", "mended", "mended", "local"]
    assert is_kept_out(tried)


def test_what_the_recipe_says_now_is_run_if_what_was_run_is_the_same(tried: Small) -> None:
    tried.run("download", STEP)
    tried.run(status=1)
    write_recipe(tried, middle='echo better > "$HOME/made"')
    tried.run("step", STEP, "--resume", "--until-install")
    assert (tried.work() / "made").read_text() == "better\n"
    assert not (tried.work() / "out/bin").exists()
    tried.run("step", STEP, "--resume")
    assert (tried.work() / "out/bin/small").read_text() == "better\n"
    write_recipe(tried, middle="true", setting='cd "$SRC"')
    tried.run("step", STEP, "--from=5")
    write_recipe(tried, setting="true")
    assert "--from=6" in tried.run("step", STEP, "--resume", status=1)
    said = tried.run("step", STEP, "--from=7", status=1)
    assert "there is no piece 7\n  the pieces of its script:\n     1  mkdir" in said
    assert is_kept_out(tried)


def test_from_a_local_source_that_stays_as_it_is(tried: Small) -> None:
    local = tried.folder / "local"
    (local / "deep").mkdir(parents=True)
    (local / "deep/needed").write_text("local\n")
    secret = tried.folder / "secret"
    secret.write_text("")
    (local / "link").symlink_to(secret)
    write_recipe(tried, middle='echo more >> "$folder/needed"; ' + MIDDLE)
    tried.run("step", STEP, f"--source={local}")
    assert (tried.work() / "out/bin/small").read_text().startswith("local\nmore\n")
    assert (local / "deep/needed").read_text() == "local\n"
    assert secret.stat().st_uid == os.geteuid()
    assert is_kept_out(tried)
    # Resumed, its source is still the local one; what builds the step has another.
    (tried.work() / "src/deep/needed").write_text("edited\n")
    tried.run("step", STEP, "--from=5")
    assert (tried.work() / "out/bin/small").read_text().startswith("edited\nmore\n/ruckus")
    # In place of a shared source, it is read-only.
    write_recipe(tried, source="sh.shared_source()", middle='! touch "$folder/new"; ' + MIDDLE)
    tried.run("step", STEP, f"--source={local}")
    assert (tried.work() / "out/bin/small").read_text().startswith("local\n/ruckus/src/deep")
    (local / "deep/needed").write_text("edited\n")
    tried.run("step", STEP, "--from=3")
    assert (tried.work() / "out/bin/small").read_text().startswith("edited\n/ruckus/src/deep")
    assert tried.run("shell", STEP, "-c", "cat src/deep/needed").startswith("edited")
    assert is_kept_out(tried)
    tried.run("make", status=2)
    assert not (tried.work() / "out/bin").exists()


def test_a_trial_that_wants_to_be_stored_can_not(tried: Small) -> None:
    """It writes wherever it can, has the honest result in place, and compiles what other steps share."""
    local = tried.folder / "local"
    (local / "deep").mkdir(parents=True)
    (local / "deep/needed").write_text("false\n")
    (local / "deep/hello.c").write_text("int hello (void) { return 1; }\n")
    middle = """
        gcc -c hello.c -o hello.o
        for place in /ruckus/ccache /tools /cross-tools /usr/local /hostprep; do
            touch $place/false || true
        done
    """
    write_recipe(tried, middle=middle + MIDDLE)
    tried.run("step", STEP, f"--source={local}")
    assert is_kept_out(tried)
    write_recipe(tried, middle=middle + "echo true > needed; " + MIDDLE)
    tried.run("make")
    (artifact,) = tried.artifacts()
    assert artifact.read_text().startswith("true\n")
    # Whatever is tried afterwards: the store and what is merged stay.
    tried.run("step", STEP, f"--source={local}")
    assert tried.artifacts() == [artifact]
    assert artifact.read_text().startswith("true\n")
    assert "all 1 artifacts are what was stored" in tried.run("verify-store")
    assert [outcome for outcome, _ in tried.outcomes()] == ["built"]


def test_a_command_that_is_split_over_calls_is_built_as_it_is(tried: Small) -> None:
    middle, install = 'cat > "$HOME/made" <<END\ntext', "END\n" + INSTALL
    write_recipe(tried, middle=middle, install=install)
    tried.run("make")
    assert tried.artifacts()[0].read_text() == "text\n"
    write_recipe(tried, middle=middle, install=f"{install}; false")
    assert "resume:" not in tried.run("make", status=2)
    assert "split over calls of its recipe: cat > " in tried.run("step", STEP, "--resume", status=1)


def test_each_step_that_we_ship_can_be_resumed() -> None:
    split = {step.name: split_piece(step.pieces) for step in evaluate(settings(ARCHITECTURES["x86_64"])).steps.values()}
    assert {name: piece for name, piece in split.items() if piece} == {}


def test_on_the_plain_host_it_is_the_same(tried: Small) -> None:
    plain: dict[str, Any] = {"name": "plain", "isolation": "none"}
    assert "--resume" in tried.run("make", status=2, **plain)
    folder = tried.work("plain")
    (folder / "src/deep/needed").write_text("mended\n")
    tried.run("step", STEP, "--resume", **plain)
    assert (folder / "out/bin/small").read_text().startswith(f"mended\n{folder}/src/deep {folder}/src/deep /nowhere")


def test_what_is_typed_by_mistake_changes_nothing(tried: Small) -> None:
    assert "has left nothing in" in tried.run("step", STEP, "--resume", status=1)
    missing = Path("/nowhere")
    tried.run("make", status=2)
    (tried.work() / "src/mine").write_text("")
    assert f"--source={missing}: there is no such folder" in tried.run("step", STEP, f"--source={missing}", status=1)
    write_recipe(tried, source="sh.sh('mkdir deep')")
    assert "unpacks no source" in tried.run("step", STEP, f"--source={tried.folder}", status=1)
    assert (tried.work() / "src/mine").exists()
