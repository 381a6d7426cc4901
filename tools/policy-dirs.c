/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tools/policy-dirs.h"

int policy_dirs(const Options *o, const char *first, char ***ret) {
        const char *const parents[] = { o->config_dir, o->runtime_dir, o->vendor_dir };
        _cleanup_(strv_freep) char **dirs = NULL;

        if (first && strv_extend(&dirs, first) < 0)
                return -ENOMEM;
        for (size_t i = 0; i < ELEMENTSOF(parents); i++) {
                _cleanup_(freep) char *path = NULL;

                if (asprintf(&path, "%s/policies", parents[i]) < 0 || strv_extend(&dirs, path) < 0)
                        return -ENOMEM;
        }
        *ret = TAKE_PTR(dirs);
        return 0;
}
