/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/cells/table.h"
#include "manager/cells/notices.h"
#include "policies/policy-set.h"

/* Adjusting live cells. What is wanted is in the cell's record before anything of it is done, and a manager that
 * was killed meanwhile does it once more when it is started again: so what is told is what is in force. The
 * adjustments of one cell are done one after the other. */

typedef struct Adjusts Adjusts;

/* `table` and `policies` are read whenever one begins: the table of cells, and the policies that are loaded then.
 * `config_dir` has the drop-ins. NULL: out of memory. */
Adjusts *adjusts_new(const CellTable *table, PolicySet *const *policies, const char *config_dir, const Notices *notices);
Adjusts *adjusts_free(Adjusts *a); /* takes NULL, returns NULL; `done` is not called any more */

/* Wants `kind` of a live cell. `assignments` are the "KEY=VALUE" of ADJUST_LIMITS and ADJUST_LIMITS_RUNTIME, all of them
 * good (adjust_policy()), and copied.
 * `done` (may be NULL; a failure is logged then) is called from the loop when all is done and recorded, or nothing is:
 * its report's error is 0; -ESTALE: the cell has ended; -ETIMEDOUT, -EIO: nobody knows how far it came; else why the
 * kernel refused it.
 * -ENOMEM, -EBUSY (too many jobs); -errno of writing the record, without which only freezing goes on. */
int adjust_start(Adjusts *adjusts, Cell *c, AdjustKind kind, char *const *assignments, job_done_t done, void *userdata);

/* After a restart: what the cell's record says is under way, if it is to stay. */
void adjust_resume(Adjusts *adjusts, Cell *c);

/* A copy of the cell's policy with these values of [Resources] or [Network]. -EINVAL, -ERANGE: one is wrong,
 * *ret_message says which and is the caller's; -ENOMEM. */
int adjust_policy(const Cell *c, char *const *assignments, Policy **ret, char **ret_message);
