# SPDX-License-Identifier: GPL-3.0-or-later
"""A builder in QEMU, whose system is a stand-in: it builds two native steps, fails in many ways, and continues."""

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from integration.real import TOP, clean_environment, wait_for
from integration.standin import StandIn, make_stand_in
from unit.samples import configured

from ruckus_aux.artifacts.store import Store
from ruckus_aux.builders.qmp import connected
from ruckus_aux.recipes.load import evaluate
from ruckus_aux.recipes.plan import Plan
from ruckus_aux.settings.journal import Entry, Journal, MachineRun
from ruckus_aux.settings.ownership import take_folders
from ruckus_aux.settings.settings import load
from ruckus_aux.steps import logs
from ruckus_aux.steps.merge import merge

A, B = "x86_64/stage2/a", "x86_64/stage2/b"
RECIPE = r"""
from ruckus_aux.recipes.recipe import Recipe
recipe = Recipe("baby")

@recipe.step("stage1")
def stage1(sh):
    '''a system'''
    sh.sh("exit 1")

@recipe.step("stage2", name="a")
def a(sh):
    '''a program'''
    sh.write("$OUT/tools-x86_64/bin/hello", "#!/bin/sh\necho hello from $(uname -m)")
    sh.sh('chmod 4755 "$OUT/tools-x86_64/bin/hello"; echo a comment >"$OUT/tools-x86_64/note.la"')

@recipe.step("stage2", name="b")
def b(sh):
    '''what the program says, and how it is here'''
    sh.needs("a")
    sh.sh('''
        # Where it fails: only in a machine.
        grep /dev/vdc /proc/mounts || :
        native=/ruckus-build/native mark=/ruckus-build/native/begun
        if [ -d "$native" ]; then WHERE_IT_FAILS; fi
        mkdir -p "$OUT/tools-x86_64/share"
        # But for `id -G`: su gives the user its own group once more.
        { hello; id -un; id -g; pwd; umask; env | grep -v -e MAKEFLAGS -e PWD -e SHLVL -e "^_=" | sort; } >said
        cp said "$OUT/tools-x86_64/share/said"
        ln -s /tools-x86_64/share/said "$OUT/tools-x86_64/share/link"
    ''')
"""
ONCE = '[ -e "$mark" ] || { touch "$mark"; sync; sleep 900; }'  # until somebody does something to the machine
COSTS = """
machine = "none"
date = 2026-01-01
[steps]
"stage2/a" = { cpu = 1, memory = 1 }
"stage2/b" = { cpu = 1, memory = 1, disk = 1 }
"""


@dataclass
class System:
    """A build folder with a system that is complete but for stage2."""

    folder: Path
    stand_in: StandIn
    arch: str = "x86_64"
    processors: int = 1

    @property
    def packages(self) -> Path:
        return self.folder.parent / "src/packages"

    @property
    def ruckus(self) -> Path:
        """An image with Ruckus, if there is one."""
        return self.folder.parent / "ruckus.ext4"

    @property
    def builder(self) -> Path:
        return self.builddir / "builder"

    @property
    def builddir(self) -> Path:
        return self.folder / f"baby-{self.arch}/ruckus-build"

    @property
    def plan(self) -> Plan:
        return evaluate(load(self.builddir))

    @property
    def environment(self) -> dict[str, str]:
        path = f"{self.stand_in.programs}:{os.environ['PATH']}"
        disk = {"RUCKUS_DISK": str(self.ruckus)} if self.ruckus.exists() else {}
        return {**clean_environment(), "PYTHONPATH": str(TOP / "python"), "PATH": path, **disk}

    def make(self, fails: str = ONCE) -> None:
        packages = self.packages
        if not packages.exists():
            (packages / "profiles").mkdir(parents=True)
            (packages / "profiles/tiny.toml").write_text('steps = ["stage1/baby", "stage2/a", "stage2/b"]')
            (packages / "sources.toml").write_text("")
            (packages / "baby.py").write_text(RECIPE.replace("WHERE_IT_FAILS", fails))
            (packages / "costs.toml").write_text(COSTS)
        self.builddir.mkdir(parents=True)
        settings: dict[str, Path | str] = {
            "srcdir": packages.parent,
            "buildroot": self.builddir,
            "clfs": self.builddir.parent,
        }
        settings |= {"cache": self.folder / "cache", "prefix_tools": "/tools-x86_64", "prefix_cross": "/cross"}
        more = {
            "arch": self.arch,
            "cpucount": str(self.processors),
            "hostprep_tools": "",
            "packages": "",
            "mirrors": "",
        }
        configured(self.builddir, **{name: str(value) for name, value in settings.items()}, **more)
        ruckus = self.builddir / "ruckus"
        ruckus.write_text(f'#!/bin/sh\nRUCKUS_BUILDDIR={self.builddir} exec {sys.executable} -m ruckus_aux "$@"\n')
        ruckus.chmod(0o755)
        plan = self.plan
        take_folders(plan.settings)
        system = plan[f"{self.arch}/stage1/baby"]
        tree = self.folder / f"system-{self.arch}"
        tree.mkdir()
        self.stand_in.install(tree, "/tools-x86_64")
        store = Store(plan.settings.cache)
        if system.key not in store:  # of another architecture
            store.add(system.key, tree, system.name, inside=Path("/ruckus"), ended=time.time_ns())
        merge(system, store.tree(system.key))

    def popen(self, task: str, *words: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "invoke", "--search-root", str(TOP), task, f"--build-dir={self.folder}"]
        pipe, both = subprocess.PIPE, subprocess.STDOUT
        return subprocess.Popen([*command, *words], env=self.environment, stdout=pipe, stderr=both, text=True)

    def invoke(self, task: str, *words: str) -> str:
        process = self.popen(task, *words)
        said, _ = process.communicate(timeout=900)
        assert process.returncode == 0, said
        return said

    def start_until(self, line: str) -> "subprocess.Popen[str]":
        """Start its machine, and wait until a line is shown."""
        waiting = self.popen("builder-start", "--auto")
        assert waiting.stdout
        assert any(line in text for text in waiting.stdout)
        return waiting

    def type_on_console(self, text: str) -> None:
        """Type a line on the machine's console, where a shell of root's waits."""
        heard, answer = "", "once"
        with connected(self.builder / "serial.sock", 10.0) as connection:
            while answer and text not in heard:  # a busy machine loses what it has not read when we leave
                connection.sendall(f"\n{text}\n".encode())
                with suppress(TimeoutError):
                    while answer and text not in heard:
                        answer = connection.recv(4096).decode(errors="replace")
                        heard += answer

    def signal(self, number: int) -> None:
        os.kill(int((self.builder / "pid").read_text()), number)


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    folder = tmp_path_factory.mktemp("stand-in")
    yield make_stand_in(folder)
    shutil.rmtree(folder)


def dirty_image(path: Path) -> bytes:
    """Make an image whose journal waits for a replay; returns its digest."""
    with path.open("wb") as file:
        file.truncate(16 << 20)
    subprocess.run(["/sbin/mke2fs", "-q", "-t", "ext4", path], check=True)
    subprocess.run(["/sbin/debugfs", "-w", "-R", "feature needs_recovery", path], check=True, capture_output=True)
    return hashlib.sha256(path.read_bytes()).digest()


def sums(plan: Plan) -> list[str]:
    records = [Store(plan.settings.cache).record(plan[name].key) for name in (A, B)]
    return [record.sha256 for record in records if record]


def test_a_machine_is_killed_continues_and_makes_what_a_chroot_makes(
    stand_in: StandIn, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    system, elsewhere = System(tmp_path / "build", stand_in), System(tmp_path / "elsewhere", stand_in)
    request.addfinalizer(lambda: system.invoke("builder-stop"))
    system.make()
    before = dirty_image(system.ruckus)
    builder = system.builder
    assert "no machine runs" in system.invoke("builder-status")
    waiting = system.popen("builder-start", "--auto")
    assert waiting.stdout
    assert "STARTING x86_64" in waiting.stdout.readline()
    waiting.terminate()
    assert "x86_64 goes on by itself" in waiting.communicate()[0]
    assert waiting.returncode == 130
    running = "RUNNING  x86_64       stage2/b: 1 of 2 done"
    wait_for(lambda: running in system.invoke("builder-status"), 900.0)
    assert "the builder of x86_64 runs already" not in system.invoke("builder-start", "--auto", "--no-wait")
    os.kill(int((builder / "pid").read_text()), signal.SIGKILL)
    wait_for(lambda: "BROKEN" in system.invoke("builder-status"))
    assert re.search(r"BROKEN   x86_64 +stage2/b: the machine was killed", system.invoke("builder-status"))

    system.invoke("collect-logs")  # of b, nothing but the disk has a log
    (collected,) = (system.folder / "logs").rglob("x86_64/stage2/b.log")
    lines = json.loads((collected.parents[2] / "index.json").read_text())["logs"]
    assert {line["step"]: line["machine"] for line in lines} == {
        "x86_64/builder/console": "x86_64, qemu",
        **dict.fromkeys((A, B), "x86_64, qemu, from its disk"),
    }
    assert logs.read(collected).beginning["step"] == B

    said = system.invoke("builder-start", "--auto")
    assert "STORED   x86_64/stage2/a" in said
    assert "OK       x86_64       2 steps" in said
    assert not {"disk.ext4", "results", "start.json"} & set(os.listdir(builder))
    clfs = system.folder / "baby-x86_64"
    assert (clfs / "tools-x86_64/share/said").read_text().startswith("hello from x86_64\nruckus\n65533\n")
    assert not (clfs / "tools-x86_64/note.la").exists()
    said = logs.read(system.plan.settings.log(B)).output
    assert re.search("^/dev/vdc /ruckus ext4 ro,.*norecovery", said, re.MULTILINE), said
    assert hashlib.sha256(system.ruckus.read_bytes()).digest() == before
    log = system.plan.settings.log(A)
    assert logs.read(log).ending["status"] == "0"
    assert not logs.earlier(log)  # what was made before the kill was not made again
    assert len(logs.earlier(system.plan.settings.log(B))) == 1
    machines = Journal(system.plan.settings.journal).rows(MachineRun)
    assert [machine.state.partition(" ")[0] for machine in machines] == ["broken", "ok:"]
    rows = Journal(system.plan.settings.journal).rows(Entry)
    assert {(row.step, row.outcome) for row in rows} == {(name, how) for name in (A, B) for how in ("built", "stored")}
    made = {row.step: row.machine for row in rows if row.outcome == "built"}
    assert made == {A: machines[0].start, B: machines[1].start}
    assert "nothing to make" in system.invoke("builder-start", "--auto")

    elsewhere.make()
    for name in (A, B):
        subprocess.run([elsewhere.builddir / "ruckus", "step", name], env=system.environment, check=True)
    assert sums(elsewhere.plan) == sums(system.plan)
    assert elsewhere.plan[B].key == system.plan[B].key


BUILDING = "RUNNING  x86_64       stage2/b: 1 of 2 done"


def raise_cost(system: System, figure: str) -> None:
    """Do as the hint says."""
    costs = system.packages / "costs.toml"
    costs.write_text(
        COSTS.replace('"stage2/b" = { cpu = 1, memory = 1, disk = 1', f'"stage2/b" = {{ cpu = 1, {figure}')
    )


@pytest.mark.parametrize(
    ("happens", "expected"),
    [
        ("echo c >/proc/sysrq-trigger", r"the machine crashed \(Kernel panic - not syncing: sysrq triggered crash\)"),
        pytest.param("poweroff -f", "the machine was switched off", marks=pytest.mark.long),
        pytest.param("poweroff", "the machine was switched off", marks=pytest.mark.long),
        pytest.param("reboot -f", "the machine rebooted", marks=pytest.mark.long),
        pytest.param("", r"the machine was killed \(QEMU: Killed; for .* dmesg\)", marks=pytest.mark.long),
    ],
)  # fmt: skip
def test_a_machine_that_breaks_is_told_from_others_and_continues(
    stand_in: StandIn, tmp_path: Path, request: pytest.FixtureRequest, happens: str, expected: str
) -> None:
    system = System(tmp_path / "build", stand_in)
    request.addfinalizer(lambda: system.invoke("builder-stop"))
    system.make()
    waiting = system.start_until(BUILDING)
    system.type_on_console(happens) if happens else system.signal(signal.SIGKILL)
    said, _ = waiting.communicate(timeout=900)
    assert waiting.returncode == 1
    assert re.search(rf"BROKEN   x86_64 +stage2/b: {expected}\n", said), said
    assert "console: " in said
    assert re.search(rf"no machine runs; \S+: broken x86_64.stage2.b: {expected}", system.invoke("builder-status"))
    way_out = said.rpartition("what it has made is kept; it continues with: ")[2]
    assert f"--build-dir={system.folder} --arch-list=x86_64 --builder=qemu --auto" in way_out
    assert "OK       x86_64       2 steps" in system.invoke("builder-start", "--auto")
    assert not logs.earlier(system.plan.settings.log(A)), "what was made is not made again"


@pytest.mark.long
@pytest.mark.parametrize(
    ("fails", "reason", "enough"),
    [
        ("dd if=/dev/zero of=/dev/null bs=955M count=1", "out of memory", "memory = 1700"),
        (
            "fallocate -l 5G ballast || { dd if=/dev/zero of=rest bs=1024; exit 1; }",
            "no space left on its disk",
            "memory = 1, disk = 2000",
        ),
    ],
)
def test_what_a_machine_lacks_it_gets_when_costs_know(
    stand_in: StandIn, tmp_path: Path, request: pytest.FixtureRequest, fails: str, reason: str, enough: str
) -> None:
    system = System(tmp_path / "build", stand_in)
    request.addfinalizer(lambda: system.invoke("builder-stop"))
    system.make(fails)
    waiting = system.popen("builder-start", "--auto")
    said, _ = waiting.communicate(timeout=900)
    assert waiting.returncode == 1
    assert f"STORED   {A}" in said
    assert f"ERROR    x86_64       stage2/b: {reason}\n" in said
    figure = enough.rpartition(", ")[2].partition(" ")[0]
    assert f"raise its {figure} in {system.packages}/costs.toml" in said
    raise_cost(system, enough)
    assert "OK       x86_64       1 steps" in system.invoke("builder-start", "--auto")


@pytest.mark.long
def test_a_machine_that_stands_still_is_left_alone_and_goes_on(
    stand_in: StandIn, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    system = System(tmp_path / "build", stand_in)
    request.addfinalizer(lambda: system.invoke("builder-stop"))
    system.make()
    waiting = system.start_until(BUILDING)
    system.signal(signal.SIGSTOP)
    assert waiting.stdout
    line = waiting.stdout.readline()
    way_on = f"a signal has stopped QEMU; it goes on by: kill -CONT {(system.builder / 'pid').read_text().strip()}"
    assert line == f"  HUNG     x86_64       stage2/b: it stands still: {way_on}\n"
    assert way_on in system.invoke("builder-status")
    system.signal(signal.SIGCONT)
    assert any(BUILDING in text for text in waiting.stdout)
    system.signal(signal.SIGSTOP)
    assert "BROKEN   x86_64       stage2/b: the machine was killed" in system.invoke("builder-stop")
    assert waiting.wait(60) == 1
