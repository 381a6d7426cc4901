/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cgroups/driver.h"
#include "cgroups/unit.h"

/* systemd's tree as the driver `systemd` uses it: names of units and of their groups, and where a cell is. */

void slices_user(uid_t uid, char ret[static UNIT_NAME_LENGTH_MAX]); /* "user-1000.slice" */
/* Our scope for pid 1 of a cell, or for a session, by its id. */
void slices_own_scope(const DriverCell *c, const char *id, char ret[static UNIT_NAME_LENGTH_MAX]);
/* Our slice; `suffix` is "" or "-reserve". */
void slices_own(const DriverCell *c, const char *suffix, char ret[static UNIT_NAME_LENGTH_MAX]);

/* The unit of a group: "user@1000.service" of "user.slice/user-1000.slice/user@1000.service/init.scope". False: it has
 * none but slices. */
bool slices_unit_of_group(const char *group, char ret[static UNIT_NAME_LENGTH_MAX]);
/* The group of cgroup v2 that text of /proc/PID/cgroup names, without its leading slash. False: there is none. */
bool slices_group_of_lines(const char *lines, char ret[static GROUP_PATH_MAX]);
/* The same of a process. -EXDEV: none; -errno of reading the file. */
int slices_group_of_pid(pid_t pid, char ret[static GROUP_PATH_MAX]);

/* A member of Driver, see driver.h. */
int slices_locate(const DriverCell *host, char ret_group[static GROUP_PATH_MAX],
                  char ret_policy[static DRIVER_POLICY_MAX], uid_t *ret_uid);
