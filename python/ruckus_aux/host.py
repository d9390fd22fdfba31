"""Commands of the host, run through sarge: quiet, checked, and with errors that say what was run."""

import logging
import os
import pwd
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import sarge

from ruckus_aux.errors import RuckusError

logging.getLogger("sarge").setLevel(logging.CRITICAL)  # it logs what it also raises


def run(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    check: bool = True,
    detached: bool = False,
) -> tuple[int, str]:
    """Run a command of the host and return its exit status and what it wrote to stdout and stderr together.

    env: added to the environment of this process.
    check: raise RuckusError, with the command's last lines as the hint, when the exit status is not 0.
    detached: it goes on whatever happens to us: the terminal's Ctrl-C does not reach it, and when we are killed, the
        locks on things that we hold (locks.named) are its own until it has ended.
    Raises RuckusError when the command is not installed.
    """
    words = [str(word) for word in command]
    # Bytes, decoded here: what compilers and tar print is not always UTF-8.
    capture = sarge.Capture()
    # Of our descriptors, Python lets none be inherited but those of locks.
    apart: dict[str, int] = {"close_fds": False, "process_group": 0} if detached else {}
    job = sarge.Command(words, stdout=capture, stderr=subprocess.STDOUT, env=env, cwd=cwd, **apart)
    try:
        with open(os.devnull, "rb") as nothing:
            job.run(input=nothing, async_=True)
    except ValueError as error:  # sarge's way of saying that there is no such command
        raise RuckusError(f"{words[0]}: command not found", f"install the program that provides {words[0]}") from error
    try:
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


def user_name(number: int) -> str:
    """The name of a user, whatever the environment says; the number, when there is none."""
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def fingerprint() -> str:
    """What of the host's toolchain decides the bytes that it produces: versions of compiler, linker and C library.

    Part of every step's key, so that artifacts of an older host compiler are not taken for those of a newer one.
    """
    versions = [run(command, check=False)[1].partition("\n")[0] for command in _TOOLCHAIN]
    return " | ".join(versions)


_TOOLCHAIN = (("gcc", "--version"), ("ld", "--version"), ("getconf", "GNU_LIBC_VERSION"), ("make", "--version"))


@cache
def tool_version(name: str) -> str:
    """The version of a tool of the host, called by the name of hostprep's recipe for it; "" for a library."""
    program = {"texinfo": "makeinfo", "elfutils": ""}.get(name, name)
    return run([program, "--version"], check=False)[1].partition("\n")[0] if program else ""
