# SPDX-License-Identifier: GPL-3.0-or-later
"""The built system as a workplace, with a system of a few of this host's programs in its place.

That nothing gets out of it, and nothing is left of it, is in test_escapes.py.
"""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from unit.samples import settings_in

from ruckus_aux.artifacts.store import Store
from ruckus_aux.recipes.environment import step_environment
from ruckus_aux.steps.chroot import Chroot
from ruckus_aux.steps.workplace import Room
from ruckus_aux.words.stage import CHECK

PROGRAMS = ("sh", "uname", "cat", "ls", "id")


def program(root: Path, name: str) -> None:
    """Copy a program of this host into a system, with its libraries."""
    source = shutil.which(name)
    assert source
    listed = subprocess.run(["ldd", source], capture_output=True, text=True, check=True).stdout
    for path in (f"/tools-x86_64/bin/{name}", *re.findall(r"(/\S+) \(0x", listed)):
        target = Path(f"{root}{path}")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source if path.startswith("/tools-x86_64") else path, target)


@pytest.fixture
def artifacts(tmp_path: Path) -> list[Path]:
    """Of two steps: programs, and the rest of a system."""
    tools, rest = tmp_path / "tools", tmp_path / "rest"
    for name in PROGRAMS:
        program(tools, name)
    for folder in ("bin", "etc", "home", "tmp", "usr/bin"):
        (rest / folder).mkdir(parents=True)
    (rest / "bin/sh").symlink_to("/tools-x86_64/bin/sh")
    (rest / "etc/mtab").symlink_to("/proc/mounts")
    (rest / "etc/hostname").write_text("built\n")
    (rest / "etc/passwd").write_text("someone:x:1:1:::\n")
    return [tools, rest]


def in_system(folder: Path, artifacts: list[Path], script: str, machine: str = "x86_64") -> str:
    settings = settings_in(folder, folder, "x86_64")
    settings.cache.mkdir(parents=True, exist_ok=True)
    workplace = Chroot(tuple(settings.prefixes), machine, settings.prefix_cross)
    with Store(settings.cache).scratch("view") as view:
        room = Room(folder / "work", view)
        workplace.prepare(room.work)
        workplace.show(room.view, artifacts, ())
        environment = step_environment(settings, CHECK, workplace.inside(room.work), {})
        words, descriptors = workplace.command(room, ["/bin/sh", "-ec", script])
        done = subprocess.run(
            words,
            env=workplace.environment(room, environment),
            pass_fds=descriptors,
            capture_output=True,
            text=True,
        )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_a_step_sees_the_system_and_nothing_of_the_host(tmp_path: Path, artifacts: list[Path]) -> None:
    said = in_system(
        tmp_path, artifacts, "cd /; echo *; echo etc/*; cat etc/hostname; id -un; cat proc/sys/kernel/hostname"
    )
    libraries = sorted(path.name for path in artifacts[0].iterdir() if path.name != "tools-x86_64")
    top = sorted(["bin", "dev", "etc", "home", "proc", "ruckus", "tmp", "tools-x86_64", "usr", *libraries])
    assert said.splitlines() == [
        " ".join(dict.fromkeys(top)),
        "etc/group etc/hostname etc/mtab etc/passwd",
        "built",
        "ruckus",
        "ruckus",
    ]
    assert sorted(path.name for path in artifacts[1].iterdir()) == ["bin", "etc", "home", "tmp", "usr"]


def test_there_are_terminals_shared_memory_and_a_loopback_of_its_own(tmp_path: Path, artifacts: list[Path]) -> None:
    script = "test -c /dev/ptmx; : >/dev/shm/x; : >/tmp/x; : </dev/null; cat /proc/net/dev"
    assert re.findall(r"(\w+):", in_system(tmp_path, artifacts, script)) == ["lo"]


@pytest.mark.parametrize("machine", ["x86_64", "i686"])
def test_the_machine_is_the_one_that_the_system_is_for(tmp_path: Path, artifacts: list[Path], machine: str) -> None:
    assert in_system(tmp_path, artifacts, "uname -m", machine) == f"{machine}\n"
