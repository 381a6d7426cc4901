/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A file is read whole, checked line by line here, and then handed to inih a line at a time by a
 * reader of ours: what this file does not understand, inih sees as an empty line. inih 55 cuts
 * over-long lines and section names, takes "key: value", "[a]junk" and indented continuations, and
 * cuts values at " ;"; so each line is split here as well, and a value that inih delivers
 * differently is an error. Its switches are global variables: they are set for the call and put
 * back. */

#include "policies/policy-file.h"

#include <assert.h>
#include <fcntl.h>
#include <ini.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/memstream.h"
#include "base/utf8.h"
#include "policies/policy-keys.h"

#define FILE_BYTES_MAX (1U << 20)
#define LINE_BYTES_MAX 4096
#define FILE_ERRORS_MAX 100
#define SECTION_BYTES_MAX 32

/* --- diagnostics --- */

static void diag_done(PolicyDiag *d) {
        free(d->file);
        free(d->section);
        free(d->key);
        free(d->message);
}

void policy_diags_done(PolicyDiags *d) {
        for (size_t i = 0; i < d->n_items; i++)
                diag_done(&d->items[i]);
        free(d->items);
        *d = (PolicyDiags) {};
}

bool policy_diags_has_error(const PolicyDiags *d) {
        if (d->lost_error)
                return true;
        for (size_t i = 0; i < d->n_items; i++)
                if (!d->items[i].warning)
                        return true;
        return false;
}

/* Makes room for one more; doubles. */
static int diags_grow(PolicyDiags *d) {
        PolicyDiag *grown;

        if (d->n_items & (d->n_items - 1)) /* between powers of two there is room */
                return 0;
        grown = reallocarray(d->items, d->n_items ? d->n_items * 2 : 1, sizeof(PolicyDiag));
        if (!grown)
                return -ENOMEM;
        d->items = grown;
        return 0;
}

int policy_diags_add(PolicyDiags *d, bool warning, const char *file, unsigned line,
                     const char *section, const char *key, const char *format, ...) {
        PolicyDiag item = { .line = line, .warning = warning };
        va_list ap;
        int n;

        va_start(ap, format);
        n = vasprintf(&item.message, format, ap);
        va_end(ap);
        if (n < 0)
                item.message = NULL;
        item.file = file ? strdup(file) : NULL;
        item.section = section ? strdup(section) : NULL;
        item.key = key ? strdup(key) : NULL;

        if (!item.message || (file && !item.file) || (section && !item.section) ||
            (key && !item.key) || diags_grow(d) < 0) {
                diag_done(&item);
                d->lost_error = d->lost_error || !warning;
                return -ENOMEM;
        }
        d->items[d->n_items++] = item;
        return 0;
}

static void put_escaped(FILE *f, const char *text) {
        for (; *text; text++)
                if ((unsigned char) *text < 0x20 || *text == 0x7f)
                        fprintf(f, "\\x%02x", (unsigned char) *text);
                else
                        fputc(*text, f);
}

char *policy_diag_to_string(const PolicyDiag *d) {
        char *text = NULL;
        size_t size;
        FILE *f;

        f = memstream_open(&text, &size);
        if (!f)
                return NULL;
        if (d->file) {
                put_escaped(f, d->file);
                if (d->line)
                        fprintf(f, ":%u", d->line);
                fputs(": ", f);
        }
        if (d->section) {
                fputc('[', f);
                put_escaped(f, d->section);
                fputs(d->key ? "] " : "]: ", f);
        }
        if (d->key) {
                put_escaped(f, d->key);
                fputs("=: ", f);
        }
        if (d->warning)
                fputs("warning: ", f);
        put_escaped(f, d->message);
        return memstream_finish(f, &text);
}

/* --- one line --- */

typedef struct PolicyReader {
        Policy *policy;
        PolicyDiags *diags;
        const char *path;  /* the entry of policy->files */
        char *next, *end;  /* what is left of the text */
        unsigned line;
        size_t n_errors;
        bool section_valid, section_seen; /* a bad header was reported, not all that follows */
        char section[SECTION_BYTES_MAX + 1];
        const char *key, *value; /* of this line, as split here; in `split` */
        char split[LINE_BYTES_MAX + 1];
        unsigned *seen;    /* by key: the line that gave it in this file, 0 for none */
        char **devices;    /* "SECTION.KEY DEVICE" seen in this file */
        int error;         /* -ENOMEM */
} PolicyReader;

static void __attribute__((format(printf, 4, 5)))
report(PolicyReader *r, bool warning, const char *key, const char *format, ...) {
        _cleanup_(freep) char *message = NULL;
        va_list ap;
        int n;

        if (!warning && ++r->n_errors > FILE_ERRORS_MAX)
                return;
        va_start(ap, format);
        n = vasprintf(&message, format, ap);
        va_end(ap);
        if (n < 0) {
                message = NULL;
                r->error = -ENOMEM;
                return;
        }
        if (r->n_errors == FILE_ERRORS_MAX && !warning)
                n = policy_diags_add(r->diags, false, r->path, r->line, NULL, NULL,
                                     "too many errors; not showing any further ones");
        else
                n = policy_diags_add(r->diags, warning, r->path, r->line,
                                     *r->section ? r->section : NULL, key, "%s", message);
        if (n < 0)
                r->error = n;
}

/* "[Section]" and blanks behind it. */
static bool take_section(PolicyReader *r, char *line) {
        char *close = strchr(line, ']');
        _cleanup_(freep) char *message = NULL;
        size_t n;

        *r->section = '\0';
        r->section_valid = false;
        r->section_seen = true;
        if (!close) {
                report(r, false, NULL, "a section header without its ]");
                return false;
        }
        if (close[1]) {
                report(r, false, NULL, "something behind the section header (comments stand on "
                                       "lines of their own)");
                return false;
        }
        n = (size_t) (close - line - 1);
        memcpy(r->section, line + 1, MIN(n, (size_t) SECTION_BYTES_MAX));
        r->section[MIN(n, (size_t) SECTION_BYTES_MAX)] = '\0';
        if (n > SECTION_BYTES_MAX || !policy_section_known(r->section)) {
                if (policy_key_set(r->policy, r->section, "", "", &message) == -ENOENT)
                        report(r, false, NULL, "%s", message);
                else
                        report(r, false, NULL, "unknown section");
                return false;
        }
        r->section_valid = true;
        return true;
}

/* "Key=value"; r->key and r->value point into r->split. */
static bool take_assignment(PolicyReader *r, const char *line) {
        char *equals, *p;

        (void) strcpy(r->split, line); /* checked: at most LINE_BYTES_MAX */
        equals = strchr(r->split, '=');
        if (!equals) {
                report(r, false, NULL, "neither Key=value, [Section] nor # comment: \"%.64s\"", line);
                return false;
        }
        for (p = equals; p > r->split && (p[-1] == ' ' || p[-1] == '\t'); p--)
                ;
        *p = '\0';
        r->key = r->split;
        r->value = equals + 1 + strspn(equals + 1, " \t");

        if (!*r->key) {
                report(r, false, NULL, "a value without a key");
                return false;
        }
        if (!r->section_valid) {
                if (!r->section_seen)
                        report(r, false, r->key, "a key outside of any section (put [Section] "
                                                 "before it)");
                return false;
        }
        for (p = r->split; *p; p++)
                if (strchr(" \t:;#[]", *p)) {
                        report(r, false, r->key, "no name of a key");
                        return false;
                }
        return true;
}

static bool has_control(const char *line) {
        for (; *line; line++)
                if (((unsigned char) *line < 0x20 && *line != '\t') || *line == 0x7f)
                        return true;
        return false;
}

/* Is it a line for inih? Blank lines and comments are not, nor is what was reported. */
static bool take_line(PolicyReader *r, char *line, size_t n) {
        char *start;

        r->key = r->value = NULL;
        if (n > LINE_BYTES_MAX) {
                report(r, false, NULL, "the line is longer than %u bytes", LINE_BYTES_MAX);
                return false;
        }
        while (n > 0 && (line[n - 1] == ' ' || line[n - 1] == '\t' || line[n - 1] == '\r'))
                line[--n] = '\0';
        start = line + strspn(line, " \t");
        if (!*start || *start == '#' || *start == ';')
                return false;
        if (has_control(line)) {
                report(r, false, NULL, "the line has control bytes in it");
                return false;
        }
        if (start != line) {
                report(r, false, NULL, "the line is indented (lines start at the margin; there are "
                                       "no continuation lines)");
                return false;
        }
        return *line == '[' ? take_section(r, line) : take_assignment(r, line);
}

/* An assignment that inih did not hand back has been taken for something else. */
static void finish_line(PolicyReader *r) {
        if (r->key)
                report(r, false, r->key, "the line can't be understood");
        r->key = r->value = NULL;
}

/* Like fgets(3), for inih: the next line that is one, or an empty one. */
static char *read_line(char *buffer, int size, void *userdata) {
        PolicyReader *r = userdata;
        char *line = r->next, *newline;
        size_t n;

        if (line >= r->end)
                return NULL;
        newline = memchr(line, '\n', (size_t) (r->end - line));
        r->next = newline ? newline + 1 : r->end;
        n = (size_t) ((newline ? newline : r->end) - line);
        line[n] = '\0'; /* at the end of the text there is one already */
        finish_line(r);
        r->line++;

        if (!take_line(r, line, n)) {
                r->key = r->value = NULL;
                n = 0;
        }
        (void) snprintf(buffer, (size_t) size, "%.*s\n", (int) n, line);
        return buffer;
}

/* --- one assignment --- */

/* A device may have each limit once in a file, as other keys have. */
static bool device_repeated(PolicyReader *r, const PolicyKey *key, const char *value) {
        _cleanup_(strv_freep) char **words = NULL;

        if (strncmp(key->name, "IO", 2) != 0 || !key->list) /* all but IOWeight= */
                return false;
        if (strv_split(value, &words) < 0) {
                r->error = -ENOMEM;
                return false;
        }
        for (size_t i = 0; words && words[i] && words[i + 1]; i += 2) {
                _cleanup_(freep) char *entry = NULL;

                if (asprintf(&entry, "%s.%s %s", key->section, key->name, words[i]) < 0) {
                        entry = NULL;
                        r->error = -ENOMEM;
                        return false;
                }
                for (size_t k = 0; r->devices && r->devices[k]; k++)
                        if (strcmp(r->devices[k], entry) == 0) {
                                report(r, false, key->name, "%s has this limit already in this file",
                                       words[i]);
                                return true;
                        }
                if (strv_length(r->devices) < 1024 && strv_extend(&r->devices, entry) < 0)
                        r->error = -ENOMEM;
        }
        return false;
}

/* A comment behind a value would become part of it. */
static bool has_inline_comment(const PolicyKey *key, const char *value) {
        if (strcmp(key->name, "Description") == 0)
                return false;
        for (const char *p = value; *p; p++)
                if ((*p == '#' || *p == ';') && (p == value || p[-1] == ' ' || p[-1] == '\t'))
                        return true;
        return false;
}

static bool may_set(PolicyReader *r, const PolicyKey *key, const char *value) {
        unsigned *seen = &r->seen[key - policy_keys];

        if (*seen && !key->list) {
                report(r, false, key->name, "given twice (first in line %u)", *seen);
                return false;
        }
        *seen = r->line;
        if (has_inline_comment(key, value)) {
                report(r, false, key->name, "a comment behind the value (comments stand on lines of "
                                            "their own)");
                return false;
        }
        return !device_repeated(r, key, value);
}

/* Those of the line just read are the only ones that come from nowhere. */
static void mark_rules(PolicyReader *r) {
        PolicyRules *const lists[] = { &r->policy->egress_allow_rules, &r->policy->egress_deny_rules,
                                       &r->policy->ingress_allow_rules };

        for (size_t k = 0; k < ELEMENTSOF(lists); k++)
                for (size_t i = 0; i < lists[k]->n_items; i++)
                        if (!lists[k]->items[i].source.file)
                                lists[k]->items[i].source = (PolicySource) { r->path, r->line };
}

static void assign(PolicyReader *r) {
        const PolicyKey *key = policy_key_find(r->section, r->key);
        _cleanup_(freep) char *message = NULL;
        int k;

        if (key && key->parse && !may_set(r, key, r->value))
                return;
        k = policy_key_set(r->policy, r->section, r->key, r->value, &message);
        if (k == -ENOMEM)
                r->error = k;
        else if (k < 0)
                report(r, false, r->key, "%s", message ? message : "not valid");
        else {
                r->policy->sources[key - policy_keys] = (PolicySource) { r->path, r->line };
                mark_rules(r);
                if (k > 0 && message)
                        report(r, true, r->key, "%s", message);
        }
}

static int handle(void *userdata, const char *section, const char *name, const char *value) {
        PolicyReader *r = userdata;

        if (!r->key || strcmp(section, r->section) != 0 ||
            strncmp(name, r->key, strlen(name)) != 0 || strcmp(value ? value : "", r->value) != 0)
                report(r, false, NULL, "the line can be read in more than one way");
        else
                assign(r);
        r->key = r->value = NULL;
        return 1;
}

static int run_inih(PolicyReader *r) {
        bool inline_comments = ini_allow_inline_comments, multiline = ini_allow_multiline;
        bool use_stack = ini_use_stack, bom = ini_allow_bom, no_value = ini_allow_no_value;
        bool stop = ini_stop_on_first_error;
        int max_line = ini_max_line, initial = ini_initial_alloc, k;

        ini_allow_inline_comments = ini_allow_multiline = ini_use_stack = ini_allow_bom =
                ini_allow_no_value = ini_stop_on_first_error = false;
        ini_max_line = ini_initial_alloc = LINE_BYTES_MAX + 8;

        k = ini_parse_stream(read_line, r, handle, r);

        ini_allow_inline_comments = inline_comments;
        ini_allow_multiline = multiline;
        ini_use_stack = use_stack;
        ini_allow_bom = bom;
        ini_allow_no_value = no_value;
        ini_stop_on_first_error = stop;
        ini_max_line = max_line;
        ini_initial_alloc = initial;
        return k;
}

/* --- one file --- */

static int check_stat(const struct stat *st, bool trust, const char *path, PolicyDiags *diags) {
        const char *what = NULL;

        if (!S_ISREG(st->st_mode))
                what = "not a regular file";
        else if (!trust && st->st_uid != 0)
                what = "not owned by root (chown root)";
        else if (!trust && (st->st_mode & 022))
                what = "others than root may write to it (chmod go-w)";
        else if (st->st_size > FILE_BYTES_MAX)
                what = "longer than 1 MiB";
        if (!what)
                return 0;
        if (policy_diags_add(diags, false, path, 0, NULL, NULL, "%s", what) < 0)
                return -ENOMEM;
        return -EBADMSG;
}

/* O_NONBLOCK: a FIFO without a writer must not hold us. O_NOFOLLOW: a link's target may stand in
 * a directory that somebody else controls. */
static int read_file(int dir_fd, const char *name, const char *path, bool trust,
                     PolicyDiags *diags, char **ret, size_t *ret_size) {
        _cleanup_(close_fdp) int fd = -EBADF;
        struct stat st;
        ssize_t n;
        int r;

        fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        r = fd < 0 ? -errno : 0;
        if (r >= 0 && fstat(fd, &st) < 0)
                r = -errno;
        if (r >= 0) {
                r = check_stat(&st, trust, path, diags);
                if (r < 0)
                        return r;
                n = fd_read_all(fd, FILE_BYTES_MAX, ret);
                if (n >= 0) {
                        *ret_size = (size_t) n;
                        return 0;
                }
                r = (int) n;
        }
        if (r == -ELOOP)
                (void) policy_diags_add(diags, false, path, 0, NULL, NULL,
                                        "a symbolic link (only one to /dev/null is taken, and masks; "
                                        "copy the file)");
        else
                (void) policy_diags_add(diags, false, path, 0, NULL, NULL, "can't be read: %s",
                                        strerror(-r));
        return r;
}

/* In a comment it is nobody's business. */
static const char *find_invalid(const char *text) {
        for (const char *bad = utf8_find_invalid(text); bad; bad = utf8_find_invalid(bad + strcspn(bad, "\n"))) {
                const char *line = bad;

                while (line > text && line[-1] != '\n')
                        line--;
                line += strspn(line, " \t");
                if (*line != '#' && *line != ';')
                        return bad;
        }
        return NULL;
}

static unsigned line_of(const char *text, const char *position) {
        unsigned line = 1;

        for (; text < position; text++)
                line += *text == '\n';
        return line;
}

/* What makes the whole file no text. */
static int check_text(const char *text, size_t size, const char *path, PolicyDiags *diags) {
        const char *nul = memchr(text, '\0', size), *invalid;

        if (nul) {
                (void) policy_diags_add(diags, false, path, line_of(text, nul), NULL, NULL,
                                        "a NUL byte: this is no text file");
                return -EBADMSG;
        }
        if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
                (void) policy_diags_add(diags, false, path, 1, NULL, NULL,
                                        "starts with a byte order mark (save it as UTF-8 without "
                                        "one)");
                return -EBADMSG;
        }
        invalid = find_invalid(text);
        if (invalid) {
                (void) policy_diags_add(diags, false, path, line_of(text, invalid), NULL, NULL,
                                        "a byte 0x%02x that is no UTF-8 (save the file as UTF-8)", (unsigned char) *invalid);
                return -EBADMSG;
        }
        return 0;
}

static int parse_text(PolicyReader *r) {
        int k;

        r->seen = calloc(n_policy_keys, sizeof(unsigned));
        if (!r->seen)
                return -ENOMEM;
        k = run_inih(r);
        finish_line(r);
        free(r->seen);
        strv_free(r->devices);

        if (r->error < 0)
                return r->error;
        if (k == -2)
                return -ENOMEM;
        if (k != 0 && r->n_errors == 0) {
                r->line = k > 0 ? (unsigned) k : 0;
                report(r, false, NULL, "the line can't be understood");
        }
        return r->n_errors > 0 ? -EBADMSG : 0;
}

static void find_match(Policy *p) {
        p->has_match = false;
        for (int f = 0; f < _MATCH_FIELD_MAX; f++)
                p->has_match = p->has_match || p->match[f].n_values > 0;
}

int policy_file_read(Policy *p, int dir_fd, const char *name, const char *display_path, bool trust,
                     PolicyDiags *diags) {
        _cleanup_(freep) PolicyReader *reader = NULL;
        _cleanup_(freep) char *text = NULL;
        size_t size = 0;
        int r;

        assert(p);
        assert(diags);

        r = read_file(dir_fd, name, display_path, trust, diags, &text, &size);
        if (r < 0)
                return r;
        r = check_text(text, size, display_path, diags);
        if (r < 0)
                return r;

        reader = calloc(1, sizeof(*reader)); /* with its line, too large for a stack */
        if (!reader || strv_extend(&p->files, display_path) < 0)
                return -ENOMEM;
        reader->policy = p;
        reader->diags = diags;
        reader->path = p->files[strv_length(p->files) - 1];
        reader->next = text;
        reader->end = text + size;

        r = parse_text(reader);
        find_match(p);
        return r;
}
