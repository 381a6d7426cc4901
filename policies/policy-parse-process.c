/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* [Process], as systemd.exec(5) has it. What an empty value means differs: of CapabilityBoundingSet= it leaves no
 * capability at all, as there; of everything else it is the default. */

#include <ctype.h>
#include <inttypes.h>
#include <seccomp.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/socket.h>

#include "base/syscall-groups.h"
#include "base/memstream.h"
#include "policies/policy-parse.h"

#define NAMES_MAX 1024
#define ENVIRONMENT_BYTES_MAX 4096

/* --- capabilities --- */

static int parse_capability(const char *word, uint64_t *mask, char **ret_message) {
        cap_value_t number;

        if (strncasecmp(word, "cap_", 4) != 0 || cap_from_name(word, &number) < 0)
                return policy_say(ret_message, -EINVAL, "\"%s\" is no capability (such as CAP_NET_RAW, see "
                                  "capabilities(7))", word);
        *mask |= UINT64_C(1) << number;
        return 0;
}

/* As there: a list adds, one that begins with "~" takes away, and what was set first says from what. */
int policy_parse_capabilities(const PolicyKey *key, Policy *p, const char *value, char **ret_message) {
        uint64_t *field = FIELD(uint64_t, key, p), unset = *CONST_FIELD(uint64_t, key, policy_defaults()), mask = 0;
        _cleanup_(strv_freep) char **words = NULL;
        bool invert = *value == '~';
        int r;

        r = strv_split(value + invert, &words);
        if (r < 0)
                return r;
        if (words && words[0] && !words[1] && strcmp(words[0], "none") == 0) {
                *field = 0;
                return 0;
        }
        for (size_t i = 0; words && words[i]; i++) {
                r = parse_capability(words[i], &mask, ret_message);
                if (r < 0)
                        return r;
        }
        if (invert && mask == 0)
                *field = CAPABILITIES_ALL;
        else if (invert)
                *field = (*field == 0 && unset == 0 ? CAPABILITIES_ALL : *field) & ~mask;
        else
                *field = (*field == unset ? 0 : *field) | mask;
        return 0;
}

void policy_reset_capabilities(const PolicyKey *key, Policy *p) {
        *FIELD(uint64_t, key, p) = 0;
}

char *policy_format_capabilities(const PolicyKey *key, const Policy *p) {
        uint64_t mask = *CONST_FIELD(uint64_t, key, p), unset = *CONST_FIELD(uint64_t, key, policy_defaults());
        unsigned n = (unsigned) cap_max_bits(), n_set = 0;
        char *text = NULL;
        size_t size;
        FILE *f;

        if (mask == unset)
                return strdup("");
        for (unsigned i = 0; i < n; i++)
                n_set += (mask >> i) & 1;
        if (n_set == 0)
                return strdup("none");
        f = memstream_open(&text, &size);
        if (!f)
                return NULL;
        /* what is taken away, if it is all others that there are, even those that nobody has a name for */
        bool invert = mask >> 63;
        fputs(invert ? "~" : "", f);
        for (unsigned i = 0, k = 0; i < n; i++) {
                char *name;

                if (((mask >> i) & 1) == invert || !(name = cap_to_name((cap_value_t) i)))
                        continue;
                for (char *c = name; *c; c++)
                        *c = (char) toupper((unsigned char) *c);
                fprintf(f, "%s%s", k++ ? " " : "", name);
                (void) cap_free(name);
        }
        return memstream_finish(f, &text);
}

/* --- lists of names that allow or refuse --- */

static void name_filter_done(NameFilter *f) {
        strv_free(f->names);
        strv_free(f->except);
        *f = (NameFilter) {};
}

static void remove_name(char **names, const char *name) {
        size_t n = 0, length = strcspn(name, ":");

        for (size_t i = 0; names && names[i]; i++)
                if (strncmp(names[i], name, length) == 0 && (names[i][length] == '\0' || names[i][length] == ':'))
                        free(names[i]);
                else
                        names[n++] = names[i];
        if (names)
                names[n] = NULL;
}

static int add_names(char ***to, char *const *names) {
        int r = 0;

        for (; r >= 0 && names && *names; names++) {
                remove_name(*to, *names);
                r = strv_extend(to, *names);
        }
        return r;
}

/* What is named again is no exception any more. */
static int drop_exceptions(char ***except, char *const *names,
                           int (*without)(char *const *names, char *const *except, char ***ret)) {
        char **left = NULL;
        int r;

        if (!*except)
                return 0;
        r = without(*except, names, &left);
        if (r >= 0)
                SWAP(*except, left);
        strv_free(left);
        return r;
}

/* One line: it begins the list, goes on with it, or, being of the other kind, takes from it. */
static int filter_apply(NameFilter *f, bool allow, char *const *names,
                        int (*without)(char *const *names, char *const *except, char ***ret)) {
        NameFilter next = { .set = true, .allow = f->set ? f->allow : allow };
        bool takes = f->set && f->allow != allow;
        int r;

        r = add_names(&next.names, f->names);
        if (r >= 0)
                r = add_names(&next.except, f->except);
        if (r >= 0)
                r = add_names(takes ? &next.except : &next.names, names);
        if (r >= 0 && !takes)
                r = drop_exceptions(&next.except, names, without);
        if (r < 0) {
                name_filter_done(&next);
                return r;
        }
        name_filter_done(f);
        *f = next;
        return 0;
}

static int parse_filter(NameFilter *f, const char *value, int (*check)(char *word, char **ret_message),
                        int (*without)(char *const *names, char *const *except, char ***ret), char **ret_message) {
        _cleanup_(strv_freep) char **words = NULL;
        bool invert = *value == '~';
        int r;

        r = strv_split(value + invert, &words);
        for (size_t i = 0; r >= 0 && words && words[i]; i++)
                r = check(words[i], ret_message);
        if (r < 0)
                return r;
        if (strv_length(words) + strv_length(f->names) + strv_length(f->except) > NAMES_MAX)
                return policy_say(ret_message, -EINVAL, "more than %u names", NAMES_MAX);
        return filter_apply(f, !invert, words, without);
}

/* Two lines if there are exceptions. */
static char *format_filter(const NameFilter *f, const char *nothing) {
        _cleanup_(freep) char *names = NULL, *except = NULL;
        char *text;

        if (!f->set)
                return strdup("");
        names = strv_join(f->names, " ");
        except = strv_join(f->except, " ");
        if (!names || !except)
                return NULL;
        return asprintf(&text, "%s%s%s%s%s", f->allow ? "" : "~", f->allow && !*names ? nothing : names,
                        *except ? "\n" : "", *except && f->allow ? "~" : "", except) < 0 ? NULL : text;
}

/* --- SystemCallFilter= --- */

static int check_syscall(char *word, char **ret_message) {
        char *error = strchr(word, ':');
        bool known;
        int number;

        if (error && parse_errno(error + 1, &number) < 0)
                return policy_say(ret_message, -EINVAL, "\"%s\" is no error (such as EPERM, see errno(3))", error + 1);
        if (error)
                *error = '\0';
        known = *word == '@' ? syscall_group_exists(word) :
                seccomp_syscall_resolve_name(word) != __NR_SCMP_ERROR || syscall_new_number(word) >= 0 ||
                syscall_is_in_group(word);
        if (!known)
                return policy_say(ret_message, -EINVAL, "\"%s\" is no system call and no group of them (such as "
                                  "@mount, see systemd-analyze syscall-filter)", word);
        if (error)
                *error = ':';
        return 0;
}

int policy_parse_syscalls(const PolicyKey *key, Policy *p, const char *value, char **ret_message) {
        return parse_filter(FIELD(NameFilter, key, p), value, check_syscall, syscall_expand_all, ret_message);
}

void policy_reset_syscalls(const PolicyKey *key, Policy *p) {
        name_filter_done(FIELD(NameFilter, key, p));
}

char *policy_format_syscalls(const PolicyKey *key, const Policy *p) {
        return format_filter(CONST_FIELD(NameFilter, key, p), "@default");
}

int policy_parse_error_number(const PolicyKey *key, Policy *p, const char *value, char **ret_message) {
        uint64_t number;
        int error = 0;

        if (strcmp(value, "kill") == 0)
                error = 0;
        else if (parse_errno(value, &error) < 0 && (parse_uint64(value, &number) < 0 || number < 1 || number > 4095))
                return policy_say(ret_message, -EINVAL, "\"%s\" is no error (such as EPERM; or kill)", value);
        else if (error == 0)
                error = (int) number;
        *FIELD(int, key, p) = error;
        return 0;
}

void policy_reset_error_number(const PolicyKey *key, Policy *p) {
        *FIELD(int, key, p) = *CONST_FIELD(int, key, policy_defaults());
}

char *policy_format_error_number(const PolicyKey *key, const Policy *p) {
        int error = *CONST_FIELD(int, key, p);
        const char *name = strerrorname_np(error);
        char *text;

        if (error == 0 || (name && *name))
                return strdup(error == 0 ? "" : name);
        return asprintf(&text, "%d", error) < 0 ? NULL : text;
}

/* --- SystemCallArchitectures= --- */

int policy_parse_architectures(const PolicyKey *key, Policy *p, const char *value, char **ret_message) {
        static const char *const names[] = { "native", "x86-64", "x86", "x32", "arm64", "arm", "ppc64-le", "ppc64", "ppc",
                                             "s390x", "s390", "riscv64", "mips64-le", "mips-le" };
        _cleanup_(strv_freep) char **words = NULL, **all = NULL;
        char ***field = FIELD(char **, key, p);
        int r;

        r = strv_split(value, &words);
        if (r >= 0)
                r = strv_extend_all(&all, *field);
        for (size_t i = 0; r >= 0 && words && words[i]; i++) {
                size_t k = 0;

                while (k < ELEMENTSOF(names) && strcmp(names[k], words[i]) != 0)
                        k++;
                if (k == ELEMENTSOF(names))
                        return policy_say(ret_message, -EINVAL, "\"%s\" is no architecture (native, x86-64, x86, x32, "
                                          "arm64, arm, ...)", words[i]);
                if (!strv_has(all, words[i]))
                        r = strv_extend(&all, words[i]);
        }
        if (r < 0)
                return r;
        strv_free(*field);
        *field = TAKE_PTR(all);
        return 0;
}

void policy_reset_architectures(const PolicyKey *key, Policy *p) {
        policy_reset_paths(key, p);
}

char *policy_format_architectures(const PolicyKey *key, const Policy *p) {
        return policy_format_paths(key, p);
}

/* --- RestrictAddressFamilies= --- */

static int check_family(char *word, char **ret_message) {
        if (policy_family_from_name(word) < 0)
                return policy_say(ret_message, -EINVAL, "\"%s\" is no address family (such as AF_UNIX, AF_INET, "
                                  "AF_INET6; none)", word);
        return 0;
}

static int families_without(char *const *names, char *const *except, char ***ret) {
        int r = 0;

        for (; r >= 0 && names && *names; names++)
                if (!strv_has(except, *names))
                        r = strv_extend(ret, *names);
        return r;
}

int policy_parse_families(const PolicyKey *key, Policy *p, const char *value, char **ret_message) {
        NameFilter *f = FIELD(NameFilter, key, p);

        if (strcmp(value, "none") == 0) {
                name_filter_done(f);
                *f = (NameFilter) { .set = true, .allow = true };
                return 0;
        }
        return parse_filter(f, value, check_family, families_without, ret_message);
}

void policy_reset_families(const PolicyKey *key, Policy *p) {
        name_filter_done(FIELD(NameFilter, key, p));
}

char *policy_format_families(const PolicyKey *key, const Policy *p) {
        return format_filter(CONST_FIELD(NameFilter, key, p), "none");
}

/* --- Limit...= --- */

static bool limit_is_bytes(int resource) {
        return resource == RLIMIT_FSIZE || resource == RLIMIT_DATA || resource == RLIMIT_STACK ||
                resource == RLIMIT_CORE || resource == RLIMIT_RSS || resource == RLIMIT_AS ||
                resource == RLIMIT_MEMLOCK || resource == RLIMIT_MSGQUEUE;
}

/* "-5" and "+5" are nice values; the kernel counts from 1 (19) to 40 (-20), see getrlimit(2). */
static int parse_nice_limit(const char *text, uint64_t *ret) {
        uint64_t n;

        if (*text != '+' && *text != '-')
                return parse_uint64(text, ret) >= 0 && *ret <= 40 ? 0 : -EINVAL;
        if (parse_uint64(text + 1, &n) < 0 || n > (*text == '+' ? 19U : 20U))
                return -EINVAL;
        *ret = *text == '+' ? 20 - n : 20 + n;
        return 0;
}

static int parse_limit_value(int resource, const char *text, uint64_t *ret) {
        int r;

        if (strcmp(text, "infinity") == 0) {
                *ret = LIMIT_NONE;
                return 0;
        }
        if (resource == RLIMIT_NICE)
                return parse_nice_limit(text, ret);
        if (limit_is_bytes(resource))
                return parse_bytes(text, ret);
        if (resource == RLIMIT_CPU) {
                r = parse_usec(text, ret);
                if (r >= 0)
                        *ret = (*ret + USEC_PER_SEC - 1) / USEC_PER_SEC;
                return r;
        }
        if (resource == RLIMIT_RTTIME) /* a bare number is microseconds there */
                return text[strspn(text, "0123456789")] ? parse_usec(text, ret) : parse_uint64(text, ret);
        return parse_uint64(text, ret);
}

int policy_parse_limit(const PolicyKey *key, Policy *p, const char *value, char **ret_message) {
        _cleanup_(freep) char *soft = strndup(value, strcspn(value, ":"));
        const char *hard = strchr(value, ':');
        PolicyLimit limit = { .set = true };

        if (!soft)
                return -ENOMEM;
        if (parse_limit_value(key->data, soft, &limit.soft) < 0 ||
            parse_limit_value(key->data, hard ? hard + 1 : soft, &limit.hard) < 0)
                return policy_say(ret_message, -EINVAL, "\"%s\" is no limit (%s, or SOFT:HARD, or infinity)", value,
                                  limit_is_bytes(key->data) ? "such as 64M" :
                                  key->data == RLIMIT_CPU || key->data == RLIMIT_RTTIME ? "such as 10min" : "such as 1024");
        if (limit.soft > limit.hard)
                return policy_say(ret_message, -EINVAL, "the soft limit is above the hard one (SOFT:HARD)");
        *FIELD(PolicyLimit, key, p) = limit;
        return 0;
}

void policy_reset_limit(const PolicyKey *key, Policy *p) {
        *FIELD(PolicyLimit, key, p) = (PolicyLimit) {};
}

static const char *limit_to_string(int resource, uint64_t value, char buffer[static USEC_STRING_MAX]) {
        if (value == LIMIT_NONE)
                return "infinity";
        if (resource == RLIMIT_CPU)
                return usec_to_string(value * USEC_PER_SEC, buffer);
        if (limit_is_bytes(resource)) {
                char bytes[BYTES_STRING_MAX];

                (void) strcpy(buffer, bytes_to_string(value, bytes));
        } else
                (void) snprintf(buffer, USEC_STRING_MAX, "%" PRIu64, value);
        return buffer;
}

char *policy_format_limit(const PolicyKey *key, const Policy *p) {
        const PolicyLimit *l = CONST_FIELD(PolicyLimit, key, p);
        char soft[USEC_STRING_MAX], hard[USEC_STRING_MAX], *text;

        if (!l->set)
                return strdup("");
        if (l->soft == l->hard)
                return strdup(limit_to_string(key->data, l->soft, soft));
        return asprintf(&text, "%s:%s", limit_to_string(key->data, l->soft, soft),
                        limit_to_string(key->data, l->hard, hard)) < 0 ? NULL : text;
}

/* --- Nice=, OOMScoreAdjust=, UMask= --- */

static const struct {
        int min, max;
} small_ranges[] = {
        [SMALL_NICE] = { -20, 19 },
        [SMALL_OOM_SCORE] = { -1000, 1000 },
        [SMALL_UMASK] = { 0, 0777 },
};

int policy_parse_small(const PolicyKey *key, Policy *p, const char *value, char **ret_message) {
        bool octal = key->data == SMALL_UMASK;
        char *end = NULL;
        long n;

        n = strtol(value, &end, octal ? 8 : 10);
        if (isspace((unsigned char) *value) || *end || end == value || n < small_ranges[key->data].min ||
            n > small_ranges[key->data].max)
                return octal ? policy_say(ret_message, -EINVAL, "\"%s\" is no mask of modes (such as 0027)", value) :
                        policy_say(ret_message, -EINVAL, "\"%s\" is no number from %d to %d", value,
                                   small_ranges[key->data].min, small_ranges[key->data].max);
        *FIELD(int, key, p) = (int) n;
        return 0;
}

void policy_reset_small(const PolicyKey *key, Policy *p) {
        *FIELD(int, key, p) = NUMBER_UNSET;
}

char *policy_format_small(const PolicyKey *key, const Policy *p) {
        int n = *CONST_FIELD(int, key, p);
        char *text;

        if (n == NUMBER_UNSET)
                return strdup("");
        return asprintf(&text, key->data == SMALL_UMASK ? "%04o" : "%d", n) < 0 ? NULL : text;
}

/* --- Environment= --- */

static int check_variable(const char *word, char **ret_message) {
        size_t n = strcspn(word, "=");

        if (n == 0 || word[n] != '=' || isdigit((unsigned char) *word) ||
            strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") != n)
                return policy_say(ret_message, -EINVAL, "\"%s\" is no variable (NAME=value, in quotes if it has blanks)",
                                  word);
        if (!policy_expand_valid(word))
                return policy_say(ret_message, -EINVAL, "\"%s\" has an unknown %% in it (%%u %%U %%g %%H %%s expand, "
                                  "%%%% is one)", word);
        return 0;
}

static int set_variable(char ***all, const char *word) {
        size_t n = strcspn(word, "=") + 1;

        for (size_t i = 0; *all && (*all)[i]; i++)
                if (strncmp((*all)[i], word, n) == 0) {
                        char *copy = strdup(word);

                        if (!copy)
                                return -ENOMEM;
                        free((*all)[i]);
                        (*all)[i] = copy;
                        return 0;
                }
        return strv_extend(all, word);
}

int policy_parse_environment(const PolicyKey *key, Policy *p, const char *value, char **ret_message) {
        _cleanup_(strv_freep) char **words = NULL, **all = NULL;
        char ***field = FIELD(char **, key, p);
        size_t bytes = 0;
        int r;

        r = policy_split_quoted(value, &words, ret_message);
        if (r >= 0)
                r = strv_extend_all(&all, *field);
        for (size_t i = 0; r >= 0 && words && words[i]; i++) {
                r = check_variable(words[i], ret_message);
                if (r >= 0)
                        r = set_variable(&all, words[i]);
        }
        if (r < 0)
                return r;
        for (size_t i = 0; all && all[i]; i++)
                bytes += strlen(all[i]) + 1;
        if (bytes > ENVIRONMENT_BYTES_MAX)
                return policy_say(ret_message, -EINVAL, "the variables are more than %u bytes together",
                                  ENVIRONMENT_BYTES_MAX);
        strv_free(*field);
        *field = TAKE_PTR(all);
        return 0;
}

void policy_reset_environment(const PolicyKey *key, Policy *p) {
        policy_reset_paths(key, p);
}

char *policy_format_environment(const PolicyKey *key, const Policy *p) {
        return strv_join_quoted(*CONST_FIELD(char **, key, p), '\0');
}

/* --- offsets of clocks --- */

int policy_parse_offset(const PolicyKey *key, Policy *p, const char *value, char **ret_message) {
        bool negative = *value == '-';
        uint64_t usec;

        if (parse_usec(value + (negative || *value == '+'), &usec) < 0 || usec > UINT64_C(10) * 365 * 86400 * USEC_PER_SEC)
                return policy_say(ret_message, -EINVAL, "\"%s\" is no offset of a clock (such as 30d, or -2h; up to ten "
                                  "years)", value);
        *FIELD(int64_t, key, p) = negative ? -(int64_t) usec : (int64_t) usec;
        return 0;
}

void policy_reset_offset(const PolicyKey *key, Policy *p) {
        *FIELD(int64_t, key, p) = 0;
}

char *policy_format_offset(const PolicyKey *key, const Policy *p) {
        int64_t offset = *CONST_FIELD(int64_t, key, p);
        char buffer[USEC_STRING_MAX], *text;

        if (offset == 0)
                return strdup("");
        return asprintf(&text, "%s%s", offset < 0 ? "-" : "",
                        usec_to_string((uint64_t) (offset < 0 ? -offset : offset), buffer)) < 0 ? NULL : text;
}
