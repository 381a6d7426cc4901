/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* Who may do what (pure). Root does all; others see and stop what is their own, and what they may not
 * see does not exist for them. A peer that is in a cell counts as the cell's owner, also if it is root. */

/* Why who may not administer is refused. */
#define ACCESS_REFUSED "Only root may do this, from outside of any cell, and where the bus proves who calls"

bool access_may_see(uid_t peer, uid_t owner);
bool access_may_stop(uid_t peer, uid_t owner);
bool access_may_administer(uid_t peer);
