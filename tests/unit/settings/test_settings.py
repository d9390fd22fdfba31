# SPDX-License-Identifier: GPL-3.0-or-later

from pathlib import Path

import pytest
from unit.samples import configured

from ruckus_aux.settings.settings import load
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.paths import CONF
from ruckus_aux.words.stage import STAGES


def test_what_configure_writes_can_be_read(tmp_path: Path) -> None:
    settings = load(configured(tmp_path))
    assert (settings.arch.name, settings.cpucount, settings.hostprep_only) == ("i686", 4, False)
    assert settings.mirrors == (Path("/m1"), Path("/m2"))
    assert settings.packages == (Path("/p1"), Path("/p2"))
    assert settings.hostprep_tools == ("m4", "bison")
    assert settings.log("i686/cross/gcc") == Path("/b/log/i686/cross/gcc.log")
    assert settings.prefix is None
    assert load(configured(tmp_path, prefix="/p")).prefix == Path("/p")
    assert (settings.root(STAGES["hostprep"]), settings.root(STAGES["stage1"])) == (Path("/b"), Path("/b/baby"))


def test_no_configuration(tmp_path: Path) -> None:
    with pytest.raises(RuckusError, match="not found") as caught:
        load(tmp_path)
    assert "configure" in caught.value.hint


@pytest.mark.parametrize("changes", [{"cpucount": "many"}, {"arch": "vax"}])
def test_nonsense(tmp_path: Path, changes: dict[str, str]) -> None:
    with pytest.raises(RuckusError):
        load(configured(tmp_path, **changes))


def test_a_file_that_was_cut_off(tmp_path: Path) -> None:
    (tmp_path / CONF).write_text("[ruckus]\nsrcdir = /src\n")
    with pytest.raises(RuckusError, match=str(tmp_path)):
        load(tmp_path)


def test_what_was_no_option_yet_is_as_if_it_was_not_given(tmp_path: Path) -> None:
    text = configured(tmp_path, debug="yes").joinpath(CONF).read_text()
    assert load(tmp_path).debug
    (tmp_path / CONF).write_text(text.replace("debug = yes\n", ""))
    assert not load(tmp_path).debug
