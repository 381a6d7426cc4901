/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/work/job.h"

struct Cell;
struct Session;

/* What has happened to cells and sessions, for whoever is above them: they subscribe when the manager starts, and are told
 * in the order of the phases, within one in that of their subscriptions. A subscriber frees neither the cell nor, but for
 * NOTICE_SESSION_READY and NOTICE_SESSION_ROOM, the session. */

typedef enum NoticeKind {
        NOTICE_CELL_LIVE,    /* waiting sessions may be attached */
        NOTICE_CELL_FAILED,  /* could not be made; `report` says why; it is ending */
        NOTICE_CELL_LINGERS, /* its last session has left, and it stays: LingerSec= */
        NOTICE_CELL_FREEZES, /* is about to */
        NOTICE_CELL_ENDING,
        NOTICE_CELL_GONE,    /* the last one: it is freed afterwards */
        NOTICE_LIMITS_KEPT,  /* a drop-in was written; `cell` is NULL if it has ended meanwhile */
        NOTICE_FIREWALL_CHANGED, /* of no cell: the table is to be made anew */
        NOTICE_NETWORK_CHANGED, /* of no cell: the host's side of the network is to be prepared anew */
        NOTICE_NETWORK_DAMAGED, /* and by others: the same soon */
        NOTICE_SESSION_ROOM, /* it has waited for room in its cell, and may be attached again */
        NOTICE_SESSION_READY, /* the leader is in its control group (report->error 0), or is not going to be; its door may
                               * end the session at once, and so nobody else looks at this one */
        NOTICE_SESSION_LIVE,
        NOTICE_SESSION_REMOVED, /* the last one: it is freed afterwards */
} NoticeKind;

typedef enum NoticePhase {
        NOTICE_ANSWER, /* whoever waits for it */
        NOTICE_BEFORE, /* what is gone is still in the tables */
        NOTICE_TABLES, /* the manager's own */
        NOTICE_AFTER,
        _NOTICE_PHASE_MAX,
} NoticePhase;

typedef struct Notice {
        NoticeKind kind;
        struct Cell *cell;       /* NULL: it is of none */
        struct Session *session; /* NULL: it is of the cell */
        const JobReport *report; /* NULL: there is none */
} Notice;

typedef void (*notice_handler_t)(const Notice *n, void *userdata);

#define NOTICES_SUBSCRIBERS_MAX 8

typedef struct Notices {
        struct {
                NoticePhase phase;
                notice_handler_t handler;
                void *userdata;
        } subscribers[NOTICES_SUBSCRIBERS_MAX];
        size_t n;
} Notices;

void notices_subscribe(Notices *n, NoticePhase phase, notice_handler_t handler, void *userdata);
/* All that were made with this `userdata`. */
void notices_unsubscribe(Notices *n, const void *userdata);
void notices_post(const Notices *n, NoticeKind kind, struct Cell *cell, struct Session *session, const JobReport *report);
