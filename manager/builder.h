/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cgroups/group.h"
#include "manager/job.h"
#include "policies/policy.h"

/* What is done to cells and sessions by jobs: everything here may block and runs in a child of the
 * manager. The plans are borrowed from the manager's memory as it was at the fork. */

#define BUILDER_LINK_MAX 16

typedef struct CellPlan {
        const Hierarchies *hierarchies;
        const char *root_group; /* "confine" */
        const char *id;
        const Policy *policy;
        uid_t uid;           /* UID_INVALID with Scope=policy */
        unsigned user_cells, policy_cells; /* live ones with this one: their pid 1 is not the user's */
        const char *hostname;
        int init_fd;
        const char *table;   /* of the firewall */
        const char *link;    /* host's end; "": the cell has no interface */
        IpPrefix address4, address6, gateway4, gateway6;
} CellPlan;

typedef struct LeaderPlan {
        const CellPlan *cell;
        uid_t uid;
        pid_t pid;
        unsigned long long start_time;
        const char *home; /* text of /proc/PID/cgroup before */
} LeaderPlan;

#define BUILDER_IN_RESERVE 1U /* JobReport.flags of builder_attach() */

/* The cell's group, where its processes are ("" + uid: with Scope=policy each user has a group in it). */
void builder_cell_group(const CellPlan *c, char ret[static GROUP_PATH_MAX]);
void builder_leaf_group(const CellPlan *c, uid_t uid, char ret[static GROUP_PATH_MAX]);
/* Where a login goes that finds its cell at TasksMax=: small limits of its own, outside all sums. */
void builder_reserve_group(const CellPlan *c, uid_t uid, char ret[static GROUP_PATH_MAX]);

/* Makes a cell: groups with limits, namespaces, interface, firewall. report->pid is its pid 1 and
 * report->numbers its namespaces' inodes. On error the parts made so far remain for builder_remove(). */
void builder_make(const CellPlan *c, JobReport *report);

/* Removes all of a cell, whatever there is of it; its pid 1 was killed before, if it was known. */
void builder_remove(const CellPlan *c, JobReport *report);

/* Puts a login's process into the cell's group, or the reserve; verifies that it is there. On error
 * it is back where it was. report->what is then for the user. */
void builder_attach(const LeaderPlan *l, JobReport *report);

/* Puts it back where it was before. A process that has exited is success. */
void builder_move_home(const LeaderPlan *l, JobReport *report);

/* Changes the limits of a live cell; on error the old ones are in force. */
void builder_change_limits(const CellPlan *c, const Resources *to, JobReport *report);

void builder_freeze(const CellPlan *c, bool freeze, JobReport *report);
/* A signal to all processes of the cell but its pid 1. report->numbers[0]: how many got it. */
void builder_signal(const CellPlan *c, pid_t init_pid, int sig, JobReport *report);

/* The groups' root, with all controllers, and its removal if nothing is below it. */
int builder_make_root(const Hierarchies *h, const char *root_group);
void builder_remove_root(const Hierarchies *h, const char *root_group);
