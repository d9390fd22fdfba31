# SPDX-License-Identifier: GPL-3.0-or-later

import errno
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
from pytest_subprocess import FakeProcess
from unit.reports.test_history import BUILT
from unit.samples import OTHER, TOP, ZLIB, built, tree

from ruckus_aux.artifacts.intake import tree_hash
from ruckus_aux.artifacts.registry import known, register
from ruckus_aux.artifacts.store import Store
from ruckus_aux.entry.cli import main, parser
from ruckus_aux.host.jobserver import only_asks
from ruckus_aux.recipes.load import evaluate
from ruckus_aux.settings.journal import Entry, Journal
from ruckus_aux.settings.ownership import take_folders
from ruckus_aux.settings.settings import Settings, load
from ruckus_aux.steps import again
from ruckus_aux.steps.gate import Gate, Running
from ruckus_aux.words import terminal
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.paths import AGAIN, MARKER
from ruckus_aux.words.step_name import StepName


def test_every_command_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(["--help"])
    text = capsys.readouterr().out
    for command in (
        "list",
        "show",
        "why",
        "log",
        "shell",
        "times",
        "boot",
        "check",
        "clean",
        "download",
        "graph",
        "step",
    ):
        assert f"\n  {command} " in text


def test_a_command_is_called_as_its_help_says(capsys: pytest.CaptureFixture[str]) -> None:
    for command, what in (("boot", "Boot the finished system in QEMU."), ("uses", "Print, as JSON, what")):
        with pytest.raises(SystemExit):
            parser().parse_args([command, "--help"])
        text = capsys.readouterr().out
        assert text.startswith(f"usage: ruckus {command} [-h]")
        assert f"\n\n{what}" in text


@pytest.mark.parametrize(
    ("words", "said", "command"),
    [
        ([], "the following arguments are required: COMMAND", ""),
        (["help"], "invalid choice: 'help'", ""),
        (["why"], "the following arguments are required: STEP", " why"),
        (["image", "--syste=x"], "invalid choice: 'x'", " image"),
        (["image", "--nothing"], "unrecognized arguments: --nothing", ""),
    ],
)
def test_a_command_line_that_is_wrong_leads_to_the_help(
    capsys: pytest.CaptureFixture[str], words: list[str], said: str, command: str
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 2
    usage, *_, error, hint = capsys.readouterr().err.splitlines()
    assert usage.startswith(f"usage: ruckus{command} ")
    assert error.startswith("ruckus: error: ")
    assert said in error
    assert hint == f"  see: ./ruckus{command} --help"


def test_the_help_of_gc_has_examples_and_the_page_to_read(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(["gc", "--help"])
    text = capsys.readouterr().out
    page = re.search(r"docs/\w+\.md", text)
    assert page
    documented = (TOP / page[0]).read_text()
    for option in ("--keep=", "--max-size=", "--downloads", "--forget=", "--dry-run"):
        assert f"ruckus gc {option}" in text
        assert option in documented


def test_no_configuration_is_one_sentence_and_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RUCKUS_BUILDDIR", raising=False)
    assert main(["list"]) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith(f"ruckus: error: {tmp_path}/ruckus.conf: not found\n  run configure")


def test_list_and_show(here: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].split() == ["x86_64/stage1/pigz", "the", "program"]
    assert main(["show", "x86_64/stage1/pigz"]) == 0
    output = capsys.readouterr().out
    recipe = here.recipes / "pigz" / "recipe.py"
    start = f"# x86_64/stage1/pigz: the program\n# recipe: {recipe}\n# needs: hostprep/zlib\n#!/bin/sh\nset -eu\n"
    assert output.startswith(start)


@pytest.mark.parametrize("command", ["image", "source-bundle"])
def test_what_is_to_be_written_replaces_no_file_of_the_users(
    here: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """And that is said before anything is downloaded."""
    monkeypatch.setattr("ruckus_aux.entry.called.supply", lambda selection: pytest.fail("it downloads"))
    built(evaluate(here), "x86_64/cross/other-32")
    (here.builddir / "Makefile").write_text("all:")
    here.final.mkdir()
    for name, said in (
        ("Makefile", "Makefile is there, and no earlier run has written it"),
        ("final/x.ext4", f"would be a file of the system in {here.final}"),
    ):
        assert main([command, f"--output={here.builddir}/{name}"]) == 1
        assert said in capsys.readouterr().err
    assert (here.builddir / "Makefile").read_text() == "all:"
    assert not [*here.final.iterdir()]


def test_hashes_of_what_is_stored_can_be_compared(
    here: Settings, fp: FakeProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    fp.pass_command(["rm", fp.any()], occurrences=100)
    plan = evaluate(here)
    built(plan, "x86_64/cross/other-32")
    assert main(["list", "--all", "--hashes"]) == 0
    hashes = {name: digest for digest, name in map(str.split, capsys.readouterr().out.splitlines())}
    assert hashes.keys() == plan.steps.keys()
    assert hashes["x86_64/cross/other-64"] == "-"
    assert hashes["x86_64/cross/other-32"] == tree_hash(Store(here.cache).tree(plan["x86_64/cross/other-32"].key))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "takes names of steps, or --all"),
        (["x86_64/cross/other-32", "--all"], "takes names of steps, or --all"),
        (["x86_64/cross/other-32", "--except=hostprep/zlib"], "--except goes with --all"),
        (["--all", "--except=hostprep/nothing"], "no step 'hostprep/nothing'"),
        (["x86_64/cross/other-32"], "not built yet: x86_64/cross/other-32\n  build them first: make"),
        (["--all"], " x86_64/cross/other-64 hostprep/zlib x86_64/stage1/pigz\n"),
    ],
)
def test_what_cannot_be_built_again_is_named(
    here: Settings, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert main(["verify-reproducible", *words]) == 1
    assert said in capsys.readouterr().err
    assert not (here.buildroot / AGAIN).exists()


@pytest.mark.parametrize("words", [[], ["--all", "zlib"]])
def test_the_final_system_builds_packages_or_all(
    here: Settings, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    assert main(["verify-self", *words]) == 1
    assert "takes names of packages, or --all" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [["verify-self", "zlib"], *([name, "--system=final"] for name in ("boot", "check", "image", "sizes"))]
)
def test_where_there_is_no_final_system_it_is_said_how_to_have_one(
    here: Settings, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    assert main(words) == 1
    said = "the profile 'tiny' has no steps for final\n  choose another: configure --with-profile=final"
    assert said in capsys.readouterr().err


def test_what_was_stored_without_a_hash_can_not_be_compared(here: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    built(evaluate(here), "x86_64/cross/other-32")
    for record in (Store(here.cache).folder / "records").iterdir():
        record.unlink()
    assert main(["verify-reproducible", "x86_64/cross/other-32"]) == 1
    said = f"stored without a hash: x86_64/cross/other-32\n  have them built anew: {here.builddir}/ruckus verify-store"
    assert said in capsys.readouterr().err


def test_what_builds_much_that_is_missing(
    here: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(again, "_SHOWN", 1)
    assert main(["verify-reproducible", "--all"]) == 1
    assert f"build them first: make -C {here.builddir} bootstrap hostprep\n" in capsys.readouterr().err


def test_of_many_steps_that_are_missing_a_few_are_named_and_each_once(
    here: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pigz = evaluate(here)["x86_64/stage1/pigz"]
    with pytest.raises(RuckusError) as caught:
        again.verify_reproducible(here, [pigz], jobs=1, system=[*pigz.needs, pigz])
    assert caught.value.message == "not built yet: x86_64/stage1/pigz hostprep/zlib"
    monkeypatch.setattr(terminal, "_FEW", 2)
    assert main(["verify-reproducible", "--all"]) == 1
    assert "not built yet: x86_64/cross/other-32 x86_64/cross/other-64 and 2 more\n" in capsys.readouterr().err


def test_an_unknown_step(here: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "x86_64/cross/nothing"]) == 1
    hint = f"list the steps with: {here.builddir}/ruckus list --all"
    assert f"no step 'x86_64/cross/nothing'\n  {hint}" in capsys.readouterr().err


def test_nothing_built_yet(here: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["times"]) == 1
    assert main(["log", "x86_64/stage1/pigz"]) == 1
    assert main(["boot"]) == 1
    assert "nothing has been built yet" in capsys.readouterr().err
    assert main(["sizes"]) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert f"{here.clfs}: nothing of it has been built yet\n  run: make -C {here.builddir} bootstrap\n" in output.err


def test_times_are_printed_and_written_for_others(here: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    Journal(here.journal).add(replace(BUILT, step="hostprep/zlib", user=41.0, system=1.0))
    assert main(["times", "--write"]) == 0
    assert "| hostprep/zlib |" in capsys.readouterr().out
    assert evaluate(here)["hostprep/zlib"].costs.cpu == 42.0


def test_a_full_disk_is_an_error_and_not_a_traceback(
    here: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "/b/graph.mk")

    monkeypatch.setattr("ruckus_aux.steps.graph.write_graph", full)
    monkeypatch.setenv("MAKEFLAGS", "n")
    assert main(["graph"]) == 1
    said = capsys.readouterr().err
    assert "ruckus: error: /b/graph.mk: No space left on device\n  make room there" in said


def test_a_dry_run_of_make_runs_no_step_and_downloads_nothing(here: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAKEFLAGS", "n -j2")
    assert main(["graph", "bootstrap"]) == 0
    assert main(["step", "hostprep/zlib"]) == 0
    assert not here.journal.exists()
    assert not here.sources.exists()


@pytest.mark.parametrize("letter", ["n", "q", "t"])
def test_make_that_only_asks(letter: str) -> None:
    assert only_asks({"MAKEFLAGS": f"k{letter} -j2 --jobserver-auth=3,4"})
    assert not only_asks({"MAKEFLAGS": "k -j2 --jobserver-auth=3,4"})


def test_a_step_in_the_store_is_merged_and_recorded(
    here: Settings, fp: FakeProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = evaluate(here)
    built(plan, "x86_64/cross/other-32")
    (here.clfs / "share" / "x86_64-cross-other-32").unlink()
    assert main(["step", "x86_64/cross/other-32"]) == 0
    assert (here.clfs / "share" / "x86_64-cross-other-32").exists()
    assert capsys.readouterr().out.split()[:2] == ["STORED", "x86_64/cross/other-32"]
    assert Journal(here.journal).last_built() == {}  # it was not built


def test_clean_leaves_what_is_not_ours(here: Settings, fp: FakeProcess) -> None:
    fp.allow_unregistered(False)
    fp.register(["rm", fp.any()], occurrences=10)
    built(evaluate(here), "x86_64/cross/other-32")
    (here.clfs / "precious").write_text("mine")
    assert main(["clean"]) == 0
    assert [path.name for path in here.clfs.iterdir()] == ["precious"]
    removed = {Path(str(list(call)[-1])).name for call in fp.calls if "rm" in list(call)}
    assert removed == {"stamps", "stamps.lock", "installed.sqlite", "store"}


def test_clean_says_what_goes_and_what_stays(
    here: Settings, fp: FakeProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    fp.register(["rm", fp.any()], occurrences=20)
    built(evaluate(here), "x86_64/cross/other-32", "hostprep/zlib")
    here.log("x86_64/cross/other-32").parent.mkdir(parents=True)
    (here.clfs / "precious").write_text("mine")
    assert main(["clean"]) == 0
    told = capsys.readouterr().out
    assert f"  REMOVED  from {here.clfs}: what 1 steps had installed\n" in told
    assert f"  KEPT     {here.clfs}: a mount point, or with files" in told
    assert re.search(rf"  REMOVED  from {here.buildroot}: stamps .*\n", told)
    assert f"  KEPT     in {here.buildroot}: log   (until make distclean)" in told
    assert f"  REMOVED  from {here.cache}: store\n" in told
    assert main(["clean", "--all"]) == 0
    assert re.search(rf"  REMOVED  from {here.buildroot}: .*log", capsys.readouterr().out)


@pytest.mark.parametrize("prefix", ["p", "build/p"])
def test_clean_removes_boot_files_from_a_p_of_its_own(
    here: Settings, fp: FakeProcess, tmp_path: Path, capsys: pytest.CaptureFixture[str], prefix: str
) -> None:
    """Of a P that others have in common with it, nothing: not even with --all."""
    fp.pass_command(["rm", fp.any()], occurrences=20)
    folder = tmp_path / prefix
    conf = here.builddir / "ruckus.conf"
    conf.write_text(re.sub("(?m)^prefix = .*$", f"prefix = {folder}", conf.read_text()))
    take_folders(load(here.builddir))
    tree(folder, boot__x86_64__vmlinuz="kernel")
    for words in (["clean"], ["clean", "--all"]):
        assert main(words) == 0
        assert (folder / "boot").exists() == (prefix == "p")
    kept = f"  KEPT     {folder}/boot/x86_64: {folder} is not this build directory's alone\n"
    assert (kept in capsys.readouterr().out) == (prefix == "p")
    assert folder.exists() == (prefix == "p")


@pytest.mark.parametrize("refused", [False, True])
def test_distclean_takes_the_links_that_a_build_without_a_sandbox_needed(
    here: Settings,
    tmp_path: Path,
    fp: FakeProcess,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    refused: bool,
) -> None:
    def unlink(path: Path | str) -> None:
        if refused and Path(path).parent == tmp_path / "root":
            raise PermissionError(errno.EACCES, "Permission denied", path)
        os.remove(path)

    fp.register(["rm", fp.any()], occurrences=20)
    links = {name: tmp_path / "root" / name for name in ("cross", "tools", "hostprep")}
    targets = {name: f"{here.buildroot if name == 'hostprep' else here.clfs}{link}" for name, link in links.items()}
    targets["tools"] = str(tmp_path / "another" / "tools")
    (tmp_path / "root").mkdir()
    for name, link in links.items():
        link.symlink_to(targets[name])
    conf = here.builddir / "ruckus.conf"
    text = conf.read_text()
    for name, link in links.items():
        text = re.sub(rf"(prefix_{name}) = .*", rf"\1 = {link}", text)
    conf.write_text(text)
    assert main(["clean"]) == 0
    assert all(link.is_symlink() for link in links.values()), "the next make needs them"
    capsys.readouterr()
    monkeypatch.setattr(os, "unlink", unlink)
    assert main(["clean", "--all"]) == 0
    told = capsys.readouterr().out
    if refused:
        assert f"as root: rm {links['cross']} {links['hostprep']}\n" in told
    else:
        assert {name for name, link in links.items() if link.is_symlink()} == {"tools"}, "it leads elsewhere"
        assert f"  REMOVED  {links['cross']}, a link into {here.clfs}\n" in told


def test_clean_waits_for_a_step_of_another_build_directory_that_uses_the_cache(
    here: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    store = here.cache / "store"
    store.mkdir()
    running = Running("run", "i686", StepName("i686/cross/gcc"), str(here.clfs.parent), 1.0, 1, 0)
    with Gate(here.cache).admitted(running):
        assert main(["clean"]) == 1
    told = capsys.readouterr().err
    assert f"{here.cache} is in use: for i686/cross/gcc in {here.clfs.parent}" in told
    assert store.is_dir()


def test_clean_touches_nothing_in_a_folder_that_is_not_ours(here: Settings, fp: FakeProcess) -> None:
    (here.buildroot / MARKER).unlink()
    (here.buildroot / "work").mkdir()
    assert main(["clean", "--all"]) == 0
    assert (here.buildroot / "work").exists()
    assert not [call for call in fp.calls if "rm" in list(call)]


def test_a_build_where_somebody_else_has_files_is_refused(here: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    (here.buildroot / MARKER).unlink()
    (here.buildroot / "stamps").mkdir()
    (here.buildroot / "stamps" / "penny-black.jpg").write_text("a stamp")
    for command in (["graph"], ["step", "x86_64/cross/other-32"], ["download"]):
        assert main(command) == 1
        assert f"{here.buildroot}/stamps is there already, and Ruckus did not make it" in capsys.readouterr().err
    assert main(["why", "x86_64/cross/other-32"]) == 0
    assert (here.buildroot / "stamps" / "penny-black.jpg").exists()


def test_a_device_that_is_not_mounted_any_more(here: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = Settings(**{**here.__dict__, "install_dev": "/dev/null"})
    with pytest.raises(RuckusError, match="is not on /dev/null, as it was when configure ran"):
        take_folders(gone)


def test_without_a_sandbox_the_missing_links_are_what_root_is_asked_for(
    here: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr("ruckus_aux.host.sudo.verify_commands", lambda commands, way_out: asked.extend(commands))
    assert main(["verify-sudo"]) == 0
    assert (asked, capsys.readouterr().out) == ([], "this build needs no root\n")
    conf = here.builddir / "ruckus.conf"
    lines = [line for line in conf.read_text().splitlines() if not line.startswith("isolation =")]
    conf.write_text("\n".join([*lines, "isolation = none"]))
    assert main(["verify-sudo"]) == 0
    assert (f"{here.clfs}/tools-x86_64", "/tools-x86_64") in [command[-2:] for command in asked]
    assert len(asked) == 3


@pytest.fixture
def broken(here: Settings) -> Settings:
    """A recipe that was mistyped, of a library that another step needs."""
    (here.recipes / "zlib.py").write_text(ZLIB.replace("unpack()", "unpak()"))
    return here


def test_a_broken_recipe_stops_only_what_needs_it(broken: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["graph", "bootstrap"]) == 1
    assert "zlib.py:9: AttributeError" in capsys.readouterr().err
    assert main(["graph", "x86_64/cross/other-32"]) == 0
    assert main(["show", "x86_64/cross/other-32"]) == 0


def test_a_broken_recipe_is_listed_with_what_is_wrong(broken: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert "once per ABI" in lines["x86_64/cross/other-32"]
    assert "BROKEN: " in lines["x86_64/stage1/pigz"]
    assert "zlib.py:9: AttributeError" in lines["x86_64/stage1/pigz"]


def test_make_that_keeps_going_builds_the_rest(broken: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAKEFLAGS", "k")
    assert main(["graph", "bootstrap"]) == 0
    assert "x86_64/stage1/pigz.broken" in (broken.buildroot / "graph.mk").read_text()
    assert main(["step", "hostprep/zlib"]) == 1
    (entry,) = Journal(broken.journal).rows(Entry)
    assert (entry.step, entry.outcome) == ("hostprep/zlib", "failed")
    assert "zlib.py:9: AttributeError" in entry.reason


def test_all_recipes_are_checked_for_all_architectures(broken: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    (broken.recipes / "other.py").write_text(OTHER.replace("abi.flag", "abi.flag if abi.bits == '64' else nothing"))
    assert main(["check-recipes"]) == 1
    said = capsys.readouterr().err
    assert "zlib.py:9: AttributeError" in said
    assert "other.py:8: NameError" in said
    assert said.count("zlib.py:9") == 1
    for name, text in (("zlib", ZLIB), ("other", OTHER)):
        (broken.recipes / f"{name}.py").write_text(text)
    assert main(["check-recipes"]) == 0


def test_what_a_broken_recipe_used_stays_recorded(here: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    zlib = evaluate(here)["hostprep/zlib"].key
    register(evaluate(here))
    (here.recipes / "zlib.py").write_text("this, is; not Python")
    assert main(["uses"]) == 1, "gc then removes nothing"
    register(evaluate(here))
    assert [zlib in uses.uses.keys for uses in known(here.cache)] == [True]
