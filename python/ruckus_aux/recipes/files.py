# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a recipe: its patches, its Kconfig fragments, and whatever else is beside it."""

from dataclasses import dataclass
from pathlib import Path

from ruckus_aux.host.visible import visible


@dataclass(frozen=True)
class RecipeFiles:
    """Where a recipe is, and the files that belong to it.

    path: the recipe itself.
    folders: where its other files are: beside it, then in the folders that are laid over it.
    """

    path: Path
    folders: tuple[Path, ...]

    def find(self, name: str) -> Path:
        """A file of the recipe: the uppermost of this name; where it would be, when there is none."""
        found = [folder / name for folder in self.folders if (folder / name).is_file()]
        return found[-1] if found else self.folders[0] / name

    def patches(self, version: str) -> list[Path]:
        """Its patches in the order in which they are applied: folder after folder, each by name.

        version: of its source, for those in patches/VERSION, which take the place of those of the same name in patches;
            "" for none.
        """
        patterns = ["patches/*.patch", *([f"patches/{version}/*.patch"] if version else [])]
        by_name: dict[str, Path] = {}
        for folder in self.folders:
            for path in sorted(visible(folder, *patterns), key=lambda path: (path.name, len(path.parts))):
                by_name[path.name] = path
        return list(by_name.values())

    def further_fragments(self) -> list[Path]:
        """Kconfig fragments that are laid over the recipe, and not files of its own."""
        own = {path.name for path in visible(self.folders[0], "*.config")}
        upper = {path.name: path for folder in self.folders[1:] for path in visible(folder, "*.config")}
        return [path for name, path in upper.items() if name not in own]
