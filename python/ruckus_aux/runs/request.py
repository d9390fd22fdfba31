# SPDX-License-Identifier: GPL-3.0-or-later
"""What `invoke build` is asked for, and the commands that do it, as --dry-run prints them."""

import os
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from ruckus_aux.host import gnumake
from ruckus_aux.host.commands import user_name
from ruckus_aux.host.limits import processors
from ruckus_aux.host.links import missing_links
from ruckus_aux.host.root import Command, as_root
from ruckus_aux.recipes.load import evaluate
from ruckus_aux.runs.configuration import MOST_CPUS, PROFILES, Configuration, default_prefixes
from ruckus_aux.settings.options import USUAL, VARIABLES, given_by, meant
from ruckus_aux.settings.ownership import check_build_folder
from ruckus_aux.settings.settings import Settings, load, settings_of
from ruckus_aux.steps import isolation
from ruckus_aux.steps.chroot import check_machine
from ruckus_aux.steps.kinds import KINDS
from ruckus_aux.steps.workplace import Workplace
from ruckus_aux.storage.layout import FOLDERS, Layout, cache_of, prefix_of, volume_name
from ruckus_aux.words.architecture import ARCHITECTURES, Architecture
from ruckus_aux.words.errors import Mistakes, RuckusError
from ruckus_aux.words.hints import invoke_command
from ruckus_aux.words.paths import BUILDDIR, CONF, GRAPH, SOURCES_LOCK
from ruckus_aux.words.stage import STAGES, UNTIL, Stage
from ruckus_aux.words.step_name import StepName
from ruckus_aux.words.terminal import MB, readable_size, size_in_bytes

# What configure builds from. Other options of its end it (--help), mean nothing here (--bindir) or are the build's own.
_VARIABLE = "|".join(VARIABLES)
_CHOICE = re.compile(rf"(--(with|without|enable|disable)-(?P<choice>[^=]+)|(?P<variable>{_VARIABLE})=).*", re.DOTALL)
_OURS = ("BUILDROOT", "CLFS", "CPUCOUNT", "arch", "cache", "profile", "multilib", "option-checking")
BUILDERS = ("chroot", "qemu", "xen")  # where a system builds by itself: on this machine, or on one of its own
_FILE_SYSTEM = 1.2  # how much larger a volume is than the files on it: inodes, journal, what is reserved for root


def arch_list(text: str) -> tuple[Architecture, ...]:
    """The architectures of an --arch-list; RuckusError names every entry that is unknown, repeated or empty."""
    names = [name.strip() for name in text.split(",")]
    unknown = sorted({f"'{name}'" for name in names if name and name not in ARCHITECTURES})
    repeated = sorted({f"'{name}'" for name in names if name and names.count(name) > 1})
    wrong = [f"unknown: {', '.join(unknown)}"] if unknown else []
    wrong += [f"repeated: {', '.join(repeated)}"] if repeated else []
    wrong += ["an empty entry"] if "" in names else []
    if wrong:
        raise RuckusError(f"--arch-list={text}: {'; '.join(wrong)}", f"choose of: {','.join(ARCHITECTURES)}")
    return tuple(ARCHITECTURES[name] for name in names)


def number_of_jobs(text: str) -> int:
    """What --jobs stands for: a number, or that of the processors that may be used; RuckusError when it is none."""
    if not text:
        return processors()
    if len(text) > 9 or not text.isdecimal() or not 1 <= int(text) <= MOST_CPUS:
        raise RuckusError(f"--jobs={text}: not a number from 1 to {MOST_CPUS}", "for instance: --jobs=4")
    return int(text)


def stages_until(until: str) -> list[Stage]:
    """The stages that are built, in order: none, when the build ends before the first.

    Raises RuckusError when no build ends there.
    """
    if until not in UNTIL:
        raise RuckusError(f"--until={until}: a build does not end there", f"choose one of: {', '.join(UNTIL)}")
    return [stage for stage in STAGES.values() if UNTIL.index(stage.until) <= UNTIL.index(until)]


def check_profile(profile: str) -> None:
    """Raise RuckusError when there is no such profile."""
    if profile not in PROFILES:
        raise RuckusError(f"--profile={profile}: no such profile", f"choose one of: {', '.join(PROFILES)}")


def default_end(profile: str) -> str:
    """Where a build of a profile ends by default: when the system is whole, and has booted."""
    return "final" if profile == "final" else "boot"


def lock_named(folder: Path, locked: str | bool) -> Path | None:
    """The lock file that --locked stands for.

    Args:
        folder: The build's, whose own one is meant when none is named.
        locked: What was given; True for the option alone, "" when it was not.
    """
    if not locked:
        return None
    return folder / SOURCES_LOCK if locked is True else Path(locked).absolute()


@dataclass(frozen=True)
class Request:
    """What is to be built.

    folder: where everything is written.
    srcdir: the source tree; python: the interpreter that configure records.
    jobs: at most that many at a time, over all architectures.
    fail_fast: stop at the first failure, instead of going on with what does not depend on it.
    step_timeout: how many times what it usually takes a step may take; 0 for the default (steps/costs.py).
    until: the last of UNTIL that is done.
    boot: whether finished systems are booted.
    builder: which of BUILDERS builds what a system builds itself. dom0: of a domain: other machines, or "".
    only: names of steps to build with what they need, instead of everything.
    sharing: whether architectures share steps, sources and objects.
    configure: further options for configure.
    lock: the lock file that sources have to agree with.
    layout: what the systems are kept on.
    notify: a line of shell that is run when all is over, see notify.py.
    """

    archs: tuple[Architecture, ...]
    folder: Path
    srcdir: Path
    python: str
    profile: str
    jobs: int
    fail_fast: bool = False
    step_timeout: float = 0.0
    until: str = "boot"
    boot: bool = True
    builder: str = "chroot"
    dom0: str = ""
    only: tuple[str, ...] = ()
    sharing: bool = True
    configure: tuple[str, ...] = ()
    lock: Path | None = None
    layout: Layout = FOLDERS
    notify: str = ""

    def check(self) -> None:
        """Raise RuckusError, with all that is wrong, before anything is changed."""
        check_build_folder(self.folder, map(volume_name, self.archs) if self.layout.backend == "dir" else ())
        mistakes = Mistakes()
        with mistakes.collected():
            stages_until(self.until)
        with mistakes.collected():
            check_profile(self.profile)
        for option in self.configure:
            choice = _CHOICE.fullmatch(option)
            if choice is None:
                variables = ", ".join(f"{name}=..." for name in VARIABLES if name not in _OURS)
                mistakes.add(
                    f"--configure={option}: not an option of configure's",
                    f"give --with-..., --without-..., --enable-..., --disable-..., {variables}",
                )
            elif (choice["choice"] or choice["variable"]) in _OURS:
                mistakes.add(f"--configure={option}: the build gives this to configure itself", "leave it out")
            elif choice["choice"] and choice["choice"].replace("-", "_") not in USUAL:
                mistakes.add(f"--configure={option}: configure has no such option", "./configure --help lists them")
            elif self._workplace.links and len(self.archs) > 1 and option.startswith("PREFIX_"):
                mistakes.add(
                    f"--configure={option}: without a sandbox, each architecture needs its own",
                    "leave it out: the default ones have the architecture in their names",
                )
        plans = [evaluate(self.settings(arch)) for arch in self.archs if self.only]
        for step in dict.fromkeys(self.only):
            if not any(plan.knows(StepName(step)) for plan in plans):
                mistakes.add(f"--only={step}: no such step", "./ruckus list --all names them")
        if self.builder not in BUILDERS:
            mistakes.add(f"--builder={self.builder}: no such builder", f"choose one of: {', '.join(BUILDERS)}")
        elif self.dom0 and self.builder != "xen":
            mistakes.add(f"--dom0={self.dom0}: --builder={self.builder} has none", "give --builder=xen, too")
        if not mistakes.errors:  # what configure would refuse, whatever the systems are kept on
            on_folders = replace(self, layout=FOLDERS)
            mistakes.errors = [error for arch in self.archs for error in on_folders._configured(arch).mistakes.errors]
        for arch in self.archs if not mistakes.errors and self.reaches("stage2") and not self.only else ():
            with mistakes.collected():
                evaluate(self.settings(arch)).goal(self.stages[-1].goal)
                if self.builder == "chroot":
                    check_machine(arch.machine)
        if not mistakes.errors and self.layout.backend != "dir":
            for arch in self.archs:
                if size_in_bytes(self.layout.size) < (needed := self._room(arch)):
                    mistakes.add(
                        f"--size={self.layout.size}: {volume_name(arch)} needs {readable_size(needed)}",
                        f"choose a larger one, such as --size={FOLDERS.size}",
                    )
        mistakes.check("wrong options")

    def _room(self, arch: Architecture) -> int:
        """Bytes that an architecture takes on its volume: what is installed, and the largest working folder."""
        plan = evaluate(self.settings(arch))
        steps = plan.closure(plan.goal(self.stages[-1].goal))
        installed = sum(step.costs.installed for step in steps if step.stage.of_system and step.stage.installs)
        largest = max(step.costs.disk for step in steps)
        return round((installed + largest) * MB * _FILE_SYSTEM)

    def _configured(self, arch: Architecture) -> Configuration:
        asked = Configuration(given_by(self.configure_options(arch), self.srcdir, self.builddir(arch)))
        asked.check(prepared=False)
        return asked

    def settings(self, arch: Architecture) -> Settings:
        """An architecture's settings, as configure will write them.

        Which tools hostprep builds is known when it has looked for them, in an earlier run.

        Raises RuckusError when configure would refuse what decides them.
        """
        asked, builddir = self._configured(arch), self.builddir(arch)
        known = (builddir / CONF).exists()
        tools = " ".join(load(builddir).hostprep_tools) if known else asked.given["HOSTPREP_TOOLS"]
        try:
            return settings_of(builddir, asked.values() | {"hostprep_tools": tools})
        except (KeyError, ValueError) as error:
            raise asked.mistakes.errors[0] from error

    def clfs(self, arch: Architecture) -> Path:
        """An architecture's $CLFS."""
        return self.layout.clfs(self.folder, arch)

    def builddir(self, arch: Architecture) -> Path:
        """An architecture's build directory."""
        return self.clfs(arch) / BUILDDIR

    def reaches(self, stage: str) -> bool:
        """Whether this stage is to be done."""
        return UNTIL.index(stage) <= UNTIL.index(self.until)

    @property
    def stages(self) -> list[Stage]:
        """The stages that are built, in order; when the build ends before the first, those that would be by default."""
        return stages_until(self.until) or [stage for stage in STAGES.values() if stage.sees_host]

    @property
    def arch_names(self) -> str:
        """The architectures as --arch-list takes them."""
        return ",".join(arch.name for arch in self.archs)

    @property
    def completes(self) -> bool:
        """Whether whole systems are made."""
        return not self.only and self.reaches("bootstrap")

    @property
    def installs(self) -> bool:
        """Whether finished systems are given to root: by root, and by who asks for it and has sudo."""
        return self.finishes and (os.geteuid() == 0 or self.until == "install")

    @property
    def builds_in_machines(self) -> bool:
        """Whether systems build on in machines of their own."""
        return self.builder != "chroot" and not self.only and self.reaches("stage2")

    @property
    def boots(self) -> bool:
        """Whether finished systems are booted."""
        return self.boot and self.finishes and self.reaches("boot")

    @property
    def finishes(self) -> bool:
        """Whether whole systems are made, which can be installed and booted."""
        return not self.only and self.reaches("install")

    def __str__(self) -> str:
        words = [f"--build-dir={self.folder}", f"--arch-list={self.arch_names}"]
        words += [f"--profile={self.profile}", f"--jobs={self.jobs}"]
        words += ["--fail-fast"] if self.fail_fast else []
        words += [f"--step-timeout={self.step_timeout:g}"] if self.step_timeout else []
        words += self.layout.options()
        words += [f"--until={self.until}"] if self.until != default_end(self.profile) else []
        words += [] if self.boot else ["--no-boot"]
        words += [f"--builder={self.builder}"] if self.builder != "chroot" else []
        words += [f"--dom0={self.dom0}"] if self.dom0 else []
        words += [f"--only={step}" for step in self.only]
        words += [] if self.sharing else ["--no-sharing"]
        words += [f"--locked={self.lock}"] if self.lock else []
        words += [f"--notify={self.notify}"] if self.notify else []
        return shlex.join([*words, *(f"--configure={option}" for option in self.configure)])

    @cached_property
    def _isolation(self) -> tuple[str, isolation.Fault | None]:
        """Where steps run, as configure decides it, and why that is not a sandbox."""
        return isolation.choose(meant(given_by(self.configure, self.srcdir, self.folder))["isolation"])

    @property
    def fault(self) -> isolation.Fault | None:
        """Why steps run without a sandbox, where that was not asked for."""
        return self._isolation[1]

    @property
    def _workplace(self) -> type[Workplace]:
        return KINDS[self._isolation[0]]

    def configure_options(self, arch: Architecture) -> list[str]:
        """What configure is given in an architecture's build directory."""
        prefix, cache = prefix_of(self.folder), cache_of(self.folder)
        words = ["--enable-option-checking=fatal", f"--prefix={prefix}"]
        words += [] if prefix in cache.parents else [f"--with-cache={cache}"]
        words += [f"--with-arch={arch.name}", f"--with-profile={self.profile}"]
        words += [] if self.sharing else ["--disable-sharing"]
        words += ["--without-stage1-xen"] if self._has_earlier_64_bit(arch) else []
        words += [f"--with-lock={self.lock}"] if self.lock else []
        words += [f"PYTHON={self.python}", f"CLFS={self.clfs(arch)}", f"CPUCOUNT={self.jobs}"]
        return [*words, *self.configure]

    def _has_earlier_64_bit(self, arch: Architecture) -> bool:
        """Whether an earlier architecture can build the hypervisor, of which one is enough."""
        earlier = self.archs[: self.archs.index(arch)]
        return any(one.main_abi.bits == arch.main_abi.bits == "64" for one in earlier)

    def configure_command(self, arch: Architecture) -> list[str]:
        """How configure is called in an architecture's build directory."""
        # What is in the environment is meant for another build, and would be the same for all architectures.
        unset = [f"--unset={name}" for name in VARIABLES]
        return ["env", *unset, str(self.srcdir / "configure"), "--quiet", *self.configure_options(arch)]

    def link_commands(self, arch: Architecture) -> list[Command]:
        """The symbolic links that steps need to find the prefixes without a sandbox, and that are not there yet.

        Raises RuckusError when something else has their names.
        """
        if not self._workplace.links:
            return []
        given = dict(word.split("=", 1) for word in self.configure if word.startswith("PREFIX_"))
        prefixes = default_prefixes(arch.string, links=self._workplace.links) | given
        roots = {name: self.builddir(arch) if name == "PREFIX_HOSTPREP" else self.clfs(arch) for name in prefixes}
        return missing_links({prefix: roots[name] for name, prefix in prefixes.items()})

    def way_out(self, user: str = "") -> str:
        """What an administrator does when a user may not run what this needs as root."""
        if self.layout.backend == "loop":
            return "who may mount images of his own may do anything: let this user run everything, or use --volumes=lvm"
        words = [f"--build-dir={self.folder}", f"--arch-list={self.arch_names}", *self.layout.options()]
        words += [f"--user={user or user_name(os.getuid())}", *(f"--configure={option}" for option in self.configure)]
        return f"as root, install what this prints: {invoke_command('verify-sudo', '--print-sudoers', *words)}"

    def make_command(self) -> list[str]:
        """How make is called for all architectures together."""
        keep_going = [] if self.fail_fast else ["-k"]
        return gnumake.graph_command(self.folder / GRAPH, "steps", [*keep_going, f"-j{self.jobs}"])

    def make_environment(self) -> dict[str, str]:
        """What make, and so every step, finds in its environment besides."""
        above = os.environ.get("MAKEFLAGS")
        pool = {} if above is None else {"MAKEFLAGS": gnumake.make_below(above, self.jobs)[0]}
        return pool | ({"RUCKUS_STEP_TIMEOUT": f"{self.step_timeout:g}"} if self.step_timeout else {})

    def _make_line(self) -> list[str]:
        variables = [f"{name}={value}" for name, value in self.make_environment().items() if name != "MAKEFLAGS"]
        return [*(["env", *variables] if variables else []), *self.make_command()]

    def builder_command(self, archs: Sequence[Architecture]) -> list[str]:
        """What the build does with systems that build on in machines of their own; it does so itself."""
        names = ",".join(arch.name for arch in archs)
        words = [f"--build-dir={self.folder}", f"--arch-list={names}", f"--builder={self.builder}", "--auto"]
        words += [f"--dom0={self.dom0}"] if self.dom0 else []
        return [invoke_command("builder-start"), *words]

    def closing_commands(self, arch: Architecture) -> list[list[str]]:
        """What is done with a system when it is complete: what boots it is published, root's part, and a first boot."""
        ruckus = str(self.builddir(arch) / "ruckus")
        commands = [[ruckus, "boot-files"]] if self.completes else []
        commands += [[ruckus, "install"]] if self.installs else []
        # Not when that has been done before with what it holds now.
        return commands + ([[ruckus, "boot", "--once"]] if self.boots else [])

    def last_commands(self, arch: Architecture) -> list[list[str]]:
        """What is done when that has built on, here or in a machine of its own: a first boot of the final system."""
        ruckus = str(self.builddir(arch) / "ruckus")
        return [[ruckus, "boot", "--once", "--system=final"]] if self.boots and self.reaches("final") else []

    def commands(self) -> Iterator[str]:
        """Every command in order, as a line of shell."""
        yield from (f"# {line}" for line in (self.fault.lines() if self.fault else []))
        for arch in self.archs:
            yield shlex.join(["mkdir", "-p", str(self.builddir(arch))])
            for command in self.link_commands(arch):
                yield shlex.join(as_root(command))
            yield f"cd {shlex.quote(str(self.builddir(arch)))} && {shlex.join(self.configure_command(arch))}"
        for arch in self.archs if self.reaches("download") else ():
            for goal in self.only or (self.stages[-1].goal,):
                if StepName(goal).arch in ("", arch.name):  # not a step of another architecture
                    yield shlex.join([str(self.builddir(arch) / "ruckus"), "download", goal])
        if self.reaches("hostprep"):
            yield f"# the steps of all architectures are written to {self.folder / GRAPH}"
            yield shlex.join(self._make_line())
        for arch in self.archs:
            yield from map(shlex.join, self.closing_commands(arch))
        if self.builds_in_machines:
            yield " ".join(self.builder_command(self.archs))
        for arch in self.archs:
            yield from map(shlex.join, self.last_commands(arch))
        if self.notify:
            yield shlex.join(["sh", "-c", self.notify])
