/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "manager/cells/placement-record.h"

#include <string.h>

#include "base/log.h"
#include "manager/work/state.h"
#include "policies/policy-keys.h"

static void save_address(Record *r, const char *key, const IpPrefix *address) {
        char text[PREFIX_STRING_MAX];

        if (address->family != AF_UNSPEC)
                record_set(r, key, "%s", prefix_to_string(address, text));
}

/* Of [Network]: what the firewall says of it; the first ones are whom it reaches, and who reaches it. */
static const char *const recorded_keys[] = { "DNS", "Masquerade", "Port", "Egress", "EgressAllow", "EgressDeny", "Ingress",
                                             "IngressAllow", "MaxConnections", "LogDenied", "BandwidthUp", "BandwidthDown" };
#define REACH_KEYS 8

/* What a later manager can't find out. */
int placement_save(const Placement *p) {
        Record *r = record_new("Placement");

        if (!r)
                return -ENOMEM;
        record_set(r, "BootId", "%s", record_boot_id());
        record_set(r, "Policy", "%s", p->policy->name);
        record_set(r, "Link", "%s", p->link);
        save_address(r, "Address4", &p->address4);
        save_address(r, "Address6", &p->address6);
        save_address(r, "Gateway4", &p->gateway4);
        save_address(r, "Gateway6", &p->gateway6);
        if (*p->old_link)
                record_set(r, "OldLink", "%s", p->old_link);
        save_address(r, "OldAddress4", &p->old_address4);
        save_address(r, "OldAddress6", &p->old_address6);
        if (p->reach_changed)
                record_set(r, "ReachChanged", "yes");
        for (size_t i = 0; i < ELEMENTSOF(recorded_keys); i++) {
                const PolicyKey *k = policy_key_find("Network", recorded_keys[i]);
                _cleanup_(freep) char *value = k->format(k, p->policy);

                if (value && *value)
                        record_set(r, recorded_keys[i], "%s", value);
        }
        return record_write(r, p->all->fd, p->unit);
}

static int restore_key(const char *key, const char *value, void *userdata) {
        Placement *p = userdata;
        const struct {
                const char *key;
                IpPrefix *address;
        } addresses[] = {
                { "Address4", &p->address4 }, { "Address6", &p->address6 },
                { "Gateway4", &p->gateway4 }, { "Gateway6", &p->gateway6 },
                { "OldAddress4", &p->old_address4 }, { "OldAddress6", &p->old_address6 },
        };
        const struct {
                const char *key;
                char *link;
        } links[] = { { "Link", p->link }, { "OldLink", p->old_link } };
        _cleanup_(freep) char *message = NULL;
        int r;

        if (strcmp(key, "BootId") == 0)
                return strcmp(value, record_boot_id()) == 0 ? 0 : -ESTALE;
        if (strcmp(key, "Policy") == 0) {
                if (p->policy)
                        return -EBADMSG;
                p->policy = policy_new(value);
                return p->policy ? 0 : -ENOMEM;
        }
        if (!p->policy)
                return -EBADMSG;
        if (strcmp(key, "ReachChanged") == 0) {
                p->reach_changed = true;
                return 0;
        }
        for (size_t i = 0; i < ELEMENTSOF(links); i++)
                if (strcmp(key, links[i].key) == 0) {
                        if (strlen(value) >= sizeof(p->link))
                                return -EBADMSG;
                        (void) strcpy(links[i].link, value);
                        return 0;
                }
        for (size_t i = 0; i < ELEMENTSOF(addresses); i++)
                if (strcmp(key, addresses[i].key) == 0)
                        return parse_address(value, addresses[i].address) < 0 ? -EBADMSG : 0;
        r = policy_key_set(p->policy, "Network", key, value, &message);
        if (r < 0 && r != -ENOMEM) { /* the policies say again what it should be */
                log_warning("The record of service %s: this version knows no %s=%s, going on without", p->unit, key, value);
                p->policy->egress_deny = true;
                p->policy->ingress_allow = false;
                return 0;
        }
        return MIN(r, 0);
}

int placement_record_read(Placement *p) {
        return record_read(p->all->fd, p->unit, "Placement", restore_key, p);
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
