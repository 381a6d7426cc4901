/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Executes this program again from a copy in memory that nobody can change, unless it already runs from one.
 * A program has to do this before it enters a cell: through /proc/PID/exe of a process, the cell's users reach the
 * file that the process executes, and by their choice of commands and libraries could write to it (CVE-2019-5736).
 * Returns 0 in the copy; -errno: there is no copy, and this program must not enter a cell. */
int sealed_program(char **argv);
