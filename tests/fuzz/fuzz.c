/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"

static char dir_path[] = "/dev/shm/confine-fuzz-XXXXXX";
static int dir_fd = -EBADF;

static void remove_dir(void) {
        _cleanup_(closedirp) DIR *d = opendir(dir_path);
        struct dirent *e;

        while (d && (e = readdir(d)))
                (void) unlinkat(dir_fd, e->d_name, 0);
        (void) rmdir(dir_path);
}

const char *fuzz_dir(void) {
        if (dir_fd < 0) {
                if (!mkdtemp(dir_path))
                        abort();
                dir_fd = open(dir_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                (void) atexit(remove_dir);
                log_set_max_level(LOG_ERR); /* what is refused is told thousands of times a second */
        }
        return dir_path;
}

int fuzz_dir_fd(void) {
        (void) fuzz_dir();
        return dir_fd;
}

void fuzz_put(const char *name, const void *data, size_t size) {
        int fd = openat(fuzz_dir_fd(), name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

        if (fd < 0 || write(fd, data, size) != (ssize_t) size)
                abort();
        close_fd(fd);
}

char *fuzz_text(const uint8_t *data, size_t size) {
        char *text = malloc(size + 1);

        if (!text)
                abort();
        memcpy(text, data, size);
        text[size] = '\0';
        return text;
}
