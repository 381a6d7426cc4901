/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/cells/session.h"

/* The record of a session, in /run/confine/sessions. */

int session_save(const Session *s); /* -errno of writing it */

/* Into a session that has its host and id alone; *ret_cell is the id of its cell, to be freed.
 * -EBADMSG: the record is unusable; -ESTALE: it is of another boot; -errno of reading it; -ENOMEM. */
int session_record_read(Session *s, char **ret_cell);
