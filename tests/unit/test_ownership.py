"""Folders are Ruckus's, and a cache is one user's."""

import os
from pathlib import Path

import pytest

from ruckus_aux.errors import RuckusError
from ruckus_aux.ownership import check_own_cache, take
from ruckus_aux.settings import Settings


def test_a_cache_of_another_user_is_refused(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    take(settings)
    take(settings)
    monkeypatch.setattr("os.geteuid", lambda: 54321)
    with pytest.raises(RuckusError, match=f"{settings.cache} is the cache of .*, and a cache has one owner") as error:
        check_own_cache(settings.cache)
    assert "--with-cache=FOLDER" in error.value.hint


def test_a_cache_for_several_to_choose_from_is_the_first_ones(tmp_path: Path) -> None:
    check_own_cache(tmp_path / "cache")
    (tmp_path / "cache").mkdir()
    os.chmod(tmp_path / "cache", 0o2775)
    check_own_cache(tmp_path / "cache")
