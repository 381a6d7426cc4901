/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "base/memstream.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/cleanup.h"

char *memstream_finish(FILE *f, char **text) {
        bool failed = ferror(f);

        failed = fclose(f) != 0 || failed; /* which may be well, and *text NULL */
        if (failed) {
                free(*text);
                *text = NULL;
        }
        return TAKE_PTR(*text);
}
