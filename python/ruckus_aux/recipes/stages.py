# SPDX-License-Identifier: GPL-3.0-or-later
"""What a package gets in a stage by default; its recipe says only what differs."""

from collections.abc import Collection
from dataclasses import dataclass, field

from ruckus_aux.words.architecture import Abi, Architecture
from ruckus_aux.words.stage import Stage

BUILD_MACHINE = "x86_64-cross-linux-gnu"
# The host's compilers, at a language that does not depend on their age: from gcc 15 on, C would be C23, which older
# sources are not written in. It stands before all flags, so a source that wants another standard gets that.
HOST_CC, HOST_CXX = "gcc -std=gnu17", "g++ -std=gnu++17"
# For make: hosts may lack makeinfo. The final system has those manuals of texinfo that sources come with: Debian's have
# only pages that say so (GFDL) where these would be made from, but for a few.
WITHOUT_MANUALS = "MAKEINFO=true"
# What a step of the final system ends with: symbols go that only debuggers and linkers of static libraries want;
_ARCHIVES = """
    objects="^\\(!<arch>\\|$(printf '\\177')ELF\\)"
    find "$OUT" -type f \\( -name '*.[ao]' -o -name '*.so*' -o -perm -100 \\) -exec grep -lZ "$objects" {} + \\
        > "$HOME/objects" || [ $? = 1 ]  # where there are none
    xargs -0 -r chmod u+w < "$HOME/objects"
    grep -z '\\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-debug --enable-deterministic-archives
"""
STRIP = f"""{_ARCHIVES}\
    grep -zv '\\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-unneeded
"""
# or, for those who want them, into files of their own, where gdb looks for them.
STRIP_ASIDE = f"""{_ARCHIVES}\
    grep -zv '\\.[ao]$' "$HOME/objects" | xargs -0 -r -n 1 sh -ec '
        ! readelf -S "$1" | grep -qF .gnu_debuglink || exit 0  # has another name, too
        symbols="$OUT/usr/lib/debug${{1#"$OUT"}}.debug"
        mkdir -p "${{symbols%/*}}"
        objcopy --only-keep-debug --compress-debug-sections "$1" "$symbols"
        strip --strip-unneeded "$1"
        objcopy --add-gnu-debuglink="$symbols" "$1"
    ' strip-aside
"""
TEST_RESULTS = "ruckus: tests: "
FAILED_TEST = "ruckus: not expected to fail: "
# What a step of a test suite ends with: $HOME/said has what it said, $HOME/made its own verdict, and $HOME/expected,
# what may fail.
TALLY = r"""
    find . \( -name '*.trs' -o -name '*.sum' ! -name 'subdir-*' \) -exec awk '
        FILENAME ~ /trs$/ && sub(/^:test-result: /, "") {
            name = FILENAME
            gsub(/^[.]\/|[.]trs$/, "", name)
            print $1 ": " name
        }
        FILENAME ~ /sum$/ && /^[A-Z]+: /' {} + > "$HOME/results"
    awk -v made="$(cat "$HOME/made")" '
        # of perl, and of GNU make, which may say more before it says FAILED
        $2 ~ /^[.][.]+$/ { name = $1 }
        $2 ~ /^[.][.]+$/ && $3 == "ok" { print "PASS: " $1 }
        $2 ~ /^[.][.]+$/ && $3 == "FAILED" || name && /^FAILED \(/ { print "FAIL: " name }
        / \(Wstat: / && ! /Wstat: 0 .*Failed: 0\)/ { print "FAIL: " $1 }
        # of automake, which is content without DejaGnu
        /^WARNING: could not find .runtest/ { print "FAIL: runtest" }
        # of autotest
        sub(/^ *[0-9]+: /, "") && sub(/ +ok$/, "") { print "PASS: " $0 }
        sub(/ +FAILED \([^ ]*:[0-9]+\)$/, "") { print "FAIL: " $0 }
        # of make, which fails for tests that may, too: what it could not make, but for targets that run tests
        made ~ /^FAIL/ && (/^make(\[[0-9]+\])?: \*\*\* (\[|No rule )/ || / \*\*\* .* Stop[.]$/) {
            sub(/^.* \*\*\* /, "")
            if (sub(/^\[/, "")) gsub(/^.*: |\] .*/, "")
            if (! /^(.*\/)?((do-)?check(-[^.]*)?|tests?|test-suite[.]log|pass-fail)$/) print "FAIL: make: " $0
        }' "$HOME/said" >> "$HOME/results"
    bad='^(FAIL|ERROR|XPASS|UNRESOLVED): '
    grep -qE "$bad" "$HOME/results" || grep FAIL "$HOME/made" >> "$HOME/results" ||
        [ -s "$HOME/results" ] || cp "$HOME/made" "$HOME/results"
    sed -n -E "s/$bad//p" "$HOME/results" | LC_ALL=C sort -u > "$HOME/failed"
    sed 's/ #.*//' "$HOME/expected" | LC_ALL=C sort -u | comm -23 "$HOME/failed" - > "$HOME/unexpected"
    passed=$(grep -c '^PASS' "$HOME/results") || [ $? = 1 ]
    unexpected=$(wc -l < "$HOME/unexpected")
    sed 's/^/@FAILED@/' "$HOME/unexpected"
    expected=$(($(wc -l < "$HOME/failed") - unexpected))
    echo "@TEST_RESULTS@$passed passed, $unexpected failed, $expected expected to fail"
    [ "$unexpected" = 0 ] && [ "$passed" -gt 0 ]
""".replace("@TEST_RESULTS@", TEST_RESULTS).replace("@FAILED@", FAILED_TEST)
_FLAGS = {"CFLAGS": "-O2", "CXXFLAGS": "-O2"}
# Messages in English; what is compiled once needs no list of what to compile again.
_FOR_TARGET = ("--disable-nls", "--disable-dependency-tracking")
# The final system: the FHS's places; libraries are shared, and there is one of each.
_OF_SYSTEM = ("--sysconfdir=/etc", "--localstatedir=/var")
_FOR_SYSTEM = ("--disable-static", "--disable-dependency-tracking")
TIME_64 = "-D_TIME_BITS=64 -D_FILE_OFFSET_BITS=64"  # 32-bit programs, too, live beyond 2038
# For programs that run with others' rights: anywhere in memory, and stopped when they write where they should not.
_HARDENED = " -fPIE -fstack-protector-strong -D_FORTIFY_SOURCE=3"
# Programs of the cross binutils that configure looks for as $host-NAME, and would then find the host's.
_BINUTILS = ("ar", "nm", "objdump", "ranlib", "strip")


@dataclass(frozen=True)
class Defaults:
    """What a package gets.

    options: of configure. compilers: assignments before configure.
    needs: the steps whose programs, headers and libraries it is built with.
    own_options, own_variables: what else the stage's own packages get, and not one that is only configured as they are.
    """

    options: tuple[str, ...]
    compilers: dict[str, str]
    needs: tuple[str, ...] = ()
    own_options: tuple[str, ...] = ()
    own_variables: dict[str, str] = field(default_factory=dict)


def _final_toolchain(arch: Architecture, abi: Abi, needed: Collection[str]) -> tuple[str, ...]:
    """The steps of final that a package of it is compiled with, and what those are linked with."""
    if "cross/linux-headers" in needed:
        return ()
    main = arch.main_abi.bits
    library = ("linux-headers", *dict.fromkeys(f"glibc-{each}" for each in (abi.bits, main)))
    if "final/adjusting" in needed:
        return (*library, "adjusting")
    return (*library, "binutils", "gcc", f"gmp-{main}", "mpfr", "mpc", "isl", f"zlib-{main}")


def defaults(
    stage: Stage,
    prefix: str,
    arch: Architecture,
    abi: Abi,
    needed: Collection[str] = (),
    *,
    debug: bool = False,
    hardened: bool = False,
) -> Defaults:
    """What a package gets by default.

    Args:
        stage: The stage that it is built in, or as if it were.
        prefix: The stage's.
        arch: Of the system that is being built.
        abi: What it is built for, when it runs on the target.
        needed: What it names as STAGE/PACKAGE. For one that runs on the target, cross/gcc means that it is C++: what is
            not is built while that is. In the final system, final/adjusting means that it comes before the compiler of
            that, and cross/linux-headers, before its C library.
        debug: Whether the final system is compiled for debuggers, too.
        hardened: Whether it is a package of the final system with programs that run with others' rights.
    """
    target = arch.target
    options: tuple[str, ...] = (f"--prefix={prefix}", f"--build={BUILD_MACHINE}")
    if stage.runs_on == "build machine":
        options += (f"--host={BUILD_MACHINE}",)
        options += (f"--target={target}",) if stage.makes_for_target else ()
        return Defaults(options, {"CC": HOST_CC, "CXX": HOST_CXX, **_FLAGS})
    if not stage.sees_host:
        native = (f"--prefix={prefix}", f"--build={abi.triplet}", f"--libdir={prefix}/{abi.libdir}")
        compilers = {"CC": f"gcc {abi.flag}", "CXX": f"g++ {abi.flag}", **_FLAGS}
        if stage.prefix != "usr":
            return Defaults(native, compilers, own_options=_FOR_TARGET)
        more = f"{' -g' if debug else ''}{f' {TIME_64}' if abi.bits == '32' else ''}"
        compilers |= {name: value + more for name, value in _FLAGS.items()}
        if hardened:
            compilers |= {"CFLAGS": compilers["CFLAGS"] + _HARDENED, "LDFLAGS": "-pie -Wl,-z,now"}
        return Defaults(native + _OF_SYSTEM, compilers, _final_toolchain(arch, abi, needed), _FOR_SYSTEM)
    cxx = "cross/gcc" in needed
    options += (f"--host={abi.triplet}", f"--libdir={prefix}/{abi.libdir}")
    cc, cxx_command = f"{target}-gcc {abi.flag}", f"{target}-g++ {abi.flag}"
    toolchain = ("cross/binutils", "cross/gcc" if cxx else "cross/gcc-static", "cross/linux-headers")
    under_another_name = {} if abi.triplet == target else {name.upper(): f"{target}-{name}" for name in _BINUTILS}
    return Defaults(
        options,
        {"CC": cc, "CXX": cxx_command if cxx else "false", **_FLAGS},
        # Headers of glibc are the main ABI's.
        (*toolchain, *dict.fromkeys(f"cross/glibc-{each.bits}" for each in (abi, arch.main_abi))),
        _FOR_TARGET,
        # Programs that run while it is built are for the host. pkg-config knows the host's libraries and no others.
        {**under_another_name, "CC_FOR_BUILD": HOST_CC, "PKG_CONFIG": "false"},
    )
