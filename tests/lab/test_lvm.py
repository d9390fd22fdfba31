# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes on real LVM and beside real Xen domains, by the tasks that a person runs, in the lab."""

import shlex
from dataclasses import dataclass
from pathlib import Path

import pytest
from fabric import Result
from lab.machine.lab import Lab

from ruckus_aux.settings.options import given_by

pytestmark = pytest.mark.xdist_group("lab")  # there is one, for one test at a time

FOLDER = "/srv/build"
OPTIONS = ("--volumes=lvm", "--size=128M")
ARCHS = "--arch-list=i686,x86_64-64"
POINT = "/media/baby-x86_64"
VOLUME = "/dev/vg00/baby-x86_64"
KILLED = Path(__file__).parents[1] / "killed.py"


@dataclass
class Place:
    """A build folder in the lab, and a user who works there."""

    lab: Lab
    user: str = "guest"

    def python(self, *words: str, status: int | None = 0) -> Result:
        command = f"cd /srv/ruckus && PYTHONPATH=/opt/ruckus-python:python:. python3 {shlex.join(words)}"
        done: Result = self.lab.run(command, user=self.user, check=False)
        assert status is None or done.exited == status, f"{words}: {done.exited}\n{done.stdout}{done.stderr}"
        return done

    def invoke(self, task: str, *options: str, status: int | None = 0) -> Result:
        return self.python("-m", "invoke", task, f"--build-dir={FOLDER}", *options, status=status)

    def root(self, command: str) -> str:
        """What a command of root's prints."""
        return str(self.lab.run(command).stdout)

    def names(self) -> list[str]:
        return sorted(self.root("lvs --noheadings -o lv_name vg00").split())


@pytest.fixture
def place(dom0: Lab) -> Place:
    dom0.run(f"install -d -o guest {FOLDER}")
    return Place(dom0)


@pytest.mark.short
def test_a_volume_from_its_making_to_its_removal(place: Place) -> None:
    place.invoke("volume-create", *OPTIONS)
    place.invoke("volume-mount")
    place.lab.run(f"echo text > {POINT}/file", user="guest")
    assert f"is mounted on {POINT}" in place.invoke("volume-remove", "--yes", status=1).stderr
    place.invoke("volume-umount")
    place.invoke("volume-remove", "--yes")
    assert place.names() == []


def test_the_life_of_volumes_with_no_more_rights_than_were_printed(place: Place) -> None:
    place.root(f"chown narrow {FOLDER}")
    place.user = "narrow"
    refused = place.invoke("verify-sudo", *OPTIONS, ARCHS, status=1).stderr
    assert "--print-sudoers" in refused
    fragment = place.invoke("verify-sudo", *OPTIONS, ARCHS, "--print-sudoers").stdout
    place.root(f"cat > /etc/sudoers.d/ruckus <<'END'\n{fragment}END\nchmod 440 /etc/sudoers.d/ruckus; visudo -c")
    assert "may run all" in place.invoke("verify-sudo", *OPTIONS, ARCHS).stdout

    for _ in range(2):
        place.invoke("volume-create", *OPTIONS, ARCHS)
    for _ in range(2):
        place.invoke("volume-mount", ARCHS)
    assert place.names() == ["baby-i686", "baby-x86_64-64"]
    place.lab.run("echo once > /media/baby-i686/file", user="narrow")
    assert "/media/baby-i686" in place.invoke("volumes").stdout
    for task in ("volume-snapshot", "volume-umount"):
        for _ in range(2):
            place.invoke(task, ARCHS)
    place.invoke("volume-remove", "--snapshot=before", "--yes", ARCHS)
    place.invoke("volume-remove", "--yes", ARCHS)
    assert place.names() == []
    # And no more than that.
    place.root("lvcreate --yes --quiet --name precious --size 64M vg00")
    for command in ("lvremove --yes vg00/precious", "lvremove --yes vg00", "umount /", "mkfs.ext4 /dev/vg00/precious"):
        assert place.lab.run(f"sudo -n {command}", user="narrow", check=False).exited == 1
    assert place.names() == ["precious"]


def test_who_may_nothing_is_told(place: Place) -> None:
    place.root(f"chown plain {FOLDER}")
    place.user = "plain"
    assert "without a password" in place.invoke("verify-sudo", *OPTIONS, status=1).stderr
    place.root("echo 'plain ALL=(root) NOPASSWD: /usr/bin/true, PASSWD: ALL' > /etc/sudoers.d/plain")
    assert "lvcreate" in place.invoke("verify-sudo", *OPTIONS, status=1).stderr, "sudo -n -l would say yes"


LEAST = {"xfs": "320M", "nilfs2": "256M"}  # that a file system of this kind can have

ALL = "plain ALL=(root) ALL"
RULES = {  # of user plain, and whether verify-sudo says yes
    "plain ALL=(root) NOPASSWD: /usr/sbin/losetup --list": True,
    "plain ALL=(root) NOPASSWD: /usr/sbin/losetup": True,
    "plain ALL=(root) NOPASSWD: /usr/*/losetup --*": True,
    f"Defaults:plain !authenticate\n{ALL}": True,
    f"{ALL}\nplain ALL=(ALL, root) NOPASSWD: /usr/sbin/": True,
    "plain ALL=(root) NOPASSWD: ALL, !/usr/sbin/losetup": False,
    "plain ALL=(root) NOPASSWD: ALL, PASSWD: /usr/sbin/losetup": False,
    "Defaults:plain runas_default=nobody\nplain ALL=NOPASSWD: ALL": False,
    "Defaults:plain !authenticate\nDefaults!/usr/sbin/losetup authenticate\n" + ALL: False,
    f"{ALL}\nplain ALL=(ALL, !root) NOPASSWD: ALL": False,
    f"{ALL}\nplain ALL=(root) NOPASSWD: /usr/*": False,
    f"{ALL}\nplain ALL=(root) NOPASSWD: sha224:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA== /usr/sbin/losetup": False,
    f"{ALL}\nplain ALL=(root) NOTAFTER=20200101000000Z NOPASSWD: ALL": False,
    "plain ALL=(root) NOPASSWD: ALL\nplain ALL=(%root) PASSWD: ALL": False,
    "plain ALL=(root) NOPASSWD: ALL, PASSWD: /usr/sbin/[[\\:alpha\\:]]osetup": False,
}


def test_sudo_does_what_verify_sudo_says(place: Place) -> None:
    place.user = "plain"
    script = "from ruckus_aux.host.sudo import verify_commands; verify_commands([('/usr/sbin/losetup', '--list')])"
    for rule, yes in RULES.items():
        place.root(f"cat >/etc/sudoers.d/plain <<'END'\n{rule}\nEND\nchmod 440 /etc/sudoers.d/plain; visudo -c")
        done = place.lab.run("sudo -k -n -u root /usr/sbin/losetup --list", user="plain", check=False)
        assert done.ok == yes, f"{rule}: {done.stderr}"
        assert (place.python("-c", script, status=None).exited == 0) == yes, rule


def test_configure_knows_the_install_device_by_each_of_its_names(place: Place) -> None:
    place.invoke("volume-create", *OPTIONS)
    place.invoke("volume-mount")
    links = f"/dev/mapper/vg00-baby--x86_64 {VOLUME} /dev/disk/by-label/baby-x86_64"
    uuid = f"/dev/disk/by-uuid/$(blkid -o value -s UUID {VOLUME})"
    names = place.root(f"udevadm settle; ls {links} {uuid}; realpath {VOLUME}").split()
    assert len(names) == 5
    place.root(f"for name in tools cross-tools; do ln -s {POINT}/$name-x86_64 /$name-x86_64; done")
    place.root(f"ln -s {FOLDER}/hostprep-x86_64 /hostprep-x86_64")
    for name in names:
        options = ("--with-isolation=none", f"--with-install-dev={name}")
        given = [f"{key}={value}" for key, value in given_by(options, Path("/srv/ruckus"), Path(FOLDER)).items()]
        assert f"CLFS={POINT}\n" in place.python("-m", "ruckus_aux.entry.configure", *given).stdout


def test_killed_during_each_command(place: Place) -> None:
    place.lab.copy({"killed.py": KILLED}, "/srv/killed", user="guest")
    done = place.python("/srv/killed/killed.py", FOLDER, *OPTIONS)
    assert int(done.stdout.split()[-1]) >= 10
    assert place.names() == []


def test_a_full_volume_group(place: Place) -> None:
    place.invoke("volume-create", "--volumes=lvm", "--size=10G", "--arch-list=i686")
    full = place.invoke("volume-create", "--arch-list=x86_64", status=1).stderr
    assert "insufficient free space" in full
    assert place.names() == ["baby-i686"]


def test_what_fails_in_the_middle_is_taken_back(place: Place) -> None:
    place.root("mount --bind /bin/false /usr/sbin/mke2fs")
    assert "mkfs.ext4" in place.invoke("volume-create", *OPTIONS, status=1).stderr
    assert place.names() == []


@pytest.mark.parametrize(
    ("use", "kind"),
    [
        ("mkfs.btrfs -q -f {}", "btrfs"),
        ("mkswap -q {} && swapon {}", "swap"),
        ("pvcreate --quiet --config devices/scan_lvs=1 {}", "LVM2_member"),
        ("echo 'label: gpt' | sfdisk --quiet {}", "gpt partition table"),
    ],
)
def test_what_others_have_made_of_a_volume_is_left_alone(place: Place, use: str, kind: str) -> None:
    place.invoke("volume-create", *OPTIONS)
    place.root(f"wipefs --quiet --all {VOLUME}; {use.format(VOLUME, VOLUME)}")
    before = place.root(f"sha256sum {VOLUME}")
    for task in ("volume-create", "volume-mount", "volume-remove"):
        options = ["--yes"] if task == "volume-remove" else []
        assert f"holds {kind} that Ruckus did not make" in place.invoke(task, *options, status=1).stderr
    assert place.root(f"sha256sum {VOLUME}") == before


def test_a_volume_of_the_same_name_and_tag_is_left_alone(place: Place) -> None:
    place.invoke("volume-create", *OPTIONS, "--arch-list=i686")
    place.root("lvcreate --yes --quiet --addtag ruckus --name baby-x86_64 --size 64M vg00")
    for task in (("volume-create",), ("volume-mount",), ("volume-remove", "--yes")):
        assert "not made from this build folder" in place.invoke(*task, status=1).stderr
    assert place.names() == ["baby-i686", "baby-x86_64"]


def test_a_device_has_many_names_and_one_lock(place: Place) -> None:
    place.invoke("volume-create", *OPTIONS)
    links = f"/dev/mapper/vg00-baby--x86_64 {VOLUME} /dev/disk/by-label/baby-x86_64"
    names = place.root(f"udevadm settle; ls {links}; realpath {VOLUME}").split()
    script = (
        "import sys; from ruckus_aux.storage.devices import device; print({device(n).lock_name for n in sys.argv[1:]})"
    )
    assert place.python("-c", script, *names).stdout.strip() == "{'vg00-baby--x86_64'}"


def test_a_mount_in_another_namespace(place: Place) -> None:
    place.invoke("volume-create", *OPTIONS)
    place.root(f"(setsid unshare --mount sh -c 'mount {VOLUME} /mnt; exec sleep 600' >/dev/null 2>&1 &); sleep 2")
    for task in (("volume-mount",), ("volume-remove", "--yes")):
        assert "is mounted on /mnt" in place.invoke(*task, status=1).stderr


DOMU = f"""\
name = "builder"
type = "pv"
memory = 128
disk = ["phy:{VOLUME},xvda,w"]
on_poweroff = "destroy"
"""


def test_what_a_domain_holds_can_only_be_inspected(place: Place) -> None:
    place.invoke("volume-create", *OPTIONS)
    place.invoke("volume-mount")
    place.lab.run(f"echo so far > {POINT}/log", user="guest")
    place.invoke("volume-umount")
    place.root(f"cat > /root/builder.cfg <<'END'\n{DOMU}END")
    start = (
        "xl create -p -q /root/builder.cfg kernel=\\'$(ls /boot/vmlinuz-*)\\' ramdisk=\\'$(ls /boot/initrd.img-*)\\'"
    )
    place.root(start)
    for task in (("volume-mount",), ("volume-remove", "--yes")):
        assert "held by Xen's domain" in place.invoke(*task, status=1).stderr
    assert "held by Xen's domain" in place.invoke("volumes").stdout
    script = (
        "from pathlib import Path; from ruckus_aux.settings.journal import Journal;"
        "from ruckus_aux.host.root import Root;"
        "from ruckus_aux.storage.lending import lent_writable, lent_read_only; import sys;"
        f"access = Root(Journal(Path('{FOLDER}/journal.sqlite')), 'test');"
        f"lent = (lent_writable if sys.argv[1] == 'w' else lent_read_only)(access, '{VOLUME}', 'x');"
        "lent.__enter__()"
    )
    for mode in "wr":
        assert "held by Xen's domain" in place.python("-c", script, mode, status=1).stderr
    assert "so far" in place.invoke("volume-inspect", f"--device={VOLUME}", "--command=cat log").stdout
    assert place.names() == ["baby-x86_64"], "the snapshot is gone"
    place.root("xl destroy builder")
    place.invoke("volume-mount")


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "f2fs", "nilfs2"])
def test_not_a_byte_is_written_to_what_is_only_inspected(place: Place, kind: str) -> None:
    """A dirty journal, with a file that was deleted while it was open: as a machine leaves it whose power fails."""
    size = LEAST.get(kind, "128M")
    place.root(
        f"for name in origin my-copy; do lvcreate --yes --quiet --name $name --size {size} vg00; done;"
        f"mkfs.{kind} -q /dev/vg00/origin && mount /dev/vg00/origin /mnt && echo text > /mnt/log && sync;"
        "exec 3> /mnt/orphan; echo data >&3; rm /mnt/orphan; echo more > /mnt/more; sync /mnt/more;"
        "dd if=/dev/vg00/origin of=/dev/vg00/my-copy bs=4M conv=fsync 2>/dev/null; exec 3>&-; umount /mnt"
    )
    before = place.root("sha256sum /dev/vg00/my-copy")
    looked = place.invoke("volume-inspect", "--device=/dev/mapper/vg00-my--copy", "--command=ls; cat log || :")
    assert ("text" in looked.stdout) == (kind not in ("xfs", "nilfs2")), "what they have not replayed is not there"
    assert "look old" in looked.stderr
    assert place.root("sha256sum /dev/vg00/my-copy") == before
    assert place.root("blockdev --getro /dev/vg00/my-copy").strip() == "0"
    assert place.names() == ["my-copy", "origin"]


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs"])
def test_volumes_grow_while_they_are_mounted(place: Place, kind: str) -> None:
    place.invoke("volume-create", "--volumes=lvm", f"--size={LEAST.get(kind, '128M')}", f"--file-system={kind}")
    place.invoke("volume-mount")
    for _ in range(2):
        place.invoke("volume-grow", "--size=1G")
    assert int(place.root(f"df --output=size --block-size=1M {POINT}").split()[1]) > 700


def test_thin_volumes(place: Place) -> None:
    place.root("lvcreate --yes --quiet --type thin-pool --name pool --size 1G vg00")
    place.invoke("volume-create", "--volumes=lvm", "--size=4G", "--pool=pool")
    place.invoke("volume-mount")
    place.invoke("volume-snapshot")
    place.invoke("volume-umount")
    assert "has snapshots" in place.invoke("volume-remove", "--yes", status=1).stderr
    place.invoke("volume-remove", "--snapshot=before", "--yes")
    place.invoke("volume-remove", "--yes")
    assert place.names() == ["pool"]
