/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "cgroups/driver.h"

#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>

#include "base/fd.h"

#define RESERVE_TASKS 24
#define RESERVE_TASKS_OF_LOGIN 3
#define RESERVE_MEMORY_BYTES (UINT64_C(128) << 20)
#define RESERVE_CPU_PERMILLE UINT64_C(200)

static bool is_unified(const Hierarchies *h) {
        static const Controller needed[] = { CONTROLLER_CPU, CONTROLLER_MEMORY, CONTROLLER_PIDS };

        for (size_t i = 0; i < ELEMENTSOF(needed); i++) {
                const Hierarchy *owner = hierarchies_find(h, needed[i]);

                if (!owner || owner->version != 2)
                        return false;
        }
        return true;
}

const Driver *driver_choose(const char *name, const Hierarchies *h) {
        static const Driver *const drivers[] = { &driver_cgroupfs, &driver_systemd };

        if (strcmp(name, "auto") == 0)
                return sd_booted() > 0 && is_unified(h) ? &driver_systemd : &driver_cgroupfs;
        for (size_t i = 0; i < ELEMENTSOF(drivers); i++)
                if (strcmp(name, drivers[i]->name) == 0)
                        return drivers[i];
        return NULL;
}

bool driver_has_room(const DriverCell *c, const DriverLeader *l, const char *group) {
        uint64_t headroom, max;

        group_task_headroom(c->hierarchies, group, &headroom, &max);
        return headroom >= MIN(UINT64_C(4), max / 2) + l->tasks_promised;
}

int driver_check_reserve(const DriverCell *c, const DriverLeader *l, const char *reserve, char what[static DRIVER_WHAT_MAX]) {
        uint64_t headroom, max;

        if (l->tasks_promised > 0)
                return driver_fail(what, -EAGAIN, "your cell is at TasksMax= with the logins that are on their way");
        group_task_headroom(c->hierarchies, reserve, &headroom, &max);
        return headroom >= RESERVE_TASKS_OF_LOGIN ? 0 :
                driver_fail(what, -EAGAIN, "your cell is at TasksMax=, and so is its reserve: end a session");
}

void driver_reserve_limits(const DriverCell *c, Resources *ret) {
        resources_init(ret);
        ret->tasks_max = RESERVE_TASKS;
        ret->memory_max_bytes = MIN(RESERVE_MEMORY_BYTES, c->policy->cell.memory_max_bytes);
        ret->cpu_quota_permille = MIN(RESERVE_CPU_PERMILLE, c->policy->cell.cpu_quota_permille);
}

bool driver_leader_lives(const DriverLeader *l) {
        unsigned long long start;

        return fd_pid_start_time(l->pid, &start) >= 0 && start == l->start_time;
}

bool driver_in_pid_namespace(pid_t pid, uint64_t inode) {
        struct stat st;
        char path[64];

        (void) snprintf(path, sizeof(path), "/proc/%d/ns/pid", (int) pid);
        return stat(path, &st) >= 0 && st.st_ino == inode;
}

int driver_fail(char what[static DRIVER_WHAT_MAX], int error, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(what, DRIVER_WHAT_MAX, format, ap);
        va_end(ap);
        return error;
}
