# SPDX-License-Identifier: GPL-3.0-or-later
"""The compilers of a finished system: what they make for each ABI does what programs have to be able to do."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ruckus_aux.host.elf import MACHINES, read_elf_files
from ruckus_aux.systems.abis import loader
from ruckus_aux.systems.finding import Finding, finding_of
from ruckus_aux.systems.testbed import Testbed
from ruckus_aux.words.architecture import Abi
from ruckus_aux.words.errors import RuckusError

_TRIALS = Path(__file__).parent / "trials"


@dataclass(frozen=True)
class _Language:
    """What is tried in it: files of its suffix in trials/."""

    name: str
    suffix: str
    driver: str
    tries: str


_LANGUAGES = (
    _Language("C", "c", "gcc", "threads, dlopen, locale, iconv"),
    _Language("C++", "cc", "g++", "threads, exceptions, dlopen, locale"),
)


def check_compilers(testbed: Testbed, title: str, prefix: str, before: str = "") -> Iterator[Finding]:
    """Try the compilers of a prefix.

    Args:
        testbed: Where.
        title: What they are called.
        prefix: PREFIX_CROSS or PREFIX_TOOLS.
        before: What the names of their programs begin with.
    """
    arch = testbed.settings.arch
    for language in _LANGUAGES:
        compiler = f"{prefix}/bin/{before}{language.driver}"
        if not Path(f"{testbed.settings.clfs}{compiler}").is_file():
            yield Finding(f"{title} {language.name}", f"the system has no {compiler}", checked=False)
            continue
        for abi in arch.abis:
            words = [f"{before}{language.driver}", *([abi.flag] if len(arch.abis) > 1 else [])]
            name = f"{title}-{language.driver}-{abi.bits}"
            attempt = partial(_try, testbed, name, language.suffix, words, abi)
            yield finding_of(f"{title} {language.name}, {abi.bits} bits", language.tries, attempt)


def _try(testbed: Testbed, name: str, suffix: str, compiler: list[str], abi: Abi) -> None:
    """Compile and run a program for an ABI; RuckusError when it does not do what it should, or is for another."""
    settings = testbed.settings
    files = [_TRIALS / file for file in ("run", f"program.{suffix}", f"plugin.{suffix}")]
    script = f'/bin/sh "$FILES/run" {suffix} {settings.prefix_tools} {shlex.join(compiler)}'
    with testbed.trial(name, script, files) as (work, said):
        program = next(read_elf_files([work / "build" / "program"]))
        made = f"for {program.machine}, started by {program.interpreter}: {said.strip()}"
        wanted = f"for {MACHINES[abi.bits]}, started by {loader(settings, abi)}: works with {abi.bits} bits, {abi.bits}"
        if made != wanted:
            raise RuckusError(f"{shlex.join(compiler)} makes programs {made}", f"they have to be {wanted}")
