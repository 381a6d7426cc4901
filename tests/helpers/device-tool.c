/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* device-tool GROUP-DIRECTORY POLICY [NODE:ACCESS...]: attaches the eBPF program that DevicePolicy=POLICY and
 * DeviceAllow=NODE ACCESS make to a cgroup v2 directory. */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "cgroups/devices.h"

int main(int argc, char **argv) {
        DeviceAllow allow[16];
        Resources r = { .device_allow = allow };
        DeviceRule rules[DEVICE_RULES_MAX];
        bool restricted;
        int fd, n;

        if (argc < 3 || argc > 18)
                return 2;
        r.device_policy = device_policy_from_string(argv[2]);
        for (int i = 3; i < argc; i++) {
                char *access = strchr(argv[i], ':');

                if (!access)
                        return 2;
                *access++ = '\0';
                allow[r.n_device_allow++] = (DeviceAllow) { argv[i], strchr(access, 'r'), strchr(access, 'w'),
                                                            strchr(access, 'm') };
        }
        n = device_rules(&r, rules, &restricted);
        fd = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (n >= 0 && fd >= 0)
                n = device_program_attach(fd, rules, (size_t) n);
        if (n < 0)
                fprintf(stderr, "%s\n", strerror(-n));
        return n < 0 || fd < 0;
}
