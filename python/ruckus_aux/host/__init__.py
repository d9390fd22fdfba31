# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine under us: its commands, processes, locks, signals and files; it knows nothing of CLFS."""
