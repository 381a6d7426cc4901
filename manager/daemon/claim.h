/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/daemon/manager.h"

/* What managers of one host share, whatever their runtime directories, mount and network namespaces are: an instance's
 * control groups, and in a network namespace the names of its links, which a hash of 16 bits tells apart. */

/* flock(2) with a moment's patience: of a manager that was killed a job may still be about. -EALREADY: somebody has it. */
int claim_lock(int fd);

/* Says what is wrong. -EALREADY: there is another instance whose links have the same names. */
int claim_check_links(const Manager *m);
/* Takes the instance for as long as the manager lives. Says what is wrong. -EALREADY: another manager has it, or has left
 * live cells in it. */
int claim_instance(Manager *m);
