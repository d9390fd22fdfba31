# SPDX-License-Identifier: GPL-3.0-or-later
"""A QEMU machine: its disks, its process, and its monitor (QMP), all in one folder."""

import json
import os
import select
import shlex
import socket
from pathlib import Path
from typing import IO, Any

from ruckus_aux.host.commands import run
from ruckus_aux.words.errors import RuckusError

PROGRAMS = ("qemu-system-x86_64", "qemu-img")
VOLUMES = "20G"  # the disk for vg00
PATIENCE = 120.0  # seconds for a snapshot on a busy machine
_OF_IMAGE = ("root.img", "xen", "vmlinuz", "initrd", "key")

# Without bootscrub=0, Xen touches all memory, and QEMU takes it from the host. `noreboot` would hang after a crash.
_XEN = (
    "dom0_mem=1024M,max:1024M dom0_max_vcpus=1 console=com1 com1=115200,8n1 loglvl=warning guest_loglvl=warning"
    " bootscrub=0 spec-ctrl=no"
)
_LINUX = "console=hvc0 root=/dev/vda rw quiet net.ifnames=0 mitigations=off nokaslr fsck.mode=skip"
# With SMAP, dom0 crashes at once under emulation; with XSAVE, programs do, at random, as soon as there are more virtual
# processors than 2: two domUs, or one with two. Xen is a multiboot kernel: the first of its modules is dom0's.
# A snapshot can only be loaded with the arguments that it was made with.
ARGUMENTS = shlex.split(f"""
    -machine pc -accel tcg,thread=multi,tb-size=512 -cpu max,-smap,-xsave -m 4096 -smp 2
    -nodefaults -display none -no-reboot -serial file:console.log -qmp unix:qmp,server=on,wait=off
    -drive if=none,id=root,file=root.qcow2,format=qcow2,cache=unsafe -device virtio-blk-pci,drive=root
    -drive if=none,id=vg,file=vg.qcow2,format=qcow2,cache=unsafe,discard=unmap -device virtio-blk-pci,drive=vg
    -object rng-random,id=rng,filename=/dev/urandom -device virtio-rng-pci,rng=rng
    -device virtio-net-pci,netdev=net,romfile=
    -kernel xen -append '{_XEN}' -initrd 'vmlinuz {_LINUX},initrd'
""")


def version() -> str:
    """QEMU's version: a snapshot is only good for the one that made it."""
    return run(["qemu-system-x86_64", "--version"])[1].partition("\n")[0]


def free_port() -> int:
    """A port on loopback that nobody uses."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port


class Machine:
    """A machine whose files and process are those of a folder, whichever of our processes has started it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def create(self, image: Path) -> None:
        """Make its disks: one on top of the image's, which stays as it is, and an empty one."""
        for name in _OF_IMAGE:
            # Relative, so that the folder may be renamed and copied, beside the image.
            (self.folder / name).symlink_to(os.path.relpath(image / name, self.folder))
        run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", "root.img", "-F", "raw", "root.qcow2"], cwd=self.folder)
        run(["qemu-img", "create", "-q", "-f", "qcow2", "vg.qcow2", VOLUMES], cwd=self.folder)

    def start(self, snapshot: str = "") -> None:
        """Switch it on, or continue a snapshot; it goes on when we end.

        Always a new process: after `loadvm` in one that ran, the first `sleep 1` in the guest took 23 s, after the next
        46 s. The likely cause is QEMU's TSC, which does not go back with the other clocks that Xen compares it with.
        """
        port = free_port()
        (self.folder / "port").write_text(f"{port}\n")
        # Out of the guest's network, nothing leads but this port.
        network = f"user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:{port}-10.0.2.15:22"
        command = ["qemu-system-x86_64", *ARGUMENTS, "-netdev", network, "-daemonize", "-pidfile", "pid"]
        run([*command, *(["-loadvm", snapshot] if snapshot else [])], cwd=self.folder)

    @property
    def port(self) -> int:
        """Where its sshd is, on loopback."""
        return int((self.folder / "port").read_text())

    @property
    def running(self) -> bool:
        """Whether its process answers."""
        try:
            self.ask("query-status")
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        return True

    def quit(self) -> None:
        """End the process, as a power cut would, and wait until it is gone; nothing to do when there is none."""
        if not self.running:
            return
        process = os.pidfd_open(int((self.folder / "pid").read_text()))
        try:
            self.ask("quit")
            gone, _, _ = select.select([process], [], [], PATIENCE)
        finally:
            os.close(process)
        if not gone:
            raise RuckusError(f"{self.folder}: QEMU did not end", f"its process is in {self.folder}/pid")

    def save(self, snapshot: str) -> None:
        """Keep memory and disks as they are, under a name."""
        self._monitor(f"savevm {snapshot}")

    def attach(self, file: Path, name: str, *, read_only: bool = False) -> None:
        """Give it a file as one more disk, a raw image, until it is reset.

        Args:
            file: The file.
            name: Of the disk, in QEMU, and its serial number in the guest: /dev/disk/by-id/virtio-NAME.
            read_only: Whether the guest may only read it.
        """
        node = {"driver": "raw", "node-name": name, "read-only": read_only}
        self.ask("blockdev-add", **node, file={"driver": "file", "filename": str(file.absolute())})
        self.ask("device_add", driver="virtio-blk-pci", drive=name, id=f"disk-{name}", serial=name)

    def _monitor(self, line: str) -> None:
        """Give a command to the monitor for people, which makes snapshots of the whole machine."""
        said = self.ask("human-monitor-command", **{"command-line": line})
        if said:  # savevm is silent when all is well
            raise RuckusError(f"{self.folder}: QEMU could not do '{line}'", said.strip())

    def ask(self, command: str, **arguments: object) -> Any:
        """Give QEMU a command and return its answer.

        Raises FileNotFoundError or ConnectionRefusedError when no process is there.
        """
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(PATIENCE)
            folder = os.open(self.folder, os.O_PATH)
            try:  # a socket's path has to be short, and ours may not be
                connection.connect(f"/proc/self/fd/{folder}/qmp")
            finally:
                os.close(folder)
            with connection.makefile("rw") as stream:
                stream.readline()  # its greeting
                self._say(stream, {"execute": "qmp_capabilities"})
                return self._say(stream, {"execute": command, "arguments": arguments})

    def _say(self, stream: IO[str], request: dict[str, object]) -> Any:
        stream.write(json.dumps(request) + "\n")
        stream.flush()
        for line in stream:
            answer = json.loads(line)
            if "error" in answer:
                raise RuckusError(f"{self.folder}: QEMU refused {request}", str(answer["error"]))
            if "return" in answer:  # everything else is news
                return answer["return"]
        raise RuckusError(f"{self.folder}: QEMU ended while it was asked", f"its console: {self.folder}/console.log")
