# SPDX-License-Identifier: GPL-3.0-or-later
"""A final system on a disk of its own, put there as docs/installing.md says, and booted by its GRUB alone."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from journey import TOP

from ruckus_aux.host.commands import run
from ruckus_aux.settings.settings import load
from ruckus_aux.systems.qemu import accelerators, qemu_disk, qemu_machine, watch_machine

_MANUAL = TOP / "docs/installing.md"
_FIRMWARE = Path("/usr/share/ovmf/OVMF.fd")
_UP = " login: "
_SIZE = 3 << 30  # bytes
_PATIENCE = 900  # seconds, for a machine that is emulated

pytestmark = pytest.mark.skipif("RUCKUS_FINAL" not in os.environ, reason="needs a final system: RUCKUS_FINAL=BUILDDIR")


def documented() -> str:
    """The commands of docs/installing.md."""
    found = re.search(r"^## Onto a disk$.*?^```sh\n(.*?)^```$", _MANUAL.read_text(), re.MULTILINE | re.DOTALL)
    assert found
    return found[1]


def knows_fat() -> bool:
    """Whether this machine's kernel can mount the partition that EFI boots from."""
    if shutil.which("modprobe"):
        run(["modprobe", "--quiet", "vfat"], check=False)
    return "\tvfat\n" in Path("/proc/filesystems").read_text()


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A disk with the system."""
    build, folder = Path(os.environ["RUCKUS_FINAL"]).resolve(), tmp_path_factory.mktemp("disk")
    image, disk = build / "for-a-disk.ext4", folder / "disk"
    with disk.open("wb") as file:
        file.truncate(_SIZE)
    run(["runuser", "-u", build.owner(), "--", "./ruckus", "image", "--system=final", f"--output={image}"], cwd=build)
    _, loop = run(["losetup", "--show", "--find", "--partscan", disk])
    try:
        given = f"image={image} disk={loop.strip()} part={loop.strip()}p\n"
        script = given + documented().partition("\n")[2]
        script = script.replace("\nmkfs", "\npartx --update $disk\nmkfs", 1)  # for a kernel that knows no GPT
        if not knows_fat():
            script = re.sub(r"(?ms)^# For EFI.*?\n\n", "", script)
        (folder / "script").write_text(script)
        run(["unshare", "--mount", "bash", "-eux", folder / "script"])
    finally:
        run(["partx", "--delete", loop.strip()], check=False)
        run(["losetup", "--detach", loop.strip()])
        image.unlink()
    yield disk
    disk.unlink()


@pytest.mark.parametrize("firmware", ["bios", "efi"])
def test_it_boots_from_a_disk(disk: Path, tmp_path: Path, firmware: str) -> None:
    if firmware == "efi" and load(Path(os.environ["RUCKUS_FINAL"])).arch.main_abi.bits == "32":
        pytest.skip("i686 has GRUB for a BIOS only")
    if firmware == "efi" and not knows_fat():
        pytest.skip("this kernel has no FAT file system")
    console = tmp_path / "console"
    words = [*qemu_machine(accelerators()[-1], 1024), *qemu_disk(disk), "-device", "virtio-rng-pci", "-snapshot"]
    if firmware == "efi":
        words += ["-bios", str(_FIRMWARE)]
    said, _ = watch_machine(
        words, console, patience=_PATIENCE, is_enough=lambda: _UP in console.read_text(errors="replace")
    )
    assert _UP in said, said[-2000:]
    assert "Cross Linux From Scratch, for one user" in said, "GRUB's menu is not on the serial console"
