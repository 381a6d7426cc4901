/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/manager.h"

/* What a manager before has left in the records. */

/* Fills the tables from the records; unusable ones are set aside below broken/ with a warning. -ENOMEM, or
 * -errno of reading the directories. */
int takeover_read(Manager *m);

/* What was half made is unmade; what lives goes on. */
void takeover_settle(Manager *m);
