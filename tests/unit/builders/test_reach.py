# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys of builders, where they go, and how a machine is reached with them."""

import shlex
from dataclasses import replace
from pathlib import Path

import paramiko
import pytest
from pytest_subprocess import FakeProcess
from unit.builders.conftest import RECIPE, start_of
from unit.builders.records import RUN

from ruckus_aux.builders import kinds
from ruckus_aux.builders.console import said_address
from ruckus_aux.builders.disks import Disks
from ruckus_aux.builders.keys import has_ssh_server, keys_of, keys_on_disk
from ruckus_aux.builders.kinds import builder_there
from ruckus_aux.builders.qemu import Qemu, qemu_command
from ruckus_aux.builders.reach import reach
from ruckus_aux.builders.where import Where, where_placed
from ruckus_aux.builders.xen import Xen
from ruckus_aux.host.locks import try_held
from ruckus_aux.recipes.load import evaluate
from ruckus_aux.recipes.plan import Plan
from ruckus_aux.systems.image import Addition
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.step_name import StepName


def parts(key: bytes) -> list[bytes]:
    """What a key in ssh's or dropbear's form consists of (RFC 4251, string)."""
    found = []
    while key:
        size = int.from_bytes(key[:4], "big")
        found.append(key[4 : 4 + size])
        key = key[4 + size :]
    return found


def test_keys_are_made_once_and_are_nobody_elses(tmp_path: Path) -> None:
    keys = keys_of(tmp_path / "builder", "i686")
    files = {str(path.relative_to(keys)): path for path in keys.rglob("*")}
    assert {name: path.stat().st_mode & 0o7777 for name, path in files.items()} == {
        "home": 0o700,
        **dict.fromkeys(("home/authorized_keys", "host", "known_hosts", "user"), 0o600),
    }
    assert keys.stat().st_mode & 0o7777 == keys.parent.stat().st_mode & 0o7777 == 0o700
    content = {name: path.read_bytes() for name, path in files.items() if path.is_file()}
    assert keys_of(tmp_path / "builder", "i686") == keys
    assert content == {name: files[name].read_bytes() for name in content}
    assert keys_of(tmp_path / "other", "i686").joinpath("user").read_bytes() != content["user"]


def test_each_side_knows_the_key_of_the_other(tmp_path: Path) -> None:
    keys = keys_of(tmp_path, "i686")
    user = paramiko.PKey.from_path(keys / "user")
    assert (keys / "home/authorized_keys").read_text() == f"ssh-ed25519 {user.get_base64()} ruckus\n"
    known = paramiko.HostKeys(str(keys / "known_hosts")).lookup("builder-i686")
    assert known
    kind, halves = parts((keys / "host").read_bytes())
    assert kind == b"ssh-ed25519"
    assert [kind, halves[32:]] == parts(known["ssh-ed25519"].asbytes())
    made = paramiko.Ed25519Key.from_type_string("ssh-ed25519", known["ssh-ed25519"].asbytes())
    assert made.fingerprint != user.fingerprint


def test_only_a_system_that_has_a_server_gets_keys(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Addition] = []

    def make_image(plan: Plan, output: Path, *, addition: Addition) -> None:
        given.append(addition)
        output.touch()

    monkeypatch.setattr("ruckus_aux.builders.disks.make_image", make_image)
    settings, folder = plan.settings, plan.settings.buildroot / "builder"
    disks, start = Disks(plan, folder), start_of(plan)
    before = disks.make(start)
    assert not has_ssh_server(settings)
    assert not (folder / "keys").exists()
    server = Path(f"{settings.clfs}{settings.prefix_tools}/sbin/dropbear")
    server.parent.mkdir(parents=True)
    server.touch()
    after = disks.make(start)
    assert before != after == disks.make(start)
    assert len(given) == 2
    assert given[1].files.items() - given[0].files.items() == keys_on_disk(folder / "keys").items()
    assert not any(name.startswith(given[1].folder) for name in keys_on_disk(folder / "keys"))
    (folder / "keys").rename(folder / "lost")  # a disk with keys that nobody has is of no use
    assert disks.make(start) != after


def test_a_disk_is_made_again_when_a_step_has_changed_or_needs_more_room(
    plan: Plan, recipes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Path] = []

    def make_image(plan: Plan, output: Path, *, addition: Addition) -> None:
        made.append(output)
        output.touch()

    def make(plan: Plan, *, grows: bool = False) -> str:
        return Disks(plan, plan.settings.buildroot / "builder", grows=grows).make(start_of(plan))

    monkeypatch.setattr("ruckus_aux.builders.disks.make_image", make_image)
    found = [make(plan), make(plan), make(plan, grows=True)]
    (recipes / "baby.py").write_text(RECIPE.replace("make b", "make b better"))
    found.append(make(evaluate(plan.settings)))
    costs = (recipes / "costs.toml").read_text()
    (recipes / "costs.toml").write_text(f'{costs}"stage2/b" = {{ cpu = 1, memory = 1, disk = 2000 }}\n')
    found.append(make(evaluate(plan.settings)))
    assert (found[0] == found[1], len(set(found)), len(made)) == (True, 4, 4)


def test_qemu_forwards_a_port_of_this_host_and_lets_the_machine_reach_nobody(plan: Plan) -> None:
    start = replace(start_of(plan), run=RUN, more={"accelerator": "tcg", "port": "12345"})
    words = qemu_command(start, Path("/k"))
    assert words[words.index("-netdev") + 1] == "user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:12345-:22"
    assert "-netdev" not in qemu_command(replace(start, more={"accelerator": "tcg"}), Path("/k"))


def test_a_machine_is_reached_while_it_runs(plan: Plan, fp: FakeProcess) -> None:
    builder = Qemu(plan, Disks(plan, plan.settings.buildroot / "builder"))
    builder.folder.mkdir()
    assert builder.reach() is None
    replace(start_of(plan), more={"accelerator": "tcg", "port": "12345"}).write(builder.folder)
    assert builder.reach() is None
    with try_held(plan.settings.work_lock(StepName("builder"))):
        way = builder.reach()
        assert way
        lines = [line.strip() for line in way.config.read_text().splitlines()]
        assert {"HostName 127.0.0.1", "Port 12345", "ForwardAgent no", "StrictHostKeyChecking yes"} < set(lines)
        assert lines[0] == f"# The builder's: {shlex.join(way.ssh())}"
        log_in = fp.register(way.ssh("-o", "BatchMode=yes", "-o", "ConnectTimeout=20", command=["true"]))
        shell = fp.register(way.ssh(), returncode=7)
        assert builder.shell() == 7
        assert (log_in.call_count(), shell.call_count()) == (1, 1)


def test_the_way_through_another_machine_is_the_users(tmp_path: Path) -> None:
    way = reach(tmp_path, "i686", "192.0.2.1", 22, "me@dom0")
    hop = "ProxyCommand ssh -o BatchMode=yes -o StrictHostKeyChecking=yes -W %h:%p me@dom0"
    assert way.config.read_text().splitlines()[-1].strip() == hop


def test_which_builder_a_build_directory_has(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "load", lambda builddir: plan.settings)
    monkeypatch.setattr(kinds, "evaluate", lambda settings: plan)
    folder = plan.settings.buildroot / "builder"
    assert builder_there(plan.settings.builddir) is None
    folder.mkdir()
    (folder / "disk.ext4").touch()
    assert isinstance(builder_there(plan.settings.builddir), Qemu)
    (folder / "disk.placed").write_text("number\tthis machine\t/dev/vg7/ruckus-builder-x86_64\n")
    assert where_placed(folder) == Where("", "vg7")
    assert isinstance(builder_there(plan.settings.builddir), Xen)
    (folder / "disk.placed").write_text("number\tdom0\t/dev/vg7/ruckus-builder-x86_64\n")
    assert where_placed(folder) == Where("dom0", "vg7")
    start_of(plan).write(folder)
    assert isinstance(builder_there(plan.settings.builddir), Qemu)
    replace(start_of(plan), more={"dom0": "", "group": "vg7", "bridge": "xenbr0"}).write(folder)
    assert isinstance(builder_there(plan.settings.builddir), Xen)
    with pytest.raises(RuckusError, match="--bridge=x,script=y: not the name of a bridge"):
        Where(bridge="x,script=y")
    with pytest.raises(RuckusError, match="--bridge=br0 is for --builder=xen"):
        kinds.builders_of("qemu", [plan.settings.arch], Where(bridge="br0"))


@pytest.mark.parametrize(
    ("console", "address"),
    [
        (b"", ""),
        (b"ruckus: system is up\nclfs login: ruckus: address 192.0.2.7\r\nmore", "192.0.2.7"),
        (b"ruckus: address 192.0.2.7\nruckus: address 192.0.2.8\nruckus: address 192.0.2", "192.0.2.8"),
        (b"ruckus: address 999.0.2.7\nruckus: address 1.2.3.4.5.6\nruckus: address -oProxyCommand=x\n", ""),
        (b"\xff" * (1 << 20) + b"ruckus: address 192.0.2.7\n", ""),
    ],
    ids=["nothing", "late", "changed", "nonsense", "flooded"],
)
def test_the_address_that_a_console_has(tmp_path: Path, console: bytes, address: str) -> None:
    (tmp_path / "console").write_bytes(console)
    assert said_address(tmp_path / "console") == address
    assert said_address(tmp_path / "none") == ""
