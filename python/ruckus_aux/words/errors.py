# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors that a person can act on."""

import errno
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


class RuckusError(Exception):
    """Something that the user has to know and can fix.

    message: one sentence that names the file or value that is wrong.
    hint: the way out, as a command to type if there is one; may be empty.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Mistakes:
    """Mistakes that are collected, so that all of them are reported at once."""

    def __init__(self, errors: Iterable[RuckusError] = ()) -> None:
        self.errors = list(errors)

    def add(self, message: str, hint: str = "") -> None:
        """Collect a mistake, described as RuckusError has it."""
        self.errors.append(RuckusError(message, hint))

    @contextmanager
    def collected(self) -> Iterator[None]:
        """Collect the RuckusError that ends what is done here, instead of letting it end everything."""
        try:
            yield
        except RuckusError as error:
            self.errors.append(error)

    def check(self, what: str = "mistakes") -> None:
        """Raise RuckusError, when there are any: the only one, or one that has all, each with its way out below it.

        Args:
            what: What several of them are called.
        """
        different = list({(error.message, error.hint): error for error in self.errors}.values())
        if len(different) == 1:
            raise different[0]
        if different:
            lines = (f"{error.message}\n{error.hint}".strip().replace("\n", "\n  ") for error in different)
            raise RuckusError(f"{len(different)} {what}", "\n".join(lines))


_AGAIN = "then the same command continues"
_WAYS_OUT = {
    errno.ENOSPC: f"make room there (df -h, df -i); {_AGAIN}",
    errno.EDQUOT: f"make room there, or have the quota raised; {_AGAIN}",
    errno.EROFS: f"its file system is read-only, perhaps after an error (see dmesg): mount it read-write; {_AGAIN}",
    errno.EACCES: f"see whose it is (ls -ld), and give this user the right; {_AGAIN}",
    errno.EPERM: f"see whose it is (ls -ld), and give this user the right; {_AGAIN}",
    errno.EIO: "its disk is damaged, or gone (see dmesg): save what is dear; elsewhere, begin anew",
}


def of_the_system(error: OSError, what: str = "") -> RuckusError:
    """The error to report for one of the system: not a bug, but a full disk, say, or a folder that is not ours.

    Args:
        error: The error; see `naming`.
        what: What could not continue, such as a step.
    """
    if isinstance(error, FileNotFoundError) and error.filename is None and not _has_current_directory():
        return RuckusError("the current directory was removed", "go to one that exists: cd DIR")
    paths = [os.fsdecode(path) for path in (error.filename, error.filename2) if isinstance(path, str | bytes)]
    message = ": ".join(part for part in (what, " -> ".join(paths), error.strerror or str(error)) if part)
    return RuckusError(message, _WAYS_OUT.get(error.errno or 0, "RUCKUS_DEBUG=1 in the environment shows where"))


def _has_current_directory() -> bool:
    try:
        os.getcwd()
    except FileNotFoundError:
        return False
    return True


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Let an error of the system name the file in use; the error of a write does not by itself."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = str(path)
        raise


@contextmanager
def afterwards(clean_up: Callable[[], object]) -> Iterator[None]:
    """Clean up at the end, however it ends; if something failed before, that is reported, not what fails here."""
    try:
        yield
    except BaseException:
        with suppress(OSError, RuckusError):
            clean_up()
        raise
    clean_up()
