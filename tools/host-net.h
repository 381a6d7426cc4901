/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "netns/host-net.h"
#include "tools/tool.h"

/* Reads the host's networks, except those of the running manager's instance, or of "confine" if none runs. Negative
 * errno, which the caller logs. */
int tool_read_host_net(Tool *t, HostNet **ret);
