/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reads mountinfo once. A hierarchy may be mounted several times: the first mount of its root
 * counts. v1 controllers come from the super options of the mount, v2's from cgroup.controllers. */

#include "cgroups/controllers.h"

#include <fcntl.h>
#include <string.h>

#include "base/fd.h"

static const struct {
        const char *name, *v1_name;
} controller_names[_CONTROLLER_MAX] = {
        [CONTROLLER_CPU] = { "cpu", "cpu" },
        [CONTROLLER_CPUACCT] = { "cpuacct", "cpuacct" },
        [CONTROLLER_CPUSET] = { "cpuset", "cpuset" },
        [CONTROLLER_MEMORY] = { "memory", "memory" },
        [CONTROLLER_PIDS] = { "pids", "pids" },
        [CONTROLLER_IO] = { "io", "blkio" },
        [CONTROLLER_DEVICES] = { "devices", "devices" },
        [CONTROLLER_FREEZER] = { "freezer", "freezer" },
};

/* What v2 has in every group, whatever cgroup.controllers says. */
#define UNIFIED_CORE \
        (1U << CONTROLLER_CPUACCT | 1U << CONTROLLER_DEVICES | 1U << CONTROLLER_FREEZER)

const char *controller_to_string(Controller c) {
        return c >= 0 && c < _CONTROLLER_MAX ? controller_names[c].name : "?";
}

Hierarchies *hierarchies_free(Hierarchies *h) {
        if (!h)
                return NULL;
        for (size_t i = 0; i < h->n_items; i++) {
                free(h->items[i].mount_path);
                free(h->items[i].name);
                close_fd(h->items[i].root_fd);
        }
        free(h->probe_path);
        free(h->layout_path);
        free(h);
        return NULL;
}

static bool word_in(const char *list, const char *separators, const char *word) {
        size_t length = strlen(word);

        for (const char *p = list; *p;) {
                size_t n = strcspn(p, separators);

                if (n == length && strncmp(p, word, n) == 0)
                        return true;
                p += n;
                p += strspn(p, separators);
        }
        return false;
}

static unsigned controllers_in(const char *list, const char *separators, unsigned version) {
        unsigned mask = 0;

        for (int c = 0; c < _CONTROLLER_MAX; c++)
                if (word_in(list, separators,
                            version == 1 ? controller_names[c].v1_name : controller_names[c].name))
                        mask |= 1U << c;
        return mask;
}

/* The super options of a v1 mount less what is no controller ("rw"): what selects it again. */
static char *controller_options(const char *super_options) {
        char *out, *p;

        out = p = calloc(1, strlen(super_options) + 1);
        if (!out)
                return NULL;
        for (const char *s = super_options; *s;) {
                size_t n = strcspn(s, ",");

                /* "xattr", "release_agent=..." and "name=..." belong to the mount, not to us */
                if (!(n == 2 && (strncmp(s, "rw", 2) == 0 || strncmp(s, "ro", 2) == 0)) &&
                    !(n == 5 && strncmp(s, "xattr", 5) == 0) &&
                    !(n == 14 && strncmp(s, "clone_children", 14) == 0) && !memchr(s, '=', n)) {
                        if (p != out)
                                *p++ = ',';
                        p = mempcpy(p, s, n);
                }
                s += n;
                s += strspn(s, ",");
        }
        return out;
}

static int add_hierarchy(Hierarchies *h, unsigned version, const char *path, const char *super_options) {
        _cleanup_(freep) char *options = NULL, *mount_path = NULL, *name = NULL, *available = NULL;
        _cleanup_(close_fdp) int fd = -EBADF;
        unsigned mask;

        if (version == 2 ? h->unified >= 0 : false)
                return 0;
        fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return -errno;

        if (version == 1) {
                options = controller_options(super_options);
                if (!options)
                        return -ENOMEM;
                mask = controllers_in(options, ",", 1);
                if (mask == 0)
                        return 0;
                for (size_t i = 0; i < h->n_items; i++)
                        if (h->items[i].controllers & mask)
                                return 0; /* mounted a second time */
        } else {
                ssize_t n = fd_read_file_at(fd, "cgroup.controllers", 4096, &available);

                if (n < 0)
                        return (int) n;
                mask = controllers_in(available, " \n", 2) | UNIFIED_CORE;
        }

        mount_path = strdup(path);
        name = strdup(version == 1 ? options : "");
        if (!mount_path || !name)
                return -ENOMEM;
        if (h->n_items == HIERARCHIES_MAX)
                return -E2BIG;
        if (version == 2)
                h->unified = (int) h->n_items;
        h->items[h->n_items++] = (Hierarchy) {
                .version = version,
                .controllers = mask,
                .mount_path = TAKE_PTR(mount_path),
                .name = TAKE_PTR(name),
                .root_fd = TAKE_FD(fd),
        };
        return 0;
}

/* mountinfo escapes blanks as \040; see proc(5). */
static void unescape(char *text) {
        char *out = text;

        for (; *text; text++)
                if (text[0] == '\\' && strspn(text + 1, "01234567") >= 3) {
                        *out++ = (char) ((text[1] - '0') << 6 | (text[2] - '0') << 3 | (text[3] - '0'));
                        text += 3;
                } else
                        *out++ = *text;
        *out = '\0';
}

static int add_mount(Hierarchies *h, char *line) {
        char *save = NULL, *separator, *root, *path, *type, *options;
        unsigned version;

        separator = strstr(line, " - ");
        if (!separator)
                return -EBADMSG;
        *separator = '\0';
        (void) strtok_r(line, " ", &save);
        (void) strtok_r(NULL, " ", &save);
        (void) strtok_r(NULL, " ", &save);
        root = strtok_r(NULL, " ", &save);
        path = strtok_r(NULL, " ", &save);
        if (!root || !path)
                return -EBADMSG;

        type = strtok_r(separator + 3, " ", &save);
        (void) strtok_r(NULL, " ", &save);
        options = strtok_r(NULL, " ", &save);
        if (!type || !options)
                return -EBADMSG;
        if (strcmp(type, "cgroup2") == 0)
                version = 2;
        else if (strcmp(type, "cgroup") == 0)
                version = 1;
        else
                return 0;
        if (strcmp(root, "/") != 0)
                return 0; /* a bind mount of some group, no hierarchy */
        unescape(path);
        return add_hierarchy(h, version, path, options);
}

/* A controller has one owner. v1 hierarchies win over the core of v2: where the devices or freezer
 * controller is mounted, it can also see what v2 can't, but freezing and the eBPF device program of
 * v2 work beside it; so v2's core serves only what no v1 hierarchy carries. */
static void assign_owners(Hierarchies *h) {
        for (int c = 0; c < _CONTROLLER_MAX; c++) {
                h->owner[c] = -ENOENT;
                for (size_t i = 0; i < h->n_items; i++)
                        if (h->items[i].controllers & 1U << c &&
                            (h->owner[c] < 0 || h->items[i].version == 1))
                                h->owner[c] = (int) i;
        }
        for (size_t i = 0; i < h->n_items; i++)
                for (int c = 0; c < _CONTROLLER_MAX; c++)
                        if (h->owner[c] != (int) i)
                                h->items[i].controllers &= ~(1U << c);
}

static int find_layout(Hierarchies *h) {
        for (size_t i = 0; i < h->n_items; i++) {
                const char *slash = strrchr(h->items[i].mount_path, '/');

                if (h->items[i].version != 1 || slash == h->items[i].mount_path)
                        continue;
                h->layout_path = strndup(h->items[i].mount_path,
                                         (size_t) (slash - h->items[i].mount_path));
                return h->layout_path ? 0 : -ENOMEM;
        }
        return 0;
}

int hierarchies_open(const char *mountinfo, Hierarchies **ret) {
        _cleanup_(hierarchies_freep) Hierarchies *h = NULL;
        _cleanup_(freep) char *text = NULL;
        char *save = NULL;
        ssize_t n;
        int r;

        h = calloc(1, sizeof(*h));
        if (!h)
                return -ENOMEM;
        h->unified = -ENOENT;

        n = fd_read_file_at(AT_FDCWD, mountinfo ?: "/proc/self/mountinfo", 64 << 20, &text);
        if (n < 0)
                return (int) n;
        for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
                r = add_mount(h, line);
                if (r < 0)
                        return r;
        }
        if (h->n_items == 0)
                return -ENOENT;
        assign_owners(h);
        r = find_layout(h);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(h);
        return 0;
}

const Hierarchy *hierarchies_find(const Hierarchies *h, Controller c) {
        return h->owner[c] < 0 ? NULL : &h->items[h->owner[c]];
}

int hierarchies_set_probe(Hierarchies *h, const char *path) {
        char *copy = strdup(path);

        if (!copy)
                return -ENOMEM;
        free(h->probe_path);
        h->probe_path = copy;
        return 0;
}

bool hierarchies_have_file(const Hierarchies *h, Controller c, const char *name) {
        const Hierarchy *hierarchy = hierarchies_find(h, c);
        char path[512];

        if (!hierarchy)
                return false;
        if (!h->probe_path)
                return true;
        (void) snprintf(path, sizeof(path), "%s/%s", h->probe_path, name);
        return faccessat(hierarchy->root_fd, path, F_OK, 0) == 0;
}
