# SPDX-License-Identifier: GPL-3.0-or-later
"""What all tasks share: how they are declared, how errors are reported, and what options mean."""

import functools
import inspect
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import invoke

from ruckus_aux.entry.console import ended
from ruckus_aux.storage.layout import VOLUME_OPTIONS
from ruckus_aux.words.architecture import ARCHITECTURES

ARCHS = ",".join(ARCHITECTURES)
ARCH_NAMES = f"architectures, separated by commas: {ARCHS}"
ARCH_HELP = f"{ARCH_NAMES} (default: x86_64)"
DOM0_HELP = "the dom0 of --builder=xen, as ssh knows it, or several, separated by commas (default: this machine)"
BRIDGE_HELP = "connect domains of --builder=xen to this bridge of their dom0 (default: no network)"
DIR_HELP = "where to build (default: build in the current directory)"

_SHORT = {"jobs": "j", "keep-going": "k"}  # as in make; no other option has a short form


class _Task(invoke.Task[Callable[..., None]]):
    """A task whose options have the same short forms as every other task's."""

    def arg_opts(self, name: str, default: Any, taken_names: set[str]) -> dict[str, Any]:  # noqa: ANN401
        options = super().arg_opts(name, default, taken_names)
        (long,) = options["names"]
        options["names"] = [long, *([_SHORT[long]] if long in _SHORT else [])]
        return options


def task(
    help: dict[str, str],  # noqa: A002 - as Invoke calls it
    iterable: Sequence[str] = (),
    optional: Sequence[str] = (),
) -> Callable[[Callable[..., int | None]], invoke.Task[Callable[..., None]]]:
    """Declare a task: signals end it as Ctrl-C does, and its errors are reported, and become the exit status.

    A body that takes `**given` gets the options of volumes in it: see OPTIONS in storage/layout.py.

    Args:
        help: what each of its options is for, by parameter.
        iterable: the parameters that may be given several times.
        optional: those that may be given without a value, and are True then.
    """

    def declare(call: Callable[..., int | None]) -> invoke.Task[Callable[..., None]]:
        signature = inspect.signature(call)
        parameters = [item for item in signature.parameters.values() if item.kind is not item.VAR_KEYWORD]
        given = VOLUME_OPTIONS if len(parameters) < len(signature.parameters) else ()

        @functools.wraps(call)
        def wrapped(*arguments: object, **options: object) -> None:
            status = ended(
                lambda: call(*arguments, **options), "interrupted, everything is stopped; the same command continues"
            )
            if status:
                raise invoke.Exit(code=status)

        parameters += [
            inspect.Parameter(option.argument, inspect.Parameter.KEYWORD_ONLY, default="") for option in given
        ]
        vars(wrapped)["__signature__"] = signature.replace(parameters=parameters)  # what Invoke makes options of
        helps = help | {option.argument: option.help for option in given}
        return _Task(wrapped, help=helps, iterable=list(iterable), optional=optional, auto_shortflags=False)

    return declare


def after_dashes() -> tuple[str, ...]:
    """The words after -- on the command line, which Invoke hands to no task."""
    words = sys.argv
    return tuple(words[words.index("--") + 1 :]) if "--" in words else ()


def folder_of(path: str) -> Path:
    """An absolute path without .. and links in it: configure would refuse it, and volumes are known by their paths."""
    return Path(os.path.realpath(path))
