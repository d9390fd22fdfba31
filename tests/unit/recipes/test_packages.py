# SPDX-License-Identifier: GPL-3.0-or-later
"""The recipes that Ruckus ships, for every architecture."""

import re
from pathlib import Path

import pytest
from pytest_subprocess import FakeProcess
from unit.samples import TOP

from ruckus_aux.recipes.costs import UNKNOWN
from ruckus_aux.recipes.load import evaluate
from ruckus_aux.recipes.manifest import read_manifest
from ruckus_aux.recipes.plan import Plan
from ruckus_aux.settings.settings import Settings
from ruckus_aux.words.architecture import ARCHITECTURES


@pytest.fixture(params=sorted(ARCHITECTURES))
def plan(request: pytest.FixtureRequest, settings: Settings, host: FakeProcess) -> Plan:
    arch = ARCHITECTURES[request.param]
    prefixes = {"prefix_cross": "/opt/r/x", "prefix_tools": "/opt/r/t", "prefix_hostprep": "/opt/r/h"}
    plan = evaluate(Settings(**{**settings.__dict__, "srcdir": TOP, "arch": arch, **prefixes}))
    plan.check()
    return plan


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


def test_no_script_knows_the_default_prefixes_when_others_are_configured(plan: Plan) -> None:
    for step in plan.steps.values():
        script = re.sub(r"sed -E .*/rewritten.patch", "", step.script)  # it names what it rewrites
        assert not re.search(r"(?<![\w.$}*])/(cross-tools|tools|hostprep)\b", script), step.name


def test_make_never_leaves_the_jobserver(plan: Plan) -> None:
    for step in plan.steps.values():
        assert not re.search(r"\bmake\b.* -j", step.script), step.name


def test_every_step_has_a_title_and_its_costs(plan: Plan) -> None:
    for step in plan.steps.values():
        assert step.title, step.name
        assert step.costs is not UNKNOWN, step.name


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


def test_the_manifest_pins_everything(tmp_path: Path) -> None:
    for source in read_manifest(TOP / "packages" / "sources.toml", tmp_path).values():
        assert re.fullmatch("[0-9a-f]{64}", source.sha256), source.name
        assert source.version in source.file, source.name
        assert all(url.startswith("https://") for url in source.urls), source.name
        assert source.urls, source.name
        for patch in source.debian.patches if source.debian else ():
            assert re.fullmatch("[0-9a-f]{64}", patch.sha256), source.name
