# SPDX-License-Identifier: GPL-3.0-or-later
"""A builder in QEMU: how it is called, how its ends are told apart, and what QEMU is asked."""

import json
import socket
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from unit.builders.conftest import A, B, start_of
from unit.builders.records import RUN, RUNNING, lines_of

from ruckus_aux.builders.console import attach, follow
from ruckus_aux.builders.disks import Disks
from ruckus_aux.builders.qemu import Qemu, qemu_command
from ruckus_aux.builders.qmp import ask_qemu
from ruckus_aux.builders.state import Guest
from ruckus_aux.host.locks import try_held
from ruckus_aux.recipes.plan import Plan
from ruckus_aux.settings.settings import Settings
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.step_name import StepName


@pytest.fixture
def builder(plan: Plan) -> Qemu:
    """One whose machine was started, and has ended."""
    made = Qemu(plan, Disks(plan, plan.settings.buildroot / "builder"))
    made.folder.mkdir(parents=True)
    replace(start_of(plan), run=RUN).write(made.folder)
    (made.folder / "results").write_bytes(lines_of(RUNNING))
    return made


@pytest.mark.parametrize(
    ("status", "said", "console", "expected"),
    [
        ("0", "", "[ 9.1] reboot: Power down\r\n", Guest("ended", "poweroff")),
        ("0", "", "[ 9.1] reboot: Restarting system\r\n", Guest("ended", "reboot")),
        ("0", "", "[ 1.0] Kernel panic - not syncing: Attempted to kill init!\r\n[ 1.1] more\r\n",
         Guest("ended", "crash", "Kernel panic - not syncing: Attempted to kill init!")),
        ("0", "qemu: terminating on signal 15 from pid 7 (kill)\n", "",
         Guest("ended", "killed", "terminating on signal 15 from pid 7")),
        ("137", "Killed\n", "half a li", Guest("ended", "killed", "QEMU: Killed; for lack of memory here? dmesg")),
        ("1", "qemu: could not open disk\n", "", Guest("ended", "", "QEMU: qemu: could not open disk")),
        ("134", "", "", Guest("ended", "killed", "QEMU: exit status 134")),
        (None, "", "", Guest("ended", "killed", "without an exit status: this host may have been switched off")),
    ],
)  # fmt: skip
def test_ends_are_told_apart(builder: Qemu, status: str | None, said: str, console: str, expected: Guest) -> None:
    (builder.folder / "qemu.log").write_text(said)
    (builder.folder / "console.log").write_text(console)
    if status is not None:
        (builder.folder / "status").write_text(f"{status}\n")
    sight = builder.look()
    assert sight.guest == expected
    assert sight.read() == RUNNING


def test_whoever_holds_its_lock_is_a_running_machine(builder: Qemu, settings: Settings) -> None:
    with try_held(settings.work_lock(StepName("builder"))):
        assert builder.look().guest == Guest("running")
        with pytest.raises(RuckusError, match="the builder of x86_64 runs already"):
            builder.start(start_of(builder.plan))
    builder.settle(keep=False)
    assert builder.look().guest == Guest("absent")


def test_the_command_line_of_a_builder(plan: Plan) -> None:
    start = replace(start_of(plan, 3), run=RUN, more={"accelerator": "tcg"})
    words = qemu_command(start, Path("/a,b/vmlinuz"))
    line = (
        f"console=ttyS0 root=/dev/vda rw panic=-1 no_timer_check ruckus.result=/dev/vdb ruckus.run={RUN} ruckus.jobs=3"
    )
    assert words[words.index("-append") + 1] == f"{line} ruckus.stage2=auto"
    assert words[words.index("-kernel") + 1] == "/a,b/vmlinuz"
    assert words[words.index("-smp") + 1] == "3"
    assert [word for word in words if word.startswith("file=")] == [
        "file=disk.ext4,format=raw,if=virtio",
        "file=results,format=raw,if=virtio",
    ]
    by_hand = qemu_command(replace(start, auto=False), Path("/k"))
    assert by_hand[by_hand.index("-append") + 1] == line


def test_a_start_that_can_not_be_read_names_its_file(builder: Qemu) -> None:
    (builder.folder / "start.json").write_text('{"arch": 1}')
    with pytest.raises(RuckusError, match=r"start\.json: "):
        builder.look()
    assert [*start_of(builder.plan).steps] == [A, B]


def test_what_qemu_answers(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 120)  # longer than a socket's path may be
    folder.mkdir()
    heard: list[str] = []

    def serve(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection, connection.makefile("rw") as stream:
            answers: tuple[dict[str, object], ...] = ({"QMP": {}}, {"return": {}}, {"return": {"status": "io-error"}})
            for answer in answers:
                stream.write(f"{json.dumps({'event': 'X'})}\n" if heard else "")
                stream.write(f"{json.dumps(answer)}\n")
                stream.flush()
                if "status" not in str(answer):
                    heard.append(json.loads(stream.readline())["execute"])

    with socket.socket(socket.AF_UNIX) as server, pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        server.bind("qmp")
        server.listen()
        thread = threading.Thread(target=serve, args=(server,), daemon=True)
        thread.start()
        assert ask_qemu(folder / "qmp", "query-status") == {"status": "io-error"}
        thread.join(10)
    assert heard == ["qmp_capabilities", "query-status"]
    assert ask_qemu(folder / "qmp", "query-status") is None
    assert ask_qemu(folder / "nothing", "query-status") is None


def test_a_console_is_shown_to_its_end_and_commands_no_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "console").write_bytes(b"one\r\n\x1b[2Jtwo\xff")
    assert follow(tmp_path / "console", lambda: True) == 0
    assert capsys.readouterr().out == "one\n\\x1b[2Jtwo�"
    with pytest.raises(RuckusError, match="no machine has said anything yet"):
        follow(tmp_path / "none", lambda: True)


def test_a_shell_needs_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    with pytest.raises(RuckusError, match="a shell needs a terminal"):
        attach(tmp_path / "serial")
