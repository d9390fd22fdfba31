# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab is what docs/lab.md says."""

import time

import pytest
from lab.machine.lab import Lab

pytestmark = pytest.mark.xdist_group("lab")  # there is one, for one test at a time

DOMU = """\
name = "hello"
type = "pv"
extra = "console=hvc0 rdinit=/bin/poweroff"
memory = 256
on_poweroff = "destroy"
on_reboot = "destroy"
on_crash = "destroy"
"""


@pytest.mark.short
def test_it_is_xens_dom0(lab: Lab) -> None:
    domains = lab.run("xl list").stdout.splitlines()[1:]
    assert [line.split()[0] for line in domains] == ["Domain-0"]
    assert lab.run("cat /sys/hypervisor/type").stdout.strip() == "xen"
    assert "xen_version            : 4.17" in lab.run("xl info").stdout


def test_vg00_is_empty_and_on_the_second_disk(lab: Lab) -> None:
    volumes = lab.run("vgs --noheadings --units m --nosuffix -o vg_name,vg_size,vg_free,pv_name").stdout.split()
    assert volumes == ["vg00", "16380.00", "16380.00", "/dev/vdb"]
    assert lab.run("lvs --noheadings").stdout == ""


@pytest.mark.parametrize(("user", "status"), [("guest", 0), ("narrow", 1), ("plain", 1)])
def test_only_guest_may_use_sudo(lab: Lab, user: str, status: int) -> None:
    done = lab.run("sudo -n id -un", user=user, check=False)
    assert done.exited == status
    assert done.stdout.strip() == "root" if status == 0 else "a password is required" in done.stderr


def test_narrow_may_what_a_file_lets_it(dom0: Lab) -> None:
    rule = "narrow ALL=(root) NOPASSWD: /usr/sbin/lvs"
    dom0.run(f"echo '{rule}' | install -m 440 /dev/stdin /etc/sudoers.d/ruckus && visudo -c")
    assert dom0.run("sudo -n lvs", user="narrow").ok
    for user, command in (("narrow", "vgs"), ("plain", "lvs")):
        assert dom0.run(f"sudo -n {command}", user=user, check=False).exited == 1


def test_a_reset_takes_back_disks_and_memory_and_sets_the_clock(dom0: Lab) -> None:
    dom0.run("lvcreate --yes --quiet --name scratch --size 256M vg00 && mkfs.ext4 -q /dev/vg00/scratch")
    dom0.run("touch /root/on-disk /run/in-memory && date -s '2001-01-01'")
    dom0.reset()
    assert dom0.run("lvs --noheadings").stdout == ""
    assert dom0.run("ls /dev/vg00 /root/on-disk /run/in-memory", check=False).stdout == ""
    assert abs(int(dom0.run("date +%s").stdout) - time.time()) < 10


def test_time_passes_in_the_lab_as_it_does_here_also_after_resets(dom0: Lab) -> None:
    """What slept took as long as the process was old, when a reset was done within one process."""
    for _ in range(2):
        dom0.run("sleep 10")
        dom0.reset()
        began = time.monotonic()
        dom0.run("sleep 1")
        assert 0.9 < time.monotonic() - began < 6


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "swap"])
def test_file_systems(dom0: Lab, kind: str) -> None:
    dom0.run("lvcreate --yes --quiet --name scratch --size 512M vg00")
    if kind == "swap":
        dom0.run("mkswap /dev/vg00/scratch && swapon /dev/vg00/scratch && swapoff /dev/vg00/scratch")
    else:
        dom0.run(f"mkfs.{kind} -q /dev/vg00/scratch && mount /dev/vg00/scratch /mnt")
        assert dom0.run("findmnt -n -o FSTYPE /mnt").stdout.strip() == kind


def test_snapshots_thin_volumes_loops_and_raid(dom0: Lab) -> None:
    dom0.run("lvcreate --yes --quiet --name origin --size 256M vg00 && mkfs.ext4 -q /dev/vg00/origin")
    dom0.run("lvcreate --yes --quiet --snapshot --name copy --size 64M vg00/origin && mount -o ro /dev/vg00/copy /mnt")
    dom0.run("lvcreate --yes --quiet --type thin-pool --name pool --size 256M vg00")
    dom0.run("lvcreate --yes --quiet --thin --virtualsize 1G --name thin vg00/pool && mkfs.ext4 -q /dev/vg00/thin")
    dom0.run("truncate -s 64M /root/a /root/b && losetup /dev/loop0 /root/a && losetup /dev/loop1 /root/b")
    dom0.run("mdadm --create /dev/md0 --run --level 1 --metadata 1.2 --raid-devices 2 /dev/loop0 /dev/loop1")
    kinds = set(dom0.run("lsblk --noheadings --raw --output TYPE").stdout.split())
    assert {"disk", "loop", "lvm", "raid1"} <= kinds
    assert sorted(dom0.run("lvs --noheadings -o lv_name vg00").stdout.split()) == ["copy", "origin", "pool", "thin"]


def test_a_domu_runs_and_its_end_and_console_are_recorded(dom0: Lab) -> None:
    """dom0's kernel, and an initrd whose first and only program powers the machine off."""
    dom0.run(f"cat > /root/hello.cfg <<'END'\n{DOMU}END")
    dom0.run("xl create -q /root/hello.cfg kernel=\\'$(ls /boot/vmlinuz-*)\\' ramdisk=\\'$(ls /boot/initrd.img-*)\\'")
    dom0.run("while xl list hello >/dev/null 2>&1; do sleep 0.5; done")
    assert "reason code 0" in dom0.run("cat /var/log/xen/xl-hello.log").stdout
    assert "Linux version 6.1" in dom0.run("cat /var/log/xen/console/guest-hello.log").stdout


def test_invoke_runs_in_the_copied_source_tree(lab: Lab) -> None:
    tasks = lab.run("cd /srv/ruckus && PYTHONPATH=/opt/ruckus-python python3 -m invoke --list", user="guest").stdout
    assert " build " in tasks
    assert " collect-logs " in tasks


def test_the_guest_cannot_reach_this_machine(lab: Lab) -> None:
    """Its own sshd, by way of the port on our loopback, is what certainly listens here."""
    assert lab.run("bash -c ': < /dev/tcp/127.0.0.1/22'").ok
    assert not lab.run(f"timeout 3 bash -c ': < /dev/tcp/10.0.2.2/{lab.machine.port}'", check=False).ok
