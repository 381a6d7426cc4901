/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "netns/host-net.h"
#include "tools/tool.h"

/* The host's networks, without those of the manager that runs, or of "confine" if none does. -errno, of which nothing was
 * said. */
int tool_read_host_net(Tool *t, HostNet **ret);
