/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/daemon/manager.h"

/* Looks for control groups, links and namespaces that bear our names and belong to no cell in the table, and removes
 * them: for cells whose record was lost. Logins do not wait for it. */
void sweep_start(Manager *m);
