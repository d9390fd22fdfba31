import errno

import pytest
import sarge
from pytest_subprocess import FakeProcess

from ruckus_aux.errors import RuckusError
from ruckus_aux.host import fingerprint, run


def test_status_and_output(fp: FakeProcess) -> None:
    fp.register(["mke2fs", "x"], stdout="done\n", returncode=3)
    assert run(["mke2fs", "x"], check=False) == (3, "done\n")


def test_a_failure_says_what_was_run_and_shows_its_last_words(fp: FakeProcess) -> None:
    fp.register(["cp", "a b", "c"], stdout="\n".join(f"line {n}" for n in range(20)), returncode=1)
    with pytest.raises(RuckusError) as caught:
        run(["cp", "a b", "c"])
    assert caught.value.message == "'cp 'a b' c' failed with exit status 1"
    assert caught.value.hint.splitlines() == [f"line {n}" for n in range(10, 20)]


def test_a_command_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*args: object, **kwargs: object) -> None:
        raise FileNotFoundError(errno.ENOENT, "No such file or directory")

    monkeypatch.setattr(sarge, "Popen", missing)
    with pytest.raises(RuckusError, match="nothing: command not found"):
        run(["nothing"])


def test_output_that_is_not_utf8_does_no_harm(fp: FakeProcess) -> None:
    fp.register(["tar"], stdout=b"\xff\xfe\n")
    assert run(["tar"])[1] == "��\n"


def test_the_fingerprint_is_of_versions_only(host: FakeProcess) -> None:
    assert fingerprint() == "gcc 12 | ld 12 | getconf 12 | make 12"
