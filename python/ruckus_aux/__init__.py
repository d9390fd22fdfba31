# SPDX-License-Identifier: GPL-3.0-or-later
"""Ruckus: bootstrap Cross Linux From Scratch systems for several architectures from one source tree."""

__version__ = "0.1.0"
