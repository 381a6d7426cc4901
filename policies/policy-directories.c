/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A directory is opened once, and everything in it is reached by its fd: so what was found trustworthy is what is
 * read. Drop-ins of a policy may be in any of the directories, also in one that does not have the policy's file. */

#include "policies/policy-directories.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/strv.h"

#define DROPINS_MAX 256 /* of a policy */

bool policy_directories_fatal(int r) {
        return r == -ENOMEM || r == -EMFILE || r == -ENFILE || r == -E2BIG;
}

static char *join_path(const char *directory, const char *name) {
        char *path;

        return asprintf(&path, "%s/%s", directory, name) < 0 ? NULL : path;
}

static bool ends_with(const char *text, const char *end) {
        size_t n = strlen(text), k = strlen(end);

        return n > k && strcmp(text + n - k, end) == 0;
}

/* 0; -ENOENT; -EBADMSG: said in diags. Only the last part of the path may be no link when
 * `nofollow`: drop-in directories; what leads to a policy directory is the administrator's. */
static int open_directory(bool trust, int at, const char *name, const char *path, bool nofollow,
                          PolicyDiags *diags, int *ret) {
        _cleanup_(close_fdp) int fd = -EBADF;
        const char *what = NULL;
        struct stat st;

        fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (nofollow ? O_NOFOLLOW : 0));
        if (fd < 0 && (errno == ENOENT || policy_directories_fatal(-errno)))
                return -errno;
        if (fd < 0 || fstat(fd, &st) < 0)
                what = strerror(errno);
        else if (!trust && st.st_uid != 0)
                what = "the directory is not owned by root (chown root)";
        else if (!trust && (st.st_mode & 022))
                what = "others than root may write to the directory (chmod go-w)";
        if (what) {
                if (policy_diags_add(diags, false, path, 0, NULL, NULL, "%s", what) < 0)
                        return -ENOMEM;
                return -EBADMSG;
        }
        *ret = TAKE_FD(fd);
        return 0;
}

/* Names in a directory that end in `end`, but for hidden ones. */
static int list_directory(int fd, const char *end, char ***ret) {
        _cleanup_(strv_freep) char **names = NULL;
        _cleanup_(closedirp) DIR *d = NULL;
        int copy;

        copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* closedir() closes it */
        if (copy < 0)
                return -errno;
        d = fdopendir(copy);
        if (!d) {
                int r = -errno;

                (void) close_fd(copy);
                return r;
        }
        for (;;) {
                struct dirent *e;

                errno = 0;
                e = readdir(d);
                if (!e && errno)
                        return -errno;
                if (!e)
                        break;
                if (*e->d_name == '.' || !ends_with(e->d_name, end))
                        continue;
                if (strv_length(names) >= POLICY_FILES_MAX)
                        return -E2BIG;
                if (strv_extend(&names, e->d_name) < 0)
                        return -ENOMEM;
        }
        *ret = TAKE_PTR(names);
        return 0;
}

static int compare_texts(const void *a, const void *b) {
        return strcmp(*(char *const *) a, *(char *const *) b);
}

/* A link to /dev/null, or an empty file as good as any other, says: there is no such file. */
static bool is_masked(bool trust, int fd, const char *file) {
        char target[sizeof("/dev/null") + 1];
        struct stat st;
        ssize_t n;

        if (fstatat(fd, file, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return false; /* reading it will say why */
        if (S_ISLNK(st.st_mode)) {
                n = readlinkat(fd, file, target, sizeof(target));
                return n == (ssize_t) strlen("/dev/null") && memcmp(target, "/dev/null", (size_t) n) == 0;
        }
        return S_ISREG(st.st_mode) && st.st_size == 0 &&
                (trust || (st.st_uid == 0 && !(st.st_mode & 022)));
}

/* --- drop-ins --- */

typedef struct Dropins {
        char **directories; /* open as fds[i] */
        int *fds;
        char **names; /* sorted; each stands in the first directory that has it */
} Dropins;

static void dropins_done(Dropins *d) {
        for (size_t i = 0; d->directories && d->directories[i]; i++)
                (void) close_fd(d->fds[i]);
        free(d->fds);
        strv_free(d->directories);
        strv_free(d->names);
}

static int dropins_add_directory(Dropins *d, const char *path, int fd) {
        _cleanup_(strv_freep) char **names = NULL;
        int r;

        r = list_directory(fd, ".ini", &names);
        if (r >= 0)
                r = strv_extend(&d->directories, path);
        if (r < 0) {
                (void) close_fd(fd);
                return r;
        }
        d->fds[strv_length(d->directories) - 1] = fd;
        for (size_t i = 0; names && names[i]; i++) {
                if (strv_has(d->names, names[i]))
                        continue;
                if (strv_length(d->names) >= DROPINS_MAX)
                        return -E2BIG;
                if (strv_extend(&d->names, names[i]) < 0)
                        return -ENOMEM;
        }
        return 0;
}

/* -EBADMSG: some directory is not to be trusted, as diags say; the others are there. */
static int dropins_find(const PolicyDirectories *d, const char *file, PolicyDiags *diags, Dropins *ret) {
        int bad = 0;

        ret->fds = calloc(d->n + 1, sizeof(int));
        if (!ret->fds)
                return -ENOMEM;
        for (size_t i = 0; i < d->n; i++) {
                _cleanup_(freep) char *name = NULL, *path = NULL;
                int fd, r;

                if (d->fds[i] < 0)
                        continue;
                if (asprintf(&name, "%s.d", file) < 0) {
                        name = NULL;
                        return -ENOMEM;
                }
                path = join_path(d->paths[i], name);
                if (!path)
                        return -ENOMEM;
                r = open_directory(d->trust, d->fds[i], name, path, true, diags, &fd);
                if (r == -ENOENT)
                        continue;
                if (r >= 0)
                        r = dropins_add_directory(ret, path, fd);
                if (r == -EBADMSG)
                        bad = r;
                else if (r < 0)
                        return r;
        }
        if (ret->names)
                qsort(ret->names, strv_length(ret->names), sizeof(char *), compare_texts);
        return bad;
}

/* Reads one drop-in from the first directory that has it. */
static int read_dropin(bool trust, const Dropins *d, const char *name, Policy *p, PolicyDiags *diags) {
        for (size_t i = 0; d->directories[i]; i++) {
                _cleanup_(freep) char *path = NULL;
                struct stat st;

                if (fstatat(d->fds[i], name, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
                        continue;
                if (is_masked(trust, d->fds[i], name))
                        return 0;
                path = join_path(d->directories[i], name);
                if (!path)
                        return -ENOMEM;
                return policy_file_read(p, d->fds[i], name, path, trust, diags);
        }
        return 0;
}

/* --- the directories --- */

int policy_directories_init(PolicyDirectories *d, char *const *paths, bool trust) {
        size_t n = strv_length(paths);
        int *fds = calloc(n + 1, sizeof(int));

        if (!fds)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++)
                fds[i] = -EBADF;
        *d = (PolicyDirectories) { .paths = paths, .fds = fds, .n = n, .trust = trust };
        return 0;
}

void policy_directories_done(PolicyDirectories *d) {
        for (size_t i = 0; i < d->n; i++)
                (void) close_fd(d->fds[i]);
        free(d->fds);
        *d = (PolicyDirectories) {};
}

int policy_directories_open(PolicyDirectories *d, size_t i, PolicyDiags *diags) {
        return open_directory(d->trust, AT_FDCWD, d->paths[i], d->paths[i], false, diags, &d->fds[i]);
}

int policy_directories_list(const PolicyDirectories *d, size_t i, const char *end, char ***ret) {
        return list_directory(d->fds[i], end, ret);
}

bool policy_directories_mask(const PolicyDirectories *d, size_t i, const char *file) {
        return is_masked(d->trust, d->fds[i], file);
}

int policy_directories_read(const PolicyDirectories *d, size_t i, const char *file, Policy *p, PolicyDiags *diags) {
        _cleanup_(dropins_done) Dropins dropins = {};
        int r, bad = 0;

        r = policy_file_read(p, d->fds[i], file, p->path, d->trust, diags);
        if (policy_directories_fatal(r))
                return r;
        if (r < 0)
                bad = -EBADMSG;
        r = dropins_find(d, file, diags, &dropins);
        if (policy_directories_fatal(r))
                return r;
        if (r < 0)
                bad = -EBADMSG;
        for (char **name = dropins.names; name && *name; name++) {
                r = read_dropin(d->trust, &dropins, *name, p, diags);
                if (policy_directories_fatal(r))
                        return r;
                if (r < 0)
                        bad = -EBADMSG;
        }
        return bad;
}
