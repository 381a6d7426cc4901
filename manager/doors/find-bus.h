/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/doors/bus-server.h"

/* FindCells() of the manager's object. */
int find_bus_cells(sd_bus_message *m, void *userdata, sd_bus_error *error);
