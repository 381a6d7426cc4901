/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/cells/plan.h"
#include "manager/work/job.h"

/* For a job: kills the processes of a cell's pid namespace (and of those below it) that are in no control group of a
 * cell, until a look finds none. Its pid 1 is left alone. report->numbers[0]: how many there were. On error report says
 * what failed: -ESRCH, pid 1 has exited; -EAGAIN, there are always more. See proc(5), pidfd_send_signal(2). */
void builder_expel(const CellPlan *c, pid_t init_pid, JobReport *report);
