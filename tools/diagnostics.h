/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policies/policy-file.h"
#include "tools/tool.h"

/* Mistakes in policies, as objects {File, Line, Section, Key, Warning, Message}. */

/* From the manager's a(sussbs). NULL: out of memory. */
json_t *diagnostics_from_bus(const json_t *rows);
/* NULL: out of memory. */
json_t *diagnostics_from_policies(const PolicyDiags *diags);

/* Prints lines "FILE:LINE: ...", or JSON. Returns the exit status: EXIT_FAILED if one of them is an error. */
int diagnostics_print(Tool *t, const json_t *diagnostics);
