# SPDX-License-Identifier: GPL-3.0-or-later
"""A builder in QEMU, as an ordinary user: KVM where it really works, else emulation.

QEMU runs below a shell that writes down its exit status, both in a session of their own, so they go on without us; they
hold the builder's lock, which tells everybody that they are there, however they end. Nobody has to have been listening.
"""

import re
import shutil
import signal
import socket
import time
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import psutil
import sarge

from ruckus_aux.builders import console, qmp
from ruckus_aux.builders.keys import has_ssh_server
from ruckus_aux.builders.machine import IMAGE, Disk, Image, Sight, Start, forget_start, read_start
from ruckus_aux.builders.reach import Reach, reach
from ruckus_aux.builders.record import RECORD_SIZE
from ruckus_aux.builders.state import Guest, last_lines_of
from ruckus_aux.host.limits import memory
from ruckus_aux.host.locks import is_free, try_held
from ruckus_aux.host.writing import write_whole
from ruckus_aux.recipes.plan import Plan
from ruckus_aux.systems.qemu import KERNEL_LINE, no_qemu, qemu_disk, qemu_machine, quoted_for_qemu, working_accelerator
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.hints import invoke_command, make_command
from ruckus_aux.words.paths import BUILDER, CONSOLE, KERNEL
from ruckus_aux.words.step_name import StepName
from ruckus_aux.words.terminal import readable_size

# In the builder's folder.
_RESULTS, _SAID, _STATUS = "results", "qemu.log", "status"
_PID, _QMP, _SERIAL = "pid", "qmp.sock", "serial.sock"
_PORT, _LOOPBACK = "port", "127.0.0.1"
_ACCELERATOR = "accelerator"  # that works on this machine, until it is booted again
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_SUPERVISED = '"$@"; echo $? >status.part; mv status.part status'
_START = 5.0  # seconds in which QEMU refuses what it does not like
_MOVING = ("prelaunch", "running", "shutdown")  # of QEMU's states
_KILLED = 128 + signal.SIGKILL  # an exit status, as the shell has it
_STOP = 10.0  # seconds until QEMU is killed that was asked to quit


class Qemu:
    """The builder of a build directory."""

    def __init__(self, plan: Plan, image: Image) -> None:
        self.plan = plan
        self.folder = plan.settings.buildroot / BUILDER
        self.name = plan.settings.arch.name
        self.kind, self.group = "qemu", "here"
        self._image = image
        self._lock = plan.settings.work_lock(StepName(BUILDER))

    def check(self, start: Start) -> None:
        """Of the system, of QEMU, and of memory and disk on this machine."""
        settings = self.plan.settings
        if not self._kernel.exists():
            hint = f"run: {make_command(settings.builddir, 'bootstrap')}"
            raise RuckusError(f"{settings.clfs}: no kernel there yet", hint)
        if shutil.which(qemu_machine("tcg", 1)[0]) is None:
            raise no_qemu()
        if (available := memory().available) < start.memory << 20:
            raise RuckusError(
                f"the builder of {self.name} needs {readable_size(start.memory << 20)} of memory, and "
                f"{readable_size(available)} are available",
                "end something else, or let fewer builders run at a time: --jobs",
            )

    @property
    def _kernel(self) -> Path:
        return self.plan.settings.clfs / "boot" / KERNEL

    def start(self, start: Start) -> None:
        """Make the disks, as far as they are not there, and run QEMU."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with try_held(self._lock) as lock:
            if lock is None:
                hint = f"{invoke_command('builder-status')}, or {invoke_command('builder-stop')}"
                raise RuckusError(f"the builder of {self.name} runs already", hint)
            self.check(start)
            self._image.make(start)
            with (self.folder / _RESULTS).open("wb") as file:  # a new one: nothing of an earlier run is in it
                file.truncate(self._image.results_size(start))
            port = {_PORT: _free_port()} if has_ssh_server(self.plan.settings) else {}
            start = replace(start, more={**start.more, "accelerator": self._accelerator(), **port})
            for name in (_STATUS, CONSOLE):
                (self.folder / name).unlink(missing_ok=True)
            start.write(self.folder)
            self._run(start, lock)
            self.reach()  # writes it down for other programs

    def _accelerator(self) -> str:
        """What works here, as it was found out since this machine was booted."""
        path, boot = self.folder / _ACCELERATOR, _BOOT_ID.read_text().strip()
        with suppress(OSError):
            accelerator, when = path.read_text().split()
            if when == boot:
                return accelerator
        accelerator = working_accelerator(self._kernel, self.folder / CONSOLE)
        write_whole(path, f"{accelerator} {boot}")
        return accelerator

    def _run(self, start: Start, lock: int) -> None:
        words = qemu_command(start, self._kernel)
        with (self.folder / _SAID).open("wb") as said:
            job = sarge.Command(
                ["sh", "-c", _SUPERVISED, "sh", *words],
                cwd=self.folder,
                stdout=said,
                stderr=said,
                start_new_session=True,
                pass_fds=(lock,),
            )
            with open("/dev/null", "rb") as nothing:
                job.run(input=nothing, async_=True)
        deadline = time.monotonic() + _START
        while time.monotonic() < deadline and not (self.folder / _STATUS).exists():
            if (self.folder / _PID).exists() and qmp.ask_qemu(self.folder / _QMP, "query-status"):
                return
            time.sleep(0.1)
        if (self.folder / _STATUS).exists() and (self.folder / _STATUS).read_text().strip() != "0":
            forget_start(self.folder)
            raise RuckusError(f"QEMU can't start the builder of {self.name}", "\n".join(self._said().splitlines()[-5:]))

    def look(self) -> Sight:
        """Whether QEMU runs, and how it ended."""
        start = read_start(self.folder)
        if start is None:
            return Sight(Guest("absent"))
        with suppress(FileNotFoundError), (self.folder / _RESULTS).open("rb") as file:
            # Asked before the record is read: what has ended has written its last one.
            guest = self._ended() if is_free(self._lock) else Guest("running", said=self._standstill())
            return Sight(guest, file.read(RECORD_SIZE))
        return Sight(self._ended())

    def _standstill(self) -> str:
        """Why the machine stands still, as far as this host knows it; "" if it runs."""
        process = self._process()
        with suppress(psutil.Error):
            if process and process.status() == psutil.STATUS_STOPPED:
                return f"a signal has stopped QEMU; it goes on by: kill -CONT {process.pid}"
        answer = qmp.ask_qemu(self.folder / _QMP, "query-status")
        status = str(answer.get("status", "running")) if answer else "running"
        if status == "io-error":
            qmp.ask_qemu(self.folder / _QMP, "cont")  # there may be room again
            return f"its disks can't be written; is this host's full? df {self.folder}; it goes on when there is room"
        return "" if status in _MOVING else f"QEMU: {status}"

    def _ended(self) -> Guest:
        try:
            status = (self.folder / _STATUS).read_text().strip()
        except OSError:
            return Guest("ended", "killed", "without an exit status: this host may have been switched off")
        said, text = self._said(), console.console_end(self.folder / CONSOLE)
        if match := re.search(r"terminating on signal (\d+)(?: from pid (\d+))?", said):
            return Guest("ended", "killed", match[0])
        if status != "0":
            number = int(status) if status.isdecimal() else 0
            last = said.strip().splitlines()[-1:] or [f"exit status {status}"]
            lack = "; for lack of memory here? dmesg" if number == _KILLED else ""
            return Guest("ended", "killed" if number > 128 else "", f"QEMU: {last[0]}{lack}")
        if "Kernel panic" in text:
            line = next(line for line in text.splitlines() if "Kernel panic" in line)
            return Guest("ended", "crash", line[line.index("Kernel panic") :].strip())
        return Guest("ended", "reboot" if "reboot: Restarting" in text else "poweroff")

    def _said(self) -> str:
        with suppress(OSError):
            return (self.folder / _SAID).read_text(errors="replace")
        return ""

    def last_words(self) -> str:
        """The last lines of its console."""
        return "\n".join(last_lines_of(console.console_end(self.folder / CONSOLE)))

    def stop(self) -> None:
        """Ask QEMU to quit, and kill it when it does not."""
        qmp.ask_qemu(self.folder / _QMP, "quit")
        deadline = time.monotonic() + _STOP
        while not is_free(self._lock):
            if time.monotonic() > deadline and (process := self._process()):
                process.kill()
                deadline = time.monotonic() + _STOP
            time.sleep(0.1)

    def _process(self) -> psutil.Process | None:
        """QEMU's process: its number could be another's by now, which has another folder."""
        with suppress(OSError, ValueError, psutil.Error):
            process = psutil.Process(int((self.folder / _PID).read_text()))
            if Path(process.cwd()) == self.folder:
                return process
        return None

    def results(self) -> AbstractContextManager[BinaryIO]:
        """The raw file."""
        return (self.folder / _RESULTS).open("rb")

    def disk(self) -> Disk:
        """An image."""
        if not (self.folder / IMAGE).exists():
            raise RuckusError(f"the builder of {self.name} has no disk", f"start it: {invoke_command('builder-start')}")
        return Disk(str(self.folder / IMAGE))

    def settle(self, *, keep: bool) -> None:
        """Remove the disks, but for that of a machine that is to continue."""
        for name in (_RESULTS, _PID, _QMP, _SERIAL):
            (self.folder / name).unlink(missing_ok=True)
        if not keep:
            self._image.remove()
        forget_start(self.folder)

    def reach(self) -> Reach | None:
        """Over a port of this host's, which QEMU forwards."""
        start = read_start(self.folder)
        if start is None or _PORT not in start.more or is_free(self._lock):
            return None
        return reach(self.folder, self.name, _LOOPBACK, int(start.more[_PORT]))

    def shell(self) -> int:
        """Over ssh, or, if nobody answers there, on its serial console, where a login waits."""
        way = self.reach()
        if way and way.answers():
            return way.log_in()
        return console.attach(self.folder / _SERIAL)

    def watch_console(self) -> int:
        """What comes over its serial console."""
        return console.follow(self.folder / CONSOLE, lambda: is_free(self._lock))


def _free_port() -> str:
    with socket.socket() as found:
        found.bind((_LOOPBACK, 0))
        return str(found.getsockname()[1])


def qemu_command(start: Start, kernel: Path) -> list[str]:
    """How QEMU is called, in the builder's folder.

    Args:
        start: What is to be started.
        kernel: Of its system.
    """
    line = ["console=ttyS0", KERNEL_LINE, *start.words("/dev/vdb")]
    words = qemu_machine(start.more["accelerator"], start.memory, start.vcpus)
    words += [*qemu_disk(Path(IMAGE)), *qemu_disk(Path(_RESULTS)), "-kernel", str(kernel), "-append", " ".join(line)]
    serial = f"socket,id=serial,path={_SERIAL},server=on,wait=off,logfile={quoted_for_qemu(CONSOLE)}"
    words += ["-chardev", serial, "-serial", "chardev:serial"]
    if port := start.more.get(_PORT):  # all that the machine may reach is who reaches it there
        forwarded = f"hostfwd=tcp:{_LOOPBACK}:{port}-:22"
        words += ["-netdev", f"user,id=net,restrict=on,{forwarded}", "-device", "virtio-net-pci,netdev=net,romfile="]
    return [*words, "-qmp", f"unix:{_QMP},server=on,wait=off", "-pidfile", _PID]
