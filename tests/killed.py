# SPDX-License-Identifier: GPL-3.0-or-later
"""Run every task about volumes, killed during each command that changes something, and then whole: the end is the same.

The command goes on to its end, as it does when only its parent is killed: that is also the state in which the next
command has not been begun.

Usage: killed.py BUILD-DIR OPTION..., in the source tree; the options are for volume-create. Prints how often something
was killed.
"""

import ctypes
import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from typing import Any, NoReturn

import sarge
import tasks
from invoke import Collection, Program

from ruckus_aux.host.root import Root

VOLUME, SNAPSHOT = "baby-x86_64", "baby-x86_64.before"
# What is run, and what is there afterwards: names, and how often each is mounted.
TASKS: tuple[tuple[tuple[str, ...], dict[str, int]], ...] = (
    (("volume-create",), {VOLUME: 0}),
    (("volume-mount",), {VOLUME: 1}),
    (("volume-grow", "--size=600M"), {VOLUME: 1}),
    (("volume-snapshot",), {VOLUME: 1, SNAPSHOT: 0}),
    (("volume-umount",), {VOLUME: 0, SNAPSHOT: 0}),
    (("volume-remove", "--snapshot=before", "--yes"), {VOLUME: 0}),
    (("volume-remove", "--yes"), {}),
)
MOST = 30  # commands of a task
PR_SET_CHILD_SUBREAPER = 36  # prctl(2): orphans become our children


def killed(number: int, words: list[str]) -> int:
    """Run a task that is killed during a command that changes something; returns its exit status."""
    child = os.fork()
    if child == 0:
        _become(number, words)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with suppress(ChildProcessError):
        while True:  # until the command has ended
            os.wait()
    return status


def _become(number: int, words: list[str]) -> NoReturn:
    real, left = Root.run, number

    def die(*arguments: Any) -> NoReturn:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    def run(*arguments: Any, **options: Any) -> tuple[int, str]:
        nonlocal left
        left -= 1
        if left < 0:
            sarge.Command.wait = die
        return real(*arguments, **options)

    setattr(Root, "run", run)  # noqa: B010 - mypy lets no method be replaced
    status = 0
    try:
        Program(namespace=Collection.from_module(tasks)).run(["invoke", *words])
    except SystemExit as error:
        status = int(error.code or 0)
    os._exit(status)


def there(folder: str) -> dict[str, int]:
    """The volumes that are there, and how often each is mounted."""
    command = [sys.executable, "-m", "invoke", "volumes", "--json", f"--build-dir={folder}"]
    listed = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return {line["name"]: len(line["mounted"]) for line in listed}


def main() -> None:
    """Do it."""
    folder, *options = sys.argv[1:]
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    kills = 0
    for task, wanted in TASKS:
        words = [*task, f"--build-dir={folder}", *(options if task == ("volume-create",) else [])]
        for number in range(MOST):
            status = killed(number, words)
            if status == 0:
                break
            assert status == -signal.SIGKILL, f"{words}, killed during command {number}: exit status {status}"
            kills += 1
        else:
            sys.exit(f"{words} did not come to its end")
        subprocess.run([sys.executable, "-m", "invoke", *words], check=True)
        assert there(folder) == wanted, f"after {words}: {there(folder)}"
    print(f"killed {kills}")


if __name__ == "__main__":
    main()
