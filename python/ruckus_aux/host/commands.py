# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands of the host, run through sarge: quiet, checked, and with errors that say what was run."""

import hashlib
import logging
import os
import pwd
import shlex
import subprocess
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

import sarge

from ruckus_aux.words.errors import RuckusError

# What every step finds of the host's programs, and how they speak to it.
STEP_ENVIRONMENT = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C", "TZ": "UTC"}

_LOOK = 0.2  # seconds between two looks at a command that is watched

logging.getLogger("sarge").setLevel(logging.CRITICAL)  # it logs what it also raises


def run(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    replace_env: bool = False,
    cwd: Path | None = None,
    check: bool = True,
    detached: bool = False,
    watch: Callable[[], None] | None = None,
    descriptors: Sequence[int] = (),
    text: bytes = b"",
) -> tuple[int, str]:
    """Run a command of the host.

    Args:
        command: Its words.
        env: Variables to add to the environment of this process or, with `replace_env`, all that the command gets.
        replace_env: Whether `env` is the whole environment.
        cwd: The folder to run it in; by default, the current one.
        check: Whether an exit status other than 0 is an error.
        detached: Whether it continues whatever happens to us: the terminal's Ctrl-C does not reach it, and when we are
            killed, it keeps our locks on things (locks.named) until it has ended.
        watch: Called a few times a second while it runs; an exception from it ends the command.
        descriptors: What it inherits.
        text: What it reads from its standard input.

    Returns:
        The exit status, and what it wrote to stdout and stderr together.

    Raises:
        RuckusError: It is not installed, or, with `check`, it failed; the hint is its last ten lines.
    """
    words = [str(word) for word in command]
    # Bytes, decoded here: what compilers and tar print is not always UTF-8.
    capture = sarge.Capture()
    # Of our descriptors, Python lets none be inherited but those of locks.
    options: dict[str, object] = {"close_fds": False, "process_group": 0} if detached else {}
    if descriptors:
        options["pass_fds"] = descriptors
    if replace_env:
        options["replace_env"] = True
    job = sarge.Command(words, stdout=capture, stderr=subprocess.STDOUT, env=env, cwd=cwd, **options)
    try:
        with open(os.memfd_create("input"), "w+b") as source:
            source.write(text)
            source.seek(0)
            job.run(input=source, async_=True)
    except ValueError as error:  # sarge's way of saying that there is no such command
        where = f" in {env['PATH']}" if env and replace_env else ""
        raise RuckusError(
            f"{words[0]}: command not found{where}", f"install the program that provides {words[0]}"
        ) from error
    try:
        while watch and job.poll() is None:
            watch()
            time.sleep(_LOOK)
        status = job.wait()
    except BaseException:  # Ctrl-C and the like: it must not go on without us
        job.kill()
        raise
    capture.close()
    output = capture.bytes.decode(errors="replace")
    if check and status != 0:
        tail = "\n".join(output.strip().splitlines()[-10:])
        raise RuckusError(f"'{shlex.join(words)}' failed with exit status {status}", tail)
    return status, output


def digest(command: Sequence[str | Path], *, env: Mapping[str, str], good: Collection[int] = (0,)) -> str:
    """The SHA-256 of what a command of the host writes to standard output, in hexadecimal digits.

    Args:
        command: Its words.
        env: Variables to add to the environment of this process.
        good: The exit statuses that mean success.

    Raises:
        RuckusError: It is not installed, or it failed; the hint is what it wrote to stderr.
    """
    words = [str(word) for word in command]
    reader, writer = os.pipe()
    complaints = sarge.Capture()
    job = sarge.Command(words, stdout=writer, stderr=complaints, env=env)
    with open(reader, "rb") as output:
        try:
            with open(os.devnull, "rb") as nothing:
                job.run(input=nothing, async_=True)
        except ValueError as error:
            raise RuckusError(f"{words[0]}: command not found", f"install {words[0]}") from error
        finally:
            os.close(writer)
        digits = hashlib.file_digest(output, "sha256").hexdigest()
    status = job.wait()
    complaints.close()
    if status not in good:
        raise RuckusError(f"'{shlex.join(words)}' failed with exit status {status}", complaints.text)
    return digits


def user_name(number: int) -> str:
    """The name of a user, whatever the environment says; the number if there is none."""
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)
