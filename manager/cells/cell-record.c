/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "manager/cells/cell-record.h"

#include <string.h>

#include "manager/work/record-rows.h"
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

typedef struct Writing {
        Record *record;
        const Cell *cell;
} Writing;

/* What the policy matches and extends is nothing to a cell that is made; what is kept of a key holds. */
static int save_key(const PolicyKey *key, const char *qualified, const char *value, void *userdata) {
        const Writing *w = userdata;

        if (strcmp(key->section, "Match") != 0 && strcmp(key->name, "Extends") != 0 &&
            !record_is_kept(w->cell->kept, qualified))
                record_set(w->record, qualified, "%s", value);
        return 0;
}

#define ROW(key, kind, field, ...) RECORD_ROW(Cell, key, kind, field, __VA_ARGS__)

static const RecordRow rows[] = {
        ROW("Policy", POLICY, policy),
        ROW("Uid", NUMBER, uid, .unset = UID_INVALID),
        ROW("User", TEXT, user),
        ROW("State", WORD, state, .words = cell_state_names, .n_words = _CELL_STATE_MAX,
            .unknown = CELL_LIVE), /* if its pid 1 is */
        ROW("Created", NUMBER, created_usec),
        ROW("Hostname", TEXT, hostname),
        ROW("FirstId", NUMBER, first_id),
        ROW("Frozen", FLAG, frozen),
        ROW("Slowed", FLAG, slowed),
        ROW("Adjusting", WORD, adjusting, .words = adjust_names, .n_words = _ADJUST_MAX, .unknown = ADJUST_NONE),
        ROW("Assignments", LINES, assignments),
        ROW("InitPid", NUMBER, init_pid),
        ROW("InitStartTime", NUMBER, init_start_time),
        ROW("Link", NAME, link),
        ROW("Address4", ADDRESS, address4),
        ROW("Address6", ADDRESS, address6),
        ROW("Gateway4", ADDRESS, gateway4),
        ROW("Gateway6", ADDRESS, gateway6),
        ROW("NetnsName", NAME, netns_name),
        ROW("NetworkOf", NAME, network_of),
        ROW("Device", NAME, device),
        ROW("DeviceIndex", NUMBER, device_state.ifindex),
        ROW("DeviceMTU", NUMBER, device_state.mtu),
        ROW("DeviceMAC", MAC, device_state.mac),
        ROW("DeviceUp", FLAG, device_state.up),
        ROW("ShapingTree", NUMBER, place.tree),
        ROW("ShapingUser", NUMBER, place.user),
        ROW("ShapingCell", NUMBER, place.cell),
        ROW("Server1", ADDRESS, resolver.servers[0]),
        ROW("Server2", ADDRESS, resolver.servers[1]),
        ROW("Server3", ADDRESS, resolver.servers[2]),
};

static const RecordType type = { .section = "Cell", .of_this_boot = true, .rows = rows, .n_rows = ELEMENTSOF(rows) };

int cell_save(const Cell *c) {
        Writing w = { .cell = c };

        if (c->obscure) /* a version that can read it may come */
                return 0;
        w.record = record_new_object(&type, c, c->kept);
        if (!w.record)
                return -ENOMEM;
        record_set(w.record, "PolicyPath", "%s", c->policy->path ?: "");
        if (policy_keys_for_each_value(c->policy, save_key, &w) < 0)
                record_lose(w.record);
        return record_write(w.record, c->host->records_fd, c->id);
}

/* What can't be enforced anew, since it is not known, must not be taken for open. */
static void close_network(Policy *p) {
        p->egress_deny = true;
        p->ingress_allow = false;
}

/* 1: this version does not know it. */
static int restore_policy_key(Cell *c, const char *key, const char *value) {
        int r = policy_key_set_qualified(c->policy, key, value);

        if (r == -ENOMEM)
                return r;
        if (r < 0 && strncmp(key, "Network.", 8) == 0)
                close_network(c->policy);
        return r < 0;
}

static int restore_other(const char *key, const char *value, void *userdata) {
        Cell *c = userdata;

        if (!c->policy)
                return -EBADMSG;
        if (strcmp(key, "PolicyPath") == 0)
                return *value ? record_restore_text(&c->policy->path, value) : 0;
        return strchr(key, '.') ? restore_policy_key(c, key, value) : 1;
}

int cell_record_read(Cell *c) {
        int r = record_read_object(c->host->records_fd, c->id, &type, c, &c->kept, restore_other, c);

        for (c->resolver.n_servers = 0; c->resolver.n_servers < ELEMENTSOF(c->resolver.servers); c->resolver.n_servers++)
                if (c->resolver.servers[c->resolver.n_servers].family == AF_UNSPEC)
                        break;
        return r >= 0 && !c->policy ? -EBADMSG : r;
}
