/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* systemd writes a drop-in for each property that is set, below /run/systemd/transient for transient units,
 * where they go with the unit, and below /run/systemd/system.control for others, where they stay. What
 * is in the latter is recorded: a file for each such unit, with a line for each property that was set
 * and the value that it had. */

#include "cgroups/unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/memstream.h"
#include "policies/policy-keys.h"

#define MANAGER "org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager"
#define CONTROL_DIR "/run/systemd/system.control"
#define RECORD_MAX 65536

/* --- numbers ----------------------------------------------------------------------------- */

typedef struct Row {
        size_t offset;
        const char *property; /* on D-Bus, and in the record; NULL: the key's name */
        uint64_t scale;       /* 0: on D-Bus it is the same number */
} Row;

static const Row rows[] = {
        { offsetof(Resources, cpu_quota_period_usec), "CPUQuotaPeriodUSec" },
        { offsetof(Resources, cpu_quota_permille), "CPUQuotaPerSecUSec", 1000 },
        { offsetof(Resources, cpu_weight) },
        { offsetof(Resources, io_weight) },
        { offsetof(Resources, memory_min_bytes) },
        { offsetof(Resources, memory_low_bytes) },
        { offsetof(Resources, memory_high_bytes) },
        { offsetof(Resources, memory_max_bytes) },
        { offsetof(Resources, memory_swap_max_bytes) },
        { offsetof(Resources, tasks_max) },
};

static const char *property_of(const Row *row) {
        return row->property ?: policy_resource_name(row->offset);
}

/* `r` NULL: unset, which is the same on D-Bus. */
static uint64_t get_number(const Resources *r, const Row *row) {
        return *(const uint64_t *) ((const char *) (r ?: &policy_defaults()->cell) + row->offset);
}

static bool is_set(const Resources *r, const Row *row) {
        return get_number(r, row) != get_number(NULL, row);
}

static uint64_t to_bus(const Row *row, uint64_t value, uint64_t tasks_extra) {
        if (value == LIMIT_NONE)
                return value;
        value *= row->scale ?: 1;
        return row->offset == offsetof(Resources, tasks_max) ? value + tasks_extra : value;
}

/* --- lists ------------------------------------------------------------------------------- */

static int append_cpus(sd_bus_message *m, const char *property, const char *list) {
        uint8_t bits[1024] = {};
        size_t n = 0;
        int r;

        while (list && *list) {
                unsigned first, last;
                int length = 0;

                if (sscanf(list, "%u%n", &first, &length) != 1)
                        return -EINVAL;
                list += length;
                last = first;
                if (*list == '-' && sscanf(list, "-%u%n", &last, &length) == 1)
                        list += length;
                if (last >= sizeof(bits) * 8)
                        return -ERANGE;
                for (unsigned i = first; i <= last; i++)
                        bits[i / 8] |= (uint8_t) (1U << i % 8);
                n = MAX(n, last / 8 + 1);
                list += strspn(list, ", ");
        }
        r = sd_bus_message_open_container(m, 'r', "sv");
        if (r >= 0)
                r = sd_bus_message_append(m, "s", property);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'v', "ay");
        if (r >= 0)
                r = sd_bus_message_append_array(m, 'y', bits, n);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

/* An empty array forgets what was there; every other one adds. */
static int append_io(sd_bus_message *m, const char *property, const Resources *limits, size_t offset) {
        int r;

        r = sd_bus_message_append(m, "(sv)", property, "a(st)", 0);
        for (size_t i = 0; limits && i < limits->n_io_limits && r >= 0; i++) {
                const IoLimit *l = &limits->io_limits[i];
                uint64_t value = *(const uint64_t *) ((const char *) l + offset);

                if (value != LIMIT_NONE)
                        r = sd_bus_message_append(m, "(sv)", property, "a(st)", 1, l->path, value);
        }
        return r;
}

static int append_devices(sd_bus_message *m, const Resources *limits) {
        const char *allow = policy_resource_name(offsetof(Resources, device_allow));
        int r;

        r = sd_bus_message_append(m, "(sv)(sv)", policy_resource_name(offsetof(Resources, device_policy)), "s",
                                  device_policy_to_string(limits ? limits->device_policy : DEVICE_POLICY_AUTO),
                                  allow, "a(ss)", 0);
        for (size_t i = 0; limits && i < limits->n_device_allow && r >= 0; i++) {
                const DeviceAllow *d = &limits->device_allow[i];
                char access[4];

                (void) snprintf(access, sizeof(access), "%s%s%s", d->read ? "r" : "", d->write ? "w" : "",
                                d->mknod ? "m" : "");
                r = sd_bus_message_append(m, "(sv)", allow, "a(ss)", 1, d->node, access);
        }
        return r;
}

/* Groups of properties that are set as a whole; each property has a drop-in. */
enum { LIST_CPUS, LIST_NODES, LIST_IO, LIST_DEVICES, _LIST_MAX };

static const struct {
        const char *name; /* in the record; NULL: that of the first key */
        size_t fields[2], amounts[4]; /* of Resources, and of IoLimit; 0: no more */
} lists[_LIST_MAX] = {
        [LIST_CPUS] = { .fields = { offsetof(Resources, allowed_cpus) } },
        [LIST_NODES] = { .fields = { offsetof(Resources, allowed_memory_nodes) } },
        [LIST_IO] = { "IOLimits", .amounts = { offsetof(IoLimit, read_bandwidth_bytes), offsetof(IoLimit, write_bandwidth_bytes),
                                               offsetof(IoLimit, read_iops), offsetof(IoLimit, write_iops) } },
        [LIST_DEVICES] = { "Devices", { offsetof(Resources, device_policy), offsetof(Resources, device_allow) } },
};

static const char *list_name(int list) {
        return lists[list].name ?: policy_resource_name(lists[list].fields[0]);
}

static bool has_list(const Resources *r, int list) {
        if (!r)
                return false;
        switch (list) {
        case LIST_CPUS:
                return r->allowed_cpus;
        case LIST_NODES:
                return r->allowed_memory_nodes;
        case LIST_IO:
                return r->n_io_limits > 0;
        default:
                return r->device_policy != DEVICE_POLICY_AUTO || r->n_device_allow > 0;
        }
}

static int append_list(sd_bus_message *m, const Resources *limits, int list) {
        int r = 0;

        switch (list) {
        case LIST_CPUS:
                return append_cpus(m, list_name(list), limits ? limits->allowed_cpus : NULL);
        case LIST_NODES:
                return append_cpus(m, list_name(list), limits ? limits->allowed_memory_nodes : NULL);
        case LIST_IO:
                for (size_t i = 0; i < ELEMENTSOF(lists[list].amounts) && r >= 0; i++)
                        r = append_io(m, policy_io_limit_name(lists[list].amounts[i]), limits, lists[list].amounts[i]);
                return r;
        default:
                return append_devices(m, limits);
        }
}

/* --- calls ------------------------------------------------------------------------------- */

static int say(char what[static UNIT_WHAT_MAX], int error, const char *unit, const sd_bus_error *e) {
        (void) snprintf(what, UNIT_WHAT_MAX, "systemd refused it for %s (%s)", unit,
                        e && e->message ? e->message : strerror(-error));
        return error < 0 ? error : -EIO;
}

int unit_bus_open(sd_bus **ret, char what[static UNIT_WHAT_MAX]) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        int r;

        r = sd_bus_open_system(&bus);
        if (r >= 0)
                r = sd_bus_set_method_call_timeout(bus, UNIT_TIMEOUT_USEC);
        if (r < 0) {
                (void) snprintf(what, UNIT_WHAT_MAX, "systemd can't be reached over the system bus");
                return r;
        }
        *ret = TAKE_PTR(bus);
        return 0;
}

static uint64_t now_usec(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_MONOTONIC, &ts);
        return (uint64_t) ts.tv_sec * 1000000 + (uint64_t) ts.tv_nsec / 1000;
}

typedef struct JobWait {
        const char *path;
        char result[32]; /* "": not done yet */
        char ended[16][128], results[16][32]; /* that ended before the path was known */
        unsigned n_ended;
} JobWait;

static int on_job_removed(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        JobWait *w = userdata;
        const char *path, *unit, *result;
        uint32_t id;

        (void) error;
        if (sd_bus_message_read(m, "uoss", &id, &path, &unit, &result) < 0)
                return 0;
        if (w->path) {
                if (strcmp(path, w->path) == 0)
                        (void) snprintf(w->result, sizeof(w->result), "%s", result);
        } else if (w->n_ended < ELEMENTSOF(w->ended)) {
                (void) snprintf(w->ended[w->n_ended], sizeof(*w->ended), "%s", path);
                (void) snprintf(w->results[w->n_ended++], sizeof(*w->results), "%s", result);
        }
        return 0;
}

/* Sends a call that starts a job, and waits for the job's end. */
static int call_and_wait(sd_bus *bus, sd_bus_message *call, const char *unit, char what[static UNIT_WHAT_MAX]) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_slot_unrefp) sd_bus_slot *slot = NULL;
        uint64_t deadline = now_usec() + UNIT_TIMEOUT_USEC, now;
        JobWait w = {};
        int r;

        /* signals of jobs come to subscribers only */
        r = sd_bus_call_method(bus, MANAGER, "Subscribe", NULL, NULL, NULL);
        if (r >= 0)
                r = sd_bus_match_signal(bus, &slot, MANAGER, "JobRemoved", on_job_removed, &w);
        if (r >= 0)
                r = sd_bus_call(bus, call, UNIT_TIMEOUT_USEC, &e, &reply);
        if (r >= 0)
                r = sd_bus_message_read(reply, "o", &w.path);
        if (r < 0)
                return say(what, r, unit, &e);
        for (unsigned i = 0; i < w.n_ended; i++)
                if (strcmp(w.ended[i], w.path) == 0)
                        (void) strcpy(w.result, w.results[i]);
        while (!*w.result) {
                r = sd_bus_process(bus, NULL);
                if (r == 0) {
                        now = now_usec();
                        r = now >= deadline ? -ETIMEDOUT : sd_bus_wait(bus, deadline - now);
                }
                if (r < 0 && r != -EINTR)
                        return say(what, r, unit, NULL);
        }
        if (strcmp(w.result, "done") == 0)
                return 0;
        (void) snprintf(what, UNIT_WHAT_MAX, "systemd's job for %s ended with \"%s\"", unit, w.result);
        return -EIO;
}

/* Units that are not there have nothing to be frozen or killed. */
static int called_on_unit(const char *unit, int r, const sd_bus_error *e, char what[static UNIT_WHAT_MAX]) {
        if (r >= 0 || sd_bus_error_has_name(e, "org.freedesktop.systemd1.NoSuchUnit") ||
            sd_bus_error_has_name(e, "org.freedesktop.systemd1.UnitInactive"))
                return 0;
        return say(what, r, unit, e);
}

int unit_freeze(sd_bus *bus, const char *unit, bool freeze, char what[static UNIT_WHAT_MAX]) {
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        int r;

        r = sd_bus_call_method(bus, MANAGER, freeze ? "FreezeUnit" : "ThawUnit", &e, NULL, "s", unit);
        return called_on_unit(unit, r, &e, what);
}

int unit_kill_scope(sd_bus *bus, const char *unit, char what[static UNIT_WHAT_MAX]) {
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        int r;

        r = sd_bus_call_method(bus, MANAGER, "KillUnit", &e, NULL, "ssi", unit, "all", 9 /* SIGKILL */);
        return called_on_unit(unit, r, &e, what);
}

/* --- scopes ------------------------------------------------------------------------------ */

/* All that `limits` sets. */
static int append_limits(sd_bus_message *m, const Resources *limits, uint64_t tasks_extra) {
        int r = 0;

        for (size_t i = 0; i < ELEMENTSOF(rows) && r >= 0; i++) {
                const Row *row = &rows[i];

                if (is_set(limits, row))
                        r = sd_bus_message_append(m, "(sv)", property_of(row), "t",
                                                  to_bus(row, get_number(limits, row), tasks_extra));
        }
        for (int i = 0; i < _LIST_MAX && r >= 0; i++)
                if (has_list(limits, i))
                        r = append_list(m, limits, i);
        return r;
}

int unit_start_scope(sd_bus *bus, const UnitScope *s, char what[static UNIT_WHAT_MAX]) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r;

        r = sd_bus_message_new_method_call(bus, &m, MANAGER, "StartTransientUnit");
        if (r >= 0)
                r = sd_bus_message_append(m, "ss", s->name, "fail");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "(sv)");
        if (r >= 0)
                r = sd_bus_message_append(m, "(sv)(sv)(sv)(sv)", "Description", "s", s->description, "Slice", "s",
                                          s->slice, "PIDs", "au", 1, (uint32_t) s->pid, "CollectMode", "s",
                                          "inactive-or-failed");
        if (r >= 0 && s->delegate)
                r = sd_bus_message_append(m, "(sv)", "Delegate", "b", true);
        if (r >= 0)
                r = append_limits(m, s->limits, s->tasks_extra);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        if (r >= 0) /* no auxiliary units */
                r = sd_bus_message_append(m, "a(sa(sv))", 0);
        return r < 0 ? say(what, r, s->name, NULL) : call_and_wait(bus, m, s->name, what);
}

/* --- limits of units that stay ----------------------------------------------------------- */

/* Of the record: the value of a key, or NULL. */
static const char *record_find(const char *record, const char *key) {
        size_t n = strlen(key);

        for (const char *line = record; line && *line; line += strcspn(line, "\n"), line += *line == '\n')
                if (strncmp(line, key, n) == 0 && line[n] == '=')
                        return line + n + 1;
        return NULL;
}

static int read_record(int state_fd, const char *unit, char **ret) {
        ssize_t n = fd_read_file_at(state_fd, unit, RECORD_MAX, ret);

        return n == -ENOENT ? 0 : n < 0 ? (int) n : 1;
}

static int get_property(sd_bus *bus, const char *unit, const char *property, uint64_t *ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *dot = strrchr(unit, '.'), *path;
        char interface[64];
        int r;

        (void) snprintf(interface, sizeof(interface), "org.freedesktop.systemd1.%c%s",
                        dot[1] - 'a' + 'A', dot + 2);
        r = sd_bus_call_method(bus, MANAGER, "LoadUnit", NULL, &reply, "s", unit);
        if (r >= 0)
                r = sd_bus_message_read(reply, "o", &path);
        return r < 0 ? r : sd_bus_get_property_trivial(bus, "org.freedesktop.systemd1", path, interface, property,
                                                       NULL, 't', ret);
}

/* The record with a line for each property that `limits` sets and that is not in it yet. */
static int extend_record(sd_bus *bus, const char *unit, const char *owner, const char *record,
                         const Resources *limits, char **ret) {
        char *text = NULL;
        size_t size;
        int r = 0;
        FILE *f;

        f = memstream_open(&text, &size);
        if (!f)
                return -ENOMEM;
        if (record)
                fputs(record, f);
        else
                fprintf(f, "Owner=%s\n", owner);
        for (size_t i = 0; i < ELEMENTSOF(rows) && r >= 0; i++) {
                const char *property = property_of(&rows[i]);
                uint64_t value;

                if (!is_set(limits, &rows[i]) || record_find(record, property))
                        continue;
                r = get_property(bus, unit, property, &value);
                if (r >= 0)
                        fprintf(f, "%s=%" PRIu64 "\n", property, value);
        }
        for (int i = 0; i < _LIST_MAX; i++)
                if (has_list(limits, i) && !record_find(record, list_name(i)))
                        fprintf(f, "%s=\n", list_name(i));
        text = memstream_finish(f, &text);
        if (!text && r >= 0)
                r = -ENOMEM;
        if (r < 0) {
                free(text);
                return r;
        }
        *ret = text;
        return 0;
}

/* What `limits` sets; and what `record` or `before` has and it does not, as it was. */
static int append_changes(sd_bus_message *m, const Resources *limits, const Resources *before,
                          const char *record, uint64_t tasks_extra) {
        int r;

        r = append_limits(m, limits, tasks_extra);
        for (size_t i = 0; i < ELEMENTSOF(rows) && r >= 0; i++) {
                const Row *row = &rows[i];
                const char *was = record_find(record, property_of(row));
                uint64_t value = get_number(NULL, row);

                if (is_set(limits, row) || (!was && !is_set(before, row)))
                        continue;
                if (was)
                        (void) sscanf(was, "%" SCNu64, &value);
                r = sd_bus_message_append(m, "(sv)", property_of(row), "t", value);
        }
        for (int i = 0; i < _LIST_MAX && r >= 0; i++)
                if (!has_list(limits, i) && (record_find(record, list_name(i)) || has_list(before, i)))
                        r = append_list(m, NULL, i);
        return r;
}

static int set_properties(sd_bus *bus, const char *unit, const Resources *limits, const Resources *before,
                          const char *record, uint64_t tasks_extra, char what[static UNIT_WHAT_MAX]) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        int r;

        r = sd_bus_message_new_method_call(bus, &m, MANAGER, "SetUnitProperties");
        if (r >= 0)
                r = sd_bus_message_append(m, "sb", unit, true);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "(sv)");
        if (r >= 0)
                r = append_changes(m, limits, before, record, tasks_extra);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        if (r >= 0)
                r = sd_bus_call(bus, m, UNIT_TIMEOUT_USEC, &e, NULL);
        return r < 0 ? say(what, r, unit, &e) : 0;
}

int unit_set_limits(sd_bus *bus, int state_fd, const char *unit, const char *owner, const Resources *limits,
                    const Resources *before, uint64_t tasks_extra, char what[static UNIT_WHAT_MAX]) {
        _cleanup_(freep) char *record = NULL, *extended = NULL;
        int r;

        if (state_fd >= 0) {
                r = read_record(state_fd, unit, &record);
                if (r == 0 && resources_is_unset(limits))
                        return 0;
                if (r >= 0)
                        r = extend_record(bus, unit, owner, record, limits, &extended);
                if (r >= 0) /* first: what a manager that dies here has set is known to the next one */
                        r = fd_replace_file_at(state_fd, unit, extended, 0600, false);
                if (r < 0)
                        return say(what, r, unit, NULL);
        } else if (resources_is_unset(limits) && (!before || resources_is_unset(before)))
                return 0;
        return set_properties(bus, unit, limits, before, extended, tasks_extra, what);
}

static void remove_drop_in(const char *unit, const char *key) {
        char path[sizeof(CONTROL_DIR) + UNIT_NAME_LENGTH_MAX + 128];

        (void) snprintf(path, sizeof(path), CONTROL_DIR "/%s.d/50-%s.conf", unit, key);
        (void) unlink(path);
}

/* There is no call to forget a drop-in that was made by SetUnitProperties() alone: `systemctl revert` would
 * take the administrator's with it. */
static void remove_drop_ins(const char *unit, const char *record) {
        char path[sizeof(CONTROL_DIR) + UNIT_NAME_LENGTH_MAX + 16];

        for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                if (record_find(record, property_of(&rows[i])))
                        remove_drop_in(unit, policy_resource_name(rows[i].offset));
        for (int i = 0; i < _LIST_MAX; i++) {
                if (!record_find(record, list_name(i)))
                        continue;
                for (size_t k = 0; k < ELEMENTSOF(lists[i].fields) && lists[i].fields[k]; k++)
                        remove_drop_in(unit, policy_resource_name(lists[i].fields[k]));
                for (size_t k = 0; k < ELEMENTSOF(lists[i].amounts) && lists[i].amounts[k]; k++)
                        remove_drop_in(unit, policy_io_limit_name(lists[i].amounts[k]));
        }
        (void) snprintf(path, sizeof(path), CONTROL_DIR "/%s.d", unit);
        (void) rmdir(path); /* ENOTEMPTY: the administrator's */
}

int unit_restore(sd_bus *bus, int state_fd, const char *unit, char what[static UNIT_WHAT_MAX]) {
        _cleanup_(freep) char *record = NULL;
        Resources none;
        int r;

        r = read_record(state_fd, unit, &record);
        if (r <= 0)
                return r;
        resources_init(&none);
        r = set_properties(bus, unit, &none, NULL, record, 0, what);
        if (r < 0)
                return r;
        remove_drop_ins(unit, record);
        return unlinkat(state_fd, unit, 0) < 0 && errno != ENOENT ? -errno : 0;
}

int unit_for_each_limited(int state_fd, unit_limited_t callback, void *userdata) {
        DIR *dir;
        int fd, r = 0;

        fd = openat(state_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        dir = fd >= 0 ? fdopendir(fd) : NULL;
        if (!dir) {
                r = -errno;
                close_fd(fd);
                return r;
        }
        for (struct dirent *e; r >= 0 && (e = readdir(dir));) {
                _cleanup_(freep) char *record = NULL;
                const char *owner;

                if (*e->d_name == '.' || read_record(state_fd, e->d_name, &record) <= 0)
                        continue;
                owner = record_find(record, "Owner");
                record[owner ? (size_t) (owner - record) + strcspn(owner, "\n") : 0] = '\0';
                r = callback(e->d_name, owner ?: "", userdata);
        }
        (void) closedir(dir);
        return r;
}
