/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "policies/policy-refuse.h"

#include <stdlib.h>
#include <string.h>

#include "policies/policy-keys.h"

/* What is not about a key or a section is about all of a file: it was not read, or not to its end. */
static bool hides_match(const Policy *p, const PolicyDiag *d) {
        if (d->warning)
                return false;
        return !d->section || strcmp(d->section, "Match") == 0 || (!p->has_match && !policy_section_known(d->section));
}

int policy_refuse(Policy *p, const PolicyDiags *diags) {
        const PolicyDiag *first = NULL;

        free(p->refused);
        for (size_t i = 0; i < diags->n_items; i++) {
                if (!diags->items[i].warning && !first)
                        first = &diags->items[i];
                p->matches_all = p->matches_all || hides_match(p, &diags->items[i]);
        }
        p->refused = first ? policy_diag_to_string(first) : strdup("out of memory");
        return p->refused ? 0 : -ENOMEM;
}
