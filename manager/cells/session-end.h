/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/cells/session.h"

bool session_leader_lives(const Session *s);
/* Starts to take the leader out of the cell's control groups. -errno of job_start(). */
int session_release(Session *s);
/* Ends it, from any state; the leader is released if it lives. */
void session_end(Session *s);
