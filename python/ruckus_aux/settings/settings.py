# SPDX-License-Identifier: GPL-3.0-or-later
"""What configure decided, read back from the ruckus.conf that it writes into the build directory."""

import configparser
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, replace
from pathlib import Path
from typing import get_type_hints

from ruckus_aux.words.architecture import Architecture, architecture
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.paths import BOOT, CONF, FINAL, JOURNAL
from ruckus_aux.words.stage import Stage
from ruckus_aux.words.step_name import StepName


@dataclass(frozen=True)
class Settings:
    """One configured build directory; each field but `builddir` and `temporary` is a line of ruckus.conf.

    srcdir: this source tree.
    builddir: where configure ran.
    buildroot: BUILDROOT, the folder of everything that a build writes.
    clfs: CLFS, the root file system that is being built.
    cache: downloaded sources and stored artifacts; build directories may share it.
    prefix_cross, prefix_tools, prefix_hostprep: the absolute prefixes that steps see.
    isolation: "bwrap" or "none".
    cpucount: jobs at a time.
    mirrors: folders that are searched for sources first.
    debian_mirror, debian_suite: the archive and the release of Debian whose source packages are taken, when named.
    debian_snapshot: where old versions of them are looked for; "" for nowhere.
    manifests: files that are laid over the manifest of sources.
    packages: folders of recipes that are laid over those of the source tree, the last on top.
    lock: the lock file that sources have to agree with, when one was named.
    hostprep_tools: tools that the host lacks and hostprep builds.
    hostprep_only: build nothing else.
    install_dev: the device that $CLFS is on, when one was named.
    ruckus_dev: the device that this source tree is on, for builders; ruckus_dev_snapshot: what they get in its place;
        ruckus_path: the folder on it.
    sharing: whether architectures use each other's artifacts and objects.
    prefix: the folder of the hostprep that this build directory has in common with others, when one was named.
    xen: whether the system can be a guest and, for 64 bit, the control domain of Xen.
    xen_version: of the hypervisor that is built, such as "4.17"; "" for none.
    stage2_auto: whether builders build as soon as they have booted.
    tests: "none", "critical" or "all": which test suites packages of the final system are tried with.
    hostname, timezone, locale: of the finished system; the name is "" for the usual one.
    root_password_hash: "" for none. authorized_key: the file of public keys that may log in as root.
    user: an ordinary one of the finished system; "" for none.
    overlay: the folder that is laid over the finished system.
    debug: whether the final system is compiled for debuggers, too.
    documentation, translations: what images of it have; the latter are "all", "none", or languages, as "de,pt_BR".
    temporary: those of the system that has built this one, when this is the final one.
    """

    srcdir: Path
    builddir: Path
    buildroot: Path
    clfs: Path
    cache: Path
    arch: Architecture
    profile: str
    prefix_cross: str
    prefix_tools: str
    prefix_hostprep: str
    isolation: str
    cpucount: int
    mirrors: tuple[Path, ...] = ()
    debian_mirror: str = ""
    debian_suite: str = ""
    debian_snapshot: str = ""
    manifests: tuple[Path, ...] = ()
    packages: tuple[Path, ...] = ()
    lock: Path | None = None
    hostprep_tools: tuple[str, ...] = ()
    hostprep_only: bool = False
    install_dev: str = ""
    ruckus_dev: str = ""
    ruckus_dev_snapshot: str = ""
    ruckus_path: str = ""
    sharing: bool = True
    prefix: Path | None = None
    xen: bool = True
    xen_version: str = ""
    stage2_auto: bool = False
    tests: str = "none"
    hostname: str = ""
    timezone: str = "UTC"
    locale: str = "C.UTF-8"
    root_password_hash: str = ""
    authorized_key: Path | None = None
    user: str = ""
    overlay: Path | None = None
    debug: bool = False
    documentation: bool = True
    translations: str = "all"
    temporary: "Settings | None" = None

    @property
    def recipes(self) -> Path:
        """The folder of recipes."""
        return self.srcdir / "packages"

    @property
    def recipe_folders(self) -> tuple[Path, ...]:
        """All folders of recipes, the lowest first."""
        return (self.recipes, *self.packages)

    @property
    def sources(self) -> Path:
        """The folder of downloaded sources."""
        return self.cache / "sources"

    @property
    def common(self) -> Path:
        """P: the folder of what build directories have in common; without --prefix, this one's own."""
        return self.prefix or self.buildroot

    @property
    def boot_files(self) -> Path:
        """Where what boots this architecture is put."""
        return self.common / BOOT / self.arch.name

    @property
    def final(self) -> Path:
        """The root file system of the final system, which the one in $CLFS builds."""
        return self.buildroot / FINAL

    def of_final(self) -> "Settings":
        """These settings for the final system as the one that is looked at: its root is $CLFS, and its prefix /usr."""
        return replace(self, clfs=self.final, prefix_tools="/usr", temporary=self)

    @property
    def is_final(self) -> bool:
        """Whether these are `of_final`."""
        return self.temporary is not None

    @property
    def goal(self) -> str:
        """Make's goal that this system comes of."""
        return "final" if self.is_final else "bootstrap"

    @property
    def stamps(self) -> Path:
        """The folder of records of what is merged, which are make's targets."""
        return self.buildroot / "stamps"

    @property
    def journal(self) -> Path:
        """The SQLite file that records runs and steps."""
        return self.buildroot / JOURNAL

    @property
    def ccache(self) -> Path:
        """The folder of the objects that the host's compiler made, by family of steps, shared as the cache is."""
        return self.cache / "ccache"

    def work(self, step: str) -> Path:
        """The working folder of a step."""
        return self.buildroot / "work" / step

    def work_lock(self, step: StepName) -> Path:
        """The lock on a step's working folder, held by who uses it."""
        return self.buildroot / "work" / ".locks" / step.dotted

    def log(self, step: str) -> Path:
        """The log of a step."""
        return self.buildroot / "log" / f"{step}.log"

    def root(self, stage: Stage) -> Path:
        """Where a stage's artifacts are merged."""
        return {"buildroot": self.buildroot, "clfs": self.clfs, "final": self.final}[stage.root]

    def stage_prefix(self, stage: Stage) -> str:
        """The prefix that a stage's packages are configured for."""
        return {
            "hostprep": self.prefix_hostprep,
            "cross": self.prefix_cross,
            "tools": self.prefix_tools,
            "usr": "/usr",
        }[stage.prefix]

    @property
    def prefixes(self) -> dict[str, Path]:
        """The prefixes, each with the folder that it is in on disk."""
        return {self.prefix_cross: self.clfs, self.prefix_tools: self.clfs, self.prefix_hostprep: self.buildroot}


# What Python decides for ruckus.conf, under these names; configure adds the tools that hostprep builds, once it knows.
CONF_NAMES = tuple(
    item.name for item in fields(Settings) if item.name not in ("builddir", "hostprep_tools", "temporary")
)


def _value(kind: object, text: str) -> object:
    """What a setting's text stands for; the text itself, unless its type in Settings is another."""
    readers: dict[object, Callable[[str], object]] = {
        Path: Path,
        Path | None: lambda text: Path(text) if text else None,
        Architecture: architecture,
        int: int,
        bool: lambda text: text != "no",
        tuple[str, ...]: lambda text: tuple(text.split()),
        tuple[Path, ...]: lambda text: tuple(map(Path, text.split())),
    }
    return readers.get(kind, str)(text)


def settings_of(builddir: Path, texts: Mapping[str, str]) -> Settings:
    """The settings of a build directory.

    Args:
        builddir: The build directory.
        texts: What ruckus.conf says, or would say, by its names.

    What is not there was no option yet when configure ran, and is as if it had not been given.

    Raises:
        KeyError: A name is missing that every configure has written.
        ValueError: A text is not what its setting has.
    """
    kinds = get_type_hints(Settings)
    ever = [item.name for item in fields(Settings) if item.default is MISSING and item.name in CONF_NAMES]
    names = {*ever, *(name for name in (*CONF_NAMES, "hostprep_tools") if name in texts)}
    return Settings(builddir=builddir, **{name: _value(kinds[name], texts[name]) for name in names})  # type: ignore[arg-type]


def load(builddir: Path) -> Settings:
    """Read the settings of a build directory.

    Raises RuckusError when configure has not been run there, or wrote something that this version can't read.
    """
    path = builddir / CONF
    parser = configparser.ConfigParser(interpolation=None, delimiters=("=",), comment_prefixes=("#",))
    try:
        parser.read_string(path.read_text())
        return settings_of(builddir, parser["ruckus"])
    except FileNotFoundError as error:
        raise RuckusError(f"{path}: not found", "run configure in this directory first") from error
    except (configparser.Error, KeyError, ValueError) as error:
        raise RuckusError(f"{path}: {error}", "run ./config.status --recheck, or configure again") from error
