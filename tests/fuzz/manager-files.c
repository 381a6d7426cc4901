/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Files of the host's that the manager reads: subuid(5) and resolv.conf(5). */

#include <stdlib.h>
#include <string.h>

#include "base/strv.h"
#include "manager/lent/subids.h"
#include "manager/work/resolver.h"
#include "sandbox/anchor.h"
#include "tests/fuzz/fuzz.h"

static void read_subids(const char *path) {
        _cleanup_(subids_done) Subids ids = {};
        uint64_t own;

        assert(subids_read(path, &ids) == 0);
        own = subids_of(&ids, "alice", 1000);
        if (own == 0)
                return;
        assert((uid_t) own == own && own + ANCHOR_IDS <= UINT32_MAX); /* ids, all of them */
        assert(subids_are_taken(&ids, own));
}

/* What is made of it for a cell reads back to the same servers. */
static void read_servers(const char *path) {
        _cleanup_(policy_unrefp) Policy *p = policy_new("fuzz");
        Resolver r = {}, again = {};
        char made[256];

        assert(resolver_choose(p, path, path, &r) == 0);
        assert(r.n_servers <= RESOLVER_SERVERS_MAX);
        if (r.text) {
                fuzz_put("resolv.made", r.text, strlen(r.text));
                (void) snprintf(made, sizeof(made), "%s/resolv.made", fuzz_dir());
                assert(resolver_choose(p, made, made, &again) == 0);
                assert(again.n_servers == r.n_servers);
                assert(memcmp(again.servers, r.servers, r.n_servers * sizeof(*r.servers)) == 0);
        }
        resolver_done(&r);
        resolver_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        char path[256];

        (void) snprintf(path, sizeof(path), "%s/file", fuzz_dir());
        fuzz_put("file", data, size);
        read_subids(path);
        read_servers(path);
        return 0;
}
