# SPDX-License-Identifier: GPL-3.0-or-later
"""The four configure lines of the notes that Ruckus grew from, as they stand there, on logical volumes."""

import re
from pathlib import Path

import pytest
from lab.machine.lab import Lab

pytestmark = pytest.mark.xdist_group("lab")  # there is one, for one test at a time

COMMON = "/mnt/root-true/ruckus-hostprep"
SIZE = "4500M"  # configure wants 4.2 GB free for a build
DOWNLOAD = f"./configure --prefix={COMMON} --with-hostprep-only"
BOOTSTRAP = f"""/media/ruckus/configure \\
    --prefix={COMMON} \\
    --enable-stage2-auto \\
    """
BUILDS = {
    "baby": """--with-install-dev=/dev/mapper/vg00-baby \\
    --with-ruckus-dev=/dev/mapper/vg00-ruckus""",
    "baby32": """--with-arch=i686 \\
    --without-stage1-xen \\
    --with-install-dev=/dev/mapper/vg00-baby32 \\
    --with-ruckus-dev=/dev/mapper/vg00-ruckus""",
    "baby64": """--with-arch=x86_64 --disable-multilib \\
    --without-stage1-xen \\
    --with-install-dev=/dev/mapper/vg00-baby64 \\
    --with-ruckus-dev=/dev/mapper/vg00-ruckus""",
}


@pytest.fixture
def dom0_with_volumes(dom0: Lab) -> Lab:
    """vg00 as in the notes: the source tree, with small recipes, on ruckus, and a volume for each system."""
    if not dom0.run("test -e /srv/ruckus/configure", check=False).ok:
        pytest.fail("no configure in the source tree: run ./autogen.sh")
    for name in ("ruckus", *BUILDS):
        make = f"lvcreate --yes --quiet --name {name} --size {SIZE} vg00 && mkfs.ext4 -q /dev/vg00/{name}"
        dom0.run(f"{make} && mkdir /media/{name} && mount /dev/vg00/{name} /media/{name} && chown guest: /media/{name}")
    dom0.run("install -d -o guest /mnt/root-true")
    dom0.run("cp -a /srv/ruckus/. /media/ruckus && rm -r /media/ruckus/packages", user="guest")
    dom0.copy({".": Path(__file__).parent / "packages"}, "/media/ruckus/packages", user="guest")
    # What build-aux/setup does, from modules that are there already.
    dom0.run(
        "cd /media/ruckus && python3 -m venv --without-pip .venv && "
        "echo /opt/ruckus-python > $(echo .venv/lib/python3.*/site-packages)/modules.pth",
        user="guest",
    )
    return dom0


def outcomes(output: str) -> set[tuple[str, str]]:
    return {(outcome, step) for outcome, step in re.findall(r"^  (BUILT|STORED) +(\S+)", output, re.MULTILINE)}


def test_the_four_lines_as_typed(dom0_with_volumes: Lab) -> None:
    lab = dom0_with_volumes
    done = lab.run(f"cd /media/ruckus && {DOWNLOAD} && make", user="guest").stdout
    assert outcomes(done) == {("BUILT", "hostprep/answer")}

    for name, options in BUILDS.items():
        build = f"/media/{name}/ruckus-build"
        summary = lab.run(f"mkdir {build} && cd {build} && {BOOTSTRAP}{options}", user="guest").stdout
        assert f"system             /media/{name}\n" in summary
        assert f"common hostprep    {COMMON}\n" in summary
    every = " ".join(f"/media/{name}/ruckus-build" for name in BUILDS)
    together = f"for build in {every}; do make -C $build bootstrap & done; for build in {every}; do wait -n; done"
    done = lab.run(together, user="guest").stdout
    assert outcomes(done) == {
        ("STORED", "hostprep/answer"),
        *(("BUILT", f"{arch}/stage1/question") for arch in ("x86_64", "i686", "x86_64-64")),
    }
    for name, string in {"baby": "x86_64", "baby32": "x86", "baby64": "x86_64-64"}.items():
        lab.run(f"/media/{name}/tools-{string}/bin/question && test -e /media/{name}/ruckus-build/hostprep/lib/*.a")
        assert not lab.run(f"test -e /media/{name}/ruckus-build/cache", check=False).ok
    assert lab.run(f"ls {COMMON}").stdout.split() == ["cache"]
