/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "bus/login.h"

/* What administrators' programs wait for in the journal: each kind of event has its MESSAGE_ID= (see
 * confined(8) and service/confine.catalog) and fields that say what it is about. */

#define EVENT_CELL_NEW "50ad550bb9ce4b0180843b2cbe037457"
#define EVENT_CELL_REMOVED "16eab001bd22459e8ea6f7d7052a347f"
#define EVENT_SESSION_NEW "a12f313c6f5a44acb959a1f1e68b673b"
#define EVENT_SESSION_REMOVED "8a4cbf16d067476898f10e47903c105e"
#define EVENT_DENIED "bd67aa9bb6ed4aac83a2b5a775fbd930"
#define EVENT_UNCONFINED "bde0e5cca6c1459699037daeb5d8d3d4"
#define EVENT_OUTSIDE "f74a0c07095e48e9a66ed751a4435111"
#define EVENT_POLICY_ERROR "d9955c3ccfaa4764af099d4303ef6eeb"

/* What it is about, each of these NULL where it is about no such thing. Borrows. */
typedef struct EventSubject {
        const char *cell, *policy, *session, *user, *service;
        const char *verdict; /* "confined", "denied", "failed" or "unconfined" */
} EventSubject;

/* From here on messages go to the journal with their fields, if stderr is the journal's. */
void event_use_journal(void);

void event_send(const char *id, int level, EventSubject about, const char *format, ...)
        __attribute__((format(printf, 4, 5)));
/* A login that gets no cell. `policy` may be NULL. */
void event_login(const char *id, int level, const LoginRequest *request, const char *policy, const char *verdict,
                 const char *format, ...) __attribute__((format(printf, 6, 7)));
/* A mistake in a policy's file; a warning does not keep it from being in force. */
void event_policy(const char *file, bool warning, const char *message);
