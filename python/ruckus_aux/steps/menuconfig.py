# SPDX-License-Identifier: GPL-3.0-or-later
"""`ruckus menuconfig`: change what Kconfig has configured, and keep what differs as a fragment.

It is a trial of the step: its script runs up to its configuration, in its working folder, and nothing is stored.
"""

import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

from ruckus_aux.host import plain
from ruckus_aux.host.writing import write_whole
from ruckus_aux.recipes.kconfig import Kconfig, changed_options, kconfig_options, with_options
from ruckus_aux.recipes.plan import Step
from ruckus_aux.recipes.shell import quoted
from ruckus_aux.steps.building import run_pieces
from ruckus_aux.steps.headers import has_ncurses
from ruckus_aux.steps.marks import MARKS
from ruckus_aux.steps.shell import enter
from ruckus_aux.steps.work import Work
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.hints import make_command

_NAME = "menuconfig.config"
_SCRIPT = "menuconfig"  # in the working folder
_LIMIT = 1 << 24  # bytes of a .config that are read
# Which options do not follow from others is what savedefconfig says. BusyBox has none: there, each that has changed is
# left out in turn, to see whether it comes by itself.
_EDIT = """\
set -eu
. {state}
cd "$PWD"
cp .config "$HOME/.before"
{make} menuconfig
cp .config "$HOME/.after"
if {make} savedefconfig >/dev/null 2>&1; then
    mv defconfig "$HOME/.least"
    cp "$HOME/.before" .config
    {make} savedefconfig >/dev/null
    mv defconfig "$HOME/.least-before"
else
    : > "$HOME/.least-before"
    grep CONFIG_ .config | sort > after.sorted
    grep -vxFf "$HOME/.before" "$HOME/.after" | grep CONFIG_ > changed || :
    cp changed least
    echo "Which of $(wc -l < changed) lines follow from others? This takes about a second for each."
    while read -r line; do
        grep -vxF -e "$line" least > fewer || :
        sed 's/^# //; s/[= ].*//' fewer > names
        grep -vwFf names "$HOME/.before" | cat - fewer > .config
        yes '' | {make} {settle} >/dev/null 2>&1
        ! grep CONFIG_ .config | sort | cmp -s - after.sorted || mv fewer least
    done < changed
    mv least "$HOME/.least"
fi
cp "$HOME/.after" .config
"""


def menuconfig(work: Work, output: Path | None, *, verbose: bool = False) -> None:
    """Configure a step, let the user change that on the terminal, and write the options that differ into a fragment.

    Args:
        work: the step's working folder.
        output: the fragment, of which other lines stay; by default in the uppermost folder of --with-packages.
        verbose: show what the step's script says, too.

    Raises:
        RuckusError: the step does not configure with Kconfig, something that this takes is missing, or it failed.
        StepFailed: it can't even be configured.
    """
    step = work.step
    kconfig = step.kconfig
    if not kconfig:
        raise RuckusError(f"{step.name} does not configure with Kconfig", f"see: ruckus show {step.name}")
    path = (output or _default(step)).absolute()
    text = _checked(path)
    work.check_pieces()
    with work.held() as lock:
        work.prepare()
        run_pieces(work, 1, kconfig.pieces, lock, verbose=verbose)
        changed = _edited(work, kconfig)
    if not changed:
        print(f"  SAME     {step.name}: no option has changed, and nothing was written")
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, with_options(text, changed))
    print(f"  WROTE    {path}:")
    print("".join(f"           {line}\n" for line in changed.values()), end="")
    if path not in step.files and path.parent not in _above(step):
        print(f"           name it in the kconfig() of {step.recipe}")
    print(f"           to build it: {make_command(work.settings.builddir, step.name)}")


def _default(step: Step) -> Path:
    """Where a fragment belongs to the recipe without being named in it."""
    folders = _above(step)
    if not folders:
        raise RuckusError(
            "there is no folder of your own over the recipe, that the fragment could be put into",
            "configure --with-packages=DIR, or name a file: --output=FILE",
        )
    return folders[-1] / _NAME


def _above(step: Step) -> list[Path]:
    """Folders whose fragments are laid over the recipe, see recipes.overlay."""
    folders, recipe = step.settings.recipe_folders, step.recipe
    name = recipe.parent.name if recipe.name == "recipe.py" else recipe.stem
    height = max(number for number, folder in enumerate(folders) if folder in recipe.parents)
    return [folder / name for folder in folders[height + 1 :]]


def _checked(path: Path) -> str:
    """What is in the fragment, after everything was checked that would be a pity to be missing in the end."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise RuckusError("menuconfig needs a terminal, for standard input and output", "run it without a pipe")
    if not has_ncurses():
        raise RuckusError(
            "this host lacks the headers of ncurses, with which menuconfig is compiled",
            "apt-get install libncurses-dev",
        )
    folder = next(parent for parent in path.parents if parent.is_dir())
    if not os.access(folder, os.W_OK):
        raise RuckusError(f"{path}: you may not write to {folder}", "name another file: --output=FILE")
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def _edited(work: Work, kconfig: Kconfig) -> Mapping[str, str]:
    """Run menuconfig, and return the lines of options that it has changed, without those that follow from others."""
    state = shlex.quote(str(work.inside / MARKS / str(kconfig.pieces + 1)))
    # BusyBox tries whether it can link with ncurses by a program that is too old for gcc 14.
    words = [f"{word} -Wno-error=implicit-int" if word.startswith("HOSTCC=") else word for word in kconfig.make]
    make = " ".join(["make", *map(quoted, words)])
    work.write(_SCRIPT, _EDIT.format(state=state, make=make, settle=kconfig.settle))
    if status := enter(work, ["/bin/sh", str(work.inside / _SCRIPT)], tools=("ncurses",)):
        raise RuckusError(f"{work.step.name}: menuconfig failed (exit status {status})", "nothing was written")
    before, after, *least = (_options(work.path / f".{name}") for name in ("before", "after", "least-before", "least"))
    names = {name for options in least for name in options}
    return {name: line for name, line in changed_options(before, after).items() if name in names}


def _options(path: Path) -> dict[str, str]:
    with plain.opened(path) as file:
        return kconfig_options(file.read(_LIMIT).decode(errors="replace").splitlines())
