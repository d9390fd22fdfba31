# SPDX-License-Identifier: GPL-3.0-or-later

import tempfile
from pathlib import Path

import pytest
from pytest_subprocess import FakeProcess

from ruckus_aux.host import mounts
from ruckus_aux.steps import bubble, isolation
from ruckus_aux.words.errors import RuckusError

NO_USERNS = "bwrap: No permissions to create new namespace, likely because the kernel does not allow non-privileged"
fault = isolation.fault.__wrapped__  # what stands in for it in other tests replaces the module's only


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch, fp: FakeProcess) -> dict[str, str]:
    """What files below /proc say to an ordinary user; no other can be read."""
    files: dict[str, str] = {}
    monkeypatch.setattr(bubble, "changes_user", lambda: False)
    monkeypatch.setattr(bubble, "lacking", lambda: "")
    monkeypatch.setattr(isolation, "_read", lambda path: files.get(str(path), ""))
    return files


def said(fp: FakeProcess, text: str, status: int = 1) -> None:
    fp.register([fp.any()], stdout=text, returncode=status)


def test_a_program_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bubble, "lacking", lambda: "bwrap")
    assert fault() == isolation.Fault("bwrap is not installed", cure="apt-get install bubblewrap")


def test_a_sandbox_that_works_has_no_fault(kernel: dict[str, str], fp: FakeProcess) -> None:
    said(fp, "", status=0)
    assert fault() is None
    (words,) = fp.calls
    for option in ("--proc", "--dev", "--as-pid-1", "--tmpfs", "--remount-ro"):  # what a step uses
        assert option in words


@pytest.mark.parametrize(
    ("file", "content", "cure"),
    [
        ("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1\n", "bwrap-userns-restrict"),
        ("/proc/sys/kernel/unprivileged_userns_clone", "0\n", "as root: sysctl -w kernel.unprivileged_userns_clone=1"),
        ("/proc/sys/user/max_user_namespaces", "0\n", "as root: sysctl -w user.max_user_namespaces="),
        ("/proc/self/status", "Name:\tx\nSeccomp:\t2\n", "--security-opt seccomp=unconfined"),
    ],
)
def test_a_kernel_that_forbids_user_namespaces_is_asked_which_way(
    kernel: dict[str, str], fp: FakeProcess, file: str, content: str, cure: str
) -> None:
    kernel[file] = content
    said(fp, NO_USERNS)
    found = fault()
    assert found
    assert found.said == f"bwrap was tried: {NO_USERNS}"
    assert found.reason
    assert cure in found.cure
    assert len(found.lines()) == 2


def test_what_is_not_known_is_passed_on_as_it_was_said(kernel: dict[str, str], fp: FakeProcess) -> None:
    kernel["/proc/sys/kernel/unprivileged_userns_clone"] = "1\n"
    said(fp, "bwrap: something\n  new\n")
    assert fault() == isolation.Fault("bwrap was tried: bwrap: something new")
    said(fp, "", status=137)
    assert str(fault()) == "bwrap was tried: exit status 137"


def test_settings_for_ordinary_users_are_no_reason_for_root(
    kernel: dict[str, str], fp: FakeProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bubble, "changes_user", lambda: True)
    monkeypatch.setattr(bubble.Bubble, "give", lambda *things: None)
    kernel["/proc/sys/user/max_user_namespaces"] = "0\n"
    said(fp, "bwrap: Failed to make something")
    assert fault() == isolation.Fault("bwrap was tried: bwrap: Failed to make something")


@pytest.mark.parametrize(
    ("words", "cure"),
    [
        ("bwrap: Failed to make / slave: Permission denied", "apparmor=unconfined"),
        ("bwrap: Can't mount proc on /newroot/proc: Operation not permitted", "systempaths=unconfined"),
        ("bwrap: Unknown option --perms", "newer"),
        ("bwrap: prctl(PR_SET_SECCOMP): Invalid argument", "CONFIG_SECCOMP_FILTER"),
    ],
)
def test_what_bwrap_says_may_be_the_reason(kernel: dict[str, str], fp: FakeProcess, words: str, cure: str) -> None:
    kernel["/proc/sys/user/max_user_namespaces"] = "0\n"
    said(fp, words)
    assert cure in (fault() or isolation.Fault("")).cure


def test_a_chroot_is_told_from_a_container(
    kernel: dict[str, str], fp: FakeProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mounts, "MOUNTINFO", tmp_path / "mountinfo")
    mounts.MOUNTINFO.write_text("36 35 0:22 / /proc rw - proc proc rw\n")
    said(fp, "bwrap: Failed to make / slave: Invalid argument")
    assert "systemd-nspawn" in (fault() or isolation.Fault("")).cure


def test_without_a_temporary_folder_nothing_can_be_tried(
    kernel: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(RuckusError, match=r"no temporary folder: .*nowhere"):
        fault()


def test_nothing_that_runs_is_not_a_host_without_tools(kernel: dict[str, str], fp: FakeProcess) -> None:
    said(fp, "bwrap: broken")
    with pytest.raises(RuckusError, match="nothing runs where steps do: bwrap: broken"):
        isolation.found("bwrap", ["gcc"], ["m4"])


def test_only_what_is_said_to_be_found_is_found(kernel: dict[str, str], fp: FakeProcess, tmp_path: Path) -> None:
    said(fp, "found gcc\nelf.c:1:10: fatal error: libelf.h: not found here\nfound m4\n", status=0)
    names, output = isolation.found("none", ["gcc"], ["m4"])
    assert names == {"gcc", "m4"}
    assert "fatal error" in output
