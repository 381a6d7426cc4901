/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Records that the version before has written (tests/records): this one knows each of their lines, and writes what reads
 * the same. */

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/strv.h"
#include "manager/cells/cell-record.h"
#include "manager/cells/placement-record.h"
#include "manager/cells/session-record.h"
#include "manager/work/record-rows.h"

static char dir[] = "/tmp/confine-records.XXXXXX";
static int dir_fd = -EBADF;

static int setup(void **state) {
        (void) state;
        if (!mkdtemp(dir))
                return -1;
        dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return dir_fd < 0;
}

static int teardown(void **state) {
        char command[64];

        (void) state;
        close_fd(dir_fd);
        (void) snprintf(command, sizeof(command), "rm -r %s", dir);
        return system(command);
}

/* A kept record, as of this boot, in the directory of the test. */
static void lay_down(const char *kind, const char *name) {
        _cleanup_(freep) char *text = NULL;
        _cleanup_(freep) char *record = NULL;
        char path[320];
        char *mark;

        (void) snprintf(path, sizeof(path), "tests/records/%s/%s", kind, name);
        assert_true(fd_read_file_at(AT_FDCWD, path, 64 * 1024, &text) > 0);
        mark = strstr(text, "@BOOT@");
        if (mark) {
                *mark = '\0';
                assert_true(asprintf(&record, "%s%s%s", text, record_boot_id(), mark + strlen("@BOOT@")) > 0);
        } else
                record = TAKE_PTR(text);
        assert_int_equal(fd_replace_file_at(dir_fd, name, record, 0600, false), 0);
}

typedef struct Lines {
        char **lines;
} Lines;

/* What stands for a field of which nothing is known: some versions write it, others leave it out. */
static bool says_nothing(const char *key, const char *value) {
        static const char *const numbers[] = { "Frozen", "Slowed", "InReserve", "Released", "Executes", "DeviceUp",
                                               "ReachChanged", "Uid" };

        for (size_t i = 0; i < ELEMENTSOF(numbers); i++)
                if (strcmp(key, numbers[i]) == 0 && strcmp(value, "0") == 0)
                        return true;
        return !*value;
}

static int take(const char *key, const char *value, void *userdata) {
        Lines *l = userdata;
        _cleanup_(freep) char *line = NULL;

        if (says_nothing(key, value))
                return 0;
        assert_true(asprintf(&line, "%s=%s", key, value) > 0);
        return strv_extend(&l->lines, line);
}

static int compare(const void *a, const void *b) {
        return strcmp(*(char *const *) a, *(char *const *) b);
}

static char *read_sorted(const char *section, const char *name) {
        Lines l = {};
        char *text;

        assert_int_equal(record_read(dir_fd, name, section, take, &l), 0);
        qsort(l.lines, strv_length(l.lines), sizeof(char *), compare);
        text = strv_join(l.lines, "\n");
        strv_free(l.lines);
        return text;
}

static void assert_same(const char *section, const char *name, char *before) {
        _cleanup_(freep) char *after = read_sorted(section, name);

        assert_non_null(before);
        assert_string_equal(before, after);
        free(before);
}

static void each(const char *kind, void (*test)(const char *name)) {
        char path[64];
        struct dirent *e;
        unsigned n = 0;
        DIR *d;

        (void) snprintf(path, sizeof(path), "tests/records/%s", kind);
        d = opendir(path);
        assert_non_null(d);
        while ((e = readdir(d)))
                if (e->d_name[0] != '.') {
                        lay_down(kind, e->d_name);
                        test(e->d_name);
                        n++;
                }
        (void) closedir(d);
        assert_true(n > 0);
}

static void check_cell(const char *name) {
        static const Driver driver;
        CellHost host = { .records_fd = dir_fd, .driver = &driver };
        char *before = read_sorted("Cell", name);
        Cell *c = cell_alloc(&host);

        assert_non_null(c);
        assert_int_equal(pool_new(&host.pool), 0);
        assert_int_equal(sd_event_new(&host.event), 0);
        (void) strcpy(c->id, name);
        assert_int_equal(cell_record_read(c), 0);
        assert_null(c->kept);
        assert_int_equal(c->state, CELL_LIVE);
        assert_true(c->uid == 2201 || c->uid == 2202);
        assert_true(c->init_pid > 0 && c->init_start_time > 0 && *c->link);
        assert_int_equal(c->address4.family, AF_INET);
        assert_int_equal(c->resolver.n_servers, c->uid == 2201 ? 2 : 1);
        assert_int_equal(c->policy->cell.tasks_max, c->uid == 2201 ? 100 : LIMIT_NONE);
        assert_int_equal(c->policy->traffic_slow, c->uid == 2202);
        assert_int_equal(cell_save(c), 0);
        assert_same("Cell", name, before);
        c->init_reaped = true; /* that of another machine */
        c->address4 = c->address6 = (IpPrefix) {};
        cell_free(c);
        pool_free(host.pool);
        sd_event_unref(host.event);
}

static void test_cells(void **state) {
        (void) state;
        each("cells", check_cell);
}

static void check_session(const char *name) {
        SessionHost host = { .records_fd = dir_fd };
        _cleanup_(freep) char *cell_id = NULL;
        char *before = read_sorted("Session", name);
        Session *s = calloc(1, sizeof(*s));
        Cell cell = {};

        assert_non_null(s);
        s->host = &host;
        s->leader_pidfd = s->user_process.pidfd = -EBADF;
        (void) strcpy(s->id, name);
        assert_int_equal(session_record_read(s, &cell_id), 0);
        assert_null(s->kept);
        assert_int_equal(s->state, SESSION_LIVE);
        assert_string_equal(s->service, "su");
        assert_string_equal(s->tty, "");
        assert_true(s->released && s->leader > 0 && s->leader_start_time > 0 && strstr(s->group, cell_id));
        (void) strcpy(cell.id, cell_id);
        s->cell = &cell;
        assert_int_equal(session_save(s), 0);
        assert_same("Session", name, before);
        s->cell = NULL;
        session_free(s);
}

static void test_sessions(void **state) {
        (void) state;
        each("sessions", check_session);
}

static void check_placement(const char *name) {
        Placements all = { .fd = dir_fd };
        char *before = read_sorted("Placement", name);
        Placement p = { .all = &all, .unit = (char *) name };

        assert_int_equal(placement_record_read(&p), 0);
        assert_string_equal(p.policy->name, "30-unit");
        assert_int_equal(p.address6.family, AF_INET6);
        assert_int_equal(p.policy->n_ports, 1);
        assert_int_equal(placement_save(&p), 0);
        assert_same("Placement", name, before);
        policy_unref(p.policy);
}

static void test_placements(void **state) {
        (void) state;
        each("placements", check_placement);
}

/* --- the rows themselves ------------------------------------------------------------------------ */

typedef struct Object {
        char *string, *text, **lines, name[8];
        uint16_t small;
        uint32_t middle;
        uint64_t big;
        bool flag;
        int word;
        IpPrefix address;
        uint8_t mac[6];
        Policy *policy;
        char **kept;
} Object;

static const char *const words[] = { "", "one", "two" };

#define ROW(key, kind, field, ...) RECORD_ROW(Object, key, kind, field, __VA_ARGS__)
static const RecordRow rows[] = {
        ROW("Policy", POLICY, policy), ROW("String", STRING, string), ROW("Text", TEXT, text), ROW("Lines", LINES, lines),
        ROW("Name", NAME, name), ROW("Small", NUMBER, small), ROW("Middle", NUMBER, middle, .unset = UINT32_MAX),
        ROW("Big", NUMBER, big), ROW("Flag", FLAG, flag),
        ROW("Word", WORD, word, .words = words, .n_words = ELEMENTSOF(words), .unknown = 2),
        ROW("Address", ADDRESS, address), ROW("MAC", MAC, mac),
};
static const RecordType type = { .section = "Object", .of_this_boot = true, .rows = rows, .n_rows = ELEMENTSOF(rows) };

static void done(Object *o) {
        free(o->string);
        free(o->text);
        strv_free(o->lines);
        strv_free(o->kept);
        policy_unref(o->policy);
        *o = (Object) { .middle = UINT32_MAX };
}

static int read_object(Object *o) {
        return record_read_object(dir_fd, "object", &type, o, &o->kept, NULL, NULL);
}

static void write_object(const Object *o) {
        Record *r = record_new_object(&type, o, o->kept);

        assert_non_null(r);
        assert_int_equal(record_write(r, dir_fd, "object"), 0);
}

static void put(const char *lines) {
        char text[1024];

        (void) snprintf(text, sizeof(text), "[Object]\nBootId=%s\n%s[End]\n", record_boot_id(), lines);
        assert_int_equal(fd_replace_file_at(dir_fd, "object", text, 0600, false), 0);
}

static void test_all_kinds(void **state) {
        Object o = { .small = 65535, .middle = 7, .big = UINT64_MAX, .flag = true, .word = 1, .mac = { 2, 0, 0, 0, 0, 9 } };
        Object back = { .middle = UINT32_MAX };

        (void) state;
        o.string = strdup("");
        o.text = strdup("a \x01 b");
        assert_int_equal(strv_extend(&o.lines, "x=1") + strv_extend(&o.lines, "y 2"), 0);
        (void) strcpy(o.name, "eth0");
        assert_int_equal(parse_address("fd00::7", &o.address), 0);
        o.policy = policy_new("10-x");
        write_object(&o);
        assert_int_equal(read_object(&back), 0);
        assert_string_equal(back.string, "");
        assert_string_equal(back.text, o.text);
        assert_string_equal(back.lines[1], "y 2");
        assert_null(back.lines[2]);
        assert_string_equal(back.name, "eth0");
        assert_int_equal(back.small, 65535);
        assert_int_equal(back.middle, 7);
        assert_true(back.big == UINT64_MAX && back.flag && back.word == 1);
        assert_true(prefix_equal(&back.address, &o.address));
        assert_memory_equal(back.mac, o.mac, sizeof(o.mac));
        assert_string_equal(back.policy->name, "10-x");
        assert_null(back.kept);
        done(&o);
        done(&back);
}

/* Nothing is written of what is not known, and nothing is made up when it is read. */
static void test_empty(void **state) {
        Object o = { .middle = UINT32_MAX }, back = { .middle = UINT32_MAX };
        _cleanup_(freep) char *text = NULL;

        (void) state;
        o.policy = policy_new("p");
        write_object(&o);
        assert_true(fd_read_file_at(dir_fd, "object", 4096, &text) > 0);
        assert_non_null(strstr(text, "\nPolicy=p\nFlag=0\n[End]\n"));
        assert_int_equal(read_object(&back), 0);
        assert_true(!back.string && !back.text && !back.lines && !*back.name && back.middle == UINT32_MAX && back.word == 0);
        done(&o);
        done(&back);
}

static void test_bad_values(void **state) {
        static const char *const bad[] = {
                "Small=65536\n", "Middle=4294967296\n", "Big=-1\n", "Big=x\n", "Flag=2\n", "Flag=\n", "Address=10.0.0\n",
                "MAC=02:00\n", "Name=12345678\n", "Name=a/b\n", "Policy=a\nPolicy=b\n",
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                Object o = { .middle = UINT32_MAX };

                put(bad[i]);
                assert_int_equal(read_object(&o), -EBADMSG);
                done(&o);
        }
}

/* A bad value does not hide the good ones behind it. */
static void test_rest_is_read(void **state) {
        Object o = { .middle = UINT32_MAX };

        (void) state;
        put("Small=many\nBig=5\n");
        assert_int_equal(read_object(&o), -EBADMSG);
        assert_int_equal(o.big, 5);
        done(&o);
}

/* What this version does not know is kept, written again, and beaten by what it does know. */
static void test_unknown_is_kept(void **state) {
        Object o = { .middle = UINT32_MAX }, back = { .middle = UINT32_MAX };

        (void) state;
        put("Policy=p\nColour=green\nWord=seven\nFlag=yes\n");
        assert_int_equal(read_object(&o), 0);
        assert_int_equal(o.word, 2);
        assert_true(o.flag);
        assert_true(record_is_kept(o.kept, "Colour") && record_is_kept(o.kept, "Word"));
        o.word = 1;
        write_object(&o);
        assert_int_equal(read_object(&back), 0);
        assert_int_equal(back.word, 1);
        assert_true(record_is_kept(back.kept, "Colour"));
        done(&o);
        done(&back);
}

static void test_other_boot(void **state) {
        static const char text[] = "[Object]\nBootId=of-another-boot\nBig=5\n[End]\n";
        Object o = { .middle = UINT32_MAX };

        (void) state;
        assert_int_equal(fd_replace_file_at(dir_fd, "object", text, 0600, false), 0);
        assert_int_equal(read_object(&o), -ESTALE);
        assert_int_equal(o.big, 0);
        done(&o);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_cells),
                cmocka_unit_test(test_sessions),
                cmocka_unit_test(test_placements),
                cmocka_unit_test(test_all_kinds),
                cmocka_unit_test(test_empty),
                cmocka_unit_test(test_bad_values),
                cmocka_unit_test(test_rest_is_read),
                cmocka_unit_test(test_unknown_is_kept),
                cmocka_unit_test(test_other_boot),
        };

        (void) alarm(60);
        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests(tests, setup, teardown);
}
