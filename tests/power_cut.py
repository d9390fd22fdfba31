# SPDX-License-Identifier: GPL-3.0-or-later
"""Cut the power at many moments of a build whose system is on another disk, and see that the next make comes right.

Usage: power_cut.py TREE FOLDER COUNT, as root: a source tree with the recipes of tests/integration/instant, an empty
folder, and how many cuts. Two file systems in image files are mounted there. At a cut, everything stands still, and the
images are copied as they are: without what the kernel has not written to them yet. The copies are mounted in their
place, and make is run again, with the recipes as they are or as they were.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from integration.real import clean_environment

SIZE = "6G"  # of each image, sparse: configure wants 4.2 GB to be free
COMMIT = "commit=1"  # seconds after which ext4 has written down names; contents come later, as everywhere
LATEST = 6.0  # seconds after the start of make
RECIPE = "two.py"
CHANGES = (('/bin/two"', '/bin/two/in/a/folder"'), ('/bin"\n', '/bin/two/in/a"\n'))
DISKS = ("build", "system")


class Disks:
    """Two small disks, with a build directory on the one and its system on the other."""

    def __init__(self, tree: Path, folder: Path) -> None:
        self.recipe = tree / "packages" / RECIPE
        self.text = self.recipe.read_text()
        self.folder = folder
        self.build, self.clfs = folder / "build" / "b", folder / "system" / "baby"
        for name in DISKS:
            (folder / name).mkdir()
            subprocess.run(["truncate", f"--size={SIZE}", self._image(name)], check=True)
            subprocess.run(["mkfs.ext4", "-q", "-F", self._image(name)], check=True)
        self._mount()
        self.build.mkdir()
        wrong = self.make([str(tree / "configure"), f"PYTHON={sys.executable}", f"CLFS={self.clfs}", "CPUCOUNT=2"])
        assert not wrong, wrong

    def _image(self, name: str, what: str = "now") -> Path:
        return self.folder / f"{name}.{what}"

    def _mount(self) -> None:
        for name in DISKS:
            subprocess.run(["mount", "-o", f"loop,{COMMIT}", self._image(name), self.folder / name], check=True)

    def unmount(self) -> None:
        for name in DISKS:
            subprocess.run(["umount", self.folder / name], check=True)

    def keep(self, what: str) -> None:
        """Keep the images as they are."""
        for name in reversed(DISKS):
            subprocess.run(["cp", "--sparse=always", self._image(name), self._image(name, what)], check=True)

    def take(self, what: str) -> None:
        """Go on with what was kept."""
        self.unmount()
        for name in DISKS:
            subprocess.run(["cp", "--sparse=always", self._image(name, what), self._image(name)], check=True)
        self._mount()

    def make(self, words: list[str]) -> str:
        environment = clean_environment()
        done = subprocess.run(words, cwd=self.build, env=environment, capture_output=True, text=True, timeout=300)
        return "" if done.returncode == 0 else f"{' '.join(words)}: {done.returncode}: {done.stdout}{done.stderr}"

    def new_version(self, *, new: bool) -> None:
        """Change the recipe so that a file becomes a folder, or back."""
        text = self.text
        for old, changed in CHANGES if new else ():
            assert old in text
            text = text.replace(old, changed)
        self.recipe.write_text(text)

    def cut(self, seconds: float) -> None:
        """Build, and cut the power after some time."""
        process = subprocess.Popen(
            ["make", "bootstrap"],
            cwd=self.build,
            env=clean_environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        time.sleep(seconds)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGSTOP)
        self.keep("cut")
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        time.sleep(0.5)  # the step's sandbox goes with its parent
        self.take("cut")

    def system(self) -> dict[str, bytes]:
        """What was built."""
        return {str(path.relative_to(self.clfs)): path.read_bytes() for path in self.clfs.rglob("*") if path.is_file()}

    def empty(self) -> list[str]:
        """Stamps that make would take as done, and that say nothing."""
        stamps = (path for path in (self.build / "stamps").rglob("*.*") if path.is_file() and path.suffix != ".part")
        return [path.name for path in stamps if path.stat().st_size == 0]


def main() -> int:
    """Do it."""
    tree, folder, count = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    chance = random.Random(count)
    disks = Disks(tree, folder)
    faults = 0
    try:
        expected = {}
        for new in (True, False):
            disks.new_version(new=new)
            wrong = disks.make(["make", "bootstrap"])
            assert not wrong, wrong
            expected[new] = disks.system()
        assert expected[True] != expected[False]
        subprocess.run(["sync"], check=True)
        disks.keep("before")
        for number in range(count):
            seconds = chance.uniform(0, LATEST)
            disks.take("before")
            disks.new_version(new=True)
            disks.cut(seconds)
            empty = disks.empty()
            new = number % 2 == 0
            disks.new_version(new=new)
            wrong = disks.make(["make", "bootstrap"])
            if not wrong and disks.system() != expected[new]:
                wrong = "another system"
            faults += bool(wrong or empty)
            said = f"{wrong} {f'empty: {empty}' if empty else ''}".strip() or "went on"
            print(f"after {seconds:.2f} s, {'on' if new else 'back'}: {said}", flush=True)
    finally:
        disks.new_version(new=False)
        disks.unmount()
        shutil.rmtree(folder)
    print(f"cuts {count}, wrong {faults}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
