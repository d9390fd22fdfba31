# SPDX-License-Identifier: GPL-3.0-or-later
"""The `ruckus` command that configure puts into a build directory: what make calls, and what a person asks."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from ruckus_aux import __version__
from ruckus_aux.entry import asked, called
from ruckus_aux.entry.console import ended, print_error
from ruckus_aux.settings.ownership import explained
from ruckus_aux.settings.settings import Settings, load
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.paths import SOURCE_BUNDLE
from ruckus_aux.words.stage import GOALS


def _count(text: str) -> int:
    """A positive number of the command line's."""
    if not (text.isascii() and text.isdigit() and int(text)):
        raise argparse.ArgumentTypeError(f"'{text}' is not a positive number")
    return int(text)


_GC = """examples:
  ruckus gc --dry-run            what would go, what would stay, and why
  ruckus gc                      remove what no plan needs and nobody used for 30 days
  ruckus gc --keep=0             remove all that no plan needs; after new versions, say, of which nobody wants the old
  ruckus gc --max-size=20G       remove what was used longest ago, until 20G are left; what plans need stays
  ruckus gc --downloads          remove old tarballs, too: what was removed must come from the network again
  ruckus gc --forget=/old/build  as if that build directory, whose recipes can't be evaluated, were gone

What the plan of a build directory needs stays, whether it was built or not, of every build directory that uses the
cache. Nothing is removed while a build uses the cache. What is removed is built again when it is wanted.
docs/housekeeping.md tells how it works.
"""
_MENUCONFIG = """examples:
  ruckus menuconfig x86_64/stage1/busybox
  ruckus menuconfig x86_64/stage1/linux --output=mine/linux/network.config

The step is configured as it is when it is built, and its own `make menuconfig` changes that. Options that then differ
are put into the fragment, where they replace lines for the same options: by default, into PACKAGE/menuconfig.config in
the last folder of --with-packages, where it belongs to the recipe without being named there.
"""
_STEP = """trials, for whoever writes a recipe:
  ruckus step STEP --resume          resume it where it failed, after something was mended with `ruckus shell STEP`, or
                                     in its recipe
  ruckus step STEP --from=7          the same, from piece 7 of its script on; a number that is too large lists them
  ruckus step STEP --until-install   stop before the installation; --resume then continues with that
  ruckus step STEP --source=DIR      build it from a local folder, which stays as it is

What comes of a trial stays in the step's working folder, and is never stored or merged: to build the step, use make.
docs/recipes.md says more.
"""


_AGAIN = """examples:
  ruckus verify-reproducible x86_64/stage1/busybox x86_64/stage1/linux
  ruckus verify-reproducible --all --except=x86_64/cross/gcc-static

The second build has another folder, user, host name and umask, other numbers of jobs and processors, and no programs
that it does not declare; it sees the files of folders in another order, another time and another kernel. It is never
stored or merged. What is different is printed, and both trees are kept; diffoscope says how, if it is installed.
docs/reproducible.md tells more.
"""


_SELF = """examples:
  ruckus verify-self bash coreutils
  ruckus verify-self --all

The final system builds its packages once more: with its own compiler and libraries in place of the temporary system's,
and with all of its packages in sight, not only those that a recipe names. What differs is printed: tools or libraries
that a package takes when they are there, or what depends on who built it. docs/final.md tells more.
"""


Handler = Callable[[Settings, argparse.Namespace], None]


_DOORS = """\
A step is called like x86_64/cross/binutils; `./ruckus list` names them, and `./ruckus COMMAND --help` says more.

The other doors:
  make               builds or changes this one system: make bootstrap, make boot; `make help` lists everything
  build-aux/build    in the source tree: everything, for several architectures; sets up this machine first
  invoke             the same without the setup, and whatever concerns the whole machine: volumes, reports, logs"""


class _Parser(argparse.ArgumentParser):
    """One that reports errors as commands do, and what shows how it is called."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        print_error(RuckusError(message, f"see: ./{self.prog} --help"))
        sys.exit(2)


def parser() -> argparse.ArgumentParser:
    """The command line's definition."""
    top = _Parser(
        prog="ruckus",
        usage="ruckus COMMAND [OPTION...]",
        description="Answer questions about the Cross Linux From Scratch system of this configured directory.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"ruckus {__version__}")
    commands = top.add_subparsers(prog=top.prog, metavar="COMMAND", required=True, help=argparse.SUPPRESS)
    lines: dict[bool, list[str]] = {True: [], False: []}

    def add(command: Handler, examples: str = "") -> argparse.ArgumentParser:
        name, what = command.__name__.removeprefix("cmd_").replace("_", "-"), str(command.__doc__)
        lines[command.__module__ == called.__name__].append(f"  {name:<21}{what}")
        sub = commands.add_parser(
            name,
            description=f"{what[0].upper()}{what[1:]}.",
            epilog=examples,
            formatter_class=argparse.RawDescriptionHelpFormatter if examples else argparse.HelpFormatter,
        )
        sub.set_defaults(call=command)
        return sub

    def step(sub: argparse.ArgumentParser) -> argparse.ArgumentParser:
        sub.add_argument("step", metavar="STEP", help="for instance x86_64/cross/binutils")
        return sub

    def of_system(sub: argparse.ArgumentParser) -> argparse.ArgumentParser:
        sub.add_argument(
            "--system", choices=("temporary", "final"), default="temporary", help="which one (default: temporary)"
        )
        return sub

    listed = add(asked.cmd_list)
    listed.add_argument("--all", action="store_true", help="also steps that the profile does not use")
    listed.add_argument("--hashes", action="store_true", help="the SHA-256 of what each has in the store, and its name")
    add(asked.cmd_check_recipes)
    step(add(asked.cmd_show))
    step(add(asked.cmd_why))
    step(add(asked.cmd_log))
    shell = step(add(asked.cmd_shell))
    shell.add_argument("-c", dest="command", metavar="COMMAND", help="run this instead of an interactive shell")
    step(add(asked.cmd_menuconfig, _MENUCONFIG)).add_argument(
        "--output", type=Path, metavar="FILE", help="the fragment to write to (see below)"
    )
    add(asked.cmd_times).add_argument(
        "--write", action="store_true", help="also put them into packages/costs.toml, for builds on other machines"
    )
    of_system(add(asked.cmd_sizes))
    boot = of_system(add(called.cmd_boot))
    boot.add_argument("--interactive", action="store_true", help="a shell on the serial console")
    how = boot.add_mutually_exclusive_group()
    how.add_argument("--xen", action="store_true", help="as dom0 of the Xen hypervisor that was built")
    how.add_argument("--once", action="store_true", help="only if it was not booted before with what it holds now")
    command = add(asked.cmd_inspect)
    command.add_argument("-c", dest="command", default="", metavar="COMMAND", help="run this instead of a shell")
    add(called.cmd_verify_sudo)
    verify = add(asked.cmd_verify_store)
    verify.add_argument("--sample", type=_count, metavar="N", help="only N of them, chosen at random")
    again = add(asked.cmd_verify_reproducible, _AGAIN)
    again.add_argument("step", nargs="*", metavar="STEP", help="for instance x86_64/cross/glibc-64")
    again.add_argument("--all", action="store_true", help="all steps of the profile, with what they need")
    again.add_argument(
        "--except", dest="leave_out", action="append", default=[], metavar="STEP", help="with --all: not this one"
    )
    again.add_argument("--jobs", type=_count, metavar="N", help="jobs of the second build (default: CPUCOUNT + 1)")
    itself = add(asked.cmd_verify_self, _SELF)
    itself.add_argument("package", nargs="*", metavar="PACKAGE", help="of final: zlib, for every ABI, or zlib-32")
    itself.add_argument("--all", action="store_true", help="all of them")
    itself.add_argument("--jobs", type=_count, metavar="N", help="jobs at a time (default: CPUCOUNT)")
    gc = add(asked.cmd_gc, _GC)
    gc.add_argument("--keep", default="", metavar="DAYS", help="keep what was used in the last DAYS days (default: 30)")
    gc.add_argument(
        "--max-size", default="", metavar="SIZE", help="remove no more than it takes to come down to SIZE, such as 20G"
    )
    gc.add_argument("--downloads", action="store_true", help="also downloaded sources that no plan needs")
    gc.add_argument(
        "--forget",
        type=Path,
        action="append",
        default=[],
        metavar="DIR",
        help="don't count this build directory, as if it were gone; may be given several times",
    )
    gc.add_argument("--dry-run", action="store_true", help="say what would be done, and change nothing")
    add(asked.cmd_uses)
    install = add(called.cmd_install)
    install.add_argument(
        "--undo", action="store_true", help="give everything back to who configured, to go on building"
    )
    add(called.cmd_boot_files)
    install.add_argument(
        "--cross", choices=("no", "yes"), default="", help="remove the cross toolchain from the system, or restore it"
    )
    install.add_argument("--dry-run", action="store_true", help="show each change and each command, and run none")
    add(called.cmd_cross).add_argument("wanted", choices=("no", "yes"))
    image = of_system(add(called.cmd_image))
    image.add_argument(
        "--output", type=Path, metavar="FILE", help="the image (default: baby-ARCH.ext4, or final-ARCH.ext4)"
    )
    image.add_argument("--size", default="", metavar="SIZE", help="such as 10G (default: as the system needs it)")
    image.add_argument("--cross", choices=("no", "yes"), default="no", help="with the cross toolchain (default: no)")
    of_system(add(called.cmd_check)).add_argument("--json", action="store_true", help="print what was found as JSON")
    logs = add(called.cmd_collect_logs)
    logs.add_argument("--output", type=Path, default=Path("logs"), help="where to put them (default: logs)")
    add(called.cmd_clean).add_argument("--all", action="store_true", help="these, too")
    goal = f"{', '.join(GOALS)}, or a step"
    add(called.cmd_download).add_argument(
        "goal", nargs="?", help=f"{goal}, or all, also what checks build (default: all of the profile)"
    )
    add(called.cmd_source_bundle).add_argument(
        "--output", type=Path, default=Path(SOURCE_BUNDLE), help=f"the archive (default: {SOURCE_BUNDLE})"
    )
    for builds in (called.cmd_graph, called.cmd_make):
        add(builds).add_argument("goal", nargs="?", default="bootstrap", help=f"{goal} (default: bootstrap)")
    one = step(add(called.cmd_step, _STEP))
    one.add_argument("--keep", action="store_true", help="keep the working folder after success")
    one.add_argument("--resume", action="store_true", help="a trial: resume it where it stopped, in its working folder")
    one.add_argument(
        "--from", dest="first", type=_count, metavar="N", help="a trial: resume it at piece N of its script"
    )
    one.add_argument("--until-install", action="store_true", help="a trial: stop before it installs anything")
    one.add_argument("--source", type=Path, metavar="DIR", help="a trial: use DIR in place of its source")
    top.epilog = "\n".join(["what people ask:", *lines[False], "", "what make calls:", *lines[True], "", _DOORS])
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    options = parser().parse_args(arguments)
    os.umask(0o022)  # what is built does not depend on who builds it

    def command() -> None:
        settings = load(Path(os.environ.get("RUCKUS_BUILDDIR", os.curdir)).resolve())
        with explained(settings):
            options.call(settings, options)

    return ended(command, "interrupted; the same command continues")
