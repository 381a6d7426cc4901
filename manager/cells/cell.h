/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <systemd/sd-event.h>

#include "base/hash.h"
#include "bus/login.h"
#include "manager/cells/plan.h"
#include "manager/work/job.h"
#include "manager/work/resolver.h"
#include "netns/pool.h"
#include "netns/shaping.h"
#include "policies/policy.h"

#define CELL_NETNS_NAME_MAX 64

typedef struct Cell Cell;
typedef struct Session Session;

typedef enum CellState {
        CELL_MAKING, /* recorded, its job runs; sessions may wait. Next: live, ending */
        CELL_LIVE,   /* pid 1 runs and is watched; sessions join. Next: ending */
        CELL_ENDING, /* pid 1 was killed, a job removes the rest; nobody joins. Next: freed, when all is
                      * gone and the last session, too */
        _CELL_STATE_MAX,
        _CELL_STATE_INVALID = -EINVAL,
} CellState;

extern const char *const cell_state_names[_CELL_STATE_MAX];
const char *cell_state_to_string(CellState s);

/* What can be done to a live cell, see adjust.h. */
typedef enum AdjustKind {
        ADJUST_NONE,
        ADJUST_FREEZE,
        ADJUST_THAW,
        ADJUST_SLOW, /* TrafficMaxRate= holds ... */
        ADJUST_FAST, /* ... and does not any more */
        ADJUST_LIMITS,         /* set-property */
        ADJUST_LIMITS_RUNTIME, /* the same without a drop-in */
        _ADJUST_MAX,
} AdjustKind;

/* What all cells share; owned by the manager. */
typedef struct CellHost {
        sd_event *event;
        Jobs *jobs;
        const Hierarchies *hierarchies;
        const Driver *driver;
        Pool *pool;
        const char *root_group, *table, *link_prefix;
        const char *netns_prefix; /* NULL: no names for ip-netns(8) */
        struct FdStore *fd_store;
        const struct Notices *notices;
        int init_fd, records_fd, driver_fd;
        char host_name[65];
        const char *runtime_dir, *state_dir;

        const struct CellTable *all;
        struct Shares *shares;    /* NULL: control groups hold the sums of policies */
        uint64_t first_subid, last_subid; /* for users without a line in subuid(5) */
        /* gives a new cell its volumes, see traffic.h */
        int (*join_volumes)(Cell *c, void *userdata);
        void (*volumes)(const Cell *c, FirewallVolume *ret_user, FirewallVolume *ret_policy, void *userdata);
        void *userdata;
} CellHost;

struct Cell {
        UT_hash_handle hh; /* the manager's table, by id */
        CellHost *host;
        char id[LOGIN_ID_MAX];
        Policy *policy; /* as it was when the cell was made, and as set-property changed it */
        uid_t uid;      /* whose it is; UID_INVALID with Scope=policy */
        char *user;     /* escaped, for people */
        CellState state;
        uint64_t created_usec; /* CLOCK_REALTIME, for people */
        char *hostname;
        PolicyFilesystem filesystem; /* the policy's, expanded; until the cell is made */
        struct Filter *filter; /* of system calls, since somebody has joined; the manager's to release */
        uid_t first_id; /* what 0 is in its user namespace; 0: it has none */

        pid_t init_pid;
        unsigned long long init_start_time;
        int init_pidfd;
        uint64_t inodes[_LOGIN_NS_MAX];

        char link[BUILDER_LINK_MAX]; /* "": none */
        IpPrefix address4, address6, gateway4, gateway6;
        Resolver resolver; /* its text only until the cell is made */
        char netns_name[CELL_NETNS_NAME_MAX]; /* "": none */
        ShapingPlace place;
        bool slowed; /* TrafficMaxRate= holds */
        bool restarts_user_volume, restarts_policy_volume; /* a period began with it: what was counted is void */
        char device[LINK_NAME_MAX + 1]; /* the host's interface that the cell's is on, or is; "": none */
        InterfaceState device_state;
        char network_of[LOGIN_ID_MAX]; /* the cell whose network this one shares, and whose addresses stand here */
        pid_t network_pid;             /* that cell's pid 1, while this one is made */
        uint64_t network_inode;

        bool frozen, end_wanted, removed, init_reaped;
        bool damaged;  /* somebody has removed its link or set it down: to be repaired */
        char *groups_trouble; /* its control groups were damaged, and why they can't be repaired; NULL: they are whole */
        Job *groups_job;      /* that repairs them */
        char *trouble; /* its network was damaged, and why it can't be repaired; NULL: it is whole */
        char **kept;  /* lines of its record that this version does not know */
        bool unattended; /* somebody is in it whose session's record can't be read: it lasts as long as they do */
        bool obscure; /* its record can't be read as a whole, and is left as it is; nobody new joins */
        AdjustKind adjusting; /* what is under way, see adjust.h */
        char **assignments;   /* and what it sets */
        Job *job;
        sd_event_source *init_source, *linger_source, *retry_source, *logins_source, *members_source;
        uint64_t lingers_since_usec; /* CLOCK_MONOTONIC; 0: it does not */
        LIST_HEAD(, Session) sessions;
        unsigned n_sessions;
        char **groups; /* of its sessions, as cell_plan() last listed them */
};

/* For cell_new() and cell_restore(): one of which nothing is known. NULL: out of memory. */
Cell *cell_alloc(CellHost *host);
/* Leaves the cell as it is, but gives its addresses back to the pool; takes NULL, returns NULL. */
Cell *cell_free(Cell *c);
void cell_release_addresses(Cell *c);
bool cell_admits(const Cell *c); /* it is not frozen, nor about to be */
unsigned cell_namespaces(const Cell *c); /* CLONE_NEW*: what the policy says and the driver leaves */
