# SPDX-License-Identifier: GPL-3.0-or-later
"""HTML pages from the templates in this package."""

import os
import time
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from ruckus_aux.words.terminal import duration, readable_size


def render_page(template: str, folder: Path, values: dict[str, Any]) -> str:
    """A page.

    Args:
        template: Its file name.
        folder: Where it will be; links to files are relative to it.
        values: The variables of the template.
    """
    environment = Environment(
        loader=PackageLoader("ruckus_aux.reports"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "duration": duration,
        "clock": lambda seconds: time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds)),
        "size": readable_size,
        "seconds": lambda value: f"{value:,.0f} s",
        "link": lambda path: os.path.relpath(path, folder),
    }
    return environment.get_template(template).render(values)
