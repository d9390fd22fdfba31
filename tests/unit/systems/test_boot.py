# SPDX-License-Identifier: GPL-3.0-or-later

from dataclasses import replace
from pathlib import Path

import pytest
from unit.samples import built, tree

from ruckus_aux.host.locks import is_free
from ruckus_aux.recipes.load import evaluate
from ruckus_aux.recipes.plan import Plan
from ruckus_aux.settings.settings import Settings
from ruckus_aux.settings.stamps import stamps
from ruckus_aux.systems.boot import boot, boot_once, check_console, qemu
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.step_name import StepName

CONSOLE = """[    0.5] Run /sbin/init as init process\r
ruckus: machine x86_64\r
ruckus: kernel 6.1.187\r
ruckus: CLFS_ARCH_STRING x86_64\r
ruckus: system is up\r
"""


def test_a_system_that_came_up(settings: Settings) -> None:
    check_console(settings, CONSOLE)


@pytest.mark.parametrize("line", ["system is up", "machine x86_64", "CLFS_ARCH_STRING x86_64"])
def test_anything_missing_is_a_failure_that_shows_the_console(settings: Settings, line: str) -> None:
    with pytest.raises(RuckusError) as caught:
        check_console(settings, CONSOLE.replace(line, "something else"))
    assert "Run /sbin/init" in caught.value.hint


def test_another_systems_console(settings: Settings) -> None:
    with pytest.raises(RuckusError):
        check_console(settings, CONSOLE.replace("machine x86_64", "machine i686"))


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
    check_console(settings, f"(XEN) Xen version 4.17.5 (clfs@ruckus)\r\n{CONSOLE}", xen=True)
    for other in ("(XEN) Xen version 4.20.0", ""):
        with pytest.raises(RuckusError, match="did not come up"):
            check_console(settings, f"{other}\r\n{CONSOLE}", xen=True)


@pytest.mark.usefixtures("recipes")
def test_a_system_without_a_hypervisor_is_no_dom0(settings: Settings) -> None:
    tree(settings.clfs, boot__vmlinuz="kernel")
    with pytest.raises(RuckusError, match=r"boot/xen.gz: no hypervisor there"):
        boot(evaluate(settings), xen=True)


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
    final = Plan(settings.of_final(), plan.steps, plan.sources, plan.profile, plan.broken, plan.unread)
    boot_once(final)  # another system, of which the former knows nothing
    boot_once(plan)
    assert len(booted) == 2
    next(stamp.path for stamp in stamps(settings) if stamp.root == settings.clfs).unlink()
    boot_once(final)
    assert len(booted) == 2
    boot_once(plan)
    assert booted[2:] == [plan]
