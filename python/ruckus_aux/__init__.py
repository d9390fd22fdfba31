# SPDX-License-Identifier: GPL-3.0-or-later
"""Ruckus: bootstrap Cross Linux From Scratch systems for several architectures from one source tree."""

# The only place of it: configure, release tarballs and every --version take it from here.
__version__ = "0.1.0"
