/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policies/policy.h"

/* Makes the programs by which the kernel refuses system calls to what runs in a cell of policy `p`: what [Process]
 * says, and for every cell that nobody types into a terminal for others (TIOCSTI, TIOCLINUX).
 *
 * Returns a sealed memory file with one program after the other, each behind its length as process_seal()
 * (bus/process.h) reads it; whoever gets the fd can read it from any offset, at the same time as others.
 * -E2BIG: SystemCallFilter= makes a longer program than the kernel takes; -ENOMEM; what libseccomp says. */
int seccomp_build(const Policy *p);

/* Does the kernel take such programs? See seccomp(2), SECCOMP_GET_ACTION_AVAIL. */
bool seccomp_is_supported(void);
