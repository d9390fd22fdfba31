# SPDX-License-Identifier: GPL-3.0-or-later

from dataclasses import replace

import pytest

from ruckus_aux.settings.settings import Settings
from ruckus_aux.systems.optional import left_out

FOLDERS = ("doc", "locale/de", "locale/de_AT", "locale/en@quot", "locale/pt_BR", "man/de.UTF-8", "man/man1", "vim/lang")


@pytest.mark.parametrize(
    ("documentation", "translations", "names"),
    [
        (True, "all", ""),
        (True, "none", "locale/de locale/de_AT locale/en@quot locale/pt_BR man/de.UTF-8"),
        (True, "de", "locale/en@quot locale/pt_BR"),
        (True, "de_AT,pt_BR,en", "locale/de man/de.UTF-8"),
        (False, "all", "doc man"),
    ],
)
def test_what_images_lack(settings: Settings, documentation: bool, translations: str, names: str) -> None:
    final = replace(settings.of_final(), documentation=documentation, translations=translations)
    share = final.clfs / "usr/share"
    for name in FOLDERS:
        (share / name).mkdir(parents=True)
    there = {str(path.relative_to(share)) for path in left_out(final) if path.exists()}
    assert there == set(names.split())
    assert not left_out(settings)
