# SPDX-License-Identifier: LGPL-2.1-or-later
B ?= build
prefix ?= /usr
CC ?= gcc
CFLAGS ?= -O2 -g
WARNINGS = -Wall -Wextra -Wno-missing-field-initializers -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wpointer-arith -Wundef -Wformat=2 -Wwrite-strings -Wvla
PKGS = libsystemd libnl-3.0 libnl-route-3.0 libnftables inih jansson
override CPPFLAGS += -I. -D_GNU_SOURCE
