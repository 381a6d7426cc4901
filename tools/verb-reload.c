/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tools/diagnostics.h"
#include "tools/value.h"

int verb_reload(Tool *t) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(json_decrefp) json_t *rows = NULL, *diagnostics = NULL;
        int r;

        r = tool_call_manager(t, "Reload", &reply, NULL);
        if (r != 0)
                return r;
        r = value_read(reply, &rows);
        if (r >= 0)
                diagnostics = diagnostics_from_bus(rows);
        if (!diagnostics)
                return tool_fail(r < 0 ? r : -ENOMEM, "Cannot read the manager's answer");
        return diagnostics_print(t, diagnostics);
}
