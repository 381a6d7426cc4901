/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A file of /etc/pam.d, which may include itself. */

#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tools/pam-stack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        char *dirs[] = { (char *) fuzz_dir(), NULL };
        PamStack stack = {};

        fuzz_put("common", data, size / 2);
        fuzz_put("sshd", data, size);
        if (pam_stack_read(dirs, "sshd", "session", &stack) >= 0)
                for (size_t i = 0; i < stack.n_lines; i++)
                        assert(stack.lines[i].file && stack.lines[i].control && stack.lines[i].module &&
                               !strchr(stack.lines[i].module, '/'));
        pam_stack_done(&stack);
        return 0;
}
