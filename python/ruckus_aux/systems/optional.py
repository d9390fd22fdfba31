# SPDX-License-Identifier: GPL-3.0-or-later
"""What images of the finished system lack by option: documentation, and what is in other languages than one's own.

Nothing is built again for that, and BUILDROOT/final has all of it.
"""

import re
from pathlib import Path

from ruckus_aux.settings.settings import Settings

_DOCUMENTATION = ("doc", "gtk-doc", "info", "man")
_SECTION = re.compile(r"man\d")  # of the manual; what else is in its folder is a language


def left_out(settings: Settings) -> set[Path]:
    """The folders of the final system that its images are made without."""
    if not settings.is_final:
        return set()
    share = settings.clfs / "usr/share"
    folders = set() if settings.documentation else {share / name for name in _DOCUMENTATION}
    if settings.translations != "all":
        of_languages = [*share.glob("locale/*/"), *share.glob("man/*/")]
        wanted = set(settings.translations.split(","))
        folders |= {path for path in of_languages if not (_SECTION.match(path.name) or wanted & _names(path.name))}
    return folders


def _names(folder: str) -> set[str]:
    """By what a folder such as pt_BR.UTF-8 may be asked for: that, pt_BR, or pt."""
    return {folder, re.split("[.@]", folder)[0], re.split("[.@_]", folder)[0]}
