# SPDX-License-Identifier: GPL-3.0-or-later
"""What happened, reported afterwards: the history of runs, their page, and every log in one place."""
