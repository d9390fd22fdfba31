# SPDX-License-Identifier: GPL-3.0-or-later
"""Trials of a step, for whoever writes its recipe: resumed where it failed, or from a local source.

What comes of a trial stays in the working folder: nothing is stored, merged, or put into the journal, and it compiles
without the objects that steps share. Whoever builds the step begins with an empty working folder.
"""

from contextlib import suppress
from pathlib import Path

from ruckus_aux.host import plain
from ruckus_aux.recipes.plan import Step
from ruckus_aux.steps import logs
from ruckus_aux.steps.building import run_pieces
from ruckus_aux.steps.marks import title_of
from ruckus_aux.steps.work import SCRIPT, Work
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.hints import make_command


def run_trial(
    work: Work, *, resume: bool, first: int | None = None, until_install: bool = False, verbose: bool = False
) -> None:
    """Run a step's script, or a part of it, in its working folder, and leave there what comes of it.

    Args:
        work: the working folder, perhaps with a local source.
        resume: continue in it as it is, with the piece that was begun last.
        first: with this piece instead.
        until_install: stop before the first piece that installs something.
        verbose: show what the script says, too.

    Raises:
        RuckusError: there is no such part, or nothing to resume.
        StepFailed: the script failed; it can be resumed.
    """
    step = work.step
    work.check_pieces()
    last = _installing(work) - 1 if until_install else len(work.pieces)
    with work.held() as lock:
        number = _resumed(work, first) if resume else 1
        if number > last:
            raise _no_piece(work, f"piece {number} is not before the installation, which begins with {last + 1}")
        if resume:
            work.refresh()
        else:
            work.prepare()
        run_pieces(work, number, last, lock, verbose=verbose)
    builddir = work.settings.builddir
    print(f"  TRIED    {step.name}: pieces {number} to {last} of {len(work.pieces)}; nothing was stored")
    print(f"           what is there now: {work.path}")
    if last < len(work.pieces):
        print(f"           to continue: {builddir / 'ruckus'} step {step.name} --resume")
    print(f"           to build it: {make_command(builddir, step.name)}")


def tried_source(step: Step) -> Path | None:
    """The local source of what ran last in a step's working folder; only its log, which we alone write, is believed."""
    with suppress(OSError):
        source = logs.fields_at_the_beginning(step.settings.log(step.name)).get("source")
        return Path(source) if source else None
    return None


def _resumed(work: Work, first: int | None) -> int:
    """The number of the piece to resume with."""
    begun, make = work.begun(), make_command(work.settings.builddir, work.step.name)
    if not (work.is_whole and begun):
        raise RuckusError(f"{work.step.name} has left nothing in {work.path} to resume", f"let it run first: {make}")
    number = first or begun[-1]
    if number > len(work.pieces):
        raise _no_piece(work, f"there is no piece {number}")
    if number not in begun:
        raise _no_piece(work, f"piece {number} was not reached")
    before = work.marked(work.pieces[: number - 1])
    with plain.opened(work.path / SCRIPT) as file:
        ran = file.read(len(before.encode()))
    if first is None and ran != before.encode():
        raise RuckusError(
            f"{work.step.name}: the recipe has changed what ran before piece {number}",
            f"take that as it was: {work.settings.builddir / 'ruckus'} step {work.step.name} --from={number}\n"
            f"or begin anew:       {make}",
        )
    return number


def _installing(work: Work) -> int:
    """The number of the first piece that installs something."""
    for number, piece in enumerate(work.pieces, 1):
        if "$OUT" in piece:
            return number
    raise _no_piece(work, "none of its pieces installs anything into $OUT")


def _no_piece(work: Work, why: str) -> RuckusError:
    lines = [f"{number:>4}  {title_of(piece)}" for number, piece in enumerate(work.pieces, 1)]
    return RuckusError(f"{work.step.name}: {why}", "\n".join(["the pieces of its script:", *lines]))
