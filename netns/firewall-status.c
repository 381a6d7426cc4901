/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "netns/firewall-status.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strv.h"
#include "netns/firewall-chains.h"
#include "netns/nft.h"

#define COMMAND_MAX 256

/* *ret is the array "nftables" of the answer, a part of *ret_root. */
static int query(const char *command, json_t **ret_root, json_t **ret) {
        _cleanup_(freep) char *text = NULL;
        int r;

        r = nft_query(command, true, &text);
        if (r < 0)
                return r;
        *ret_root = json_loads(text, 0, NULL);
        *ret = json_object_get(*ret_root, "nftables");
        return json_is_array(*ret) ? 0 : -EIO;
}

static bool is_of_policy(const char *chain) {
        return strncmp(chain, "out-", 4) == 0 || strncmp(chain, "host-", 5) == 0 || strncmp(chain, "in-", 3) == 0 ||
                strncmp(chain, "log-", 4) == 0;
}

int firewall_status_chains(const char *table, const char *base, char ***ret) {
        _cleanup_(json_decrefp) json_t *root = NULL;
        _cleanup_(strv_freep) char **names = NULL;
        bool found = false;
        json_t *list, *item;
        size_t i;
        int r;

        r = query("list chains inet", &root, &list);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        json_array_foreach(list, i, item) {
                const char *in = "", *name = "";

                if (json_unpack(item, "{s:{s:s, s:s}}", "chain", "table", &in, "name", &name) < 0 ||
                    strcmp(in, table) != 0)
                        continue;
                found = found || strcmp(name, base) == 0;
                if (is_of_policy(name) && strv_extend(&names, name) < 0)
                        return -ENOMEM;
        }
        if (found)
                *ret = TAKE_PTR(names);
        return found;
}

static int for_rules(const json_t *list, const char *direction, firewall_rule_t callback, void *userdata) {
        const json_t *item, *e;
        size_t i, k;

        json_array_foreach(list, i, item) {
                const json_t *rule = json_object_get(item, "rule");
                const char *comment = json_string_value(json_object_get(rule, "comment"));
                int r;

                if (!comment)
                        continue;
                json_array_foreach(json_object_get(rule, "expr"), k, e) {
                        const json_t *counter = json_object_get(e, "counter");

                        if (!json_is_object(counter))
                                continue;
                        r = callback(direction, comment,
                                     (uint64_t) json_integer_value(json_object_get(counter, "packets")),
                                     (uint64_t) json_integer_value(json_object_get(counter, "bytes")), userdata);
                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

int firewall_status_rules(const char *table, const FirewallCell *cell, firewall_rule_t callback,
                          void *userdata) {
        static const char *const directions[] = { "out", "host", "in" }; /* what logs decides nothing */

        for (FirewallChain chain = 0; chain < ELEMENTSOF(directions) && cell->policy; chain++) {
                _cleanup_(json_decrefp) json_t *root = NULL;
                char name[FIREWALL_CHAIN_MAX], command[COMMAND_MAX];
                json_t *list;
                int r;

                r = firewall_chains_name(cell->policy, chain, name);
                if (r < 0)
                        return r;
                if (r == 0)
                        continue;
                (void) snprintf(command, sizeof(command), "list chain inet %s %s", table, name);
                r = query(command, &root, &list);
                if (r >= 0)
                        r = for_rules(list, directions[chain], callback, userdata);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* libnftables' JSON leaves the counters of elements out (1.0.6). */
static int read_counter(const char *table, const char *set, const char *link, uint64_t *ret) {
        _cleanup_(freep) char *text = NULL;
        char command[COMMAND_MAX];
        const char *counter;
        int r;

        (void) snprintf(command, sizeof(command), "get element inet %s %s { \"%s\" }", table, set, link);
        r = nft_query(command, false, &text);
        if (r < 0)
                return r;
        counter = strstr(text, "counter packets ");
        return counter && sscanf(counter, "counter packets %" SCNu64, ret) == 1 ? 0 : -EIO;
}

int firewall_status_denied(const char *table, const char *link, uint64_t *ret_out, uint64_t *ret_in) {
        int r;

        r = read_counter(table, "denied-out", link, ret_out);
        return r < 0 ? r : read_counter(table, "denied-in", link, ret_in);
}

int firewall_status_volumes(const char *table, firewall_volume_t callback, void *userdata) {
        _cleanup_(json_decrefp) json_t *root = NULL;
        char command[COMMAND_MAX];
        json_t *list, *item;
        size_t i;
        int r;

        (void) snprintf(command, sizeof(command), "list quotas table inet %s", table);
        r = query(command, &root, &list);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        json_array_foreach(list, i, item) {
                const char *name;
                json_int_t used;

                if (json_unpack(item, "{s:{s:s, s:I}}", "quota", "name", &name, "used", &used) < 0)
                        continue;
                r = callback(name, (uint64_t) used, userdata);
                if (r < 0)
                        return r;
        }
        return 0;
}
