# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab that tests use: made when it is missing, started when it does not run, and reset between tests."""

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from lab.machine import image, qemu
from lab.machine.guest import ADDRESS, Guest
from lab.machine.qemu import Machine

from ruckus_aux.host.commands import run
from ruckus_aux.host.locks import held
from ruckus_aux.host.trees import remove

BOOTED = "booted"  # the snapshot that every lab begins with
_SAVED = "saved"  # the one that somebody who uses it has made
BOOT_PATIENCE = 600.0  # seconds until sshd answers; one minute when nothing else runs
_FIRST_BOOT = (
    "systemctl is-system-running --wait",
    "pvcreate --quiet /dev/vdb && vgcreate --quiet vg00 /dev/vdb",
    "sync",
)


def default_folder() -> Path:
    """Where the lab is kept unless somebody says otherwise: RUCKUS_LAB, or .lab in the source tree."""
    return Path(os.environ.get("RUCKUS_LAB") or Path(__file__).parents[3] / ".lab")


def missing_programs() -> list[str]:
    """The programs that the lab needs and this machine does not have."""
    return [name for name in (*image.PROGRAMS, *qemu.PROGRAMS) if shutil.which(name) is None]


class Lab(Guest):
    """A Xen dom0 with an empty volume group vg00, and users guest (may all with sudo), narrow and plain (nothing).

    folder: where it is kept; it may be removed when the lab is stopped, and is made again.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self._lock = self.folder / "lock"  # held by who makes or starts it
        self._snapshot = BOOTED
        super().__init__(Machine(self.folder / "running"))

    def build(self) -> Path:
        """Make what is missing of image and snapshot; returns the snapshot's folder."""
        image_key = image.key()
        how = "\n".join([image_key, qemu.version(), qemu.VOLUMES, *qemu.ARGUMENTS, *_FIRST_BOOT])
        booted_key = hashlib.sha256(how.encode()).hexdigest()[:16]
        with held(self._lock):
            made_from = self._made("image", image_key, image.build)
            return self._made(BOOTED, booted_key, lambda folder: _boot_once(made_from, folder))

    def _made(self, kind: str, key: str, make: Callable[[Path], None]) -> Path:
        """The folder with something that was made whole; it is made, and others of its kind removed, when missing."""
        made = self.folder / f"{kind}-{key}"
        if not made.exists():
            print(f"making {made}", flush=True)
            unfinished = self.folder / f"{kind}.unfinished"
            Machine(unfinished).quit()  # of a boot that was interrupted
            remove(unfinished)
            unfinished.mkdir(parents=True)
            make(unfinished)
            old = list(self.folder.glob(f"{kind}-*"))
            unfinished.rename(made)
            for folder in old:
                remove(folder)
        return made

    def start(self) -> None:
        """See that it runs, and that it is the one that would be made today; what runs already is left as it is."""
        booted = self.build()
        with held(self._lock):
            origin = self.machine.folder / "origin"
            if self.machine.running and origin.read_text() == booted.name:
                return
            self.stop()
            run(["cp", "-a", "--reflink=auto", "--sparse=always", booted, self.machine.folder])
            origin.write_text(booted.name)
            self._continue()

    def stop(self) -> None:
        """End it, with all that was done in it; image and snapshot stay."""
        self.hang_up()
        self.machine.quit()
        remove(self.machine.folder)
        self._snapshot = BOOTED

    def save(self) -> None:
        """Keep the lab as it is now: from here on, `reset` takes it back to this."""
        self.hang_up()
        self.machine.save(_SAVED)
        self._snapshot = _SAVED

    def reset(self) -> None:
        """Take memory and disks back, in seconds, to where they were saved, or to just after the boot."""
        self.hang_up()
        self.machine.quit()
        self._continue()

    def _continue(self) -> None:
        """Let the snapshot go on, at the present time."""
        self.machine.start(self._snapshot)
        self.wait(60)
        self.set_clock()

    def attach(self, file: Path, name: str, *, read_only: bool = False) -> str:
        """Give it an image as a disk, until it is reset: at the speed of the disk, and not of ssh here.

        Args:
            file: The image.
            name: Of the disk; letters and digits.
            read_only: Whether dom0 may only read it.

        Returns:
            The device in dom0.
        """
        self.machine.attach(file, name, read_only=read_only)
        device = f"/dev/disk/by-id/virtio-{name}"
        self.run(f"until [ -b {device} ]; do sleep 0.2; done")
        return device

    def ssh(self, user: str) -> list[str]:
        """The command that logs in."""
        options = ["IdentitiesOnly=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR"]
        words = ["ssh", "-F", "none", "-i", str(self.machine.folder / "key"), "-p", str(self.machine.port)]
        return [*words, *(word for option in options for word in ("-o", option)), f"{user}@{ADDRESS}"]


def _boot_once(made_from: Path, folder: Path) -> None:
    """Boot a machine, make its volume group, and leave its disks with a snapshot of it."""
    machine = Machine(folder)
    machine.create(made_from)
    machine.start()
    guest = Guest(machine)
    try:
        guest.wait(BOOT_PATIENCE)
        for command in _FIRST_BOOT:
            guest.run(command)
        guest.hang_up()
        machine.save(BOOTED)
    finally:
        machine.quit()
    for name in ("qmp", "pid", "port"):
        (folder / name).unlink(missing_ok=True)
