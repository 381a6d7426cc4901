/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* confined.conf. */

#include <string.h>
#include <unistd.h>

#include "policies/manager-conf.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(policy_diags_done) PolicyDiags diags = {};
        ManagerConf conf;
        int r;

        fuzz_put("confined.conf", data, size);
        r = manager_conf_read(fuzz_dir(), &diags, &conf);
        assert(r == 0 || r == -EBADMSG);
        assert((r < 0) == policy_diags_has_error(&diags));
        assert(memchr(conf.cgroup_driver, '\0', sizeof(conf.cgroup_driver)) && *conf.cgroup_driver);
        assert(conf.last_subid - conf.first_subid >= 65535);
        return 0;
}
