# SPDX-License-Identifier: GPL-3.0-or-later
"""Several architectures in one go: what is asked for, done, shown meanwhile, and measured."""
