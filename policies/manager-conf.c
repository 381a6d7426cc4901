/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "policies/manager-conf.h"

#include <fcntl.h>
#include <ini.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINES_MAX 1000
/* Above what systemd takes for its dynamic users and containers, see systemd's "Users, Groups, UIDs and GIDs". */
#define SUBIDS_FIRST 0x70000000
#define SUBIDS_LAST 0x7fffffff

typedef struct Reader {
        ManagerConf conf;
        PolicyDiags *diags;
        const char *path;
        unsigned line;
        unsigned seen; /* bits of keys */
        int error;
} Reader;

static int complain(Reader *r, const char *section, const char *key, const char *message) {
        r->error = policy_diags_add(r->diags, false, r->path, r->line, section, key, "%s", message);
        if (r->error >= 0)
                r->error = -EBADMSG;
        return 0; /* to inih: an error */
}

typedef struct Input {
        FILE *f;
        Reader *reader;
} Input;

static char *next_line(char *buffer, int size, void *userdata) {
        Input *in = userdata;

        in->reader->line++;
        return in->reader->line > LINES_MAX ? NULL : fgets(buffer, size, in->f);
}

static const char *take_driver(ManagerConf *c, const char *value) {
        static const char *const drivers[] = { "auto", "cgroupfs", "systemd" };

        for (size_t i = 0; i < ELEMENTSOF(drivers); i++)
                if (strcmp(value, drivers[i]) == 0) {
                        (void) strcpy(c->cgroup_driver, value);
                        return NULL;
                }
        return "is none of auto, cgroupfs and systemd";
}

static const char *take_netns_names(ManagerConf *c, const char *value) {
        return parse_boolean(value, &c->netns_names) < 0 ? "is neither yes nor no" : NULL;
}

static const char *take_hosts_file(ManagerConf *c, const char *value) {
        return parse_boolean(value, &c->hosts_file) < 0 ? "is neither yes nor no" : NULL;
}

static const char *take_subids(ManagerConf *c, const char *value) {
        uid_t first, last;

        if (parse_uid_range(value, &first, &last) < 0 || first < 65536 || last - first < 65535)
                return "is no range of at least 65536 ids from 65536 on (FIRST-LAST)";
        c->first_subid = first;
        c->last_subid = last;
        return NULL;
}

/* `take` returns what is wrong, or NULL. */
static const struct {
        const char *name;
        const char *(*take)(ManagerConf *c, const char *value);
} conf_keys[] = {
        { "CgroupDriver", take_driver },
        { "NetnsNames", take_netns_names },
        { "HostsFile", take_hosts_file },
        { "SubordinateIDs", take_subids },
};

static int handle(void *userdata, const char *section, const char *name, const char *value) {
        Reader *r = userdata;

        if (strcmp(section, "Manager") != 0)
                return complain(r, section, name, "unknown section; there is [Manager]");
        for (size_t i = 0; i < ELEMENTSOF(conf_keys); i++) {
                const char *wrong;

                if (strcmp(name, conf_keys[i].name) != 0)
                        continue;
                if (r->seen & 1U << i)
                        return complain(r, section, name, "given twice");
                r->seen |= 1U << i;
                wrong = conf_keys[i].take(&r->conf, value);
                return wrong ? complain(r, section, name, wrong) : 1;
        }
        return complain(r, section, name, "unknown key; there are CgroupDriver=, NetnsNames=, HostsFile= and "
                        "SubordinateIDs=");
}

int manager_conf_read(const char *dir, PolicyDiags *diags, ManagerConf *ret) {
        static const ManagerConf defaults = { .cgroup_driver = "auto", .netns_names = true,
                                              .first_subid = SUBIDS_FIRST, .last_subid = SUBIDS_LAST };
        _cleanup_(fclosep) FILE *f = NULL;
        _cleanup_(freep) char *path = NULL;
        Reader r = { .conf = defaults, .diags = diags };
        Input in = { .reader = &r };
        struct stat st;
        int fd, k;

        *ret = defaults;
        if (asprintf(&path, "%s/confined.conf", dir) < 0)
                return -ENOMEM;
        r.path = path;
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (fd < 0 && errno == ENOENT)
                return 0;
        f = fd < 0 ? NULL : fdopen(fd, "re");
        if (!f || fstat(fd, &st) < 0) {
                (void) complain(&r, NULL, NULL, strerror(errno));
                close_fd(f ? -EBADF : fd);
                return r.error;
        }
        if (!S_ISREG(st.st_mode) || st.st_uid != 0 || st.st_mode & 022) {
                (void) complain(&r, NULL, NULL, "must be a regular file that belongs to root and is writable by "
                                                "nobody else");
                return r.error;
        }
        in.f = f;
        k = ini_parse_stream(next_line, &in, handle, &r);
        if (k != 0 && r.error >= 0) { /* inih says which line it does not understand */
                r.line = k > 0 ? (unsigned) k : 0;
                (void) complain(&r, NULL, NULL, "neither Key=value, [Section] nor # comment");
        }
        if (r.error < 0)
                return r.error;
        *ret = r.conf;
        return 0;
}
