# SPDX-License-Identifier: GPL-3.0-or-later

import fnmatch
import io
from pathlib import Path

import pytest

from ruckus_aux.builders.dom0 import Seen, parts_of
from ruckus_aux.builders.state import Guest
from ruckus_aux.builders.xen import guest_of, kernel_of
from ruckus_aux.host import root
from ruckus_aux.host.hosts import Unreachable
from ruckus_aux.host.root import HERE, Shape
from ruckus_aux.storage import xl
from ruckus_aux.storage.xl import ListedDomain
from ruckus_aux.words.errors import RuckusError

LISTING = """\
Name                     ID   Mem VCPUs\tState\tTime(s)   UUID                            Reason-Code\tSecurity Label
Domain-0                  0  1024     1     r-----      52.4 00000000-0000-0000-0000-000000000000        -          -
ruckus-builder-x86_64     3   256     2     ---sc-       9.1 c0ffee00-0000-4000-8000-000000000001        3          -
(null)                    4     0     0     --p---       0.0 c0ffee00-0000-4000-8000-000000000002        -          -
"""
COMPLAINT = """\
libxl: error: libxl_exec.c:117:libxl_report_child_exitstatus: block add [123] exited with error status 1
libxl: error: libxl_device.c:1259:child_death_cb: script: /dev/vg00/a is mounted in the privileged domain
libxl: error: libxl_create.c:1643:domcreate_launch_dm: Domain 5:unable to add disk devices
libxl: error: libxl_domain.c:1142:domain_destroy_callback: Domain 5:Destruction of domain failed
"""


def test_what_xl_lists() -> None:
    domains = xl.parse_domains(LISTING)
    assert domains.keys() == {"Domain-0", "ruckus-builder-x86_64", "(null)"}
    run = "c0ffee00-0000-4000-8000-000000000001"
    assert domains["ruckus-builder-x86_64"] == ListedDomain("ruckus-builder-x86_64", run, "sc", "3", 9.1)
    assert xl.parse_domains("xl: error\n\nName\n") == {}


@pytest.mark.parametrize(
    ("flags", "reason", "guest"),
    [
        ("r", "", Guest("running")),
        ("b", "", Guest("running")),
        ("p", "", Guest("running")),
        ("s", "0", Guest("ended", "poweroff", "xl list -v: 0")),
        ("s", "1", Guest("ended", "reboot", "xl list -v: 1")),
        ("sc", "3", Guest("ended", "crash", "xl list -v: 3")),
        ("s", "4", Guest("ended", "crash", "xl list -v: 4")),
        ("sc", "", Guest("ended", "crash", "xl list -v: sc")),
        ("d", "", Guest("ended", "", "xl list -v: d")),
    ],
)
def test_what_a_state_means(flags: str, reason: str, guest: Guest) -> None:
    assert guest_of(Seen(ListedDomain("x", "y", flags, reason, 0.0), b"", b"")) == guest
    assert guest_of(Seen(None, b"", b"")) == Guest("ended", "destroyed", "xl does not list it")


def test_the_first_complaint_says_why() -> None:
    assert xl.first_complaint(COMPLAINT).startswith("block add [123] exited with error status 1")
    last = "\n".join(COMPLAINT.splitlines()[2:])
    assert xl.first_complaint(last) == "unable to add disk devices"
    assert xl.first_complaint("\nFailed to read config file: x\n") == "Failed to read config file: x"
    assert xl.first_complaint("") == "it does not say why"
    assert xl.parse_free_memory("host : a\nfree_memory            : 2014\n") == 2014
    assert xl.parse_free_memory("nothing") is None


@pytest.mark.parametrize(("bridge", "ruckus"), [("", ""), ("xenbr0", ""), ("", "/d/ruckus..builder-x86_64")])
def test_each_creation_has_a_form_without_a_star(monkeypatch: pytest.MonkeyPatch, bridge: str, ruckus: str) -> None:
    monkeypatch.setattr(root, "program", lambda name: f"/usr/sbin/{name}")
    run = "c0ffee00-0000-4000-8000-000000000001"
    domain = xl.Domain("x86_64", run, "2048", "4", "/p/vmlinuz", "", "/d/a", "/d/b", bridge, ruckus)

    def line(run: str, jobs: str) -> str:
        return f"ruckus.run={run} ruckus.jobs={jobs}"

    forms = list(xl.any_create(domain, line, HERE))
    assert not any("*" in word for form in forms for word in form)
    real = xl.create_domain(xl.Domain(**{**vars(domain), "line": line(domain.run, domain.vcpus)}), HERE)
    read = f',"phy:{ruckus},xvdb1,r"' if ruckus else ""
    assert [word for word in real if word.startswith("disk")] == [f'disk=["phy:/d/a,xvda1,w","phy:/d/b,xvdc,w"{read}]']
    cards = ['vif=["mac=00:16:3e:c0:ff:ee,bridge=xenbr0"]'] if bridge else []
    assert [word for word in real if word.startswith("vif")] == cards
    matching = [
        form
        for form in forms
        if len(form) == len(real)
        and all(
            fnmatch.fnmatchcase(word, form_word) if isinstance(form_word, Shape) else word == form_word
            for word, form_word in zip(real, form, strict=True)
        )
    ]
    assert len(matching) == 1


def test_answers_are_told_apart_by_their_length() -> None:
    answer = b"0 8\n0 3\nabc\n1 0\n127 2\n\0\xff"
    assert parts_of(io.BytesIO(answer), 3) == [(0, b"0 3\nabc\n"), (1, b""), (127, b"\0\xff")]
    for cut in (answer[:-1], answer[:12], b"", b"sh: mktemp: No space left on device\n"):
        with pytest.raises(Unreachable, match="of 3 questions"):
            parts_of(io.BytesIO(cut), 3)


def test_whose_kernel_boots_an_architecture(tmp_path: Path) -> None:
    with pytest.raises(RuckusError, match="x86_64/vmlinuz: there is no kernel yet"):
        kernel_of("x86_64", tmp_path)
    with pytest.raises(RuckusError, match="i686 can't be a builder of Xen's") as caught:
        kernel_of("i686", tmp_path)
    assert caught.value.hint.startswith("build x86_64 or x86_64-64 with the same --prefix")
    for arch in ("i686", "x86_64-64"):
        (tmp_path / arch).mkdir()
        (tmp_path / arch / "vmlinuz").touch()
    assert kernel_of("i686", tmp_path) == kernel_of("x86_64-64", tmp_path) == tmp_path / "x86_64-64/vmlinuz"
