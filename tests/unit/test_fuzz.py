# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever a file or a program says, what reads it either understands it, or says so in a RuckusError."""

import json
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from unit.samples import MANIFEST, VALUES, configured

from ruckus_aux.artifacts.registry import Uses
from ruckus_aux.artifacts.store import StoredArtifact
from ruckus_aux.host.jobserver import flags, from_makeflags
from ruckus_aux.host.mounts import parse
from ruckus_aux.host.sudo import entries
from ruckus_aux.recipes.manifest import Fetched, File, read_manifest
from ruckus_aux.reports.collect import BuildDirectory, Collected, Index, collect
from ruckus_aux.runs.request import arch_list, number_of_jobs
from ruckus_aux.runs.status import ArchProgress, State, from_json
from ruckus_aux.settings.journal import Journal, Run
from ruckus_aux.settings.settings import load
from ruckus_aux.settings.stamps import Stamp
from ruckus_aux.sources.debian import parse_showsrc
from ruckus_aux.steps import diagnosis, logs
from ruckus_aux.steps.gate import Running
from ruckus_aux.storage.layout import Layout, layout
from ruckus_aux.storage.xen import parse_xen_disks
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.records import read_record
from ruckus_aux.words.step_name import StepName
from ruckus_aux.words.terminal import size_in_bytes

quick = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])

HUGE = "9" * 5000  # Python refuses to make a number of it
numbers = st.one_of(st.integers(), st.floats(), st.just(10**400), st.just(True))
strings = st.one_of(st.text(), st.sampled_from(["", "\0", "/a\0b", "\udcff", "\x1b[2J", HUGE, "nan", "inf", "-1", "²"]))
scalars = st.one_of(st.none(), numbers, strings)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner, max_size=3)),
    max_leaves=5,
)


def spoiled(text: str) -> st.SearchStrategy[bytes]:
    """A file that was cut off, or partly overwritten with anything; or is something else."""
    whole = text.encode()

    def spoil(start: int, length: int, other: bytes) -> bytes:
        return whole[:start] + other + whole[start + length :]

    positions = st.integers(0, len(whole))
    return st.one_of(st.builds(spoil, positions, st.integers(0, 20), st.binary(max_size=20)), st.binary())


def wordy(*words: str) -> st.SearchStrategy[str]:
    """Text of these words and of anything else."""
    return st.lists(st.one_of(st.sampled_from(words), strings), max_size=12).map("".join)


RUNNING = Running("r", "i686", StepName("i686/cross/x"), "/b", 1.0, 2, 3)
RECORDS: dict[type[Any], Any] = {
    Fetched: Fetched("upstream", "1", (File("x-1.tar", "aa"),), "https://x"),
    Running: RUNNING,
    State: State("r", 1, 1.0, 2.0, (ArchProgress("i686", 1, 2, 3.0),), (RUNNING,), 1, 2, 2, 0.5, 3, 4, 5.0),
    Layout: Layout(),
    Stamp: Stamp(Path("/p"), StepName("s"), "k", Path("/b"), (), {"a": "k"}, ("lib/x",)),
    Index: Index("r", (Collected("s", "i686", "f", 0, 1.0, ("e",)), Collected("t", "i686", "g", None, 1.0, ())), ()),
    StoredArtifact: StoredArtifact("s", "00"),
    Uses: Uses(Path("/b"), "h", Path("/c"), ("00",), ("x-1.tar",)),
}


@pytest.mark.parametrize("kind", RECORDS, ids=lambda kind: str(kind.__name__))
@quick
@given(st.data())
def test_a_record_is_read_as_it_was_written_or_not_at_all(kind: type[Any], data: st.DataObject) -> None:
    whole = asdict(RECORDS[kind])
    given_ = {"path": whole.pop("path")} if kind is Stamp else {}
    text = json.dumps(whole, default=str)
    assert read_record(kind, text, **given_) == RECORDS[kind]
    name = data.draw(st.sampled_from(sorted(whole)))
    changed = json.dumps({**whole, name: data.draw(values)}, default=str)
    for other in (changed.encode(), data.draw(spoiled(text)), json.dumps(data.draw(values))):
        with suppress(ValueError):
            found = asdict(read_record(kind, other, **given_))
            assert found.keys() == asdict(RECORDS[kind]).keys()
            assert "\0" not in str(found)


def test_data_that_is_nested_without_end_is_no_record() -> None:
    with pytest.raises(ValueError, match="nested"):
        from_json("[" * 100_000)


SHOWSRC = (
    "Package: zlib\n",
    "Version: 1:1.2-3\n",
    "Version: ",
    "Checksums-Sha256:\n",
    " aa 12 x.orig.tar.gz\n",
    "\n",
    " ",
)
SUDO = (
    "Matching Defaults entries for me on here:\n    !authenticate\n\n", "User me may run:\n", "Sudoers entry:\n",
    "    RunAsUsers: root\n", "    Options: !authenticate\n", "    Commands:\n", "\t/usr/bin/mount [!a] \\", "\tALL\n",
    "\t!/bin/x\n", "\tsha256:", "\t/a/ \n",
)  # fmt: skip
MOUNT = (
    "36 35 98:0 / /mnt rw",
    ",noexec",
    " ext3 /dev/root rw\n",
    " - ",
    " ",
    "\n",
    "\\040",
    "\\777",
    "\x85",
    "\u2028",
)
XEN = ("vbd = ''\n", " 3 = ''\n", "  5 = ''\n", '   physical-device = "', 'fd:7"\n', "z:z", '   params = "/x\0"\n')
FAULT = ("error: ", "x.c:1:2: error: y\n", "make: *** ", "Killed\n", "\n", "/usr/bin/make[3]: Leaving", "\x1b[31m")
TEXTS: dict[str, tuple[Callable[[str], object], st.SearchStrategy[str]]] = {
    "mounts": (parse, wordy(*MOUNT)),
    "xenstore-ls": (parse_xen_disks, wordy(*XEN)),
    "showsrc": (lambda text: parse_showsrc(text, "zlib"), wordy(*SHOWSRC)),
    "sudo": (lambda text: [one.matches(("/usr/bin/mount", "/x")) for one in entries(text)], wordy(*SUDO)),
    "first error": (diagnosis.first_error, wordy(*FAULT)),
    "MAKEFLAGS": (
        from_makeflags, wordy("n", "k", " -j4", " --jobserver-auth=", "3,4", "fifo:", " -- ", "9" * 30, ",")
    ),
    "make's flags": (lambda text: flags({"MAKEFLAGS": text}), strings),
    "--size": (size_in_bytes, wordy("1", "G", "M", "-")),
    "--jobs": (number_of_jobs, strings),
    "--arch-list": (arch_list, wordy("i686", ",", "x86_64")),
}  # fmt: skip


@pytest.mark.parametrize("name", TEXTS)
@quick
@given(st.data())
def test_any_text_is_understood_or_refused(name: str, data: st.DataObject) -> None:
    call, texts = TEXTS[name]
    with suppress(RuckusError):
        call(data.draw(texts))


@quick
@given(st.integers(-300, 300), wordy(*FAULT))
def test_every_exit_status_has_a_reason_or_none(status: int, output: str) -> None:
    reason = diagnosis.crash(status, output)
    assert reason.isprintable()
    assert reason or status >= 0


def in_folder(name: str, content: bytes, call: Callable[[Path], object]) -> None:
    with tempfile.TemporaryDirectory() as folder, suppress(RuckusError):
        path = Path(folder) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        call(Path(folder))


def conf() -> str:
    with tempfile.TemporaryDirectory() as folder:
        return (configured(Path(folder)) / "ruckus.conf").read_text()


LOG = """# step     i686/cross/x
# run      r1
# start    2026
# environment:
#   A=b
# output:
said

# end      x
# status   1
# wall     1.0 s
"""
DEBIAN = MANIFEST + '[zlib.debian]\npackage = "zlib"\npatches = { "a.diff" = "bb" }\nstrip = 1\n'
FILES: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "volumes.json": ("volumes.json", layout, json.dumps(asdict(Layout()))),
    "ruckus.conf": ("ruckus.conf", load, conf()),
    "sources.toml": ("sources.toml", lambda folder: read_manifest(folder / "sources.toml", folder), DEBIAN),
    "NAME.json": (
        "zlib.json",
        lambda folder: (folder / "m").write_text(MANIFEST) and read_manifest(folder / "m", folder),
        json.dumps(asdict(RECORDS[Fetched])),
    ),
    "journal": ("journal.sqlite", lambda folder: Journal(folder / "journal.sqlite").rows(Run), "SQLite format 3\0x"),
    "log": ("log/i686/cross/x.log", lambda folder: collect([BuildDirectory("i686", folder)], folder / "logs"), LOG),
    "a log's fields": ("x.log", lambda folder: logs.read(folder / "x.log"), LOG),
}


@pytest.mark.parametrize("name", FILES)
@quick
@given(st.data())
def test_any_file_is_understood_or_refused(name: str, data: st.DataObject) -> None:
    path, call, whole = FILES[name]
    in_folder(path, data.draw(spoiled(whole)), call)


@quick
@given(st.sampled_from(sorted(VALUES)), strings)
def test_any_value_in_a_configuration_is_understood_or_refused(name: str, value: str) -> None:
    with tempfile.TemporaryDirectory() as folder, suppress(RuckusError):
        load(configured(Path(folder), **{name: value.encode(errors="replace").decode()}))


@quick
@given(st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1))
def test_every_mount_point_is_found(name: str) -> None:
    """The kernel writes four characters as octal numbers, and all others as they are."""
    written = "".join(f"\\{ord(one):03o}" if one in " \t\n\\" else one for one in name)
    (mount,) = parse(f"36 35 98:0 / /mnt/{written} rw - ext3 /dev/root rw\n")
    assert mount.point == Path("/mnt") / name
