# SPDX-License-Identifier: GPL-3.0-or-later
"""What Ruckus runs as root in a dom0, which may be another machine: each command is made by one of these functions.

A domain is described by words of `xl create` and not by a file, so that sudo's rules name just what may be started.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Literal, get_args

from ruckus_aux.host.hosts import Host
from ruckus_aux.host.root import Command, Shape, as_command
from ruckus_aux.storage.commands import (
    UUID,
    create_logical_volume,
    grow_ext4,
    logical_volumes,
    open_exclusively,
    remove_logical_volume,
    xen_disks,
)

DomainVerb = Literal["unpause", "destroy", "console"]
_BLOCK = 4096  # bytes: of a record
_ARCHIVE = 256  # blocks before the archive
_DIGIT = "[0-9]"
_HEX_DIGITS = re.compile(r"\[0-9a-f\]|[0-9a-f]")  # of a UUID, or of the form that UUIDs have
_COMPLAINT = re.compile(r"^libxl: error: (?:\S+:\d+:\w+: )?(?:Domain \d+:)?(.*)$", re.MULTILINE)


def domain_name(arch: str) -> str:
    """The name of an architecture's builder in its dom0."""
    return f"ruckus-builder-{arch}"


@dataclass(frozen=True)
class Domain:
    """A builder as a domU.

    run: the start's UUID, which is the domain's as well. memory: MiB. vcpus: virtual processors.
    kernel: its path in dom0. line: what else the kernel is told. system, results: block devices there.
    bridge: of the dom0, to which it is connected; "" for a domain without a network.
    ruckus: a block device with Ruckus, which it reads; "" for none.
    """

    arch: str
    run: str
    memory: str
    vcpus: str
    kernel: str
    line: str
    system: str
    results: str
    bridge: str = ""
    ruckus: str = ""

    @property
    def name(self) -> str:
        """Of the domain."""
        return domain_name(self.arch)

    @property
    def mac(self) -> str:
        """The address of its network card, of those that are Xen's (xl-network-configuration(5)): from its UUID."""
        digits = _HEX_DIGITS.findall(self.run)
        return ":".join(["00:16:3e", *("".join(digits[at : at + 2]) for at in (0, 2, 4))])


RESULTS = "/dev/xvdc"  # as the domain calls it


def create_domain(domain: Domain, at: Host) -> Command:
    """Create a domain that waits: without a process that watches it, so that it stays in the list when it has ended.

    Args:
        domain: What it is.
        at: Its dom0.
    """
    disks = [f'"phy:{path},{name},w"' for path, name in ((domain.system, "xvda1"), (domain.results, "xvdc"))]
    disks += [f'"phy:{domain.ruckus},xvdb1,r"'] if domain.ruckus else []
    words = [f'name="{domain.name}"', f'uuid="{domain.run}"', 'type="pv"', f'kernel="{domain.kernel}"']
    words += [f"memory={domain.memory}", f"vcpus={domain.vcpus}", f"disk=[{','.join(disks)}]"]
    words += [f'vif=["mac={domain.mac},bridge={domain.bridge}"]'] if domain.bridge else []
    words += [f'extra="console=hvc0 root=/dev/xvda1 rw panic=-1 {domain.line}"']
    words += [f'on_{end}="destroy"' for end in ("poweroff", "reboot", "crash")]
    return as_command("xl", "create", "-e", "-p", "-q", "/dev/null", *words, at=at)


def list_domains(at: Host) -> Command:
    """List the domains with their states, UUIDs and why they ended."""
    return as_command("xl", "list", "-v", at=at)


def describe_xen(at: Host) -> Command:
    """Say what dom0 has, among other things how much memory is free."""
    return as_command("xl", "info", at=at)


def act_on_domain(verb: DomainVerb, arch: str, at: Host) -> Command:
    """Let an architecture's builder run, end it at once or remove it from the list, or print what it says until then.

    Args:
        verb: xl's.
        arch: The architecture.
        at: Its dom0.
    """
    return as_command("xl", verb, domain_name(arch), at=at)


def read_start_of_results(results: str, at: Host) -> Command:
    """Read the record on a results device, and not what dom0 has kept of it in memory.

    Args:
        results: The device's path.
        at: Its dom0.
    """
    return as_command("dd", f"if={results}", f"bs={_BLOCK}", "count=1", "iflag=direct", "status=none", at=at)


def read_results(results: str, at: Host) -> Command:
    """Read a results device from the beginning.

    Args:
        results: The device's path.
        at: Its dom0.
    """
    return as_command("dd", f"if={results}", "bs=1M", "iflag=direct", "status=none", at=at)


def wipe_results(results: str, at: Host) -> list[Command]:
    """Overwrite the record, and the beginning of the archive, with what is given, which is zeros.

    Args:
        results: The device's path.
        at: Its dom0.
    """
    words = (f"of={results}", f"bs={_BLOCK}", "count=1", "conv=notrunc,fsync", "status=none")
    return [as_command("dd", *words, f"seek={block}", at=at) for block in (0, _ARCHIVE)]


ZEROS = bytes(_BLOCK)


def fill_device(path: str, at: Host) -> Command:
    """Write what is given onto a device.

    Args:
        path: The device's.
        at: Where it is.
    """
    return as_command("dd", f"of={path}", "bs=1M", "iflag=fullblock", "conv=notrunc,fsync", "status=none", at=at)


def any_create(domain: Domain, line: Callable[[str, str], str], at: Host) -> Iterator[Command]:
    """The forms that the creation of a domain can have.

    Args:
        domain: One; its run, memory, processors and line are of no matter.
        line: Its line, for a run and a number of processors.
        at: Its dom0.
    """
    digits = [Shape(_DIGIT * count, "9" * count) for count in range(1, 7)]
    for memory, vcpus in product(digits[2:], digits[:2]):  # 100 MiB to 999 GiB, up to 99 processors
        forms = replace(domain, run=str(UUID), memory=str(memory), vcpus=str(vcpus), line=line(UUID, vcpus))
        values = (UUID.sample, memory.sample, vcpus.sample)
        sample = replace(domain, run=values[0], memory=values[1], vcpus=values[2], line=line(values[0], values[2]))
        pairs = zip(create_domain(forms, at), create_domain(sample, at), strict=True)
        # A list of xl's begins as a class of characters does.
        yield tuple(word if word == value else Shape(word.replace('=["', '=[[]"'), value) for word, value in pairs)


def builder_commands(domain: Domain, at: Host) -> Iterator[Command]:
    """All else that starting, watching and ending a domain takes.

    Args:
        domain: One; its run, memory, processors and line are of no matter.
        at: Its dom0.
    """
    for verb in get_args(DomainVerb):
        yield act_on_domain(verb, domain.arch, at)
    yield from (list_domains(at), describe_xen(at), xen_disks(at))
    yield from (
        read_start_of_results(domain.results, at),
        read_results(domain.results, at),
        *wipe_results(domain.results, at),
    )
    yield fill_device(domain.system, at)
    yield grow_ext4(domain.system, at)
    for path in (domain.system, domain.results):
        yield open_exclusively(path, at)


def volume_commands(group: str, names: Iterable[str], at: Host) -> Iterator[Command]:
    """What making and removing volumes takes.

    Args:
        group: The volume group.
        names: The volumes'.
        at: Where it is.
    """
    yield logical_volumes(group, at)
    for name in names:
        for count in range(2, 7):  # 10 MiB to 976 GiB
            size = Shape(f"{_DIGIT * count}m", f"{'9' * count}m")
            yield create_logical_volume(group, name, size, at=at)
        yield remove_logical_volume(group, name, at)


@dataclass(frozen=True)
class ListedDomain:
    """A domain as `xl list -v` shows it.

    flags: letters of its state: r, b, p, s, c, d. reason: why it was shut down; "" while it runs.
    """

    name: str
    run: str
    flags: str
    reason: str
    seconds: float


def parse_domains(listing: str) -> Mapping[str, ListedDomain]:
    """The domains that `xl list -v` lists, by name; lines of another form are left out."""
    domains = {}
    for line in listing.splitlines():
        match line.split():
            case [name, number, _, _, flags, seconds, run, reason, *_] if number.isdecimal():
                ended = "" if reason == "-" else reason
                domains[name] = ListedDomain(name, run, flags.replace("-", ""), ended, float(seconds))
    return domains


def parse_free_memory(info: str) -> int | None:
    """MiB that are free, as `xl info` says; None when it does not."""
    for line in info.splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "free_memory" and value.strip().isdecimal():
            return int(value)
    return None


def first_complaint(output: str) -> str:
    """Why `xl create` failed: the first line that says so; the last is always that the domain was destroyed."""
    if match := _COMPLAINT.search(output):
        return match[1]
    return next((line.strip() for line in output.splitlines() if line.strip()), "it does not say why")
