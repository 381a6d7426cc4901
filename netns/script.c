/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "netns/script.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

int script_open(Script *s) {
        s->file = open_memstream(&s->text, &s->size);
        return s->file ? 0 : -ENOMEM;
}

int script_close(Script *s) {
        bool failed = ferror(s->file);

        failed = fclose(s->file) != 0 || failed;
        s->file = NULL;
        return failed ? -ENOMEM : 0;
}

void script_done(Script *s) {
        if (s->file)
                (void) fclose(s->file);
        free(s->text);
}
