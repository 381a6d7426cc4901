/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A row for each value and cgroup version: file, and the word before the number where the file holds
 * several ("nr_periods 5\nthrottled_usec 7\n"). */

#include "cgroups/usage.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "base/fd.h"
#include "base/parse.h"
#include "cgroups/group.h"

typedef struct UsageRow {
        unsigned version;
        Controller controller;
        const char *file, *word;
        size_t offset;
        uint64_t divisor; /* to the unit of the field */
} UsageRow;

#define FIELD(x) offsetof(Usage, x)

static const UsageRow rows[] = {
        { 2, CONTROLLER_CPUACCT, "cpu.stat", "usage_usec", FIELD(cpu_usec), 1 },
        { 1, CONTROLLER_CPUACCT, "cpuacct.usage", NULL, FIELD(cpu_usec), 1000 },
        { 2, CONTROLLER_CPU, "cpu.stat", "throttled_usec", FIELD(throttled_usec), 1 },
        { 1, CONTROLLER_CPU, "cpu.stat", "throttled_time", FIELD(throttled_usec), 1000 },
        { 2, CONTROLLER_MEMORY, "memory.current", NULL, FIELD(memory_bytes), 1 },
        { 1, CONTROLLER_MEMORY, "memory.usage_in_bytes", NULL, FIELD(memory_bytes), 1 },
        { 2, CONTROLLER_MEMORY, "memory.peak", NULL, FIELD(memory_peak_bytes), 1 },
        { 1, CONTROLLER_MEMORY, "memory.max_usage_in_bytes", NULL, FIELD(memory_peak_bytes), 1 },
        { 2, CONTROLLER_MEMORY, "memory.events", "oom_kill", FIELD(oom_kills), 1 },
        { 1, CONTROLLER_MEMORY, "memory.oom_control", "oom_kill", FIELD(oom_kills), 1 },
        { 2, CONTROLLER_PIDS, "pids.current", NULL, FIELD(tasks), 1 },
        { 1, CONTROLLER_PIDS, "pids.current", NULL, FIELD(tasks), 1 },
        { 2, CONTROLLER_PIDS, "pids.events", "max", FIELD(tasks_refused), 1 },
        { 1, CONTROLLER_PIDS, "pids.events", "max", FIELD(tasks_refused), 1 },
};

static bool find_number(const char *text, const char *word, uint64_t *ret) {
        size_t n = word ? strlen(word) : 0;

        for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
                if (word && (strncmp(line, word, n) != 0 || line[n] != ' '))
                        continue;
                return sscanf(line + n, "%" SCNu64, ret) == 1;
        }
        return false;
}

/* Sums " rbytes=N" of io.stat's lines, or "MAJ:MIN Read N" of v1's. */
static void read_io(int dir_fd, unsigned version, Usage *u) {
        _cleanup_(freep) char *text = NULL;
        char *save = NULL;

        if (fd_read_file_at(dir_fd, version == 2 ? "io.stat" : "blkio.throttle.io_service_bytes_recursive",
                            1 << 20, &text) < 0)
                return;
        u->io_read_bytes = u->io_write_bytes = 0;
        for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
                uint64_t read_bytes = 0, write_bytes = 0;

                if (version == 2)
                        (void) sscanf(line, "%*s rbytes=%" SCNu64 " wbytes=%" SCNu64, &read_bytes,
                                      &write_bytes);
                else if (sscanf(line, "%*u:%*u Read %" SCNu64, &read_bytes) != 1)
                        (void) sscanf(line, "%*u:%*u Write %" SCNu64, &write_bytes);
                u->io_read_bytes += read_bytes;
                u->io_write_bytes += write_bytes;
        }
}

int usage_read(const Hierarchies *h, const char *path, Usage *ret) {
        Usage u;
        bool any = false;

        memset(&u, 0xff, sizeof(u)); /* UINT64_MAX everywhere: not measured */
        for (size_t i = 0; i < h->n_items; i++) {
                _cleanup_(close_fdp) int fd = -EBADF;
                const Hierarchy *hierarchy = &h->items[i];

                fd = openat(hierarchy->root_fd, path, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
                if (fd < 0)
                        continue;
                any = true;
                for (size_t k = 0; k < ELEMENTSOF(rows); k++) {
                        _cleanup_(freep) char *text = NULL;
                        uint64_t value;

                        if (rows[k].version != hierarchy->version ||
                            !(hierarchy->controllers & 1U << rows[k].controller))
                                continue;
                        if (fd_read_file_at(fd, rows[k].file, 65536, &text) < 0 ||
                            !find_number(text, rows[k].word, &value))
                                continue;
                        *(uint64_t *) ((char *) &u + rows[k].offset) = value / rows[k].divisor;
                }
                if (hierarchy->controllers & 1U << CONTROLLER_IO)
                        read_io(fd, hierarchy->version, &u);
        }
        if (!any)
                return -ENOENT;
        *ret = u;
        return 0;
}
