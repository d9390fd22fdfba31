# SPDX-License-Identifier: GPL-3.0-or-later
"""The values that configure is given: every one is checked, and what follows from them is decided.

Every mistake is reported, not only the first, and each with the way out.
"""

import os
import re
import shutil
from collections.abc import Callable, Mapping
from functools import partial
from itertools import combinations
from pathlib import Path

from ruckus_aux.host.folders import absolute, check_readable, check_runnable, check_space, within
from ruckus_aux.host.limits import processors
from ruckus_aux.recipes.lockfile import read_lockfile
from ruckus_aux.recipes.manifest import read_entries
from ruckus_aux.runs import finished, hypervisor
from ruckus_aux.runs.places import check_apart, check_only_read, check_own_folder, writable_mount
from ruckus_aux.settings.options import OPTIONS, meant, without_value
from ruckus_aux.settings.ownership import check_own_cache, check_own_prefix
from ruckus_aux.settings.settings import CONF_NAMES
from ruckus_aux.sources.debian import own_release
from ruckus_aux.steps import isolation
from ruckus_aux.steps.kinds import KINDS
from ruckus_aux.storage.devices import device as block_device
from ruckus_aux.words import paths
from ruckus_aux.words.architecture import ARCHITECTURES, architecture
from ruckus_aux.words.errors import Mistakes, RuckusError, of_the_system
from ruckus_aux.words.paths import BUILDDIR_NAMES, BUILDROOT_NAMES, CACHE_NAMES, JOURNAL, PREFIX_NAMES, SOURCES_LOCK

TESTS = ("none", "critical", "all")
# Profiles, and the bytes that each takes at most; 3.3e9 are the toolchain's and the kernel's sources, unpacked.
PROFILES = {"tiny": 4.2e9, "clfs": 5.6e9, "final": 9e9}
_HOSTPREP_SPACE = 0.5e9
MOST_CPUS = 4096
_BOOT = {"qemu-system-x86_64": "qemu-system-x86", "mke2fs": "e2fsprogs"}  # and the packages that they are in
_SOURCE_NAMES = (".git", "build-aux", "docs", "m4", "packages", "python", "tests")
_ARCHIVE = re.compile(r"(\[[^]\n]*\] )?[a-z+]+:/\S+")  # as in sources.list(5): options, and the address
PREFIXES = ("PREFIX_CROSS", "PREFIX_TOOLS", "PREFIX_HOSTPREP")


def prefix_path(name: str, value: str, srcdir: str) -> str:
    """The path that a prefix is given as.

    Args:
        name: The variable.
        value: What was given.
        srcdir: The source tree, which it must not be in.

    Raises:
        RuckusError: It can't be a prefix.
    """
    path = absolute(name, value)
    if within(path, srcdir) or within(srcdir, path):
        raise RuckusError(f"{name}: '{path}' is inside the source tree {srcdir}", "choose one outside of it")
    if any(within(path, taken) for taken in paths.RESERVED):
        raise RuckusError(f"{name}: '{path}' is a directory of the host", f"choose another, such as /opt{path}")
    return path


def default_prefixes(string: str, *, links: bool) -> dict[str, str]:
    """The prefixes of an architecture, by the variables that change them.

    Args:
        string: its CLFS_ARCH_STRING.
        links: whether they are links on the host: that of hostprep, too, can lead to one place only.
    """
    hostprep = f"/hostprep-{string}" if links else "/hostprep"
    return dict(zip(PREFIXES, (f"/cross-tools-{string}", f"/tools-{string}", hostprep), strict=True))


class Configuration:
    """The values given to configure, checked one by one; self.answers is what configure substitutes."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self.given = meant(given)
        self.mistakes = Mistakes()
        self.notes: list[str] = []
        self.answers: dict[str, str] = {}
        self.taken: set[str] = set()  # paths that something is written to
        self.written: set[str] = set()  # of these, what is Ruckus's own
        self.workplace = KINDS["bwrap"]
        self.fault: isolation.Fault | None = None  # why it is another
        self.prepared = True  # see check

    def check(self, *, prepared: bool = True) -> None:
        """Check everything; mistakes are in self.mistakes afterwards.

        prepared: whether the volumes and links that steps need must be there already.
        """
        self.prepared = prepared
        checks: tuple[Callable[[], None], ...] = (
            self._values,
            self._architecture,
            self._profile,
            self._tests,
            self._switches,
            self._numbers,
            self._devices,
            self._folders,
            self._mirrors,
            self._debian,
            self._snapshot,
            self._manifests,
            self._packages,
            self._lock,
            self._xen,
            self._finished,
            self._isolation,
            self._prefixes,
            self._symlinks,
            self._programs,
            self._boot,
            self._without_effect,
        )
        for check in checks:
            self._attempt(check)

    def values(self) -> dict[str, str]:
        """What was decided, and every other value as it was given, by the names of ruckus.conf."""
        decided = {name.removeprefix("ruckus_").lower(): value for name, value in self.answers.items()}
        return {name.lower(): value for name, value in self.given.items()} | decided

    def conf(self) -> str:
        """The lines of ruckus.conf."""
        values = self.values()
        return "\n".join(f"{name} = {values[name]}" for name in CONF_NAMES)

    def _attempt(self, check: Callable[[], object], option: str = "") -> bool:
        """Collect what ends a check; returns whether nothing did.

        option: what names the mistake when it is an error of the system.
        """
        before = len(self.mistakes.errors)
        with self.mistakes.collected():
            try:
                check()
            except OSError as error:  # a disk that is full, say
                raise of_the_system(error, option) from error
        return len(self.mistakes.errors) == before

    def _paths(self, option: str, text: str, check: Callable[[str, Path], object]) -> list[str]:
        """The paths that a repeatable option was given, as absolute ones, but for those with mistakes."""
        found = []

        def take(word: str) -> None:
            path = absolute(option, word)
            check(option, Path(path))
            found.append(path)

        for word in filter(None, re.split(r"[:\s]+", text)):
            self._attempt(partial(take, word), option)
        return found

    def _values(self) -> None:
        """Of an option that has no value, the default is what the other checks see."""
        for option in without_value(self.given):
            name = option.usage.partition("=")[0]
            self.mistakes.add(f"{name}: no value is given", f"give one, {option.usage}, or leave the option out")
            self.given[option.key] = option.default

    def _architecture(self) -> None:
        if machines := list(dict.fromkeys(self.given["machines"].split())):
            raise RuckusError(
                f"{' '.join(machines)}: --build, --host, --target and a name alone do not choose what is built",
                f"give one of: {', '.join(f'--with-arch={name}' for name in ARCHITECTURES)}",
            )
        arch = architecture(self.given["arch"], multilib=self.given["multilib"] != "no")
        self.answers |= {"ruckus_arch": arch.name, "CLFS_ARCH_STRING": arch.string, "CLFS_TARGET": arch.target}

    def _profile(self) -> None:
        profile = self.given["profile"]
        if profile not in PROFILES:
            raise RuckusError(f"unknown profile '{profile}'", f"choose one of: {', '.join(PROFILES)}")
        self.answers["ruckus_profile"] = profile

    def _tests(self) -> None:
        if self.given["tests"] not in TESTS:
            raise RuckusError(
                f"--with-tests={self.given['tests']}: no such choice", f"choose one of: {', '.join(TESTS)}"
            )

    def _switches(self) -> None:
        given = {option.name: self.given[option.key] for option in OPTIONS if option.is_switch}
        wrong = [f"{name}={value}" for name, value in given.items() if value not in ("yes", "no")]
        if wrong:
            raise RuckusError(f"neither yes nor no: {', '.join(wrong)}", "leave the value out, or give yes or no")
        self.answers["ruckus_hostprep_only"] = only = self.given["hostprep_only"]
        goal = "final" if self.given["profile"] == "final" else "bootstrap"
        self.answers["ruckus_goal"] = goal if only == "no" else "hostprep"

    def _numbers(self) -> None:
        value = self.given["CPUCOUNT"] or str(processors())
        if len(value) > 9 or not value.isdecimal() or not 1 <= int(value) <= MOST_CPUS:
            raise RuckusError(f"CPUCOUNT: '{value}' is not a number from 1 to {MOST_CPUS}", "for instance: CPUCOUNT=4")
        self.answers["CPUCOUNT"] = str(int(value))

    def _devices(self) -> None:
        self.mount_point = ""
        numbers: dict[str, str] = {}
        for option in ("install_dev", "ruckus_dev", "ruckus_dev_snapshot"):
            name = f"--with-{option.replace('_', '-')}"
            if self.given[option]:
                self._attempt(partial(self._device, name, self.given[option], numbers), name)
        if self.given["ruckus_dev_snapshot"] and not self.given["ruckus_dev"]:
            self.mistakes.add(
                "--with-ruckus-dev-snapshot needs --with-ruckus-dev", "give it as well: --with-ruckus-dev=DEV"
            )
        if path := self.given["ruckus_path"]:
            absolute("--with-ruckus-path", path)

    def _device(self, option: str, device: str, numbers: dict[str, str]) -> None:
        found = block_device(device, option).numbers
        if option == "--with-install-dev":
            self.mount_point = writable_mount(device, found)
        if same := next((other for other, its in numbers.items() if its == found), ""):
            raise RuckusError(
                f"{option}: {device} is the device of {same}, too",
                "the system, the source tree and a snapshot are three",
            )
        numbers[option] = found

    def _folders(self) -> None:
        srcdir, builddir = (absolute(name, self.given[name]) for name in ("srcdir", "builddir"))
        typed = {"BUILDROOT": self.given["BUILDROOT"], "CLFS": self.given["CLFS"], "--with-cache": self.given["cache"]}
        typed["--prefix"] = "" if self.given["prefix"] == "NONE" else self.given["prefix"]
        well = [self._attempt(partial(absolute, name, path)) for name, path in typed.items() if path]
        if not all(well):
            return
        buildroot = absolute("BUILDROOT", typed["BUILDROOT"] or builddir)
        prefix = absolute("--prefix", typed["--prefix"]) if typed["--prefix"] else ""
        clfs = absolute("CLFS", typed["CLFS"] or self.mount_point or f"{buildroot}/baby")
        cache = absolute("--with-cache", typed["--with-cache"] or f"{prefix or buildroot}/cache")
        places = {
            "BUILDROOT": buildroot,
            "CLFS": clfs,
            **({"--prefix": prefix} if prefix else {}),
            "--with-cache": cache,
        }
        well = [self._attempt(partial(check_own_folder, name, path, srcdir)) for name, path in places.items()]
        if not all(well):
            return
        check_own_cache(Path(cache))
        if prefix:
            check_own_prefix(Path(prefix))
        names = {"BUILDROOT": BUILDROOT_NAMES, "--prefix": PREFIX_NAMES, "--with-cache": CACHE_NAMES}
        written = {name: {f"{places[name]}/{one}" for one in names[name]} for name in places if name != "CLFS"}
        written["builddir"] = {f"{builddir}/{one}" for one in BUILDDIR_NAMES}
        check_apart(places, written)
        self.written = set().union(*written.values())
        self.taken = {builddir, *places.values(), *self.written, *(f"{srcdir}/{name}" for name in _SOURCE_NAMES)}
        self.answers |= {"ruckus_srcdir": srcdir, "ruckus_prefix": prefix}
        self.answers |= {"BUILDROOT": buildroot, "CLFS": clfs, "ruckus_cache": cache}
        if self.prepared and not (Path(buildroot) / JOURNAL).exists():
            space = (
                _HOSTPREP_SPACE if self.given["hostprep_only"] == "yes" else PROFILES.get(self.given["profile"], 0.0)
            )
            check_space("BUILDROOT", Path(buildroot), space)

    def _mirrors(self) -> None:
        mirrors = self._paths("--with-mirror", self.given["mirror"], check_readable)
        mirrors += self._paths("MIRRORS", self.given["MIRRORS"], check_readable)
        self.answers["ruckus_mirrors"] = " ".join(mirrors)

    def _debian(self) -> None:
        mirror, suite = (self.given[name] for name in ("debian_mirror", "debian_suite"))
        if mirror and not _ARCHIVE.fullmatch(mirror):
            self.mistakes.add(
                f"--with-debian-mirror: '{mirror}' is not an address", "for instance: https://deb.debian.org/debian"
            )
        if suite and not re.fullmatch(r"[a-z][A-Za-z0-9_./-]*", suite):
            raise RuckusError(f"--with-debian-suite: '{suite}' is not a release's name", "for instance: trixie, or sid")
        if suite and not mirror and not own_release():
            raise RuckusError(
                "--with-debian-suite: this host is not Debian, so its archives don't have that",
                "name one that has: --with-debian-mirror=https://deb.debian.org/debian",
            )

    def _snapshot(self) -> None:
        address = self.given["debian_snapshot"]
        if address and not re.fullmatch(r"https?://\S+", address):
            raise RuckusError(
                f"--with-debian-snapshot: '{address}' is not an address", "for instance: https://snapshot.debian.org"
            )

    def _manifests(self) -> None:
        manifests = self._paths("--with-manifest", self.given["manifest"], lambda _, path: read_entries(path))
        self.answers["ruckus_manifests"] = " ".join(manifests)

    def _packages(self) -> None:
        folders = self._paths("--with-packages", self.given["packages"], check_readable)
        self.answers["ruckus_packages"] = " ".join(folders)

    def _lock(self) -> None:
        self.answers["ruckus_lock"] = lock = self.given["lock"]
        if lock == "yes" and "BUILDROOT" in self.answers:
            lock = f"{self.answers['BUILDROOT']}/{SOURCES_LOCK}"
        if lock:
            self.answers["ruckus_lock"] = absolute("--with-lock", lock)
            read_lockfile(Path(lock))

    def _xen(self) -> None:
        if {"ruckus_arch", "ruckus_cache"} <= self.answers.keys():
            self.answers |= hypervisor.decided(self.given, self.answers)

    def _finished(self) -> None:
        for name in finished.CHECKS:
            self._attempt(partial(self._of_finished, name), f"--with-{name.replace('_', '-')}")
        self._attempt(self._overlay, "--with-overlay")
        values = self.values()
        self.answers["ruckus_finished"] = ""
        if values["profile"] == "final" and not self.mistakes.errors:
            self.answers["ruckus_finished"] = "".join(f"\n  {line}" for line in finished.summary(values))
        elif unused := finished.without_effect(values):
            self.notes.append(f"the final profile alone has use for {' '.join(unused)}")

    def _of_finished(self, name: str) -> None:
        self.answers[f"ruckus_{name}"] = finished.CHECKS[name](self.given[name])

    def _overlay(self) -> None:
        if folder := self.answers.get("ruckus_overlay"):
            check_only_read("--with-overlay", folder, self.taken, self.written)
            finished.check_overlay(folder, self.answers.get("ruckus_user", ""))

    def _prefixes(self) -> None:
        string = self.answers.get("CLFS_ARCH_STRING", "unknown")
        for name, default in default_prefixes(string, links=self.workplace.links).items():
            self._attempt(partial(self._prefix, name, default))
        for name, other in combinations([name for name in PREFIXES if name in self.answers], 2):
            one, two = self.answers[name], self.answers[other]
            if within(one, two) or within(two, one):
                raise RuckusError(
                    f"{name} '{one}' and {other} '{two}' collide", "give each a directory that is not inside the other"
                )

    def _prefix(self, name: str, default: str) -> None:
        self.answers[name] = prefix = prefix_path(name, self.given[name] or default, self.given["srcdir"])
        root = self.answers.get("BUILDROOT" if name == "PREFIX_HOSTPREP" else "CLFS", "/")
        path = f"{root}{prefix}"
        for taken in sorted(self.taken):
            if not within(root, taken) and (within(path, taken) or within(taken, path)):
                raise RuckusError(f"{name}: '{prefix}' is {path} on disk, and {taken} is in use", "choose another path")

    def _isolation(self) -> None:
        wish = self.given["isolation"]
        if wish not in (known := ("auto", *KINDS)):
            raise RuckusError(f"--with-isolation: unknown kind '{wish}'", f"choose one of: {', '.join(known)}")
        if wish == "bwrap" and (fault := isolation.fault()):
            way_out = [fault.cure] if fault.cure else []
            raise RuckusError(
                f"--with-isolation=bwrap: {fault}", "\n".join([*way_out, "or configure --with-isolation=none"])
            )
        kind, self.fault = isolation.choose(wish)
        self.workplace = KINDS[kind]
        self.answers["ruckus_isolation"] = kind
        self.answers["ruckus_isolation_text"] = self.workplace.title
        self.notes += self.fault.lines() if self.fault else []
        self.notes += self.workplace.notes(sharing=self.given["sharing"] == "yes")

    def _symlinks(self) -> None:
        """Without a sandbox, the prefixes must lead into $CLFS and $BUILDROOT, as in the CLFS book."""
        answered = all(name in self.answers for name in (*PREFIXES, "CLFS"))
        if not (self.prepared and self.workplace.links and answered):
            return
        missing = []
        for name in PREFIXES:
            prefix = self.answers[name]
            root = self.answers["BUILDROOT" if name == "PREFIX_HOSTPREP" else "CLFS"]
            if os.path.realpath(prefix) == os.path.realpath(root + prefix):
                continue
            if os.path.exists(prefix):
                raise RuckusError(
                    f"{name}: {prefix} leads to {os.path.realpath(prefix)}, and would have to lead to {root}{prefix}",
                    f"if another build uses it, give this one its own, such as {name}={prefix}-2; else remove it",
                )
            missing.append(f"ln -sfn {root}{prefix} {prefix}")
        if missing:
            why = self.fault.lines() if self.fault else []
            raise RuckusError(
                "without a sandbox, steps find their prefixes through symbolic links, which are not there",
                "\n".join([*why, "as root, run:", *(f"  {command}" for command in missing)]),
            )

    def _boot(self) -> None:
        path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"  # where boot.py looks
        missing = {program: package for program, package in _BOOT.items() if shutil.which(program, path=path) is None}
        if missing and self.given["hostprep_only"] == "no":
            packages = " ".join(missing.values())
            self.notes.append(f"make boot will need {', '.join(missing)}; on Debian: apt-get install {packages}")

    def _programs(self) -> None:
        """Steps and ./ruckus run programs in these folders."""
        if not self.prepared or "BUILDROOT" not in self.answers:
            return
        places = {"BUILDROOT": self.answers["BUILDROOT"], "the build directory": self.given["builddir"]}
        places["--with-cache"] = self.answers["ruckus_cache"]
        if self.workplace.links:
            places["CLFS"] = self.answers["CLFS"]
        for name, path in places.items():
            check_runnable(name, Path(path))

    def _without_effect(self) -> None:
        """What autoconf takes without a word."""
        if self.given["unused"]:
            self.notes.append(
                f"nothing is installed, so these have no effect: {' '.join(self.given['unused'].split())}"
            )
        if self.given["unknown"]:
            self.notes.append(f"unknown, and without effect: {self.given['unknown']}")
