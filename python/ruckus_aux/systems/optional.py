# SPDX-License-Identifier: GPL-3.0-or-later
"""What images of the finished system lack by option: documentation, and what is in other languages than one's own.

Nothing is built again for that, and BUILDROOT/final has all of it.
"""

import re
from pathlib import Path

from ruckus_aux.settings.settings import Settings
from ruckus_aux.words.errors import RuckusError

_DOCUMENTATION = ("doc", "gtk-doc", "info", "man")
_SECTION = re.compile(r"man\d")  # of the manual; what else is in its folder is a language


def left_out(settings: Settings) -> set[Path]:
    """The folders of the final system that its images are made without.

    Raises RuckusError when nothing of it is in a language that was asked for.
    """
    if not settings.is_final:
        return set()
    share = settings.clfs / "usr/share"
    folders = set() if settings.documentation else {share / name for name in _DOCUMENTATION}
    if settings.translations != "all":
        names = [] if settings.translations == "none" else settings.translations.split(",")
        of_languages = {
            *share.glob("locale/*/"),
            *(path for path in share.glob("man/*/") if not _SECTION.match(path.name)),
        }
        kept = {name: {path for path in of_languages if _is_read(path.name, name)} for name in names}
        if lost := [name for name in names if not kept[name]]:
            raise RuckusError(
                f"--with-translations: nothing in {settings.clfs} is in '{lost[0]}'",
                f"configure again with others, of {share}/locale, or with none",
            )
        folders |= of_languages.difference(*kept.values())
    return folders


def _is_read(folder: str, language: str) -> bool:
    """Whether gettext and man look into a folder for a language: into de for de_AT, too, and into all of de_* for de.

    Args:
        folder: Its name.
        language: What was asked for.
    """
    there, asked = _parts(folder), _parts(language)
    details = zip(there[1:], asked[1:], strict=True)
    return there[0] == asked[0] and all(not wish or detail in ("", wish) for detail, wish in details)


def _parts(name: str) -> tuple[str, str, str]:
    """Language, country and variant of pt_BR.UTF-8, sr@latin and the like; "" for what it does not say."""
    before, _, variant = name.partition("@")
    language, _, country = before.partition(".")[0].partition("_")
    return language, country, variant
