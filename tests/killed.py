"""Run every task about volumes, killed in place of each of its commands, and during it, and then whole: the end is the
same.

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
from itertools import product
from typing import Any, NoReturn

import sarge
import tasks
from invoke import Collection, Program

from ruckus_aux import host, root

VOLUME, SNAPSHOT = "baby-x86_64", "baby-x86_64.before"
# What is run, and what is there afterwards: names, and how often each is mounted.
TASKS: tuple[tuple[tuple[str, ...], dict[str, int]], ...] = (
    (("volume-create",), {VOLUME: 0}),
    (("volume-mount",), {VOLUME: 1}),
    (("volume-snapshot",), {VOLUME: 1, SNAPSHOT: 0}),
    (("volume-umount",), {VOLUME: 0, SNAPSHOT: 0}),
    (("volume-remove", "--snapshot=before", "--yes"), {VOLUME: 0}),
    (("volume-remove", "--yes"), {}),
)
MOST = 30  # commands of a task
PR_SET_CHILD_SUBREAPER = 36  # prctl(2): orphans become our children


def killed(number: int, words: list[str], *, during: bool) -> int:
    """Run a task that is killed in place of a command, or when that has begun; returns its exit status."""
    child = os.fork()
    if child == 0:
        _become(number, words, during)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _become(number: int, words: list[str], during: bool) -> NoReturn:
    real, left = host.run, number

    def die(*arguments: Any) -> NoReturn:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    def run(*arguments: Any, **options: Any) -> tuple[int, str]:
        nonlocal left
        left -= 1
        if left < 0:
            if not during:
                die()
            sarge.Command.wait = die
        return real(*arguments, **options)

    setattr(root, "run", run)  # noqa: B010 - by this name it is no part of root's interface
    status = 0
    try:
        Program(namespace=Collection.from_module(tasks)).run(["invoke", *words])
    except SystemExit as error:
        status = int(error.code or 0)
    os._exit(status)


def wait_for_orphans() -> None:
    """Wait for the command that a killed one has begun, and that goes on without it."""
    with suppress(ChildProcessError):
        while True:
            os.wait()


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
        for number, during in product(range(MOST), (False, True)):
            status = killed(number, words, during=during)
            if status == 0:
                break
            assert status == -signal.SIGKILL, f"{words}, killed after {number} commands: exit status {status}"
            kills += 1
            wait_for_orphans()
        else:
            sys.exit(f"{words} did not come to its end")
        subprocess.run([sys.executable, "-m", "invoke", *words], check=True)
        assert there(folder) == wanted, f"after {words}: {there(folder)}"
    print(f"killed {kills}")


if __name__ == "__main__":
    main()
