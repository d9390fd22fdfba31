# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.fakes import Machine

from ruckus_aux.host.root import Root
from ruckus_aux.storage.devices import Device
from ruckus_aux.storage.xen import domains, parse_xen_disks
from ruckus_aux.words.errors import RuckusError

DISK = Device("/dev/sda", "8:0")
XENSTORE = """vif = ""
 3 = ""
  0 = ""
   mode = "w"
vbd = ""
 3 = ""
  51712 = ""
   frontend = "/local/domain/3/device/vbd/51712"
   params = "/dev/vg00/baby-i686"
   physical-device = "fd:2"
   mode = "w"
  51728 = ""
   physical-device = "fd:1"
   mode = "r"
qdisk = ""
 4 = ""
  51712 = ""
   params = "aio:/no/such/image"
   mode = "w"
"""


@pytest.mark.usefixtures("nodes")
def test_domains_that_hold_a_device_what_is_on_it_or_below_it(machine: Machine, access: Root) -> None:
    assert domains(access, DISK) == []
    (machine.proc / "xen-capabilities").write_text("control_d\n")
    machine.xen = XENSTORE
    assert domains(access, DISK) == ["domain 3 (w)", "domain 3 (r)"]
    assert domains(access, Device("/dev/dm-1", "253:1")) == ["domain 3 (r)"]
    assert domains(access, Device("/dev/sdb", "8:16")) == []
    machine.xen = XENSTORE.replace("fd:2", "8:0")
    assert domains(access, Device("/dev/sda1", "8:1")) == ["domain 3 (w)", "domain 3 (r)"], "the whole disk"


@pytest.mark.parametrize("text", ["sudo: a password is required\n", "xs_open: No such file or directory\n", ""])
def test_when_xen_does_not_tell_nothing_is_taken_for_free(
    machine: Machine, access: Root, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    (machine.proc / "xen-capabilities").write_text("control_d\n")
    monkeypatch.setattr(machine, "_xenstore_ls", lambda words: (1, text))
    with pytest.raises(RuckusError, match="does not tell"):
        domains(access, DISK)


NUMBERS = st.tuples(st.integers(1, 99), st.integers(0, 4095), st.integers(0, 2**20 - 1), st.sampled_from("rw"))


@given(st.lists(NUMBERS, max_size=5))
def test_every_disk_in_xenstore_is_found(disks: list[tuple[int, int, int, str]]) -> None:
    text = 'vbd = ""\n' + "".join(
        f' {domain} = ""\n  {number} = ""\n   mode = "{mode}"\n   physical-device = "{major:x}:{minor:x}"\n'
        for number, (domain, major, minor, mode) in enumerate(disks)
    )
    found = [(disk.domain, disk.numbers, disk.mode) for disk in parse_xen_disks(text)]
    assert found == [(str(domain), f"{major}:{minor}", mode) for domain, major, minor, mode in disks]
