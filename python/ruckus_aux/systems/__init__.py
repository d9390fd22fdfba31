# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks after a finished system: its installation, its boot, its check, and its removal."""
