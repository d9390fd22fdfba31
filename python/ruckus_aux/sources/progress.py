# SPDX-License-Identifier: GPL-3.0-or-later
"""Progress bars of a download on a terminal; one plain line per finished source elsewhere."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn


class Bars:
    """One line per source that is being downloaded; none where there is no terminal."""

    def __init__(self, console: Console, progress: Progress | None) -> None:
        self._console = console
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def update(self, name: str, done: int, total: int) -> None:
        """Report the progress of a source.

        Args:
            name: The source.
            done: How many bytes are there.
            total: Of how many; 0 if unknown.
        """
        if self._progress is None:
            return
        if name not in self._tasks:
            self._tasks[name] = self._progress.add_task(name, total=total or None)
        self._progress.update(self._tasks[name], completed=done, total=total or None)

    def finished(self, name: str, version: str, origin: str) -> None:
        """Replace a source's bar by a line that stays.

        Args:
            name: The source.
            version: Its version.
            origin: Where it came from.
        """
        if self._progress is not None and name in self._tasks:
            self._progress.remove_task(self._tasks.pop(name))
        text = f"  FETCHED  {name} {version}  [dim]{escape(origin)}[/dim]"
        self._console.print(text, highlight=False, soft_wrap=True)

    def say(self, text: str) -> None:
        """Print a message: above the bars, or on standard error where there are none."""
        if self._progress is None:
            print(f"ruckus: {text}", file=sys.stderr, flush=True)
        else:
            self._console.print(f"ruckus: {text}", highlight=False, soft_wrap=True, markup=False)


@contextmanager
def bars(count: int) -> Iterator[Bars]:
    """Show the download of so many sources, on standard output."""
    console = Console(file=sys.stdout)
    console.print(f"downloading {count} source{'s' if count != 1 else ''}", highlight=False)
    if not console.is_terminal:
        yield Bars(console, None)
        return
    columns = (TextColumn("  {task.description:<12}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        yield Bars(console, progress)
