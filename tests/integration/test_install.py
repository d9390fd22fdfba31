# SPDX-License-Identifier: GPL-3.0-or-later
"""`make bootstrap-install` and `make image` of a small system, with owners, modes and nodes as its recipes say."""

import os
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from integration.real import Tree, run
from integration.test_root_at_work import USER, Place

from ruckus_aux.storage import commands

BASE = '''
from ruckus_aux.recipes.recipe import Recipe

recipe = Recipe("base")


@recipe.step("cross")
def cross(sh):
    """a compiler"""
    sh.sh('mkdir -p "$OUT%s/bin"; echo cc > "$OUT%s/bin/cc"' % (sh.prefix_cross, sh.prefix_cross))


@recipe.step("stage1")
def stage1(sh):
    """a tree"""
    sh.sh("""
        mkdir -p "$OUT/bin" "$OUT/dev" "$OUT/etc" "$OUT/home/build"
        mkdir -p -m 0750 "$OUT/root"
        echo kept > "$OUT/root/profile"
        printf 'root:x:0:0::/:/bin/sh\\\\nbuild:x:1000:100::/:/bin/sh\\\\n' > "$OUT/etc/passwd"
        printf 'root:x:0:\\\\nusers:x:100:\\\\nutmp:x:13:\\\\n' > "$OUT/etc/group"
        echo su > "$OUT/bin/su"
        ln "$OUT/bin/su" "$OUT/bin/same as su"
        ln -s su "$OUT/bin/link"
        mkdir "$OUT/bin/many"
        for number in $(seq 400); do
            ln "$OUT/bin/su" "$OUT/bin/many/a-name-of-usual-length-$number"
        done
        chmod 755 "$OUT/bin/su"
    """)
    sh.device("/dev/console", "c", 5, 1)
    sh.device("/dev/null", "c", 1, 3, mode=0o666)
    sh.owner("build", "/home/build")
    sh.owner("root:utmp", "/etc/group")
    sh.mode(0o4755, "/bin/su")
'''


@pytest.fixture(scope="module")
def made(instant: Tree, everyones_python: Path) -> Place:
    (instant.top / "packages/base.py").write_text(BASE)
    profile = 'steps = ["cross/base", "stage1/base", "stage1/two"]\n'
    (instant.top / "packages/profiles/tiny.toml").write_text(profile)
    place = Place(instant)
    place.user(str(instant.top / "configure"), f"PYTHON={everyones_python}")
    return place


@pytest.fixture
def place(made: Place) -> Iterator[Place]:
    """With a system that belongs to its user."""
    recipe = made.tree.top / "packages" / "two.py"
    recipe.write_text(recipe.read_text().replace("-more", ""))
    (made.tree.top / "packages/base.py").write_text(BASE)
    made.user("make", "bootstrap")
    yield made
    made.root("make", "bootstrap-reopen")


def baby(place: Place, path: str = "") -> Path:
    return place.folder / "baby" / path


def owners(place: Place, path: str) -> tuple[int, int]:
    status = baby(place, path).lstat()
    return status.st_uid, status.st_gid


def install(place: Place, *words: str, status: int = 0) -> str:
    done = place.root("make", "bootstrap-install", *words, status=status)
    return done.stdout + done.stderr


def debugfs(image: Path, request: str) -> str:
    command = ["debugfs", "-R", request, str(image)]
    return subprocess.run(command, check=True, capture_output=True, text=True, env={"PATH": "/usr/sbin:/sbin"}).stdout


@pytest.mark.skipif(os.geteuid() != 0, reason="root plays sudo")
class TestInstall:
    def test_the_table_is_applied_and_later_builds_are_merged(self, place: Place) -> None:
        dry = place.user("make", "bootstrap-install", "DRY_RUN=1").stdout
        assert f"owner {USER}:{USER} -> 1000:100  home/build" in dry
        assert "node c 5 1 0600  dev/console" in dry
        assert place.roots() == set(), "nothing was changed"
        said = install(place)
        assert "NOTE     /bin/su has mode 4755 in images only" in said, "anyone here could run it"
        assert owners(place, "") == owners(place, "bin/link") == owners(place, "root/profile") == (0, 0)
        assert owners(place, "home/build") == (1000, 100)
        assert owners(place, "etc/group") == (0, 13)
        assert stat.S_IMODE(baby(place, "bin/su").stat().st_mode) == 0o755
        console = baby(place, "dev/console").lstat()
        assert (stat.S_IMODE(console.st_mode), console.st_rdev) == (0o600, os.makedev(5, 1))
        assert stat.S_IMODE(baby(place, "dev/null").lstat().st_mode) == 0o666
        assert not [name for name in place.roots() if not f"{name}/".startswith("baby/")], "stamps, journal: the user's"
        assert "changed: owners of 0, modes of 0, 0 device nodes" in install(place)

        place.another_version()
        stored = place.user("make", "bootstrap").stdout
        assert re.search(r"STORED +bootstrap; .*sudo make bootstrap-install", stored)
        assert not baby(place, "tools-x86_64/bin/two-more").exists()
        assert "STORED   bootstrap" in place.user("make", "bootstrap").stdout, "it goes on saying so"
        install(place)
        assert owners(place, "tools-x86_64/bin/two-more") == owners(place, "dev/console") == (0, 0)
        assert not baby(place, "tools-x86_64/bin/two").exists(), "of the earlier version"
        assert "READY" in place.user("make", "bootstrap").stdout
        assert not [name for name in place.roots() if not f"{name}/".startswith("baby/")]

    def test_a_changed_table_takes_effect_without_a_build(self, place: Place) -> None:
        install(place)
        recipe = place.tree.top / "packages/base.py"
        recipe.write_text(BASE.replace('sh.owner("build", ', 'sh.owner("0:100", '))
        assert "changed: owners of 1, modes of 0, 0 device nodes" in install(place)
        assert owners(place, "home/build") == (0, 100)
        recipe.write_text(BASE.replace('"root:utmp"', '"root:nogroup"'))
        assert f"{place.folder}/baby/etc/group knows no 'nogroup'" in install(place, status=2)
        recipe.write_text(BASE.replace('"/home/build")', '"/home/other")'))
        assert "x86_64/stage1/base declares /home/other, but the system has no /home/other" in install(place, status=2)

    def test_setuid_where_it_gives_nobody_a_right_here(self, place: Place) -> None:
        subprocess.run(["mount", "--bind", baby(place), baby(place)], check=True)
        try:
            subprocess.run(["mount", "-o", "remount,bind,nosuid,nodev", baby(place)], check=True)
            install(place)
            assert stat.S_IMODE(baby(place, "bin/su").stat().st_mode) == 0o4755
            assert "changed: owners of 0, modes of 0, 0 device nodes" in install(place)
            place.root("make", "bootstrap-reopen")
            assert stat.S_IMODE(baby(place, "bin/su").stat().st_mode) == 0o755
        finally:
            subprocess.run(["umount", baby(place)], check=True)

    def test_the_cross_toolchain_goes_and_comes_back(self, place: Place) -> None:
        install(place)
        install(place, "CROSS=no")
        assert not baby(place, "cross-tools-x86_64").exists()
        assert owners(place, "bin/su") == (0, 0)
        assert "READY" in place.user("make", "bootstrap").stdout, "it is not missing"
        place.root("make", "bootstrap-reopen")
        assert "READY" in place.user("make", "bootstrap").stdout
        assert not baby(place, "cross-tools-x86_64").exists()
        install(place, "CROSS=yes")
        assert baby(place, "cross-tools-x86_64/bin/cc").read_text() == "cc\n"
        assert owners(place, "cross-tools-x86_64/bin/cc") == (0, 0)
        assert "CROSS" not in os.environ
        assert "invalid choice: 'maybe'" in install(place, "CROSS=maybe", status=2)

    def test_a_killed_one_is_completed(self, place: Place) -> None:
        for name in ("etc/passwd", "etc", "bin/same as su"):
            os.chown(baby(place, name), 0, 0)
        install(place)
        assert owners(place, "etc/group") == (0, 13)
        os.chown(baby(place), USER, USER)  # the last that reopening gives back, and the last that installing takes
        os.chown(baby(place, "bin"), USER, USER)
        place.root("make", "bootstrap-reopen")
        assert place.roots() == set()

    def test_links_lead_root_nowhere(self, place: Place, tmp_path: Path) -> None:
        victim = tmp_path / "etc"
        victim.mkdir()
        (victim / "passwd").write_text("of the host")
        (victim / "group").touch()
        os.chown(victim / "passwd", USER, USER)
        baby(place, "etc").rename(baby(place, "moved"))
        baby(place, "etc").symlink_to(victim)
        assert f"{baby(place)}/etc has become another thing than a folder" in install(place, status=2)
        assert (victim / "passwd").stat().st_uid == USER
        baby(place, "etc").unlink()
        baby(place, "moved").rename(baby(place, "etc"))
        baby(place, "dev").rmdir()
        baby(place, "dev").symlink_to(victim)
        assert f"{baby(place)}/dev has become another thing than a folder" in install(place, status=2)
        # Nor does a link that is put there when all that is checked.
        node = commands.make_node(baby(place), "dev/console", "c", 5, 1, 0o600)
        assert subprocess.run(node, capture_output=True, check=False).returncode == 1
        owned = commands.own(baby(place), 0, 0, "dev/passwd")
        assert subprocess.run(owned, capture_output=True, check=False).returncode == 1
        assert (victim / "passwd").stat().st_uid == USER
        assert sorted(os.listdir(victim)) == ["group", "passwd"]
        baby(place, "dev").unlink()
        baby(place, "dev").mkdir()

    def test_what_is_mounted_there_is_named(self, place: Place) -> None:
        for point, error in (
            (baby(place, "home"), f"tmpfs is mounted on {baby(place)}/home, in the system"),
            (baby(place), "is missing, which x86_64/"),
        ):
            subprocess.run(["mount", "-t", "tmpfs", "tmpfs", point], check=True)
            try:
                said = install(place, status=2)
            finally:
                subprocess.run(["umount", point], check=True)
            assert error in said
            assert f"umount {point}" in said
        assert place.roots() == set()

    def test_the_user_may_not_have_sudo_change_what_the_user_could_replace(self, place: Place) -> None:
        refused = place.user("make", "bootstrap-install", status=2).stderr
        assert f"{place.folder} can be changed by others than root" in refused
        assert "sudo make bootstrap-install" in refused
        place.folder.chmod(0o777)
        assert f"{place.folder} can be changed by others than root" in install(place, status=2)
        place.folder.chmod(0o755)
        assert place.roots() == set()

    def test_an_image_is_the_same_before_and_after(self, place: Place) -> None:
        """And root, who may look at everything, has none that is different."""
        images = [place.folder / name for name in ("baby-x86_64.ext4", "installed.ext4", "roots.ext4")]
        place.user("make", "image")
        install(place)
        said = place.user("make", "image", f"IMAGE={images[1]}").stdout
        assert f"NOTE     {baby(place)}/root is root's" in said
        place.root("make", "image", f"IMAGE={images[2]}")
        first, *others = [image.read_bytes() for image in images]
        assert others == [first, first]
        for image in images:
            image.unlink()


def test_an_image_without_root(instant: Tree, tmp_path: Path) -> None:
    """In it are the table's owners, modes and nodes, whoever made it."""
    packages = tmp_path / "packages"
    (packages / "profiles").mkdir(parents=True)
    (packages / "base.py").write_text(BASE)
    (packages / "profiles/tiny.toml").write_text('steps = ["cross/base", "stage1/base"]\n')
    build = tmp_path / "build"
    instant.configure(build, f"--with-packages={packages}")
    run("make", "bootstrap", cwd=build)
    image = build / "baby-x86_64.ext4"
    run("make", "image", cwd=build)
    check = subprocess.run(["/sbin/e2fsck", "-f", "-n", image], check=False, capture_output=True, text=True)
    assert check.returncode == 0, check.stdout
    assert re.search(r"Mode: +04755 .*\n.*\nUser: +0 +Group: +0 [^$]*Links: 402", debugfs(image, "stat /bin/su"))
    assert 'dest: "su"' in debugfs(image, "stat /bin/link")
    assert debugfs(image, "cat /root/profile") == "kept\n"
    assert re.search(r"Mode: +0755 .*\n.*\nUser: +1000 +Group: +100 ", debugfs(image, "stat /home/build"))
    assert re.search(r"character special +Mode: +0600[^$]*05:01", debugfs(image, "stat /dev/console"))
    assert "cross-tools" not in debugfs(image, "ls /"), "nor anything else that no system needs"

    earlier = image.read_bytes()
    free = shutil.disk_usage(build).free
    refused = run("make", "image", "SIZE=900000G", cwd=build, status=2).stderr
    assert re.search(rf"{image.name}: the image is to have \d+\.\d TB, and {build} has \d+", refused), free
    refused = run("make", "image", "SIZE=1M", cwd=build, status=2).stderr
    assert "an image of 1.0 MB is too small: the system takes 2" in refused
    assert image.read_bytes() == earlier
    both = [subprocess.Popen([build / "ruckus", "image"], cwd=build, stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [one.wait(60) for one in both] == [0, 0]
    assert image.read_bytes() == earlier, "also when two are about to make it"
    assert sorted(path.name for path in build.glob("*.ext4*")) == [image.name], "nothing half written"
    larger = run("make", "image", "SIZE=300M", "CROSS=yes", f"IMAGE={build}/larger.ext4", cwd=build).stdout
    assert "315 MB" in larger
    assert debugfs(build / "larger.ext4", "cat /cross-tools-x86_64/bin/cc") == "cc\n"
