/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager/doors/peer.h"

/* Cells and sessions as objects on D-Bus: where each is, by its id, and which of them a peer may know of. */

typedef enum BusObjectKind {
        BUS_OBJECT_CELL,
        BUS_OBJECT_SESSION,
        _BUS_OBJECT_KIND_MAX,
} BusObjectKind;

/* The object's path; the caller frees. NULL: out of memory. */
char *bus_object_path(BusObjectKind kind, const char *id);
/* The Cell or Session of this id, borrowed. NULL: there is none, or the peer may not see it. */
void *bus_object_by_id(const Peer *p, BusObjectKind kind, const char *id);

/* May this peer see it? */
bool cell_bus_may_see(const Peer *p, const Cell *c);
bool session_bus_may_see(const Peer *p, const Session *s);

/* Adds a vtable for all objects of a kind, with the peer as its userdata. An interface may have several vtables, each with
 * a `find` of its own: members of one are at offsets from what its `find` gives. See sd_bus_add_fallback_vtable(3). */
int bus_object_add_vtable(Peer *p, BusObjectKind kind, const sd_bus_vtable *vtable, sd_bus_object_find_t find);
/* A `find` that gives the Cell or Session itself. */
int bus_object_find(sd_bus *bus, const char *path, const char *interface, void *userdata, void **ret, sd_bus_error *error);
/* Makes the objects of a kind known to Introspect() and GetManagedObjects(). */
int bus_object_add_enumerator(Peer *p, BusObjectKind kind);

/* Who has sent a message to an object: the userdata of the vtable, where that of the method is the object. */
Peer *bus_object_peer(sd_bus_message *m);

/* Defines the getter `function` of a property of basic type: `value`, an expression of `object`, is appended as
 * `signature` says. `object` points to a `type`, at the property's offset from what `find` gives. */
#define BUS_OBJECT_GETTER(function, type, object, signature, value)                                                   \
        static int function(sd_bus *bus, const char *path, const char *interface, const char *property,               \
                            sd_bus_message *reply, void *userdata, sd_bus_error *error) {                             \
                type *object = userdata;                                                                              \
                                                                                                                      \
                (void) bus, (void) path, (void) interface, (void) property, (void) error, (void) object;              \
                return sd_bus_message_append(reply, signature, value);                                                \
        }                                                                                                             \
        struct function##_getter_semicolon
