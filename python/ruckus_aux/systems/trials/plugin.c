/* SPDX-License-Identifier: GPL-3.0-or-later
   A shared library that program.c opens. */
long size_of_a_pointer(void);
long size_of_a_pointer(void) { return sizeof(void *); }
