# SPDX-License-Identifier: GPL-3.0-or-later
"""`ruckus sizes`: what each package takes in a system that was built."""

from collections.abc import Iterable, Mapping

from ruckus_aux.artifacts.store import Store
from ruckus_aux.host.trees import size
from ruckus_aux.recipes.plan import Step
from ruckus_aux.words.terminal import readable_size

_BAR = 40  # characters of the longest bar


def installed_sizes(steps: Iterable[Step]) -> dict[str, int]:
    """Bytes of what the store has of steps, by their names, the largest first."""
    trees = {step.name: Store(step.settings.cache).tree(step.key) for step in steps}
    sizes = {str(name): size(tree) for name, tree in trees.items() if tree.is_dir()}
    return dict(sorted(sizes.items(), key=lambda item: (-item[1], item[0])))


def size_lines(sizes: Mapping[str, int]) -> list[str]:
    """A line with a bar for each of some sizes, and one for all of them."""
    largest = max([1, *sizes.values()])  # a link takes none
    lines = [
        f"{name:<34} {readable_size(taken):>9}  {'#' * (_BAR * taken // largest)}" for name, taken in sizes.items()
    ]
    return [*lines, f"{f'all {len(sizes)}':<34} {readable_size(sum(sizes.values())):>9}"]
