/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"

/* Which controller lives in which hierarchy of this host: all in cgroup v2, each in its own v1
 * hierarchy, or mixed. See cgroups(7). */

typedef enum Controller {
        CONTROLLER_CPU,
        CONTROLLER_CPUACCT, /* v2: part of the core */
        CONTROLLER_CPUSET,
        CONTROLLER_MEMORY,
        CONTROLLER_PIDS,
        CONTROLLER_IO,      /* v1: blkio */
        CONTROLLER_DEVICES, /* v2: an eBPF program on the group, always there */
        CONTROLLER_FREEZER, /* v2: part of the core */
        _CONTROLLER_MAX,
        _CONTROLLER_INVALID = -EINVAL,
} Controller;

/* v2's name where it has the controller, v1's otherwise. */
const char *controller_to_string(Controller c);

typedef struct Hierarchy {
        unsigned version;     /* 1 or 2 */
        unsigned controllers; /* bits 1 << Controller that confine uses here */
        char *mount_path;     /* where it is mounted, for messages */
        char *name;           /* its field in /proc/PID/cgroup: "memory", "cpu,cpuacct", "" for v2 */
        int root_fd;
} Hierarchy;

#define HIERARCHIES_MAX 12

typedef struct Hierarchies {
        Hierarchy items[HIERARCHIES_MAX];
        size_t n_items;
        int unified; /* index of the v2 hierarchy, or -ENOENT */
        int owner[_CONTROLLER_MAX]; /* index of the hierarchy that carries it, or -ENOENT */
        char *probe_path;           /* an existing group whose files tell what the kernel offers;
                                     * NULL: unknown, everything is taken for offered */
        char *layout_path; /* the directory that holds v1's mount points, NULL on v2 alone */
} Hierarchies;

/* Finds and opens them from `mountinfo` (NULL: /proc/self/mountinfo). A controller that both a v1
 * mount and v2 offer is used where it is enabled: the kernel binds each to one. v1 hierarchies
 * without a controller of ours are left out.
 * 0; -ENOENT: no cgroup file system is mounted; -errno from reading and opening. */
int hierarchies_open(const char *mountinfo, Hierarchies **ret);
Hierarchies *hierarchies_free(Hierarchies *h); /* takes NULL, returns NULL */
DEFINE_CLEANUP(Hierarchies *, hierarchies_free);

/* Names the group that hierarchies_have_file() looks at. -ENOMEM. */
int hierarchies_set_probe(Hierarchies *h, const char *path);
/* Does this kernel have the control file `name`? -- as the probe group shows. */
bool hierarchies_have_file(const Hierarchies *h, Controller c, const char *name);

/* The hierarchy of a controller; NULL: this host has none. */
const Hierarchy *hierarchies_find(const Hierarchies *h, Controller c);
