# SPDX-License-Identifier: GPL-3.0-or-later
"""The options and variables of configure: each is defined here, and nowhere else.

autoconf takes their declarations from here (m4/ruckus_options.m4 runs this module, with any python3). configure hands
over what was given, by `Option.key`; runs/configuration.py checks it. What it does not change stands in ruckus.conf as
it was given, under that name, and a field of Settings of that name reads it.
"""

from __future__ import annotations  # for a python3 of before 3.10

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Option:
    """An option or variable.

    name: as it is typed, after --with- or --enable-.
    help: for configure --help. What holds when it is not given is added, unless `default` can't say it.
    value: what its value is called; a switch, which is yes or no, has none.
    default: what holds when it is not given.
    off: what holds when it is switched off; None for the default.
    may_be_bare: whether it means something without a value, too.
    kind: "with", "enable", "variable", or "standard" for what every configure has, and ours explains otherwise.
    repeatable: whether it may be given several times, or once with colons between its paths.
    """

    name: str
    help: str
    value: str = ""
    default: str = ""
    off: str | None = None
    may_be_bare: bool = False
    kind: str = "with"
    repeatable: bool = False

    @property
    def key(self) -> str:
        """Its name in Python and in ruckus.conf."""
        return self.name.replace("-", "_")

    @property
    def is_switch(self) -> bool:
        """Whether it is yes or no."""
        return not self.value and self.kind in ("with", "enable")

    @property
    def shell(self) -> str:
        """The shell's variable that has what was given."""
        return f"{self.kind}_{self.key}" if self.kind in ("with", "enable") else self.name

    @property
    def usage(self) -> str:
        """How it is typed when it changes something."""
        if self.kind == "standard":
            return f"--{self.name}={self.value}"
        if self.is_switch and self.default == "yes":
            return f"--{'without' if self.kind == 'with' else 'disable'}-{self.name}"
        return f"--{self.kind}-{self.name}" + (f"={self.value}" if self.value else "")


OPTIONS = (
    Option(
        "arch",
        "architecture to build: i686, x86_64 (multilib), x86_64-64 (pure 64 bit)",
        value="ARCH",
        default="x86_64",
    ),
    Option("multilib", "with --with-arch=x86_64: the same as --with-arch=x86_64-64", default="yes", kind="enable"),
    Option(
        "profile",
        "what to build: tiny (kernel, busybox, glibc: boots), clfs (the book's temporary system: builds all else), "
        "final (that, and the book's whole system, built by it)",
        value="PROFILE",
        default="tiny",
    ),
    Option("hostprep-only", "build no more than the common host preparation", default="no"),
    Option(
        "isolation",
        "where steps run: bwrap (a sandbox; no root needed), none (the host, with /tools-... and /cross-tools-... as "
        "symbolic links), auto (bwrap where it works)",
        value="KIND",
        default="auto",
        off="none",
    ),
    Option(
        "prefix",
        "nothing is installed: DIR is the folder of a hostprep that build directories have in common, with their "
        "cache, and is kept when they go [default: each has its own]",
        value="DIR",
        default="NONE",
        kind="standard",
    ),
    Option(
        "cache",
        "downloaded sources and finished artifacts; build directories may share it [default: cache in the folder of "
        "--prefix, else BUILDROOT/cache]",
        value="DIR",
    ),
    Option(
        "sharing",
        "share no steps, sources or objects with other architectures, to measure what sharing saves",
        default="yes",
        kind="enable",
    ),
    Option(
        "mirror",
        "folder that is searched for upstream's tarballs first; may be given several times, or as DIR:DIR",
        value="DIR",
        repeatable=True,
    ),
    Option("MIRRORS", "more folders as of --with-mirror, separated by spaces", kind="variable"),
    Option(
        "debian-mirror",
        "Debian archive that is asked for source packages, instead of those in /etc/apt",
        value="URL",
    ),
    Option(
        "debian-suite",
        "release of Debian whose source packages are taken, such as sid [default: the manifest's]",
        value="SUITE",
    ),
    Option(
        "debian-snapshot",
        "where versions that Debian's archive no longer has are looked for",
        value="URL",
        default="https://snapshot.debian.org",
        off="",
    ),
    Option(
        "manifest",
        "versions, addresses and hashes of sources in place of those in packages/sources.toml, and new sources; may "
        "be given several times, or as FILE:FILE: the last one's entry for a source holds",
        value="FILE",
        repeatable=True,
    ),
    Option(
        "packages",
        "folder of your own recipes, patches and Kconfig fragments, laid over packages/; may be given several times, "
        "or as DIR:DIR: the last one is on top",
        value="DIR",
        repeatable=True,
    ),
    Option(
        "lock",
        "take only sources with the hashes that are in FILE, a sources-lock.json as make download writes it [without "
        "=FILE: the one in BUILDROOT]",
        value="FILE",
        may_be_bare=True,
    ),
    Option(
        "install-dev", "mounted block device that the system is built on; its mount point becomes CLFS", value="DEV"
    ),
    Option(
        "ruckus-dev",
        "block device that holds this source tree; builders, and `ruckus inspect`, get a snapshot of it for reading",
        value="DEV",
    ),
    Option("ruckus-path", "folder of this source tree on that device, from its root", value="PATH"),
    Option("ruckus-dev-snapshot", "existing snapshot of that device, to be lent instead of a new one", value="DEV"),
    Option(
        "stage2-auto",
        "builders build stage2 as soon as they have booted, and power off at the end; else somebody logs in there",
        default="no",
        kind="enable",
    ),
    Option("xen", "nothing of Xen: no hypervisor, and kernels that can't run under it", default="yes", kind="enable"),
    Option(
        "stage1-xen",
        "no Xen hypervisor; it is a part of the clfs profile for x86_64 and x86_64-64, and one of them builds it",
        default="yes",
    ),
    Option(
        "xen-version",
        "version of the hypervisor, such as 4.17, for another dom0 than this host [default: that of this host's Xen "
        "tools, or of its release]",
        value="VERSION",
    ),
    Option(
        "tests",
        "test suites that packages of the final system are tried with: none, critical (as the books call them), all",
        value="WHICH",
        default="none",
    ),
    Option("hostname", "name of the finished system [default: clfs-CLFS_ARCH_STRING]", value="NAME"),
    Option("timezone", "time zone of the finished system, such as Europe/Berlin", value="ZONE", default="UTC"),
    Option("locale", "language of the finished system, such as de_DE.UTF-8", value="LOCALE", default="C.UTF-8"),
    Option(
        "root-password-hash",
        "root's password in the finished system, as crypt(5) has it, in single quotes (openssl passwd -6 makes one) "
        "[default: none, and nobody logs in with one]",
        value="HASH",
    ),
    Option("authorized-key", "file of public keys that may log in as root with ssh", value="FILE"),
    Option("user", "an ordinary user of the finished system, who logs in with these keys, too", value="NAME"),
    Option("overlay", "folder of files that are laid over the finished system, last of all", value="DIR"),
    Option(
        "debug",
        "compile the final system with what debuggers read, in files of their own below /usr/lib/debug",
        default="no",
    ),
    Option("documentation", "no manuals and other documentation in images of the final system", default="yes"),
    Option(
        "translations",
        "languages whose translations images of the final system have: all, none, or some, such as de,pt_BR",
        value="LANGUAGES",
        default="all",
        off="none",
    ),
    Option(
        "PREFIX_CROSS",
        "prefix of the cross toolchain (default: /cross-tools-$CLFS_ARCH_STRING; in the CLFS book: /cross-tools)",
        kind="variable",
    ),
    Option(
        "PREFIX_TOOLS",
        "prefix of the temporary system (default: /tools-$CLFS_ARCH_STRING; in the CLFS book: /tools)",
        kind="variable",
    ),
    Option(
        "PREFIX_HOSTPREP",
        "prefix of what hostprep builds (default: /hostprep; without a sandbox: /hostprep-$CLFS_ARCH_STRING)",
        kind="variable",
    ),
    Option("BUILDROOT", "folder of everything that a build writes (default: the build directory)", kind="variable"),
    Option(
        "CLFS",
        "root of the system that is built (default: the mount point of --with-install-dev, else BUILDROOT/baby)",
        kind="variable",
    ),
    Option("CPUCOUNT", "jobs at a time (default: the processors that may be used)", kind="variable"),
    Option(
        "HOSTPREP_TOOLS",
        "tools that hostprep builds although the host may have them, of: m4 bison flex gawk bc elfutils",
        kind="variable",
    ),
)
VARIABLES = tuple(option.name for option in OPTIONS if option.kind == "variable")
_KNOWN = {(option.kind, option.name): option for option in OPTIONS}

# What is handed over when nothing is given: the options, and what configure adds.
USUAL = {
    **{option.key: option.default for option in OPTIONS},
    **dict.fromkeys(("machines", "unused", "unknown", "options"), ""),
}


def given_by(options: Sequence[str], srcdir: Path, builddir: Path) -> dict[str, str]:
    """What configure hands over when it is called with these options.

    Args:
        options: its own (--with, --enable and what switches these off, --prefix, variables); unknown ones do not count.
        srcdir: the source tree.
        builddir: where it is called.

    Returns:
        Values by their names, as `Configuration` takes them.
    """
    given = {**USUAL, "srcdir": str(srcdir), "builddir": str(builddir), "options": shlex.join(options)}
    for option, value in map(_read, options):
        if option is None:
            continue  # configure knows no such option, and says so
        earlier = given[option.key]
        more = option.repeatable and "no" not in (value, earlier or "no")
        given[option.key] = f"{earlier}:{value}" if more else value
    return given


def _read(word: str) -> tuple[Option | None, str]:
    """The option that a word of configure's command line is about, and the value that it gives."""
    name, separator, value = word.lstrip("-").partition("=")
    way, dash, rest = name.partition("-")
    kind = {"without": "with", "disable": "enable"}.get(way, way) if dash else "variable"
    option = _KNOWN.get((kind, rest)) or _KNOWN.get(("variable", name)) or _KNOWN.get(("standard", name))
    if kind != way and dash:
        return option, "no"
    return option, value if separator else "yes"


def without_value(given: Mapping[str, str]) -> list[Option]:
    """The options that want a value and have none: --with-user, or --with-user=$(a command that failed).

    given: What configure hands over. To autoconf, an empty value is that of an option that was not given; what was
        typed tells them apart.
    """
    empty = {option for option, value in map(_read, shlex.split(given["options"])) if not value}
    bare = {option for option in OPTIONS if given[option.key] == "yes" and not option.may_be_bare}
    return [option for option in OPTIONS if option.value and option in empty | bare]


def meant(given: Mapping[str, str]) -> dict[str, str]:
    """What configure hands over, with what holds in place of the "no" of an option that was switched off."""
    off = {option.key: option.default if option.off is None else option.off for option in OPTIONS if option.value}
    return {name: off.get(name, value) if value == "no" else value for name, value in given.items()}


def _declaration(option: Option) -> str:
    text = option.help
    text += f" [default={option.default}]" if option.value and option.default and option.kind == "with" else ""
    text = text.replace("[", "@<:@").replace("]", "@:>@")  # m4's own quotes
    if option.kind == "variable":
        return f"AC_ARG_VAR([{option.name}], [{text}])"
    usage = f"AS_HELP_STRING([{option.usage}], [{text}])"
    if option.kind == "standard":
        return f"m4_divert_text([HELP_WITH], [{usage}])"
    return f"AC_ARG_{option.kind.upper()}([{option.name}], [{usage}], [], [{option.shell}={option.default}])"


def declarations() -> str:
    """What autoconf needs: the declarations, and two macros: all values as NAME="VALUE", and the variables' names."""
    values = " ".join(f'{option.key}="${option.shell}"' for option in OPTIONS)
    return "\n".join(
        [
            *map(_declaration, OPTIONS),
            f"m4_define([RUCKUS_GIVEN], [{values}])",
            f"m4_define([RUCKUS_VARIABLES], [{' '.join(VARIABLES)}])",
        ]
    )


if __name__ == "__main__":
    print(declarations())
