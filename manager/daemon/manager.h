/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-event.h>

#include "manager/cells/cell.h"
#include "manager/cells/notices.h"
#include "manager/cells/placement-record.h"
#include "manager/cells/table.h"
#include "manager/daemon/policy-store.h"
#include "manager/lent/shares.h"
#include "manager/work/subject.h"
#include "policies/manager-conf.h"
#include "policies/policy-file.h"
#include "policies/policy-set.h"

/* The resident manager: owns the event loop, the tables of cells and sessions, and the policies. What is done with it
 * is in the files beside. */

typedef struct ManagerConfig {
        const char *runtime_dir;  /* "/run/confine" */
        const char *config_dir;   /* "/etc/confine": policies/ below it */
        const char *vendor_dir;   /* "/usr/lib/confine" */
        const char *state_dir;    /* "/var/lib/confine" */
        const char *init_path;    /* confine-init */
        const char *instance;     /* "confine": names the control groups, the nft table, the links */
} ManagerConfig;

typedef struct Manager Manager;
typedef struct Adjusts Adjusts;
typedef struct BusServer BusServer;
typedef struct FdStore FdStore;
typedef struct Filters Filters;
typedef struct LoginServer LoginServer;
typedef struct Refusals Refusals;
typedef struct Volume Volume;

struct Manager {
        ManagerConfig config;
        ManagerConf conf;
        sd_event *event;
        int runtime_fd, lock_fd, cells_fd, sessions_fd, driver_fd, placements_fd, traffic_fd, init_fd;
        int group_fds[HIERARCHIES_MAX]; /* locks of the instance's control groups */
        char root_group[80], firewall_table[40], link_prefix[8], gateway_link[16];
        Hierarchies *hierarchies;
        const Driver *driver;
        Jobs *jobs;
        Shares *shares; /* NULL: control groups hold the sums of policies */
        Pool *pool;
        PolicySet *policies;
        PolicyStore policy_store;
        PolicyDiags diags;       /* of the last load */
        char **policy_dirs;
        bool network_ready, links_ready, network_pending, forwarding_guard4, forwarding_guard6;
        uint64_t firewall_wanted, firewall_made; /* they differ: the table is to be made anew */
        struct FirewallWatch *firewall_watch;
        struct NetWatch *net_watch;
        uint64_t repair_wanted, repair_made; /* they differ: all cells' ends on the host are to be put right */
        char *trouble;    /* why the host's side of the network is not ready; NULL: it is */
        char **overlaps;  /* "POLICY: WHY" of those whose pools overlap with the host's networks now */
        unsigned groups_turn; /* which of the cells' control groups are looked at next */
        sd_event_source *net_source, *overlap_source, *groups_source, *watch_source, *repair_source, *hosts_source;
        Notices notices;
        CellHost cell_host;
        SessionHost session_host;
        CellTable table;
        char **lost_sessions;    /* names of their records that can't be read, while a cell is unattended */
        Placements placements;
        Volume *volumes;         /* uthash */
        Job *traffic_job;
        sd_event_source *traffic_source;
        uint64_t n_logins, n_denied;
        unsigned peak; /* as many sessions and cells as were there since memory was last given back */
        Adjusts *adjusts;
        FdStore *fd_store;
        Filters *filters;
        Refusals *refusals;
        struct Sockets *sockets;
        bool login_passed, bus_passed; /* sockets that are not ours to remove */
        BusServer *bus;
        LoginServer *login;
};
