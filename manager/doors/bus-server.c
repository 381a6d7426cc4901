/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "manager/doors/bus-server.h"

#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/escape.h"
#include "base/fd.h"
#include "base/log.h"
#include "bus/contract.h"
#include "manager/cells/adjust.h"
#include "manager/cells/table.h"
#include "manager/doors/access.h"
#include "manager/doors/bus-object.h"
#include "manager/doors/login-connection.h"
#include "manager/doors/system-bus.h"
#include "manager/work/listener.h"

/* Of others than root. By the protocol a message may have 128 MiB, for which libsystemd asks for memory as soon as it
 * has the head; of that, by INPUT_MAX, nobody gets to use much. */
#define PEERS_MAX 256
#define PEERS_OF_USER_MAX 16
#define UNREAD_MAX 256
#define INPUT_MAX (64 * 1024) /* bytes of a message, as they are counted */
#define CALLS_OF_USER_MAX 32
#define CALL_TIMEOUT_USEC (20 * USEC_PER_SEC)

/* Calls that wait for a job, of one user, on whatever connection. */
typedef struct UserCalls {
        UT_hash_handle hh;
        uid_t uid;
        unsigned n;
} UserCalls;

struct BusServer {
        Manager *manager;
        Listener listener;
        LIST_HEAD(, Peer) peers;
        sd_id128_t id;
        SystemBus *system;
        UserCalls *calls;
};

static Peer *peer_free(Peer *p) {
        LIST_REMOVE(p, entry);
        sd_event_source_disable_unref(p->input_source);
        peer_close_bus(p->bus);
        free(p);
        return NULL;
}

/* --- the broker's part, as far as clients insist on it ----------------------------------- */

static int method_hello(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        (void) userdata, (void) error;
        return sd_bus_reply_method_return(m, "s", ":1.1");
}

static int method_match(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        (void) userdata, (void) error;
        return sd_bus_reply_method_return(m, NULL); /* all signals come anyway */
}

static int method_name_owner(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        const char *name;
        int r;

        (void) userdata, (void) error;
        r = sd_bus_message_read(m, "s", &name);
        if (r < 0)
                return r;
        return sd_bus_reply_method_return(m, "s", ":1.0");
}

static const sd_bus_vtable broker_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("Hello", NULL, "s", method_hello, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("AddMatch", "s", NULL, method_match, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("RemoveMatch", "s", NULL, method_match, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("GetNameOwner", "s", "s", method_name_owner, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

/* --- connections ------------------------------------------------------------------------- */

static int on_disconnected(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        (void) m, (void) error;
        peer_free(userdata);
        return 0;
}

/* A peer that calls and never reads the answers would have us keep them all. Its socket is shut, and the
 * bus notices. */
static bool drop_if_deaf(Peer *p) {
        uint64_t n;

        if (sd_bus_get_n_queued_write(p->bus, &n) < 0 || n <= UNREAD_MAX)
                return false;
        log_debug("Process %d does not read its answers, closing its connection", (int) p->pid);
        (void) shutdown(sd_bus_get_fd(p->bus), SHUT_RDWR);
        return true;
}

static size_t count_unread(int fd) {
        int n = 0;

        return ioctl(fd, FIONREAD, &n) < 0 || n < 0 ? 0 : (size_t) n;
}

/* libsystemd reads no further than to the end of the message. */
static int on_message(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Peer *p = userdata;

        (void) m, (void) error;
        p->heard = true;
        p->n_input = count_unread(sd_bus_get_fd(p->bus)); /* of the next one */
        return drop_if_deaf(p);
}

/* Before libsystemd reads what has come. It may read more than that, which came meanwhile: of somebody who is as fast
 * as can be it gets some MiB. What it hasn't read by the next time counts again: so does who sends more than INPUT_MAX at
 * once, in however many messages. */
static int on_input(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Peer *p = userdata;
        size_t n = count_unread(fd);

        (void) events;
        if (n == 0)
                return 0;
        p->n_input += n;
        if (p->n_input <= INPUT_MAX)
                return 0;
        log_debug("Process %d sends a message without an end, closing its connection", (int) p->pid);
        (void) sd_event_source_set_enabled(source, SD_EVENT_OFF); /* the next line is an event as well */
        (void) shutdown(fd, SHUT_RDWR);
        return 0;
}

static int watch_input(Peer *p) {
        int fd = fcntl(sd_bus_get_fd(p->bus), F_DUPFD_CLOEXEC, 3), r;

        if (fd < 0)
                return -errno;
        r = sd_event_add_io(p->manager->event, &p->input_source, fd, EPOLLIN | EPOLLET, on_input, p);
        if (r < 0) {
                close_fd(fd);
                return r;
        }
        r = sd_event_source_set_io_fd_own(p->input_source, true);
        return r < 0 ? r : sd_event_source_set_priority(p->input_source, SD_EVENT_PRIORITY_NORMAL + 9);
}

/* Closes the connections of others than root that have sent a part of a message: libsystemd may have asked for memory
 * for all of it, which the kernel counts when the manager forks. One whose message is being answered is left alone.
 * False: there was none. */
static bool make_room(void *userdata) {
        BusServer *b = userdata;
        unsigned n = 0;
        Peer *p, *next;

        for (p = LIST_FIRST(&b->peers); p; p = next) {
                next = LIST_NEXT(p, entry);
                if (p->uid == 0 || p->n_input == 0 || sd_bus_get_current_message(p->bus))
                        continue;
                peer_free(p);
                n++;
        }
        if (n > 0)
                log_warning("Memory is short, closed %u connections with a message that has not all come", n);
        return n > 0;
}

static int start_peer(BusServer *b, Peer *p, int fd) {
        int r;

        r = sd_bus_new(&p->bus);
        if (r >= 0)
                r = sd_bus_set_fd(p->bus, fd, fd); /* the bus owns it from here */
        if (r < 0) {
                close_fd(fd);
                return r;
        }
        r = sd_bus_set_server(p->bus, true, b->id);
        if (r >= 0)
                r = sd_bus_negotiate_creds(p->bus, false, 0);
        if (r >= 0)
                r = sd_bus_negotiate_fds(p->bus, false); /* no call has any */
        if (r >= 0)
                r = sd_bus_set_trusted(p->bus, false);
        if (r >= 0)
                r = sd_bus_match_signal_async(p->bus, NULL, "org.freedesktop.DBus.Local",
                                              "/org/freedesktop/DBus/Local", "org.freedesktop.DBus.Local",
                                              "Disconnected", on_disconnected, NULL, p);
        if (r >= 0)
                r = sd_bus_add_filter(p->bus, NULL, on_message, p);
        if (r >= 0)
                r = sd_bus_add_object_vtable(p->bus, NULL, "/org/freedesktop/DBus", "org.freedesktop.DBus",
                                             broker_vtable, p);
        if (r >= 0)
                r = peer_attach_objects(p);
        if (r >= 0)
                r = sd_bus_start(p->bus);
        if (r >= 0)
                r = sd_bus_attach_event(p->bus, b->manager->event, SD_EVENT_PRIORITY_NORMAL + 10);
        if (r >= 0 && p->uid != 0)
                r = watch_input(p);
        return r;
}

static bool has_room(const BusServer *b, uid_t uid) {
        unsigned n = 0, n_user = 0;
        const Peer *p;

        LIST_FOREACH(p, &b->peers, entry) {
                n++;
                n_user += p->uid == uid;
        }
        return uid == 0 || (n < PEERS_MAX && n_user < PEERS_OF_USER_MAX);
}

/* The number of a process that has ended may be somebody else's by now: its root is nobody, as is one that can't be
 * seen. */
static int get_peer(Manager *m, int fd, struct ucred *ret) {
        _cleanup_(close_fdp) int pidfd = -EBADF;
        int r;

        *ret = (struct ucred) { .uid = UID_INVALID };
        r = listener_get_peer(fd, ret, &pidfd);
        if (r < 0)
                return ret->uid == 0 ? r : 0;
        ret->uid = peer_effective_uid(m, ret->uid, ret->pid, pidfd);
        return 0;
}

static int on_listening(sd_event_source *source, int listen_fd, uint32_t events, void *userdata) {
        BusServer *b = userdata;
        struct ucred peer;
        Peer *p;
        int fd, r;

        (void) source, (void) listen_fd, (void) events;
        fd = listener_accept(&b->listener);
        if (fd < 0)
                return 0;
        if (get_peer(b->manager, fd, &peer) < 0 || !has_room(b, peer.uid) || !(p = calloc(1, sizeof(*p)))) {
                close_fd(fd);
                return 0;
        }
        *p = (Peer) { .manager = b->manager, .server = b, .uid = peer.uid, .pid = peer.pid };
        LIST_INSERT_HEAD(&b->peers, p, entry);
        r = start_peer(b, p, fd);
        if (r < 0) {
                log_warning_errno(r, "Cannot serve process %d on the bus socket: %m", (int) p->pid);
                peer_free(p);
        }
        return 0;
}

static void announce(BusServer *b, const char *signal, const Cell *c, const Session *s) {
        _cleanup_(freep) char *path = s ? bus_object_path(BUS_OBJECT_SESSION, s->id) : bus_object_path(BUS_OBJECT_CELL, c->id);
        Peer *p, *next;

        if (!path)
                return;
        for (p = LIST_FIRST(&b->peers); p; p = next) {
                next = LIST_NEXT(p, entry);
                if (p->heard && !drop_if_deaf(p) && (s ? session_bus_may_see(p, s) : cell_bus_may_see(p, c)))
                        (void) sd_bus_emit_signal(p->bus, BUS_PATH, BUS_MANAGER_INTERFACE, signal, "so",
                                                  s ? s->id : c->id, path);
        }
        system_bus_announce(b->system, s ? s->uid : c->uid, signal, "so", s ? s->id : c->id, path);
}

/* Signals go to everybody who may see their subject and has made a call before: libsystemd's clients of a broker give up
 * when something comes before the reply to Hello(). */
static void on_notice(const Notice *n, void *userdata) {
        static const char *const signals[] = {
                [NOTICE_CELL_LIVE] = "CellNew",
                [NOTICE_CELL_GONE] = "CellRemoved",
                [NOTICE_SESSION_LIVE] = "SessionNew",
                [NOTICE_SESSION_REMOVED] = "SessionRemoved",
        };

        if ((size_t) n->kind < ELEMENTSOF(signals) && signals[n->kind])
                announce(userdata, signals[n->kind], n->cell, n->session);
}

int bus_server_new(Manager *m, int fd, BusServer **ret) {
        BusServer *b = calloc(1, sizeof(*b));
        int r;

        if (!b)
                return -ENOMEM;
        b->manager = m;
        LIST_INIT(&b->peers);
        r = sd_id128_randomize(&b->id);
        if (r >= 0) /* logins go first */
                r = listener_open(&b->listener, m->event, fd, SD_EVENT_PRIORITY_NORMAL + 10, on_listening, b);
        if (r < 0) {
                free(b);
                return r;
        }
        r = system_bus_new(m, b, &b->system);
        if (r < 0)
                log_warning_errno(r, "The objects are not going to be on the system bus: %m");
        notices_subscribe(&m->notices, NOTICE_BEFORE, on_notice, b);
        jobs_set_make_room(m->jobs, make_room, b);
        *ret = b;
        return 0;
}

int bus_server_replace(BusServer *b, int fd) {
        return listener_replace(&b->listener, fd);
}

BusServer *bus_server_free(BusServer *b) {
        UserCalls *calls, *next;
        Peer *p;

        if (!b)
                return NULL;
        notices_unsubscribe(&b->manager->notices, b);
        jobs_set_make_room(b->manager->jobs, NULL, NULL);
        system_bus_free(b->system);
        HASH_ITER(hh, b->calls, calls, next) {
                HASH_DEL(b->calls, calls);
                free(calls);
        }
        while ((p = LIST_FIRST(&b->peers)))
                peer_free(p);
        listener_close(&b->listener);
        free(b);
        return NULL;
}

/* --- signals ----------------------------------------------------------------------------- */

void bus_server_announce_denied(BusServer *b, uid_t uid, const char *user, const char *service,
                                const char *message) {
        _cleanup_(freep) char *user_text = escape_text(user), *service_text = escape_text(service);
        _cleanup_(freep) char *text = escape_text(message);
        Peer *p, *next;

        if (!b || !user_text || !service_text || !text)
                return;
        for (p = LIST_FIRST(&b->peers); p; p = next) {
                next = LIST_NEXT(p, entry);
                if (p->heard && !drop_if_deaf(p) && access_may_see(p->uid, uid))
                        (void) sd_bus_emit_signal(p->bus, BUS_PATH, BUS_MANAGER_INTERFACE, "Denied", "usss",
                                                  (uint32_t) uid, user_text, service_text, text);
        }
        system_bus_announce(b->system, uid, "Denied", "usss", (uint32_t) uid, user_text, service_text, text);
}

/* --- methods that take a job ------------------------------------------------------------- */

int bus_server_begin_call(const Peer *p) {
        BusServer *b = p->server;
        UserCalls *calls;

        HASH_FIND(hh, b->calls, &p->uid, sizeof(p->uid), calls);
        if (!calls) {
                calls = calloc(1, sizeof(*calls));
                if (!calls)
                        return -ENOMEM;
                calls->uid = p->uid;
                HASH_ADD(hh, b->calls, uid, sizeof(calls->uid), calls);
                if (!hash_has(calls)) {
                        free(calls);
                        return -ENOMEM;
                }
        }
        if (calls->n >= CALLS_OF_USER_MAX && p->uid != 0)
                return -EBUSY;
        calls->n++;
        return 0;
}

void bus_server_end_call(BusServer *b, uid_t uid) {
        UserCalls *calls;

        HASH_FIND(hh, b->calls, &uid, sizeof(uid), calls);
        if (!calls || --calls->n > 0)
                return;
        HASH_DEL(b->calls, calls);
        free(calls);
}

static BusCall *bus_call_free(BusCall *call) {
        bus_server_end_call(call->manager->bus, call->uid);
        sd_bus_message_unref(call->message);
        free(call);
        return NULL;
}

static void on_call_done(const JobReport *report, const char *text, void *userdata) {
        BusCall *call = userdata;
        int r;

        call->text = text;
        if (report->error == -ESTALE)
                r = sd_bus_reply_method_errorf(call->message, BUS_ERROR_NO_SUCH_CELL, "Cell %s has ended", call->cell);
        else if (report->error < 0)
                r = sd_bus_reply_method_errnof(call->message, report->error, "%s: %s", report->what,
                                               strerror(-report->error));
        else if (call->reply)
                r = call->reply(call->message, report, call);
        else
                r = sd_bus_reply_method_return(call->message, NULL);
        if (r < 0)
                log_debug_errno(r, "Cannot answer a call on the bus: %m");
        bus_call_free(call);
}

static int bus_call_new(Peer *p, sd_bus_message *message, const Cell *c, const BusCall *template, BusCall **ret) {
        BusCall *call;
        int r;

        r = bus_server_begin_call(p);
        if (r < 0)
                return r;
        call = malloc(sizeof(*call));
        if (!call) {
                bus_server_end_call(p->server, p->uid);
                return -ENOMEM;
        }
        *call = *template;
        call->uid = p->uid;
        call->manager = p->manager;
        call->message = sd_bus_message_ref(message);
        (void) strcpy(call->cell, c->id);
        *ret = call;
        return 0;
}

/* The cell may have ended while the job waited for its turn. */
static void run_call(void *userdata, JobReport *report, JobText *text) {
        const BusCall *call = userdata;

        if (table_find_cell(&call->manager->table, call->cell))
                call->run(userdata, report, text);
        else
                report->error = -ESTALE;
}

int bus_call_start(Peer *p, sd_bus_message *message, const Cell *c, job_run_t run, const BusCall *template) {
        JobSpec spec = {
                .name = "look at a cell",
                .uid = c->uid,
                .timeout_usec = CALL_TIMEOUT_USEC,
                .run = run_call,
                .done = on_call_done,
        };
        BusCall *call;
        int r;

        r = bus_call_new(p, message, c, template, &call);
        if (r < 0)
                return r;
        call->run = run;
        spec.userdata = call;
        r = job_start(p->manager->jobs, &spec, NULL);
        if (r < 0) {
                bus_call_free(call);
                return r;
        }
        return 1;
}

int bus_call_adjust(Peer *p, sd_bus_message *message, Cell *c, AdjustKind kind, char *const *assignments) {
        BusCall *call;
        int r;

        r = bus_call_new(p, message, c, &(BusCall) {}, &call);
        if (r < 0)
                return r;
        r = adjust_start(p->manager->adjusts, c, kind, assignments, on_call_done, call);
        if (r == -ESTALE) {
                on_call_done(&(JobReport) { .error = r }, "", call);
                return 1;
        }
        if (r < 0) {
                bus_call_free(call);
                return r;
        }
        return 1;
}
