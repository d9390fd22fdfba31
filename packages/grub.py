# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU GRUB (CLFS: Grub): starts the kernel, from disks of machines with a BIOS, and of those with EFI."""

from ruckus_aux.recipes.recipe import Recipe
from ruckus_aux.recipes.script import Script

recipe = Recipe("grub")

_WITHOUT = (
    *("device-mapper", "efiemu", "grub-emu-sdl2", "grub-emu-sdl", "grub-mkfont", "grub-mount", "grub-themes"),
    *("liblzma", "libzfs", "werror"),
)


def _build(sh: Script, platform: str) -> None:
    sh.unpack()
    sh.in_source()
    sh.write("grub-core/extra_deps.lst", "depends bli part_gpt")  # the release lacks it
    options = (f"--with-platform={platform}", "--libdir=/usr/lib")  # modules are no libraries of an ABI
    # What boots is compiled with TARGET_CFLAGS, -Os by default, and CFLAGS after that; with -O2, gcc puts unlikely code
    # first, where the image has to begin.
    flags = {"CFLAGS": "", "HOST_CFLAGS": "-O2"}
    sh.configure(*options, *(f"--disable-{name}" for name in _WITHOUT), env=flags)
    sh.make()


@recipe.step("final")
def bios(sh: Script) -> None:
    """Programs of GRUB, and what it is made of for a BIOS"""
    sh.sh("# What a BIOS starts is compiled for every PC: -march=i386")
    _build(sh, "pc")
    sh.install()
    sh.sh("""
        mkdir -p "$OUT/usr/share/bash-completion"
        mv "$OUT/etc/bash_completion.d" "$OUT/usr/share/bash-completion/completions"
        if ! readelf -h "$OUT/usr/lib/grub/i386-pc/kernel.img" | grep -q 'Entry point address: *0x9000$'; then
            echo "error: kernel.img does not begin with its entry point, and would not boot" >&2
            exit 1
        fi
    """)
    _modules_only(sh, "i386-pc")


@recipe.step("final", name="grub-efi", when=lambda settings: settings.arch.main_abi.bits == "64")
def efi(sh: Script) -> None:
    """What GRUB is made of for EFI; the programs are those of the step grub"""
    _build(sh, "efi")
    sh.install(directory="grub-core")
    _modules_only(sh, "x86_64-efi")


def _modules_only(sh: Script, folder: str) -> None:
    """Without what only debuggers of GRUB read."""
    sh.sh(f"""
        cd "$OUT/usr/lib/grub/{folder}"
        rm -f *.module *.image *.exec gdb_grub gmodule.pl
    """)
