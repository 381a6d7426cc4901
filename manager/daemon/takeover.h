/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/daemon/manager.h"

/* What a manager before has left in the records. */

/* Fills the tables from the records; unusable ones are set aside below broken/ with a warning, but for those of cells
 * that have processes. -ENOMEM, or
 * -errno of reading the directories. */
int takeover_read(Manager *m);

/* What was half made is unmade; what lives goes on. */
void takeover_settle(Manager *m);

/* When no cell has processes any more of which a session's record that can't be read may tell, these are set aside, too. */
void takeover_set_lost_aside(Manager *m);
