# SPDX-License-Identifier: GPL-3.0-or-later

import os
import shlex
from pathlib import Path

import pytest
from unit.samples import OTHER, built, tree

from ruckus_aux.host.mounts import Mount
from ruckus_aux.host.sudo import sudoers
from ruckus_aux.recipes.load import evaluate
from ruckus_aux.recipes.plan import Plan
from ruckus_aux.settings.settings import Settings
from ruckus_aux.settings.stamps import stamps
from ruckus_aux.storage import commands
from ruckus_aux.systems.changes import all_changes, find_changes, listed, merged_files
from ruckus_aux.systems.crosstools import has_cross, lacks_cross, remove_cross, restore_cross
from ruckus_aux.systems.table import Node, Table, read_table
from ruckus_aux.words.errors import RuckusError

FILE = "share/x86_64-cross-other-64"


@pytest.fixture
def plan(settings: Settings, recipes: Path) -> Plan:
    settings.buildroot.mkdir()
    plan = evaluate(settings)
    built(plan, *plan.steps)
    return plan


def declared(plan: Plan, *lines: str) -> Plan:
    (plan.settings.recipes / "other.py").write_text(
        "".join([OTHER, "    if abi.bits == '64':\n", *(f"        {line}\n" for line in lines)])
    )
    return evaluate(plan.settings)


def test_owners_are_those_of_the_system(plan: Plan, settings: Settings) -> None:
    tree(settings.clfs, etc__passwd="root:x:0:0::/:\nbuild:x:1000:100::/:\n", etc__group="utmp:x:13:\n")
    table = read_table(declared(plan, f'sh.owner("build", "/{FILE}")', 'sh.owner("5:utmp", "/etc")'))
    assert table == Table(owners={FILE: (1000, 100), "etc": (5, 13)})


def test_all_mistakes_of_a_table_are_named(plan: Plan, settings: Settings) -> None:
    lines = ('sh.owner("joe", "/share")', 'sh.mode(0o755, "/bin/su")', 'sh.device("/dev/null", "c", 1, 3)')
    with pytest.raises(RuckusError, match="3 mistakes in the table") as caught:
        read_table(declared(plan, *lines))
    assert f"{settings.clfs}/etc/passwd knows no 'joe'" in caught.value.hint
    assert "x86_64/cross/other-64 declares /bin/su, but the system has no /bin/su" in caught.value.hint
    assert "declares /dev/null, but the system has no /dev" in caught.value.hint


def test_only_one_step_says_what_a_file_is(plan: Plan, settings: Settings) -> None:
    (settings.recipes / "other.py").write_text(f'{OTHER}    sh.mode(0o755, "/share")\n')
    with pytest.raises(RuckusError, match="x86_64/cross/other-32 and x86_64/cross/other-64 both declare /share"):
        read_table(evaluate(settings))


def test_before_anything_is_built_a_table_has_what_is_known(settings: Settings, recipes: Path) -> None:
    plan = declared(evaluate(settings), 'sh.owner("joe", "/home")', 'sh.device("/dev/null", "c", 1, 3)')
    assert read_table(plan) == Table(nodes={"dev/null": Node("c", 1, 3, 0o600)})


def test_changes_are_what_is_not_as_it_should_be(plan: Plan, settings: Settings) -> None:
    mine = (os.getuid(), os.getgid())
    (settings.clfs / FILE).chmod(0o4755)
    table = Table({FILE: mine, "share": (5, 6)}, {"share": 0o1777}, {"null": Node("c", 1, 3, 0o666)})
    changes = find_changes(settings.clfs, merged_files(settings), table)
    assert "share" in changes.owners[5, 6]
    assert FILE not in [path for paths in changes.owners.values() for path in paths]
    assert changes.modes == {0o1777: ["share"], 0o755: [FILE]}, "setuid is what the table says"
    assert changes.nodes == table.nodes
    assert f"mode 4755 -> 0755  {FILE}" in changes.lines
    programs = {command[command.index("--") + 1].rpartition("/")[2] for command, _ in changes.commands(settings.clfs)}
    assert programs - {"xargs"} == {"chown", "chmod", "mknod"}


def test_what_is_in_a_folder_comes_before_it() -> None:
    assert listed([".", "a", "a/b", "a/b c\n", "-x"]).split(b"\0") == [
        b"./a/b c\n",
        b"./a/b",
        b"./a",
        b"./.",
        b"./-x",
        b"",
    ]


def test_a_folder_that_became_a_link(plan: Plan, settings: Settings) -> None:
    share = settings.clfs / "share"
    share.rename(settings.clfs / "elsewhere")
    share.symlink_to("elsewhere")
    with pytest.raises(RuckusError, match="share has become another thing than a folder"):
        merged_files(settings)


def test_a_node_in_whose_place_is_something_else(plan: Plan, settings: Settings) -> None:
    with pytest.raises(RuckusError, match="share is not the device b 8 0"):
        find_changes(settings.clfs, {}, Table(nodes={"share": Node("b", 8, 0, 0o600)}))


@pytest.mark.parametrize(("user", "options"), [(0, ()), (1000, ("nosuid", "nodev")), (0, ("nosuid", "nodev"))])
def test_nobody_gets_rights_on_this_machine(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, user: int, options: tuple[str, ...]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    mount = Mount("8:1", Path("/"), "ext4", ("rw", *options), "/dev/sda1")
    monkeypatch.setattr("ruckus_aux.host.mounts.mounted", lambda: [mount])
    nodes = {"dev/sda": Node("b", 8, 0, 0o660), "dev/null": Node("c", 1, 3, 0o666), "dev/mem": Node("c", 1, 1, 0o600)}
    changes = all_changes(settings.clfs, Table(modes={"bin/su": 0o4755, "tmp": 0o1777}, nodes=nodes))
    if user == 0 and options:
        assert (changes.modes, changes.nodes, changes.notes) == ({0o4755: ["bin/su"], 0o1777: ["tmp"]}, nodes, [])
    else:
        assert changes.modes == {0o755: ["bin/su"], 0o1777: ["tmp"]}
        assert changes.nodes.keys() == {"dev/null", "dev/mem"}
        assert [note.partition(" ")[0] for note in changes.notes] == ["/bin/su", "/dev/sda"]


def test_a_cross_toolchain_that_was_removed_is_not_missing(plan: Plan, settings: Settings) -> None:
    assert (has_cross(settings), lacks_cross(settings)) == (True, False)
    remove_cross(settings)
    assert not (settings.clfs / FILE).exists()
    assert (settings.clfs / "share/x86_64-stage1-pigz").exists()
    assert (has_cross(settings), lacks_cross(settings)) == (False, True)
    assert not [stamp for stamp in stamps(settings) if stamp.missing()]
    restore_cross(settings)
    assert {stamp.step.package for stamp in stamps(settings)} == {"pigz", "zlib"}
    built(plan, *plan.steps)
    assert (settings.clfs / FILE).exists()


def test_each_command_sees_the_system_and_can_be_named_in_sudoers(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, fp: pytest.FixtureRequest
) -> None:
    monkeypatch.setattr("ruckus_aux.host.sudo.run", lambda _: (0, ""))
    table = Table({"home/build": (1000, 100)}, {"tmp": 0o1777}, {"dev/console": Node("c", 5, 1, 0o600)})
    made = [command for command, _ in all_changes(Path("/media/baby"), table).commands(Path("/media/baby"))]
    made.append(commands.remove_node(Path("/media/baby"), "dev/console"))
    text = sudoers("joe", made)
    for line in ("./home/build", "1777 ./tmp", "mknod --mode\\=0600 -- ./dev/console c 5 1", "rm -- ./dev/console"):
        assert line in text
    for command in made:
        assert "--bind /media/baby /system --chdir /system -- /" in shlex.join(command)
        assert [word for word in command if word.startswith("--bind")] == ["--bind"], "nothing else can be changed"
