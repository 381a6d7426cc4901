/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/doors/bus-server.h"

/* Methods of the manager's object that tell of policies; each answers what its caller may see. */
int policy_bus_list(sd_bus_message *m, void *userdata, sd_bus_error *error);
int policy_bus_get(sd_bus_message *m, void *userdata, sd_bus_error *error);
int policy_bus_explain(sd_bus_message *m, void *userdata, sd_bus_error *error);
int policy_bus_explain_unit(sd_bus_message *m, void *userdata, sd_bus_error *error);
