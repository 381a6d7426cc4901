/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/doors/peer.h"

/* D-Bus without a broker: each client of the socket is a connection of its own, and all see the same
 * objects, each as far as access.h lets it. Replies to Hello() and AddMatch() of org.freedesktop.DBus, too,
 * so that busctl works. */

/* Serves a listening socket, and owns it unless it fails. */
int bus_server_new(Manager *m, int fd, BusServer **ret);
int bus_server_replace(BusServer *b, int fd); /* as listener_replace() */
BusServer *bus_server_free(BusServer *b); /* takes NULL, returns NULL */

/* A signal to those who may see it. NULL `b`: nobody. */
void bus_server_announce_denied(BusServer *b, uid_t uid, const char *user, const char *service,
                                const char *message);

/* A call that is answered later. -EBUSY: its user has too many of them; -ENOMEM. */
int bus_server_begin_call(const Peer *p);
void bus_server_end_call(BusServer *b, uid_t uid);

/* A method that is answered when a job is done: `run` in the job, on the live cell `c`. The reply is what
 * `reply` makes of the report, or the report's error. */
typedef struct BusCall BusCall;
typedef int (*bus_call_reply_t)(sd_bus_message *m, const JobReport *report, BusCall *call);

struct BusCall {
        Manager *manager;
        sd_bus_message *message;
        uid_t uid; /* who called */
        char cell[LOGIN_ID_MAX];
        int argument;
        job_run_t run;
        const char *text; /* what the job wrote, for `reply` */
        bus_call_reply_t reply;
};

int bus_call_start(Peer *p, sd_bus_message *message, const Cell *c, job_run_t run, const BusCall *template);
/* The same for one that adjusts the cell, see adjust.h; its reply is empty. */
int bus_call_adjust(Peer *p, sd_bus_message *message, Cell *c, AdjustKind kind, char *const *assignments);
