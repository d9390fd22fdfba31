# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m lab.machine`: the lab by hand."""

import argparse
import os
import sys
import time
from pathlib import Path

from lab.machine.lab import Lab, default_folder, missing_programs

from ruckus_aux.entry.console import print_error
from ruckus_aux.words.errors import RuckusError


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(prog="lab", description="A Xen dom0 with LVM in QEMU, for tests.")
    made.add_argument("--folder", type=Path, default=default_folder(), help="where it is kept (default: %(default)s)")
    commands = made.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("build", help="make the image, and boot it once: minutes, the first time")
    commands.add_parser("start", help="build, and start from the snapshot of that boot: seconds")
    commands.add_parser("reset", help="take the running lab back to that snapshot")
    commands.add_parser("stop", help="end it; image and snapshot stay")
    ssh = commands.add_parser("ssh", help="log in, or run a command there")
    ssh.add_argument("--user", default="root", help="root (default), guest, narrow or plain")
    ssh.add_argument("words", nargs=argparse.REMAINDER, metavar="COMMAND", help="what to run (default: a shell)")
    return made


def _do(lab: Lab, options: argparse.Namespace) -> None:
    match options.command:
        case "build":
            lab.build()
        case "start":
            began = time.monotonic()
            lab.start()
            print(f"the lab runs: {lab.machine.folder} ({time.monotonic() - began:.1f} s)")
        case "stop":
            lab.stop()
        case _ if not lab.machine.running:
            raise RuckusError(f"{lab.folder}: the lab does not run", "start it with: python -m lab.machine start")
        case "reset":
            lab.reset()
        case "ssh":
            command = [*lab.ssh(options.user), *options.words]
            os.execvp(command[0], command)


def main() -> int:
    """Do what the command line says."""
    options = parser().parse_args()
    try:
        if missing := missing_programs():
            raise RuckusError(f"not installed: {' '.join(missing)}", "install them with: build-aux/setup --lab")
        _do(Lab(options.folder), options)
    except RuckusError as error:
        print_error(error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
