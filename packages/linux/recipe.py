"""Linux: its headers for the C library (CLFS: Linux Headers), and the kernel that the system boots with."""

from ruckus_aux.recipe import Recipe, Script

recipe = Recipe("linux")

# What `make headers` reads: the rest of 1.5 GB need not be unpacked for it.
_HEADERS = ("Makefile", "Kbuild", "Kconfig", "arch/x86/*", "include/*", "scripts/*", "tools/include/*", "usr/*")


@recipe.step("cross", name="linux-headers", cpu=10, memory=40)
def headers(sh: Script) -> None:
    """The kernel's headers, for glibc and for programs"""
    sh.unpack(only=_HEADERS)
    sh.make(f"ARCH={sh.arch.kernel} headers")
    include = f'"$OUT{sh.prefix_tools}/include"'
    sh.sh(f"""
        find usr/include -type f ! -name '*.h' -delete
        mkdir -p {include}
        cp -R usr/include/. {include}
    """)


@recipe.step("stage1", cpu=371, memory=210, profiles=("tiny",))
def kernel(sh: Script) -> None:
    """The kernel, in /boot: tinyconfig with serial console, virtio, ext4 and Xen guest support"""
    sh.tools("m4", "bison", "flex", "bc", "elfutils")
    sh.needs("cross/binutils", "cross/gcc-static")
    # A quarter of the source is one graphics driver's register headers, which no such kernel includes.
    sh.unpack(without=("drivers/gpu/drm/amd/include",))
    sh.patch()
    flags = [f"ARCH={sh.arch.kernel}", f"CROSS_COMPILE={sh.target}-"]
    if "elfutils" in sh.settings.hostprep_tools:
        prefix = sh.prefix_hostprep
        flags += [f"HOSTCFLAGS=-I{prefix}/include", f"HOSTLDFLAGS='-L{prefix}/lib -Wl,-rpath,{prefix}/lib'"]
    options = " ".join(flags)
    # Who built it where does not belong into the image.
    sh.sh("export KBUILD_BUILD_USER=clfs KBUILD_BUILD_HOST=ruckus KBUILD_BUILD_TIMESTAMP=@$SOURCE_DATE_EPOCH")
    sh.make(options, "tinyconfig")
    fragments = f"{sh.file('common.config')} {sh.file(sh.arch.kernel + '.config')}"
    sh.sh(f"scripts/kconfig/merge_config.sh -m .config {fragments}")
    sh.make(options, "olddefconfig")
    # Kconfig drops what it can't have without a word.
    sh.sh(f"""
        grep -h '^CONFIG_.*=y' {fragments} | while read -r wanted; do
            grep -qx "$wanted" .config || {{ echo "error: $wanted did not survive olddefconfig" >&2; exit 1; }}
        done
    """)
    sh.make(options, "bzImage")
    sh.sh("""
        mkdir -p "$OUT/boot"
        cp arch/x86/boot/bzImage "$OUT/boot/vmlinuz"
        cp System.map "$OUT/boot/System.map"
        cp .config "$OUT/boot/config"
    """)
