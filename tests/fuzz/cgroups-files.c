/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the kernel says of mounts and groups. Names in it may be a user's. */

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cgroups/group.h"
#include "cgroups/usage.h"
#include "tests/fuzz/fuzz.h"

static void read_usage(unsigned version) {
        static const char *const names[] = { "cpu", "cpuacct", "memory", "pids", "blkio" };
        Hierarchies h = { .unified = version == 2 ? 0 : -ENOENT };
        Usage usage;

        h.n_items = version == 2 ? 1 : ELEMENTSOF(names);
        for (size_t i = 0; i < h.n_items; i++)
                h.items[i] = (Hierarchy) { .version = version, .controllers = version == 2 ? UINT32_MAX : 1U << i,
                                           .name = (char *) names[i], .mount_path = (char *) "/", .root_fd = fuzz_dir_fd() };
        for (int c = 0; c < _CONTROLLER_MAX; c++)
                h.owner[c] = version == 2 ? 0 : c % (int) h.n_items;
        (void) usage_read(&h, ".", &usage);
}

/* /proc/PID/cgroup: what is below a group that is ours is found, and nothing else. */
static void read_groups(const Hierarchies *h, const char *text) {
        _cleanup_(freep) char *below = NULL;

        (void) group_lines_match(h, text, "confine/cells");
        if (group_lines_find(text, "confine/cells", &below) > 0) {
                const char *at = strstr(text, ":/confine/cells/");

                assert(at && below && !strchr(below, '\n') && strstr(at, below));
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const char *const files[] = { "cpu.stat", "memory.current", "memory.peak", "memory.events", "pids.current",
                                             "pids.events", "io.stat", "cpuacct.usage", "memory.usage_in_bytes",
                                             "memory.max_usage_in_bytes", "memory.oom_control",
                                             "blkio.throttle.io_service_bytes_recursive" };
        _cleanup_(hierarchies_freep) Hierarchies *h = NULL;
        _cleanup_(freep) char *path = NULL, *text = NULL;

        fuzz_put("mountinfo", data, size);
        if (asprintf(&path, "%s/mountinfo", fuzz_dir()) < 0)
                abort();
        text = fuzz_text(data, size);
        if (hierarchies_open(path, &h) >= 0)
                read_groups(h, text);
        for (size_t i = 0; i < ELEMENTSOF(files); i++)
                fuzz_put(files[i], data, size);
        read_usage(1);
        read_usage(2);
        return 0;
}
