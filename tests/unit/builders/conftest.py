# SPDX-License-Identifier: GPL-3.0-or-later
"""A system whose profile has native steps, and a machine that is played."""

import tarfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import pytest
from pytest_subprocess import FakeProcess
from unit.builders.records import RUNNING, lines_of
from unit.samples import built

from ruckus_aux.builders.machine import Disk, Sight, Start, forget_start, read_start
from ruckus_aux.builders.reach import Reach
from ruckus_aux.builders.record import ARCHIVE, Record
from ruckus_aux.builders.state import Guest
from ruckus_aux.recipes.load import evaluate
from ruckus_aux.recipes.plan import Plan
from ruckus_aux.settings.settings import Settings
from ruckus_aux.words.errors import RuckusError

RECIPE = """
from ruckus_aux.recipes.recipe import Recipe
recipe = Recipe("baby")

@recipe.step("stage1")
def stage1(sh):
    '''a system'''
    sh.sh("true")

@recipe.step("stage2", name="a")
def a(sh):
    '''a'''
    sh.sh("make a")

@recipe.step("stage2", name="b")
def b(sh):
    '''b'''
    sh.needs("a")
    sh.sh("make b")
"""
A, B = "x86_64/stage2/a", "x86_64/stage2/b"


@pytest.fixture
def plan(settings: Settings, recipes: Path, fp: FakeProcess) -> Plan:
    fp.pass_command(["rm", "-rf", "--", fp.any()], occurrences=1000)
    (recipes / "baby.py").write_text(RECIPE)
    (recipes / "profiles/tiny.toml").write_text('steps = ["stage1/baby", "stage2/a", "stage2/b"]')
    settings.buildroot.mkdir()
    plan = evaluate(settings)
    built(plan, "x86_64/stage1/baby")
    return plan


def tar(**files: str | bytes | tarfile.TarInfo) -> bytes:
    """An archive; names stand for paths, with __ for a slash and ._ for a dot."""
    stream = BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, content in files.items():
            if isinstance(content, tarfile.TarInfo):
                archive.addfile(content)
                continue
            data = content.encode() if isinstance(content, str) else content
            member = tarfile.TarInfo(name.replace("__", "/").replace("DOT", "."))
            member.size = len(data)
            archive.addfile(member, BytesIO(data))
    return stream.getvalue()


def artifact(name: str, text: str = "text") -> bytes:
    """What a step's `out` becomes, with the folders."""
    stream = BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for folder in ("./", "./share/"):
            member = tarfile.TarInfo(folder)
            member.type, member.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(member)
        member = tarfile.TarInfo(f"./share/{name}")
        member.size = len(text)
        archive.addfile(member, BytesIO(text.encode()))
    return stream.getvalue()


def log(step: str, status: int = 0) -> str:
    return f"# step     {step}\n# environment:\n# output:\nsaid by {step}\n\n# end      now\n# status   {status}\n"


def end(start: Start, *steps: str) -> str:
    return "\n".join(
        [f"run {start.run}", *(f"made {step.replace('/', '.')} {start.steps[step]}" for step in steps), ""]
    )


@dataclass
class Played:
    """A machine that does what `sights` says, one after the other, and then stays with the last."""

    plan: Plan
    name: str = "x86_64"
    group: str = "here"
    kind: str = "played"
    sights: list[tuple[Guest, Record | None]] = field(default_factory=list)
    brings: bytes = b""
    refuses: str = ""
    started: list[Start] = field(default_factory=list)
    kept: list[bool] = field(default_factory=list)
    stops: int = 0

    @property
    def folder(self) -> Path:
        return self.plan.settings.buildroot / "builder" / self.name

    def check(self, start: Start) -> None:
        if self.refuses:
            raise RuckusError(self.refuses)

    def start(self, start: Start) -> None:
        self.check(start)
        self.folder.mkdir(parents=True, exist_ok=True)
        start.write(self.folder)
        self.started.append(start)

    def look(self) -> Sight:
        start = read_start(self.folder)
        if start is None:
            return Sight(Guest("absent"))
        guest, record = self.sights.pop(0) if len(self.sights) > 1 else self.sights[0]
        return Sight(guest, lines_of(replace(record, run=start.run)) if record else b"")

    def stop(self) -> None:
        self.stops += 1

    @contextmanager
    def results(self) -> Iterator[BinaryIO]:
        start = read_start(self.folder)
        assert start
        yield BytesIO(bytes(ARCHIVE) + self.brings.replace(b"RUN-OF-THIS-START-RUN-OF-THIS-START-", start.run.encode()))

    def disk(self) -> Disk:
        return Disk(str(self.folder / "disk.ext4"))

    def settle(self, *, keep: bool) -> None:
        self.kept.append(keep)
        forget_start(self.folder)

    def last_words(self) -> str:
        return "panic!"

    def reach(self) -> Reach | None:
        return None

    def shell(self) -> int:
        return 0

    def watch_console(self) -> int:
        return 0


def start_of(plan: Plan, vcpus: int = 1) -> Start:
    keys = {name: plan[name].key for name in (A, B)}
    return Start("x86_64", str(uuid.uuid4()), time.time(), vcpus, 1024, True, keys)


RUN_MARK = "RUN-OF-THIS-START-RUN-OF-THIS-START-"  # as long as a UUID
OK = replace(RUNNING, state="ok", done=3, now=(), archive=1)
FAILED = replace(RUNNING, state="failed", failed=(B.replace("/", "."),), now=(), archive=1)
UP, OFF, CRASHED = Guest("running"), Guest("ended", "poweroff"), Guest("ended", "crash", "Kernel panic")


def brings(plan: Plan, *steps: str) -> bytes:
    start = replace(start_of(plan), run=RUN_MARK)
    files = {f"log__{step.replace('/', '.')}.log": log(step, 0 if step in steps else 2) for step in (A, B)}
    made = {f"artifacts__{step.replace('/', '.')}.tar": artifact(step[-1]) for step in steps}
    return tar(**files, **made, end=end(start, *steps))
