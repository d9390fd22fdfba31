# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hypervisor is built, if any: `xl` speaks an interface that belongs to one minor version of Xen.

So it is the version of this host's Xen tools, or of those that its release has. The manifest has an entry for each
version that can be built, such as xen-4.17.
"""

import re
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from ruckus_aux.recipes.manifest import Source, read_manifest
from ruckus_aux.recipes.overlay import Overlay
from ruckus_aux.sources.debian import own_release
from ruckus_aux.words.architecture import Architecture, architecture
from ruckus_aux.words.errors import RuckusError

XEN_STEP = "stage1/xen"
_ENTRY = re.compile(r"xen-(\d+\.\d+)")
_LIBRARY = re.compile(rb"libxenlight\.so\.(\d+\.\d+)")  # what xl is linked with has the version of its interface
_TOOLS = Path("/usr/lib")  # below it, Debian has the tools of several versions side by side
_RUNNING = Path("/sys/hypervisor")


def decided(given: Mapping[str, str], answers: Mapping[str, str]) -> dict[str, str]:
    """What configure answers: the version, "" for none, and a text that says why.

    Args:
        given: What it was given.
        answers: What it has decided so far: the architecture, and where manifests, profiles and the cache are.

    Raises:
        RuckusError: The manifest has no such version.
    """
    overlay = Overlay([Path(given["srcdir"]) / "packages", *map(Path, answers.get("ruckus_packages", "").split())])
    steps = overlay.profile(given["profile"])
    reason = _why_none(given, architecture(answers["ruckus_arch"]), steps)
    version = why = ""
    if given["xen_version"] or not reason:  # a wrong version is a mistake in any case
        manifests = [*overlay.manifests(), *map(Path, answers.get("ruckus_manifests", "").split())]
        sources = read_manifest(overlay.folders[0] / "sources.toml", Path(answers["ruckus_cache"]), manifests)
        version, why = version_of(given["xen_version"], sources, own_release())
    if reason:
        return {"ruckus_xen_version": "", "ruckus_xen_text": f"none: {reason}"}
    return {"ruckus_xen_version": version, "ruckus_xen_text": f"Xen {version}, {why}"}


def _why_none(given: Mapping[str, str], arch: Architecture, profile: Iterable[str]) -> str:
    """Why a build directory builds no hypervisor; "" when it builds one.

    Args:
        given: What configure was given.
        arch: Its architecture.
        profile: The steps that its profile lists.
    """
    if given["xen"] == "no":
        return "--disable-xen"
    if given["stage1_xen"] == "no":
        return "--without-stage1-xen"
    if arch.main_abi.bits != "64":
        return f"Xen is 64-bit, and {arch.name} is not"
    return "" if XEN_STEP in profile else f"not in the profile '{given['profile']}'"


def version_of(asked: str, sources: Mapping[str, Source], release: str) -> tuple[str, str]:
    """The version of the hypervisor.

    Args:
        asked: What --with-xen-version was given, or "".
        sources: The manifest.
        release: The code name of this host's release of Debian, or "".

    Returns:
        The version, such as "4.17", and why it is that one.

    Raises:
        RuckusError: The manifest does not have the version that was asked for, or that this host's tools speak to.
    """
    known = {match[1]: source for name, source in sources.items() if (match := _ENTRY.fullmatch(name))}
    tools = installed_tools()
    if asked:
        version, why = asked, "as asked for"
    elif tools:
        version = running() if running() in tools else max(tools, key=_number)
        why = f"that {tools[version]} speaks to"
    else:
        of_release = [one for one, source in known.items() if source.debian and source.debian.release == release]
        version = max(of_release or known, key=_number, default="")
        why = f"as Debian {release} has it" if of_release else "the newest that the manifest has"
        why += ": this host has no Xen tools"
    if version not in known:
        named = f"{tools[version]} speaks to Xen {version}: " if tools and not asked else ""
        named = f"--with-xen-version={asked}: " if asked else named
        raise RuckusError(
            f"{named}the manifest has no hypervisor of that version, but {' and '.join(sorted(known)) or 'none'}",
            f'add it: --with-manifest=FILE with an entry ["xen-{version or "4.17"}"]; build one for another dom0:\n'
            "--with-xen-version=VERSION; or build none: --without-stage1-xen",
        )
    return version, why


def _number(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


def installed_tools() -> dict[str, Path]:
    """The `xl` programs of this host, by the versions of Xen that they speak to."""
    found = shutil.which("xl", path="/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin")
    programs = [*_TOOLS.glob("xen-*/bin/xl"), *([Path(found)] if found else [])]
    tools = {}
    for program in programs:
        with suppress(OSError):
            if match := _LIBRARY.search(program.read_bytes()):
                tools[match[1].decode()] = program
    return tools


def running() -> str:
    """The version of the Xen that this host runs under, as dom0 or as a guest; "" for none."""
    with suppress(OSError):
        if (_RUNNING / "type").read_text().strip() == "xen":
            return ".".join((_RUNNING / "version" / name).read_text().strip() for name in ("major", "minor"))
    return ""
