/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "base/strv.h"

/* Names of system calls, and the groups of them that systemd.exec(5), SystemCallFilter=, documents. */

bool syscall_group_exists(const char *name); /* "@mount" */

/* All groups; NULL beyond the last. */
const char *syscall_group_name(unsigned i);

/* Appends the system calls that `name` stands for: of a group all, those of groups in it, too, else itself; what
 * is there already is not added again. -ENOENT: no such group; -ENOMEM. */
int syscall_expand(const char *name, char ***names);

/* The system calls that `names` stand for, without those of `except`; what is behind a colon (":EPERM") is not
 * looked at. The caller frees. -ENOENT; -ENOMEM. */
int syscall_expand_all(char *const *names, char *const *except, char ***ret);

bool syscall_is_in_group(const char *name); /* in any */

/* The number of a system call that came after the library that knows them (libseccomp), the same on every
 * architecture; -1: there is no such among those that a group has. */
int syscall_new_number(const char *name);
