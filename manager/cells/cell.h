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

        /* how many live cells of this user under this policy, and of the policy */
        void (*count)(const char *policy, uid_t uid, unsigned *ret_user, unsigned *ret_policy, void *userdata);
        /* the live cell of `policy` whose network one of this user's would share; NULL: none */
        Cell *(*find_owner)(const char *policy, uid_t uid, void *userdata);
        /* is an interface of the host's lent to a cell? */
        bool (*is_lent)(const char *device, void *userdata);
        /* see lending.h */
        int (*choose_ids)(const char *user, uid_t uid, uid_t *ret_first, void *userdata);
        /* gives a new cell what it shares with others: see lending.h, traffic.h */
        int (*prepare)(Cell *c, void *userdata);
        void (*volumes)(const Cell *c, FirewallVolume *ret_user, FirewallVolume *ret_policy, void *userdata);
        /* see DriverCell.others */
        bool (*others)(uid_t uid, const char *except_cell, Resources *limits, void *userdata);
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

/* Makes a cell for a subject; it is recorded on disk before anything of it exists. Its events come by
 * host->notices from the loop.
 *
 * 0        *ret is in state making
 * -ENOSPC  the pool has no address left; -EADDRINUSE: a fixed address is taken
 * -ENODEV  no interface of Interface= is there and free
 * -ENOLINK the cell whose network it is to share is not live
 * -EINVAL  Hostname= expands to no valid name for this user; -EILSEQ: so does a path of [Filesystem]
 * -ERANGE  no ids are left for a user namespace
 * -EBUSY   too many jobs wait; -errno of writing the record; -ENOMEM */
int cell_new(CellHost *host, Policy *policy, const MatchSubject *subject, Cell **ret);

/* Chooses all that a new cell has of the network, into it; errors as cell_new(). In cell-choose.c. */
int cell_choose_network(Cell *c, const MatchSubject *subject);

/* Takes over a recorded cell after a restart of the manager. *ret is live if its pid 1 is, else it must
 * be ended by the caller. -EBADMSG: the record is unusable; -ESTALE: it is of another boot; -errno of reading it. Of
 * -ENOMEM, -EMFILE and -ENFILE the record is not the cause. */
int cell_restore(CellHost *host, const char *id, Cell **ret);

/* The same for one whose record is unusable, and of which the control groups say that it lives, in `group`: takes what the
 * record does say, and from the kernel what it doesn't. `policy` (NULL: there is none) is that of its name, `uid` whose it is.
 * *ret is live, but without init_source if its pid 1 can't be found. -ENOMEM, -EMFILE, -ENFILE. */
int cell_salvage(CellHost *host, const char *id, const char *group, const char *policy_name, Policy *policy, uid_t uid,
                 Cell **ret);

/* If there are processes in a cell that nobody's session is known to be in, keeps it until they are gone. */
int cell_keep_unattended(Cell *c);

void cell_end(Cell *c, const char *reason);
/* The last session has left: ends the cell at once, or LingerSec= later. */
void cell_session_left(Cell *c);
bool cell_admits(const Cell *c); /* it is not frozen, nor about to be */
void cell_session_joined(Cell *c, const Session *s);

/* For cell_new() and cell_restore(): one of which nothing is known. NULL: out of memory. */
Cell *cell_alloc(CellHost *host);
/* Watches pid 1. -ESRCH: it is gone, and the number may be another process's; -EMFILE and others. */
int cell_watch_init(Cell *c);

Cell *cell_free(Cell *c); /* leaves the cell as it is, takes NULL, returns NULL */

void cell_describe(const Cell *c, FirewallCell *ret); /* as the firewall is to know it; borrows */
void cell_plan(Cell *c, CellPlan *ret); /* borrows, until it is asked again */
unsigned cell_namespaces(const Cell *c); /* CLONE_NEW*: what the policy says and the driver leaves */
int cell_save(const Cell *c); /* writes its record, unless it is obscure; -errno. In cell-record.c */
