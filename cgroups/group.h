/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "cgroups/controllers.h"
#include "cgroups/knobs.h"

/* A control group is named by its path, "confine/cells/students/1000/ab12", the same in every
 * hierarchy. Everything here is synchronous and may wait for a grace period of the kernel:
 * the manager calls it from a job. */

#define GROUP_PATH_MAX 512

/* Makes the group and its parents in all hierarchies. On v2 the controllers of confine are enabled
 * for every parent's children; on v1 a new cpuset takes over its parent's CPUs and nodes. A group
 * that exists already is success. When a parent is removed at the same time it is made again.
 * -EBUSY: v2 refuses controllers below a group with processes of its own; -errno of mkdir(2). On error
 * nothing is taken back: group_remove() does that. */
int group_make(const Hierarchies *h, const char *path);

/* Opens the group's directory in one hierarchy. -errno of openat(2). */
int group_open(const Hierarchy *h, const char *path);

/* Writes knob values. -errno of the first write that failed; *ret_failed (may be NULL) is then the
 * knob concerned, borrowed from `knobs`. */
int group_apply(const Hierarchies *h, const char *path, const Knobs *knobs, const Knob **ret_failed);

/* Moves process `pid` (0: the caller) into the group in the hierarchies of `version` 1, 2, or all (0).
 * -ESRCH: it has exited; -ENOENT: no such group. */
int group_attach(const Hierarchies *h, const char *path, unsigned version, pid_t pid);

/* Moves `pid` to where text of /proc/PID/cgroup, read earlier, says that it was, in every hierarchy
 * of ours. A group that is gone meanwhile is replaced by the root. */
int group_attach_lines(const Hierarchies *h, const char *lines, pid_t pid);

/* How many more tasks the group takes until it or a parent of it is at pids.max, and the least pids.max on
 * the way; UINT64_MAX: unlimited. */
void group_task_headroom(const Hierarchies *h, const char *path, uint64_t *ret_free, uint64_t *ret_max);

/* Opens the group's directory in the v2 hierarchy, for CLONE_INTO_CGROUP. -ENOENT without v2. */
int group_open_unified(const Hierarchies *h, const char *path);

/* Does /proc/PID/cgroup text put the process into `path` (and no child of it) in all hierarchies of ours? */
bool group_lines_match(const Hierarchies *h, const char *lines, const char *path);
/* The same for `path` or any group below it. */
bool group_lines_within(const Hierarchies *h, const char *lines, const char *path);
/* The path below `prefix` + "/" that some hierarchy of ours puts the process into, copied to *ret; the
 * caller frees. 0: none of them does; 1: *ret is set. */
int group_lines_find(const char *lines, const char *prefix, char **ret);

/* Are there processes in the group or below it? 1, 0 (also when it doesn't exist), -errno. */
int group_populated(const Hierarchies *h, const char *path);

/* SIGKILL to all processes in the group and below it, again until none is left or `timeout_usec` has
 * passed. -ETIMEDOUT: some live on (uninterruptible sleep). No group: success. */
int group_kill(const Hierarchies *h, const char *path, uint64_t timeout_usec);

/* Freezes or thaws all processes in the group. -EOPNOTSUPP: the host has no freezer. */
int group_freeze(const Hierarchies *h, const char *path, bool freeze);

/* Pids in the group and below it, at most `max`; returns how many. */
ssize_t group_list_pids(const Hierarchies *h, const char *path, pid_t *pids, size_t max);

/* Removes the group and all below it, however deep, in all hierarchies; retries EBUSY until
 * `timeout_usec` has passed. No group: success. -EBUSY: still populated. */
int group_remove(const Hierarchies *h, const char *path, uint64_t timeout_usec);
/* Removes a parent unless it has children or processes. */
void group_remove_if_empty(const Hierarchies *h, const char *path);

/* Calls back with the name of each direct child in any hierarchy; a name may come several times. */
typedef int (*group_child_t)(const char *name, void *userdata);
int group_for_each_child(const Hierarchies *h, const char *path, group_child_t callback, void *userdata);
