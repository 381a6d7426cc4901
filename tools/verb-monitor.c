/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>
#include <string.h>
#include <systemd/sd-event.h>
#include <time.h>

#include "base/parse.h"
#include "bus/contract.h"
#include "tools/text.h"
#include "tools/tool.h"
#include "tools/value.h"

static const struct {
        const char *signal;
        const char *keys[4]; /* of the signal's arguments, in their order */
} events[] = {
        { "CellNew", { "Cell", "Path" } },
        { "CellRemoved", { "Cell", "Path" } },
        { "SessionNew", { "Session", "Path" } },
        { "SessionRemoved", { "Session", "Path" } },
        { "Denied", { "UID", "User", "Service", "Message" } },
};

typedef struct Monitor {
        Tool *tool;
        sd_event *event; /* kept here, because sd-bus detaches from it when the connection ends */
} Monitor;

static json_t *read_event(sd_bus_message *m) {
        _cleanup_(json_decrefp) json_t *object = NULL;
        const char *member = sd_bus_message_get_member(m);
        struct timespec now;

        (void) clock_gettime(CLOCK_REALTIME, &now);
        object = json_pack("{s:I, s:s}", "Time",
                           (json_int_t) now.tv_sec * (json_int_t) USEC_PER_SEC + now.tv_nsec / 1000, "Event",
                           member);
        for (size_t i = 0; i < ELEMENTSOF(events); i++) {
                if (strcmp(events[i].signal, member) != 0)
                        continue;
                for (size_t k = 0; k < ELEMENTSOF(events[i].keys) && events[i].keys[k]; k++) {
                        json_t *value = NULL;

                        if (value_read(m, &value) < 0 || json_object_set_new(object, events[i].keys[k], value) < 0)
                                return NULL;
                }
                return TAKE_PTR(object);
        }
        return NULL; /* a signal of a later version */
}

static int print_event(Tool *t, const json_t *event) {
        char when[TEXT_NUMBER_MAX];
        json_t *value;
        const char *key;

        if (t->options->json != JSON_MODE_OFF)
                return tool_print_json(t, event);
        fprintf(t->out, "%s  %-14s",
                text_time((uint64_t) json_integer_value(json_object_get(event, "Time")), when),
                json_string_value(json_object_get(event, "Event")));
        json_object_foreach((json_t *) event, key, value) {
                _cleanup_(freep) char *text = table_format_value(value, TABLE_COUNT);

                if (strcmp(key, "Time") != 0 && strcmp(key, "Event") != 0 && strcmp(key, "Path") != 0)
                        fprintf(t->out, "  %s", text ?: "");
        }
        fputc('\n', t->out);
        return 0;
}

static int on_signal(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(json_decrefp) json_t *event = read_event(m);
        Monitor *monitor = userdata;

        (void) error;
        if (event && (print_event(monitor->tool, event) != 0 || fflush(monitor->tool->out) != 0))
                return sd_event_exit(monitor->event, EXIT_FAILED);
        return 0;
}

static int on_disconnected(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Monitor *monitor = userdata;

        (void) m, (void) error;
        return sd_event_exit(monitor->event, tool_fail_call(monitor->tool, NULL, -ECONNRESET));
}

static int watch(Monitor *monitor) {
        sd_bus *bus = monitor->tool->bus;
        sigset_t set;
        int r;

        (void) sigemptyset(&set);
        (void) sigaddset(&set, SIGINT);
        (void) sigaddset(&set, SIGTERM);
        (void) sigprocmask(SIG_BLOCK, &set, NULL);
        r = sd_event_add_signal(monitor->event, NULL, SIGINT, NULL, NULL);
        if (r >= 0)
                r = sd_event_add_signal(monitor->event, NULL, SIGTERM, NULL, NULL);
        if (r >= 0)
                r = sd_bus_match_signal(bus, NULL, NULL, BUS_PATH, BUS_MANAGER_INTERFACE, NULL, on_signal,
                                        monitor);
        if (r >= 0)
                r = sd_bus_match_signal(bus, NULL, NULL, NULL, "org.freedesktop.DBus.Local", "Disconnected",
                                        on_disconnected, monitor);
        if (r >= 0)
                r = sd_bus_attach_event(bus, monitor->event, 0);
        if (r >= 0) /* the manager sends signals only to clients that have made a call */
                r = sd_bus_call_method_async(bus, NULL, NULL, BUS_PATH, "org.freedesktop.DBus.Peer", "Ping", NULL,
                                             NULL, NULL);
        return r;
}

int verb_monitor(Tool *t) {
        _cleanup_(sd_event_unrefp) sd_event *event = NULL;
        Monitor monitor = { .tool = t };
        int r;

        r = tool_connect(t);
        if (r != 0)
                return r;
        r = sd_event_new(&event);
        monitor.event = event;
        if (r >= 0)
                r = watch(&monitor);
        if (r < 0)
                return tool_fail(r, "Cannot watch the manager");
        if (!t->options->quiet && t->options->json == JSON_MODE_OFF)
                fprintf(stderr, "Waiting for events. Press ^C to stop.\n");
        r = sd_event_loop(event);
        (void) sd_bus_detach_event(t->bus);
        return r < 0 ? tool_fail(r, "Cannot watch the manager") : r;
}
