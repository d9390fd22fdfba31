# SPDX-License-Identifier: GPL-3.0-or-later
"""A builder that is a domU, in a dom0 which is this machine or another.

Its disk is a logical volume there, onto which the image that any builder's machine has is written once; the results
device is another one. Root's names lead to both, so nobody else can put another device in their place.
"""

import gzip
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import BinaryIO

from ruckus_aux.builders import console
from ruckus_aux.builders.dom0 import Dom0, Followed, Seen
from ruckus_aux.builders.machine import (
    RUCKUS_WORDS,
    Disk,
    Image,
    Lender,
    Sight,
    Start,
    forget_start,
    kernel_words,
    read_start,
)
from ruckus_aux.builders.reach import Reach, reach
from ruckus_aux.builders.record import ARCHIVE
from ruckus_aux.builders.state import Guest, How, last_lines_of
from ruckus_aux.builders.volumes import fill_volume, has_volume, make_volume, remove_volume, volume_path
from ruckus_aux.builders.where import PLACED, Where, dom0_of
from ruckus_aux.host.root import HERE, Command
from ruckus_aux.host.writing import write_whole
from ruckus_aux.settings.settings import Settings
from ruckus_aux.storage import xl
from ruckus_aux.storage.commands import grow_ext4
from ruckus_aux.words.architecture import ARCHITECTURES
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.hints import invoke_command
from ruckus_aux.words.paths import BUILDER, CONSOLE, KERNEL

_LENT = "ruckus"  # of Start.more: what it was lent of the device with Ruckus
_SSH = 22  # the port of its ssh server
_REASONS: Mapping[str, How] = {"0": "poweroff", "1": "reboot", "3": "crash", "4": "crash", "5": "reboot"}


def kernel_of(arch: str, boot: Path) -> Path:
    """The kernel that boots an architecture as a PV domU: its own, or for 32 bits a 64-bit one.

    Args:
        arch: The architecture.
        boot: The folder P/boot.

    Raises:
        RuckusError: It has not been built.
    """
    able = _with_kernel_for(arch)
    for name in able:
        if (path := boot / name / KERNEL).exists():
            return path
    if able == [arch]:
        raise RuckusError(f"{boot / arch / KERNEL}: there is no kernel yet", "build it first: make bootstrap")
    raise RuckusError(
        f"{arch} can't be a builder of Xen's: Linux is no 32-bit guest since 5.9, and {boot} has no 64-bit kernel",
        f"build {' or '.join(able)} with the same --prefix, or use --builder=chroot or --builder=qemu",
    )


def _volumes_of(arch: str) -> tuple[str, str]:
    return xl.domain_name(arch), f"{xl.domain_name(arch)}-results"


def _folder_in(dom0: Dom0, arch: str) -> str:
    """For the builder's files in another machine."""
    return f"{dom0.home}/.ruckus/{arch}"


def _with_kernel_for(arch: str) -> list[str]:
    return [arch] if ARCHITECTURES[arch].main_abi.bits == "64" else ["x86_64", "x86_64-64"]


class Xen:
    """The builder of a build directory.

    dom0: where it runs. group: the volume group of its disks there. boot: the folder P/boot.
    folder: for its Start record, and what its console says. bridge: of the dom0, to which it is connected, if any.
    ruckus: the device with Ruckus, if there is one; only a domain of this machine gets it.
    """

    def __init__(
        self,
        arch: str,
        folder: Path,
        image: Image,
        boot: Path,
        dom0: Dom0,
        group: str,
        bridge: str = "",
        ruckus: Lender | None = None,
    ) -> None:
        self.kind, self.arch, self.folder, self.dom0 = "xen", arch, folder, dom0
        self._image, self._boot, self._group, self._bridge = image, boot, group, bridge
        self._volumes, self._ruckus = _volumes_of(arch), ruckus
        self._domain: xl.Domain | None = None  # that is followed
        if start := read_start(folder):
            console_file = folder / CONSOLE
            self._follow(start, console_file.stat().st_size if console_file.exists() else 0)

    @property
    def name(self) -> str:  # noqa: D102 - as Builder says; so for the others
        return self.arch if self._is_here else f"{self.arch} in {self.dom0.name}"

    @property
    def group(self) -> str:  # noqa: D102
        return self.dom0.name

    @property
    def _is_here(self) -> bool:
        return self.dom0.access.host is HERE

    def _domain_of(self, start: Start) -> xl.Domain:
        system, results = (volume_path(self._group, name) for name in self._volumes)
        return xl.Domain(
            self.arch,
            start.run,
            str(start.memory),
            str(start.vcpus),
            self._kernel,
            " ".join(start.words(xl.RESULTS)),
            system,
            results,
            self._bridge,
            start.more.get(_LENT, ""),
        )

    @property
    def _kernel(self) -> str:
        """In the dom0; another machine has a copy."""
        return (
            str(kernel_of(self.arch, self._boot)) if self._is_here else f"{_folder_in(self.dom0, self.arch)}/{KERNEL}"
        )

    def _console_of(self, start: Start) -> str:
        """Where the dom0 records its console."""
        name = f"{start.run}.console"
        return str(self.folder / name) if self._is_here else f"{_folder_in(self.dom0, self.arch)}/{name}"

    def _follow(self, start: Start, offset: int = 0) -> None:
        with suppress(RuckusError):  # a dom0 that is away: `look` says so, and tries again
            self._domain = self._domain_of(start)
            self.dom0.follow(Followed(self._domain, self._console_of(start), offset))

    def check(self, start: Start) -> None:
        """Of the kernel, the dom0, its memory and volumes."""
        kernel_of(self.arch, self._boot)
        self.dom0.check(self._domain_of(start))
        for name in self._volumes:
            has_volume(self.dom0.access, self._group, name)

    def start(self, start: Start) -> None:
        """Bring kernel and disk there, as far as they are not, and create the domain."""
        self.check(start)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        start = replace(
            start, more={**start.more, "dom0": self.dom0.host_name, "group": self._group, "bridge": self._bridge}
        )
        domain = self._domain_of(start)
        if not self._is_here:
            self.dom0.send(kernel_of(self.arch, self._boot), domain.kernel)
        self._place_disk(start, domain)
        make_volume(self.dom0.access, self._group, self._volumes[1], self._image.results_size(start))
        (self.folder / CONSOLE).unlink(missing_ok=True)
        start = self._with_ruckus(start)
        start.write(self.folder)
        try:
            self.dom0.create(self._domain_of(start), self._console_of(start))
        except RuckusError:
            self._forget(start)
            raise
        self._follow(start)

    def _with_ruckus(self, start: Start) -> Start:
        """Lend it the device with Ruckus, if there is one."""
        words = self._ruckus.words if self._ruckus and self._is_here else ""
        if not self._ruckus or not words:
            return start
        lent = self._ruckus.lend(self.dom0.access, self.arch)
        return replace(start, more={**start.more, _LENT: lent, RUCKUS_WORDS: words})

    def _forget(self, start: Start | None) -> None:
        """The domain is gone: take back what it was lent."""
        forget_start(self.folder)
        if self._ruckus and start and (lent := start.more.get(_LENT)):
            self._ruckus.take_back(self.dom0.access, lent)

    def _place_disk(self, start: Start, domain: xl.Domain) -> None:
        """Write the image onto the volume, unless it was, so that there is something to continue with."""
        placed = self.folder / PLACED
        wanted = f"{self._image.make(start)}\t{self.dom0.name}\t{domain.system}\n"
        if (
            placed.exists()
            and placed.read_text() == wanted
            and has_volume(self.dom0.access, self._group, self._volumes[0])
        ):
            return
        placed.unlink(missing_ok=True)
        make_volume(self.dom0.access, self._group, self._volumes[0], self._image.size(start))
        with tempfile.TemporaryFile(dir=self.folder) as packed:
            with (
                self._image.image.open("rb") as image,
                gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=1) as out,
            ):
                shutil.copyfileobj(image, out, 1 << 20)
            packed.seek(0)
            fill_volume(self.dom0.access, domain.system, packed)
        self.dom0.access.run(grow_ext4(domain.system, self.dom0.access.host))
        write_whole(placed, wanted, lasting=True)

    def look(self) -> Sight:
        """Its line in xl's list, and its record; what its console said since the last look is kept."""
        start = read_start(self.folder)
        if start is None:
            return Sight(Guest("absent"))
        if self._domain is None:
            self._follow(start)
        try:
            seen = self.dom0.look(self._domain or self._domain_of(start))
        except RuckusError as error:
            return Sight(Guest("unknown", said=error.message))
        if seen.said:
            with (self.folder / CONSOLE).open("ab") as file:
                file.write(seen.said)
        return Sight(guest_of(seen), seen.record)

    def stop(self) -> None:
        """Destroy the domain."""
        if self._domain is not None:
            self.dom0.destroy(self._domain)

    @contextmanager
    def results(self) -> Iterator[BinaryIO]:
        """A copy of the results device, as far as there is something on it."""
        with tempfile.TemporaryFile(dir=self.folder) as file:
            if self._domain is not None:
                record = self.look().read()
                size = ARCHIVE + (record.archive << 20) if record and record.archive else 0
                self.dom0.results(self._domain, size, file)
            file.seek(0)
            yield file

    def disk(self) -> Disk:
        """A volume; what is in another machine can't be read from here."""
        if not self._is_here:
            guest = self.look().guest
            why = guest.said if guest.power == "unknown" else "its logs come home when it has ended"
            raise RuckusError(f"the disk of {self.name} can't be read from here: {why}")
        return Disk(volume_path(self._group, self._volumes[0]), self.dom0.access)

    def settle(self, *, keep: bool) -> None:
        """Remove domain and results, and the disk, unless it is to be continued on."""
        if self._domain is not None:
            self.look()  # the last of its console
            self.dom0.destroy(self._domain)
            self.dom0.leave(self._domain)
        remove_volume(self.dom0.access, self._group, self._volumes[1])
        if not keep:
            (self.folder / PLACED).unlink(missing_ok=True)
            remove_volume(self.dom0.access, self._group, self._volumes[0])
            self._image.remove()
        self._domain = None
        self._forget(read_start(self.folder))

    def last_words(self) -> str:
        """The last lines of its console."""
        return "\n".join(last_lines_of(console.console_end(self.folder / CONSOLE)))

    def reach(self) -> Reach | None:
        """Over its bridge, by the address that it says on its console; of another machine, through that."""
        if not self._bridge or self.look().guest.power != "running":
            return None
        address = console.said_address(self.folder / CONSOLE)
        way = "" if self._is_here else self.dom0.name
        return reach(self.folder, self.arch, address, _SSH, way) if address else None

    def shell(self) -> int:
        """Over ssh; nobody can type where the console is recorded."""
        way = self.reach()
        if way and way.answers():
            return way.log_in()
        hint = f"read its console: {invoke_command('builder-console', f'--arch={self.arch}', '--builder=xen')}"
        if self._bridge:
            said = f"is not reached at {way.address}" if way else "has no address yet, or does not run"
            raise RuckusError(f"{self.name} {said}", hint)
        again = invoke_command("builder-start", "--builder=xen", "--bridge=NAME")
        raise RuckusError(
            f"{self.name} has no network, and a domain's console is recorded, so nobody can type there",
            f"{hint}\nor stop it, and start it with a bridge of its dom0's: {again}",
        )

    def watch_console(self) -> int:
        """What it says on its console."""
        self.look()
        return console.follow(self.folder / CONSOLE, lambda: self.look().guest.power not in ("running", "unknown"))


def guest_of(seen: Seen) -> Guest:
    """What is seen of a domain from outside."""
    listed = seen.listed
    if listed is None:
        return Guest("ended", "destroyed", "xl does not list it")
    if not set(listed.flags) & set("scd"):
        return Guest("running")
    how = _REASONS.get(listed.reason, "crash" if "c" in listed.flags else "")
    return Guest("ended", how, f"xl list -v: {listed.reason or listed.flags}")


def xen_of(settings: Settings, where: Where, image: Image, ruckus: Lender) -> Xen:
    """The domain of a build directory.

    Args:
        settings: Of the build directory.
        where: Where it is.
        image: Its disk.
        ruckus: The device with Ruckus, if there is one.
    """
    boot, dom0 = settings.boot_files.parent, dom0_of(where, settings.journal)
    folder = settings.buildroot / BUILDER
    return Xen(settings.arch.name, folder, image, boot, dom0, where.group, where.bridge, ruckus)


def xen_commands(settings: Settings, dom0: Dom0, where: Where, ruckus: Lender) -> Iterator[Command]:
    """All that the builder of a build directory runs as root in a dom0, whichever kernels are built later.

    Args:
        settings: Of the build directory.
        dom0: Where it runs.
        where: The same, with its disks and its network.
        ruckus: The device with Ruckus, if there is one.
    """
    arch, boot = settings.arch.name, settings.boot_files.parent
    host, names = dom0.access.host, _volumes_of(arch)
    words = ruckus.words if host is HERE else ""
    system, results = (volume_path(where.group, name) for name in names)
    domain = xl.Domain(arch, "", "", "", "", "", system, results)
    if words:
        domain = replace(domain, ruckus=ruckus.lent_path(arch))
        yield from ruckus.commands(arch)
    here = [str(boot / other / KERNEL) for other in _with_kernel_for(arch)]
    kernels = here if host is HERE else [f"{_folder_in(dom0, arch)}/{KERNEL}"]
    for kernel, bridge, auto in product(kernels, dict.fromkeys(["", where.bridge]), (False, True)):
        form = replace(domain, kernel=kernel, bridge=bridge)
        yield from xl.any_create(form, partial(_line, auto=auto, words=words), host)
    yield from xl.builder_commands(domain, host)
    yield from xl.volume_commands(where.group, names, host)


def _line(run: str, jobs: str, *, auto: bool, words: str) -> str:
    return " ".join([*kernel_words(xl.RESULTS, run, jobs, auto=auto), *words.split()])
