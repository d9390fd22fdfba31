# SPDX-License-Identifier: GPL-3.0-or-later

from pathlib import Path

import pytest
from unit.samples import tree

from ruckus_aux.steps.freestanding import check_freestanding
from ruckus_aux.words.errors import RuckusError


def test_a_prefix_in_what_is_freestanding(tmp_path: Path) -> None:
    artifact = tree(tmp_path, boot__map="0 /tools-x/", boot__config="made by gcc")
    (artifact / "lib").symlink_to("/tools/lib")
    check_freestanding(artifact, ["/tools", "/0"], Path("r.py"))
    with pytest.raises(RuckusError, match=r"r.py: its step is not freestanding: /boot/map has /tools-x/ in it"):
        check_freestanding(artifact, ["/tools", "/tools-x"], Path("r.py"))
