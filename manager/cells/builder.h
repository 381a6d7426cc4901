/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cgroups/driver.h"
#include "manager/work/job.h"
#include "netns/firewall.h"
#include "netns/inner-link.h"
#include "netns/shaping.h"
#include "policies/policy.h"

/* What is done to cells and sessions by jobs: everything here may block and runs in a child of the
 * manager. The plans are borrowed from the manager's memory as it was at the fork. */

#define BUILDER_LINK_MAX 16

typedef struct CellPlan {
        const Driver *driver;
        DriverCell cell;
        unsigned namespaces; /* CLONE_NEW*: what the policy says and the driver leaves */
        const char *hostname;
        const PolicyFilesystem *filesystem; /* expanded */
        const char *state_dir;
        const char *user; /* whose it is, escaped; NULL: a policy's */
        uid_t first_id; /* of a user namespace */
        int init_fd;
        const char *table;   /* of the firewall */
        const char *link;    /* host's end; "": the cell has no interface */
        const char *link_prefix;
        ShapingPlace place;
        uint64_t slow_bits; /* TrafficMaxRate= if it holds; LIMIT_NONE */
        FirewallCell firewall; /* as the firewall is to know it */
        bool restarts_user_volume, restarts_policy_volume;
        const char *netns_name; /* for ip-netns(8); "": none */
        const char *resolv_conf; /* NULL: the host's */
        IpPrefix address4, address6, gateway4, gateway6;
        bool shares_network; /* of another cell, whose addresses these are */
        const char *runtime_dir;
        const char *device; /* the host's interface that the cell's is on, or is; "": none */
        InterfaceState device_state; /* as it was when the cell was made */
        pid_t network_pid;           /* process in the network namespace to be shared; 0: none */
        uint64_t network_inode;      /* of that namespace */
} CellPlan;

typedef struct LeaderPlan {
        const CellPlan *plan;
        const char *tty;  /* at which it logs in; for PrivateDevices= */
        pid_t init_pid;   /* the cell's pid 1, and its mount namespace */
        uint64_t mnt_inode;
        DriverLeader leader;
} LeaderPlan;

#define BUILDER_IN_RESERVE 1U /* JobReport.flags of builder_attach() */

/* Makes a cell: groups with limits, namespaces, interface, firewall. report->pid is its pid 1. On error
 * the parts made so far remain for builder_remove(). */
void builder_make(const CellPlan *c, JobReport *report);

/* As the guard knows the port of a cell with Mode=bridge; borrows. */
struct GuardedPort;
void builder_describe_port(const Policy *p, const char *link, const IpPrefix *address4, const IpPrefix *address6,
                           struct GuardedPort *ret);

/* The same for one with Mode=macvlan, for the guard of its interface. */
struct GuardedLink;
void builder_describe_link(const CellPlan *c, struct GuardedLink *ret);

/* Of a live cell with a link: puts back what others have taken of its host's side; makes the link anew if it is gone.
 * `network_inode` is that of its network namespace, in which `init_pid` is. */
void builder_repair(const CellPlan *c, pid_t init_pid, uint64_t network_inode, JobReport *report);

/* The same of its control groups. Of drivers that have Driver.repair alone. */
void builder_repair_groups(const CellPlan *c, pid_t init_pid, JobReport *report);

/* Removes all of a cell, whatever there is of it; its pid 1 was killed before, if it was known. */
void builder_remove(const CellPlan *c, JobReport *report);

/* Puts a login's process into the cell's control group, or the reserve; verifies that it is there, and
 * writes the group's path to `text`. On error it is back where it was. report->what is then for the user. */
void builder_attach(const LeaderPlan *l, JobReport *report, JobText *text);

/* Its process has forked, or closes the session: see Driver.release. One that has exited is success. */
void builder_release(const LeaderPlan *l, bool closing, JobReport *report);

/* Sets the bandwidth of a live cell as the plan has it. */
void builder_shape(const CellPlan *c, JobReport *report);

/* Changes the limits of a live cell; on error the old ones are in force. */
void builder_change_limits(const CellPlan *c, const Resources *to, JobReport *report);

void builder_freeze(const CellPlan *c, bool freeze, JobReport *report);
/* A signal to all processes of the cell but its pid 1, as far as `sender` may signal them: by kill(2) its real and
 * effective uid. report->numbers[0]: how many got it. -EPERM: there are some, and none for that sender. */
void builder_signal(const CellPlan *c, pid_t init_pid, int sig, uid_t sender, JobReport *report);
