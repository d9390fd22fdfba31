# SPDX-License-Identifier: GPL-3.0-or-later
"""Who holds a device: what uses it on this host, and the Xen domains that have it as a disk."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ruckus_aux.host.root import Root
from ruckus_aux.storage import commands
from ruckus_aux.storage.devices import Device, above, below, device, users
from ruckus_aux.words.errors import RuckusError

_XEN = Path("/proc/xen/capabilities")  # in dom0 it says control_d


def holders(access: Root, devices: Sequence[Device]) -> list[str]:
    """What uses devices, and the domains that hold them, one short text for each.

    Args:
        access: Who may list loop devices, and ask Xen.
        devices: Loop devices of one image, for instance.

    Raises:
        RuckusError: Xen does not answer.
    """
    return [
        *(user for dev in devices for user in users(access, dev)),
        *(f"it is held by Xen's {domain}" for dev in devices for domain in domains(access, dev)),
    ]


def is_dom0() -> bool:
    """Whether this is Xen's control domain."""
    try:
        return "control_d" in _XEN.read_text()
    except OSError:
        return False


def domains(access: Root, dev: Device) -> list[str]:
    """The Xen domains that hold a device, what is stacked on it, or what it is a part of, each with its mode.

    Args:
        access: Who may ask Xen.
        dev: The device.

    Returns:
        Texts such as "domain 3 (w)"; nothing where this is not dom0.

    Raises:
        RuckusError: Xen does not answer.
    """
    if not is_dom0():
        return []
    status, listing = access.ask(commands.xen_disks(), check=False)
    if status != 0:
        if "xs_directory" in listing and "No such file" in listing:
            return []  # no domain has ever had a device
        raise RuckusError("xenstore-ls does not tell which devices Xen's domains hold", listing.strip())
    numbers = {related.numbers for related in (dev, *above(access, dev), *below(dev))}
    return [f"domain {disk.domain} ({disk.mode})" for disk in parse_xen_disks(listing) if disk.numbers in numbers]


@dataclass(frozen=True)
class XenDisk:
    """A disk of a Xen domain: the domain's number, the device's numbers in dom0, and "r" or "w"."""

    domain: str
    numbers: str
    mode: str


def parse_xen_disks(listing: str) -> list[XenDisk]:
    """The disks in what xenstore-ls prints of /local/domain/0/backend: KIND/DOMAIN/DEVICE/KEY by indentation.

    Of every kind of backend: vbd, and qdisk that QEMU serves. One that has no numbers yet is known by its path.
    """
    disks: list[XenDisk] = []
    domain, values = "", {"": ""}
    for line in [*listing.splitlines(), ""]:
        name, _, value = line.strip().partition(" = ")
        depth = len(line) - len(line.lstrip(" "))
        if depth <= 2:
            numbers = _numbers(values)
            disks += [XenDisk(domain, numbers, values.get("mode", "w"))] if numbers else []
            values = {}
            domain = name if depth == 1 else domain
        elif depth == 3:
            values[name] = value.strip().strip('"')
    return disks


def _numbers(values: Mapping[str, str]) -> str:
    major, _, minor = values.get("physical-device", "").partition(":")
    try:
        if minor:
            return f"{int(major, 16)}:{int(minor, 16)}"
        return device(values.get("params", "").rpartition(":")[2]).numbers
    except (RuckusError, ValueError):
        return ""
