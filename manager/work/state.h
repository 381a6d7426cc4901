/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Records of cells and sessions below the runtime directory, so that a restarted manager finds what a
 * dead one left: one INI section a file, written atomically. Values are escaped reversibly (\xNN), so
 * that a record always has one line for each key, whatever a name contains. */

typedef struct Record Record;

/* Collects a record; errors (memory) are kept until record_write(). NULL: out of memory. */
Record *record_new(const char *section);
void record_set(Record *r, const char *key, const char *format, ...) __attribute__((format(printf, 3, 4)));
void record_lose(Record *r); /* something that belongs into it could not be had, for want of memory */
/* Writes it as dir_fd/name, atomically, mode 0600, and frees it in any case. -E2BIG: it would be too long for
 * record_read() (1 MiB); -errno. */
int record_write(Record *r, int dir_fd, const char *name);

/* Reads a record: calls back for each key with its unescaped value. -EBADMSG: not a whole record of that
 * section (half-written, tampered with), or the callback has said so of some value: then it was called with all that
 * could be read nevertheless. Else -errno, or what the callback returned below 0 first. */
typedef int (*record_read_t)(const char *key, const char *value, void *userdata);
int record_read(int dir_fd, const char *name, const char *section, record_read_t callback, void *userdata);
/* For callbacks: what a version that is newer, or older, has written and this one does not know is noted in *kept, with a
 * warning that begins with `of`, and record_set_kept() writes it again. -ENOMEM. */
int record_keep(char ***kept, const char *of, const char *key, const char *value);
void record_set_kept(Record *r, char *const *kept);
bool record_is_kept(char *const *kept, const char *key);
int record_restore_text(char **field, const char *value); /* frees what is there; -ENOMEM: then NULL is */

/* Calls back with each record's name in dir_fd (temporary files are removed). */
typedef int (*record_each_t)(const char *name, void *userdata);
int record_for_each(int dir_fd, record_each_t callback, void *userdata);

#define RECORD_ID_SIZE 14
/* A new name for a record: the prefix and twelve random hexadecimal digits. -EIO: no random numbers. */
int record_choose_id(char prefix, char ret[static RECORD_ID_SIZE]);

/* CLOCK_REALTIME in microseconds, for what people are shown; nothing is decided by it. */
uint64_t record_now_usec(void);

/* This boot, as /proc/sys/kernel/random/boot_id names it; "" if that can't be read. */
const char *record_boot_id(void);
