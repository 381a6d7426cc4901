/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "cgroups/group.h"
#include "cgroups/usage.h"
#include "policies/policy-keys.h"

/* A driver knows where the processes of a cell are in the control groups of this host, and how limits get
 * there: `cgroupfs` owns a tree in every hierarchy and writes it itself; `systemd` leaves the tree to
 * systemd and asks for properties of its units. All functions may block: jobs call them, except the
 * three that are marked. */

/* One cell, as drivers see it; borrowed. */
typedef struct DriverCell {
        const Hierarchies *hierarchies;
        int state_fd;           /* a directory of the driver's own, below the runtime directory */
        const char *root_group; /* "confine" */
        const char *id;
        const Policy *policy;
        uid_t uid;              /* UID_INVALID: all users of the policy share it (Scope=policy) */
        unsigned user_cells, policy_cells; /* live ones with this one: their pid 1 is not the user's; 0: not asked */
        char *const *groups;    /* where its sessions' processes are, NULL-terminated; NULL: none */
        uint64_t pid_inode;     /* of its pid namespace; 0: it has none, or is being made */
        bool frozen; /* or may be */
        /* Tightens `limits` by what all other cells of `uid` that have not ended ask of the user as a whole, and by
         * his shares of sums. True: there are such cells. */
        bool (*others)(uid_t uid, const char *except_cell, Resources *limits, void *userdata);
        void *userdata;
} DriverCell;

typedef struct DriverLeader {
        const char *session; /* its id */
        uid_t uid;
        pid_t pid;
        unsigned long long start_time;
        const char *home; /* text of its /proc/PID/cgroup before */
        unsigned tasks_promised; /* to other logins that are on their way into the cell */
        bool executes;    /* it becomes what it was started for, without a fork: a unit with PAMName= */
} DriverLeader;

#define DRIVER_WHAT_MAX 256
#define DRIVER_POLICY_MAX 256

typedef struct Driver {
        const char *name;
        unsigned without_namespaces; /* CLONE_NEW* that cells don't have with it */
        bool user_in_one_group;      /* no two jobs of one user may run at once */
        bool shares_sums;            /* no group holds everybody under a policy: see limit_user */
        bool makes_groups;           /* of its own, which show what files the kernel has */
        bool moves_leaders_out;      /* release() takes a login program out of the cell's groups, and what it
                                      * forks from then on is outside of them, too */

        /* Makes what all cells are below; not from a job: at the start, and at the end if nothing is left. */
        int (*make_root)(const Hierarchies *h, const char *root_group);
        void (*remove_root)(const Hierarchies *h, const char *root_group);

        /* Makes the cell's groups with their limits. On error `what` says what can't be done and what was
         * made remains for remove(). */
        int (*make)(const DriverCell *c, char what[static DRIVER_WHAT_MAX]);
        /* Puts the calling process where the cell's pid 1 is to be born, with `reserve` into the user's
         * reserve. *ret_unified_fd (-EBADF: not needed) is for CLONE_INTO_CGROUP; the caller closes it. */
        int (*enter)(const DriverCell *c, bool reserve, int *ret_unified_fd);
        /* Puts a login's process into the cell, or, if that has no room for another login, into the reserve; verifies that
         * it is there. On error it is where it was. -EAGAIN: there is only no room beside what others were promised, or
         * the reserve is full, too. */
        int (*attach)(const DriverCell *c, const DriverLeader *l, bool *ret_reserve,
                      char ret_group[static GROUP_PATH_MAX], char what[static DRIVER_WHAT_MAX]);
        /* From the loop: does text of /proc/PID/cgroup of the cell's pid 1 put it where make() and enter() have? NULL:
         * the groups are somebody else's to look after. */
        bool (*is_whole)(const DriverCell *c, const char *lines);
        /* Makes groups that somebody has removed anew, with the limits, and puts pid 1 and the processes of its
         * namespace back; what is in its place stays there. NULL with is_whole. */
        int (*repair)(const DriverCell *c, pid_t init_pid, char what[static DRIVER_WHAT_MAX]);
        /* The login's process has forked its user's, or (`closing`) is done with the session: it need not be
         * limited any more. */
        int (*release)(const DriverCell *c, const DriverLeader *l, bool closing);
        /* Changes the limits of a live cell; on error the old ones are in force. */
        int (*change)(const DriverCell *c, const Resources *to, char what[static DRIVER_WHAT_MAX]);
        /* Puts a user's limits in force anew, since what `others` gives has changed. NULL unless shares_sums. */
        int (*limit_user)(const DriverCell *c, uid_t uid, char what[static DRIVER_WHAT_MAX]);
        int (*freeze)(const DriverCell *c, bool freeze);
        /* Kills what is left of a cell whose pid 1 is dead, and removes its groups and limits. */
        int (*remove)(const DriverCell *c, char what[static DRIVER_WHAT_MAX]);
        /* Removes what belongs to no cell that `is_known`; returns how much it was. Of `host` there are only
         * the first three members, `others` and its userdata. */
        unsigned (*sweep)(const DriverCell *host, bool (*is_known)(const char *id, void *userdata),
                          void *userdata);

        /* From the loop, of a cell whose record can't be read: `host` has the first three members and the id. 1: there
         * are processes in its group below each hierarchy's root, whose user is *ret_uid, and *ret_policy is the name of
         * its policy, "" if the groups don't tell; 0: there are none. */
        int (*locate)(const DriverCell *host, char ret_group[static GROUP_PATH_MAX],
                      char ret_policy[static DRIVER_POLICY_MAX], uid_t *ret_uid);

        /* Processes of a cell, at most `max`. Called from the loop, too. */
        ssize_t (*list)(const DriverCell *c, pid_t *pids, size_t max);
        /* From the loop: where most of the cell's processes are, for people, and what it uses. */
        void (*group)(const DriverCell *c, char ret[static GROUP_PATH_MAX]);
        int (*usage)(const DriverCell *c, Usage *ret);
        /* From the loop: the cell that text of /proc/PID/cgroup puts a process into, by its id, copied to
         * *ret; the caller frees. 1, 0: not by its control group, -ENOMEM. */
        int (*find)(const char *root_group, const char *lines, char **ret);
        /* The group of the cell's pid 1, which is the root of its cgroup namespace, below each hierarchy's. NULL:
         * there is no cgroup namespace. */
        void (*root)(const DriverCell *c, char ret[static GROUP_PATH_MAX]);
        /* The directory below which the user may have groups of his own, that somebody else delegates to him, once
         * the cell's pid 1 was born; "": none. May be NULL. */
        void (*delegated)(const DriverCell *c, char ret[static GROUP_PATH_MAX]);
        /* A reason why the host can't enforce a key of a level with it, or NULL. */
        const char *(*refuses)(const Policy *p, const PolicyKey *key);
} Driver;

extern const Driver driver_cgroupfs, driver_systemd;

/* "cgroupfs", "systemd", or "auto": systemd where it is pid 1 and the controllers are in cgroup v2.
 * NULL: there is no such driver. See sd_booted(3). */
const Driver *driver_choose(const char *name, const Hierarchies *h);

/* Is there room for a login in the group, or is its user to go to the reserve? */
bool driver_has_room(const DriverCell *c, const DriverLeader *l, const char *group);
/* -EAGAIN: there is no room only because others were promised theirs, or the reserve's group has none, either. */
int driver_check_reserve(const DriverCell *c, const DriverLeader *l, const char *reserve, char what[static DRIVER_WHAT_MAX]);
/* What a login gets that finds no room in its cell, without lists. */
void driver_reserve_limits(const DriverCell *c, Resources *ret);

/* Is the leader still the process that it was? */
bool driver_leader_lives(const DriverLeader *l);

bool driver_in_pid_namespace(pid_t pid, uint64_t inode);

/* Formats what failed; returns `error`. */
int driver_fail(char what[static DRIVER_WHAT_MAX], int error, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
