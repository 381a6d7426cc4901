/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "manager/daemon/host.h"

#include <ctype.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/log.h"
#include "manager/cells/builder-inner.h"
#include "manager/cells/placement.h"
#include "manager/daemon/claim.h"
#include "manager/daemon/network.h"
#include "netns/host-net.h"

static int open_subdir(Manager *m, const char *name) {
        int fd, r;

        r = fd_mkdir_parents_at(m->runtime_fd, name, 0700);
        if (r < 0)
                return r;
        fd = fd_open_beneath(m->runtime_fd, name, O_RDONLY | O_DIRECTORY, 0);
        return fd;
}

static int open_runtime(Manager *m) {
        struct stat st;
        int r;

        r = fd_mkdir_parents_at(AT_FDCWD, m->config.runtime_dir, 0755);
        if (r < 0)
                return log_error_errno(r, "Cannot make %s: %m", m->config.runtime_dir);
        m->runtime_fd = open(m->config.runtime_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (m->runtime_fd < 0 || fstat(m->runtime_fd, &st) < 0)
                return log_error_errno(errno, "Cannot open %s: %m", m->config.runtime_dir);
        if (st.st_uid != 0 || st.st_mode & 022)
                return log_error_errno(EPERM, "%s must belong to root and be writable by nobody else",
                                       m->config.runtime_dir);

        m->lock_fd = openat(m->runtime_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (m->lock_fd < 0)
                return log_error_errno(errno, "Cannot open %s/lock: %m", m->config.runtime_dir);
        r = claim_lock(m->lock_fd);
        if (r < 0)
                return log_error_errno(r, "Another confined runs already with %s", m->config.runtime_dir);
        m->cells_fd = open_subdir(m, "cells");
        m->sessions_fd = open_subdir(m, "sessions");
        m->driver_fd = open_subdir(m, "units");
        m->placements_fd = open_subdir(m, "placements");
        r = MIN(m->cells_fd, m->sessions_fd);
        r = MIN(r, m->driver_fd);
        r = MIN(r, m->placements_fd);
        if (r >= 0)
                r = fd_mkdir_parents_at(m->runtime_fd, "netns", 0711);
        if (r >= 0)
                r = fd_mkdir_parents_at(m->runtime_fd, "resolv", 0711);
        if (r >= 0)
                r = fd_mkdir_parents_at(m->runtime_fd, BUILDER_PINS_DIR, 0700);
        if (r < 0)
                return log_error_errno(r, "Cannot open the records in %s: %m", m->config.runtime_dir);
        return 0;
}

static int name_things(Manager *m) {
        const char *instance = m->config.instance;
        size_t n = strlen(instance);

        if (n == 0 || n > 31 || !islower((unsigned char) instance[0]) ||
            strspn(instance, "abcdefghijklmnopqrstuvwxyz0123456789-") != n)
                return log_error_errno(EINVAL, "Instance \"%s\" must be 1 to 31 of a-z, 0-9 and -, and begin "
                                       "with a letter", instance);
        (void) snprintf(m->root_group, sizeof(m->root_group), "%s", instance);
        (void) snprintf(m->firewall_table, sizeof(m->firewall_table), "%s", instance);
        host_net_links(instance, m->link_prefix, m->gateway_link);
        return 0;
}

static int read_conf(Manager *m) {
        PolicyDiags diags = {};
        int r;

        r = manager_conf_read(m->config.config_dir, &diags, &m->conf);
        for (size_t i = 0; i < diags.n_items; i++) {
                _cleanup_(freep) char *line = policy_diag_to_string(&diags.items[i]);

                log_error("%s", line ?: "out of memory");
        }
        policy_diags_done(&diags);
        return r;
}

static int open_host(Manager *m) {
        int r;

        r = hierarchies_open(NULL, &m->hierarchies);
        if (r < 0)
                return log_error_errno(r, "Cannot find the control groups: %m");
        m->driver = driver_choose(m->conf.cgroup_driver, m->hierarchies);
        log_info("Control groups by driver %s", m->driver->name);
        r = claim_check_links(m);
        if (r < 0)
                return r;
        r = m->driver->make_root(m->hierarchies, m->root_group);
        if (r == -EBUSY)
                return log_error_errno(r, "Cannot make control group %s: there are processes in the root of "
                                       "cgroup v2 as this container sees it; move them into a group of their own",
                                       m->root_group);
        if (r < 0)
                return log_error_errno(r, "Cannot make control group %s: %m", m->root_group);
        r = claim_instance(m);
        if (r < 0)
                return r;
        if (m->driver->makes_groups) {
                r = hierarchies_set_probe(m->hierarchies, m->root_group);
                if (r < 0)
                        return r;
        }
        m->init_fd = open(m->config.init_path, O_PATH | O_CLOEXEC);
        if (m->init_fd < 0)
                return log_error_errno(errno, "Cannot open %s: %m", m->config.init_path);
        return pool_new(&m->pool);
}

static int name_policy_dirs(Manager *m) {
        const char *dirs[] = { m->config.config_dir, m->config.runtime_dir, m->config.vendor_dir };

        for (size_t i = 0; i < ELEMENTSOF(dirs); i++) {
                _cleanup_(freep) char *path = NULL;
                int r;

                if (asprintf(&path, "%s/policies", dirs[i]) < 0)
                        return -ENOMEM;
                r = strv_extend(&m->policy_dirs, path);
                if (r < 0)
                        return r;
        }
        return 0;
}

int host_open(Manager *m) {
        int r;

        r = name_things(m);
        if (r >= 0)
                r = name_policy_dirs(m);
        if (r >= 0)
                r = open_runtime(m);
        if (r >= 0)
                r = read_conf(m);
        return r < 0 ? r : open_host(m);
}

void host_remove(Manager *m) {
        static const char *const names[] = { "cells", "sessions", "units", "broken", "hosts", BUILDER_PINS_DIR, "lock" };

        network_remove(m);
        placements_remove(m->runtime_fd);
        m->driver->remove_root(m->hierarchies, m->root_group);
        if (!m->login_passed)
                (void) unlinkat(m->runtime_fd, "login", 0);
        if (!m->bus_passed)
                (void) unlinkat(m->runtime_fd, "bus", 0);
        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (unlinkat(m->runtime_fd, names[i], 0) < 0 && errno == EISDIR)
                        (void) unlinkat(m->runtime_fd, names[i], AT_REMOVEDIR);
        (void) rmdir(m->config.runtime_dir); /* ENOTEMPTY: policies of the administrator */
}

char *manager_runtime_path(const Manager *m, const char *name) {
        char *path = NULL;

        return asprintf(&path, "%s/%s", m->config.runtime_dir, name) < 0 ? NULL : path;
}
