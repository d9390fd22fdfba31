# SPDX-License-Identifier: GPL-3.0-or-later
"""`ruckus menuconfig`, on a terminal: what was changed becomes a fragment, which then holds."""

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import pytest
from integration.real import TOP, clean_environment
from integration.small import STEP, Small

from ruckus_aux.steps.headers import has_ncurses
from ruckus_aux.words.paths import CONF

# Kconfig, as far as it matters: B selects C, and D depends on A. Its menu has one screen.
MAKEFILE = r"""
base:
	printf '%s\n' '# CONFIG_A is not set' '# CONFIG_B is not set' '# CONFIG_C is not set' 'CONFIG_N=1' > .config
olddefconfig:
	sed -i 's/^\(CONFIG_.*\)=n$$/# \1 is not set/' .config
	! grep -q CONFIG_B=y .config || sed -i 's/^# CONFIG_C is not set$$/CONFIG_C=y/' .config
	grep -q CONFIG_A=y .config || sed -i /CONFIG_D/d .config
savedefconfig:
	sed '/is not set/d; /CONFIG_C/d; /CONFIG_N=1/d' .config > defconfig
menuconfig:
	test "$(X)" = "a b" && test -t 0 && test -t 1
	stty -icanon -echo; printf 'menu of %s: ' $$TERM; dd bs=1 count=1 of=key 2>/dev/null; stty sane
	test $$(cat key) != x
	test $$(cat key) != b || sed -i 's/^# CONFIG_B.*/CONFIG_B=y/; s/^CONFIG_A=y/# CONFIG_A is not set/' .config
	test $$(cat key) != n || sed -i s/N=1/N=2/ .config
	$(MAKE) olddefconfig
"""
RECIPE = """
from ruckus_aux.recipes.recipe import Recipe
recipe = Recipe("small")

@recipe.step("cross")
def cross(sh):
    '''a step'''
    sh.unpack({source})
    sh.kconfig({words})
    sh.sh('mkdir -p "$OUT/bin"; cp .config "$OUT/bin/small"')
"""


@pytest.fixture(params=["savedefconfig", "none"])
def configured(small: Small, request: pytest.FixtureRequest) -> Small:
    """With a recipe that configures, and a folder of the user's own over it, mine."""
    (small.folder / "small-1").mkdir()
    (small.folder / "small-1/Makefile").write_text(MAKEFILE.replace("savedefconfig:", f"{request.param}:"))
    tarball = small.folder / "mirror/small-1.tar.gz"
    with tarfile.open(tarball, "w:gz") as archive:
        archive.add(small.folder / "small-1", "small-1")
    pin(small, tarball)
    write_recipe(small, '"base", "small.config", make=["X=a b"]', "CONFIG_A=y\nCONFIG_D=y\n")
    return small


def pin(small: Small, tarball: Path) -> None:
    digest = sha256(tarball.read_bytes()).hexdigest()
    (small.folder / "src/packages/sources.toml").write_text(
        f'[small]\nversion = "1"\nfile = "{tarball.name}"\nsha256 = "{digest}"\nurls = []\n'
    )


def write_recipe(small: Small, words: str, fragment: str, source: str = "") -> None:
    packages = small.folder / "src/packages"
    (packages / "small").mkdir()
    (packages / "small/recipe.py").write_text(RECIPE.format(words=words, source=source))
    (packages / "small/small.config").write_text(fragment)
    (small.folder / "mine").mkdir()
    file = small.builddir() / CONF
    file.write_text(file.read_text().replace("packages = /p1 /p2", f"packages = {small.folder}/mine"))
    small.run("download", STEP)


def without_controls(shown: bytes) -> str:
    """Text for a terminal without what moves its cursor, and so on."""
    text = shown.decode(errors="replace").replace("\r\n", "\n")
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][0-9A-Z]|[\x0e\x0f]|\x1b[=>78]", "", text)


def typed(small: Small, keys: Sequence[tuple[str, str]], *options: str, status: int = 0) -> str:
    """What menuconfig shows on a terminal into which keys are typed, each when a text has appeared."""
    terminal, ours = pty.openpty()
    build = small.builddir()
    environment = {**clean_environment(), "PYTHONPATH": str(TOP / "python"), "RUCKUS_BUILDDIR": str(build)}
    words = ["setsid", "--ctty", sys.executable, "-m", "ruckus_aux", "menuconfig", STEP, *options]
    process = subprocess.Popen(words, env={**environment, "TERM": "vt100"}, stdin=ours, stdout=ours, stderr=ours)
    os.close(ours)
    shown, since, waiting = b"", 0, list(keys)
    while select.select([terminal], [], [], 300)[0]:
        try:
            shown += os.read(terminal, 1 << 16)
        except OSError:  # nobody has the other end any more
            break
        if waiting and re.search(waiting[0][0], without_controls(shown[since:])):
            since = len(shown)
            os.write(terminal, waiting.pop(0)[1].encode())
    os.close(terminal)
    text = without_controls(shown)
    assert process.wait(60) == status, text
    return text


def test_what_was_changed_is_a_fragment_that_holds(configured: Small) -> None:
    path = configured.folder / "mine/small/menuconfig.config"
    assert "no option has changed, and nothing was written" in typed(configured, [("menu of vt100:", "q")])
    assert not path.parent.exists()
    assert f"WROTE    {path}:\n" in typed(configured, [("menu of vt100:", "b")])
    # C follows from B, and D is gone with A.
    assert sorted(path.read_text().splitlines()) == ["# CONFIG_A is not set", "CONFIG_B=y"]
    assert not configured.artifacts()


@pytest.mark.parametrize("configured", ["savedefconfig"], indirect=True)
def test_what_the_fragment_has_already_stays(configured: Small) -> None:
    path = configured.folder / "mine/small/menuconfig.config"
    path.parent.mkdir()
    path.write_text("# Why:\nCONFIG_B=y\n")
    typed(configured, [("menu of", "n")])
    assert path.read_text() == "# Why:\nCONFIG_B=y\nCONFIG_N=2\n"
    other = configured.folder / "new/other.config"
    assert "name it in the kconfig() of" in typed(configured, [("menu of", "b")], f"--output={other}")
    assert other.read_text() == "# CONFIG_A is not set\n"
    configured.run("make")
    lines = configured.artifacts()[0].read_text().splitlines()
    assert set(lines) == {"CONFIG_A=y", "CONFIG_B=y", "CONFIG_C=y", "CONFIG_D=y", "CONFIG_N=2"}


@pytest.mark.parametrize("configured", ["savedefconfig"], indirect=True)
def test_what_can_not_be_done_changes_nothing(configured: Small) -> None:
    assert "needs a terminal" in configured.run("menuconfig", STEP, status=1)
    assert not configured.work().exists()
    assert "nothing was written" in typed(configured, [("menu of", "x")], status=1)
    assert not (configured.folder / "mine/small").exists()
    file = configured.builddir() / CONF
    file.write_text(file.read_text().replace(f"packages = {configured.folder}/mine", "packages = "))
    assert "--output=FILE" in typed(configured, [], status=1)
    (configured.folder / "src/packages/small/recipe.py").write_text(
        RECIPE.format(source="", words=None).replace("sh.kconfig(None)", "")
    )
    assert f"{STEP} does not configure with Kconfig" in typed(configured, [], status=1)


@pytest.mark.skipif(not has_ncurses(), reason="needs the headers of ncurses")
def test_busybox_has_a_real_one(small: Small) -> None:
    shutil.copy(TOP / "packages/sources.toml", small.folder / "src/packages")
    words = '"allnoconfig", "small.config", make=["HOSTCC=gcc -std=gnu17 -Werror=implicit-int"], settle="oldconfig"'
    write_recipe(small, words, "CONFIG_CAT=y\n", source='"busybox"')
    leave = "\x1b\x1b"
    keys = [("ettings", "\r"), ("desktop", " "), (r"\[\*\]", leave), ("ettings", leave), ("save your new", "\r")]
    typed(small, keys)
    assert (
        small.folder / "mine/small/menuconfig.config"
    ).read_text() == "CONFIG_DESKTOP=y\nCONFIG_FEATURE_TIMEZONE=y\n"
