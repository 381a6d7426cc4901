/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "base/memstream.h"

#include <stdlib.h>

#include "base/cleanup.h"

char *memstream_finish(FILE *f, char **text) {
        if (fclose(f) != 0) {
                free(*text);
                *text = NULL;
        }
        return TAKE_PTR(*text);
}
