# SPDX-License-Identifier: GPL-3.0-or-later
"""What steps cost, as measured somewhere and kept in packages/costs.toml: it orders a build until the journal knows.

A step without an entry, such as one of a user's own recipes, has UNKNOWN's figures.
"""

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path

from ruckus_aux.words.errors import RuckusError

FILE_NAME = "costs.toml"


@dataclass(frozen=True)
class Costs:
    """Of one step.

    cpu: CPU seconds (user and system). shared_cpu: when its host objects are in ccache already; 0 when it shares none.
    memory: MB of its largest process. disk: MB of its working folder at the end. installed: MB of what it installs.
    estimated: whether nobody has measured it yet.
    """

    cpu: float
    memory: int
    shared_cpu: float = 0.0
    disk: int = 0
    installed: int = 0
    estimated: bool = False


UNKNOWN = Costs(cpu=60.0, memory=300)  # and no need of room on the disk that could be checked


def read_costs(folder: Path) -> dict[str, Costs]:
    """The costs in a folder of recipes, by STAGE/PACKAGE; none, when it has no such file.

    Raises RuckusError when the file can't be read.
    """
    path = folder / FILE_NAME
    try:
        table = tomllib.loads(path.read_text())["steps"]
        return {name: Costs(**entry) for name, entry in table.items()}
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        known = ", ".join(field.name for field in fields(Costs))
        raise RuckusError(f"{path}: {error}", f"a table [steps], with entries of: {known}") from error
