/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A policy file, and behind a line "%%" a drop-in of it. What is taken prints as text that reads back to the same;
 * what is refused is said with its file. */

#include <string.h>

#include "policies/policy-file.h"
#include "policies/policy-keys.h"
#include "tests/fuzz/fuzz.h"

static void check_keys(const Policy *p) {
        for (size_t i = 0; i < n_policy_keys; i++) {
                const PolicyKey *k = &policy_keys[i];
                _cleanup_(policy_unrefp) Policy *again = policy_new("again");
                _cleanup_(freep) char *value = NULL, *second = NULL;

                if (!k->parse)
                        continue;
                value = k->format(k, p);
                assert(value);
                if (!*value) /* the default */
                        continue;
                assert(policy_key_set_lines(again, k->section, k->name, value) == 0);
                second = k->format(k, again);
                if (strcmp(value, second) != 0) {
                        fprintf(stderr, "%s: \"%s\" reads back as \"%s\"\n", k->name, value, second);
                        abort();
                }
        }
}

static int read_part(Policy *p, const char *name, const void *data, size_t size, PolicyDiags *diags) {
        fuzz_put(name, data, size);
        return policy_file_read(p, fuzz_dir_fd(), name, name, true, diags);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(policy_unrefp) Policy *p = policy_new("fuzz");
        _cleanup_(policy_diags_done) PolicyDiags diags = {};
        const uint8_t *cut = memmem(data, size, "\n%%\n", 4);
        size_t first = cut ? (size_t) (cut - data) + 1 : size;
        int r;

        r = read_part(p, "fuzz.ini", data, first, &diags);
        if (r >= 0 && cut)
                r = read_part(p, "10-drop.ini", cut + 4, size - first - 3, &diags);
        assert((r < 0) == policy_diags_has_error(&diags));
        if (r >= 0) {
                check_keys(p);
                policy_check(p, &diags);
        }
        for (size_t i = 0; i < diags.n_items; i++) {
                _cleanup_(freep) char *line = policy_diag_to_string(&diags.items[i]);

                assert(line && diags.items[i].file && *diags.items[i].message);
                for (const char *c = line; *c; c++)
                        assert((unsigned char) *c >= 0x20 && *c != 0x7f);
        }
        return 0;
}
