# SPDX-License-Identifier: GPL-3.0-or-later

from dataclasses import replace
from pathlib import Path

import pytest
from unit.samples import TOP, tree

from ruckus_aux.recipes.load import evaluate
from ruckus_aux.settings.settings import Settings
from ruckus_aux.steps.merge import merge
from ruckus_aux.systems.table import read_table


@pytest.mark.usefixtures("host")
def test_what_an_overlay_has_in_a_home_is_its_users(settings: Settings, tmp_path: Path) -> None:
    overlay = tree(tmp_path / "mine", home__me__src__a="", etc__motd="")
    tree(overlay / "home/me/.ssh", authorized_keys="").chmod(0o700)
    (overlay / 'home/me/my "odd" #1 \udcff').symlink_to("src")
    (overlay / "home/me/empty").mkdir()
    settings = replace(
        settings, srcdir=TOP, profile="final", user="me", authorized_key=TOP / "LICENSE", overlay=overlay
    )
    plan = evaluate(settings).of_final()
    configuration = tree(tmp_path / "configuration", etc__passwd="me:x:1000:999::/home/me:/bin/bash\n")
    tree(configuration / "home/me/.ssh", authorized_keys="a key")
    for name, artifact in (("configuration", configuration), ("overlay", overlay)):
        step = plan[f"x86_64/final/{name}"]
        vars(step).update(key="key", inputs={})  # its own would have everything below it downloaded
        merge(step, artifact)
    assert read_table(plan).owners == dict.fromkeys(
        (
            *("home/me", "home/me/.ssh", "home/me/.ssh/authorized_keys", "home/me/src", "home/me/src/a"),
            *("home/me/empty", 'home/me/my "odd" #1 \udcff'),
        ),
        (1000, 999),
    )
