# SPDX-License-Identifier: GPL-3.0-or-later
"""Put what boots a builder into P, the folder of --prefix: kernels, hypervisor, and ruckus_builder.env.

P/boot/ARCH has what the steps of ARCH have installed in /boot of its system, so no builder has to read $CLFS for it,
and nobody has to be root. Build directories with one P write side by side; of those for one architecture, the last
one's files are there. Beside them is that architecture's part of ruckus_builder.env, which is all parts together, and
what has to hold before builders start as Xen's guests (builder_env.sh).
"""

import filecmp
import os
import shlex
from collections.abc import Collection, Iterator
from pathlib import Path

from ruckus_aux.host.locks import held
from ruckus_aux.host.trees import remove
from ruckus_aux.host.writing import copy_new, make_durable_folder, settle, write_whole
from ruckus_aux.settings.settings import Settings
from ruckus_aux.settings.stamps import stamps
from ruckus_aux.storage.layout import builddir_of, prefix_of
from ruckus_aux.words.architecture import ARCHITECTURES
from ruckus_aux.words.paths import BOOT, BUILDER_ENV, HYPERVISOR, INVOKE, KERNEL

_PART = "builder.env"  # of ruckus_builder.env, in an architecture's folder
_CHECKS = Path(__file__).with_name("builder_env.sh")
_HEAD = """\
# What builders need of this folder, for a POSIX shell: . {path}
# Written by make; changes are lost.
"""


def publish(settings: Settings) -> None:
    """Bring an architecture's folder in P/boot, and ruckus_builder.env, up to date, and say what was changed."""
    files, folder = dict(_installed(settings)), settings.boot_files
    if not files and not folder.exists():
        return  # of a profile without a kernel
    make_durable_folder(folder)
    with held(folder.parent / ".lock", "the boot files", settings.builddir):
        changed = [name for name, path in files.items() if not _is_same(path, folder / name)]
        parts = [folder / f"{name}.part" for name in changed]
        try:
            for name, part in zip(changed, parts, strict=True):
                part.unlink(missing_ok=True)
                copy_new(files[name], part)
            for name, part in zip(changed, parts, strict=True):
                settle(part, folder / name)
        finally:
            for part in parts:  # of a full disk
                part.unlink(missing_ok=True)
        gone = sorted(name for name in os.listdir(folder) if name not in files and name != _PART)
        for name in gone:
            remove(folder / name)
        _replace(folder / _PART, _part(settings, files))
        _replace(settings.common / BUILDER_ENV, _environment(settings))
    if changed:
        print(f"  COPIED   to {folder}: {' '.join(changed)}")
    if gone:
        print(f"  REMOVED  from {folder}: {' '.join(gone)}")


def _installed(settings: Settings) -> Iterator[tuple[str, Path]]:
    """What steps have installed in the system's /boot, by name: its files, no links."""
    for stamp in stamps(settings):
        for path in sorted(stamp.root / name for name in stamp.files):
            if path.parent == settings.clfs / "boot" and path.is_file() and not path.is_symlink():
                yield path.name, path


def _is_same(path: Path, copy: Path) -> bool:
    return copy.is_file() and not copy.is_symlink() and filecmp.cmp(path, copy, shallow=False)


def _replace(path: Path, text: str) -> None:
    if not path.is_file() or path.read_text(encoding="utf-8", errors="replace") != text:
        write_whole(path, text, lasting=True)


def _assignments(values: dict[str, str | Path]) -> str:
    return "".join(f"{name}={shlex.quote(str(value))}\n" for name, value in values.items())


def _part(settings: Settings, files: Collection[str]) -> str:
    """What ruckus_builder.env says of one architecture."""
    folder, suffix = settings.boot_files, settings.arch.name.replace("-", "_")
    values: dict[str, str | Path] = {
        f"RUCKUS_BUILDDIR_{suffix}": settings.builddir,
        f"RUCKUS_CLFS_{suffix}": settings.clfs,
    }
    if KERNEL in files:
        values[f"RUCKUS_KERNEL_{suffix}"] = folder / KERNEL
    if HYPERVISOR in files:
        values |= {"RUCKUS_XEN": folder / HYPERVISOR, "RUCKUS_XEN_VERSION": settings.xen_version}
    return f"# {settings.arch.name}\n{_assignments(values)}"


def _environment(settings: Settings) -> str:
    """The whole of ruckus_builder.env: what is common, and the parts of all architectures."""
    path = settings.common / BUILDER_ENV
    parts = {arch: settings.common / BOOT / arch / _PART for arch in ARCHITECTURES}
    there = {arch: part.read_text(encoding="utf-8") for arch, part in parts.items() if part.is_file()}
    values: dict[str, str | Path] = {
        "RUCKUS_SRCDIR": settings.srcdir,
        "RUCKUS_PREFIX": settings.common,
        "RUCKUS_ARCHS": " ".join(there),
        "RUCKUS_NEXT": _next_command(settings, ",".join(there)),
    }
    checks = _CHECKS.read_text(encoding="utf-8").partition("\n\n")[2]
    return _HEAD.format(path=shlex.quote(str(path))) + _assignments(values) + "".join(there.values()) + checks


def _next_command(settings: Settings, archs: str) -> str:
    """What starts builders as Xen's guests; "" when P is not that of a build of several architectures."""
    folder = settings.common.parent
    if settings.prefix != prefix_of(folder) or settings.builddir != builddir_of(folder, settings.arch):
        return ""
    invoke = str(INVOKE) if INVOKE.exists() else "invoke"
    words = [f"--search-root={settings.srcdir}", "builder-start", f"--build-dir={folder}"]
    return shlex.join([invoke, *words, f"--arch-list={archs}", "--builder=xen"])
