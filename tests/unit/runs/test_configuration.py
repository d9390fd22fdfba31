# SPDX-License-Identifier: GPL-3.0-or-later

import errno
import os
import re
import shlex
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_subprocess import FakeProcess
from unit.samples import TOP

from ruckus_aux.entry.configure import main
from ruckus_aux.host import mounts
from ruckus_aux.host.folders import absolute
from ruckus_aux.host.limits import processors
from ruckus_aux.runs import configuration
from ruckus_aux.runs.configuration import Configuration
from ruckus_aux.settings.options import OPTIONS, declarations, given_by, meant
from ruckus_aux.settings.settings import load
from ruckus_aux.steps import isolation, sandbox
from ruckus_aux.steps.isolation import Fault
from ruckus_aux.storage.devices import Device
from ruckus_aux.words import paths
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.paths import BUILDDIR_NAMES, BUILDROOT_NAMES, CONF

GIB = 1 << 30


class Given:
    """What configure hands over when nothing was asked for, and a way to ask."""

    def __init__(self, tmp_path: Path) -> None:
        self.values = given_by([], tmp_path / "src", tmp_path / "build")

    def __call__(self, **values: str) -> Configuration:
        configuration = Configuration({**self.values, **values})
        configuration.check()
        return configuration


@pytest.fixture
def given_(tmp_path: Path, fp: FakeProcess, monkeypatch: pytest.MonkeyPatch) -> Given:
    (tmp_path / "src").mkdir()
    (tmp_path / "build").mkdir()
    monkeypatch.setattr(shutil, "which", lambda name, path="": f"/usr/bin/{name}")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(99 * GIB, 0, 99 * GIB))
    fp.register([fp.program("conftest.sh")], occurrences=1000)
    monkeypatch.setattr(sandbox, "ccache_program", lambda: "/usr/bin/ccache")
    return Given(tmp_path)


def errors(configuration: Configuration) -> str:
    assert all(error.hint for error in configuration.mistakes.errors), "every error shows a way out"
    return "\n".join(error.message for error in configuration.mistakes.errors)


def test_an_option_of_the_other_kind_is_another() -> None:
    usual = given_by([], TOP, TOP)
    others = given_by(["--enable-mirror=/x", "--with-xen=no", "--enable-option-checking=fatal"], TOP, TOP)
    assert others | {"options": ""} == usual
    given = given_by(["--with-mirror=/x", "MIRRORS=/y", "--disable-xen", "--without-stage1-xen"], TOP, TOP)
    assert (given["mirror"], given["MIRRORS"]) == ("/x", "/y")
    assert (given["xen"], given["stage1_xen"]) == ("no", "no")


def test_a_build_knows_what_configure_hands_over() -> None:
    macro = (TOP / "m4" / "ruckus_options.m4").read_text()
    call = macro.partition("-m ruckus_aux.entry.configure")[2].partition("2>conftest.err")[0]
    given = declarations().partition("RUCKUS_GIVEN], [")[2].partition("]")[0]
    assert set(re.findall(r'(\w+)="', call + given)) == set(given_by([], TOP, TOP))


def test_what_configure_writes_can_be_read(given_: Given, tmp_path: Path) -> None:
    """Every setting, whether it was decided, or is as it was given."""
    (tmp_path / "m").mkdir()
    given = {
        "mirror": f"{tmp_path}/m",
        "debian_suite": "sid",
        "sharing": "no",
        "prefix": f"{tmp_path}/p",
        "CPUCOUNT": "3",
    }
    conf = given_(**given, stage2_auto="yes", debian_mirror="file:/d").conf()
    (tmp_path / CONF).write_text(f"[ruckus]\n{conf}\nhostprep_tools = m4\n")
    settings = load(tmp_path)
    assert (settings.mirrors, settings.debian_suite, settings.sharing) == ((tmp_path / "m",), "sid", False)
    assert (settings.prefix, settings.cpucount, settings.buildroot) == (tmp_path / "p", 3, tmp_path / "build")
    assert "stage2_auto = yes" in conf.splitlines()


@pytest.mark.parametrize(
    ("options", "value"),
    [
        (["--with-manifest=/a", "--with-manifest=/b:/c"], "/a:/b:/c"),
        (["--with-manifest=/a", "--without-manifest", "--with-manifest=/b"], "/b"),
        (["--with-manifest=/a", "-with-manifest=/b"], "/a:/b"),
        (["--with-manifest=/a", "--with-manifest=no"], ""),
        ([], ""),
    ],
)
def test_an_option_that_may_be_repeated(options: list[str], value: str) -> None:
    assert meant(given_by(options, TOP, TOP))["manifest"].strip(":") == value


def test_what_autoconf_makes_of_a_repeated_option_does_not_count(
    given_: Given, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a", "b"):
        (tmp_path / name).touch()
    values = {**given_.values, "manifest": f"{tmp_path}/b", "prefix": f"{tmp_path}/p"}
    options = f"'--with-manifest={tmp_path}/a' '--with-manifest={tmp_path}/b' '--prefix=/q q'"
    assert main([*(f"{name}={value}" for name, value in values.items()), f"options={options}"]) == 0
    output = capsys.readouterr().out
    assert f"ruckus_manifests='{tmp_path}/a {tmp_path}/b'\n" in output
    assert f"ruckus_prefix={tmp_path}/p\n" in output


def test_mistakes_in_manifests_name_file_entry_and_key(given_: Given, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("[gcc]\nversion = 1\n")
    (tmp_path / "b").write_text("[gcc\n")
    lines = errors(given_(manifest=f"x:{tmp_path}/a:{tmp_path}/b:{tmp_path}/c")).splitlines()
    assert lines.pop(0) == "--with-manifest: 'x' is not an absolute path"
    assert lines[0] == f"{tmp_path}/a: [gcc]: version: not of its kind: 1"
    assert lines[1].startswith(f"{tmp_path}/b: Expected ']'")
    assert lines[2] == f"{tmp_path}/c: No such file or directory"


def test_the_defaults(given_: Given, tmp_path: Path) -> None:
    answers = given_().answers
    assert answers["PREFIX_CROSS"] == "/cross-tools-x86_64"
    assert answers["PREFIX_TOOLS"] == "/tools-x86_64"
    assert answers["CLFS"] == str(tmp_path / "build" / "baby")
    assert answers["ruckus_isolation"] == "bwrap"
    assert int(answers["CPUCOUNT"]) == processors()


@pytest.mark.parametrize(("arch", "string"), [("i686", "x86"), ("x86_64-64", "x86_64-64")])
def test_prefixes_follow_the_architecture(given_: Given, arch: str, string: str) -> None:
    assert given_(arch=arch).answers["PREFIX_TOOLS"] == f"/tools-{string}"


def test_the_books_own_prefixes(given_: Given) -> None:
    configuration = given_(PREFIX_CROSS="/cross-tools", PREFIX_TOOLS="/tools/")
    assert not configuration.mistakes.errors
    assert configuration.answers["PREFIX_TOOLS"] == "/tools"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"arch": "vax"}, "unknown architecture 'vax'"),
        ({"profile": "huge"}, "unknown profile 'huge'"),
        ({"isolation": "jail"}, "unknown kind 'jail'"),
        ({"CPUCOUNT": "0"}, "CPUCOUNT: '0'"),
        ({"CPUCOUNT": "many"}, "CPUCOUNT: 'many'"),
        ({"CPUCOUNT": "²"}, "CPUCOUNT: '²'"),
        ({"PREFIX_TOOLS": "tools"}, "PREFIX_TOOLS: 'tools' is not an absolute path"),
        ({"PREFIX_TOOLS": "/my tools"}, "PREFIX_TOOLS: '/my tools' has a space"),
        ({"PREFIX_CROSS": "/a:b"}, "PREFIX_CROSS: '/a:b' has a space, a colon"),
        ({"PREFIX_CROSS": "/a|b"}, "PREFIX_CROSS: '/a|b'"),
        ({"PREFIX_TOOLS": "/usr/local/tools"}, "'/usr/local/tools' is a directory of the host"),
        ({"PREFIX_TOOLS": "/"}, "PREFIX_TOOLS: '/'"),
        ({"PREFIX_TOOLS": "/a/../b"}, "goes up with .."),
        ({"PREFIX_TOOLS": "/t", "PREFIX_CROSS": "/t"}, "PREFIX_CROSS '/t' and PREFIX_TOOLS '/t' collide"),
        ({"PREFIX_TOOLS": "/t", "PREFIX_CROSS": "/t/x"}, "collide"),
        ({"PREFIX_TOOLS": "/hostprep"}, "PREFIX_TOOLS '/hostprep' and PREFIX_HOSTPREP"),
        ({"CLFS": "/"}, "CLFS: '/' belongs to the host"),
        ({"CLFS": "/usr"}, "CLFS: '/usr' belongs to the host"),
        ({"CLFS": "{tmp}"}, "CLFS: '{tmp}' belongs to the host"),  # the source tree is in it
        ({"BUILDROOT": "rel"}, "BUILDROOT: 'rel' is not an absolute path"),
        ({"mirror": "/nowhere/at/all"}, "'/nowhere/at/all' is not a folder"),
        ({"install_dev": "/dev/nothing"}, "--with-install-dev: /dev/nothing: No such file"),
        ({"install_dev": "/dev/null"}, "/dev/null is not a block device"),
        ({"ruckus_dev": "/dev/null"}, "--with-ruckus-dev: /dev/null is not a block device"),
        ({"xen": "banana", "hostprep_only": "maybe"}, "neither yes nor no: hostprep-only=maybe, xen=banana"),
        (
            {"BUILDROOT": "{tmp}/b", "CLFS": "{tmp}/b/work/x"},
            "'{tmp}/b/work/x' is inside {tmp}/b/work, which is Ruckus's own",
        ),
        ({"BUILDROOT": "{tmp}/b", "CLFS": "{tmp}/b/"}, "CLFS: '{tmp}/b' is BUILDROOT, too"),
        ({"BUILDROOT": "{tmp}/b", "CLFS": "{tmp}/b/cache"}, "is inside {tmp}/b/cache"),
        ({"BUILDROOT": "{tmp}/b", "CLFS": "{tmp}/b/cache/x"}, "'{tmp}/b/cache/x' is inside {tmp}/b/cache, which"),
        ({"BUILDROOT": "{tmp}/b", "cache": "{tmp}/b/log"}, "--with-cache: '{tmp}/b/log' is inside {tmp}/b/log, which"),
        ({"ruckus_dev_snapshot": "/dev/null"}, "--with-ruckus-dev-snapshot needs --with-ruckus-dev"),
        ({"BUILDROOT": "{tmp}/store/x", "cache": "{tmp}"}, "BUILDROOT: '{tmp}/store/x' is inside {tmp}/store, which"),
        ({"BUILDROOT": "{tmp}/b", "cache": "{tmp}/b"}, "--with-cache: '{tmp}/b' is BUILDROOT, too"),
        ({"prefix": "rel"}, "--prefix: 'rel' is not an absolute path"),
        ({"prefix": "/usr"}, "--prefix: '/usr' belongs to the host"),
        ({"prefix": "{tmp}/p", "CLFS": "{tmp}/p"}, "CLFS: '{tmp}/p' is --prefix, too"),
        ({"prefix": "{tmp}/p", "CLFS": "{tmp}/p/cache"}, "CLFS: '{tmp}/p/cache' is inside {tmp}/p/cache, which"),
        ({"prefix": "{tmp}/p", "BUILDROOT": "{tmp}/p/boot"}, "BUILDROOT: '{tmp}/p/boot' is inside {tmp}/p/boot, which"),
        (
            {"prefix": "{tmp}/b/work/p", "BUILDROOT": "{tmp}/b"},
            "--prefix: '{tmp}/b/work/p' is inside {tmp}/b/work, which",
        ),
        ({"BUILDROOT": "{tmp}/b", "PREFIX_HOSTPREP": "/journal.sqlite"}, "and {tmp}/b/journal.sqlite is in use"),
        (
            {"BUILDROOT": "{tmp}/b", "PREFIX_HOSTPREP": "/cache/x"},
            "is {tmp}/b/cache/x on disk, and {tmp}/b/cache is in",
        ),
        ({"BUILDROOT": "{tmp}/b", "PREFIX_HOSTPREP": "/baby"}, "and {tmp}/b/baby is in use"),
        (
            {"BUILDROOT": "{tmp}/c/b", "CLFS": "{tmp}/c", "PREFIX_TOOLS": "/b"},
            "'/b' is {tmp}/c/b on disk, and {tmp}/c/b is",
        ),
        ({"ruckus_path": "src"}, "--with-ruckus-path: 'src' is not an absolute path"),
        ({"user": "yes", "hostname": "yes"}, "--with-hostname: no value is given\n--with-user: no value is given"),
        ({"timezone": "yes"}, "--with-timezone: no value is given"),
        ({"translations": "yes"}, "--with-translations: no value is given"),
    ],
)
def test_a_wrong_value_is_named(given_: Given, tmp_path: Path, values: dict[str, str], message: str) -> None:
    here = {name: value.replace("{tmp}", str(tmp_path)) for name, value in values.items()}
    assert message.replace("{tmp}", str(tmp_path)) in errors(given_(**here))


@pytest.mark.parametrize("option", [option.usage.partition("=")[0] for option in OPTIONS if option.value])
def test_an_option_with_nothing_behind_its_equals_sign_has_no_value(given_: Given, tmp_path: Path, option: str) -> None:
    """As of a shell whose $(command) has failed: there, it is none that was not given."""
    values = given_by([f"{option}=", "CPUCOUNT=0"], tmp_path / "src", tmp_path / "build")
    assert errors(given_(**values)).splitlines() == [
        f"{option}: no value is given",
        f"CPUCOUNT: '0' is not a number from 1 to {configuration.MOST_CPUS}",
    ]


def test_autoconf_tells_nothing_of_an_empty_value(given_: Given, capsys: pytest.CaptureFixture[str]) -> None:
    values = {**given_.values, "options": "'--with-user=' '--prefix=/p'"}
    assert main([f"{name}={value}" for name, value in values.items()]) == 1
    assert "--with-user: no value is given\n  give one, --with-user=NAME, or leave" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("timezone", "UTC"), ("locale", "C.UTF-8")),
        *((name, "none") for name in ("tests", "translations", "isolation")),
        *((name, "") for name in ("user", "overlay", "lock", "mirrors", "packages", "debian_mirror", "xen_version")),
    ],
)
def test_what_is_switched_off(given_: Given, name: str, value: str) -> None:
    configuration = Configuration({**given_.values, "mirror" if name == "mirrors" else name: "no", "arch": "i686"})
    configuration.check(prepared=False)
    assert errors(configuration) == ""
    assert f"{name} = {value}" in configuration.conf().splitlines()


@pytest.mark.parametrize("name", sorted({*BUILDDIR_NAMES, *BUILDROOT_NAMES, "packages"} - {"ruckus"}))
def test_hostprep_does_not_take_what_is_in_the_build_directory(given_: Given, tmp_path: Path, name: str) -> None:
    here = str(tmp_path / "src")
    assert f"and {here}/{name} is in use" in errors(given_(builddir=here, PREFIX_HOSTPREP=f"/{name}"))


def test_a_common_hostprep_has_the_cache(given_: Given, tmp_path: Path) -> None:
    common = str(tmp_path / "P")
    configuration = given_(prefix=f"{common}/")
    assert not configuration.mistakes.errors
    assert (configuration.answers["ruckus_prefix"], configuration.answers["ruckus_cache"]) == (
        common,
        f"{common}/cache",
    )
    assert given_(prefix=common, cache=f"{common}/c").answers["ruckus_cache"] == f"{common}/c"
    assert given_().answers["ruckus_prefix"] == ""
    assert not Path(common).exists(), "nothing is made before something is built"


LONG = "{tmp}" + "/a" * 200


@pytest.mark.parametrize("name", ["BUILDROOT", "CLFS", "cache", "prefix", "mirror"])
@pytest.mark.parametrize(
    ("path", "message"),
    [
        (LONG, "is too long"),
        ("{tmp}/" + "a" * 256, "is too long"),
        ("{tmp}/circle/x", "circle/x: Too many levels of symbolic links"),
        ("{tmp}/nowhere/x", "{tmp}/nowhere is a symbolic link that leads nowhere"),
        ("{tmp}/file/x", "is not a folder"),
        pytest.param(
            "{tmp}/locked/x/y",
            "{tmp}/locked/x/y: Permission denied",
            marks=pytest.mark.skipif(os.geteuid() == 0, reason="root may go everywhere"),
        ),
    ],
)
def test_a_path_that_can_not_be_used(given_: Given, tmp_path: Path, name: str, path: str, message: str) -> None:
    (tmp_path / "circle").symlink_to("circle")
    (tmp_path / "nowhere").symlink_to("gone")
    (tmp_path / "file").touch()
    (tmp_path / "locked").mkdir(mode=0o000)
    configuration = given_(**{name: path.replace("{tmp}", str(tmp_path))})
    assert message.replace("{tmp}", str(tmp_path)) in errors(configuration)
    (tmp_path / "locked").chmod(0o755)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"debian_mirror": "https://mirror.example/debian", "debian_suite": "sid"}, ""),
        ({"debian_mirror": "[trusted=yes] file:/srv/debian"}, ""),
        ({"debian_mirror": "/srv/debian"}, "'/srv/debian' is not an address"),
        ({"debian_suite": "sid main", "debian_mirror": "file:/srv"}, "'sid main' is not a release's name"),
        ({"debian_snapshot": "https://snapshot.example/"}, ""),
        ({"debian_snapshot": "snapshot.example"}, "--with-debian-snapshot: 'snapshot.example' is not an address"),
        ({"debian_suite": "sid"}, "--with-debian-suite: this host is not Debian"),
    ],
)
def test_another_archive_or_release_of_debian(
    given_: Given, monkeypatch: pytest.MonkeyPatch, given: dict[str, str], message: str
) -> None:
    monkeypatch.setattr(configuration, "own_release", lambda: "")
    asked = given_(**given)
    assert message in errors(asked)
    if not message:
        assert {f"{name} = {value}" for name, value in given.items()} <= {*asked.conf().splitlines()}


def test_no_lock_file_and_no_snapshot_are_nothing_in_the_configuration(given_: Given) -> None:
    assert {"lock = ", "debian_snapshot = "} <= {*given_(lock="no", debian_snapshot="no").conf().splitlines()}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_mirror_that_can_not_be_read(given_: Given, tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0o000)
    assert "this user can't read" in errors(given_(mirror=str(tmp_path / "locked")))
    (tmp_path / "locked").chmod(0o755)


def test_programs_are_run_where_a_build_will_run_some(given_: Given, tmp_path: Path, fp: FakeProcess) -> None:
    before = sorted(tmp_path.rglob("*"))
    options = {"cache": f"{tmp_path}/c/cache", "CLFS": f"{tmp_path}/baby/clfs"}
    for name in ("c", "baby"):
        (tmp_path / name).mkdir()
    assert not given_(**options).mistakes.errors
    programs = [Path(str(next(iter(call)))) for call in fp.calls]
    run = {program.parents[1] for program in programs if program.name == "conftest.sh"}
    assert run == {tmp_path / "build", tmp_path / "c"}, "in a sandbox, nothing is run in $CLFS"
    for name in ("c", "baby"):
        (tmp_path / name).rmdir()
    assert sorted(tmp_path.rglob("*")) == before, "nothing is left"


def test_a_full_disk_is_told_with_the_other_mistakes(given_: Given, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(name: str, path: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(configuration, "check_runnable", full)
    text = errors(given_(CPUCOUNT="0"))
    assert "build: No space left on device" in text
    assert "CPUCOUNT" in text


@pytest.mark.parametrize("machines", ["i686-pc-linux-gnu  ", " i686 i686"])
def test_machines_of_autoconf_do_not_choose_the_architecture(given_: Given, machines: str) -> None:
    configuration = given_(machines=machines, CPUCOUNT="0")
    (error,) = [error for error in configuration.mistakes.errors if "--host" in error.message]
    assert error.message.startswith(machines.split()[0])
    assert "--with-arch=i686" in error.hint
    assert "CPUCOUNT" in errors(configuration), "with all else that is wrong"


def test_what_has_no_effect_is_noted(given_: Given) -> None:
    notes = given_(unused=" --bindir --mandir", unknown="--with-mirorr, --enable-x").notes
    assert notes == [
        "nothing is installed, so these have no effect: --bindir --mandir",
        "unknown, and without effect: --with-mirorr, --enable-x",
    ]


def test_what_only_the_final_profile_has_use_for_is_noted(given_: Given) -> None:
    options = {"user": "me", "tests": "all", "documentation": "no", "hostname": "no"}
    assert given_(**options).notes == [
        "the final profile alone has use for --with-tests --with-user --without-documentation"
    ]
    configuration = given_(profile="final", **options)
    assert not configuration.notes
    assert configuration.answers["ruckus_goal"] == "final"
    lines = configuration.answers["ruckus_finished"].splitlines()
    assert lines[1:] == [
        f"  finished system    {configuration.answers['BUILDROOT']}/final: clfs-x86_64, C.UTF-8, UTC",
        "  may log in         me (once root sets a password)",
    ]
    assert "nobody" in given_(profile="final").answers["ruckus_finished"]


def test_what_only_a_boot_needs_is_noted(given_: Given, monkeypatch: pytest.MonkeyPatch) -> None:
    there = {"bwrap"}
    monkeypatch.setattr(shutil, "which", lambda name, path="": name if name in there else None)
    note = "make boot will need qemu-system-x86_64, mke2fs; on Debian: apt-get install qemu-system-x86 e2fsprogs"
    configuration = given_()
    assert (configuration.notes, configuration.mistakes.errors) == ([note], [])
    assert not given_(hostprep_only="yes").notes
    there.add("mke2fs")
    assert "need qemu-system-x86_64;" in given_().notes[0]


def test_a_prefix_in_the_source_tree_or_around_it(given_: Given, tmp_path: Path) -> None:
    assert "inside the source tree" in errors(given_(PREFIX_TOOLS=str(tmp_path / "src" / "tools")))
    assert "inside the source tree" in errors(given_(PREFIX_TOOLS=str(tmp_path)))
    assert "is a directory of the host" in errors(given_(PREFIX_TOOLS="/tmp/elsewhere"))


def test_all_mistakes_at_once(given_: Given) -> None:
    wrong = {"arch": "vax", "profile": "x", "xen": "x", "CPUCOUNT": "0", "mirror": "/nowhere", "isolation": "jail"}
    prefixes = {"PREFIX_TOOLS": "x", "PREFIX_CROSS": "y", "PREFIX_HOSTPREP": "/usr"}
    devices = {"install_dev": "/dev/null", "ruckus_dev": "/dev/null"}
    assert len(given_(**wrong, **prefixes, **devices).mistakes.errors) == len(wrong | prefixes | devices)


@pytest.mark.parametrize(
    "wrong",
    [
        {"profile": "Final", "tests": "x"},
        {"mirror": "/nowhere:x:/nowhere/else", "MIRRORS": "y"},
        {"packages": "/nowhere:x"},
        {"debian_mirror": "x", "debian_suite": "sid main"},
        {"ruckus_dev_snapshot": "/dev/null", "ruckus_path": "src", "ruckus_dev": "/dev/zero"},
        {"BUILDROOT": "x", "CLFS": "y", "prefix": "z", "cache": "z"},
        {"BUILDROOT": "/", "CLFS": "/usr", "prefix": "/etc", "cache": "/proc/version/x"},
        {"timezone": "Europe/Berl\u00edn", "locale": "German", "authorized_key": "x", "overlay": "/nowhere"},
    ],
)
def test_one_mistake_does_not_hide_the_next(given_: Given, wrong: dict[str, str]) -> None:
    count = sum(len(value.split(":")) for value in wrong.values())
    assert len(given_(**wrong).mistakes.errors) == count


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
@pytest.mark.parametrize("name", ["authorized_key", "overlay", "packages"])
def test_what_this_user_may_not_read_is_named_with_its_option(given_: Given, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "locked"
    folder.mkdir()
    (folder / "x").touch(mode=0o000)
    for mode in (0o755, 0o000):
        folder.chmod(mode)
        text = errors(given_(**{name: f"{folder}/x"}, user="Me"))
        folder.chmod(0o755)
        assert f"--with-{name.replace('_', '-')}: " in text
        assert f"{folder}/x" in text
        assert "--with-user: 'Me' can't be" in text


@pytest.mark.parametrize("place", ["build", "src", "p", "clfs", "cache", "p/boot", "build/final", "build/final/etc"])
def test_an_overlay_is_no_place_that_a_build_writes_to(given_: Given, tmp_path: Path, place: str) -> None:
    given = {"prefix": f"{tmp_path}/p", "CLFS": f"{tmp_path}/clfs", "cache": f"{tmp_path}/cache"}
    (tmp_path / place).mkdir(parents=True, exist_ok=True)
    (tmp_path / "link").symlink_to(tmp_path / place)
    for path in (tmp_path / place, tmp_path / "link"):
        assert errors(given_(overlay=str(path), **given)).startswith(f"--with-overlay: '{path}' ")
    assert f"--with-overlay: '{tmp_path}' has {tmp_path}/build in it" in errors(given_(overlay=str(tmp_path), **given))
    (tmp_path / "build" / "mine").mkdir(exist_ok=True)
    assert errors(given_(overlay=f"{tmp_path}/build/mine", **given)) == ""


@pytest.mark.parametrize(
    ("overlay", "message"),
    [("real", "'{tmp}/real' has {tmp}/link/b in it"), ("real/b/final/etc", "is inside {tmp}/link/b/final, which")],
)
def test_nor_is_it_where_a_link_leads_the_build(given_: Given, tmp_path: Path, overlay: str, message: str) -> None:
    (tmp_path / "real/b/final/etc").mkdir(parents=True)
    (tmp_path / "link").symlink_to("real")
    said = errors(given_(BUILDROOT=f"{tmp_path}/link/b", overlay=f"{tmp_path}/{overlay}"))
    assert message.replace("{tmp}", str(tmp_path)) in said


@pytest.mark.parametrize("name", ["overlay", "BUILDROOT", "CLFS", "cache", "prefix"])
@pytest.mark.parametrize("target", ["/", "/usr", "/etc"])
def test_a_link_to_a_folder_of_the_host_is_that_folder(given_: Given, tmp_path: Path, name: str, target: str) -> None:
    (tmp_path / "link").symlink_to(target)
    assert f"'{tmp_path}/link' belongs to the host" in errors(given_(**{name: f"{tmp_path}/link"}))


def test_an_overlay_has_the_user_in_its_passwd(given_: Given, tmp_path: Path) -> None:
    passwd = tmp_path / "mine" / "etc" / "passwd"
    passwd.parent.mkdir(parents=True)
    passwd.write_text("root:x:0:0:root:/root:/bin/sh\n")
    assert errors(given_(overlay=f"{tmp_path}/mine")) == ""
    assert f"--with-overlay: {passwd} has no 'me'" in errors(given_(overlay=f"{tmp_path}/mine", user="me"))


def test_too_little_disk_space(given_: Given, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(GIB, 0, GIB))
    assert "has 1074 MB free, and a build needs 4200 MB" in errors(given_())
    assert not given_(hostprep_only="yes").mistakes.errors
    (tmp_path / "build" / "journal.sqlite").write_text("")  # it is built already, or in the middle of it
    assert not given_().mistakes.errors


FAULT = Fault("bwrap was tried: bwrap: No permissions", "a kind of host", "as root: sysctl -w x=1")


def test_where_no_sandbox_works_it_is_said_why_and_what_to_do(
    given_: Given, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(isolation, "fault", lambda: FAULT)
    configuration = given_(CLFS=str(tmp_path / "baby"))
    (error,) = [error for error in configuration.mistakes.errors if "symbolic links" in error.message]
    assert error.hint.splitlines() == [
        "no sandbox: bwrap was tried: bwrap: No permissions (a kind of host)",
        "to have one: as root: sysctl -w x=1",
        "as root, run:",
        f"  ln -sfn {tmp_path}/baby/cross-tools-x86_64 /cross-tools-x86_64",
        f"  ln -sfn {tmp_path}/baby/tools-x86_64 /tools-x86_64",
        f"  ln -sfn {tmp_path}/build/hostprep-x86_64 /hostprep-x86_64",
    ]
    (error,) = given_(isolation="bwrap").mistakes.errors
    assert error.message == f"--with-isolation=bwrap: {FAULT}"
    assert error.hint == f"{FAULT.cure}\nor configure --with-isolation=none"


def test_the_links_of_two_architectures_do_not_contradict_each_other(
    given_: Given, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(isolation, "fault", lambda: FAULT)
    hints = [given_(arch=arch).mistakes.errors[-1].hint for arch in ("i686", "x86_64", "x86_64-64")]
    links = [line.split()[-1] for hint in hints for line in hint.splitlines() if "ln -sfn" in line]
    assert len(set(links)) == len(links) == 9


def test_a_link_of_another_build_is_not_to_be_replaced(
    given_: Given, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "RESERVED", ())  # the test's own folder is in /tmp
    other, link = tmp_path / "other", tmp_path / "tools"
    other.mkdir()
    link.symlink_to(other)
    (error,) = given_(isolation="none", PREFIX_TOOLS=str(link)).mistakes.errors
    assert error.message.startswith(f"PREFIX_TOOLS: {link} leads to {other}, and would have to lead to ")
    assert f"PREFIX_TOOLS={link}-2" in error.hint


def test_root_without_a_sandbox_is_warned(given_: Given, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert "root's steps can change anything on this host" in given_(isolation="none").notes[-1]
    assert not given_(isolation="bwrap").notes


def test_that_there_is_no_ccache_is_said_where_it_would_be_used(given_: Given, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "ccache_program", lambda: None)
    (note,) = given_(isolation="bwrap").notes
    assert note.startswith("no ccache in /usr/bin: ")
    assert not given_(isolation="bwrap", sharing="no").notes


def test_with_the_links_there_is_no_complaint(given_: Given, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "RESERVED", ())  # the test's own folder is in /tmp
    baby = tmp_path / "baby"
    prefixes = {}
    for name, root in (("PREFIX_CROSS", baby), ("PREFIX_TOOLS", baby), ("PREFIX_HOSTPREP", tmp_path / "build")):
        link = tmp_path / name.lower()
        link.symlink_to(f"{root}{link}")
        prefixes[name] = str(link)
    assert not given_(CLFS=str(baby), isolation="none", **prefixes).mistakes.errors


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A mounted block device 253:3, whatever it is called; its mount point is returned."""
    point = tmp_path / "media baby"
    point.mkdir()
    table = tmp_path / "mountinfo"
    table.write_text(f"36 35 253:3 / {str(point).replace(' ', chr(92) + '040')} rw - ext4 /dev/mapper/vg00-baby rw\n")
    monkeypatch.setattr(mounts, "MOUNTINFO", table)
    numbers = {True: "253:3", False: "8:1"}
    monkeypatch.setattr(configuration, "block_device", lambda name, option: Device(name, numbers["baby" in name]))
    return point


def test_the_mount_point_of_the_install_device_is_clfs(given_: Given, device: Path, tmp_path: Path) -> None:
    good = device.rename(tmp_path / "baby")
    mounts.MOUNTINFO.write_text(f"36 35 253:3 / {good} rw - ext4 /dev/mapper/vg00-baby rw\n")
    assert given_(install_dev="/dev/vg00/baby").answers["CLFS"] == str(good)


def test_a_mount_point_with_a_space_is_refused_like_any_path(given_: Given, device: Path) -> None:
    assert re.search(r"CLFS: '.*media baby' has a space", errors(given_(install_dev="/dev/vg00/baby")))


def test_a_bound_folder_of_the_install_device_is_not_clfs(given_: Given, device: Path, tmp_path: Path) -> None:
    good = device.rename(tmp_path / "baby")
    mounts.MOUNTINFO.write_text(f"1 0 253:3 /home /home rw - ext4 /dev/b rw\n2 0 253:3 / {good} rw - ext4 /dev/b rw\n")
    assert given_(install_dev="/dev/vg00/baby").answers["CLFS"] == str(good)


def test_an_install_device_that_is_not_mounted(given_: Given, device: Path) -> None:
    assert "--with-install-dev: /dev/sda1 is not mounted" in errors(given_(install_dev="/dev/sda1"))


def test_an_install_device_that_is_mounted_read_only(given_: Given, device: Path, tmp_path: Path) -> None:
    mounts.MOUNTINFO.write_text(f"36 35 253:3 / {device.rename(tmp_path / 'baby')} ro,noatime - ext4 /dev/sda1 rw\n")
    assert "can't write to" in errors(given_(install_dev="/dev/vg00/baby"))


def test_source_tree_snapshot_and_system_are_on_three_devices(given_: Given, device: Path) -> None:
    same = given_(ruckus_dev="/dev/vg00/ruckus", ruckus_dev_snapshot="/dev/mapper/vg00-ruckus")
    text = "--with-ruckus-dev-snapshot: /dev/mapper/vg00-ruckus is the device of --with-ruckus-dev, too"
    assert errors(same) == text
    system = given_(ruckus_dev="/dev/vg00/ruckus", ruckus_dev_snapshot="/dev/dm-3-baby")
    assert errors(system) == ""
    assert not system.notes


def test_where_the_source_tree_is_on_its_device(given_: Given) -> None:
    configuration = given_(ruckus_path="/src")
    assert "ruckus_path = /src" in configuration.conf().splitlines()
    assert not configuration.mistakes.errors
    assert "--with-ruckus-path" in errors(given_(ruckus_path="src"))


def test_the_answers_are_for_the_shell(given_: Given, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([f"{name}={value}" for name, value in given_.values.items()]) == 0
    answers = dict(word.split("=", 1) for word in shlex.split(capsys.readouterr().out))
    assert answers["ruckus_isolation_text"] == "a bubblewrap sandbox"
    assert answers["ruckus_conf"] == given_().conf()


def test_mistakes_go_to_stderr_and_nothing_to_stdout(given_: Given, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([f"{name}={value}" for name, value in {**given_.values, "arch": "vax"}.items()]) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("configure: error: unknown architecture 'vax'\n  choose one of: i686")


@given(st.text())
def test_any_text_as_a_prefix_is_a_clean_path_or_a_clear_error(text: str) -> None:
    try:
        path = absolute("PREFIX_TOOLS", text)
    except RuckusError as error:
        assert text in error.message
        assert error.hint
    else:
        assert re.fullmatch(r"/[A-Za-z0-9_.+@%/-]*", path)
        assert path == "/" or not path.endswith("/")
        assert "//" not in path
