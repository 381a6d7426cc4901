/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

#include "cgroups/controllers.h"

/* What a group uses now. A value that this host doesn't measure is UINT64_MAX. */
typedef struct Usage {
        uint64_t cpu_usec;
        uint64_t memory_bytes, memory_peak_bytes;
        uint64_t oom_kills;
        uint64_t tasks;
        uint64_t tasks_refused; /* forks that TasksMax= refused */
        uint64_t throttled_usec;
        uint64_t io_read_bytes, io_write_bytes;
} Usage;

/* Reads the files of a group: no dump, no walk; about 10 us each. -ENOENT: no such group. */
int usage_read(const Hierarchies *h, const char *path, Usage *ret);
