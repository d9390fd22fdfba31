# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab: a Debian guest with Xen, itself dom0, in QEMU, that tests talk to over ssh on loopback.

    archive   files on their way into the guest
    image     the root file system, made with mmdebstrap, and what boots it
    qemu      a machine's process, disks and snapshots
    guest     commands in a machine, over ssh
    lab       the one that tests use: made, started, reset and stopped

In its folder, each of these is complete or not there:

    image-KEY     root file system, hypervisor, kernel, ssh key; KEY is the hash of what they were made from
    booted-KEY    disks with a snapshot of the machine, booted once; KEY adds how it was booted
    running       a copy of those disks, and the process that tests talk to
"""
