/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Who asks, against [Match]: the input's lines are user, service, terminal, remote host, and then a policy. */

#include <string.h>

#include "policies/policy-file.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(policy_unrefp) Policy *p = policy_new("fuzz");
        _cleanup_(policy_diags_done) PolicyDiags diags = {};
        _cleanup_(freep) char *text = fuzz_text(data, size), *why = NULL;
        static const gid_t groups[] = { 5, 77 };
        static const GroupName names[] = { { "students", 77 } };
        const char *lines[4] = { "", "", "", "" };
        MatchSubject s;
        char *rest = text;
        int r;

        for (size_t i = 0; i < ELEMENTSOF(lines); i++) {
                char *end = strchr(rest, '\n');

                if (!end)
                        return 0;
                *end = '\0';
                lines[i] = rest;
                rest = end + 1;
        }
        fuzz_put("match.ini", rest, strlen(rest));
        if (policy_file_read(p, fuzz_dir_fd(), "match.ini", "match.ini", true, &diags) < 0)
                return 0;
        s = (MatchSubject) { .user = lines[0], .uid = 1000, .gid = 5, .groups = groups, .n_groups = 2, .group = "staff",
                             .names = names, .n_names = 1, .service = lines[1], .tty = lines[2],
                             .remote_host = lines[3] };
        r = policy_match(p, &s, &why);
        assert(r == 1 || (r == 0 && why && *why));
        return 0;
}
