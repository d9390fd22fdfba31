# SPDX-License-Identifier: GPL-3.0-or-later
"""What root does in a user's build directory, meant or by mistake, and how the user goes on."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from integration.real import Tree, clean_environment

from ruckus_aux.words.paths import STAMPS_LOCK

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="root plays sudo")
USER = 64322  # no passwd entry has this number
AS_USER = ("setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups")


class Place:
    """A build directory of an ordinary user's."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.folder = tree.top.parent / "build"
        self.folder.mkdir()
        os.chown(self.folder, USER, USER)

    def user(self, *words: str, status: int = 0) -> "subprocess.CompletedProcess[str]":
        return self._run([*AS_USER, *words], status, {})

    def root(self, *words: str, status: int = 0) -> "subprocess.CompletedProcess[str]":
        return self._run(list(words), status, {"SUDO_UID": str(USER), "SUDO_GID": str(USER)})

    def _run(self, words: list[str], status: int, more: dict[str, str]) -> "subprocess.CompletedProcess[str]":
        environment = {**clean_environment(), "HOME": str(self.folder), **more}
        done = subprocess.run(words, cwd=self.folder, env=environment, capture_output=True, text=True)
        assert done.returncode == status, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def way_out(self, done: "subprocess.CompletedProcess[str]") -> None:
        """Do as a refusal says."""
        found = re.search(r"^  to go on building: sudo (.*)$", done.stderr, re.MULTILINE)
        assert found, done.stderr
        self.root(*found[1].split())

    def roots(self) -> set[str]:
        """What belongs to root."""
        return {str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.lstat().st_uid == 0}

    def another_version(self) -> None:
        recipe = self.tree.top / "packages" / "two.py"
        recipe.write_text(recipe.read_text().replace("/bin/two", "/bin/two-more"))


@pytest.fixture(scope="module")
def configured(instant: Tree, everyones_python: Path) -> Place:
    place = Place(instant)
    place.user(str(instant.top / "configure"), f"PYTHON={everyones_python}")
    return place


@pytest.fixture
def place(configured: Place) -> Place:
    """With a system."""
    recipe = configured.tree.top / "packages" / "two.py"
    recipe.write_text(recipe.read_text().replace("-more", ""))
    configured.user("make", "bootstrap")
    return configured


def test_after_bootstrap_install_the_user_can_go_on(place: Place) -> None:
    place.root("make", "bootstrap-install")
    assert {"baby", "baby/tools-x86_64/bin/two"} <= place.roots()
    assert not [name for name in place.roots() if not f"{name}/".startswith("baby/")]
    assert "READY" in place.user("make", "bootstrap").stdout, "there is nothing to do"
    place.another_version()
    assert "the system belongs to root" in place.user("make", "bootstrap").stdout, "what is new is in the store"
    assert not (place.folder / "baby/tools-x86_64/bin/two-more").exists()
    place.way_out(place.user("make", "clean", status=2))
    assert place.roots() == set()
    place.user("make", "bootstrap")
    assert (place.folder / "baby/tools-x86_64/bin/two-more").exists()
    place.root("make", "bootstrap-install")
    place.way_out(place.user("make", "clean", status=2))
    place.user("make", "clean")
    assert not (place.folder / "baby").exists()


def test_a_user_is_told_of_the_mode_that_is_in_the_way(place: Place) -> None:
    """And is not sent to root, whose the folders above may be."""
    (place.folder / STAMPS_LOCK).unlink()
    place.folder.chmod(0o555)
    try:
        for words in (["./ruckus", "image"], ["make", "bootstrap"]):
            refused = place.user(*words, status=2 if words[0] == "make" else 1).stderr
            assert f"chmod u+w {place.folder}\n" in refused
            assert "sudo" not in refused
    finally:
        place.folder.chmod(0o755)


def test_root_does_not_build_in_a_users_directory(place: Place) -> None:
    place.another_version()
    for words in (("make", "bootstrap"), ("make", "download"), ("./ruckus", "step", "x86_64/stage1/two")):
        refused = place.root(*words, status=2 if words[0] == "make" else 1)
        assert f"{place.folder} is a build of {USER}" in refused.stderr
    invoke = (sys.executable, "-m", "invoke", "--search-root", str(place.tree.top))
    refused = place.root(*invoke, "build", f"--build-dir={place.folder}", status=1)
    assert f" of {USER}" in refused.stderr  # its cache is, if it is there
    assert place.roots() == set()


def test_what_a_make_of_roots_has_left(place: Place) -> None:
    """Ruckus refuses that now."""
    for name in ("stamps", "work", "journal.sqlite", "hostprep"):
        subprocess.run(["chown", "-R", "0:0", place.folder / name], check=True)
    place.another_version()
    refused = place.user("make", "bootstrap", status=2)
    assert re.search(r"(stamps|work) belongs to root, who has run make here", refused.stderr)
    place.way_out(refused)
    place.user("make", "bootstrap")
    assert place.roots() == set()
