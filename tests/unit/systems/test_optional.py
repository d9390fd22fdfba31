# SPDX-License-Identifier: GPL-3.0-or-later

from dataclasses import replace

import pytest

from ruckus_aux.settings.settings import Settings
from ruckus_aux.systems.optional import left_out
from ruckus_aux.words.errors import RuckusError

FOLDERS = (
    *(
        "doc",
        "gtk-doc",
        "info",
        "locale/de",
        "locale/de_AT",
        "locale/en@quot",
        "locale/pt_BR",
        "locale/sr",
        "locale/sr@latin",
    ),
    *("locale/sr_ME", "man/de.UTF-8", "man/man1", "vim/lang"),
)
LANGUAGES = " ".join(name for name in FOLDERS if name.startswith("locale/"))


@pytest.mark.parametrize(
    ("documentation", "translations", "names"),
    [
        (True, "all", ""),
        (True, "none", f"{LANGUAGES} man/de.UTF-8"),
        (True, "de", "locale/en@quot locale/pt_BR locale/sr locale/sr@latin locale/sr_ME"),
        # gettext falls back to what has no country, and no variant.
        (True, "de_DE,pt,sr_RS@latin", "locale/de_AT locale/en@quot locale/sr_ME"),
        (True, "de_AT,pt_BR,en_US,sr@cyrillic", "locale/sr@latin"),
        (False, "all", "doc gtk-doc info man"),
    ],
)
def test_what_images_lack(settings: Settings, documentation: bool, translations: str, names: str) -> None:
    chosen = replace(settings, documentation=documentation, translations=translations)
    for of in (chosen, chosen.of_final()):
        share = of.clfs / "usr/share"
        for name in FOLDERS:
            (share / name).mkdir(parents=True)
        there = {str(path.relative_to(share)) for path in left_out(of) if path.exists()}
        assert there == (set(names.split()) if of.is_final else set()), "of the temporary system, nothing"


@pytest.mark.parametrize(("translations", "name"), [("german", "german"), ("de,pt_PT", "pt_PT"), ("fr,de", "fr")])
def test_a_language_that_nothing_is_in(settings: Settings, translations: str, name: str) -> None:
    final = replace(settings.of_final(), translations=translations)
    for folder in FOLDERS:
        (final.clfs / "usr/share" / folder).mkdir(parents=True)
    with pytest.raises(RuckusError, match=f"--with-translations: nothing in .* is in '{name}'") as caught:
        left_out(final)
    assert caught.value.hint == f"configure again with others, of {final.clfs}/usr/share/locale, or with none"
