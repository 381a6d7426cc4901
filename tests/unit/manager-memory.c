/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Memory is short at each place in turn: what fails says so, and the process goes on. */

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/hash.h"
#include "base/memstream.h"
#include "manager/doors/bus-server.h"
#include "manager/work/state.h"

/* The library's own, under the names that glibc keeps for those who stand before them. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);

static long countdown; /* 0: never; 1: the next one fails */

#ifndef __SANITIZE_ADDRESS__ /* which has its own, where nothing fails */
static bool fails(void) {
        if (countdown == 0 || --countdown > 0)
                return false;
        errno = ENOMEM;
        return true;
}

void *malloc(size_t size) {
        return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size) {
        return fails() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t size) {
        return fails() ? NULL : __libc_realloc(p, size);
}
#endif

/* Calls it with each allocation failing in turn, until there are none left to fail. */
static void try_all(void (*f)(void *userdata), void *userdata) {
        for (long n = 1; n < 10000; n++) {
                bool done;

                countdown = n;
                f(userdata);
                done = countdown != 0;
                countdown = 0;
                if (done || n == 9999)
                        return;
#ifdef __SANITIZE_ADDRESS__
                return;
#endif
        }
}

static void write_stream(void *userdata) {
        _cleanup_(freep) char *written = NULL;
        char *text = NULL;
        size_t size;
        FILE *f = memstream_open(&text, &size);

        (void) userdata;
        if (!f)
                return;
        for (int i = 0; i < 3000; i++)
                fprintf(f, "%04d", i);
        written = memstream_finish(f, &text);
        assert_true(!written || strlen(written) == 12000);
        assert_null(text);
}

static int note_length(const char *key, const char *value, void *userdata) {
        (void) key;
        *(size_t *) userdata += strlen(value);
        return 0;
}

static void write_record(void *userdata) {
        int dir_fd = *(int *) userdata, r;
        Record *record = record_new("Cell");
        size_t length = 0;
        long left;

        if (!record)
                return;
        for (int i = 0; i < 3; i++)
                record_set(record, "Key", "%03000d", i);
        r = record_write(record, dir_fd, "record");
        left = countdown;
        countdown = 0;
        if (r >= 0) {
                assert_int_equal(record_read(dir_fd, "record", "Cell", note_length, &length), 0);
                assert_int_equal(length, 9000);
        } else
                assert_int_equal(r, -ENOMEM);
        countdown = left;
}

typedef struct Element {
        UT_hash_handle hh;
        int key;
} Element;

static void add_elements(void *userdata) {
        static Element elements[2000];
        Element *table = NULL, *e, *next;
        unsigned n = 0;

        (void) userdata;
        memset(elements, 0, sizeof(elements));
        for (int i = 0; i < 2000; i++) {
                elements[i].key = i;
                e = &elements[i];
                HASH_ADD_INT(table, key, e);
                n += hash_has(e);
                HASH_FIND_INT(table, &i, e);
                assert_true(e == (hash_has(&elements[i]) ? &elements[i] : NULL));
        }
        assert_int_equal(HASH_COUNT(table), n);
        assert_true(n >= 1999);
        HASH_ITER(hh, table, e, next)
                HASH_DEL(table, e);
}

static void attach_objects(void *userdata) {
        Peer *p = userdata;

        if (sd_bus_new(&p->bus) < 0)
                return;
        (void) peer_attach_objects(p);
        p->bus = peer_close_bus(p->bus);
}

static void test_stream(void **state) {
        (void) state;
        try_all(write_stream, NULL);
}

static void test_record(void **state) {
        char dir[] = "/tmp/confine-memory.XXXXXX";
        int fd;

        (void) state;
        assert_non_null(mkdtemp(dir));
        fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(fd >= 0);
        try_all(write_record, &fd);
        (void) unlinkat(fd, "record", 0);
        close_fd(fd);
        assert_int_equal(rmdir(dir), 0);
}

static void test_hash(void **state) {
        (void) state;
        try_all(add_elements, NULL);
}

static void test_bus(void **state) {
        Peer p = {};

        (void) state;
        try_all(attach_objects, &p);
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_stream), cmocka_unit_test(test_record),
                                             cmocka_unit_test(test_hash), cmocka_unit_test(test_bus) };

        (void) alarm(100);
        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
