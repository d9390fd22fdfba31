# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes one step: schedules it, runs its script where it belongs, and stores, merges and explains the result."""
