/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "netns/script.h"
#include "base/cleanup.h"
#include "base/memstream.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

int script_open(Script *s) {
        s->file = open_memstream(&s->text, &s->size);
        return s->file ? 0 : -ENOMEM;
}

int script_close(Script *s) {
        s->text = memstream_finish(TAKE_PTR(s->file), &s->text);
        return s->text ? 0 : -ENOMEM;
}

void script_done(Script *s) {
        if (s->file)
                (void) fclose(s->file);
        free(s->text);
}
