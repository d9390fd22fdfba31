# SPDX-License-Identifier: GPL-3.0-or-later
"""GCC (CLFS: Cross GCC - Static, Cross GCC - Final, GCC)."""

from ruckus_aux.recipes.recipe import DEJAGNU, Check, Recipe
from ruckus_aux.recipes.script import Script
from ruckus_aux.recipes.stages import HOST_CXX, TIME_64

recipe = Recipe("gcc")

_WITHOUT = (
    "--disable-nls",  # messages in English
    # What the temporary system does without:
    "--disable-lto",
    "--disable-plugin",
    "--disable-decimal-float",
    "--disable-libgomp",
    "--disable-libssp",
    "--disable-libitm",
    "--disable-libsanitizer",
    "--disable-libquadmath",
    "--disable-libvtv",
    "--without-zstd",
)
_C_AND_CXX = (
    "--enable-shared",
    "--enable-threads=posix",
    "--enable-__cxa_atexit",  # destructors of static objects run in the order that C++ wants
    "--disable-libstdcxx-pch",  # a precompiled header, as large as all the rest
    "--enable-languages=c,c++",
)
_FLAGS = {"CFLAGS_FOR_TARGET": "-O2", "CXXFLAGS_FOR_TARGET": "-O2"}


# Two thirds of the source: test suites, languages that are not built, translations.
_OTHERS = (
    "gcc/po/*.po",
    # A language's folder says that its libraries are not built when it is not.
    *("gcc/ada", "gnattools", "libada"),
    *("gcc/fortran", "libgfortran"),
    *("gcc/m2", "libgm2"),
    *("libgo", "libphobos"),
)
_NOT_UNPACKED = (
    "gcc/testsuite/[!s]*",  # all but selftests, which makefiles look for
    "libstdc++-v3/testsuite/[0-9]*",
    *_OTHERS,
)


def _unpack(sh: Script) -> None:
    # libgcc finds the headers that patches/specs.patch changes in ../gcc.
    sh.shared_source(without=_NOT_UNPACKED, beside=["libgcc"])
    if sh.arch.main_abi.bits == "64" and sh.arch.main_abi.libdir == "lib":  # pure 64-bit systems have no lib64
        sh.replace("gcc/config/i386/linux64.h", f"{sh.prefix_tools}/lib64/ld-linux", f"{sh.prefix_tools}/lib/ld-linux")
        sh.replace("gcc/config/i386/t-linux64", "m64=../lib64", "m64=../lib")


def _headers(sh: Script) -> tuple[str, ...]:
    """Options for the target's headers, in place of /usr/local/include and /usr/include."""
    return f"--with-local-prefix={sh.prefix_tools}", f"--with-native-system-header-dir={sh.prefix_tools}/include"


def _prepare_cross(sh: Script) -> None:
    sh.tools("m4", "flex", "bison")
    sh.share_objects("x86")  # all targets of this family: see patches/
    sh.needs("hostprep/gmp", "hostprep/mpfr", "hostprep/mpc", "hostprep/isl", "cross/binutils")
    _unpack(sh)
    # Which libraries there are, and where, is nothing to code that uses none.
    sh.layout_only("multilib", "gcc/config/i386/linux64.h", "gcc/config/i386/t-linux64")


def _configure_cross(sh: Script, *options: str) -> None:
    """Configure either cross compiler; what they have in common lets them share the objects that the host compiles."""
    sh.configure(
        "--with-sysroot=/",  # as binutils
        *_headers(sh),
        *(f"--with-{library}={sh.prefix_hostprep}" for library in ("gmp", "mpfr", "mpc", "isl")),
        *sh.arch.gcc_options,
        *_WITHOUT,
        *options,
        env=_FLAGS,
    )


@recipe.step("cross", name="gcc-static")
def static(sh: Script) -> None:
    """C compiler without a C library, to build glibc and the kernel with"""
    _prepare_cross(sh)
    _configure_cross(
        sh,
        # libgcc is compiled without the C library's headers, as if for newlib, which needs none;
        "--without-headers",
        "--with-newlib",
        # the compiler knows what the C library will be able to do all the same.
        f"--with-glibc-version={sh.version('glibc')}",
        # These need a C library:
        "--disable-shared",
        "--disable-threads",
        "--disable-libatomic",
        "--disable-libstdcxx",
        "--enable-languages=c",
    )
    sh.make("all-gcc", "all-target-libgcc")
    sh.install("install-gcc", "install-target-libgcc")
    # Configured without headers, gcc's limits.h does not include the C library's; join it as a full gcc would.
    sh.sh(f"""
        cd "$SRC/gcc"
        for limits in "$OUT{sh.prefix_cross}/lib/gcc/{sh.target}"/*/include/limits.h; do
            cat limitx.h glimits.h limity.h > "$limits"
        done
    """)


@recipe.step("cross", replaces=("cross/gcc-static",))
def cross(sh: Script) -> None:
    """C and C++ compiler with its shared libraries"""
    _prepare_cross(sh)
    sh.needs("cross/linux-headers", *(f"cross/glibc-{abi.bits}" for abi in sh.arch.abis))
    _configure_cross(sh, *_C_AND_CXX)
    sh.make()
    sh.install()
    # Programs look for the shared libraries in PREFIX_TOOLS only.
    for libdir in sh.arch.libdirs:
        sh.sh(f"""
            mkdir -p "$OUT{sh.prefix_tools}/{libdir}"
            cp -a "$OUT{sh.prefix_cross}/{sh.target}/{libdir}"/lib*.so* "$OUT{sh.prefix_tools}/{libdir}"
        """)


@recipe.step("stage1")
def native(sh: Script) -> None:
    """C and C++ compiler of the temporary system"""
    sh.tools("m4", "flex", "bison")
    sh.needs("cross/gcc", "gmp", "mpfr", "mpc", "isl", f"zlib-{sh.abi.bits}")
    _unpack(sh)
    sh.configure(
        f"--target={sh.target}",  # as --host: otherwise configure takes the host's cc for the target's
        *_headers(sh),
        *sh.arch.gcc_options,
        *_WITHOUT,
        *_C_AND_CXX,
        "--with-system-zlib",
        "--with-build-sysroot=/",  # while it is built, the target's headers are where they will be
        env={**_FLAGS, "CXX_FOR_BUILD": HOST_CXX},
    )
    sh.make("all-gcc")
    sh.install("install-gcc")
    sh.without_manuals()
    # cross/gcc has compiled its libraries already: from the same source, with the compiler that would do it here.
    sh.sh(f"""
        cp -a {sh.prefix_cross}/lib/gcc/{sh.target} "$OUT{sh.libdir}/gcc"
        cp -a {sh.prefix_cross}/{sh.target}/include "$OUT{sh.prefix}"
        ln -s gcc "$OUT{sh.prefix}/bin/cc"
        rm -r "$OUT{sh.prefix}"/lib*/gcc/{sh.target}/*/install-tools  # for fixing headers once more
    """)
    for libdir in sh.arch.libdirs:
        sh.sh(f"""
            mkdir -p "$OUT{sh.prefix}/{libdir}"
            cp {sh.prefix_cross}/{sh.target}/{libdir}/lib*.a "$OUT{sh.prefix}/{libdir}"
        """)


@recipe.step("final")
def final(sh: Script) -> None:
    """C and C++ compiler of the final system, with its libraries for every ABI"""
    main = sh.arch.main_abi
    sh.layout_only("--libdir=", "multilib", "gcc/config/i386/t-linux64", "gdb")
    sh.needs("adjusting", "binutils", f"gmp-{main.bits}", "mpfr", "mpc", "isl")
    sh.needs(*(f"zlib-{abi.bits}" for abi in sh.arch.abis))
    sh.needs(*(f"glibc-{abi.bits}" for abi in sh.arch.abis))
    sh.unpack(without=_NOT_UNPACKED)
    if main.standard_libdir != main.libdir:  # of 64-bit libraries, on a system that has no others
        sh.replace("gcc/config/i386/t-linux64", "m64=../lib64", f"m64=../{main.libdir}")
    if any(abi.bits == "32" for abi in sh.arch.abis):  # without being asked, as time_t is in libraries' interfaces
        flags = TIME_64 if main.bits == "32" else f"%{{m32:{TIME_64}}}"
        sh.layout_only("gnu-user-common.h")
        sh.replace("gcc/config/i386/gnu-user-common.h", '"%{posix:', f'"{flags} %{{posix:')
    sh.layout_only("LD=")
    sh.sh("export LD=ld  # The final one links its libraries, and not the temporary compiler's.")
    sh.configure(
        f"--target={sh.target}",
        "--enable-languages=c,c++",
        *(("--enable-multilib", "--with-multilib-list=m32,m64") if len(sh.arch.abis) > 1 else ("--disable-multilib",)),
        *(("--with-arch=i686",) if main.bits == "32" else ()),
        "--enable-static",  # libstdc++ for -static, too
        "--without-static-standard-libraries",  # for its own programs: not those of the compiler that builds it
        "--disable-bootstrap",  # ruckus verify-self builds it again with itself
        "--disable-fixincludes",
        "--disable-libstdcxx-pch",
        "--disable-libsanitizer",  # as large as all other libraries together
        "--disable-libvtv",
        "--enable-__cxa_atexit",
        "--with-system-zlib",
        "--without-zstd",
        env=_FLAGS,
    )
    sh.make()
    sh.install()
    sh.sh("""
        rm "$OUT/usr/bin/lto-dump"  # as large as the compiler, for those who develop it
        rm -r "$OUT/usr/share/man"  # empty files: Debian's source is without manuals
        ln -s gcc "$OUT/usr/bin/cc"
        ln -s ../bin/cpp "$OUT/usr/lib/cpp"
    """)
    for libdir in sh.arch.libdirs:
        sh.sh(f"""
            mkdir -p "$OUT/usr/share/gdb/auto-load/usr/{libdir}"
            mv "$OUT/usr/{libdir}"/*gdb.py "$OUT/usr/share/gdb/auto-load/usr/{libdir}"
        """)


@recipe.step("final", name="lto-plugin")
def lto_plugin(sh: Script) -> None:
    """Link-time optimization with static libraries: gcc's plugin where ar, nm and ranlib look for it (LFS: GCC)"""
    sh.toolchain()
    sh.sh(f"""
        cd /usr/libexec/gcc/{sh.target}/*
        mkdir -p "$OUT{sh.libdir}/bfd-plugins"
        ln -s "../..${{PWD#/usr}}/liblto_plugin.so" "$OUT{sh.libdir}/bfd-plugins"
    """)


@recipe.check("final", Check(critical=True, make=("check", DEJAGNU)))
def check(sh: Script) -> None:
    """The compiler that is installed, and not another of the same source, as that would take half an hour more"""
    sh.toolchain()
    sh.needs(*(f"glibc-{abi.bits}" for abi in sh.arch.abis))
    sh.unpack(without=(*_OTHERS, "gcc/testsuite/gcc.target", "gcc/testsuite/[aor]*", "gcc/testsuite/g[dfmno]*"))
    sh.write(
        "$BUILD/site.exp",
        f"""
set build_triplet {sh.target}
set host_triplet {sh.target}
set target_triplet {sh.target}
set target_list "unix{{{",".join(abi.flag for abi in sh.arch.abis)}}}"
set rootme .
set GCC_UNDER_TEST gcc
set GXX_UNDER_TEST g++
set HOSTCC gcc
set CFLAGS ""
set CXXFLAGS ""
""",
    )
    # All would take many hours. These run what they compile: C for every optimization, which shows wrong code of the
    # whole compiler, assembler and linker; exceptions, which need the unwinder; and what the C++ library starts with.
    sh.write(
        "$BUILD/Makefile",
        """
run = mkdir -p $@ && cp site.exp $@ && cd $@ && $(RUNTEST) --tool $@ --srcdir "$$SRC"
.PHONY: check gcc g++ libstdc++
check: gcc g++ libstdc++
gcc: ; $(run)/gcc/testsuite 'execute.exp=2000*.c'
g++: ; $(run)/gcc/testsuite 'dg.exp=eh/*'
libstdc++: ; $(run)/libstdc++-v3/testsuite 'conformance.exp=18_support/*'
""",
    )
    sh.sh('cd "$BUILD"')
