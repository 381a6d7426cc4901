/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdio.h>

#include "policies/policy.h"

/* Prints a policy as a drop-in for a systemd service (pure). */

/* The directories, below the manager's runtime directory, where it pins the namespaces of services and writes the
 * resolv.conf of policies. manager/cells/placement.c uses the same names. */
#define UNIT_FILE_NETNS_DIR "netns"
#define UNIT_FILE_RESOLV_DIR "resolv"

/* Writes the drop-in. -EINVAL: a value can't be written so that systemd reads the same; -ENOMEM. */
int unit_file_print(FILE *f, const Policy *p, const char *unit, const char *runtime_dir);

/* Writes a drop-in that keeps the service from starting, because its policy has an error. */
void unit_file_print_refusal(FILE *f, const char *unit);
