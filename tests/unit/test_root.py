import os
from pathlib import Path

import pytest
from pytest_subprocess import FakeProcess

from ruckus_aux.errors import RuckusError
from ruckus_aux.root import as_root, link_command, verify


@pytest.fixture
def ordinary(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)


def test_root_needs_no_sudo(monkeypatch: pytest.MonkeyPatch, fp: FakeProcess) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert as_root(["ln", "-s", "a", "b"]) == ["ln", "-s", "a", "b"]
    verify([["ln", "-s", "a", "b"]])
    assert len(fp.calls) == 0


@pytest.mark.usefixtures("ordinary")
def test_sudo_is_asked_for_each_command_and_never_for_a_password(fp: FakeProcess) -> None:
    fp.register(["sudo", "-n", "-l", "ln", "-sfn", "/a", "/tools"], stdout="/usr/bin/ln\n")
    fp.register(["sudo", "-n", "-l", "chown", "me", "/a"], returncode=1, stdout="sudo: a password is required\n")
    assert as_root(["ln", "x"]) == ["sudo", "-n", "ln", "x"]
    with pytest.raises(RuckusError) as caught:
        verify([["ln", "-sfn", "/a", "/tools"], ["chown", "me", "/a"]])
    assert caught.value.hint.splitlines()[0] == "chown me /a"
    assert "ln" not in caught.value.hint.splitlines()[0]


def test_only_links_are_replaced(tmp_path: Path) -> None:
    link = tmp_path / "tools"
    expected = ["ln", "-sfn", "/clfs/tools", str(link)]
    assert link_command("/clfs/tools", str(link)) == expected
    link.symlink_to("elsewhere")
    assert link_command("/clfs/tools", str(link)) == expected
    (tmp_path / "elsewhere").mkdir()
    with pytest.raises(RuckusError, match="leads to"):
        link_command("/clfs/tools", str(link))
    link.unlink()
    link.mkdir()
    with pytest.raises(RuckusError, match="no symbolic link"):
        link_command("/clfs/tools", str(link))
