# SPDX-License-Identifier: GPL-3.0-or-later
"""Kconfig, which configures Linux and BusyBox: its options, as .config and fragments have them, and how they merge."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

_OPTION = re.compile(r"^(?:(CONFIG_\w+)=(.*)|# (CONFIG_\w+) is not set)$")
_UNSET = r"s/^# \(CONFIG_[A-Za-z0-9_]*\) is not set$/\1=n/"


@dataclass(frozen=True)
class Kconfig:
    """Where a script has configured with Kconfig.

    pieces: how many pieces of the script (Script.pieces) that takes.
    make: words for make, which is then run in the directory of .config.
    settle: make's target that decides what .config leaves open.
    """

    pieces: int
    make: tuple[str, ...]
    settle: str


def merge_commands(files: Sequence[str], settle: str) -> str:
    """Lines of shell that lay fragments over .config, and fail when one of their options does not survive.

    Args:
        files: Words of shell for the fragments; a later one overrides an earlier one.
        settle: The command that decides what they leave open.
    """
    # Kconfig drops what it can't have without a word.
    return f"""
        sed '{_UNSET}' {" ".join(files)} | grep '^CONFIG_' | tac | sort -su -t= -k1,1 > wanted.config
        cut -d= -f1 wanted.config | grep -vwFf - .config > merged.config
        cat wanted.config >> merged.config
        mv merged.config .config
        yes '' | {settle} > settled.log
        while read -r wanted; do
            case $wanted in
                *=n) ! grep -q "^${{wanted%n}}" .config ;;
                *) grep -qxF "$wanted" .config ;;
            esac || {{ echo "error: Kconfig has dropped $wanted" >&2; exit 1; }}
        done < wanted.config
    """


def kconfig_options(lines: Iterable[str]) -> dict[str, str]:
    """The options in lines of a .config or fragment, each with the line that sets it, or says that it is not set."""
    return {match[1] or match[3]: line for line in lines if (match := _OPTION.match(line))}


def changed_options(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
    """Options that are not what they were. Those that are gone are none of them: that follows from others.

    Args:
        before: The options of a .config.
        after: Those of a later one.
    """
    return {name: line for name, line in after.items() if line != before.get(name, f"# {name} is not set")}


def with_options(text: str, chosen: Mapping[str, str]) -> str:
    """A fragment with other lines for some options, and everything else as it was.

    Args:
        text: Of the fragment.
        chosen: The options' lines.
    """
    kept = [line for line in text.splitlines() if not kconfig_options([line]).keys() & chosen.keys()]
    return "".join(f"{line}\n" for line in (*kept, *chosen.values()))
