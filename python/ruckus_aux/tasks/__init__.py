# SPDX-License-Identifier: GPL-3.0-or-later
"""What people type after invoke; no logic of its own."""
