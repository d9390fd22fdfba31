# SPDX-License-Identifier: GPL-3.0-or-later
"""Builders that are domUs: with a fake `xl`, in dom0s behind a real sshd."""

import json
import os
import re
import signal
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from integration.real import wait_for
from support import fake_xl, sshd
from support.sshd import Sshd, write_ssh

from ruckus_aux.builders import dom0, reach, volumes, xen
from ruckus_aux.builders.dom0 import Dom0
from ruckus_aux.builders.keys import keys_of
from ruckus_aux.builders.machine import Builder, Start, read_start
from ruckus_aux.builders.record import ARCHIVE
from ruckus_aux.builders.ruckus_device import RuckusDevice
from ruckus_aux.builders.state import BuilderState
from ruckus_aux.builders.xen import Xen
from ruckus_aux.host import hosts, root
from ruckus_aux.host.remote import Remote
from ruckus_aux.host.root import Root
from ruckus_aux.settings.journal import Journal
from ruckus_aux.storage.lending import lent_writable, release
from ruckus_aux.words.errors import RuckusError

pytestmark = pytest.mark.skipif(not sshd.PROGRAM, reason="needs sshd")

ARCHS = ("i686", "x86_64", "x86_64-64")


class Fleet:
    """Two dom0s, and builders in them."""

    def __init__(self, folder: Path, servers: list[Sshd]) -> None:
        self.folder, self.servers = folder, servers
        self.connect()

    def connect(self) -> None:
        """As a Ruckus that has just been started."""
        self.remotes = [Remote(server.name) for server in self.servers]
        journal = Journal(self.folder / "journal.sqlite")
        self.dom0s = [Dom0(Root(journal, "run", host=remote)) for remote in self.remotes]

    def state(self, number: int) -> Path:
        """Where a fake xl keeps its domains."""
        return self.folder / "xl" / str(self.servers[number].port)

    def plan(self, number: int, **plans: dict[str, str]) -> None:
        """What goes wrong in a dom0: by domain, or of xl itself."""
        self.state(number).mkdir(parents=True, exist_ok=True)
        text = json.dumps(
            {name if name in ("xl", "lvs") else f"ruckus-builder-{name}": plan for name, plan in plans.items()}
        )
        (self.state(number) / "plan.json").write_text(text)

    def builder(self, number: int, arch: str = "x86_64", bridge: str = "") -> Xen:
        """A builder in a dom0; each dom0 has its devices in a folder of its own."""
        dom0, group = self.dom0s[number], f"{self.servers[number].port}/dev/vg00"
        folder = self.folder / f"{number}-{arch}"
        return Xen(arch, folder, Picture(folder), self.folder / "boot", dom0, group, bridge)


class Picture:
    """A disk image, with nothing of a system in it."""

    def __init__(self, folder: Path) -> None:
        self.image = folder / "disk.ext4"

    def make(self, start: Start) -> str:
        subprocess.run(["/sbin/mke2fs", "-q", "-F", "-t", "ext4", "-L", "a system", self.image, "4M"], check=True)
        return "this system"

    def size(self, start: Start) -> int:
        return 8 << 20

    def results_size(self, start: Start) -> int:
        return 5 << 20

    def remove(self) -> None:
        self.image.unlink()


@pytest.fixture
def fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fleet]:
    programs = fake_xl.install(tmp_path / "xl")
    monkeypatch.setattr(hosts, "PATH", f"{programs}:{hosts.PATH}")
    monkeypatch.setattr(volumes, "DEVICES", str(tmp_path / "xl"))
    for arch in ("x86_64", "x86_64-64"):
        (tmp_path / "boot" / arch).mkdir(parents=True)
        (tmp_path / "boot" / arch / "vmlinuz").write_text("a kernel")
    monkeypatch.setattr(Remote, "by_root", True)  # xl, dd and stat of these files need no rights
    with sshd.running(tmp_path / "a", "dom0a") as one, sshd.running(tmp_path / "b", "dom0b") as other:
        config = one.ssh_config() + other.ssh_config()
        monkeypatch.setenv("PATH", str(write_ssh(tmp_path, config)), prepend=":")
        fleet = Fleet(tmp_path, [one, other])
        yield fleet
        for number, _ in enumerate(fleet.servers):  # its guests end when their domains are gone
            for path in (fleet.state(number) / "domains").glob("*"):
                path.unlink()
        for remote in fleet.remotes:
            remote.close()


def start_of(arch: str = "x86_64", memory: int = 256) -> Start:
    return Start(arch, str(uuid.uuid4()), time.time(), 1, memory, True, {})


def followed(builder: Builder, start: Start, until: Callable[[BuilderState], bool] | None = None) -> BuilderState:
    """The state in which a builder ends, or that is waited for."""
    watched = start.watch(time.monotonic())

    def state() -> BuilderState:
        nonlocal watched
        sight = builder.look()
        watched = watched.seen(sight.guest, sight.read(), time.monotonic())
        return watched.state()

    states = [state()]

    def come() -> bool:
        time.sleep(0.2)
        states.append(state())
        return until(states[-1]) if until else states[-1].is_over

    wait_for(come)
    return states[-1]


def test_from_start_to_results(fleet: Fleet) -> None:
    builder, start = fleet.builder(0), start_of()
    assert builder.look().guest.power == "absent"
    builder.start(start)
    assert (known := read_start(builder.folder)) is not None
    assert (known.run, known.more["dom0"]) == (start.run, "dom0a")
    volume = fleet.state(0) / "dev/vg00/ruckus-builder-x86_64"
    described = subprocess.run(["/sbin/dumpe2fs", "-h", volume], capture_output=True, text=True, check=True).stdout
    assert re.search("name: *a system$", described, re.MULTILINE)
    assert re.search("^Block count: *8192$", described, re.MULTILINE), "it has grown"
    assert str(followed(builder, start)) == "ok: 3 steps"
    with builder.results() as results:
        assert results.seek(0, os.SEEK_END) == 2 << 20, "what is empty stays there"
        results.seek(ARCHIVE)
        assert results.read().rstrip(b"\0") == f"archive of ruckus-builder-x86_64 {start.run}".encode()
    builder.settle(keep=False)
    assert builder.last_words().splitlines()[0] == "Linux version fake"
    assert builder.last_words().splitlines()[-1] == "reboot: System halted"
    assert read_start(builder.folder) is None
    assert fleet.dom0s[0].domains().keys() == {"Domain-0"}
    assert not list((Path.home() / ".ruckus").rglob(f"*{start.run}*"))
    words = next(line for line in (fleet.state(0) / "log").read_text().splitlines() if line.startswith("create"))
    assert f'uuid="{start.run}"' in words
    assert f"ruckus.result=/dev/xvdc ruckus.run={start.run} ruckus.jobs=1 ruckus.stage2=auto" in words
    assert not list((fleet.state(0) / "dev/vg00").iterdir())


def test_a_domain_of_this_machine_is_lent_the_device_with_ruckus(
    fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_CONNECTION", f"{fleet.servers[0].port}")  # whose fake xl it is
    monkeypatch.setattr(root, "PATH", hosts.PATH)
    monkeypatch.setattr(root.Here, "by_root", True)
    (tmp_path / "bin/lsblk").write_text("#!/bin/sh\necho ext4\n")
    (tmp_path / "bin/lsblk").chmod(0o755)
    device = tmp_path / "ruckus.ext4"
    device.write_bytes(bytes(1 << 20))
    access = Root(Journal(tmp_path / "journal.sqlite"), "run")
    folder, group = tmp_path / "here", f"{fleet.servers[0].port}/dev/vg00"
    boot, ruckus = tmp_path / "boot", RuckusDevice(str(device), folder="/src")

    def builder() -> Xen:  # also as a Ruckus that has just been started
        return Xen("x86_64", folder, Picture(folder), boot, Dom0(access), group, ruckus=ruckus)

    start = start_of()
    builder().start(start)
    words = next(line for line in (fleet.state(0) / "log").read_text().splitlines() if line.startswith("create"))
    assert f'"phy:{device},xvdb1,r"' in words
    assert "ruckus.dev=/dev/xvdb1:ext4:ro,noload ruckus.path=/src" in words
    lent = pytest.raises(RuckusError, match="is lent to a builder's machine")
    with lent as caught, lent_writable(access, str(device), "another"):
        pass
    assert "volume-release" in caught.value.hint
    assert str(followed(builder(), start)) == "ok: 3 steps"
    builder().settle(keep=False)
    with lent_writable(access, str(device), "another"):
        pass
    fleet.plan(0, x86_64={"create": "no memory, always"})
    with pytest.raises(RuckusError, match="could not create"):
        builder().start(start_of())
    assert release(access, str(device)) == "", "what did not start has nothing"


def test_six_at_once_in_two_dom0s(fleet: Fleet) -> None:
    """Nothing is lost, although a dom0 hangs up on us, one builder panics, and another is destroyed."""
    fleet.plan(0, i686={"steps": "12", "crash": "5"}, x86_64={"steps": "12"}, **{"x86_64-64": {"steps": "12"}})
    fleet.plan(1, i686={"steps": "12"}, x86_64={"steps": "9999"}, **{"x86_64-64": {"steps": "12"}})
    builders = {(number, arch): fleet.builder(number, arch) for number in (0, 1) for arch in ARCHS}
    starts = {key: start_of(key[1]) for key in builders}
    for key, builder in builders.items():
        builder.start(starts[key])
    states: dict[tuple[int, str], BuilderState] = {}

    def follow(number: int) -> None:
        for key, builder in builders.items():
            if key[0] == number:
                states[key] = followed(builder, starts[key])

    threads = [threading.Thread(target=follow, args=(number,)) for number in (0, 1)]
    for thread in threads:
        thread.start()
    fleet.servers[0].signal(signal.SIGKILL)
    fleet.remotes[1].run([f"{fleet.folder}/xl/bin/xl", "destroy", "ruckus-builder-x86_64"])
    for thread in threads:
        thread.join()
    assert {key: str(state) for key, state in states.items() if state.kind != "broken"} == {
        key: "ok: 12 steps" for key in builders if key not in ((0, "i686"), (1, "x86_64"))
    }
    assert str(states[0, "i686"]) == "broken step-5: the machine crashed (xl list -v: 3)"
    assert str(states[1, "x86_64"]).startswith("broken step-")
    assert "the machine was destroyed" in str(states[1, "x86_64"])
    for builder in builders.values():
        builder.settle(keep=False)
    assert "Kernel panic" in builders[0, "i686"].last_words()
    for key in builders:
        if states[key].kind == "ok":
            text = (builders[key].folder / "console.log").read_bytes()
            assert text.splitlines() == [
                b"Linux version fake",
                *(f"building step {step}".encode() for step in range(12)),
                b"reboot: System halted",
            ]
    assert all(dom0.domains().keys() == {"Domain-0"} for dom0 in fleet.dom0s)


def test_what_ended_while_nobody_looked(fleet: Fleet) -> None:
    builder, start = fleet.builder(0), start_of()
    builder.start(start)
    for remote in fleet.remotes:
        remote.close()
    log = fleet.state(0) / "domains" / "ruckus-builder-x86_64"
    wait_for(lambda: '"reason": "0"' in log.read_text())
    fleet.connect()
    again = fleet.builder(0)
    assert followed(again, start).kind == "ok"
    again.settle(keep=False)
    assert again.last_words().endswith("reboot: System halted")


def test_a_dom0_that_is_gone_is_not_a_builder_that_failed(fleet: Fleet) -> None:
    fleet.plan(0, x86_64={"steps": "8"})
    builder, start = fleet.builder(0), start_of()
    builder.start(start)
    followed(builder, start, lambda state: state.kind == "running")
    fleet.servers[0].stop()
    state = followed(builder, start, lambda state: state.kind == "unreachable")
    assert "; dom0a: " in state.why
    fleet.servers[0].start()
    assert followed(builder, start).kind == "ok"


def test_stopped_and_continued(fleet: Fleet) -> None:
    fleet.plan(0, x86_64={"steps": "100"})
    builder, start = fleet.builder(0), start_of()
    builder.start(start)
    followed(builder, start, lambda state: state.kind == "running")
    builder.stop()
    assert followed(builder, start).kind == "broken"
    fleet.plan(0)
    again = start_of()
    builder.start(again)
    assert followed(builder, again).kind == "ok"


def refused(builder: Xen, start: Start) -> RuckusError:
    with pytest.raises(RuckusError) as caught:
        builder.start(start)
    assert read_start(builder.folder) is None
    return caught.value


def test_each_refusal_has_its_own_text(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    builder = fleet.builder(0)
    assert refused(builder, start_of(memory=9000)).message == (
        "dom0a has 4072 MiB of memory free, and ruckus-builder-x86_64 needs 9000"
    )
    kernel = fleet.folder / "boot/x86_64/vmlinuz"
    others = kernel.parents[1] / "x86_64-64"
    others.rename(others.with_name("others"))
    kernel.rename(kernel.with_name("gone"))
    assert refused(builder, start_of()).message == f"{kernel}: there is no kernel yet"
    error = refused(fleet.builder(0, "i686"), start_of("i686"))
    assert error.message.startswith("i686 can't be a builder of Xen's: Linux is no 32-bit guest since 5.9")
    kernel.with_name("gone").rename(kernel)
    fleet.plan(0, lvs={"foreign": "ruckus-builder-x86_64"})
    (fleet.state(0) / "dev/vg00").mkdir(parents=True)
    (fleet.state(0) / "dev/vg00/ruckus-builder-x86_64").write_text("somebody's")
    assert refused(builder, start_of()).message.endswith("dev/vg00/ruckus-builder-x86_64 was not made by Ruckus")
    assert (fleet.state(0) / "dev/vg00/ruckus-builder-x86_64").read_text() == "somebody's"
    fleet.plan(0)
    wipefs = fleet.folder / "xl/bin/wipefs"
    wipefs.write_text(
        "#!/bin/sh\necho 'wipefs: error: probing initialization failed: Device or resource busy'\nexit 1\n"
    )
    wipefs.chmod(0o755)
    fleet.connect()
    assert refused(fleet.builder(0), start_of()).message.endswith("is in use: it is mounted, or used in another way")
    wipefs.unlink()
    fleet.connect()
    fleet.plan(0, xl={"error": "xencall: error: Could not obtain handle on privileged command interface"})
    error = refused(fleet.builder(0), start_of())
    assert error.message.startswith("dom0a is not a dom0, or Xen's tools are of another version: xencall: error")
    (fleet.folder / "xl/bin/xl").rename(fleet.folder / "xl/bin/no-xl")
    fleet.connect()
    assert refused(fleet.builder(0), start_of()).message.startswith("xl: not found in ")
    (fleet.folder / "xl/bin/no-xl").rename(fleet.folder / "xl/bin/xl")
    fleet.plan(0)
    first = start_of()
    builder.start(first)
    error = refused_again(fleet, start_of())
    assert error.message == "dom0a: the domain ruckus-builder-x86_64 runs"
    assert error.hint.endswith("/xl destroy ruckus-builder-x86_64")
    followed(builder, first)
    assert refused_again(fleet, start_of()).message.endswith("x86_64 has ended, and is still there")


def refused_again(fleet: Fleet, start: Start) -> RuckusError:
    """By a builder of another build folder."""
    builder = fleet.builder(0)
    builder.folder = fleet.folder / "other"
    return refused(builder, start)


def test_a_domain_with_a_network_is_reached_through_its_dom0(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    fleet.plan(0, x86_64={"steps": "9999"})
    builder, start = fleet.builder(0, bridge="xenbr0"), start_of()
    assert refused(builder, start).message == "dom0a has no bridge xenbr0"
    (fleet.folder / "net/xenbr0/bridge").mkdir(parents=True)
    monkeypatch.setattr(dom0, "NETWORK", str(fleet.folder / "net"))
    with sshd.running(fleet.folder / "guest", "guest") as guest:
        keys = keys_of(builder.folder, "x86_64")
        (guest.folder / "user_key.pub").write_text((keys / "home/authorized_keys").read_text())
        (keys / "known_hosts").write_text(f"builder-x86_64 {(guest.folder / 'host_key.pub').read_text()}")
        monkeypatch.setattr(xen, "_SSH", guest.port)
        monkeypatch.setattr(reach, "_TEXT", reach._TEXT.replace("User root", f"User {guest.user}"))
        builder.start(start)
        wait_for(lambda: builder.reach() is not None)
        way = builder.reach()
        assert way
        assert way.answers()
        assert f" -W %h:%p {fleet.servers[0].name}" in way.config.read_text()
        remote = way.remote()
        assert remote.run(["echo", "hello"]) == (0, "hello\n")
        remote.close()
        sshd.make_key(keys / "user")  # which the domain does not know
        assert not way.answers()
        assert "x86_64 in dom0a is not reached at 127.0.0.1" in refused_shell(builder)
    mac = ":".join(["00:16:3e", *(start.run[at : at + 2] for at in (0, 2, 4))])
    assert f'vif=["mac={mac},bridge=xenbr0"]' in (fleet.state(0) / "log").read_text()
    builder.stop()
    assert builder.reach() is None
    assert "has no network" in refused_shell(fleet.builder(1))


def refused_shell(builder: Xen) -> str:
    with pytest.raises(RuckusError) as caught:
        builder.shell()
    assert "builder-console" in caught.value.hint
    return caught.value.message


def test_one_more_try_after_a_timeout_and_none_after_other_errors(fleet: Fleet) -> None:
    late = "async_exec_timeout: killing execution of /etc/xen/scripts/block add because of timeout"
    fleet.plan(0, x86_64={"create": late})
    builder, start = fleet.builder(0), start_of()
    builder.start(start)
    assert followed(builder, start).kind == "ok"
    fleet.plan(1, x86_64={"create": "always: cannot (re-)build domain: -3"})
    error = refused(fleet.builder(1), start_of())
    assert error.message == "dom0b: xl could not create ruckus-builder-x86_64: always: cannot (re-)build domain: -3"
    assert (fleet.state(1) / "ruckus-builder-x86_64.tries").read_text() == "x"


def test_one_command_for_all_builders_of_a_dom0(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    builders = [fleet.builder(0, arch) for arch in ARCHS]
    for builder in builders:
        builder.start(start_of(builder.arch))
    asked: list[Any] = []
    pipe = Remote.pipe

    def counted(remote: Remote, words: list[str], **more: Any) -> tuple[int, str]:
        asked.append(words)
        return pipe(remote, words, **more)

    monkeypatch.setattr(Remote, "pipe", counted)
    for builder in builders:
        assert builder.look().guest.power in ("running", "ended")
    assert len(asked) == 1
