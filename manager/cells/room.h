/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/cells/session.h"

/* Room in a cell's TasksMax= for logins that are on their way. A login that was let in, and then can't fork, is worse than one
 * that was refused: so each is promised the tasks that it begins with, and who comes later waits until those before have
 * taken theirs, a little while, and then goes to the reserve or is refused. */

/* Tasks that other sessions of its cell have been promised and not yet taken. */
unsigned room_promised(const Session *s);
/* There is no room: shall the session wait? It is tried again (session_cell_is_live()) when another one is settled, or at
 * last when its time is over. False: it has waited long enough, or nobody is there to wait for. */
bool room_wait(Session *s);
/* A task of the cell may have gone. */
void room_freed(Cell *c);
/* The session has taken what it was promised, or does not need it any more. */
void room_settled(Session *s);
