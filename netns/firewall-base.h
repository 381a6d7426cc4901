/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdio.h>

#include "netns/firewall-types.h"

/* The rules that all cells share, and the counters that they name: inside of the table's definition, which has the sets
 * of firewall.c. */
void firewall_base_print(FILE *f, const FirewallConfig *c);
