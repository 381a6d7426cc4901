/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <arpa/inet.h>
#include <netdb.h>
#include <string.h>

#include "base/log.h"
#include "base/memstream.h"
#include "bus/client.h"
#include "bus/contract.h"
#include "tools/find.h"
#include "tools/text.h"
#include "tools/value.h"

/* Finds the one cell that the argument names. */
static int find_cell(Tool *t, char **ret) {
        _cleanup_(strv_freep) char **paths = NULL;
        int r;

        r = find_cells(t, t->arguments[1], &paths);
        if (r != 0)
                return r;
        if (!paths || !paths[0])
                return tool_fail(-ENOENT, "Cannot find the cell");
        if (paths[1]) {
                log_error("%s has several cells: give the id of one, see confinectl list", t->arguments[1]);
                return EXIT_USAGE;
        }
        *ret = strdup(paths[0]);
        return *ret ? 0 : tool_fail(-ENOMEM, "Cannot find the cell");
}

/* --- status ------------------------------------------------------------------------------ */

static void print_label(Tool *t, const char *label) {
        fprintf(t->out, "%14s%s", label, *label ? ": " : "  ");
}

static void print_list(Tool *t, const char *label, const json_t *list) {
        const json_t *item;
        size_t i;

        json_array_foreach(list, i, item) {
                _cleanup_(freep) char *text = text_escape(json_string_value(item));

                print_label(t, i == 0 ? label : "");
                fprintf(t->out, "%s\n", text ?: "");
        }
}

static const char *direction_words(const char *direction) {
        return strcmp(direction, "in") == 0 ? "from others" : strcmp(direction, "host") == 0 ? "to the host" :
                "to others";
}

static bool rule_passes(const char *rule) {
        return strncmp(rule, "EgressAllow=", 12) == 0 || strncmp(rule, "IngressAllow=", 13) == 0 ||
                strcmp(rule, "Egress=allow") == 0 || strcmp(rule, "Ingress=allow") == 0;
}

/* Prints "tcp:22@10.0.0.0/8" in words. */
static void print_rule_words(FILE *f, const char *direction, const char *rule) {
        const char *word = strchr(rule, '='), *at = word ? strchr(word, '@') : NULL, *port;
        bool in = strcmp(direction, "in") == 0;
        size_t n;

        if (!word || strchr(rule, '=') - rule < 8) { /* Egress=, Ingress=, or a built-in rule */
                fprintf(f, "%s", word ? "all else" : rule);
                return;
        }
        word++;
        n = strcspn(word, "@");
        port = memchr(word, ':', n);
        fprintf(f, "%.*s", (int) (port ? port - word : (ptrdiff_t) n), word);
        if (port)
                fprintf(f, " port %.*s", (int) (word + n - port - 1), port + 1);
        if (at)
                fprintf(f, " %s %s", in ? "from" : "to", strcmp(at + 1, "host") == 0 ? "the host" : at + 1);
        else
                fprintf(f, " %s anywhere", in ? "from" : "to");
}

static int print_rules(Tool *t, const json_t *rules) {
        static const TableColumn columns[] = {
                { "CONNECTIONS", "Words", NULL, TABLE_TEXT },
                { "ARE", "Verdict", NULL, TABLE_TEXT },
                { "BY", "Rule", NULL, TABLE_TEXT },
                { "PACKETS", "Packets", NULL, TABLE_COUNT },
                { "BYTES", "Bytes", NULL, TABLE_BYTES },
        };
        _cleanup_(table_freep) Table *table = table_new(columns, ELEMENTSOF(columns));
        const json_t *rule;
        size_t i;

        if (!table)
                return tool_fail(-ENOMEM, "Cannot print the result");
        json_array_foreach(rules, i, rule) {
                const char *direction = json_string_value(json_object_get(rule, "Direction")) ?: "",
                           *text = json_string_value(json_object_get(rule, "Rule")) ?: "";
                _cleanup_(json_decrefp) json_t *row = json_copy((json_t *) rule);
                _cleanup_(freep) char *words = NULL;
                size_t size;
                FILE *f = memstream_open(&words, &size);

                if (!f)
                        return tool_fail(-ENOMEM, "Cannot print the result");
                fprintf(f, "%s: ", direction_words(direction));
                print_rule_words(f, direction, text);
                words = memstream_finish(f, &words);
                if (!words || json_object_set_new(row, "Words", json_string(words)) < 0 ||
                    json_object_set_new(row, "Verdict", json_string(rule_passes(text) ? "let pass" : "refused")) < 0 ||
                    table_add(table, row) < 0)
                        return tool_fail(-ENOMEM, "Cannot print the result");
        }
        fputc('\n', t->out);
        return tool_print_table(t, table);
}

static void print_traffic(Tool *t, const json_t *s) {
        static const struct {
                const char *label, *packets, *bytes, *dropped, *denied;
        } rows[] = { { "In", "PacketsIn", "BytesIn", "DroppedIn", "DeniedIn" },
                     { "Out", "PacketsOut", "BytesOut", "DroppedOut", "DeniedOut" } };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                char bytes[TEXT_NUMBER_MAX];

                print_label(t, rows[i].label);
                fprintf(t->out, "%lld packets, %s, %lld dropped, %lld refused\n",
                        (long long) json_integer_value(json_object_get(s, rows[i].packets)),
                        text_bytes((uint64_t) json_integer_value(json_object_get(s, rows[i].bytes)), bytes),
                        (long long) json_integer_value(json_object_get(s, rows[i].dropped)),
                        (long long) json_integer_value(json_object_get(s, rows[i].denied)));
        }
}

static int print_status(Tool *t, const json_t *s) {
        static const char *const keys[][2] = {
                { "Policy", "Policy" }, { "Mode", "Mode" }, { "Link", "Link" }, { "Interface", "Interface" },
                { "Network of", "NetworkOf" }, { "ip netns", "NetnsName" },
        };

        fprintf(t->out, "%sNetwork of cell %s%s\n", TOOL_BOLD(t), json_string_value(json_object_get(s, "Cell")) ?: "",
                TOOL_PLAIN(t));
        for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
                const char *text = json_string_value(json_object_get(s, keys[i][1])) ?: "";

                if (!*text && i >= 2 && i <= 4) /* only some modes have these */
                        continue;
                print_label(t, keys[i][0]);
                fprintf(t->out, "%s\n", *text ? text : "-");
        }
        print_list(t, "Addresses", json_object_get(s, "Addresses"));
        print_list(t, "Gateways", json_object_get(s, "Gateways"));
        print_list(t, "Routes", json_object_get(s, "Routes"));
        print_list(t, "Name servers", json_object_get(s, "NameServers"));
        if (!json_object_get(s, "Rules")) {
                if (json_object_get(s, "BytesIn"))
                        print_traffic(t, s);
                return 0;
        }
        print_label(t, "Connections");
        if (json_is_null(json_object_get(s, "MaxConnections")))
                fprintf(t->out, "any number at a time\n");
        else
                fprintf(t->out, "at most %lld at a time\n",
                        (long long) json_integer_value(json_object_get(s, "MaxConnections")));
        print_traffic(t, s);
        return print_rules(t, json_object_get(s, "Rules"));
}

static int net_status(Tool *t, const char *path) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(json_decrefp) json_t *status = NULL;
        const char *text;
        int r;

        if (t->n_arguments != 2) {
                log_error("net status takes one cell: see confinectl net --help");
                return EXIT_USAGE;
        }
        r = client_call(t->bus, path, BUS_CELL_INTERFACE, "GetNetwork", &error, &reply, NULL);
        if (r < 0)
                return tool_fail_call(t, &error, r);
        r = sd_bus_message_read(reply, "s", &text);
        status = r < 0 ? NULL : json_loads(text, 0, NULL);
        if (!status)
                return tool_fail(-EBADMSG, "Cannot read the manager's answer");
        if (t->options->json != JSON_MODE_OFF)
                return tool_print_json(t, status);
        return print_status(t, status);
}

/* --- test -------------------------------------------------------------------------------- */

typedef struct Destination {
        char *protocol, *host, *port; /* port "": none */
        char *copy;
} Destination;

/* "tcp:HOST:PORT", "tcp:[fd00::1]:443", "icmp:HOST". */
static bool parse_destination(const char *text, Destination *d) {
        char *last;

        d->copy = strdup(text);
        if (!d->copy)
                return false;
        d->protocol = d->copy;
        d->host = strchr(d->copy, ':');
        if (!d->host)
                return false;
        *d->host++ = '\0';
        d->port = d->host + strlen(d->host);
        if (strcmp(d->protocol, "icmp") != 0) {
                last = strrchr(d->host, ':');
                if (!last)
                        return false;
                *last++ = '\0';
                d->port = last;
        }
        if (*d->host == '[' && d->host[strlen(d->host) - 1] == ']') {
                d->host[strlen(d->host) - 1] = '\0';
                d->host++;
        }
        return *d->host && (strcmp(d->protocol, "tcp") == 0 || strcmp(d->protocol, "udp") == 0 ||
                            strcmp(d->protocol, "icmp") == 0);
}

static void print_step(Tool *t, const json_t *step) {
        const char *key = json_string_value(json_object_get(step, "Key")) ?: "",
                   *value = json_string_value(json_object_get(step, "Rule")) ?: "",
                   *file = json_string_value(json_object_get(step, "File")) ?: "",
                   *why = json_string_value(json_object_get(step, "Why")) ?: "",
                   *direction = json_string_value(json_object_get(step, "Direction")) ?: "";
        bool allowed = json_is_true(json_object_get(step, "Allowed"));

        fprintf(t->out, "  %s %s%s%s policy %s: ", allowed ? "let pass" : "refused", direction_words(direction),
                "", " by", json_string_value(json_object_get(step, "Policy")) ?: "");
        if (*key)
                fprintf(t->out, "%s=%s%s", key, value, *why ? ", " : "");
        fprintf(t->out, "%s", why);
        if (*file)
                fprintf(t->out, " (%s:%lld)", file, (long long) json_integer_value(json_object_get(step, "Line")));
        else if (*key)
                fprintf(t->out, " (the default)");
        fputc('\n', t->out);
}

static int test_address(Tool *t, const char *path, const Destination *d, const char *address, json_t *results) {
        static const char *const keys[] = { "Direction", "Policy", "Allowed", "Key", "Rule", "File", "Line", "Why" };
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(json_decrefp) json_t *steps = NULL;
        json_t *named, *result;
        int passes, r;

        r = client_call(t->bus, path, BUS_CELL_INTERFACE, "TestNetwork", &error, &reply, "ssu", d->protocol, address,
                        (uint32_t) strtoul(d->port, NULL, 10));
        if (r < 0)
                return tool_fail_call(t, &error, r);
        r = sd_bus_message_read(reply, "b", &passes);
        if (r >= 0)
                r = value_read(reply, &steps);
        named = r < 0 ? NULL : value_name_fields(steps, keys, ELEMENTSOF(keys));
        result = named ? json_pack("{s:s, s:s, s:s, s:b, s:o}", "Address", address, "Protocol", d->protocol, "Port",
                                   d->port, "Passes", passes, "Steps", named) : NULL;
        if (!result || json_array_append_new(results, result) < 0)
                return tool_fail(r < 0 ? r : -ENOMEM, "Cannot read the manager's answer");
        return 0;
}

static void print_results(Tool *t, const json_t *results) {
        const json_t *result, *step;
        size_t i, k;

        json_array_foreach(results, i, result) {
                bool passes = json_is_true(json_object_get(result, "Passes"));

                fprintf(t->out, "%s%s%s: %s\n", passes ? TOOL_BOLD(t) : TOOL_RED(t),
                        json_string_value(json_object_get(result, "Address")) ?: "", TOOL_PLAIN(t),
                        passes ? "passes" : "refused");
                json_array_foreach(json_object_get(result, "Steps"), k, step)
                        print_step(t, step);
        }
}

static bool is_port(const char *text) {
        return *text && strlen(text) <= 5 && text[strspn(text, "0123456789")] == '\0' && atoi(text) > 0 &&
                atoi(text) <= UINT16_MAX;
}

/* Fails if the firewall refuses one of the addresses of the name. */
static int test_destination(Tool *t, const char *path, const Destination *d) {
        const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
        _cleanup_(json_decrefp) json_t *results = json_array();
        const json_t *result;
        struct addrinfo *list;
        size_t i;
        int r;

        r = getaddrinfo(d->host, NULL, &hints, &list);
        if (r != 0) {
                log_error("Cannot look up %s: %s", d->host, gai_strerror(r));
                return EXIT_FAILED;
        }
        for (const struct addrinfo *a = list; a && r == 0; a = a->ai_next) {
                char address[NI_MAXHOST];

                r = getnameinfo(a->ai_addr, a->ai_addrlen, address, sizeof(address), NULL, 0, NI_NUMERICHOST);
                if (r == 0)
                        r = test_address(t, path, d, address, results);
        }
        freeaddrinfo(list);
        if (r != 0)
                return EXIT_FAILED;
        if (t->options->json != JSON_MODE_OFF)
                r = tool_print_json(t, results);
        else
                print_results(t, results);
        json_array_foreach(results, i, result)
                if (!json_is_true(json_object_get(result, "Passes")))
                        return EXIT_FAILED;
        return r;
}

static int net_test(Tool *t, const char *path) {
        Destination d = {};
        int r;

        if (t->n_arguments == 3 && parse_destination(t->arguments[2], &d) &&
            (strcmp(d.protocol, "icmp") == 0 || is_port(d.port)))
                r = test_destination(t, path, &d);
        else {
                log_error("net test takes a cell and tcp:HOST:PORT, udp:HOST:PORT or icmp:HOST");
                r = EXIT_USAGE;
        }
        free(d.copy);
        return r;
}

int verb_net(Tool *t) {
        static const struct {
                const char *name;
                int (*run)(Tool *t, const char *path);
        } actions[] = { { "status", net_status }, { "test", net_test } };
        _cleanup_(freep) char *path = NULL;
        int r;

        if (strcmp(t->arguments[0], "traffic") == 0)
                return verb_net_traffic(t);
        for (size_t i = 0; i < ELEMENTSOF(actions); i++) {
                if (strcmp(t->arguments[0], actions[i].name) != 0)
                        continue;
                if (t->n_arguments < 2) {
                        log_error("net %s needs a cell: see confinectl net --help", actions[i].name);
                        return EXIT_USAGE;
                }
                r = find_cell(t, &path);
                return r != 0 ? r : actions[i].run(t, path);
        }
        log_error("net takes status, test or traffic, not \"%s\": see confinectl net --help", t->arguments[0]);
        return EXIT_USAGE;
}
