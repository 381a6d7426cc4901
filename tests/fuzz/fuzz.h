/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

/* A fuzz target is this function; libFuzzer calls it with what it makes up (make fuzz), replay.c with the files of
 * tests/fuzz/corpus/TARGET (make check). It ends the process if something that has to hold does not. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A directory in memory, the process's own and gone with it, for parsers that read files. */
const char *fuzz_dir(void);
int fuzz_dir_fd(void);
/* Writes a file of mode 0644 there. */
void fuzz_put(const char *name, const void *data, size_t size);
/* A copy as a string; the caller frees. */
char *fuzz_text(const uint8_t *data, size_t size);
