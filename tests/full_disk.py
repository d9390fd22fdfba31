# SPDX-License-Identifier: GPL-3.0-or-later
"""Fill the disk at many points of a build, make room again, and see that every command works, and the same comes out.

Usage: full_disk.py TREE FOLDER COUNT, as root: a source tree with recipes that take no time, a folder that is mounted
on, and at how many points, at equal distances. Prints what happened at each; exit status 1 when something was wrong.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from integration.real import clean_environment

SIZE = "64M"  # of the file system
WANTED = "4G"  # by configure, before anything is built
FILL = "fill"
AFTERWARDS = (("./ruckus", "list"), ("make", "bootstrap"), ("./ruckus", "why", "x86_64/stage1/two"))


@dataclass
class Point:
    """What is to be told of one point.

    free: bytes that are free when the build begins. status: of make. wrong: what should not be.
    """

    free: int
    status: int
    wrong: str


class Disk:
    """A small file system with a build directory."""

    def __init__(self, tree: Path, folder: Path) -> None:
        self.folder = folder
        self.build = folder / "build"
        self.configured = folder.with_name(f"{folder.name}.tar")
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={WANTED}", "none", folder], check=True)
        self.build.mkdir()
        try:
            self.run(str(tree / "configure"), f"PYTHON={sys.executable}", "CPUCOUNT=2")
            subprocess.run(["mount", "-o", f"remount,size={SIZE}", folder], check=True)
            subprocess.run(["tar", "-C", folder, "-cf", self.configured, "build"], check=True)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        subprocess.run(["umount", self.folder], check=True)
        self.configured.unlink(missing_ok=True)

    def run(self, *words: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        environment = clean_environment()
        done = subprocess.run(words, cwd=self.build, env=environment, capture_output=True, text=True, timeout=300)
        if check and done.returncode:
            raise AssertionError(f"{' '.join(words)}: {done.returncode}: {done.stdout}{done.stderr}")
        return done

    @property
    def free(self) -> int:
        return shutil.disk_usage(self.folder).free

    def reset(self) -> None:
        shutil.rmtree(self.build)
        subprocess.run(["tar", "-C", self.folder, "-xf", self.configured], check=True)

    def needed(self) -> int:
        """Bytes that a whole build takes, at its end."""
        before = self.free
        self.run("make", "bootstrap")
        return before - self.free

    def point(self, free: int, expected: dict[str, bytes]) -> Point:
        """Build with so many bytes free, and again with room."""
        self.reset()
        with (self.folder / FILL).open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, max(1, self.free - free))
        full = self.run("make", "bootstrap", check=False)
        (self.folder / FILL).unlink()
        wrong = "Traceback" if "Traceback" in full.stderr else ""
        try:
            for words in AFTERWARDS:
                self.run(*words)
            if self.system() != expected:
                wrong += " another system"
            self.run("make", "clean")
            self.run("make", "distclean")
            if left := sorted(path.name for path in self.build.iterdir()):
                wrong += f" left: {left}"
        except AssertionError as error:
            wrong += f" {error}"
        return Point(free, full.returncode, wrong + (f"\n{full.stdout}{full.stderr}" if wrong else ""))

    def system(self) -> dict[str, bytes]:
        """What was built."""
        roots = (self.build / "baby", self.build / "hostprep")
        files = [path for root in roots for path in root.rglob("*") if path.is_file()]
        return {str(path.relative_to(self.build)): path.read_bytes() for path in files}


def main() -> int:
    """Do it."""
    disk = Disk(Path(sys.argv[1]), Path(sys.argv[2]))
    count = int(sys.argv[3])
    try:
        needed = disk.needed()
        expected = disk.system()
        points = []
        for number in range(count):
            point = disk.point(needed * number * 5 // (4 * count), expected)
            print(f"{point.free:>9} bytes free: exit status {point.status}  {point.wrong or 'went on'}", flush=True)
            points.append(point)
    finally:
        disk.close()
    failed = sum(point.status != 0 for point in points)
    wrong = sum(bool(point.wrong) for point in points)
    print(f"points {count}, the build failed at {failed}, wrong {wrong}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
