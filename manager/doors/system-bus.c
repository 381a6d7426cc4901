/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One connection serves all callers. A filter runs before the objects do, and makes the connection's Peer
 * that of the caller. Where it does not know yet who that is, or what polkit says, it parks the message,
 * asks, and has the bus deliver the same message again when the answer is there. What polkit allows is done
 * as root would do it; what it does not allow is answered as it was without polkit: a cell of somebody else
 * is then not there.
 *
 * Names of connections (":1.42") are never given twice while a bus runs, so what is known of one stays
 * true; it is dropped for room alone. */

#include "manager/doors/system-bus.h"

#include <string.h>

#include "base/log.h"
#include "bus/contract.h"
#include "manager/cells/table.h"
#include "manager/doors/access.h"
#include "manager/doors/bus-object.h"
#include "manager/doors/credentials.h"

#define RETRY_USEC (1 * USEC_PER_SEC)
#define REFUSED_USEC (10 * USEC_PER_SEC)
#define CREDENTIALS_TIMEOUT_USEC (10 * USEC_PER_SEC)
#define POLKIT_TIMEOUT_USEC (120 * USEC_PER_SEC) /* somebody types a password */
#define CALLERS_MAX 512
#define CALLERS_OF_USER_MAX 64
#define PARKED_MAX 256
#define PARKED_OF_CALLER_MAX 8
#define PARKED_OF_USER_MAX 16
#define UNREAD_MAX 8192

typedef struct Caller {
        UT_hash_handle hh; /* by name; iteration goes from the oldest */
        SystemBus *system;
        char *name;
        bool known;
        uid_t uid;     /* as access.h counts; valid when known */
        bool may_ask;  /* polkit, that is */
        sd_bus_slot *slot;
        unsigned n_parked;
} Caller;

typedef enum ParkedState {
        PARKED_FOR_CREDENTIALS, /* next: delivered again, and freed */
        PARKED_FOR_POLKIT,      /* next: allowed, refused */
        PARKED_ALLOWED,         /* is being delivered again, and freed when it comes by */
        PARKED_REFUSED,         /* the same */
} ParkedState;

typedef struct Parked {
        TAILQ_ENTRY(Parked) entry;
        Caller *caller;
        ParkedState state;
        sd_bus_message *message;
        sd_bus_slot *slot;
} Parked;

struct SystemBus {
        Manager *manager;
        Peer peer;
        sd_event_source *retry_source;
        Caller *callers;
        TAILQ_HEAD(, Parked) parked;
        unsigned n_parked;
        bool warned; /* that the name is refused */
};

/* What access.h leaves to root, and with `not_own` what users may do to their own things. */
static const struct {
        const char *interface, *member, *action;
        bool not_own;
} admin_methods[] = {
        { BUS_MANAGER_INTERFACE, "Reload", BUS_ACTION_MANAGE_POLICIES, false },
        { BUS_CELL_INTERFACE, "SetProperties", BUS_ACTION_MANAGE_POLICIES, false },
        { BUS_CELL_INTERFACE, "Freeze", BUS_ACTION_MANAGE_CELLS, false },
        { BUS_CELL_INTERFACE, "Thaw", BUS_ACTION_MANAGE_CELLS, false },
        { BUS_CELL_INTERFACE, "Kill", BUS_ACTION_MANAGE_CELLS, true },
        { BUS_CELL_INTERFACE, "Terminate", BUS_ACTION_MANAGE_CELLS, true },
        { BUS_SESSION_INTERFACE, "Terminate", BUS_ACTION_MANAGE_CELLS, true },
};

static int schedule_connect(SystemBus *s, uint64_t usec);

/* --- tables ------------------------------------------------------------------------------ */

static void parked_free(Parked *p) {
        SystemBus *s = p->caller->system;

        TAILQ_REMOVE(&s->parked, p, entry);
        s->n_parked--;
        p->caller->n_parked--;
        sd_bus_slot_unref(p->slot);
        sd_bus_message_unref(p->message);
        free(p);
}

static void caller_free(Caller *c) {
        SystemBus *s = c->system;
        Parked *p, *next;

        for (p = TAILQ_FIRST(&s->parked); p; p = next) {
                next = TAILQ_NEXT(p, entry);
                if (p->caller == c)
                        parked_free(p);
        }
        HASH_DEL(s->callers, c);
        sd_bus_slot_unref(c->slot);
        free(c->name);
        free(c);
}

/* Forgets the oldest of a user (UID_INVALID: of all) when there are too many. */
static void make_room(SystemBus *s, uid_t uid, unsigned max) {
        Caller *c, *next, *oldest = NULL;
        unsigned n = 0;

        HASH_ITER(hh, s->callers, c, next)
                if (uid == UID_INVALID || (c->known && c->uid == uid)) {
                        n++;
                        if (!oldest && c->n_parked == 0)
                                oldest = c;
                }
        if (n >= max && oldest)
                caller_free(oldest);
}

static Caller *find_caller(SystemBus *s, const char *name) {
        Caller *c;

        HASH_FIND_STR(s->callers, name, c);
        if (c)
                return c;
        make_room(s, UID_INVALID, CALLERS_MAX);
        c = calloc(1, sizeof(*c));
        if (!c)
                return NULL;
        *c = (Caller) { .system = s, .name = strdup(name), .uid = UID_INVALID };
        if (!c->name) {
                free(c);
                return NULL;
        }
        HASH_ADD_KEYPTR(hh, s->callers, c->name, strlen(c->name), c);
        if (!hash_has(c)) {
                free(c->name);
                free(c);
                return NULL;
        }
        return c;
}

static unsigned count_parked(const SystemBus *s, uid_t uid) {
        unsigned n = 0;
        const Parked *p;

        TAILQ_FOREACH(p, &s->parked, entry)
                n += p->caller->known && p->caller->uid == uid;
        return n;
}

static int park(Caller *c, sd_bus_message *m, ParkedState state, Parked **ret) {
        SystemBus *s = c->system;
        Parked *p;

        if (s->n_parked >= PARKED_MAX || c->n_parked >= PARKED_OF_CALLER_MAX ||
            (c->known && count_parked(s, c->uid) >= PARKED_OF_USER_MAX))
                return -EBUSY;
        p = calloc(1, sizeof(*p));
        if (!p)
                return -ENOMEM;
        *p = (Parked) { .caller = c, .state = state, .message = sd_bus_message_ref(m) };
        TAILQ_INSERT_TAIL(&s->parked, p, entry);
        s->n_parked++;
        c->n_parked++;
        *ret = p;
        return 0;
}

static void deliver_again(Parked *p) {
        int r = sd_bus_enqueue_for_read(p->caller->system->peer.bus, p->message);

        if (r < 0) {
                (void) sd_bus_reply_method_errno(p->message, r, NULL); /* the bus drops it otherwise */
                parked_free(p);
        }
}

/* --- who calls --------------------------------------------------------------------------- */

static int on_credentials(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        Caller *c = userdata;
        SystemBus *s = c->system;
        _cleanup_(credentials_done) Credentials credentials = CREDENTIALS_INIT;
        Parked *p, *next;

        (void) error;
        c->slot = sd_bus_slot_unref(c->slot);
        if (sd_bus_message_is_method_error(reply, NULL) || credentials_read(&credentials, reply) < 0) {
                log_debug("Cannot tell who %s on the system bus is, refusing its calls", c->name);
                TAILQ_FOREACH(p, &s->parked, entry)
                        if (p->caller == c)
                                (void) sd_bus_reply_method_errorf(p->message, SD_BUS_ERROR_ACCESS_DENIED,
                                                                  "The bus does not say who you are");
                caller_free(c);
                return 1;
        }
        c->uid = credentials_judge(&credentials, s->manager, &c->may_ask);
        if (c->uid != UID_INVALID)
                make_room(s, c->uid, CALLERS_OF_USER_MAX);
        c->known = true;
        for (p = TAILQ_FIRST(&s->parked); p; p = next) {
                next = TAILQ_NEXT(p, entry);
                if (p->caller != c)
                        continue;
                deliver_again(p);
                parked_free(p);
        }
        return 1;
}

static int ask_who(Caller *c) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        sd_bus *bus = c->system->peer.bus;
        int r;

        r = sd_bus_message_new_method_call(bus, &m, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                           "org.freedesktop.DBus", "GetConnectionCredentials");
        if (r >= 0)
                r = sd_bus_message_append(m, "s", c->name);
        if (r >= 0)
                r = sd_bus_call_async(bus, &c->slot, m, on_credentials, c, CREDENTIALS_TIMEOUT_USEC);
        return r;
}

static int on_name_lost(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        SystemBus *s = userdata;
        const char *name;
        Caller *c;

        (void) error;
        if (sd_bus_message_read(m, "s", &name) < 0)
                return 0;
        HASH_FIND_STR(s->callers, name, c);
        if (c)
                caller_free(c);
        return 0;
}

/* --- polkit ------------------------------------------------------------------------------ */

static bool is_own(SystemBus *s, uid_t uid, const char *path) {
        _cleanup_(freep) char *cell_id = NULL, *session_id = NULL;
        Session *session;
        Cell *cell;

        if (sd_bus_path_decode(path, BUS_CELL_PATH, &cell_id) > 0) {
                cell = table_find_cell(&s->manager->table, cell_id);
                return cell && access_may_stop(uid, cell->uid);
        }
        if (sd_bus_path_decode(path, BUS_SESSION_PATH, &session_id) > 0) {
                session = table_find_session(&s->manager->table, session_id);
                return session && access_may_stop(uid, session->uid);
        }
        return false;
}

/* The action that the caller needs to be allowed; NULL: none. */
static const char *action_of(const Caller *c, sd_bus_message *m) {
        if (access_may_administer(c->uid) || !c->may_ask)
                return NULL;
        for (size_t i = 0; i < ELEMENTSOF(admin_methods); i++)
                if (sd_bus_message_is_method_call(m, admin_methods[i].interface, admin_methods[i].member))
                        return admin_methods[i].not_own && is_own(c->system, c->uid, sd_bus_message_get_path(m)) ?
                                       NULL : admin_methods[i].action;
        return NULL;
}

static int on_authorization(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        Parked *p = userdata;
        int allowed = 0, challenge;

        (void) error;
        if (sd_bus_message_is_method_error(reply, NULL))
                log_debug("polkit does not say what %s may do (%s), refusing", p->caller->name,
                          sd_bus_message_get_error(reply)->name);
        else if (sd_bus_message_enter_container(reply, 'r', "bba{ss}") < 0 ||
                 sd_bus_message_read(reply, "bb", &allowed, &challenge) < 0)
                allowed = 0;
        p->state = allowed ? PARKED_ALLOWED : PARKED_REFUSED;
        deliver_again(p);
        return 1;
}

static int ask_polkit(Parked *p, const char *action) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        sd_bus *bus = p->caller->system->peer.bus;
        int r, interactive = sd_bus_message_get_allow_interactive_authorization(p->message) > 0;

        r = sd_bus_message_new_method_call(bus, &m, "org.freedesktop.PolicyKit1",
                                           "/org/freedesktop/PolicyKit1/Authority",
                                           "org.freedesktop.PolicyKit1.Authority", "CheckAuthorization");
        if (r >= 0)
                r = sd_bus_message_append(m, "(sa{sv})sa{ss}us", "system-bus-name", 1, "name", "s",
                                          p->caller->name, action, 0, (uint32_t) interactive, "");
        if (r >= 0)
                r = sd_bus_call_async(bus, &p->slot, m, on_authorization, p, POLKIT_TIMEOUT_USEC);
        return r;
}

/* --- the filter -------------------------------------------------------------------------- */

static Parked *find_answered(SystemBus *s, sd_bus_message *m) {
        Parked *p;

        TAILQ_FOREACH(p, &s->parked, entry)
                if (p->message == m && (p->state == PARKED_ALLOWED || p->state == PARKED_REFUSED))
                        return p;
        return NULL;
}

/* Returns 1 if the message is parked, 0 if the peer is set. */
static int identify(SystemBus *s, sd_bus_message *m) {
        const char *name = sd_bus_message_get_sender(m), *action;
        Parked *p = find_answered(s, m);
        Caller *c;
        int r;

        if (p) {
                s->peer.uid = p->state == PARKED_ALLOWED ? 0 : p->caller->uid;
                parked_free(p);
                return 0;
        }
        c = name ? find_caller(s, name) : NULL;
        if (!c)
                return -ENOMEM;
        action = c->known ? action_of(c, m) : NULL;
        if (c->known && !action) {
                s->peer.uid = c->uid;
                return 0;
        }
        r = park(c, m, action ? PARKED_FOR_POLKIT : PARKED_FOR_CREDENTIALS, &p);
        if (r < 0)
                return r;
        r = action ? ask_polkit(p, action) : c->slot ? 0 : ask_who(c);
        if (r < 0) {
                parked_free(p);
                return r;
        }
        return 1;
}

static int on_message(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        SystemBus *s = userdata;
        int r;

        s->peer.uid = UID_INVALID;
        if (!sd_bus_message_is_method_call(m, NULL, NULL))
                return 0;
        r = identify(s, m);
        if (r == -EBUSY)
                return sd_bus_error_set(error, SD_BUS_ERROR_LIMITS_EXCEEDED, "Too many of your calls wait already");
        return r;
}

/* --- connection -------------------------------------------------------------------------- */

static void disconnect(SystemBus *s) {
        Caller *c, *next;

        HASH_ITER(hh, s->callers, c, next)
                caller_free(c);
        s->peer.bus = peer_close_bus(s->peer.bus);
}

static int on_connected(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        (void) m, (void) userdata, (void) error;
        log_debug("Connected to the system bus");
        return 0;
}

static int on_disconnected(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        SystemBus *s = userdata;

        (void) m, (void) error;
        log_debug("The system bus has gone, waiting for it");
        disconnect(s);
        (void) schedule_connect(s, RETRY_USEC); /* logs what is wrong */
        return 0;
}

static int on_name(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        SystemBus *s = userdata;
        const sd_bus_error *e = sd_bus_message_get_error(m);

        (void) error;
        if (!e)
                return 0;
        log_full(s->warned ? LOG_DEBUG : LOG_WARNING, "The system bus does not give us the name %s (%s), trying "
                 "again: is org.confine1.conf where it reads its policy?", BUS_NAME, e->message ?: e->name);
        s->warned = true;
        disconnect(s);
        (void) schedule_connect(s, REFUSED_USEC); /* logs what is wrong */
        return 0;
}

static int set_up(SystemBus *s, sd_bus *bus) {
        const char *address = getenv("DBUS_SYSTEM_BUS_ADDRESS");
        int r;

        r = sd_bus_set_address(bus, address ?: "unix:path=/run/dbus/system_bus_socket");
        if (r >= 0)
                r = sd_bus_set_bus_client(bus, true);
        if (r >= 0)
                r = sd_bus_set_trusted(bus, false);
        if (r >= 0) /* waits, by inotify, for the socket to appear */
                r = sd_bus_set_watch_bind(bus, true);
        if (r >= 0)
                r = sd_bus_set_connected_signal(bus, true);
        if (r >= 0)
                r = sd_bus_match_signal_async(bus, NULL, "org.freedesktop.DBus.Local", "/org/freedesktop/DBus/Local",
                                              "org.freedesktop.DBus.Local", "Connected", on_connected, NULL, s);
        if (r >= 0)
                r = sd_bus_match_signal_async(bus, NULL, "org.freedesktop.DBus.Local", "/org/freedesktop/DBus/Local",
                                              "org.freedesktop.DBus.Local", "Disconnected", on_disconnected,
                                              NULL, s);
        if (r >= 0)
                r = sd_bus_add_filter(bus, NULL, on_message, s);
        if (r >= 0)
                r = peer_attach_objects(&s->peer);
        if (r >= 0)
                r = sd_bus_start(bus);
        if (r >= 0)
                r = sd_bus_add_match_async(bus, NULL, "type='signal',sender='org.freedesktop.DBus',"
                                           "interface='org.freedesktop.DBus',member='NameOwnerChanged',arg2=''",
                                           on_name_lost, NULL, s);
        if (r >= 0) /* another manager has it: when that ends it is ours */
                r = sd_bus_request_name_async(bus, NULL, BUS_NAME, SD_BUS_NAME_QUEUE, on_name, s);
        if (r >= 0)
                r = sd_bus_attach_event(bus, s->manager->event, SD_EVENT_PRIORITY_NORMAL + 10);
        return r;
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata) {
        SystemBus *s = userdata;
        int r;

        (void) source, (void) usec;
        s->retry_source = sd_event_source_disable_unref(s->retry_source);
        r = sd_bus_new(&s->peer.bus);
        if (r >= 0)
                r = set_up(s, s->peer.bus);
        if (r < 0) {
                log_debug_errno(r, "Cannot connect to the system bus, trying again: %m");
                disconnect(s);
                (void) schedule_connect(s, RETRY_USEC); /* logs what is wrong */
        }
        return 0;
}

static int schedule_connect(SystemBus *s, uint64_t usec) {
        int r;

        if (s->retry_source)
                return 0;
        r = sd_event_add_time_relative(s->manager->event, &s->retry_source, CLOCK_MONOTONIC, usec, 0, on_retry, s);
        return r < 0 ? log_warning_errno(r, "Cannot connect to the system bus: %m") : 0;
}

int system_bus_new(Manager *m, BusServer *server, SystemBus **ret) {
        SystemBus *s = calloc(1, sizeof(*s));
        int r;

        if (!s)
                return -ENOMEM;
        s->manager = m;
        s->peer = (Peer) { .manager = m, .server = server, .uid = UID_INVALID };
        TAILQ_INIT(&s->parked);
        r = schedule_connect(s, 0);
        if (r < 0) {
                free(s);
                return r;
        }
        *ret = s;
        return 0;
}

SystemBus *system_bus_free(SystemBus *s) {
        if (!s)
                return NULL;
        disconnect(s);
        sd_event_source_disable_unref(s->retry_source);
        free(s);
        return NULL;
}

/* --- signals ----------------------------------------------------------------------------- */

static int send_signal(sd_bus *bus, const char *name, const char *member, const char *types, va_list ap) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r;

        r = sd_bus_message_new_signal(bus, &m, BUS_PATH, BUS_MANAGER_INTERFACE, member);
        if (r >= 0)
                r = sd_bus_message_set_destination(m, name);
        if (r >= 0)
                r = sd_bus_message_appendv(m, types, ap);
        return r < 0 ? r : sd_bus_send(bus, m, NULL);
}

void system_bus_announce(SystemBus *s, uid_t owner, const char *member, const char *types, ...) {
        Caller *c, *next;
        uint64_t n;

        if (!s || !s->peer.bus)
                return;
        if (sd_bus_get_n_queued_write(s->peer.bus, &n) >= 0 && n > UNREAD_MAX) {
                log_warning("The system bus does not read, dropping the connection");
                disconnect(s);
                (void) schedule_connect(s, RETRY_USEC); /* logs what is wrong */
                return;
        }
        HASH_ITER(hh, s->callers, c, next) {
                va_list ap;

                if (!c->known || !access_may_see(c->uid, owner))
                        continue;
                va_start(ap, types);
                (void) send_signal(s->peer.bus, c->name, member, types, ap);
                va_end(ap);
        }
}
