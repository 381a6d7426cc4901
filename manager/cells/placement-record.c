/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "manager/cells/placement-record.h"

#include <string.h>

#include "base/log.h"
#include "manager/work/record-rows.h"
#include "policies/policy-keys.h"

/* Of [Network]: what the firewall says of it; the first ones are whom it reaches, and who reaches it. */
static const char *const recorded_keys[] = { "DNS", "Masquerade", "Port", "Egress", "EgressAllow", "EgressDeny", "Ingress",
                                             "IngressAllow", "MaxConnections", "LogDenied", "BandwidthUp", "BandwidthDown" };
#define REACH_KEYS 8

#define ROW(key, kind, field) RECORD_ROW(Placement, key, kind, field)

static const RecordRow rows[] = {
        ROW("Policy", POLICY, policy),
        ROW("Link", NAME, link),
        ROW("Address4", ADDRESS, address4),
        ROW("Address6", ADDRESS, address6),
        ROW("Gateway4", ADDRESS, gateway4),
        ROW("Gateway6", ADDRESS, gateway6),
        ROW("OldLink", NAME, old_link),
        ROW("OldAddress4", ADDRESS, old_address4),
        ROW("OldAddress6", ADDRESS, old_address6),
        ROW("ReachChanged", FLAG, reach_changed),
};

static const RecordType type = { .section = "Placement", .of_this_boot = true, .rows = rows, .n_rows = ELEMENTSOF(rows) };

int placement_save(const Placement *p) {
        Record *r = record_new_object(&type, p, NULL);

        if (!r)
                return -ENOMEM;
        for (size_t i = 0; i < ELEMENTSOF(recorded_keys); i++) {
                const PolicyKey *k = policy_key_find("Network", recorded_keys[i]);
                _cleanup_(freep) char *value = k->format(k, p->policy);

                if (value && *value)
                        record_set(r, recorded_keys[i], "%s", value);
        }
        return record_write(r, p->all->fd, p->unit);
}

static int restore_policy_key(const char *key, const char *value, void *userdata) {
        Placement *p = userdata;
        int r;

        if (!p->policy)
                return -EBADMSG;
        r = policy_key_set_lines(p->policy, "Network", key, value);
        if (r < 0 && r != -ENOMEM) { /* the policies say again what it should be */
                log_warning("The record of service %s: this version knows no %s=%s, going on without", p->unit, key, value);
                p->policy->egress_deny = true;
                p->policy->ingress_allow = false;
                return 0;
        }
        return r;
}

int placement_record_read(Placement *p) {
        return record_read_object(p->all->fd, p->unit, &type, p, NULL, restore_policy_key, p);
}

bool placement_reach_differs(const Policy *a, const Policy *b) {
        for (size_t i = 0; i < REACH_KEYS; i++) {
                const PolicyKey *k = policy_key_find("Network", recorded_keys[i]);
                _cleanup_(freep) char *x = k->format(k, a), *y = k->format(k, b);

                if (!x || !y || strcmp(x, y) != 0)
                        return true;
        }
        return false;
}
