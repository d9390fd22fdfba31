# SPDX-License-Identifier: GPL-3.0-or-later
"""The runner of builders, in a mount namespace with this host's programs: no machine, and no root."""

import hashlib
import os
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pytest
from integration.real import wait_for
from integration.standin import copy_program
from unit.samples import tree

from ruckus_aux.builders.record import ARCHIVE, RECORD_SIZE, Record, read_machine_record
from ruckus_aux.steps.bubble import user_files

GUEST = Path(__file__).parents[2] / "python/ruckus_aux/builders/guest"
RUN = "c0ffee00-0000-4000-8000-000000000001"


@dataclass
class Machine:
    """A root of this host's programs, with a tree of native steps."""

    folder: Path  # "/shared", inside
    largest: int = 0  # bytes of a file
    ruckus: str = ""  # where the device with Ruckus is mounted

    @property
    def native(self) -> Path:
        return self.folder / "root/ruckus-build/native"

    @property
    def results(self) -> Path:
        return self.folder / "results"

    def prepare(self) -> None:
        for name in ("bin", "lib", "lib64", "sbin"):
            (self.folder / "root" / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / "root" / name).symlink_to(f"usr/{name}")
        for name in ("usr", "etc", "dev", "proc", "tmp"):
            (self.folder / "root" / name).mkdir()
        for name in ("passwd", "group"):
            (self.folder / "root/etc" / name).touch()
        (self.native / "etc").mkdir(parents=True)
        for name in ("runner", "step", "root"):
            shutil.copy(GUEST / name, self.native)
        for name, text in user_files().items():
            (self.native / "etc" / name).write_text(text)

    def step(self, name: str, text: str, needs: str = "", key: str = "1", shown: str = "", shared: str = "") -> None:
        folder = self.native / "steps" / name
        (folder / "files").mkdir(parents=True, exist_ok=True)
        (folder / "key").write_text(f"{key}\n")
        (folder / "script").write_text(f"#!/bin/sh\nset -eu\n{text}\n")
        (folder / "head").write_text(f"# step     {name}\n# environment:\n# script:\n# output:\n")
        path = "PATH=/opt/bin:/usr/bin:/bin HOME=/ruckus SOURCES=/ruckus/sources FILES=/ruckus/files SRC=/ruckus/src"
        (folder / "environment").write_text(f"{path} OUT=/ruckus/out SOURCE_DATE_EPOCH=1577836800\n")
        (folder / "sources").touch()
        for kind, trees in {"shown": shown, "shared": shared}.items():
            if trees:
                (folder / kind).write_text("".join(f"{one}\n" for one in trees.split()))
        names = sorted(path.name for path in (self.native / "steps").iterdir())
        with (self.native / "rules").open("a") as file:
            file.write(f"{name}: {needs}\n\t+@sh ./step $@\n")
        rules = (self.native / "rules").read_text()
        (self.native / "steps.mk").write_text(f".PHONY: all {' '.join(names)}\nall: {' '.join(names)}\n{rules}")

    def start(self, jobs: int = 1) -> "subprocess.Popen[bytes]":
        self.results.write_bytes(bytes(ARCHIVE + 4096))
        words = ["prlimit", f"--fsize={self.largest}"] if self.largest else []
        words += ["bwrap", "--unshare-user", "--unshare-pid", "--uid", "0", "--gid", "0", "--cap-add", "ALL"]
        words += ["--die-with-parent", "--bind", str(self.folder / "root"), "/", "--ro-bind", "/usr", "/usr"]
        words += ["--dev", "/dev", "--proc", "/proc", "--bind", str(self.folder), "/shared"]
        words += ["sh", "/ruckus-build/native/runner", "/shared/results", RUN, str(jobs)]
        environment = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "RUCKUS_TREE": self.ruckus}
        return subprocess.Popen(words, env=environment, stdin=subprocess.DEVNULL, cwd="/")

    def run(self, jobs: int = 1) -> Record:
        self.start(jobs).wait(60)
        record = self.record
        assert record
        return record

    @property
    def record(self) -> Record | None:
        return read_machine_record(self.results.read_bytes()[:RECORD_SIZE])

    def brought(self) -> dict[str, bytes]:
        with tarfile.open(fileobj=BytesIO(self.results.read_bytes()[ARCHIVE:])) as archive:
            return {member.name: archive.extractfile(member).read() for member in archive if member.isfile()}  # type: ignore[union-attr]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = Machine(tmp_path)
    made.prepare()
    return made


def test_sources_of_the_device_with_ruckus_are_taken_if_they_are_the_same(machine: Machine) -> None:
    machine.ruckus = "/shared/tree"
    tree, own = machine.folder / "tree", machine.native / "sources"
    (tree / "sources").mkdir(parents=True)
    own.mkdir()
    names = {"at-its-top.tar": "", "below.tar": "sources/", "not-the-same.tar": "sources/", "only-here.tar": None}
    machine.step("a", 'cd sources; mkdir "$OUT/opt"; sha256sum *.tar >"$OUT/opt/sums"; [ -r below.tar ]')
    lines = []
    for name, folder in names.items():
        (own / name).write_text(name)
        lines.append(f"{hashlib.sha256(name.encode()).hexdigest()} {name}\n")
        if folder is not None:
            (tree / folder / name).write_text("altered" if "not" in name else name)
            (tree / folder / name).chmod(0o600)
    (machine.native / "steps/a/sources").write_text("".join(lines))
    for name in ("at-its-top.tar", "below.tar"):
        (own / name).unlink()
    assert machine.run().state == "ok"
    brought = machine.brought()
    with tarfile.open(fileobj=BytesIO(brought["artifacts/a.tar"])) as artifact:
        sums = artifact.extractfile("./opt/sums")
        assert sums and sorted(sums.read().decode().split()) == sorted("".join(lines).split())
    said = brought["log/a.log"].decode()
    assert "ruckus: at-its-top.tar is that of /shared/tree\nruckus: below.tar is that of /shared/tree/sources\n" in said
    assert "not-the-same" not in said and "only-here" not in said


INSTALL = 'mkdir -p "$OUT/opt/bin"; printf "#!/bin/sh\\necho {0}\\n" >"$OUT/opt/bin/{0}"; chmod 755 "$OUT/opt/bin/{0}"'


def test_each_step_finds_what_those_before_it_have_installed(machine: Machine) -> None:
    machine.step("a", INSTALL.format("hello") + '\n: >"$OUT/opt/lib.la"')
    machine.step("b", f'[ "$(hello)" = hello ]\n[ ! -e /opt/lib.la ]\n{INSTALL.format("more")}\nid -un; pwd', needs="a")
    record = machine.run(2)
    assert (record.state, record.done, record.steps, record.now, record.failed) == ("ok", 2, 2, (), ())
    assert record.archive == 1
    assert record.run == RUN
    brought = machine.brought()
    assert brought["end"].decode().splitlines() == [f"run {RUN}", "made a 1", "made b 1"]
    with tarfile.open(fileobj=BytesIO(brought["artifacts/b.tar"])) as artifact:
        assert [name for name in artifact.getnames() if "more" in name] == ["./opt/bin/more"]
    log = brought["log/b.log"].decode()
    assert "\n/ruckus\n" in log
    assert "\n# status   0\n" in log
    assert (machine.folder / "root/opt/bin/more").exists()
    assert not list((machine.native / "work").iterdir())


def test_a_step_of_the_final_system_has_a_root_of_its_own(machine: Machine) -> None:
    trees = machine.native.with_name("shown")
    programs = trees / "programs"
    (programs / "usr/bin").mkdir(parents=True)
    (programs / "usr/sbin").mkdir()
    (programs / "bin").symlink_to("usr/bin")
    for name in ("sh", "cat", "env", "ls", "mkdir", "readlink", "stat"):
        copy_program(programs, name, f"tools/bin/{name}")
        (programs / "usr/bin" / name).symlink_to(f"/tools/bin/{name}")
    (programs / "usr/sbin/stat2").symlink_to("/tools/bin/stat")
    tree(trees / "declared", usr__sbin__ls="final", usr__bin__stat2="final", usr__bin__cat="final\n")
    tree(trees / "source.a", file="of the source\n")
    seen = """
        mkdir -p "$OUT/usr/share"
        cd /tools/bin
        ./ls /; ./ls /usr/bin /usr/sbin; ./cat /usr/bin/cat "$SRC/file"
        ./readlink /dev/fd; ./ls /dev/pts /dev/null; ./stat -c %a /dev/shm; ./cat /etc/passwd
        for folder in /usr /dev /etc "$SRC"; do if mkdir "$folder/new"; then exit 1; fi; done
        : >"$OUT/usr/share/made"
    """
    machine.step("a", seen, shown="programs declared", shared="source.a")
    machine.step("b", 'stat -c "%Y %u" /usr/share/made; ls /usr/sbin; : >"$OUT/b"', needs="a", shown="programs a")
    machine.step("c", "exit 3", needs="a", shown="programs a")
    record = machine.run(2)
    brought = machine.brought()
    assert (record.failed, record.done) == (("c",), 2)
    said = {name: text.decode().partition("# output:\n")[2] for name, text in brought.items()}
    assert " ".join(said["log/a.log"].split("mkdir: ")[0].split()) == (
        "bin dev etc lib lib64 proc ruckus tmp tools usr"
        " /usr/bin: cat env mkdir readlink sh stat stat2 /usr/sbin: ls final of the source"
        " /proc/self/fd /dev/null /dev/pts: ptmx 1777 " + " ".join(user_files()["passwd"].split())
    )
    assert said["log/b.log"].startswith("1577836800 0\nstat2\n")
    assert not (machine.folder / "root/usr/share").exists()
    assert not list((machine.native / "roots").iterdir())


def test_what_failed_does_not_stop_what_does_not_need_it(machine: Machine) -> None:
    machine.step("a", "echo this goes wrong >&2; exit 7")
    machine.step("b", INSTALL.format("b"), needs="a")
    machine.step("c", INSTALL.format("c"))
    machine.step("d", ":")
    record = machine.run()
    assert (record.state, record.done, record.failed) == ("failed", 1, ("a", "d"))
    brought = machine.brought()
    assert "made c 1" in brought["end"].decode()
    assert b"this goes wrong\n\n# end" in brought["log/a.log"]
    assert b"# status   7\n" in brought["log/a.log"]
    assert b"the step installs nothing" in brought["log/d.log"]


def test_who_was_killed_continues_and_a_changed_recipe_runs_again(machine: Machine) -> None:
    machine.step("a", f"echo once >>/shared/a; {INSTALL.format('old')}")
    machine.step("b", f"touch /shared/begun; [ -e /shared/go ] || sleep 100; {INSTALL.format('b')}", needs="a")
    process = machine.start()
    wait_for((machine.folder / "begun").exists)
    process.kill()
    process.wait()
    record = machine.record
    assert record
    assert not record.is_final
    (machine.folder / "go").touch()
    assert machine.run().state == "ok"
    assert (machine.folder / "a").read_text() == "once\n"
    assert (machine.native / "log/b.log.1").exists()  # the attempt that was killed
    machine.step("a", f"echo twice >>/shared/a; {INSTALL.format('new')}", key="2")
    assert machine.run().state == "ok"
    assert (machine.folder / "a").read_text() == "once\ntwice\n"
    assert sorted(os.listdir(machine.folder / "root/opt/bin")) == ["b", "new"]


def test_results_that_do_not_fit_are_an_error_that_says_so(machine: Machine) -> None:
    for name in "ab":
        machine.step(name, f'mkdir "$OUT/opt"; head -c 1500000 /dev/zero >"$OUT/opt/{name}"')
    machine.largest = 3 << 20
    record = machine.run()
    assert (record.state, record.reason) == ("error", "the results device is too small for what was made")
    machine.largest = 0
    assert machine.run().state == "ok"  # nothing was lost
