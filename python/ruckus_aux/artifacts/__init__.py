# SPDX-License-Identifier: GPL-3.0-or-later
"""What was built: taken in, kept under its key, and verified."""
