# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine that does not run Xen yet: what has to be typed, with the paths that its boot loader knows."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from ruckus_aux.host import mounts
from ruckus_aux.runs import handover as module
from ruckus_aux.runs.handover import BootedHost, handover, this_machine
from ruckus_aux.settings.settings import Settings

COMMAND = "invoke build --until=stage2 --builder=xen"
MACHINE = BootedHost("6.1.0-9-amd64", "initrd.img-6.1.0-9-amd64", "root=/dev/mapper/vg-root ro quiet", "/boot", "a-b-c")


@pytest.fixture
def built(settings: Settings, tmp_path: Path) -> Settings:
    """A build directory that has built kernels and the hypervisor."""
    settings = replace(settings, prefix=tmp_path / "p q", xen_version="4.17")
    for arch in ("x86_64", "i686"):
        folder = settings.boot_files.with_name(arch)
        folder.mkdir(parents=True)
        (folder / "vmlinuz").touch()
    return settings


def boot_of(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mountinfo: str, release: str = "5.0") -> BootedHost:
    """This machine, with a /boot and file systems of our own."""
    (tmp_path / "boot").mkdir(exist_ok=True)
    (tmp_path / "mountinfo").write_text(mountinfo.replace("TMP", str(tmp_path)))
    monkeypatch.setattr(mounts, "MOUNTINFO", tmp_path / "mountinfo")
    monkeypatch.setattr(module, "_BOOT", tmp_path / "boot")
    monkeypatch.setattr(module, "_UUIDS", tmp_path / "uuids")
    monkeypatch.setattr(os, "uname", lambda: type("Uname", (), {"release": release}))
    return this_machine()


def test_the_entries_have_this_machines_kernel_and_words(built: Settings) -> None:
    text = "\n".join(handover(built, MACHINE, COMMAND))
    assert f"cp '{built.prefix}/boot/x86_64/xen.gz' /boot/xen-4.17-ruckus.gz\n" in text
    assert "search --no-floppy --fs-uuid --set=root a-b-c\n" in text
    assert "multiboot2 /boot/xen-4.17-ruckus.gz\n" in text
    assert "module2 /boot/vmlinuz-6.1.0-9-amd64 placeholder root=/dev/mapper/vg-root ro quiet\n" in text
    assert "module2 --nounzip /boot/initrd.img-6.1.0-9-amd64\n" in text
    kernel = "/boot/vmlinuz-6.1.0-9-amd64 root=/dev/mapper/vg-root ro quiet"
    assert f"APPEND /boot/xen-4.17-ruckus.gz --- {kernel} --- /boot/initrd.img-6.1.0-9-amd64\n" in text
    assert f". '{built.prefix}/ruckus_builder.env'\n  {COMMAND}\n" in text
    assert f"'{built.prefix}/boot/i686/vmlinuz' '{built.prefix}/boot/x86_64/vmlinuz'" in text


def test_a_machine_without_initrd_and_uuid(built: Settings) -> None:
    text = "\n".join(handover(built, replace(MACHINE, initrd="", uuid="", folder=""), COMMAND))
    assert "--nounzip" not in text and "search" not in text
    assert "multiboot2 /xen-4.17-ruckus.gz\n" in text
    assert text.count(" --- ") == 1


def test_a_kernel_that_is_not_in_boot_is_said(built: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(module, "_BOOT", tmp_path)
    note = "has no vmlinuz-6.1.0-9-amd64: use the kernel that this machine boots"
    assert note in "\n".join(handover(built, MACHINE, COMMAND))
    (tmp_path / "vmlinuz-6.1.0-9-amd64").touch()
    assert note not in "\n".join(handover(built, MACHINE, COMMAND))


@pytest.mark.parametrize(
    ("mountinfo", "folder"),
    [
        ("1 0 8:1 / / rw - ext4 /dev/sda1 rw", "TMP/boot"),
        ("1 0 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 8:2 / TMP/boot rw - ext4 /dev/sda2 rw", ""),
        ("1 0 0:30 /@ / rw - btrfs /dev/sda1 rw", "/@TMP/boot"),  # a subvolume
        ("", "TMP/boot"),
    ],
)
def test_boot_as_the_boot_loader_sees_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mountinfo: str, folder: str
) -> None:
    assert boot_of(monkeypatch, tmp_path, mountinfo).folder == folder.replace("TMP", str(tmp_path))


def test_the_file_system_is_found_by_its_uuid(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "uuids").mkdir()
    for name in ("sda1", "sda2"):
        (tmp_path / name).touch()
        (tmp_path / "uuids" / f"uuid-of-{name}").symlink_to(tmp_path / name)
    line = "1 0 8:1 / / rw - ext4 TMP/sda2 rw"
    assert boot_of(monkeypatch, tmp_path, line).uuid == "uuid-of-sda2"
    assert boot_of(monkeypatch, tmp_path, "1 0 0:9 / / rw - overlay overlay rw").uuid == ""


@pytest.mark.parametrize("name", ["initrd.img-5.0", "initramfs-5.0.img", "initrd-5.0", ""])
def test_the_initrd_of_each_distribution(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    (tmp_path / "boot").mkdir()
    (tmp_path / "boot" / "initrd.img-4.9").touch()  # another kernel's
    if name:
        (tmp_path / "boot" / name).touch()
    assert boot_of(monkeypatch, tmp_path, "").initrd == name
