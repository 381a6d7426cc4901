/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whether something can be written or executed each point has from the key that names it or from the nearest point
 * above. First all points that show what is there anyway are copied, as the host has it, so that inside of
 * something read-only the writable is as writable as the host has made it and no more; then all are put into
 * place, from the top down. */

#include "sandbox/view.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "sandbox/mounts.h"
#include "sandbox/view-points.h"

struct View {
        const PolicyFilesystem *policy;
        bool for_logins;
        int root_fd; /* RootDirectory=, as a mount */
        Points points;
        char what[512];
};

static int fail(View *v, const Point *p, int error, const char **ret_what) {
        (void) snprintf(v->what, sizeof(v->what), "%s=, %s%s", p->key, p->path,
                        error == -ELOOP ? ": there is a symbolic link that its owner can change" :
                        error == -ESTALE ? ": changed while it was looked at" :
                        error == -EXDEV ? ": inside of what another key hides" : "");
        *ret_what = v->what;
        return error;
}

/* May a path with "-" be left out? What is not there may; and so may what a user makes unreachable, by a link, a file
 * in place of a directory, or a file system of their own that root may not look into. */
static bool may_be_missing(int root_fd, const char *path, bool optional, int error) {
        return optional && (error == -ENOENT || path_open_roots(root_fd, path, NULL) == -EPERM);
}

/* --- what the host has ------------------------------------------------------------------- */

static int open_bind(View *v, const char *word, bool read_only, const char **ret_what) {
        const char *key = read_only ? "BindReadOnlyPaths" : "BindPaths";
        bool optional = *word == '-';
        _cleanup_(freep) char *source = strdup(word + optional), *resolved = NULL;
        _cleanup_(close_fdp) int fd = -EBADF, host_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        char *target, *options;
        int mount_fd, r;

        if (!source)
                return -ENOMEM;
        if (host_fd < 0)
                return -errno;
        target = strchr(source, ':');
        *target++ = '\0';
        options = strchr(target, ':');
        if (options)
                *options = '\0';
        r = path_open(host_fd, source, &resolved, &fd);
        mount_fd = r < 0 ? r : mount_copy(fd, "", !options);
        if (mount_fd < 0 && may_be_missing(host_fd, source, optional, mount_fd))
                return 0;
        if (mount_fd < 0)
                return fail(v, &(Point) { .key = key, .path = source }, mount_fd, ret_what);
        r = points_set_content(&v->points, target, key, CONTENT_BIND, mount_fd, NULL, false);
        return r < 0 ? r : points_set_write(&v->points, target, key, read_only ? ACCESS_NO : ACCESS_YES, false);
}

static int open_root(View *v, const char **ret_what) {
        const Point p = { .key = "RootDirectory", .path = v->policy->root_directory };
        _cleanup_(close_fdp) int fd = -EBADF, host_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        _cleanup_(freep) char *resolved = NULL;
        struct stat st;
        int r;

        if (host_fd < 0)
                return -errno;
        r = path_open(host_fd, p.path, &resolved, &fd);
        if (r >= 0 && fstat(fd, &st) >= 0 && !S_ISDIR(st.st_mode))
                r = -ENOTDIR;
        if (r >= 0)
                r = v->root_fd = mount_copy(fd, "", true);
        if (r >= 0)
                r = mount_put_fd(v->root_fd, fd);
        return r < 0 ? fail(v, &p, r, ret_what) : 0;
}

int view_new(const PolicyFilesystem *f, bool for_logins, View **ret, const char **ret_what) {
        View *v = calloc(1, sizeof(*v));
        int r = 0;

        if (!v)
                return -ENOMEM;
        *v = (View) { .policy = f, .for_logins = for_logins, .root_fd = -EBADF };
        *ret = v; /* also on error: what may be in it */
        for (char **w = f->paths[PATHS_BIND]; r >= 0 && w && *w; w++)
                r = open_bind(v, *w, false, ret_what);
        for (char **w = f->paths[PATHS_BIND_READ_ONLY]; r >= 0 && w && *w; w++)
                r = open_bind(v, *w, true, ret_what);
        if (r >= 0 && f->root_directory)
                r = open_root(v, ret_what);
        return r;
}

View *view_free(View *v) {
        if (v) {
                points_done(&v->points);
                close_fd(v->root_fd);
        }
        free(v);
        return NULL;
}

int view_enter_root(View *v, const char **ret_what) {
        int r;

        if (v->root_fd < 0)
                return 0;
        r = mount_become_root(v->root_fd);
        return r < 0 ? fail(v, &(Point) { .key = "RootDirectory", .path = v->policy->root_directory }, r, ret_what) : 0;
}

/* --- looking at what is there ------------------------------------------------------------ */

/* The cell's own, where others' points can be made. */
static bool is_in_memory(const Point *p) {
        return p->content == CONTENT_TMPFS || p->content == CONTENT_EMPTY;
}

static int compare(const void *a, const void *b) {
        return strcmp(((const Point *) a)->path, ((const Point *) b)->path);
}

static int compare_lengths(const void *a, const void *b) {
        size_t n = strlen(((const Point *) a)->path), m = strlen(((const Point *) b)->path);

        return (n > m) - (n < m);
}

/* Inside of it what is there on the host is not to be seen. */
static bool puts_something(const Point *p) {
        return p->content != CONTENT_SAME && p->content != CONTENT_HIDDEN;
}

/* The nearest point that p is inside of; or, with `covering`, that puts something there: then what is at p is not known
 * before. */
static const Point *nearest_above(const View *v, const Point *p, bool covering) {
        const Point *best = NULL;

        for (size_t i = 0; i < v->points.n; i++) {
                const Point *q = &v->points.all[i];

                if (!q->gone && (!covering || puts_something(q)) && path_is_above(q->path, p->path) &&
                    (!best || strlen(q->path) > strlen(best->path)))
                        best = q;
        }
        return best;
}

/* Two names of one place: what both ask for is asked of the place. */
static void merge(Point *to, Point *from) {
        if (from->content > to->content) {
                SWAP(to->content, from->content);
                SWAP(to->mount_fd, from->mount_fd);
                SWAP(to->options, from->options);
                SWAP(to->key, from->key);
        }
        to->write = to->write == ACCESS_NO || from->write == ACCESS_UNSET ? to->write : from->write;
        to->execute = to->execute == ACCESS_NO || from->execute == ACCESS_UNSET ? to->execute : from->execute;
        to->optional = to->optional && from->optional;
        to->gone = to->gone && from->gone;
        from->gone = true;
}

/* There was a link on the way: what is below comes along. Takes `resolved`. */
static int move(View *v, Point *p, char *resolved) {
        _cleanup_(freep) char *from = p->path;

        p->path = resolved;
        for (size_t i = 0; i < v->points.n && strcmp(from, resolved) != 0; i++) {
                Point *q = &v->points.all[i];
                char *moved;

                if (q == p || !path_is_above(from, q->path))
                        continue;
                if (asprintf(&moved, "%s%s", strcmp(resolved, "/") == 0 ? "" : resolved, q->path + strlen(from)) < 0)
                        return -ENOMEM;
                free(q->path);
                q->path = moved;
        }
        return 0;
}

static int take_copy(Point *p, int fd) {
        struct stat st;

        if (fstat(fd, &st) < 0)
                return -errno;
        p->dev = st.st_dev;
        p->ino = st.st_ino;
        p->mount_fd = mount_copy(fd, "", true);
        return p->mount_fd < 0 ? p->mount_fd : 0;
}

/* Finds where a point is, and takes a copy of what is there if that is to stay. */
static int look(View *v, int root_fd, Point *p, const char **ret_what) {
        _cleanup_(close_fdp) int fd = -EBADF;
        char *resolved = NULL;
        int r;

        p->covered = nearest_above(v, p, true);
        if (p->covered)
                return 0;
        r = path_open(root_fd, p->path, &resolved, &fd);
        if (resolved && move(v, p, resolved) < 0)
                return -ENOMEM;
        p->covered = nearest_above(v, p, true);
        if (p->covered)
                return 0;
        if (r >= 0 && p->content == CONTENT_SAME && strcmp(p->path, "/") != 0)
                r = take_copy(p, fd);
        if (r < 0 && may_be_missing(root_fd, p->path, p->optional, r)) {
                p->gone = true;
                return 0;
        }
        return r == -ENOENT || r >= 0 ? 0 : fail(v, p, r, ret_what); /* it may come to be there */
}

static int look_at_all(View *v, int root_fd, const char **ret_what) {
        qsort(v->points.all, v->points.n, sizeof(Point), compare_lengths); /* what is above comes first, also if it moves */
        for (int same = 0; same < 2; same++)
                for (size_t i = 0; i < v->points.n; i++) {
                        bool is_same = v->points.all[i].content == CONTENT_SAME;
                        int r = same == is_same ? look(v, root_fd, &v->points.all[i], ret_what) : 0;

                        if (r < 0)
                                return r;
                }
        qsort(v->points.all, v->points.n, sizeof(Point), compare); /* what is above comes first */
        for (size_t i = 1; i < v->points.n; i++)
                if (strcmp(v->points.all[i - 1].path, v->points.all[i].path) == 0) {
                        merge(&v->points.all[i], &v->points.all[i - 1]);
                        if (v->points.all[i].content == CONTENT_SAME && v->points.all[i].mount_fd < 0)
                                SWAP(v->points.all[i].mount_fd, v->points.all[i - 1].mount_fd);
                }
        return 0;
}

/* --- putting it into place --------------------------------------------------------------- */

/* Below what is hidden nothing is to be seen; but who says that something shall be there is told. */
static int check_hidden(View *v, Point *p, const char **ret_what) {
        for (size_t i = 0; i < v->points.n; i++) {
                const Point *q = &v->points.all[i];

                if (q->gone || q->content != CONTENT_HIDDEN || !path_is_above(q->path, p->path))
                        continue;
                if (p->content == CONTENT_BIND || p->content == CONTENT_TMPFS)
                        return fail(v, p, -EXDEV, ret_what);
                p->gone = true;
        }
        return 0;
}

/* Inside of the cell's own file systems what a mount is put on is made. */
static int make_target(int root_fd, const char *path, bool is_dir) {
        _cleanup_(close_fdp) int fd = openat(root_fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);

        for (;;) {
                char name[NAME_MAX + 1];
                size_t n;
                bool last;
                int next, file;

                path += strspn(path, "/");
                n = strcspn(path, "/");
                last = !path[n];
                if (n == 0 || n > NAME_MAX)
                        return n ? -ENAMETOOLONG : TAKE_FD(fd);
                memcpy(name, path, n);
                name[n] = '\0';
                if (!last || is_dir) {
                        if (mkdirat(fd, name, 0755) < 0 && errno != EEXIST)
                                return -errno;
                } else {
                        file = openat(fd, name, O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
                        if (file < 0 && errno != EEXIST)
                                return -errno;
                        close_fd(file);
                }
                next = path_reopen(fd, name);
                if (next < 0)
                        return next;
                close_fd(fd);
                fd = next;
                path += n;
        }
}

static int open_target(View *v, int root_fd, const Point *p, bool is_dir) {
        const Point *above = nearest_above(v, p, false);
        int fd = path_reopen(root_fd, p->path);

        if (fd == -ENOENT && above && is_in_memory(above))
                fd = make_target(root_fd, p->path, is_dir);
        return fd;
}

static int tmpfs_for(const Point *p, const ViewParts *parts, bool *ret_read_only) {
        TmpfsQuota quota = *parts->quota;
        _cleanup_(freep) char *options = strdup(p->options);
        FsOption all[6] = { { "size", quota.size }, { "nr_inodes", quota.inodes }, { "mode", "0755" } };
        unsigned attributes = MOUNT_NO_DEV | MOUNT_NO_SUID;
        size_t n = 3;
        uint64_t number;
        char *save = NULL;

        if (!options)
                return -ENOMEM;
        for (char *o = strtok_r(options, ",", &save); o; o = strtok_r(NULL, ",", &save)) {
                char *value = strchr(o, '=');

                if (value)
                        *value++ = '\0';
                if (strcmp(o, "size") == 0 && strchr(value, '%'))
                        (void) snprintf(quota.size, sizeof(quota.size), "%s", value);
                else if (strcmp(o, "size") == 0 && parse_bytes(value, &number) >= 0)
                        (void) snprintf(quota.size, sizeof(quota.size), "%" PRIu64, number);
                else if (strcmp(o, "nr_inodes") == 0 && parse_bytes(value, &number) >= 0)
                        (void) snprintf(quota.inodes, sizeof(quota.inodes), "%" PRIu64, number);
                else if (strcmp(o, "mode") == 0)
                        all[2].value = value;
                else if (value && n < ELEMENTSOF(all)) /* uid, gid */
                        all[n++] = (FsOption) { o, value };
                else if (strcmp(o, "ro") == 0)
                        *ret_read_only = true;
                else if (strcmp(o, "noexec") == 0)
                        attributes |= MOUNT_NO_EXEC;
                else if (strcmp(o, "suid") == 0)
                        attributes &= ~MOUNT_NO_SUID;
                else if (strcmp(o, "dev") == 0)
                        attributes &= ~MOUNT_NO_DEV;
        }
        return mount_new("tmpfs", all, n, attributes);
}

/* Before anything is read-only, which the cell's tmpfs then is as well. */
static int empty_part(const Point *p, const ViewParts *parts, size_t i) {
        char name[32];

        (void) snprintf(name, sizeof(name), "empty-%zu", i);
        if (mkdirat(parts->tmpfs_fd, name, strcmp(p->path, "/root") == 0 ? 0700 : 0755) < 0)
                return -errno;
        return mount_copy(parts->tmpfs_fd, name, false);
}

int view_copy_empty(const ViewParts *parts, int target_fd) {
        struct stat st;

        if (fstat(target_fd, &st) < 0)
                return -errno;
        return mount_copy(parts->tmpfs_fd, S_ISDIR(st.st_mode) ? parts->empty_dir : parts->empty_file, false);
}

/* The mount that belongs at a point, if it isn't there yet. */
static int provide(const View *v, Point *p, const ViewParts *parts, int target_fd, bool *ret_read_only) {
        if (p->mount_fd >= 0)
                return 0;
        if (p->content == CONTENT_TMPFS)
                p->mount_fd = tmpfs_for(p, parts, ret_read_only);
        else if (p->content == CONTENT_SAME) {
                const Point *above = nearest_above(v, p, true);

                p->mount_fd = mount_copy(target_fd, "", true);
                p->of_cell = above && is_in_memory(above);
        } else
                p->mount_fd = view_copy_empty(parts, target_fd);
        return MIN(p->mount_fd, 0);
}

static void inherit_access(const View *v, const Point *p, Access *write, Access *execute) {
        *write = p->write;
        *execute = p->execute;
        for (const Point *q = p; q && (*write == ACCESS_UNSET || *execute == ACCESS_UNSET); q = nearest_above(v, q, false)) {
                if (*write == ACCESS_UNSET)
                        *write = q->write;
                if (*execute == ACCESS_UNSET)
                        *execute = q->execute;
        }
}

static bool is_dir(int fd) {
        struct stat st;

        return fstat(fd, &st) < 0 || S_ISDIR(st.st_mode);
}

/* What is mounted inside of a bind and the like has the same restrictions; only a file system in memory is alone. */
static int restrict_point(const View *v, Point *p) {
        Access write, execute;
        unsigned attributes = 0;

        inherit_access(v, p, &write, &execute);
        if (write == ACCESS_NO && !is_in_memory(p))
                attributes |= MOUNT_READ_ONLY;
        if (execute == ACCESS_NO)
                attributes |= MOUNT_NO_EXEC;
        if (p->of_cell) /* the copy has what the point above has */
                return mount_set(p->mount_fd, attributes, (MOUNT_READ_ONLY | MOUNT_NO_EXEC) & ~attributes, false);
        return attributes ? mount_set(p->mount_fd, attributes, 0, true) : 0;
}

/* What other keys say of places inside of p is for copies of what is there, taken before p is restricted. */
static int copy_covered(View *v, int root_fd, const Point *p) {
        for (size_t i = 0; i < v->points.n; i++) {
                _cleanup_(close_fdp) int fd = -EBADF;
                Point *q = &v->points.all[i];

                if (q->gone || q->content != CONTENT_SAME || !q->covered || nearest_above(v, q, true) != p)
                        continue;
                fd = path_reopen(root_fd, q->path);
                if (fd >= 0)
                        q->mount_fd = mount_copy(fd, "", true);
                if (fd >= 0 && q->mount_fd < 0)
                        return q->mount_fd;
        }
        return 0;
}

static int place(View *v, int root_fd, Point *p, const ViewParts *parts) {
        _cleanup_(close_fdp) int target_fd = -EBADF;
        bool read_only = false;
        struct stat st;
        int r;

        if (strcmp(p->path, "/") == 0) {
                p->mount_fd = openat(root_fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
                return p->mount_fd < 0 ? -errno : restrict_point(v, p);
        }
        target_fd = open_target(v, root_fd, p, p->mount_fd < 0 || is_dir(p->mount_fd));
        r = target_fd;
        if (r >= 0 && p->content == CONTENT_SAME && !p->covered &&
            (fstat(target_fd, &st) < 0 || st.st_dev != p->dev || st.st_ino != p->ino))
                r = -ESTALE;
        if (r < 0 && may_be_missing(root_fd, p->path, p->optional, r)) {
                p->gone = true;
                return 0;
        }
        if (r < 0)
                return r;
        r = provide(v, p, parts, target_fd, &read_only);
        if (r >= 0)
                r = mount_put_fd(p->mount_fd, target_fd);
        if (r >= 0 && !is_in_memory(p))
                r = copy_covered(v, root_fd, p);
        if (r >= 0)
                r = restrict_point(v, p);
        if (read_only || p->content == CONTENT_EMPTY)
                p->write = ACCESS_NO; /* when all is in it */
        return r;
}

int view_apply(View *v, const ViewParts *parts, const char **ret_what) {
        _cleanup_(close_fdp) int root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        int r;

        if (root_fd < 0)
                return -errno;
        r = points_add_policy(&v->points, v->policy, v->for_logins);
        if (r >= 0 && v->points.n == 0)
                return 0;
        if (r >= 0)
                r = look_at_all(v, root_fd, ret_what);
        for (size_t i = 0; i < v->points.n && r >= 0; i++)
                if (!v->points.all[i].gone)
                        r = check_hidden(v, &v->points.all[i], ret_what);
        for (size_t i = 0; i < v->points.n && r >= 0; i++)
                if (!v->points.all[i].gone && v->points.all[i].content == CONTENT_EMPTY)
                        r = v->points.all[i].mount_fd = empty_part(&v->points.all[i], parts, i);
        for (size_t i = 0; i < v->points.n && r >= 0; i++) {
                Point *p = &v->points.all[i];

                if (p->gone)
                        continue;
                r = place(v, root_fd, p, parts);
                if (r < 0)
                        return fail(v, p, r, ret_what);
        }
        for (size_t i = 0; i < v->points.n && r >= 0; i++) {
                Point *p = &v->points.all[i];

                if (!p->gone && is_in_memory(p) && p->write == ACCESS_NO)
                        r = mount_set(p->mount_fd, MOUNT_READ_ONLY, 0, false);
        }
        return r;
}

bool view_binds(const View *v, const char *path) {
        for (size_t i = 0; i < v->points.n; i++)
                if (v->points.all[i].content == CONTENT_BIND && !v->points.all[i].gone &&
                    strcmp(v->points.all[i].path, path) == 0)
                        return true;
        return false;
}
