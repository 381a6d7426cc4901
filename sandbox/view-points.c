/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "sandbox/view-points.h"

#include <string.h>

#include "base/fd.h"

static Point *add_point(Points *points, const char *path, const char *key) {
        Point *grown;

        for (size_t i = 0; i < points->n; i++)
                if (strcmp(points->all[i].path, path) == 0)
                        return &points->all[i];
        grown = reallocarray(points->all, points->n + 1, sizeof(Point));
        if (!grown)
                return NULL;
        points->all = grown;
        grown += points->n;
        *grown = (Point) { .path = strdup(path), .key = key, .optional = true, .mount_fd = -EBADF };
        if (!grown->path)
                return NULL;
        points->n++;
        return grown;
}

int points_set_content(Points *points, const char *path, const char *key, Content content, int mount_fd,
                       const char *options, bool optional) {
        Point *p = add_point(points, path, key);

        if (!p) {
                close_fd(mount_fd);
                return -ENOMEM;
        }
        p->optional = p->optional && optional;
        if (content <= p->content) {
                close_fd(mount_fd);
                return 0;
        }
        p->content = content;
        p->key = key;
        close_fd(p->mount_fd);
        p->mount_fd = mount_fd;
        free(p->options);
        p->options = options ? strdup(options) : NULL;
        return options && !p->options ? -ENOMEM : 0;
}

static int set_access(Points *points, const char *path, const char *key, bool execute, Access access, bool optional) {
        Point *p = add_point(points, path, key);
        Access *set;

        if (!p)
                return -ENOMEM;
        p->optional = p->optional && optional;
        set = execute ? &p->execute : &p->write;
        if (*set == ACCESS_UNSET || access == ACCESS_NO)
                *set = access;
        return 0;
}

int points_set_write(Points *points, const char *path, const char *key, Access write, bool optional) {
        return set_access(points, path, key, false, write, optional);
}

/* --- what the policy asks for ------------------------------------------------------------ */

static int add_all(Points *points, const char *const *paths, const char *key,
                   int (*add)(Points *points, const char *path, const char *key)) {
        int r = 0;

        for (; r >= 0 && *paths; paths++)
                r = add(points, *paths, key);
        return r;
}

static int add_read_only(Points *points, const char *path, const char *key) {
        return points_set_write(points, path, key, ACCESS_NO, true);
}

static int add_writable(Points *points, const char *path, const char *key) {
        return points_set_write(points, path, key, ACCESS_YES, true);
}

static int add_hidden(Points *points, const char *path, const char *key) {
        return points_set_content(points, path, key, CONTENT_HIDDEN, -EBADF, NULL, true);
}

static int add_empty(Points *points, const char *path, const char *key) {
        return points_set_content(points, path, key, CONTENT_EMPTY, -EBADF, NULL, true);
}

static int add_protect_system(Points *points, const PolicyFilesystem *f, bool for_logins) {
        static const char *const system[] = { "/usr", "/boot", "/efi", NULL }, *const etc[] = { "/etc", NULL };
        static const char *const everything[] = { "/", NULL };
        /* kernel's own, and what ProtectHome= is for */
        static const char *const others[] = { "/dev", "/proc", "/sys", "/home", "/root", "/run/user", NULL };
        static const char *const own[] = { "/tmp", "/var/tmp", NULL };
        /* written by login programs, as root */
        static const char *const records[] = { "/run/utmp", "/run/sudo", "/var/log/wtmp", "/var/log/btmp",
                                               "/var/log/lastlog", NULL };
        static const char key[] = "ProtectSystem";
        ProtectSystem how = f->protect_system;
        int r = 0;

        if (how == PROTECT_SYSTEM_STRICT) {
                r = add_all(points, everything, key, add_read_only);
                if (r >= 0)
                        r = add_all(points, others, key, add_writable);
                if (r >= 0 && f->private_tmp != PRIVATE_TMP_NO)
                        r = add_all(points, own, key, add_writable);
                if (r >= 0 && for_logins)
                        r = add_all(points, records, key, add_writable);
        } else if (how != PROTECT_SYSTEM_NO)
                r = add_all(points, system, key, add_read_only);
        if (r >= 0 && how == PROTECT_SYSTEM_FULL)
                r = add_all(points, etc, key, add_read_only);
        return r;
}

static int add_protect_home(Points *points, const PolicyFilesystem *f) {
        static const char *const homes[] = { "/home", "/root", "/run/user", NULL };
        static int (*const add[])(Points *, const char *, const char *) = {
                [PROTECT_HOME_YES] = add_hidden,
                [PROTECT_HOME_READ_ONLY] = add_read_only,
                [PROTECT_HOME_TMPFS] = add_empty,
        };
        ProtectHome how = f->protect_home;

        return how == PROTECT_HOME_NO ? 0 : add_all(points, homes, "ProtectHome", add[how]);
}

static int add_protect_kernel(Points *points, const PolicyFilesystem *f) {
        static const char *const tunables[] = { "/proc/latency_stats", "/proc/mtrr", "/proc/apm", "/proc/timer_stats", NULL };
        static const char *const knowledge[] = { "/proc/kallsyms", "/proc/kcore", NULL };
        static const char *const modules[] = { "/usr/lib/modules", "/lib/modules", NULL };
        static const char *const logs[] = { "/proc/kmsg", "/dev/kmsg", NULL };
        int r = 0;

        if (f->protect_kernel_tunables) {
                r = add_all(points, tunables, "ProtectKernelTunables", add_read_only);
                if (r >= 0)
                        r = add_all(points, knowledge, "ProtectKernelTunables", add_hidden);
        }
        if (r >= 0 && f->protect_kernel_modules)
                r = add_all(points, modules, "ProtectKernelModules", add_hidden);
        if (r >= 0 && f->protect_kernel_logs)
                r = add_all(points, logs, "ProtectKernelLogs", add_hidden);
        return r;
}

static int add_path(Points *points, PathsKind kind, const char *path, bool optional) {
        switch (kind) {
        case PATHS_READ_ONLY:
                return points_set_write(points, path, "ReadOnlyPaths", ACCESS_NO, optional);
        case PATHS_READ_WRITE:
                return points_set_write(points, path, "ReadWritePaths", ACCESS_YES, optional);
        case PATHS_NO_EXEC:
                return set_access(points, path, "NoExecPaths", true, ACCESS_NO, optional);
        case PATHS_EXEC:
                return set_access(points, path, "ExecPaths", true, ACCESS_YES, optional);
        case PATHS_INACCESSIBLE:
                return points_set_content(points, path, "InaccessiblePaths", CONTENT_HIDDEN, -EBADF, NULL, optional);
        default:
                return 0;
        }
}

static int add_tmpfs(Points *points, const char *word) {
        _cleanup_(freep) char *path = strdup(word);
        char *options;

        if (!path)
                return -ENOMEM;
        options = strchr(path, ':');
        if (options)
                *options++ = '\0';
        return points_set_content(points, path, "TemporaryFileSystem", CONTENT_TMPFS, -EBADF, options ?: "", false);
}

int points_add_policy(Points *points, const PolicyFilesystem *f, bool for_logins) {
        static const PathsKind kinds[] = { PATHS_READ_ONLY, PATHS_READ_WRITE, PATHS_NO_EXEC, PATHS_EXEC, PATHS_INACCESSIBLE };
        int r = 0;

        /* first what the policy names itself: a complaint is about that key */
        for (size_t k = 0; k < ELEMENTSOF(kinds); k++)
                for (char **w = f->paths[kinds[k]]; r >= 0 && w && *w; w++)
                        r = add_path(points, kinds[k], *w + (**w == '-'), **w == '-');
        for (char **w = f->paths[PATHS_TMPFS]; r >= 0 && w && *w; w++)
                r = add_tmpfs(points, *w);
        if (r >= 0)
                r = add_protect_home(points, f);
        if (r >= 0)
                r = add_protect_kernel(points, f);
        return r >= 0 ? add_protect_system(points, f, for_logins) : r;
}

void points_done(Points *points) {
        for (size_t i = 0; i < points->n; i++) {
                free(points->all[i].path);
                free(points->all[i].options);
                close_fd(points->all[i].mount_fd);
        }
        free(points->all);
}
