# SPDX-License-Identifier: GPL-3.0-or-later
"""GCC (CLFS: Cross GCC - Static, Cross GCC - Final)."""

from ruckus_aux.recipes.recipe import BUILD_MACHINE, Recipe, Script

recipe = Recipe("gcc")

# The same for both compilers, so that they share the objects that the host compiles.
_COMMON = (
    "--disable-nls",
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
_EDITED = ("linux.h", "i386/linux.h", "i386/linux64.h", "i386/t-linux64")


def _specs(sh: Script) -> None:
    """Let programs be linked against PREFIX_TOOLS alone: dynamic linker and start files (CLFS's specs patch)."""
    tools = sh.prefix_tools
    # libgcc/ finds the edited headers in ../gcc.
    sh.edit(*(f"gcc/config/{name}" for name in _EDITED), "libgcc/")
    sh.sh(f"""
        for header in linux.h i386/linux.h i386/linux64.h; do
            sed -i -E 's#"/(lib|lib64|libx32)/ld-linux#"{tools}/\\1/ld-linux#g' "gcc/config/$header"
        done
        cat >> gcc/config/linux.h <<'END'
        #undef STANDARD_STARTFILE_PREFIX_1
        #undef STANDARD_STARTFILE_PREFIX_2
        #define STANDARD_STARTFILE_PREFIX_1 "{tools}/lib/"
        #define STANDARD_STARTFILE_PREFIX_2 ""
        END
    """)
    # Not lib32, which gcc would choose if the host has a /usr/lib32.
    sh.sh("sed -i 's,^\\(MULTILIB_OSDIRNAMES+= m32=\\).*,\\1../lib,' gcc/config/i386/t-linux64")
    if sh.arch.main_abi.bits == "64" and sh.arch.main_abi.libdir == "lib":  # pure64
        sh.sh(f"""
            sed -i 's,"{tools}/lib64/ld-linux,"{tools}/lib/ld-linux,' gcc/config/i386/linux64.h
            sed -i '/m64=/s,\\.\\./lib64,../lib,' gcc/config/i386/t-linux64
        """)


def _configure(sh: Script, *options: str) -> None:
    libraries = [f"--with-{name}={sh.prefix_hostprep}" for name in ("gmp", "mpfr", "mpc", "isl")]
    sh.configure(
        f"--prefix={sh.prefix_cross}",
        f"--build={BUILD_MACHINE}",
        f"--host={BUILD_MACHINE}",
        f"--target={sh.target}",
        "--with-sysroot=/",
        f"--with-local-prefix={sh.prefix_tools}",
        f"--with-native-system-header-dir={sh.prefix_tools}/include",
        *libraries,
        *sh.arch.gcc_options,
        *_COMMON,
        *options,
        env="CFLAGS=-O2 CXXFLAGS=-O2 CFLAGS_FOR_TARGET=-O2 CXXFLAGS_FOR_TARGET=-O2",
    )


def _libraries(sh: Script) -> None:
    sh.tools("m4", "flex", "bison")
    sh.share_objects("x86")  # all targets of this family: see patches/
    sh.needs("hostprep/gmp", "hostprep/mpfr", "hostprep/mpc", "hostprep/isl", "cross/binutils")


@recipe.step("cross", name="gcc-static", cpu=965, shared_cpu=185, memory=1315, disk=300, installed=55)
def static(sh: Script) -> None:
    """C compiler without a C library, to build glibc and the kernel with"""
    _libraries(sh)
    sh.shared_source(disk=1080)
    _specs(sh)
    _configure(
        sh,
        "--without-headers",
        "--with-newlib",
        f"--with-glibc-version={sh.version('glibc')}",
        "--disable-shared",
        "--disable-threads",
        "--disable-libatomic",
        "--disable-libstdcxx",
        "--enable-languages=c",
    )
    sh.make("MAKEINFO=true all-gcc all-target-libgcc")
    sh.make('MAKEINFO=true install-gcc install-target-libgcc DESTDIR="$OUT"')
    # Configured without headers, gcc's limits.h does not include the C library's; join it as a full gcc would.
    sh.sh(f"""
        cd "$SRC/gcc"
        for limits in "$OUT{sh.prefix_cross}/lib/gcc/{sh.target}"/*/include/limits.h; do
            cat limitx.h glimits.h limity.h > "$limits"
        done
    """)


@recipe.step("cross", cpu=1400, shared_cpu=465, memory=1312, disk=560, installed=150, replaces=("cross/gcc-static",))
def cross(sh: Script) -> None:
    """C and C++ compiler with its shared libraries"""
    _libraries(sh)
    sh.needs("cross/linux-headers", *(f"cross/glibc-{abi.bits}" for abi in sh.arch.abis))
    sh.shared_source(disk=1080)
    _specs(sh)
    _configure(
        sh,
        "--enable-shared",
        "--enable-threads=posix",
        "--enable-__cxa_atexit",
        "--disable-libstdcxx-pch",
        "--enable-languages=c,c++",
    )
    sh.make("MAKEINFO=true")
    sh.make('MAKEINFO=true install DESTDIR="$OUT"')
    # Programs look for the shared libraries in PREFIX_TOOLS only.
    for libdir in sh.arch.libdirs:
        sh.sh(f"""
            mkdir -p "$OUT{sh.prefix_tools}/{libdir}"
            cp -a "$OUT{sh.prefix_cross}/{sh.target}/{libdir}"/lib*.so* "$OUT{sh.prefix_tools}/{libdir}"
        """)
