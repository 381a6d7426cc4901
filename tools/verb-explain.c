/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "base/log.h"
#include "tools/text.h"
#include "tools/tool.h"
#include "tools/value.h"
#include "tools/values.h"
#include "tools/view.h"

static int read_answer(Tool *t, sd_bus_message *reply, json_t **ret) {
        static const char *const skip_keys[] = { "Policy", "Why" };
        _cleanup_(json_decrefp) json_t *skipped = NULL, *policy = NULL, *values = NULL, *refused = NULL, *view = NULL;
        int r;

        r = value_read(reply, &skipped);
        if (r >= 0)
                r = value_read(reply, &policy);
        if (r >= 0)
                r = values_read(reply, t->options->all, &values);
        if (r >= 0)
                r = value_read(reply, &refused);
        if (r >= 0)
                r = *json_string_value(policy) && !*json_string_value(refused) ? view_of_values(values, &view) : 0;
        if (r < 0)
                return r;
        if (*json_string_value(policy) == '\0') {
                json_decref(policy);
                policy = json_null();
        }
        *ret = json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:O, s:O, s:O, s:O?}", "User", t->options->user ?: "", "Unit",
                         t->options->unit ?: "", "Service",
                         t->options->service ?: "", "TTY", t->options->tty ?: "", "RemoteHost",
                         t->options->rhost ?: "", "Skipped",
                         value_name_fields(skipped, skip_keys, ELEMENTSOF(skip_keys)), "Policy", policy,
                         "Values", values, "Refused", refused, "View", view);
        return *ret ? 0 : -ENOMEM;
}

static void print_skipped(Tool *t, const json_t *skipped) {
        const json_t *item;
        size_t i;

        json_array_foreach(skipped, i, item) {
                _cleanup_(freep) char *why = text_escape(json_string_value(json_object_get(item, "Why")));

                fprintf(t->out, "%-24s  no:  %s\n", json_string_value(json_object_get(item, "Policy")),
                        why ?: "");
        }
}

static int print_answer(Tool *t, const json_t *answer) {
        const char *policy = json_string_value(json_object_get(answer, "Policy")), *refused;
        int r;

        print_skipped(t, json_object_get(answer, "Skipped"));
        if (!policy) {
                _cleanup_(freep) char *user = text_escape(t->options->unit ?: t->options->user);

                fprintf(t->out, "No policy matches: %s is not confined.\n", user ?: "");
                return 0;
        }
        refused = json_string_value(json_object_get(answer, "Refused"));
        if (refused && *refused) {
                _cleanup_(freep) char *why = text_escape(refused);

                fprintf(t->out, "%s%-24s  refused:  %s%s\n\n", TOOL_RED(t), policy, why ?: "", TOOL_PLAIN(t));
                fprintf(t->out, "confined refuses this login, because the policy has an error and there is no good "
                        "version of it.\nRoot and exempt users get in, unconfined. See confinectl verify.\n");
                return 0;
        }
        fprintf(t->out, "%s%-24s  yes%s\n\n", TOOL_BOLD(t), policy, TOOL_PLAIN(t));
        r = values_print(t, json_object_get(answer, "Values"));
        if (r != 0)
                return r;
        fprintf(t->out, "\n%sIn the cell%s\n", TOOL_BOLD(t), TOOL_PLAIN(t));
        view_print(t, json_object_get(answer, "View"));
        return 0;
}

int verb_explain(Tool *t) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(json_decrefp) json_t *answer = NULL;
        const Options *o = t->options;
        int r;

        if (!o->user == !o->unit || (o->unit && (o->service || o->tty || o->rhost))) {
                log_error("explain needs --user USER or --unit UNIT: see confinectl explain --help");
                return EXIT_USAGE;
        }
        if (o->unit)
                r = tool_call_manager(t, "ExplainUnit", &reply, "s", o->unit);
        else
                r = tool_call_manager(t, "Explain", &reply, "ssss", o->user, o->service ?: "", o->tty ?: "",
                                      o->rhost ?: "");
        if (r != 0)
                return r;
        r = read_answer(t, reply, &answer);
        if (r < 0)
                return tool_fail(r, "Cannot read the manager's answer");
        if (o->json != JSON_MODE_OFF)
                return tool_print_json(t, answer);
        tool_open_pager(t);
        return print_answer(t, answer);
}
