# SPDX-License-Identifier: GPL-3.0-or-later

import os
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import cache_from_source
from pathlib import Path

import pytest

from start import sound_code


def test_a_compiled_module_that_is_cut_off_anywhere_is_compiled_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path / "cache"))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    source = tmp_path / "sample.py"
    source.write_text("VALUES = [1.5, 'text', b'bytes', (2, None)]\ndef add(a, b=3):\n    return a + b\n")
    loader = SourceFileLoader("sample", str(source))
    sound_code(loader, "sample")
    compiled = Path(cache_from_source(str(source)))
    whole = compiled.read_bytes()
    for length in range(len(whole)):
        os.truncate(compiled, length)
        code, names = sound_code(loader, "sample"), dict[str, object]()
        assert code is not None
        exec(code, names)
        assert names["VALUES"] == [1.5, "text", b"bytes", (2, None)]
        assert compiled.read_bytes() == whole, f"cut off at {length}"


def test_what_is_wrong_in_the_source_is_still_said(tmp_path: Path) -> None:
    (tmp_path / "sample.py").write_text("a =\n")
    with pytest.raises(SyntaxError):
        sound_code(SourceFileLoader("sample", str(tmp_path / "sample.py")), "sample")
