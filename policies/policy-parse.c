/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Values that are one number, word or text; the lists are in policy-parse-lists.c. A parser leaves
 * the field alone unless the whole value is good, so a policy is never half of a bad line. */

#include "policies/policy-parse.h"

#include <ctype.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "base/fd.h"

#define CPUS_MAX 8192
#define COUNT_MAX 1000000
#define SMALL_MEMORY (UINT64_C(1) << 20)

const char *policy_si_to_string(uint64_t number, char buffer[static POLICY_SI_MAX]) {
        size_t suffix = 0;

        for (; number > 0 && number % 1000 == 0 && suffix < 6; suffix++)
                number /= 1000;
        (void) snprintf(buffer, POLICY_SI_MAX, "%" PRIu64 "%.1s", number, &"\0KMGTPE"[suffix]);
        return buffer;
}

int policy_say(char **ret_message, int r, const char *format, ...) {
        char *message;
        va_list ap;
        int n;

        va_start(ap, format);
        n = vasprintf(&message, format, ap);
        va_end(ap);
        if (n < 0)
                return -ENOMEM;
        *ret_message = message;
        return r;
}

int policy_split_quoted(const char *value, char ***ret, char **ret_message) {
        int r = strv_split_quoted(value, ret);

        return r == -EINVAL ? policy_say(ret_message, r, "a quote has no end") : r;
}

static int set_text(char **field, const char *value) {
        char *copy;

        copy = strdup(value);
        if (!copy)
                return -ENOMEM;
        free(*field);
        *field = copy;
        return 0;
}

/* --- text --- */

int policy_parse_text(const PolicyKey *key, Policy *p, const char *value, char **ret_message) {
        (void) ret_message;
        return set_text(FIELD(char *, key, p), value);
}

void policy_reset_text(const PolicyKey *key, Policy *p) {
        char **field = FIELD(char *, key, p);

        free(*field);
        *field = NULL;
}

char *policy_format_text(const PolicyKey *key, const Policy *p) {
        const char *text = *CONST_FIELD(char *, key, p);

        return strdup(text ? text : "");
}

bool policy_name_valid(const char *name) {
        size_t n = strlen(name);

        return n > 0 && n <= 64 && *name != '.' && *name != '-' &&
                name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                  "0123456789_.-")] == '\0';
}

int policy_parse_policy_name(const PolicyKey *key, Policy *p, const char *value, char **ret_message) {
        size_t n = strlen(value);

        if (n > 4 && strcmp(value + n - 4, ".ini") == 0)
                return policy_say(ret_message, -EINVAL, "\"%s\" is a file name (write it without .ini)",
                           value);
        if (!policy_name_valid(value))
                return policy_say(ret_message, -EINVAL,
                           "\"%s\" is no policy name (one name of at most 64 letters, digits and "
                           "_.-, not starting with . or -)",
                           value);
        return set_text(FIELD(char *, key, p), value);
}

void policy_reset_policy_name(const PolicyKey *key, Policy *p) {
        policy_reset_text(key, p);
}

char *policy_format_policy_name(const PolicyKey *key, const Policy *p) {
        return policy_format_text(key, p);
}

/* With every %-letter standing for one good character. What it expands to is checked then. */
static bool hostname_syntax_valid(const char *text) {
        char before = '.';
        size_t n = 0;

        for (; *text; text++, n++) {
                char c = *text;

                if (c == '%') {
                        text++;
                        if (*text == '%')
                                return false; /* a host name has no % in it */
                        c = 'x';
                }
                if (c == '.' || c == '-') {
                        if (before == '.' || (before == '-' && c == '.'))
                                return false;
                } else if (!isascii(c) || !isalnum((unsigned char) c))
                        return false;
                before = c;
        }
        return n > 0 && n <= 64 && before != '.' && before != '-';
}

int policy_parse_hostname(const PolicyKey *key, Policy *p, const char *value, char **ret_message) {
        if (!policy_expand_valid(value))
                return policy_say(ret_message, -EINVAL,
                           "\"%s\" has an unknown %% in it (%%u %%U %%g %%H %%s expand)", value);
        if (!hostname_syntax_valid(value))
                return policy_say(ret_message, -EINVAL,
                           "\"%s\" is no host name (at most 64 letters, digits, dots and hyphens, "
                           "such as %%u.%%H)",
                           value);
        return set_text(FIELD(char *, key, p), value);
}

void policy_reset_hostname(const PolicyKey *key, Policy *p) {
        policy_reset_text(key, p);
}

char *policy_format_hostname(const PolicyKey *key, const Policy *p) {
        return policy_format_text(key, p);
}

/* --- words --- */

static const struct {
        const char *words[4]; /* by value of the enum; for a flag: of false, of true */
} word_lists[] = {
        [WORDS_MODE] = { { "enforce", "observe" } },
        [WORDS_ON_FAILURE] = { { "deny", "allow" } },
        [WORDS_IF_UNSUPPORTED] = { { "error", "warn" } },
        [WORDS_SCOPE] = { { "session", "user", "policy" } },
        [WORDS_DEVICE_POLICY] = { { "auto", "closed", "strict" } },
        [WORDS_BOOLEAN] = { { "no", "yes" } },
        [WORDS_EGRESS] = { { "allow", "deny" } },
        [WORDS_INGRESS] = { { "deny", "allow" } },
        [WORDS_TRAFFIC_ACTION] = { { "deny", "slow" } },
        [WORDS_IPVLAN] = { { "l2", "l3s" } },
        [WORDS_PRIVATE_TMP] = { { "no", "yes", "disconnected", "persistent" } },
        [WORDS_PROTECT_SYSTEM] = { { "no", "yes", "full", "strict" } },
        [WORDS_PROTECT_HOME] = { { "no", "yes", "read-only", "tmpfs" } },
        [WORDS_PROTECT_PROC] = { { "default", "noaccess", "invisible", "ptraceable" } },
        [WORDS_PROC_SUBSET] = { { "all", "pid" } },
        [WORDS_KEYRING] = { { "inherit", "private", "shared" } },
};

static int parse_word(const PolicyKey *key, const char *value, char **ret_message) {
        const char *const *words = word_lists[key->data].words;
        bool yes;

        if (strcmp(words[0], "no") == 0 && parse_boolean(value, &yes) >= 0)
                return yes;
        for (int i = 0; i < 4 && words[i]; i++)
                if (strcmp(words[i], value) == 0)
                        return i;
        return policy_say(ret_message, -EINVAL, "\"%s\" is none of its values (%s%s%s%s%s%s%s)",
                   value, words[0], words[2] ? ", " : " or ", words[1],
                   !words[2] ? "" : words[3] ? ", " : " or ", words[2] ?: "", words[2] && words[3] ? " or " : "",
                   words[2] && words[3] ? words[3] : "");
}

int policy_parse_choice(const PolicyKey *key, Policy *p, const char *value, char **ret_message) {
        int r;

        r = parse_word(key, value, ret_message);
        if (r < 0)
                return r;
        *FIELD(int, key, p) = r;
        return 0;
}

void policy_reset_choice(const PolicyKey *key, Policy *p) {
        *FIELD(int, key, p) = *CONST_FIELD(int, key, policy_defaults());
}

char *policy_format_choice(const PolicyKey *key, const Policy *p) {
        return strdup(word_lists[key->data].words[*CONST_FIELD(int, key, p)]);
}

int policy_parse_flag(const PolicyKey *key, Policy *p, const char *value, char **ret_message) {
        int r;

        if (key->data == WORDS_BOOLEAN) {
                if (parse_boolean(value, FIELD(bool, key, p)) < 0)
                        return policy_say(ret_message, -EINVAL, "\"%s\" is neither yes nor no", value);
                return 0;
        }
        r = parse_word(key, value, ret_message);
        if (r < 0)
                return r;
        *FIELD(bool, key, p) = r > 0;
        return 0;
}

void policy_reset_flag(const PolicyKey *key, Policy *p) {
        *FIELD(bool, key, p) = *CONST_FIELD(bool, key, policy_defaults());
}

char *policy_format_flag(const PolicyKey *key, const Policy *p) {
        return strdup(word_lists[key->data].words[*CONST_FIELD(bool, key, p) ? 1 : 0]);
}

/* --- numbers --- */

static void reset_uint64(const PolicyKey *key, Policy *p) {
        *FIELD(uint64_t, key, p) = *CONST_FIELD(uint64_t, key, policy_defaults());
}

static char *format_uint64(uint64_t value) {
        char *text;

        return asprintf(&text, "%" PRIu64, value) < 0 ? NULL : text;
}

int policy_parse_number(const PolicyKey *key, Policy *p, const char *value, char **ret_message) {
        bool endless = key->data != NUMBER_WEIGHT;
        uint64_t max = endless ? COUNT_MAX : 10000, n;

        if (endless && strcmp(value, "infinity") == 0)
                n = LIMIT_NONE;
        else if (parse_uint64(value, &n) < 0 || n < 1 || n > max)
                return policy_say(ret_message, -EINVAL, "\"%s\" is no number from 1 to %" PRIu64 "%s",
                           value, max, endless ? ", nor infinity" : "");
        *FIELD(uint64_t, key, p) = n;
        return 0;
}

void policy_reset_number(const PolicyKey *key, Policy *p) {
        reset_uint64(key, p);
}

char *policy_format_number(const PolicyKey *key, const Policy *p) {
        uint64_t n = *CONST_FIELD(uint64_t, key, p);

        if (n == LIMIT_NONE)
                return strdup(key->data != NUMBER_WEIGHT ? "infinity" : "");
        return format_uint64(n);
}

int policy_parse_time(const PolicyKey *key, Policy *p, const char *value, char **ret_message) {
        uint64_t usec;

        if (parse_usec(value, &usec) < 0)
                return policy_say(ret_message, -EINVAL,
                           "\"%s\" is no time span (seconds, or such as 100ms, 2h 30min)", value);
        if (key->data == TIME_CPU_PERIOD && (usec < USEC_PER_MSEC || usec > USEC_PER_SEC))
                return policy_say(ret_message, -EINVAL, "\"%s\" is out of range (1ms to 1s)", value);
        *FIELD(uint64_t, key, p) = usec;
        return 0;
}

void policy_reset_time(const PolicyKey *key, Policy *p) {
        reset_uint64(key, p);
}

char *policy_format_time(const PolicyKey *key, const Policy *p) {
        char buffer[USEC_STRING_MAX];

        return strdup(usec_to_string(*CONST_FIELD(uint64_t, key, p), buffer));
}

int policy_parse_cpu_quota(const PolicyKey *key, Policy *p, const char *value, char **ret_message) {
        uint64_t permille;

        if (strcmp(value, "infinity") == 0)
                return policy_say(ret_message, -EINVAL, "it takes a percentage (empty is no quota)");
        if (parse_percent(value, PERMILLE, &permille) < 0)
                return policy_say(ret_message, -EINVAL,
                           "\"%s\" is no percentage of one CPU (such as 50%%, 12.5%% or 200%%)",
                           value);
        if (permille == 0 || permille > CPUS_MAX * UINT64_C(1000))
                return policy_say(ret_message, -EINVAL, "\"%s\" is out of range (0.1%% to %u%%)", value,
                           CPUS_MAX * 100);
        *FIELD(uint64_t, key, p) = permille;
        return 0;
}

void policy_reset_cpu_quota(const PolicyKey *key, Policy *p) {
        reset_uint64(key, p);
}

char *policy_format_cpu_quota(const PolicyKey *key, const Policy *p) {
        uint64_t permille = *CONST_FIELD(uint64_t, key, p);
        char *text;

        if (permille == LIMIT_NONE)
                return strdup("");
        if (permille % 10 == 0)
                return asprintf(&text, "%" PRIu64 "%%", permille / 10) < 0 ? NULL : text;
        return asprintf(&text, "%" PRIu64 ".%" PRIu64 "%%", permille / 10, permille % 10) < 0 ?
                NULL :
                text;
}

int policy_parse_cpu_list(const PolicyKey *key, Policy *p, const char *value, char **ret_message) {
        char **field = FIELD(char *, key, p), *list;
        int r;

        r = parse_cpu_list(value, &list);
        if (r == -ENOMEM)
                return r;
        if (r == -ERANGE)
                return policy_say(ret_message, -EINVAL, "\"%s\" is out of range (0 to 8191, low-high)",
                           value);
        if (r < 0)
                return policy_say(ret_message, -EINVAL, "\"%s\" is no list (such as 0-3,5)", value);
        free(*field);
        *field = list;
        return 0;
}

void policy_reset_cpu_list(const PolicyKey *key, Policy *p) {
        policy_reset_text(key, p);
}

char *policy_format_cpu_list(const PolicyKey *key, const Policy *p) {
        return policy_format_text(key, p);
}

/* --- memory and tasks --- */

static int physical_memory_share(uint64_t permyriad, uint64_t *ret) {
        long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);

        if (pages <= 0 || size <= 0)
                return -ENODATA;
        *ret = (uint64_t) ((unsigned __int128) pages * permyriad / 10000) * (uint64_t) size;
        return 0;
}

static int parse_memory_share(const char *value, uint64_t *ret, char **ret_message) {
        uint64_t permyriad;

        if (parse_percent(value, PERMYRIAD, &permyriad) < 0 || permyriad > 10000)
                return policy_say(ret_message, -EINVAL,
                           "\"%s\" is no share of the physical memory (0%% to 100%%)", value);
        if (physical_memory_share(permyriad, ret) < 0)
                return policy_say(ret_message, -EINVAL, "the size of the physical memory is not known");
        return 0;
}

int policy_parse_memory(const PolicyKey *key, Policy *p, const char *value, char **ret_message) {
        bool small = value[strspn(value, "0123456789")] == '\0';
        uint64_t bytes;
        int r;

        if (strchr(value, '%')) {
                r = parse_memory_share(value, &bytes, ret_message);
                if (r < 0)
                        return r;
        } else if (parse_bytes(value, &bytes) < 0)
                return policy_say(ret_message, -EINVAL,
                           "\"%s\" is no size (such as 512M, 1.5G, 50%% or infinity)", value);

        if (bytes == 0 && key->data == MEMORY_LIMIT)
                return policy_say(ret_message, -EINVAL, "with 0 nothing could run (such as 512M)");
        *FIELD(uint64_t, key, p) = bytes;
        if (small && bytes > 0 && bytes < SMALL_MEMORY)
                return policy_say(ret_message, 1, "this is %" PRIu64 " bytes; was a unit meant (%sM)?",
                           bytes, value);
        return 0;
}

void policy_reset_memory(const PolicyKey *key, Policy *p) {
        reset_uint64(key, p);
}

char *policy_format_memory(const PolicyKey *key, const Policy *p) {
        uint64_t bytes = *CONST_FIELD(uint64_t, key, p);
        char buffer[BYTES_STRING_MAX];

        if (bytes == *CONST_FIELD(uint64_t, key, policy_defaults()))
                return strdup("");
        return strdup(bytes_to_string(bytes, buffer));
}

static int read_number_file(const char *path, uint64_t *ret) {
        _cleanup_(freep) char *text = NULL;
        ssize_t n;

        n = fd_read_file_at(AT_FDCWD, path, 64, &text);
        if (n < 0)
                return (int) n;
        text[strcspn(text, "\n")] = '\0';
        return parse_uint64(text, ret);
}

/* The most tasks that the system can have, as systemd.resource-control(5) has it. */
static int system_tasks_max(uint64_t *ret) {
        uint64_t pids, threads;
        int r;

        r = read_number_file("/proc/sys/kernel/pid_max", &pids);
        if (r < 0)
                return r;
        r = read_number_file("/proc/sys/kernel/threads-max", &threads);
        if (r < 0)
                return r;
        *ret = MIN(pids - 1, threads); /* 0 is no pid */
        return 0;
}

int policy_parse_tasks(const PolicyKey *key, Policy *p, const char *value, char **ret_message) {
        uint64_t n, permyriad, max;

        if (strcmp(value, "infinity") == 0)
                n = LIMIT_NONE;
        else if (strchr(value, '%')) {
                if (parse_percent(value, PERMYRIAD, &permyriad) < 0 || permyriad > 10000)
                        return policy_say(ret_message, -EINVAL,
                                   "\"%s\" is no share of the system's tasks (up to 100%%)", value);
                if (system_tasks_max(&max) < 0)
                        return policy_say(ret_message, -EINVAL,
                                   "how many tasks the system can have is not known");
                n = max * permyriad / 10000;
        } else if (parse_uint64(value, &n) < 0 || n > INT32_MAX)
                return policy_say(ret_message, -EINVAL,
                           "\"%s\" is no number of tasks (such as 200, 10%% or infinity)", value);
        if (n == 0)
                return policy_say(ret_message, -EINVAL, "with 0 nothing could run (such as 200)");
        *FIELD(uint64_t, key, p) = n;
        return 0;
}

void policy_reset_tasks(const PolicyKey *key, Policy *p) {
        reset_uint64(key, p);
}

char *policy_format_tasks(const PolicyKey *key, const Policy *p) {
        uint64_t n = *CONST_FIELD(uint64_t, key, p);

        return n == LIMIT_NONE ? strdup("") : format_uint64(n);
}
