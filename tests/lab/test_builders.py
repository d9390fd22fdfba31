# SPDX-License-Identifier: GPL-3.0-or-later
"""Real domUs: a system of ours boots in one, and builds in one that Ruckus starts from outside, over ssh.

They need a kernel of ours, which has Xen's drivers built in. RUCKUS_BABY names a build directory whose system has been
built, with any profile; without it they are skipped.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from integration.standin import StandIn, make_stand_in
from integration.test_builder_qemu import ONCE, System
from lab.machine.guest import ADDRESS
from lab.machine.lab import Lab
from support.sshd import write_ssh

from ruckus_aux.artifacts.store import Store
from ruckus_aux.settings.settings import load

pytestmark = [
    pytest.mark.xdist_group("lab"),
    pytest.mark.skipif("RUCKUS_BABY" not in os.environ, reason="needs a built system: RUCKUS_BABY=BUILDDIR"),
]


@pytest.fixture
def baby() -> Path:
    """The build directory of a system that is built."""
    return Path(os.environ["RUCKUS_BABY"])


def start(dom0: Lab, baby: Path, system: str, folder: Path, words: str) -> None:
    """Start a system as the PV domU `baby`, with more words for its kernel; its console is kept in /root/console."""
    kernel = load(baby).final / "boot/vmlinuz" if system == "final" else load(baby).boot_files / "vmlinuz"
    if not kernel.exists():
        pytest.skip(f"{baby} has no {system} system")
    make, owner = ["make", "image", *(["SYSTEM=final"] if system == "final" else [])], baby.stat()
    subprocess.run(make, cwd=baby, check=True, user=owner.st_uid, group=owner.st_gid, extra_groups=())
    (image,) = baby.glob(f"{system}-*.ext4")
    dom0.copy({"vmlinuz": kernel}, "/srv/boot")
    device = dom0.attach(Path(shutil.copyfile(image, folder / "image")), "baby")
    guest = f"""'name="baby"' 'type="pv"' memory=512 'kernel="/srv/boot/vmlinuz"' 'disk=["phy:{device},xvda1,w"]'"""
    guest += f""" 'extra="console=hvc0 root=/dev/xvda1 rw panic=-1 {words}"'"""
    dom0.run(f"xl create -e -p -q /dev/null {guest}")
    dom0.run("setsid nohup xl console baby >/root/console 2>&1 </dev/null & sleep 1; xl unpause baby")


def wait_for_its_end(dom0: Lab) -> str:
    """What the domU `baby` said until it powered off; it is removed."""
    dom0.run(r"until xl list -v | grep -q '^baby .*-s'; do sleep 1; done")
    assert re.search(r"^baby .* 0 +-", dom0.run("xl list -v").stdout, re.MULTILINE)  # powered off, not crashed
    dom0.run("xl destroy baby")
    return dom0.run("cat /root/console").stdout


@pytest.mark.parametrize("system", ["baby", "final"])
def test_an_image_boots_as_a_pv_domu_to_its_end(dom0: Lab, baby: Path, tmp_path: Path, system: str) -> None:
    start(dom0, baby, system, tmp_path, "ruckus.boot=check")
    assert "ruckus: system is up" in wait_for_its_end(dom0)


def test_xl_shuts_a_final_system_down(dom0: Lab, baby: Path, tmp_path: Path) -> None:
    start(dom0, baby, "final", tmp_path, "")
    dom0.run("until grep -q ' login: ' /root/console; do sleep 1; done; xl shutdown baby")
    assert re.search(r"xvda1.*unmounting|re-mounted .* ro", wait_for_its_end(dom0))


@pytest.fixture
def stand_in(dom0: Lab, baby: Path, tmp_path: Path) -> Iterator[StandIn]:
    """BusyBox with our kernel, and an `ssh` that knows the lab as `dom0`."""
    (tmp_path / "stand-in").mkdir()
    made = make_stand_in(tmp_path / "stand-in")
    config = f"Host dom0\n  HostName {ADDRESS}\n  Port {dom0.machine.port}\n  User guest\n"
    config += f"  IdentityFile {dom0.machine.folder}/key\n  UserKnownHostsFile {tmp_path}/known_hosts\n"
    key = dom0.run("cat /etc/ssh/ssh_host_ed25519_key.pub").stdout
    (tmp_path / "known_hosts").write_text(f"[{ADDRESS}]:{dom0.machine.port} {key}")
    yield StandIn(load(baby).boot_files / "vmlinuz", write_ssh(tmp_path, config), made.busybox)


@pytest.fixture
def systems(stand_in: StandIn, tmp_path: Path) -> list[System]:
    """Two systems of one build folder, in which nothing is built yet."""
    return [System(tmp_path / "build", stand_in, arch, processors=2) for arch in ("x86_64", "x86_64-64")]


def make(system: System, fails: str) -> None:
    """Let it be complete but for stage2, of which a step does `fails`; as if it had built our kernel."""
    system.make(fails)
    boot = system.plan.settings.boot_files
    boot.mkdir(parents=True)
    shutil.copyfile(system.stand_in.kernel, boot / "vmlinuz")


def is_made(system: System) -> bool:
    """Whether stage2 is at home."""
    plan = system.plan
    return all(plan[f"{system.arch}/stage2/{name}"].key in Store(plan.settings.cache) for name in "ab")


def test_a_domu_builds_is_destroyed_and_continues(dom0: Lab, systems: list[System]) -> None:
    system, _ = systems
    xen = ("--builder=xen", "--auto")
    assert "may run all" in system.invoke("verify-sudo", "--builder=xen", "--dom0=dom0")
    make(system, ONCE)
    system.invoke("builder-start", *xen, "--dom0=dom0", "--no-wait")
    while "stage2/b: 1 of 2 done" not in system.invoke("builder-status", "--builder=xen"):
        pass  # b stands still, once
    dom0.run("xl destroy ruckus-builder-x86_64")
    assert "stage2/b: the machine was destroyed" in system.invoke("builder-status", "--builder=xen")
    dom0.run("mount /dev/vg00/ruckus-builder-x86_64 /mnt")
    refused = system.popen("builder-start", *xen)
    said, _ = refused.communicate()
    assert refused.returncode != 0
    assert "/dev/vg00/ruckus-builder-x86_64 is in use: it is mounted" in said
    dom0.run("umount /mnt")
    assert "2 steps" in system.invoke("builder-start", *xen, "--dom0=dom0")
    assert is_made(system)
    assert "ruckus-builder" not in dom0.run("xl list; lvs").stdout


def test_two_at_once_while_the_connection_is_lost(dom0: Lab, systems: list[System]) -> None:
    for system in systems:
        make(system, "sleep 200")
    one, _ = systems
    started = one.popen("builder-start", "--builder=xen", "--auto", "--dom0=dom0", "--arch-list=x86_64,x86_64-64")
    both = r"[ $(xl list | grep -c '^ruckus-builder.* [r-][b-]---- ') = 2 ]"  # created, and not paused any more
    dom0.run(f"until {both}; do sleep 1; done; pkill -KILL -f 'sshd: guest@'")
    said, _ = started.communicate()
    assert started.returncode == 0, said
    assert all(map(is_made, systems)), said
    assert "ruckus-builder" not in dom0.run("xl list; lvs").stdout
    one.invoke("collect-logs", "--arch-list=x86_64,x86_64-64")
    logs = {path.parent.parent.name: path.read_text() for path in one.folder.rglob("logs/*/*/stage2/b.log")}
    assert set(logs) == {"x86_64", "x86_64-64"}
    assert all("\n# status   0\n" in text for text in logs.values())
