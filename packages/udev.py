# SPDX-License-Identifier: GPL-3.0-or-later
"""udev (CLFS: Eudev), of systemd's source: names devices, and loads what they need. Without systemd, as LFS has it."""

from ruckus_aux.recipes.meson import meson_setup
from ruckus_aux.recipes.recipe import Recipe
from ruckus_aux.recipes.script import Script

recipe = Recipe("udev", source="systemd")

_WITH = ("acl", "blkid", "kmod")
_HELPERS = ("ata_id", "cdrom_id", "dmi_memory_id", "fido_id", "iocost", "mtd_probe", "scsi_id", "v4l_id")
_MADE = (
    *("rules.d/50-udev-default.rules", "rules.d/60-persistent-storage.rules", "rules.d/64-btrfs.rules"),
    *("hwdb.d/60-autosuspend-chromiumos.hwdb", "src/libudev/libudev.pc", "src/udev/udev.pc"),
)


@recipe.step("final")
def final(sh: Script) -> None:
    """udevd, its rules, and what is known of devices"""
    sh.needs("gperf", "jinja2", "markupsafe", "setuptools")
    libraries = ("acl", "attr", "kmod", "libcap", "libxcrypt", "util-linux")
    of_kmod = ("openssl", "xz", "zlib", "zstd")  # which pkg-config wants to know
    sh.needs(*(f"{library}-{sh.abi.bits}" for library in (*libraries, *of_kmod)))
    options = {
        "mode": "release",
        **dict.fromkeys(_WITH, "enabled"),
        **dict.fromkeys(("efi", "link-udev-shared", "logind", "vconsole", "vcs-tag"), "false"),
        "tests": "false",
        "dev-kvm-mode": "0660",
        "nobody-group": "nogroup",
        **dict.fromkeys(("system-alloc-uid-min", "system-alloc-gid-min"), "101"),  # shadow's login.defs
    }
    meson_setup(sh, *(f"-D{name}={value}" for name, value in options.items()))
    sh.replace("src/libsystemd/sd-network/network-util.h", "systemd/network", "udev/network")
    sh.sh(f"""
        cd "$BUILD"
        ninja -j1 udevadm systemd-hwdb libudev {" ".join((*_HELPERS, *_MADE))}
        udev="$OUT/usr/lib/udev"
        mkdir -p "$udev/rules.d" "$udev/hwdb.d" "$udev/network" "$OUT/etc/udev/rules.d" "$OUT/etc/udev/hwdb.d"
        install -D -t "$OUT/usr/bin" udevadm
        install -D systemd-hwdb "$OUT/usr/bin/udev-hwdb"
        mkdir -p "$OUT/usr/sbin" "$OUT{sh.libdir}"
        ln -s ../bin/udevadm "$OUT/usr/sbin/udevd"
        cp -P libudev.so libudev.so.*[0-9] "$OUT{sh.libdir}"
        install -D -m 644 -t "$OUT/usr/include" "$SRC/src/libudev/libudev.h"
        install -D -m 644 -t "$OUT{sh.libdir}/pkgconfig" src/libudev/libudev.pc
        install -D -m 644 -t "$OUT/usr/share/pkgconfig" src/udev/udev.pc
        install -m 644 -t "$OUT/etc/udev" "$SRC/src/udev/udev.conf"
        install -t "$udev" {" ".join(_HELPERS)}
        install -m 644 -t "$udev/rules.d" "$SRC"/rules.d/*.rules rules.d/*.rules
        rm "$udev"/rules.d/70-power-switch.rules  # for logind
        install -m 644 -t "$udev/hwdb.d" "$SRC"/hwdb.d/*.hwdb hwdb.d/*.hwdb
        install -m 644 -t "$udev/network" "$SRC/network/99-default.link"
        ./udevadm hwdb --update --strict --usr --root="$OUT"  # systemd-hwdb would write $OUT into it
    """)
