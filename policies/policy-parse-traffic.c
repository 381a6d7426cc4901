/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* TrafficMax=: "100G per month". */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policies/policy-parse.h"

#define TRAFFIC_MIN UINT64_C(1000000)            /* below it a login alone may use it up */
#define TRAFFIC_MAX UINT64_C(1000000000000000)   /* 1000T: what is more is no limit */

int policy_parse_traffic(const PolicyKey *key, Policy *p, const char *value, char **ret_message) {
        _cleanup_(strv_freep) char **words = NULL;
        TrafficLimit limit = { .bytes = LIMIT_NONE };

        if (strv_split(value, &words) < 0)
                return -ENOMEM;
        if (strv_length(words) == 1 && strcmp(words[0], "infinity") == 0) {
                *FIELD(TrafficLimit, key, p) = limit;
                return 0;
        }
        if (strv_length(words) == 3 && strcmp(words[1], "per") == 0)
                limit.period = period_from_string(words[2]);
        else
                limit.period = _PERIOD_INVALID;
        if (limit.period < 0 || parse_si_bytes(words[0], &limit.bytes) < 0)
                return policy_say(ret_message, -EINVAL, "\"%s\" is no volume of traffic (such as \"100G per month\"; "
                                  "per hour, day, week or month; or infinity)", value);
        if (limit.bytes < TRAFFIC_MIN || limit.bytes > TRAFFIC_MAX)
                return policy_say(ret_message, -EINVAL, "%s is out of range (1M to 1000T bytes, or infinity)", words[0]);
        *FIELD(TrafficLimit, key, p) = limit;
        return 0;
}

void policy_reset_traffic(const PolicyKey *key, Policy *p) {
        *FIELD(TrafficLimit, key, p) = (TrafficLimit) { .bytes = LIMIT_NONE };
}

char *policy_format_traffic(const PolicyKey *key, const Policy *p) {
        const TrafficLimit *limit = CONST_FIELD(TrafficLimit, key, p);
        char bytes[POLICY_SI_MAX], *text = NULL;

        if (limit->bytes == LIMIT_NONE)
                return strdup("");
        return asprintf(&text, "%s per %s", policy_si_to_string(limit->bytes, bytes), period_to_string(limit->period)) < 0 ?
                NULL : text;
}
