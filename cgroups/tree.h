/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cgroups/driver.h"

/* The tree of groups of the driver `cgroupfs`: where the groups of a cell are in it, and what searches it as a whole.
 * Names are below each hierarchy's root. Those with `find`, `locate`, `sweep` and `root` are members of Driver; see
 * driver.h for what they do and return. */

void tree_policy_group(const DriverCell *c, char ret[static GROUP_PATH_MAX]);
void tree_user_group(const DriverCell *c, char ret[static GROUP_PATH_MAX]); /* not with Scope=policy */
void tree_cell_group(const DriverCell *c, char ret[static GROUP_PATH_MAX]);
/* Where processes of `uid` are: with Scope=policy each user has a group in the cell's. */
void tree_leaf_group(const DriverCell *c, uid_t uid, char ret[static GROUP_PATH_MAX]);
void tree_init_group(const DriverCell *c, char ret[static GROUP_PATH_MAX]); /* of pid 1 */
void tree_reserve_group(const DriverCell *c, uid_t uid, char ret[static GROUP_PATH_MAX]);

int tree_find(const char *root_group, const char *lines, char **ret);
int tree_locate(const DriverCell *host, char ret_group[static GROUP_PATH_MAX],
                char ret_policy[static DRIVER_POLICY_MAX], uid_t *ret_uid);
unsigned tree_sweep(const DriverCell *host, bool (*is_known)(const char *id, void *userdata), void *userdata);
int tree_make_root(const Hierarchies *h, const char *root_group);
void tree_remove_root(const Hierarchies *h, const char *root_group);
