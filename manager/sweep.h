/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/manager.h"

/* Looks, by an exclusive job, for control groups and links that bear our names and belong to no cell in the
 * table, and removes them: for cells whose record was lost. */
void sweep_start(Manager *m);
