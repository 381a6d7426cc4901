/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A link is put into the path's text, and the walk begins anew: so what the walk has behind it has no links, and
 * ".." there means what the text says. */

#include "base/path.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

#define PATH_BYTES_MAX 4096

static bool is_roots(const struct stat *st) {
        return st->st_uid == 0 && !(st->st_mode & (S_IWGRP | S_IWOTH));
}

/* Can none but root put something else in the place of a file in a directory? */
static bool is_kept(const struct stat *directory, const struct stat *file) {
        return is_roots(directory) || (directory->st_uid == 0 && directory->st_mode & S_ISVTX && file->st_uid == 0);
}

/* "//a/./b/" to "/a/b". */
static void flatten(char *path) {
        char *to = path;

        for (const char *from = path; *from;) {
                size_t n;

                from += strspn(from, "/");
                n = strcspn(from, "/");
                if (n > 0 && !(n == 1 && from[0] == '.')) {
                        *to++ = '/';
                        memmove(to, from, n);
                        to += n;
                }
                from += n;
        }
        if (to == path)
                *to++ = '/';
        *to = '\0';
}

/* The text with the link at path[start..end) in it replaced. */
static int follow(char **path, size_t start, size_t end, int dir_fd, const char *name) {
        char target[PATH_BYTES_MAX], *next;
        ssize_t n = readlinkat(dir_fd, name, target, sizeof(target) - 1);

        if (n < 0)
                return -errno;
        target[n] = '\0';
        if (asprintf(&next, "%.*s/%s/%s", *target == '/' ? 0 : (int) start, *path, target, *path + end) < 0)
                return -ENOMEM;
        flatten(next);
        free(*path);
        *path = next;
        return strlen(next) < PATH_BYTES_MAX ? 1 : -ENAMETOOLONG;
}

/* Takes the ".." at path[start..end), and the component in front of it, away. */
static void go_up(char *path, size_t start, size_t end) {
        while (start > 0 && path[--start] != '/')
                ;
        memmove(path + start, path + end, strlen(path + end) + 1);
        flatten(path);
}

/* From the root to the end; or to the first link: 1, and it is followed; or to the first "..": 2, and it is gone. */
static int walk(int root_fd, char **path, bool roots, int *ret_fd) {
        _cleanup_(close_fdp) int fd = openat(root_fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
        struct stat st, directory;
        bool trusted = true;

        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        for (size_t start = 0;;) {
                char name[NAME_MAX + 1];
                size_t begin = start + strspn(*path + start, "/"), n = strcspn(*path + begin, "/");
                int next;

                trusted = trusted && is_roots(&st);
                if (n == 0)
                        break;
                if (n > NAME_MAX)
                        return -ENAMETOOLONG;
                memcpy(name, *path + begin, n);
                name[n] = '\0';
                if (strcmp(name, "..") == 0) {
                        go_up(*path, start, begin + n);
                        return S_ISDIR(st.st_mode) ? 2 : -ENOTDIR;
                }
                next = openat(fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
                if (next < 0)
                        return roots && !is_roots(&st) ? -EPERM : -errno;
                directory = st;
                if (fstat(next, &st) < 0 || (roots && !is_kept(&directory, &st))) {
                        int r = roots ? -EPERM : -errno;

                        close_fd(next);
                        return r;
                }
                if (S_ISLNK(st.st_mode)) {
                        close_fd(next);
                        return trusted && st.st_uid == 0 ? follow(path, start, begin + n, fd, name) : -ELOOP;
                }
                close_fd(fd);
                fd = next;
                start = begin + n;
        }
        *ret_fd = TAKE_FD(fd);
        return 0;
}

static int open_path(int root_fd, const char *path, bool roots, char **ret_path, int *ret_fd) {
        _cleanup_(close_fdp) int fd = -EBADF;
        _cleanup_(freep) char *text = strdup(path);
        int r = 1;

        if (!text)
                return -ENOMEM;
        flatten(text);
        for (unsigned links = 0; r > 0; links += r == 1)
                r = links > PATH_LINKS_MAX ? -ELOOP : walk(root_fd, &text, roots, &fd);
        if (r == 0 || r == -ENOENT || r == -ELOOP)
                *ret_path = TAKE_PTR(text);
        if (r == 0 && ret_fd)
                *ret_fd = TAKE_FD(fd);
        return r;
}

int path_open(int root_fd, const char *path, char **ret_path, int *ret_fd) {
        return open_path(root_fd, path, false, ret_path, ret_fd);
}

int path_open_roots(int root_fd, const char *path, int *ret_fd) {
        _cleanup_(freep) char *resolved = NULL;

        return open_path(root_fd, path, true, &resolved, ret_fd);
}

bool path_is_above(const char *upper, const char *lower) {
        size_t n = strlen(upper);

        return strcmp(upper, "/") == 0 ? lower[1] != '\0' :
                strncmp(upper, lower, n) == 0 && lower[n] == '/';
}

int path_reopen(int root_fd, const char *path) {
        struct open_how how = {
                .flags = O_PATH | O_CLOEXEC,
                .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_BENEATH,
        };
        int fd;

        path += strspn(path, "/");
        fd = (int) syscall(SYS_openat2, root_fd, *path ? path : ".", &how, sizeof(how));
        return fd < 0 ? -errno : fd;
}
