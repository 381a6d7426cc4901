/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/cells/session.h"

/* Watches for the user's process of a session that has joined, or was taken over: verifies that it is in the cell, and
 * releases the login program if it forks only once. What is outside is killed, and the session ends. -ENOMEM and the like:
 * it can't be watched. */
int session_user_watch(Session *s);
