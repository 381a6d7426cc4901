/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Records in /run/confine: as such, where what was read and written again reads the same; and as those of a cell, of
 * a session and of a service, which the manager takes over after a restart. */

#include <string.h>
#include <systemd/sd-event.h>

#include "manager/cells/cell-restore.h"
#include "manager/cells/cell.h"
#include "manager/cells/placement.h"
#include "manager/cells/session-life.h"
#include "manager/cells/session.h"
#include "manager/lent/shares.h"
#include "manager/work/state.h"
#include "tests/fuzz/fuzz.h"

typedef struct Copy {
        Record *record;
        unsigned n;
        uint64_t hash;
} Copy;

static void hash_in(uint64_t *hash, const char *text) {
        for (; *text; text++)
                *hash = (*hash ^ (unsigned char) *text) * UINT64_C(1099511628211);
        *hash = (*hash ^ 0x100) * UINT64_C(1099511628211);
}

static int take(const char *key, const char *value, void *userdata) {
        Copy *c = userdata;

        assert(*key);
        hash_in(&c->hash, key);
        hash_in(&c->hash, value);
        c->n++;
        if (c->record)
                record_set(c->record, key, "%s", value);
        return 0;
}

static void read_record(void) {
        Copy first = { .record = record_new("Cell") }, second = {};
        int r;

        assert(first.record);
        r = record_read(fuzz_dir_fd(), "c1", "Cell", take, &first);
        if (record_write(first.record, fuzz_dir_fd(), "c2") < 0)
                abort();
        if (r < 0)
                return;
        assert(record_read(fuzz_dir_fd(), "c2", "Cell", take, &second) == 0);
        assert(first.n == second.n && first.hash == second.hash);
}

static void take_over(void) {
        static CellHost host;
        Cell *cell = NULL;

        if (!host.event) {
                static Driver driver;

                host = (CellHost) { .records_fd = fuzz_dir_fd(), .init_fd = -EBADF, .driver_fd = -EBADF, .driver = &driver };
                if (sd_event_new(&host.event) < 0 || pool_new(&host.pool) < 0)
                        abort();
        }
        if (cell_restore(&host, "c1", &cell) < 0)
                return;
        assert(cell->policy && memchr(cell->link, '\0', sizeof(cell->link)));
        cell->init_reaped = true; /* it is none of ours */
        (void) cell_free(cell);
}

static void take_over_session(void) {
        SessionHost host = { .records_fd = fuzz_dir_fd() };
        CellTable none = {};
        Session *session;

        assert(session_restore(&host, "c1", &none, &session) < 0);
}

static void take_over_service(const char *record, size_t length) {
        Placements all = { .fd = fuzz_dir_fd() };

        if (pool_new(&all.pool) < 0)
                abort();
        fuzz_put("x.service", record, length);
        assert(placements_read(&all) == 0);
        for (Placement *p = all.items; p; p = p->hh.next)
                assert(p->policy && memchr(p->link, '\0', sizeof(p->link)));
        placements_free(&all);
        pool_free(all.pool); /* with what it has claimed */
        (void) unlinkat(all.fd, "x.service", 0);
}

/* Behind the head of a record of this boot. */
static char *make_record(const char *section, const uint8_t *data, size_t size, size_t *ret_length) {
        char *record = NULL;
        FILE *f = open_memstream(&record, ret_length);

        if (!f)
                abort();
        fprintf(f, "[%s]\nBootId=%s\n%.*s", section, record_boot_id(), (int) size, (const char *) data);
        if (fclose(f) != 0)
                abort();
        return record;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(freep) char *cell = NULL, *session = NULL, *service = NULL;
        size_t length;

        fuzz_put("c1", data, size);
        read_record();
        session = make_record("Session", data, size, &length);
        fuzz_put("c1", session, length);
        take_over_session();
        service = make_record("Placement", data, size, &length);
        take_over_service(service, length);
        cell = make_record("Cell", data, size, &length);
        /* not alive: what else would be watched is this machine's */
        if (memmem(data, size, "State=live", 10) || memmem(data, size, "InitPid", 7))
                return 0;
        fuzz_put("c1", cell, length);
        take_over();
        return 0;
}
