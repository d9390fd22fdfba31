"""Run every task about volumes, killed in place of each of its commands once, and then whole: the end is the same.

Usage: killed.py BUILD-DIR OPTION..., in the source tree; the options are for volume-create. Prints how often something
was killed.
"""

import json
import os
import signal
import subprocess
import sys
from typing import Any, NoReturn

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


def killed(number: int, words: list[str]) -> int:
    """Run a task that is killed in place of a command of root's; returns its exit status."""
    child = os.fork()
    if child == 0:
        _become(number, words)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _become(number: int, words: list[str]) -> NoReturn:
    import tasks
    from invoke import Collection, Program

    from ruckus_aux import host, root

    real, left = host.run, number

    def run(*arguments: Any, **options: Any) -> tuple[int, str]:
        nonlocal left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*arguments, **options)

    setattr(root, "run", run)  # noqa: B010 - by this name it is no part of root's interface
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
    kills = 0
    for task, wanted in TASKS:
        words = [*task, f"--build-dir={folder}", *(options if task == ("volume-create",) else [])]
        for number in range(MOST):
            status = killed(number, words)
            if status == 0:
                break
            assert status == -signal.SIGKILL, f"{words}, killed after {number} commands: exit status {status}"
            kills += 1
        else:
            sys.exit(f"{words} did not come to its end")
        subprocess.run([sys.executable, "-m", "invoke", *words], check=True)
        assert there(folder) == wanted, f"after {words}: {there(folder)}"
    print(f"killed {kills}")


if __name__ == "__main__":
    main()
