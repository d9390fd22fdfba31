# SPDX-License-Identifier: GPL-3.0-or-later
"""A build as a person sees it: plain lines in a file, or a live display below the lines on a terminal."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ruckus_aux.runs.follow import View
from ruckus_aux.runs.status import State, Watch
from ruckus_aux.words.terminal import STYLES, duration, readable_size


class Plain:
    """One line for each event."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch

    def line(self, text: str) -> None:
        """Show a line of output."""
        print(text, flush=True)

    def look(self, make: int) -> None:
        """Let others see what goes on."""
        self.watch.record(self.watch.state(make))


class OnTerminal:
    """Lines that scroll, and below them what goes on now."""

    def __init__(self, watch: Watch, live: Live) -> None:
        self.watch = watch
        self.live = live

    def line(self, text: str) -> None:
        """Show a line of output above the view."""
        self.live.console.print(colored(text), soft_wrap=True)

    def look(self, make: int) -> None:
        """Show what goes on now."""
        state = self.watch.state(make)
        self.watch.record(state)
        self.live.update(render_state(state), refresh=True)


@contextmanager
def shown(watch: Watch, console: Console) -> Iterator[View]:
    """A view that suits the place that the console writes to.

    Args:
        watch: What is going on.
        console: Where it is shown.
    """
    if not console.is_terminal:
        yield Plain(watch)
        return
    with Live(console=console, auto_refresh=False, transient=True) as live:
        yield OnTerminal(watch, live)


def colored(text: str) -> Text:
    """A line of make or of a step, with its first word in the color of what it says."""
    line = Text(text)
    word = text.strip().partition(" ")[0]
    start = text.find(word)
    if word.lower() in STYLES:
        line.stylize(STYLES[word.lower()], start, start + len(word))
    for mark in ("error:", "***"):
        line.highlight_words([mark], "red")
    return line


def render_state(state: State) -> RenderableType:
    """The live view: a line for the machine, one for each architecture, one for each running step."""
    jobs = f"{state.jobs} of {state.cpus}" if state.jobs >= 0 else f"? of {state.cpus}"
    figures = {
        "run": state.run,
        "elapsed": duration(state.now - state.started),
        "left about": duration(state.left),
        "jobs": jobs,
        "busy": f"{state.busy:.1f}",
        "memory": f"{readable_size(state.memory)} of {readable_size(state.total)}",
    }
    head = Columns(
        [Text.assemble((f"{name} ", "dim"), figure, no_wrap=True) for name, figure in figures.items()], padding=(0, 3)
    )
    archs = Table.grid(padding=(0, 2))
    for arch in state.archs:
        bar = ProgressBar(total=max(1, arch.steps), completed=arch.made, width=24)
        left = Text(f"{duration(arch.cpu_left)} CPU left" if arch.made < arch.steps else "made", style="dim")
        archs.add_row(arch.arch, bar, f"{arch.made} of {arch.steps}", left)
    return Group(Text(), head, archs, _running(state))


def _running(state: State) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column()
    for _ in range(3):
        table.add_column(justify="right")
    # A step's CPU seconds, spread over its share of the processors.
    share = state.processors / max(1, len(state.running))
    for one in state.running:
        usual, elapsed = one.expected / max(1.0, share), state.now - one.started
        of = Text(f"of about {duration(usual)}" if one.expected else "")
        if one.expected and elapsed > usual:
            of = Text(f"longer than the usual {duration(usual)}", style="yellow")
        name = Text(one.step if one.step.startswith(one.arch) else f"{one.arch}: {one.step}", style="cyan")
        table.add_row(name, duration(elapsed), of, readable_size(one.used))
    return table
