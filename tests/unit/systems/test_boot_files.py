# SPDX-License-Identifier: GPL-3.0-or-later
"""What boots a builder is copied to P/boot/ARCH, and ruckus_builder.env names it."""

import os
import shlex
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from pytest_subprocess import FakeProcess
from unit.samples import configured

from ruckus_aux.entry.cli import main
from ruckus_aux.settings.ownership import take_folders
from ruckus_aux.settings.settings import Settings, load
from ruckus_aux.settings.stamps import Stamp
from ruckus_aux.systems import boot_files
from ruckus_aux.systems.boot_files import publish
from ruckus_aux.words.architecture import ARCHITECTURES
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.step_name import StepName


def install(settings: Settings, **contents: str) -> None:
    """As if a step had installed these files in /boot: names without a suffix, .gz added to xen's."""
    names = {f"boot/{name}{'.gz' if name == 'xen' else ''}": text for name, text in contents.items()}
    for name, text in names.items():
        path = settings.clfs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    name = StepName(f"{settings.arch.name}/stage1/linux")
    stamp = Stamp(settings.stamps / f"{name}.key", name, "key", settings.clfs, (), {}, tuple(names))
    stamp.announce()
    stamp.complete()


def of(settings: Settings, arch: str, prefix: Path | None = None, **changes: str) -> Settings:
    """The settings of another build directory with the same P."""
    build = settings.builddir.with_name(arch)
    places = {"builddir": build, "buildroot": build, "clfs": build / "baby"}
    return replace(settings, arch=ARCHITECTURES[arch], prefix=prefix, **places, **changes)  # type: ignore[arg-type]


def sourced(fp: FakeProcess, settings: Settings, *names: str, times: int = 1) -> list[str]:
    """What variables are after sourcing ruckus_builder.env in a strict POSIX shell, whether or not Xen runs here."""
    fp.pass_command(["sh", fp.any()])
    file = shlex.quote(str(settings.common / "ruckus_builder.env"))
    values = " ".join(f'"${name}"' for name in names)
    script = f"set -eu; {f'. {file}; ' * times} printf '%s\\n' {values}"
    return subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout.splitlines()


def test_kernel_and_hypervisor_are_copied_and_named(settings: Settings, tmp_path: Path, fp: FakeProcess) -> None:
    settings = of(settings, "x86_64-64", tmp_path / "p", xen_version="4.17")
    install(settings, vmlinuz="kernel", config="CONFIG_XEN=y", xen="xen")
    publish(settings)
    folder = tmp_path / "p/boot/x86_64-64"
    assert sorted(os.listdir(folder)) == ["builder.env", "config", "vmlinuz", "xen.gz"]
    assert (folder / "vmlinuz").read_text() == "kernel"
    names = ("RUCKUS_ARCHS", "RUCKUS_KERNEL_x86_64_64", "RUCKUS_XEN", "RUCKUS_XEN_VERSION", "RUCKUS_PREFIX")
    expected = ["x86_64-64", f"{folder}/vmlinuz", f"{folder}/xen.gz", "4.17", f"{tmp_path}/p"]
    for times in (1, 2):  # the second time changes nothing
        assert sourced(fp, settings, *names, times=times) == expected
    places = ("RUCKUS_SRCDIR", "RUCKUS_BUILDDIR_x86_64_64", "RUCKUS_CLFS_x86_64_64")
    assert sourced(fp, settings, *places) == [str(settings.srcdir), str(settings.builddir), str(settings.clfs)]


def test_only_what_has_changed_is_written(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = replace(settings, prefix=tmp_path / "p")
    install(settings, vmlinuz="kernel", config="one")
    publish(settings)
    assert "config vmlinuz" in capsys.readouterr().out
    files = [path for path in (tmp_path / "p").rglob("*") if path.is_file() and path.name != ".lock"]
    before = {path: path.stat().st_ino for path in files}
    publish(settings)
    assert {path: path.stat().st_ino for path in files} == before
    assert capsys.readouterr().out == ""
    install(settings, vmlinuz="kernel", config="two")
    publish(settings)
    assert capsys.readouterr().out == f"  COPIED   to {settings.boot_files}: config\n"


def test_what_is_no_longer_built_goes(settings: Settings, capsys: pytest.CaptureFixture[str], fp: FakeProcess) -> None:
    install(settings, vmlinuz="kernel", xen="xen")
    publish(settings)
    assert settings.boot_files == settings.buildroot / "boot/x86_64"  # without --prefix, P is BUILDROOT
    fp.pass_command(["rm", "-rf", "--", fp.any()], occurrences=2)
    (settings.clfs / "boot/xen.gz").unlink()
    (settings.boot_files / "vmlinuz.part").write_text("of a run that was killed")
    install(settings, vmlinuz="kernel")
    publish(settings)
    assert sorted(os.listdir(settings.boot_files)) == ["builder.env", "vmlinuz"]
    assert f"  REMOVED  from {settings.boot_files}: vmlinuz.part xen.gz\n" in capsys.readouterr().out
    assert sourced(fp, settings, "{RUCKUS_XEN-none}") == ["none"]


def test_architectures_with_one_p_are_side_by_side(settings: Settings, tmp_path: Path, fp: FakeProcess) -> None:
    others = [of(settings, arch, tmp_path / "p") for arch in ("x86_64", "i686")]
    for one in others:
        install(one, vmlinuz=f"kernel of {one.arch.name}")
        publish(one)
    names = ("RUCKUS_ARCHS", "RUCKUS_KERNEL_i686", "RUCKUS_KERNEL_x86_64")
    archs, *kernels = sourced(fp, others[0], *names)
    assert archs == "i686 x86_64"
    assert [Path(kernel).read_text() for kernel in kernels] == ["kernel of i686", "kernel of x86_64"]
    for path in others[1].boot_files.iterdir():
        path.unlink()
    others[1].boot_files.rmdir()  # by hand; the next to write notices
    publish(others[0])
    assert sourced(fp, others[0], "RUCKUS_ARCHS") == ["x86_64"]


def test_hostile_paths_are_quoted(settings: Settings, tmp_path: Path, fp: FakeProcess) -> None:
    """configure refuses most of them, but not for ever."""
    hostile = tmp_path / 'it\'s $(touch x); `y` "z" \\'
    settings = of(settings, "i686", hostile / "p")
    settings = replace(settings, srcdir=hostile, clfs=hostile / "baby")
    install(settings, vmlinuz="kernel")
    publish(settings)
    names = ("RUCKUS_SRCDIR", "RUCKUS_KERNEL_i686", "RUCKUS_CLFS_i686")
    kernel = hostile / "p/boot/i686/vmlinuz"
    assert sourced(fp, settings, *names) == [str(hostile), str(kernel), f"{hostile}/baby"]


def test_a_full_disk_leaves_what_was_there(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    install(settings, vmlinuz="old", config="old")
    publish(settings)
    install(settings, vmlinuz="new", config="new")

    def full(source: Path, copy: Path) -> None:
        copy.write_text("ne")
        if source.name == "vmlinuz":
            raise OSError(28, "No space left on device", str(copy))

    monkeypatch.setattr(boot_files, "copy_new", full)
    with pytest.raises(OSError, match="No space left"):
        publish(settings)
    names = sorted(os.listdir(settings.boot_files))
    assert names == ["builder.env", "config", "vmlinuz"]
    assert {(settings.boot_files / name).read_text() for name in names[1:]} == {"old"}


def test_links_and_folders_in_boot_stay_where_they_are(settings: Settings) -> None:
    install(settings, vmlinuz="kernel", secret="s")
    (settings.clfs / "boot/secret").unlink()
    (settings.clfs / "boot/secret").symlink_to("/etc/passwd")
    publish(settings)
    assert sorted(os.listdir(settings.boot_files)) == ["builder.env", "vmlinuz"]


def test_a_system_without_a_kernel(settings: Settings, capsys: pytest.CaptureFixture[str], fp: FakeProcess) -> None:
    publish(settings)
    assert capsys.readouterr().out == ""
    assert not (settings.buildroot / "boot").exists()
    install(settings, initrd="only")
    publish(settings)
    assert sourced(fp, settings, "RUCKUS_ARCHS", "{RUCKUS_KERNEL_x86_64-none}") == ["x86_64", "none"]


def test_p_of_another_user_is_refused_before_anything_is_written(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(settings, prefix=tmp_path / "p")
    take_folders(settings)
    monkeypatch.setattr("os.geteuid", lambda: 54321)
    other = of(settings, "i686", tmp_path / "p")
    with pytest.raises(RuckusError, match=f"--prefix: {tmp_path}/p is the common hostprep of ") as caught:
        take_folders(other)
    assert "--prefix=FOLDER" in caught.value.hint


@pytest.mark.parametrize("name", ["boot", "ruckus_builder.env"])
def test_p_with_files_of_the_users_is_refused(settings: Settings, tmp_path: Path, name: str) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / name).mkdir()
    with pytest.raises(RuckusError, match=f"{name} is there already, and Ruckus did not make it"):
        take_folders(replace(settings, prefix=tmp_path / "p"))


def test_p_that_can_not_be_written_is_refused(settings: Settings, tmp_path: Path) -> None:
    settings = replace(settings, prefix=tmp_path / "p")
    take_folders(settings)
    (tmp_path / "p/boot").write_text("not a folder")
    with pytest.raises(RuckusError, match=r"--prefix: .*/p/boot is not a folder"):
        take_folders(settings)
    if os.geteuid() != 0:
        (tmp_path / "p/boot").unlink()
        (tmp_path / "p/boot").mkdir(mode=0o555)
        with pytest.raises(RuckusError, match=r"--prefix: .*: this user can't write to"):
            take_folders(settings)


def test_hostprep_alone_has_nothing_to_boot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    build = tmp_path / "b"
    build.mkdir()
    places = {"buildroot": str(build), "clfs": str(build / "baby"), "cache": str(build / "cache")}
    configured(build, **places, hostprep_only="yes")
    monkeypatch.setenv("RUCKUS_BUILDDIR", str(build))
    assert main(["boot-files"]) == 0
    assert capsys.readouterr().out == ""
    configured(build, **places)
    install(load(build), vmlinuz="kernel")
    assert main(["boot-files"]) == 0
    assert "COPIED" in capsys.readouterr().out
