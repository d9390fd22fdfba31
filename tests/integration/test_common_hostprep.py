# SPDX-License-Identifier: GPL-3.0-or-later
"""--prefix: the four configure lines of the notes that Ruckus grew from, with small packages.

In place of the notes' logical volumes are loop devices, where the tests run as root, else plain folders.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from integration.real import Tree, clean_environment, outcomes, run

ZLIB = "hostprep/zlib"


@pytest.fixture
def here(tree: Tree, tmp_path: Path) -> Tree:
    """A source tree of this test's own, to configure in it."""
    shutil.copytree(tree.top, tmp_path / "ruckus")
    return Tree(tmp_path / "ruckus")


class Devices:
    """What stands for the notes' /dev/mapper/vg00-..."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.points: list[Path] = []
        self.loops: dict[str, str] = {}

    def loop(self, name: str) -> str:
        if name not in self.loops:
            image = self.folder / f"{name}.img"
            run("truncate", "--size=64M", image, cwd=self.folder)
            run("mkfs.ext4", "-q", image, cwd=self.folder)
            self.loops[name] = run("losetup", "--find", "--show", image, cwd=self.folder).stdout.strip()
        return self.loops[name]

    def options(self, name: str) -> list[str]:
        """--with-install-dev and --with-ruckus-dev as in the notes, or what comes nearest without root."""
        point = self.folder / "media" / name
        point.mkdir(parents=True)
        if os.geteuid() != 0:
            return [f"CLFS={point}"]
        run("mount", self.loop(name), point, cwd=self.folder)
        self.points.append(point)
        return [f"--with-install-dev={self.loop(name)}", f"--with-ruckus-dev={self.loop('ruckus')}"]

    def gone(self) -> None:
        for point in self.points:
            run("umount", point, cwd=self.folder)
        for device in self.loops.values():
            run("losetup", "--detach", device, cwd=self.folder)


@pytest.fixture
def devices(tmp_path: Path) -> Iterator[Devices]:
    made = Devices(tmp_path)
    yield made
    made.gone()


def at_the_same_time(*goals: tuple[Path, str]) -> list[dict[str, str]]:
    """What several makes, each of a goal in its build directory, say of the steps."""
    environment, pipe = clean_environment(), subprocess.PIPE
    makes = [
        subprocess.Popen(["make", goal], cwd=build, env=environment, stdout=pipe, text=True) for build, goal in goals
    ]
    done = [outcomes(make.communicate(timeout=300)[0]) for make in makes]
    assert [make.returncode for make in makes] == [0] * len(makes)
    return done


def test_the_four_lines_of_the_notes(here: Tree, cache: Path, devices: Devices, tmp_path: Path) -> None:
    common = tmp_path / "root-true" / "ruckus-hostprep"
    prefix = f"--prefix={common}"
    (common / "cache").mkdir(parents=True)  # what would be downloaded
    shutil.copy2(cache / ".ruckus", common / "cache")
    run("cp", "-al", cache / "sources", common / "cache", cwd=tmp_path)
    baby, baby32, baby64 = (tmp_path / name for name in ("baby", "baby32", "baby64"))

    # download & hostprep
    here.configure(here.top, prefix, "--with-hostprep-only")
    assert outcomes(run("make", cwd=here.top).stdout) == {ZLIB: "BUILT"}
    # bootstrap x86_64 multilib, i686 and x86_64 pure64
    summary = here.configure(baby, prefix, "--enable-stage2-auto", *devices.options("baby")).stdout
    assert f"common hostprep    {common}\n" in summary
    assert f"system             {tmp_path}/media/baby\n" in summary
    auto = ("--enable-stage2-auto", "--without-stage1-xen")
    here.configure(baby32, prefix, *auto, "--with-arch=i686", *devices.options("baby32"))
    here.configure(baby64, prefix, *auto, "--with-arch=x86_64", "--disable-multilib", *devices.options("baby64"))
    first, *others = at_the_same_time((baby, "bootstrap"), (baby32, "hostprep"), (baby64, "hostprep"))
    assert first.pop(ZLIB) == "STORED"
    assert set(first) == {"x86_64/cross/bzip2", "x86_64/stage1/minigzip"}
    assert others == [{ZLIB: "STORED"}] * 2
    for build in (baby, baby32, baby64):
        assert not (build / "cache").exists()
        assert (build / "hostprep" / "lib" / "libz.a").exists(), "it is merged in each build directory"

    # Nobody has it yet, and several want it at the same time: one builds it, the others wait.
    shutil.rmtree(common / "cache" / "store")
    for build in (baby32, baby64):
        shutil.rmtree(build / "stamps")
    both = at_the_same_time((baby32, "hostprep"), (baby64, "hostprep"))
    assert sorted(done[ZLIB] for done in both) == ["BUILT", "STORED"]

    for goal in ("install", "uninstall"):
        done = run("make", goal, "DESTDIR=/nowhere", cwd=here.top).stdout
        assert "Nothing " in done, "it says what to do instead"
        assert outcomes(done) == {}
    run("make", "distclean", cwd=baby64)
    assert (common / "cache" / "sources").is_dir(), "it is not this build directory's alone"
