# SPDX-License-Identifier: GPL-3.0-or-later
"""What README says, typed on minimal hosts: as an ordinary user without sudo, and as root."""

import functools
import re

import journey
import pytest
from hosts.machine import CHROOT, MASKED, USER, Finished, Host

from ruckus_aux.host.commands import run

pytestmark = pytest.mark.xdist_group("hosts")  # tests of one share its root file system
_WAY_OUT = re.compile(r"^ *(apt-get install .+|ln -sfn /\S+ /\S+)$", re.MULTILINE)
_ON = functools.partial(pytest.mark.parametrize, "host", indirect=True)
BOTH = _ON(["bookworm", pytest.param("trixie", marks=pytest.mark.short)])


def ways_out(text: str) -> list[list[str]]:
    """The commands for root in an error, as they would be typed."""
    return [match.split() for match in _WAY_OUT.findall(text.replace(": sudo ", ":\n").replace(": apt", ":\napt"))]


def install_what_is_asked_for(host: Host) -> None:
    """Let root type what a user's setup prints; nothing, when all is there."""
    setup = f"{host.home(USER)}/ruckus/build-aux/setup"
    if (refused := host.run(setup, user=USER, status=None)).returncode:
        (install,) = ways_out(refused.stderr)
        host.run(*install, "-y")


@BOTH
def test_an_ordinary_user_builds_after_root_has_installed_what_is_asked_for(host: Host) -> None:
    install_what_is_asked_for(host)
    work = f"{host.home(USER)}/work"
    host.run("mkdir", work, user=USER)
    journey.journey(functools.partial(host.run, user=USER), f"{host.home(USER)}/ruckus", work)


@BOTH
def test_root_builds(host: Host) -> None:
    host.run("mkdir", "/root/work")
    journey.journey(host.run, "/root/ruckus", "/root/work")


@_ON(["bookworm", "trixie"])
@pytest.mark.parametrize("kind", [CHROOT, MASKED])
def test_without_namespaces_a_user_is_told_why_and_what_root_has_to_do(host: Host, kind: str) -> None:
    install_what_is_asked_for(host)
    tree, build = f"{host.home(USER)}/ruckus", f"{host.home(USER)}/{kind}"
    host.run("mkdir", build, user=USER)
    run = functools.partial(host.run, user=USER, kind=kind, cwd=build)
    prefixes = [f"PREFIX_{name}=/{name.lower()}-{kind}" for name in ("CROSS", "TOOLS", "HOSTPREP")]
    refused = run(f"{tree}/configure", *prefixes, status=1)
    assert "bwrap" in refused.stderr
    links = ways_out(refused.stderr)
    assert len(links) == len(prefixes), refused.stderr
    for command in links:
        host.run(*command)
    assert "not isolated" in run(f"{tree}/configure", *prefixes).stdout
    assert journey.outcomes(run("make", "bootstrap").stdout) == ["BUILT"] * journey.STEPS
    run("make", "distclean")


@pytest.mark.whole
def test_what_the_cross_compiler_makes_is_the_same_wherever_it_is_built(both_hosts: list[Host]) -> None:
    """Other compilers of the host compile the cross compiler, and see to its libraries."""
    one, other = (hashes_of_a_system(host) for host in both_hosts)
    assert len(one) >= 8
    assert "-" not in one.values()
    assert one == other


@pytest.mark.whole
def test_the_final_system_makes_what_this_machine_makes(finished: Finished) -> None:
    """Up to a C library and BusyBox; that nothing is downloaded, sources come along."""
    run(["runuser", "-u", finished.build.owner(), "--", "./ruckus", "source-bundle"], cwd=finished.build)
    bundle = finished.build / "ruckus-sources.tar"
    run(["tar", "-xf", bundle, "-C", finished.root / "srv"])
    bundle.unlink()
    tree = with_our_packages(finished, "system")
    steps = ["x86_64/cross/glibc-32", "x86_64/stage1/busybox"]
    options = ["--arch-list=x86_64", "--profile=clfs", *(f"--only={step}" for step in steps), "--no-boot"]
    sources = "/srv/ruckus-sources"
    options += ["--build-dir=build", "--", f"--with-mirror={sources}", f"--with-lock={sources}/sources-lock.json"]
    finished.run(f"{tree}/build-aux/build", *options, cwd=tree, user=USER, timeout=6 * 3600)
    there, here = hashes_in(finished, tree), hashes(run([finished.build / "ruckus", "list", "--hashes"])[1])
    made = {name: digest for name, digest in there.items() if digest != "-"}
    assert made == {name: here[name] for name in made}
    assert {*steps, "x86_64/cross/glibc-64"} <= made.keys()


def hashes_of_a_system(host: Host) -> dict[str, str]:
    """What the steps of a whole system have in the store, but for programs of the host."""
    install_what_is_asked_for(host)
    tree = with_our_packages(host, "system")
    options = ["--arch-list=x86_64", "--until=bootstrap", "--build-dir=build"]
    host.run(f"{tree}/build-aux/build", *options, cwd=tree, user=USER, timeout=6 * 3600)
    return hashes_in(host, tree)


def hashes_in(host: Host, tree: str) -> dict[str, str]:
    """What x86_64's steps have in the store of a tree's build folder, but for programs of the host."""
    build = f"{tree}/build/baby-x86_64/ruckus-build"
    return hashes(host.run("./ruckus", "list", "--hashes", cwd=build, user=USER).stdout)


def hashes(listing: str) -> dict[str, str]:
    """By their names, what `ruckus list --hashes` says of steps whose results run on no host."""
    hashes = {name: digest for digest, name in (line.split() for line in listing.splitlines())}
    of_the_host = re.compile("hostprep/.*|.*/cross/(binutils|gcc.*)")
    return {name: digest for name, digest in hashes.items() if not of_the_host.fullmatch(name)}


def with_our_packages(host: Host, name: str) -> str:
    """Another clone, with the recipes that are shipped; returns where it is."""
    tree = f"{host.home(USER)}/{name}"
    host.run("cp", "-a", f"{host.home(USER)}/ruckus", tree, user=USER)
    host.put(journey.TOP / "packages", f"{tree}/packages", USER)
    return tree


@_ON(["sid"])
def test_hostprep_is_built_by_a_compiler_whose_default_is_c23(host: Host) -> None:
    install_what_is_asked_for(host)
    version = int(host.run("gcc", "-dumpversion").stdout.partition(".")[0])
    assert version >= 15
    work = with_our_packages(host, "hostprep")
    done = host.run(f"{work}/build-aux/build", "--until=hostprep", cwd=work, user=USER)
    assert journey.outcomes(done.stdout).count("BUILT") >= 4
