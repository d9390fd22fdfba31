# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from unit.fakes import Machine

from ruckus_aux.host import locks
from ruckus_aux.storage.operations import Volumes
from ruckus_aux.storage.overview import lines
from ruckus_aux.words.errors import RuckusError

NAME = "baby-i686"
PATH = f"/dev/vg00/{NAME}"


def test_the_list(machine: Machine, volumes: Volumes) -> None:
    volumes.create(NAME)
    volumes.snapshot(f"{NAME}.before", NAME, "1G")
    machine.logical_volume("precious", tags="")
    machine.logical_volume("baby-x86_64", tags="")
    found = {line.name: line for line in lines(volumes, [NAME, "baby-x86_64"])}
    assert set(found) == {NAME, f"{NAME}.before", "baby-x86_64"}
    assert found[f"{NAME}.before"].notes == (f"a snapshot of {NAME}",)
    assert found["baby-x86_64"].notes == ("not made by Ruckus",)


def test_the_list_tells_what_is_special(machine: Machine, volumes: Volumes) -> None:
    volumes.create(NAME)
    machine.logical_volume("baby-x86_64")
    machine.failing |= {"mkfs.ext4": 1, "lvremove": 5}
    with pytest.raises(RuckusError):
        volumes.create("baby-x86_64-64")
    with locks.named("vg00-baby--i686") as lock:
        lock.write("to builder one")
    machine.mount_table("", "1 0 253:7 / /elsewhere rw - ext4 /dev/dm-7 rw")
    assert lines(volumes, ["baby"]) == []
    notes = {line.name: line.notes for line in lines(volumes, [NAME, "baby-x86_64", "baby-x86_64-64"])}
    elsewhere = f"{PATH} is mounted on /elsewhere"
    assert notes[NAME] == ("lent to builder one", elsewhere)
    assert notes["baby-x86_64"][0] == "not made from this build folder"
    assert notes["baby-x86_64-64"][0] == "never finished"
