# SPDX-License-Identifier: GPL-3.0-or-later

import re
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Event

import pytest
from pytest_subprocess import FakeProcess
from pytest_subprocess.fake_popen import FakePopen
from unit.samples import built, tree

from ruckus_aux.host.locks import is_free
from ruckus_aux.recipes.load import evaluate
from ruckus_aux.recipes.plan import Plan
from ruckus_aux.settings.settings import Settings
from ruckus_aux.settings.stamps import stamps
from ruckus_aux.systems.boot import boot, boot_once, check_console, qemu
from ruckus_aux.systems.qemu import MachineEnd, watch_machine
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.step_name import StepName

CONSOLE = """[    0.5] Run /sbin/init as init process\r
ruckus: machine x86_64\r
ruckus: kernel 6.1.187\r
ruckus: CLFS_ARCH_STRING x86_64\r
ruckus: system is up\r
"""


def check(settings: Settings, text: str, *, xen: bool = False) -> None:
    check_console(settings, MachineEnd(text, by_itself=True), settings.work("boot") / "console.log", xen=xen)


def final(plan: Plan) -> Plan:
    """As of_final, of a profile without one."""
    return Plan(plan.settings.of_final(), plan.steps, plan.sources, plan.profile, plan.broken, plan.unread)


def test_a_system_that_came_up(settings: Settings) -> None:
    check(settings, CONSOLE)


@pytest.mark.parametrize("line", ["system is up", "machine x86_64", "CLFS_ARCH_STRING x86_64"])
def test_anything_missing_is_a_failure_that_shows_the_console(settings: Settings, line: str) -> None:
    with pytest.raises(RuckusError) as caught:
        check(settings, CONSOLE.replace(line, "something else"))
    assert "Run /sbin/init" in caught.value.hint


def test_another_systems_console(settings: Settings) -> None:
    with pytest.raises(RuckusError):
        check(settings, CONSOLE.replace("machine x86_64", "machine i686"))


class Qemu:
    """A QEMU whose machine says something, and powers off, fails, or goes on until it is killed."""

    def __init__(self, fp: FakeProcess, says: str, *, goes_on: bool = False, status: int = 0) -> None:
        self._says, self._goes_on, self._killed = says, goes_on, Event()
        fp.register(["qemu-system-x86_64", fp.any()], returncode=status, callback=self._run, signal_callback=self._end)

    def _run(self, process: FakePopen) -> None:
        words = list(map(str, process.args))
        Path(words[words.index("-serial") + 1].removeprefix("file:")).write_text(self._says)
        if self._goes_on:
            self._killed.wait()

    def _end(self, process: FakePopen, number: int) -> None:
        process.returncode = -number
        self._killed.set()


def test_whether_a_machine_has_powered_off_is_known(fp: FakeProcess, tmp_path: Path) -> None:
    console, words = tmp_path / "console", ["qemu-system-x86_64", "-nodefaults"]
    Qemu(fp, "the end\n")
    assert watch_machine(words, console) == ("the end\n", True)
    Qemu(fp, "no such accelerator\n", status=1)
    assert not watch_machine(words, console).by_itself
    Qemu(fp, "on and on\n", goes_on=True)
    assert watch_machine(words, console, patience=0.0) == ("on and on\n", False)


@pytest.mark.usefixtures("recipes")
def test_a_boot_is_good_when_all_its_scripts_are_and_the_machine_powers_off(
    settings: Settings, fp: FakeProcess, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tree(settings.clfs, boot__vmlinuz="kernel")
    monkeypatch.setattr("ruckus_aux.systems.boot.make_image", lambda plan, image: None)
    monkeypatch.setattr("ruckus_aux.systems.boot.accelerators", lambda: ["kvm", "tcg"])
    fp.pass_command(["rm", fp.any()], occurrences=2)
    plan, console = evaluate(settings), settings.work("boot") / "console.log"
    Qemu(fp, CONSOLE)
    boot(plan)
    assert "  BOOTED   x86_64, with kvm in " in capsys.readouterr().out
    failure = "[    1.5] rc: boot.d/50-mount start failed: status 32\r\n"
    for says, goes_on, fault in (
        (CONSOLE, True, "the machine did not power off"),
        # QEMU ends by itself, as the kernel wants to boot again.
        (CONSOLE + "Kernel panic - not syncing: Attempted to kill init!\n", False, "the kernel panicked"),
        (failure + CONSOLE, False, "boot script boot.d/50-mount start failed: status 32"),
        (failure + CONSOLE, True, "boot script boot.d/50-mount start failed: status 32; the machine did not power off"),
    ):
        Qemu(fp, says, goes_on=goes_on)
        watch = partial(watch_machine, patience=0.0) if goes_on else watch_machine
        monkeypatch.setattr("ruckus_aux.systems.boot.watch_machine", watch)
        with pytest.raises(RuckusError, match=f"^{re.escape(fault)}$") as caught:
            boot(plan)
        assert caught.value.hint.startswith(f"its console is in {console}, and ends with:\n")
        assert console.read_text().startswith(says.replace("\r\n", "\n"))
        assert "BOOTED" not in capsys.readouterr().out


def test_the_command_line_of_qemu(settings: Settings) -> None:
    words = qemu(settings, settings.work("boot") / "disk", "tcg", "ruckus.boot=check")
    assert (
        words[words.index("-append") + 1] == "console=ttyS0 root=/dev/vda rw panic=-1 no_timer_check ruckus.boot=check"
    )
    assert words[words.index("-cpu") + 1] == "max,-smap"
    assert "-cpu host" in " ".join(qemu(settings, settings.clfs, "kvm", ""))


def test_qemu_loads_the_hypervisor_with_the_kernel_as_its_module(settings: Settings, tmp_path: Path) -> None:
    settings = replace(settings, clfs=tmp_path / "a,b")
    words = qemu(settings, tmp_path / "disk", "tcg", "ruckus.boot=check", hypervisor=tmp_path / "xen")
    assert words[words.index("-kernel") + 1] == f"{tmp_path}/xen"
    assert words[words.index("-cpu") + 1] == "max,-smap,-xsave"
    module = f"{tmp_path}/a,,b/boot/vmlinuz console=hvc0 root=/dev/vda rw panic=-1 no_timer_check ruckus.boot=check"
    assert words[words.index("-initrd") + 1] == module


def test_a_dom0_is_one_of_the_hypervisor_that_was_built(settings: Settings) -> None:
    settings = replace(settings, xen_version="4.17")
    check(settings, f"(XEN) Xen version 4.17.5 (clfs@ruckus)\r\n{CONSOLE}", xen=True)
    for other in ("(XEN) Xen version 4.20.0", ""):
        with pytest.raises(RuckusError, match="did not come up"):
            check(settings, f"{other}\r\n{CONSOLE}", xen=True)


@pytest.mark.usefixtures("recipes")
def test_a_system_without_a_hypervisor_is_no_dom0(settings: Settings) -> None:
    tree(settings.clfs, boot__vmlinuz="kernel")
    with pytest.raises(RuckusError, match=r"boot/xen.gz: no hypervisor there"):
        boot(evaluate(settings), xen=True)
    tree(settings.final, boot__vmlinuz="kernel")
    plan = evaluate(settings)
    with pytest.raises(RuckusError, match="the final system has no hypervisor") as caught:
        boot(final(plan), xen=True)
    assert caught.value.hint == "leave out --system=final, or --xen"


@pytest.mark.usefixtures("recipes")
def test_one_boot_at_a_time(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them have the same image and console."""
    tree(settings.clfs, boot__vmlinuz="kernel")
    lock = settings.work_lock(StepName("boot"))

    def make_image(plan: Plan, image: Path) -> None:
        assert not is_free(lock)
        raise RuckusError("so far")

    monkeypatch.setattr("ruckus_aux.systems.boot.make_image", make_image)
    with pytest.raises(RuckusError, match="so far"):
        boot(evaluate(settings))
    assert is_free(lock)


@pytest.mark.usefixtures("recipes")
def test_a_system_is_booted_again_when_it_has_changed(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    booted: list[Plan] = []
    monkeypatch.setattr("ruckus_aux.systems.boot.boot", booted.append)
    plan = evaluate(settings)
    built(plan, *plan.steps)
    boot_once(plan)
    boot_once(plan)
    assert booted == [plan]
    boot_once(final(plan))  # another system, of which the former knows nothing
    boot_once(plan)
    assert len(booted) == 2
    next(stamp.path for stamp in stamps(settings) if stamp.root == settings.clfs).unlink()
    boot_once(final(plan))
    assert len(booted) == 2
    boot_once(plan)
    assert booted[2:] == [plan]


@pytest.mark.usefixtures("recipes")
def test_a_system_that_did_not_come_up_is_booted_again(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def boot(plan: Plan) -> None:
        raise RuckusError("the system did not come up")

    monkeypatch.setattr("ruckus_aux.systems.boot.boot", boot)
    plan = evaluate(settings)
    built(plan, *plan.steps)
    for _ in range(2):
        with pytest.raises(RuckusError, match="did not come up"):
            boot_once(plan)
