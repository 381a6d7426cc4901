/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cgroups/driver.h"
#include "netns/firewall.h"
#include "netns/inner-link.h"
#include "netns/shaping.h"
#include "policies/policy.h"

/* What a job has to know of a cell, or of a login program in one, to make, change or remove its parts. */

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
