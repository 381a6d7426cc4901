/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/daemon/manager.h"

/* Does a policy, a cell or a service need anything of the host's side of the network? */
bool network_is_needed(const Manager *m);
