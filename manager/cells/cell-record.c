/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "manager/cells/cell-record.h"

#include <inttypes.h>
#include <string.h>

#include "base/strv.h"
#include "manager/work/state.h"
#include "netns/frame-rules.h"
#include "policies/policy-keys.h"

static const char *const adjust_names[_ADJUST_MAX] = {
        [ADJUST_NONE] = "",
        [ADJUST_FREEZE] = "freeze",
        [ADJUST_THAW] = "thaw",
        [ADJUST_SLOW] = "slow",
        [ADJUST_FAST] = "fast",
        [ADJUST_LIMITS] = "limits",
        [ADJUST_LIMITS_RUNTIME] = "limits-runtime",
};

static CellState state_from_string(const char *text) {
        for (int s = 0; s < _CELL_STATE_MAX; s++)
                if (strcmp(text, cell_state_to_string((CellState) s)) == 0)
                        return s;
        return _CELL_STATE_INVALID;
}

static int save_policy(Record *r, const Policy *p, char *const *kept) {
        for (size_t i = 0; i < n_policy_keys; i++) {
                const PolicyKey *k = &policy_keys[i];
                _cleanup_(freep) char *value = NULL;
                char name[128];

                if (!k->parse || strcmp(k->section, "Match") == 0 || strcmp(k->name, "Extends") == 0)
                        continue;
                value = k->format(k, p);
                if (!value)
                        return -ENOMEM;
                if (!*value)
                        continue;
                (void) snprintf(name, sizeof(name), "%s.%s", k->section, k->name);
                if (!record_is_kept(kept, name))
                        record_set(r, name, "%s", value);
        }
        return 0;
}

static void save_address(Record *r, const char *key, const IpPrefix *address) {
        char text[PREFIX_STRING_MAX];

        if (address->family != AF_UNSPEC)
                record_set(r, key, "%s", prefix_to_string(address, text));
}

static const char *const server_keys[RESOLVER_SERVERS_MAX] = { "Server1", "Server2", "Server3" };

int cell_save(const Cell *c) {
        Record *r;

        if (c->obscure) /* a version that can read it may come */
                return 0;
        r = record_new("Cell");
        if (!r)
                return -ENOMEM;
        record_set(r, "BootId", "%s", record_boot_id());
        record_set(r, "Policy", "%s", c->policy->name);
        record_set_kept(r, c->kept); /* what is written of the same key below holds */
        record_set(r, "PolicyPath", "%s", c->policy->path ?: "");
        if (c->uid != UID_INVALID)
                record_set(r, "Uid", "%u", c->uid);
        record_set(r, "User", "%s", c->user ?: "");
        record_set(r, "State", "%s", cell_state_to_string(c->state));
        record_set(r, "Created", "%" PRIu64, c->created_usec);
        record_set(r, "Hostname", "%s", c->hostname ?: "");
        if (c->first_id != 0)
                record_set(r, "FirstId", "%u", c->first_id);
        record_set(r, "Frozen", "%d", c->frozen);
        record_set(r, "Slowed", "%d", c->slowed);
        if (c->adjusting) {
                _cleanup_(freep) char *assignments = strv_join(c->assignments, "\n");

                record_set(r, "Adjusting", "%s", adjust_names[c->adjusting]);
                record_set(r, "Assignments", "%s", assignments ?: "");
                if (!assignments && c->assignments)
                        record_lose(r);
        }
        record_set(r, "InitPid", "%d", (int) c->init_pid);
        record_set(r, "InitStartTime", "%llu", c->init_start_time);
        record_set(r, "Link", "%s", c->link);
        save_address(r, "Address4", &c->address4);
        save_address(r, "Address6", &c->address6);
        save_address(r, "Gateway4", &c->gateway4);
        save_address(r, "Gateway6", &c->gateway6);
        record_set(r, "NetnsName", "%s", c->netns_name);
        record_set(r, "NetworkOf", "%s", c->network_of);
        if (*c->device) {
                char mac[FRAME_MAC_TEXT_MAX];

                record_set(r, "Device", "%s", c->device);
                record_set(r, "DeviceIndex", "%d", c->device_state.ifindex);
                record_set(r, "DeviceMTU", "%u", c->device_state.mtu);
                record_set(r, "DeviceMAC", "%s", frame_mac_to_text(c->device_state.mac, mac));
                record_set(r, "DeviceUp", "%d", c->device_state.up);
        }
        if (c->place.tree) {
                record_set(r, "ShapingTree", "%" PRIu32, c->place.tree);
                record_set(r, "ShapingUser", "%u", c->place.user);
                record_set(r, "ShapingCell", "%u", c->place.cell);
        }
        for (size_t i = 0; i < c->resolver.n_servers; i++)
                save_address(r, server_keys[i], &c->resolver.servers[i]);
        if (save_policy(r, c->policy, c->kept) < 0)
                record_lose(r);
        return record_write(r, c->host->records_fd, c->id);
}

/* What can't be enforced anew, since it is not known, must not be taken for open. */
static void close_network(Policy *p) {
        p->egress_deny = true;
        p->ingress_allow = false;
}

/* 1: this version does not know it. */
static int restore_policy_key(Cell *c, const char *key, const char *value) {
        const char *dot = strchr(key, '.');
        char section[64];
        int r;

        if (dot - key >= (ptrdiff_t) sizeof(section))
                return 1;
        (void) snprintf(section, sizeof(section), "%.*s", (int) (dot - key), key);
        r = policy_key_set_lines(c->policy, section, dot + 1, value);
        if (r == -ENOMEM)
                return r;
        if (r < 0 && strcmp(section, "Network") == 0)
                close_network(c->policy);
        return r < 0;
}

static int restore_lines(char ***field, const char *value) {
        int r = 0;

        while (r >= 0 && *value) {
                size_t n = strcspn(value, "\n");

                r = strv_extend_n(field, value, n);
                value += n + (value[n] == '\n');
        }
        return r;
}

static int restore_adjusting(AdjustKind *field, const char *value) {
        for (int k = 0; k < _ADJUST_MAX; k++)
                if (strcmp(value, adjust_names[k]) == 0) {
                        *field = (AdjustKind) k;
                        return 0;
                }
        return 1;
}

/* `size` is the field's. */
static int restore_name(char *field, size_t size, const char *value) {
        if (strlen(value) >= size || strchr(value, '/'))
                return -EBADMSG;
        (void) strcpy(field, value);
        return 0;
}

/* 1: it is none of these, or has a value that this version does not know. */
static int restore_word(Cell *c, const char *key, const char *value) {
        const struct {
                const char *key;
                char **text;
                char *name; /* an array in the cell, and its size */
                size_t size;
                IpPrefix *address;
        } table[] = {
                { "PolicyPath", .text = &c->policy->path },
                { "User", .text = &c->user },
                { "Hostname", .text = &c->hostname },
                { "Link", .name = c->link, .size = sizeof(c->link) },
                { "Device", .name = c->device, .size = sizeof(c->device) },
                { "NetworkOf", .name = c->network_of, .size = sizeof(c->network_of) },
                { "NetnsName", .name = c->netns_name, .size = sizeof(c->netns_name) },
                { "Address4", .address = &c->address4 },
                { "Address6", .address = &c->address6 },
                { "Gateway4", .address = &c->gateway4 },
                { "Gateway6", .address = &c->gateway6 },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                if (strcmp(key, table[i].key) != 0)
                        continue;
                if (table[i].text)
                        return *value ? record_restore_text(table[i].text, value) : 0;
                if (table[i].name)
                        return restore_name(table[i].name, table[i].size, value);
                return parse_address(value, table[i].address) < 0 ? -EBADMSG : 0;
        }
        for (size_t i = 0; i < ELEMENTSOF(server_keys); i++)
                if (strcmp(key, server_keys[i]) == 0) {
                        c->resolver.n_servers = i + 1;
                        return parse_address(value, &c->resolver.servers[i]) < 0 ? -EBADMSG : 0;
                }
        if (strcmp(key, "State") == 0) {
                CellState state = state_from_string(value);

                c->state = state < 0 ? CELL_LIVE : state; /* if its pid 1 is */
                return state < 0;
        }
        if (strcmp(key, "Adjusting") == 0)
                return restore_adjusting(&c->adjusting, value);
        if (strcmp(key, "Assignments") == 0)
                return restore_lines(&c->assignments, value);
        if (strcmp(key, "DeviceMAC") == 0)
                return link_parse_mac(value, c->device_state.mac) < 0 ? -EBADMSG : 0;
        return 1;
}

#define NUMBER(k, field) { k, offsetof(Cell, field), sizeof(((Cell *) NULL)->field) }

static const struct {
        const char *key;
        size_t offset, size; /* 1: a bool */
} numbers[] = {
        NUMBER("Created", created_usec),
        NUMBER("InitStartTime", init_start_time),
        NUMBER("Uid", uid),
        NUMBER("FirstId", first_id),
        NUMBER("Frozen", frozen),
        NUMBER("Slowed", slowed),
        NUMBER("InitPid", init_pid),
        NUMBER("ShapingTree", place.tree),
        NUMBER("ShapingUser", place.user),
        NUMBER("ShapingCell", place.cell),
        NUMBER("DeviceIndex", device_state.ifindex),
        NUMBER("DeviceMTU", device_state.mtu),
        NUMBER("DeviceUp", device_state.up),
};

/* 1: it is none of these. */
static int restore_number(Cell *c, const char *key, const char *value) {
        uint64_t number;
        size_t i;

        for (i = 0; i < ELEMENTSOF(numbers) && strcmp(key, numbers[i].key) != 0; i++)
                ;
        if (i == ELEMENTSOF(numbers))
                return 1;
        if (parse_uint64(value, &number) < 0 ||
            (numbers[i].size < sizeof(number) && number >> (numbers[i].size == 1 ? 1 : 8 * numbers[i].size) != 0))
                return -EBADMSG;
        switch (numbers[i].size) {
        case sizeof(uint64_t):
                *(uint64_t *) ((char *) c + numbers[i].offset) = number;
                break;
        case sizeof(uint32_t):
                *(uint32_t *) ((char *) c + numbers[i].offset) = (uint32_t) number;
                break;
        case sizeof(uint16_t):
                *(uint16_t *) ((char *) c + numbers[i].offset) = (uint16_t) number;
                break;
        default:
                *(bool *) ((char *) c + numbers[i].offset) = number != 0;
        }
        return 0;
}

static int restore_known(Cell *c, const char *key, const char *value) {
        int r;

        if (strcmp(key, "BootId") == 0)
                return strcmp(value, record_boot_id()) == 0 ? 0 : -ESTALE;
        if (strcmp(key, "Policy") == 0) {
                if (c->policy)
                        return -EBADMSG;
                c->policy = policy_new(value);
                return c->policy ? 0 : -ENOMEM;
        }
        if (!c->policy)
                return -EBADMSG;
        if (strchr(key, '.'))
                return restore_policy_key(c, key, value);
        r = restore_word(c, key, value);
        return r > 0 ? restore_number(c, key, value) : r;
}

static int restore_key(const char *key, const char *value, void *userdata) {
        Cell *c = userdata;
        char of[64];
        int r;

        r = restore_known(c, key, value);
        if (r <= 0)
                return r;
        (void) snprintf(of, sizeof(of), "The record of cell %s", c->id);
        return record_keep(&c->kept, of, key, value);
}

int cell_record_read(Cell *c) {
        int r = record_read(c->host->records_fd, c->id, "Cell", restore_key, c);

        return r >= 0 && !c->policy ? -EBADMSG : r;
}
