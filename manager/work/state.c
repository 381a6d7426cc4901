/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A record ends with the line "[End]": what a full disk cut short is recognised. */

#include "manager/work/state.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/memstream.h"
#include "base/strv.h"

#define RECORD_MAX (1024 * 1024)

struct Record {
        FILE *f;
        char *text;
        size_t size;
        bool lost; /* something, for want of memory */
};

Record *record_new(const char *section) {
        Record *r = calloc(1, sizeof(*r));

        if (!r)
                return NULL;
        r->f = memstream_open(&r->text, &r->size);
        if (!r->f) {
                free(r);
                return NULL;
        }
        fprintf(r->f, "[%s]\n", section);
        return r;
}

static bool is_plain(unsigned char c) {
        return isalnum(c) || strchr("./:_,=@+%-", c) || c >= 0x80;
}

void record_set(Record *r, const char *key, const char *format, ...) {
        _cleanup_(freep) char *value = NULL;
        va_list ap;
        int n;

        va_start(ap, format);
        n = vasprintf(&value, format, ap);
        va_end(ap);
        if (n < 0) {
                value = NULL;
                r->lost = true;
                return;
        }
        fprintf(r->f, "%s=", key);
        for (const unsigned char *p = (const unsigned char *) value; *p; p++)
                if (is_plain(*p))
                        fputc(*p, r->f);
                else
                        fprintf(r->f, "\\x%02x", *p);
        fputc('\n', r->f);
}

void record_lose(Record *r) {
        r->lost = true;
}

int record_write(Record *r, int dir_fd, const char *name) {
        int result;

        fputs("[End]\n", r->f);
        r->text = memstream_finish(r->f, &r->text);
        result = !r->text || r->lost ? -ENOMEM : 0;
        if (result >= 0 && r->size > RECORD_MAX) /* nobody would read it */
                result = -E2BIG;
        if (result >= 0) /* /run is gone with the boot: no fsync */
                result = fd_replace_file_at(dir_fd, name, r->text, 0600, false);
        free(r->text);
        free(r);
        return result;
}

static unsigned hex_digit(char c) {
        return (unsigned) (isdigit((unsigned char) c) ? c - '0' : tolower((unsigned char) c) - 'a' + 10);
}

static int unescape(char *text) {
        char *out = text;

        while (*text) {
                unsigned value;

                if (*text != '\\') {
                        *out++ = *text++;
                        continue;
                }
                if (text[1] != 'x' || !isxdigit((unsigned char) text[2]) || !isxdigit((unsigned char) text[3]))
                        return -EBADMSG;
                value = hex_digit(text[2]) << 4 | hex_digit(text[3]);
                if (value == 0)
                        return -EBADMSG;
                *out++ = (char) value;
                text += 4;
        }
        *out = '\0';
        return 0;
}

static int read_line(char *line, record_read_t callback, void *userdata) {
        char *value = strchr(line, '=');
        int r;

        if (!value || value == line)
                return -EBADMSG;
        *value++ = '\0';
        r = unescape(value);
        return r < 0 ? r : callback(line, value, userdata);
}

int record_read(int dir_fd, const char *name, const char *section, record_read_t callback, void *userdata) {
        _cleanup_(freep) char *text = NULL;
        _cleanup_(close_fdp) int fd = -EBADF;
        char header[64], *save = NULL, *line, *end;
        int result = 0;
        ssize_t n;

        fd = fd_open_beneath(dir_fd, name, O_RDONLY | O_NONBLOCK, 0);
        if (fd < 0)
                return fd;
        n = fd_read_all(fd, RECORD_MAX, &text);
        if (n < 0)
                return (int) n;
        if (strlen(text) != (size_t) n)
                return -EBADMSG;
        if (n >= 6 && strcmp(text + n - 6, "[End]\n") == 0)
                text[n - 6] = '\0';
        else { /* the last line may have been cut */
                result = -EBADMSG;
                end = strrchr(text, '\n');
                *(end ?: text) = '\0';
        }

        (void) snprintf(header, sizeof(header), "[%s]", section);
        line = strtok_r(text, "\n", &save);
        if (!line || strcmp(line, header) != 0)
                return -EBADMSG;
        while ((line = strtok_r(NULL, "\n", &save))) {
                int r = read_line(line, callback, userdata);

                if (r == -EBADMSG)
                        result = r;
                else if (r < 0)
                        return r;
        }
        return result;
}

int record_keep(char ***kept, const char *of, const char *key, const char *value) {
        _cleanup_(freep) char *line = NULL;

        log_warning("%s: this version knows no %s=%s, going on without and keeping it on record", of, key, value);
        if (asprintf(&line, "%s=%s", key, value) < 0) {
                line = NULL;
                return -ENOMEM;
        }
        return strv_extend(kept, line);
}

void record_set_kept(Record *r, char *const *kept) {
        for (; kept && *kept; kept++) {
                size_t length = strcspn(*kept, "=");
                _cleanup_(freep) char *key = strndup(*kept, length);

                if (key)
                        record_set(r, key, "%s", *kept + length + 1);
                else
                        r->lost = true;
        }
}

bool record_is_kept(char *const *kept, const char *key) {
        size_t length = strlen(key);

        for (; kept && *kept; kept++)
                if (strncmp(*kept, key, length) == 0 && (*kept)[length] == '=')
                        return true;
        return false;
}

int record_for_each(int dir_fd, record_each_t callback, void *userdata) {
        _cleanup_(closedirp) DIR *d = NULL;
        struct dirent *e;
        int fd;

        fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        d = fdopendir(fd);
        if (!d) {
                close_fd(fd);
                return -ENOMEM;
        }
        while ((e = readdir(d))) {
                int r;

                if (e->d_name[0] == '.') {
                        size_t length = strlen(e->d_name);

                        if (length > 4 && strcmp(e->d_name + length - 4, ".tmp") == 0)
                                (void) unlinkat(dir_fd, e->d_name, 0);
                        continue;
                }
                r = callback(e->d_name, userdata);
                if (r < 0)
                        return r;
        }
        return 0;
}

int record_choose_id(char prefix, char ret[static RECORD_ID_SIZE]) {
        unsigned char random[(RECORD_ID_SIZE - 2) / 2];

        if (getrandom(random, sizeof(random), 0) != sizeof(random))
                return -EIO;
        ret[0] = prefix;
        for (size_t i = 0; i < sizeof(random); i++)
                (void) snprintf(ret + 1 + 2 * i, 3, "%02x", random[i]);
        return 0;
}

uint64_t record_now_usec(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_REALTIME, &ts);
        return (uint64_t) ts.tv_sec * 1000000 + (uint64_t) ts.tv_nsec / 1000;
}

const char *record_boot_id(void) {
        static char id[64];
        _cleanup_(freep) char *text = NULL;

        if (!*id && fd_read_file_at(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 63, &text) > 0)
                (void) snprintf(id, sizeof(id), "%.*s", (int) strcspn(text, "\n"), text);
        return id;
}

int record_restore_text(char **field, const char *value) {
        free(*field);
        *field = strdup(value);
        return *field ? 0 : -ENOMEM;
}
