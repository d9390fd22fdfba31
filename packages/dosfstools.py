# SPDX-License-Identifier: GPL-3.0-or-later
"""dosfstools (BLFS): makes and checks FAT file systems, such as the partition that a machine with EFI boots from."""

from ruckus_aux.recipes.recipe import Recipe

recipe = Recipe("dosfstools").autotools(
    "final",
    options=("--enable-compat-symlinks",),  # mkfs.vfat and others, by which mkfs and fsck call them
)
