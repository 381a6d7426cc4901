/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/cells/plan.h"
#include "manager/work/job.h"

/* The network's part of making and removing a cell, in its job: firewall, link, bandwidth, flows. All say in the report
 * what failed. */

int builder_net_make(const CellPlan *c, int pidfd, JobReport *report);
void builder_net_remove(const CellPlan *c, JobReport *report); /* each part is tried, whatever the others say */

/* Limits the bandwidth of a cell's link; without one there is nothing to do. */
int builder_net_shape(const CellPlan *c, const Resources *r, JobReport *report);

/* An fd of a namespace of a process, if it is the one. -ESRCH: the number is another process's by now. */
int builder_net_open_namespace(pid_t pid, const char *name, uint64_t inode);

/* As the guard knows the port of a cell with Mode=bridge; borrows. */
struct GuardedPort;
void builder_describe_port(const Policy *p, const char *link, const IpPrefix *address4, const IpPrefix *address6,
                           struct GuardedPort *ret);

/* Of a live cell with a link: puts back what others have taken of its host's side; makes the link anew if it is gone.
 * `network_inode` is that of its network namespace, in which `init_pid` is. */
void builder_repair(const CellPlan *c, pid_t init_pid, uint64_t network_inode, JobReport *report);
