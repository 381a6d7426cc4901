/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Executes this program once more, from a copy in memory that nobody can change, unless it runs from there already.
 * For what enters a cell: a process in there is a way to the file that its program came from, and who can choose what
 * it executes, and the libraries for that, could write to it (CVE-2019-5736).
 * Returns 0 in the copy; -errno: there is no copy, and this program must not enter a cell. */
int sealed_program(char **argv);
