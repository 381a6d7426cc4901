/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/cells/cell.h"

/* The record of a cell, in /run/confine/cells. */

int cell_save(const Cell *c); /* writes it, unless it is obscure; -errno */

/* Reads the record of c->id into a cell that has nothing but its id yet. -EBADMSG: it is unusable; -ESTALE: it is of
 * another boot; -ENOMEM. On error the cell may have some of it. */
int cell_record_read(Cell *c);
