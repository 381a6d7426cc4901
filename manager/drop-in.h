/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Keeps what `confinectl set-property` sets: CONFIG_DIR/policies/POLICY.ini.d/50-set-property.ini, a file
 * of ours, with one line for each key that was ever set so; "KEY=" for one that was reset.
 *
 * Adds `assignments` ("KEY=VALUE" of [Resources]), each in place of what the file says of its key.
 * -errno of reading or writing; the file is then as it was. */
int drop_in_write(const char *config_dir, const char *policy, char *const *assignments);
