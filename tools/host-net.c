/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tools/host-net.h"

#include "bus/client.h"
#include "bus/contract.h"

#define TIMEOUT_USEC (2 * USEC_PER_SEC)

int tool_read_host_net(Tool *t, HostNet **ret) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        _cleanup_(freep) char *path = NULL, *instance = NULL;

        if (asprintf(&path, "%s/bus", t->options->runtime_dir) < 0)
                return -ENOMEM;
        if (client_connect(path, TIMEOUT_USEC, &bus) >= 0)
                (void) sd_bus_get_property_string(bus, NULL, BUS_PATH, BUS_MANAGER_INTERFACE, "Instance", NULL, &instance);
        return host_net_read(instance ?: "confine", ret);
}
