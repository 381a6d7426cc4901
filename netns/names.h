/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* Names of network namespaces where ip-netns(8) looks for them. A name is a link to the namespace in /proc of a
 * process that lives as long as it, not a mount: mounts of thousands of cells would be copied with every mount
 * namespace that is made, and each copy would keep its namespace. */

#define NETNS_NAMES_DIR "/run/netns"

int netns_name_set(const char *name, pid_t pid); /* replaces; -errno */
/* Calls back with each name that begins with `prefix`, and removes those for which it returns false. Returns how
 * many. */
unsigned netns_name_sweep(const char *prefix, bool (*is_known)(const char *name, void *userdata), void *userdata);
int netns_name_remove(const char *name);         /* 0 also if there is none, or it is not a link */
