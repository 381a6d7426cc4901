/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Without libFuzzer: the target's corpus, a test for each file. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "tests/fuzz/fuzz.h"

#define INPUT_MAX (1 << 20)

int main(void) {
        const char *name = strrchr(program_invocation_short_name, '/') ?: program_invocation_short_name;
        _cleanup_(freep) char *path = NULL;
        struct dirent **entries;
        int n, count = 0;

        if (strncmp(name, "fuzz-", 5) != 0 || asprintf(&path, "tests/fuzz/corpus/%s", name + 5) < 0)
                return 2;
        n = scandir(path, &entries, NULL, alphasort); /* run from the top of the tree */
        for (int i = 0; i < n; i++) {
                _cleanup_(freep) char *file = NULL, *data = NULL;
                ssize_t size;

                if (*entries[i]->d_name != '.' && asprintf(&file, "%s/%s", path, entries[i]->d_name) >= 0) {
                        size = fd_read_file_at(AT_FDCWD, file, INPUT_MAX, &data);
                        if (size < 0)
                                return 2;
                        (void) LLVMFuzzerTestOneInput((const uint8_t *) data, (size_t) size);
                        printf("ok %d - %s\n", ++count, entries[i]->d_name);
                        (void) fflush(stdout);
                }
                free(entries[i]);
        }
        if (n >= 0)
                free(entries);
        printf("1..%d\n", count);
        return count > 0 ? 0 : 1;
}
