# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings what the manifest pins into the cache: from mirrors, upstream, or Debian's archive."""
