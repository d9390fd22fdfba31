# SPDX-License-Identifier: GPL-3.0-or-later
"""The recipes that Ruckus ships, for every architecture."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from pytest_subprocess import FakeProcess
from unit.samples import TOP

from ruckus_aux.recipes.costs import UNKNOWN
from ruckus_aux.recipes.load import evaluate
from ruckus_aux.recipes.manifest import read_manifest
from ruckus_aux.recipes.plan import Plan
from ruckus_aux.settings.settings import Settings
from ruckus_aux.words.architecture import ARCHITECTURES
from ruckus_aux.words.errors import RuckusError


def planned(settings: Settings, arch: str, **changes: Any) -> Plan:
    prefixes = {"prefix_cross": "/opt/r/x", "prefix_tools": "/opt/r/t", "prefix_hostprep": "/opt/r/h"}
    plan = evaluate(
        Settings(**{**settings.__dict__, "srcdir": TOP, "arch": ARCHITECTURES[arch], **prefixes, **changes})
    )
    plan.check()
    return plan


@pytest.fixture(params=sorted(ARCHITECTURES))
def plan(request: pytest.FixtureRequest, settings: Settings, host: FakeProcess) -> Plan:
    return planned(settings, request.param, xen_version="" if request.param == "i686" else "4.20")


@pytest.fixture(params=sorted(ARCHITECTURES))
def clfs(request: pytest.FixtureRequest, settings: Settings, host: FakeProcess) -> Plan:
    return planned(settings, request.param, profile="clfs")


@pytest.fixture(params=sorted(ARCHITECTURES))
def final(request: pytest.FixtureRequest, settings: Settings) -> Plan:
    """All that there is, with its test suites."""
    return planned(settings, request.param, profile="final", tests="all", xen_version="4.20", user="me")


def test_the_tiny_profile_is_a_toolchain_a_kernel_and_a_userland(plan: Plan) -> None:
    arch = plan.settings.arch
    names = {step.name.removeprefix(f"{arch.name}/") for step in plan.of_profile()}
    libraries = {f"cross/glibc-{abi.bits}" for abi in arch.abis}
    assert names == libraries | {
        *(f"hostprep/{name}" for name in ("gmp", "mpfr", "mpc", "isl")),
        *(f"cross/{name}" for name in ("linux-headers", "binutils", "gcc-static")),
        *(f"stage1/{name}" for name in ("linux", "busybox", "filesystem")),
        *(f"source/{name}" for name in ("binutils", "gcc", "glibc", "linux")),
    }


def fragments(plan: Plan) -> set[str]:
    return {path.stem for path in plan[f"{plan.settings.arch.name}/stage1/linux"].files} & {"dom0", "no-xen"}


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_what_of_xen_is_built(settings: Settings, host: FakeProcess, arch: str) -> None:
    """By the clfs profile: hypervisor and dom0 for 64 bit; without Xen neither, and no guest. By tiny: as ever."""
    name = f"{arch}/stage1/xen"
    assert name not in planned(settings, arch).steps
    plan = planned(settings, arch, xen_version="4.17", profile="clfs")
    assert [source.name for source in plan[name].sources] == ["xen-4.17"]
    assert fragments(plan) == (set() if arch == "i686" else {"dom0"})
    assert not fragments(planned(settings, arch))
    for profile in ("tiny", "clfs"):
        assert fragments(planned(settings, arch, xen=False, profile=profile)) == {"no-xen"}


def test_without_xen_nothing_of_it_is_left_in_the_kernel() -> None:
    folder = TOP / "packages" / "linux"
    wanted = {path: set(re.findall(r"CONFIG_\w*XEN\w*", path.read_text())) for path in folder.glob("*.config")}
    without = wanted.pop(folder / "no-xen.config")
    for name in ("dom0", "xen"):  # they are left out whole
        del wanted[folder / f"{name}.config"]
    assert set().union(*wanted.values()) <= without


def test_the_clfs_profile_is_what_builds_all_else(clfs: Plan) -> None:
    arch = clfs.settings.arch
    names = {step.name.removeprefix(f"{arch.name}/stage1/") for step in clfs.of_profile() if "/stage1/" in step.name}
    libraries = {f"{name}-{abi.bits}" for name in ("bzip2", "libxcrypt", "ncurses", "xz", "zlib") for abi in arch.abis}
    assert names == libraries | {
        *("bash", "coreutils", "diffutils", "e2fsprogs", "file", "findutils", "flex", "gawk", "grep", "gzip"),
        *("m4", "make", "patch", "sed", "tar"),
        *("gmp", "mpfr", "mpc", "isl", "binutils", "gcc"),
        *("popt", "rsync", "dropbear", "busybox", "linux", "filesystem"),
    }


def test_the_clfs_system_builds_itself_what_builds_the_final_one(clfs: Plan) -> None:
    arch = clfs.settings.arch
    own = [step for step in clfs.closure(clfs.goal("stage2")) if not step.stage.sees_host]
    assert {step.name.package for step in own} == {
        *("gettext", "bison", "perl", "python", "texinfo", "util-linux"),
        *("tcl", "expect", "dejagnu", "zlib-check"),
    }
    system = {name.within_arch for name in clfs.system}
    assert {"cross/gcc", "stage1/gcc", "stage1/bash", "stage1/filesystem", "stage1/popt"} < system
    assert not system & {"stage1/linux", "stage1/xen"}
    for step in own:
        assert not step.tools, step.name
        assert step.costs is not UNKNOWN, step.name
        assert f"-m{arch.main_abi.bits}" in step.script or step.name.package == "zlib-check", step.name


def test_only_what_is_cxx_waits_for_the_cxx_compiler(clfs: Plan) -> None:
    steps = {step.name.package: {need.name.within_arch for need in step.needs} for step in clfs.of_profile()}
    assert [name for name, needs in steps.items() if "cross/gcc" in needs] == ["gcc"]
    assert "cross/gcc-static" in steps["bash"]


def test_nothing_of_the_host_is_found_by_accident(clfs: Plan) -> None:
    for step in clfs.of_profile():
        for line in re.findall('^.*/configure" .*$', step.script, re.MULTILINE):
            if step.stage.name == "stage1":
                assert "PKG_CONFIG=false" in line, step.name
                assert f"CC='{clfs.settings.arch.target}-gcc -m" in line, step.name


def test_no_script_knows_the_default_prefixes_when_others_are_configured(final: Plan) -> None:
    for step in final.steps.values():
        script = re.sub(r"sed -E .*/rewritten.patch", "", step.script)  # it names what it rewrites
        assert not re.search(r"(?<![\w.$}*])/(cross-tools|tools|hostprep)\b", script), step.name


def test_make_never_leaves_the_jobserver(final: Plan) -> None:
    for step in final.steps.values():
        assert not re.search(r"\bmake\b.* -j", step.script), step.name


def test_every_step_has_a_title_and_its_costs(final: Plan) -> None:
    for step in final.steps.values():
        assert step.title, step.name
        assert step.costs is not UNKNOWN, step.name
    assert f"{final.settings.arch.name}/final/gcc-check" in final.steps
    assert f"{final.settings.arch.name}/stage1/xen" in final.steps


def test_what_runs_on_the_host_is_compiled_as_c17_and_for_no_processor(plan: Plan) -> None:
    for step in plan.steps.values():
        for line in re.findall('^.*/configure" .*$', step.script.replace("\\\n", ""), re.MULTILINE):
            for_host = "/glibc" not in step.name and step.stage.runs_on == "build machine"
            assert ("CC='gcc -std=gnu17' CXX='g++ -std=gnu++17' " in line) == for_host, step.name
        assert "BUILD_CC=gcc" not in step.script, step.name
    busybox = plan[f"{plan.settings.arch.name}/stage1/busybox"].script
    assert len(re.findall(r"\bmake ", busybox)) == busybox.count("HOSTCC='gcc -std=gnu17'")
    assert "--without-gcc-arch" in plan["hostprep/isl"].script


def test_a_target_of_this_architecture(plan: Plan) -> None:
    script = plan[f"{plan.settings.arch.name}/cross/gcc-static"].script
    assert f"--target={plan.settings.arch.target}" in script
    assert ("--enable-multilib" in script) == (len(plan.settings.arch.abis) > 1)


def test_meson_takes_what_it_is_asked_to_take(settings: Settings, host: FakeProcess) -> None:
    steps = planned(settings, "x86_64", profile="final").steps.values()
    scripts = {step.name.package: step.script for step in steps if "meson setup" in step.script}
    assert scripts.keys() == {"bubblewrap", "kmod-32", "kmod-64", "udev"}
    assert all("-Dauto_features=disabled" in script for script in scripts.values())
    for feature in ("openssl", "xz", "zlib", "zstd"):
        assert f"-D{feature}=enabled" in scripts["kmod-32"]
    assert "PKG_CONFIG='i686-ruckus-linux-gnu-pkg-config'" in scripts["kmod-32"]
    assert "PKG_CONFIG" not in scripts["kmod-64"]


def test_the_manifest_pins_everything(tmp_path: Path) -> None:
    sources = read_manifest(TOP / "packages" / "sources.toml", tmp_path)
    hypervisors = [sources.pop(name) for name in ("xen-4.17", "xen-4.20")]
    for source in hypervisors:  # of which Debian's packages are all that there is: apt's signature counts
        assert source.debian and source.debian.versions == f"{source.version}.*"
        assert source.debian.release
    for source in sources.values():
        tarballs = [source.sha256] if source.urls else []
        if source.debian and not source.debian.versions:
            tarballs.append(source.debian.sha256)
        assert tarballs, source.name
        assert all(re.fullmatch("[0-9a-f]{64}", sha256) for sha256 in tarballs), source.name
        assert not source.file or source.version in source.file, source.name
        assert all(url.startswith("https://") for url in source.urls), source.name
        for patch in source.debian.patches if source.debian else ():
            assert re.fullmatch("[0-9a-f]{64}", patch.sha256), source.name


def test_an_ordinary_user_of_the_finished_system(settings: Settings, host: FakeProcess, tmp_path: Path) -> None:
    key = tmp_path / "key.pub"
    key.write_text("ssh-ed25519 AAAA")
    options = {"profile": "final", "authorized_key": key}
    step = planned(settings, "x86_64", user="me", **options)["x86_64/final/configuration"]
    owned = {right.path: right.owner for right in step.rights if right.owner}
    assert owned == {"/home/me": "me"}
    assert "me:x:1000:999::/home/me:/bin/bash" in step.script
    assert "echo 'me:*:::::::' >>" in step.script
    assert "PROFILE=final" in step.script.splitlines()
    assert "OVERLAY=no" in step.script.splitlines()
    with pytest.raises(RuckusError, match="--with-user: 'daemon' is in every system's passwd"):
        planned(settings, "x86_64", user="daemon", **options)


LOCALEDEF = """#!/bin/sh
[ "$*" != --list-archive ] || exec echo "C.utf8
de_DE.utf8
de_DE.iso88591"
echo "$*"
exit {status}
"""


@pytest.mark.parametrize(
    ("options", "status", "said"),
    [
        (
            {"timezone": "Mars/Olympus"},
            0,
            "error: --with-timezone=Mars/Olympus: there is no such zone; configure again",
        ),
        ({"locale": "xx_XX.UTF-8"}, 4, "error: --with-locale=xx_XX.UTF-8: there is no such locale; configure again"),
        # The finished system has it: this step has installed it there.
        ({"locale": "pl_PL.UTF-8"}, 0, "-i pl_PL -f UTF-8 {out}/usr/lib64/locale/pl_PL.UTF-8\n"),
        ({"locale": "de_DE.UTF-8@euro"}, 0, "-i de_DE@euro -f UTF-8 {out}/usr/lib64/locale/de_DE.UTF-8@euro\n"),
        ({"locale": "ko_KR.JOHAB"}, 1, "-i ko_KR -f JOHAB {out}/usr/lib64/locale/ko_KR.JOHAB\n"),  # warns
        *(({"locale": name}, 4, "") for name in ("C", "POSIX", "C.UTF-8", "de_DE.UTF-8", "de_DE.ISO-8859-1")),
    ],
)
def test_zones_and_locales(
    settings: Settings, host: FakeProcess, tmp_path: Path, options: dict[str, str], status: int, said: str
) -> None:
    host.allow_unregistered(allow=True)
    (tmp_path / "UTC").touch()
    (tmp_path / "localedef").write_text(LOCALEDEF.format(status=status))
    (tmp_path / "locale").write_text("#!/bin/sh\necho UTF-8\n")
    for name in ("localedef", "locale"):
        (tmp_path / name).chmod(0o755)
    step = planned(settings, "x86_64", profile="final", **options)["x86_64/final/configuration"]
    script = step.script.replace("/usr/share/zoneinfo/", f"{tmp_path}/").partition("PASSWORD=")[0]
    environment = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "OUT": f"{tmp_path}/out",
        "FILES": f"{TOP}/packages/base/etc",
    }
    ran = subprocess.run(["sh", "-c", script], env=environment, capture_output=True, text=True)
    if said.startswith("error"):
        assert ran.returncode == 1
        assert said in ran.stderr
    else:
        assert (ran.returncode, ran.stdout) == (0, said.format(out=f"{tmp_path}/out")), ran.stderr
