/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/parse.h"

/* The end of a link that is inside of a cell, however it came there. */

typedef struct CellEnd {
        int netns_fd; /* borrowed */
        const char *name;
        IpPrefix address4, address6; /* with the length of their network; family 0: none */
        IpPrefix gateway4, gateway6; /* family 0: none */
        const uint8_t *gateway_mac;  /* NULL: found by ARP and neighbour discovery */
        bool routed_by_host;         /* no gateway: everything goes out as it is */
} CellEnd;

/* Brings up the link and loopback, with addresses and the default routes. Enters the namespace and comes back,
 * see netns_call(). -ENODEV: there is no link of that name; else as netlink_batch_send(). */
int cell_end_configure(const CellEnd *e);
int cell_end_loopback(int netns_fd); /* loopback alone */
