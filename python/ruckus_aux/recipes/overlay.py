# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders of recipes, one laid over the other: ours, and those of --with-packages; the last is on top.

A recipe of an upper folder replaces the one of its name below it whole. In an upper folder without such a recipe,
NAME/patches holds further patches, and NAME/*.config further Kconfig fragments, for the recipe below. A file that has
the name of one below takes its place.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ruckus_aux.host.visible import visible
from ruckus_aux.recipes.costs import Costs, read_costs
from ruckus_aux.recipes.files import RecipeFiles
from ruckus_aux.recipes.profile import profile_path, read_profile
from ruckus_aux.words.errors import RuckusError


@dataclass(frozen=True)
class Overlay:
    """Folders of recipes, the lowest first."""

    folders: Sequence[Path]

    def recipes(self) -> list[RecipeFiles]:
        """All recipes, by name: packages/NAME.py, or packages/NAME/recipe.py beside its files."""
        paths: dict[str, tuple[int, Path]] = {}
        for height, folder in enumerate(self.folders):
            for path in visible(folder, "*.py", "*/recipe.py"):
                paths[path.parent.name if path.name == "recipe.py" else path.stem] = height, path
        return [
            RecipeFiles(path, (path.parent, *self._over(name, height, path.parent)))
            for name, (height, path) in sorted(paths.items())
        ]

    def _over(self, name: str, height: int, beside: Path) -> list[Path]:
        """The folders of a recipe's further files, from the folder that it is in upwards."""
        return [folder / name for folder in self.folders[height:] if folder / name != beside]

    def manifests(self) -> list[Path]:
        """The manifests that are laid over that of the lowest folder."""
        return [path for folder in self.folders[1:] if (path := folder / "sources.toml").is_file()]

    def costs(self) -> Mapping[str, Costs]:
        """What steps cost, by STAGE/PACKAGE."""
        return {name: costs for folder in self.folders for name, costs in read_costs(folder).items()}

    def profile(self, name: str) -> tuple[str, ...]:
        """The steps of a profile, those of the ones that it comes after first.

        Raises RuckusError when one of them can't be read, or it comes after itself.
        """
        names, steps = [name], list[str]()
        while names[-1]:
            path = self.profile_path(names[-1])
            after, own = read_profile(path)
            if after in names:
                raise RuckusError(f"{path}: the profile '{after}' comes after itself", "name another, or none")
            names.append(after)
            steps = [*own, *steps]
        return tuple(steps)

    def profile_path(self, name: str) -> Path:
        """The file of a profile: in the uppermost folder that has it, or where it would be."""
        paths = [profile_path(folder, name) for folder in self.folders]
        return next((path for path in reversed(paths) if path.is_file()), paths[0])
