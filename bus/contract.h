/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Names on the D-Bus side; the objects are described in confined(8) and by their introspection. */

#define BUS_SOCKET_PATH "/run/confine/bus"
#define BUS_NAME "org.confine1"
#define BUS_PATH "/org/confine1"
#define BUS_CELL_PATH BUS_PATH "/cell"
#define BUS_SESSION_PATH BUS_PATH "/session"
#define BUS_POLICY_PATH BUS_PATH "/policy"

#define BUS_MANAGER_INTERFACE BUS_NAME ".Manager"
#define BUS_CELL_INTERFACE BUS_NAME ".Cell"
#define BUS_SESSION_INTERFACE BUS_NAME ".Session"

/* What polkit is asked, on the system bus. */
#define BUS_ACTION_MANAGE_CELLS BUS_NAME ".manage-cells"
#define BUS_ACTION_MANAGE_POLICIES BUS_NAME ".manage-policies"

#define BUS_ERROR_NO_SUCH_CELL BUS_NAME ".NoSuchCell"
#define BUS_ERROR_AMBIGUOUS BUS_NAME ".Ambiguous"
#define BUS_ERROR_NO_SUCH_SESSION BUS_NAME ".NoSuchSession"
#define BUS_ERROR_NO_SUCH_POLICY BUS_NAME ".NoSuchPolicy"
#define BUS_ERROR_NO_SUCH_USER BUS_NAME ".NoSuchUser"
#define BUS_ERROR_BAD_PROPERTY BUS_NAME ".BadProperty"
#define BUS_ERROR_POLICY BUS_NAME ".PolicyError"
