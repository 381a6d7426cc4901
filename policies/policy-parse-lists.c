/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Values that are lists. Those of list keys append to what is there; a bad item anywhere in the
 * line leaves the list as it was. Every list has a ceiling. */

#include <arpa/inet.h>
#include <inttypes.h>
#include <string.h>

#include "base/memstream.h"

#include "policies/policy-parse.h"

#define MATCH_VALUES_MAX 1024
#define IO_LIMITS_MAX 64
#define DEVICE_ALLOW_MAX 256

/* --- [Match] --- */

static void match_values_free(MatchValue *values, size_t n) {
        for (size_t i = 0; i < n; i++)
                free(values[i].text);
        free(values);
}

static bool has_control(const char *text) {
        for (; *text; text++)
                if ((unsigned char) *text < 0x20 || *text == 0x7f)
                        return true;
        return false;
}

/* User= and Group=: a number, or a name such as useradd(8), an Active Directory or FreeIPA makes. */
static int parse_account(MatchValue *v, char **ret_message) {
        if (v->text[strspn(v->text, "0123456789")] == '\0') {
                if (parse_uid(v->text, &v->first) < 0)
                        return policy_say(ret_message, -EINVAL, "\"%s\" is nobody's number", v->text);
                v->numeric = true;
                v->last = v->first;
                return 0;
        }
        if (strpbrk(v->text, "*?["))
                return policy_say(ret_message, -EINVAL, "\"%s\": names and numbers only, no patterns",
                                  v->text);
        if (strpbrk(v->text, "/:,~") || *v->text == '-' || strlen(v->text) > 255)
                return policy_say(ret_message, -EINVAL, "\"%s\" is no name of a user or group",
                                  v->text);
        return 0;
}

static int parse_remote_host(MatchValue *v, char **ret_message) {
        char buffer[PREFIX_STRING_MAX];
        IpPrefix masked;
        int r;

        r = parse_prefix(v->text, false, &v->prefix);
        if (r == -EADDRNOTAVAIL && parse_prefix(v->text, true, &masked) >= 0) {
                for (unsigned i = masked.length; i < sizeof(masked.address) * 8; i++)
                        masked.address.bytes[i / 8] &= (uint8_t) ~(0x80 >> (i % 8));
                return policy_say(ret_message, -EINVAL, "\"%s\" has bits beyond its length (%s)",
                                  v->text, prefix_to_string(&masked, buffer));
        }
        v->is_prefix = r >= 0;
        if (v->is_prefix) {
                if (v->prefix.family == AF_INET6 && v->prefix.length >= 96 &&
                    IN6_IS_ADDR_V4MAPPED(&v->prefix.address.v6))
                        return policy_say(ret_message, -EINVAL,
                                          "\"%s\" is an IPv4 address in IPv6 clothes (write it as "
                                          "IPv4)",
                                          v->text);
                return 0;
        }
        if (strpbrk(v->text, "/:") || strspn(v->text, "0123456789.") == strlen(v->text))
                return policy_say(ret_message, -EINVAL,
                                  "\"%s\" is neither an address nor a prefix (such as 10.0.0.0/8, "
                                  "fd00::/8)",
                                  v->text);
        return 0;
}

static int parse_match_value(MatchField field, const char *word, MatchValue *v, char **ret_message) {
        v->negate = *word == '~';
        v->text = strdup(word + v->negate);
        if (!v->text)
                return -ENOMEM;
        if (!*v->text)
                return policy_say(ret_message, -EINVAL, "a ~ alone (no blank behind it)");
        if (has_control(v->text))
                return policy_say(ret_message, -EINVAL, "a value has control bytes");

        switch (field) {
        case MATCH_USER:
        case MATCH_GROUP:
                return parse_account(v, ret_message);
        case MATCH_UID:
                if (parse_uid_range(v->text, &v->first, &v->last) < 0)
                        return policy_say(ret_message, -EINVAL,
                                          "\"%s\" is no uid or range (such as 1000 or 1000-1999)",
                                          v->text);
                v->numeric = true;
                return 0;
        case MATCH_SERVICE:
                if (strchr(v->text, '/'))
                        return policy_say(ret_message, -EINVAL,
                                          "\"%s\" is no PAM service (such as sshd)", v->text);
                return 0;
        case MATCH_REMOTE_HOST:
                return parse_remote_host(v, ret_message);
        case MATCH_UNIT:
                if (v->negate)
                        return policy_say(ret_message, -EINVAL,
                                          "\"~%s\": services can only be named, not excluded", v->text);
                if (!policy_unit_name_valid(v->text))
                        return policy_say(ret_message, -EINVAL,
                                          "\"%s\" is no service of systemd (such as nginx.service; of a "
                                          "template, an instance)",
                                          v->text);
                return 0;
        default:
                return 0;
        }
}

int policy_parse_match(const PolicyKey *key, Policy *p, const char *value, char **ret_message) {
        MatchList *list = FIELD(MatchList, key, p);
        _cleanup_(strv_freep) char **words = NULL;
        MatchValue *values, *grown;
        size_t n = 0, n_words;
        int r;

        r = strv_split(value, &words);
        if (r < 0)
                return r;
        n_words = strv_length(words);
        if (n_words + list->n_values > MATCH_VALUES_MAX)
                return policy_say(ret_message, -EINVAL, "more than %u values", MATCH_VALUES_MAX);

        values = calloc(n_words + 1, sizeof(MatchValue));
        if (!values)
                return -ENOMEM;
        for (; n < n_words; n++) {
                r = parse_match_value((MatchField) key->data, words[n], &values[n], ret_message);
                if (r < 0) {
                        match_values_free(values, n + 1);
                        return r;
                }
        }

        grown = reallocarray(list->values, list->n_values + n + 1, sizeof(MatchValue));
        if (!grown) {
                match_values_free(values, n);
                return -ENOMEM;
        }
        memcpy(grown + list->n_values, values, n * sizeof(MatchValue));
        free(values); /* the texts live on in the list */
        list->values = grown;
        list->n_values += n;
        return 0;
}

void policy_reset_match(const PolicyKey *key, Policy *p) {
        MatchList *list = FIELD(MatchList, key, p);

        match_values_free(list->values, list->n_values);
        *list = (MatchList) {};
}

char *policy_format_match(const PolicyKey *key, const Policy *p) {
        const MatchList *list = CONST_FIELD(MatchList, key, p);
        char *text = NULL;
        size_t size;
        FILE *f;

        f = memstream_open(&text, &size);
        if (!f)
                return NULL;
        for (size_t i = 0; i < list->n_values; i++)
                fprintf(f, "%s%s%s", i ? " " : "", list->values[i].negate ? "~" : "",
                        list->values[i].text);
        return memstream_finish(f, &text);
}

/* --- devices --- */

static int parse_io_item(const char *path, const char *amount, uint64_t *ret, char **ret_message) {
        if (!policy_path_is_clean(path))
                return policy_say(ret_message, -EINVAL,
                                  "\"%s\" is no path of a device or file (such as /dev/vda)", path);
        if (!amount)
                return policy_say(ret_message, -EINVAL,
                                  "the amount for %s is missing (such as %s 50M)", path, path);
        if (parse_si_bytes(amount, ret) < 0)
                return policy_say(ret_message, -EINVAL,
                                  "\"%s\" is no amount (such as 50M, which is 50000000)", amount);
        if (*ret == 0)
                return policy_say(ret_message, -EINVAL, "with 0, %s would stand still", path);
        return 0;
}

/* The level that the key's list is a member of: with the list comes its length. */
#define RESOURCES_OF(member, key, p) ((Resources *) ((char *) (p) + (key)->offset - offsetof(Resources, member)))
#define CONST_RESOURCES_OF(member, key, p) \
        ((const Resources *) ((const char *) (p) + (key)->offset - offsetof(Resources, member)))

static uint64_t *io_amount(IoLimit *l, int data) {
        return (uint64_t *) ((char *) l + data);
}

/* The limit of a device, made when there is none. NULL: no memory; the caller bounds the number. */
static IoLimit *io_limit_for(Resources *r, const char *path) {
        IoLimit *grown;

        for (size_t i = 0; i < r->n_io_limits; i++)
                if (strcmp(r->io_limits[i].path, path) == 0)
                        return &r->io_limits[i];
        grown = reallocarray(r->io_limits, r->n_io_limits + 1, sizeof(IoLimit));
        if (!grown)
                return NULL;
        r->io_limits = grown;
        grown += r->n_io_limits;
        *grown = (IoLimit) {
                .path = strdup(path),
                .read_bandwidth_bytes = LIMIT_NONE,
                .write_bandwidth_bytes = LIMIT_NONE,
                .read_iops = LIMIT_NONE,
                .write_iops = LIMIT_NONE,
        };
        if (!grown->path)
                return NULL;
        r->n_io_limits++;
        return grown;
}

static void drop_empty_io_limits(Resources *r) {
        size_t n = 0;

        for (size_t i = 0; i < r->n_io_limits; i++) {
                IoLimit *l = &r->io_limits[i];

                if (l->read_bandwidth_bytes == LIMIT_NONE &&
                    l->write_bandwidth_bytes == LIMIT_NONE && l->read_iops == LIMIT_NONE &&
                    l->write_iops == LIMIT_NONE)
                        free(l->path);
                else
                        r->io_limits[n++] = *l;
        }
        r->n_io_limits = n;
        if (n == 0) {
                free(r->io_limits);
                r->io_limits = NULL;
        }
}

int policy_parse_io_limit(const PolicyKey *key, Policy *p, const char *value, char **ret_message) {
        Resources *resources = RESOURCES_OF(io_limits, key, p);
        _cleanup_(strv_freep) char **words = NULL;
        uint64_t amount;
        int r;

        r = strv_split(value, &words);
        if (r < 0)
                return r;
        if (strv_length(words) / 2 + resources->n_io_limits > IO_LIMITS_MAX)
                return policy_say(ret_message, -EINVAL, "more than %u devices", IO_LIMITS_MAX);
        for (size_t i = 0; words && words[i]; i += 2) {
                r = parse_io_item(words[i], words[i + 1], &amount, ret_message);
                if (r < 0)
                        return r;
        }
        for (size_t i = 0; words && words[i]; i += 2) {
                IoLimit *l;

                (void) parse_si_bytes(words[i + 1], &amount); /* it was good a moment ago */
                l = io_limit_for(resources, words[i]);
                if (!l)
                        return -ENOMEM;
                *io_amount(l, key->data) = amount;
        }
        drop_empty_io_limits(resources); /* "infinity" takes a limit away */
        return 0;
}

void policy_reset_io_limit(const PolicyKey *key, Policy *p) {
        Resources *r = RESOURCES_OF(io_limits, key, p);

        for (size_t i = 0; i < r->n_io_limits; i++)
                *io_amount(&r->io_limits[i], key->data) = LIMIT_NONE;
        drop_empty_io_limits(r);
}

char *policy_format_io_limit(const PolicyKey *key, const Policy *p) {
        const Resources *r = CONST_RESOURCES_OF(io_limits, key, p);
        char *text = NULL;
        size_t size, n = 0;
        FILE *f;

        f = memstream_open(&text, &size);
        if (!f)
                return NULL;
        for (size_t i = 0; i < r->n_io_limits; i++) {
                uint64_t amount = *io_amount(&r->io_limits[i], key->data);
                char number[POLICY_SI_MAX];

                if (amount != LIMIT_NONE)
                        fprintf(f, "%s%s %s", n++ ? " " : "", r->io_limits[i].path, policy_si_to_string(amount, number));
        }
        return memstream_finish(f, &text);
}

static bool is_device_node(const char *word) {
        return (strncmp(word, "/dev/", 5) == 0 && word[5] && policy_path_is_clean(word)) ||
                (strncmp(word, "char-", 5) == 0 && word[5] && !has_control(word)) ||
                (strncmp(word, "block-", 6) == 0 && word[6] && !has_control(word));
}

/* Any of r, w, m, each once. */
static bool parse_device_access(const char *word, DeviceAllow *d) {
        static const char letters[] = "rwm";
        bool *const flags[] = { &d->read, &d->write, &d->mknod };

        d->read = d->write = d->mknod = false;
        for (; *word; word++) {
                const char *found = strchr(letters, *word);

                if (!found || *flags[found - letters])
                        return false;
                *flags[found - letters] = true;
        }
        return true;
}

static int add_device(Resources *r, const DeviceAllow *d) {
        DeviceAllow *grown;

        for (size_t i = 0; i < r->n_device_allow; i++)
                if (strcmp(r->device_allow[i].node, d->node) == 0) {
                        char *node = r->device_allow[i].node;

                        r->device_allow[i] = *d;
                        r->device_allow[i].node = node;
                        return 0;
                }
        grown = reallocarray(r->device_allow, r->n_device_allow + 1, sizeof(DeviceAllow));
        if (!grown)
                return -ENOMEM;
        r->device_allow = grown;
        grown += r->n_device_allow;
        *grown = *d;
        grown->node = strdup(d->node);
        if (!grown->node)
                return -ENOMEM;
        r->n_device_allow++;
        return 0;
}

/* One item from *words on, "NODE" or "NODE ACCESS"; d->node is borrowed. Advances *words. */
static int parse_device_item(char ***words, DeviceAllow *d, char **ret_message) {
        *d = (DeviceAllow) { .node = **words, .read = true, .write = true, .mknod = true };
        if (!is_device_node(d->node))
                return policy_say(ret_message, -EINVAL,
                                  "\"%s\" is no device (such as /dev/fuse, char-pts, block-loop)",
                                  d->node);
        (*words)++;
        if (!**words || is_device_node(**words))
                return 0;
        if (!parse_device_access(**words, d))
                return policy_say(ret_message, -EINVAL,
                                  "\"%s\" is no access to %s (any of r, w and m)", **words, d->node);
        (*words)++;
        return 0;
}

int policy_parse_device_allow(const PolicyKey *key, Policy *p, const char *value,
                              char **ret_message) {
        Resources *resources = RESOURCES_OF(device_allow, key, p);
        _cleanup_(strv_freep) char **words = NULL;
        DeviceAllow d;
        int r;

        r = strv_split(value, &words);
        if (r < 0)
                return r;
        if (strv_length(words) + resources->n_device_allow > DEVICE_ALLOW_MAX)
                return policy_say(ret_message, -EINVAL, "more than %u devices", DEVICE_ALLOW_MAX);
        for (char **w = words; w && *w;) {
                r = parse_device_item(&w, &d, ret_message);
                if (r < 0)
                        return r;
        }
        for (char **w = words; w && *w;) {
                (void) parse_device_item(&w, &d, ret_message); /* it was good a moment ago */
                r = add_device(resources, &d);
                if (r < 0)
                        return r;
        }
        return 0;
}

void policy_reset_device_allow(const PolicyKey *key, Policy *p) {
        Resources *r = RESOURCES_OF(device_allow, key, p);

        for (size_t i = 0; i < r->n_device_allow; i++)
                free(r->device_allow[i].node);
        free(r->device_allow);
        r->device_allow = NULL;
        r->n_device_allow = 0;
}

char *policy_format_device_allow(const PolicyKey *key, const Policy *p) {
        const Resources *r = CONST_RESOURCES_OF(device_allow, key, p);
        char *text = NULL;
        size_t size;
        FILE *f;

        f = memstream_open(&text, &size);
        if (!f)
                return NULL;
        for (size_t i = 0; i < r->n_device_allow; i++) {
                const DeviceAllow *d = &r->device_allow[i];

                fprintf(f, "%s%s %s%s%s", i ? " " : "", d->node, d->read ? "r" : "",
                        d->write ? "w" : "", d->mknod ? "m" : "");
        }
        return memstream_finish(f, &text);
}
