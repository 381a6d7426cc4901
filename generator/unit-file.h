/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdio.h>

#include "policies/policy.h"

/* A policy as a drop-in for a service of systemd (pure). */

/* Where the manager pins the namespace of a service, and where it writes a policy's resolv.conf, below
 * its runtime directory; also named in manager/cells/placement.c. */
#define UNIT_FILE_NETNS_DIR "netns"
#define UNIT_FILE_RESOLV_DIR "resolv"

/* Writes the drop-in. -EINVAL: a path in it can't be written so that systemd reads the same; -ENOMEM. */
int unit_file_print(FILE *f, const Policy *p, const char *unit, const char *runtime_dir);

/* Writes one that keeps the service from starting: its policy is refused. */
void unit_file_print_refusal(FILE *f, const char *unit);
