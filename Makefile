# SPDX-License-Identifier: LGPL-2.1-or-later
# One non-recursive build; everything it makes is below $(B).

VERSION = 0.1
B ?= build
V ?= 0
prefix ?= /usr
sbindir ?= $(prefix)/sbin
bindir ?= $(prefix)/bin
libexecdir ?= $(prefix)/libexec/confine
policydir ?= $(prefix)/lib/confine/policies
mandir ?= $(prefix)/share/man
securitydir ?= $(shell for d in /usr/lib/*/security /lib/*/security /usr/lib64/security; do \
	[ -e $$d/pam_unix.so ] && echo $$d && break; done)
sysconfdir ?= /etc
DESTDIR ?=

CC ?= gcc
CFLAGS ?= -O2 -g
LDFLAGS ?=
PKGS = libsystemd libnl-3.0 libnl-route-3.0 libnftables inih jansson
HARDENING = -fstack-protector-strong -fPIC
override CPPFLAGS += -I. -D_GNU_SOURCE -DCONFINE_LIBEXECDIR='"$(libexecdir)"' -DCONFINE_VERSION='"$(VERSION)"' \
	$(shell pkg-config --cflags $(PKGS))
override CFLAGS += -std=gnu17 $(HARDENING) -Wall -Wextra -Wno-missing-field-initializers -Wshadow \
	-Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wundef -Wformat=2 \
	-Wwrite-strings -Wvla -Werror=implicit-function-declaration -Werror=return-type
ifeq ($(CI),true)
override CFLAGS += -Werror
endif
# pid 1 of every cell is neither instrumented nor position independent: it is one page of code.
INIT_CFLAGS = -std=gnu17 -D_GNU_SOURCE -Os -Wall -Wextra -fno-stack-protector -Wl,--gc-sections -s
LIBS = $(shell pkg-config --libs $(PKGS))

ifeq ($(V),0)
Q = @
say = @printf '  %-5s %s\n' $(1) $(2);
else
Q =
say =
endif

LAYERS = base policies cgroups netns cells bus
PROGRAM_ONLY = cells/init.c
LIB_SRC = $(filter-out $(PROGRAM_ONLY),$(foreach d,$(LAYERS),$(wildcard $(d)/*.c)))
MANAGER_SRC = $(wildcard manager/*.c)
TOOL_SRC = $(wildcard tools/*.c)
MODULE_SRC = $(wildcard pam-module/*.c) bus/login.c bus/join.c \
	base/fd.c base/parse.c
UNIT_SRC = $(wildcard tests/unit/*.c)
HELPER_SRC = $(wildcard tests/helpers/*.c)
UNIT_MANAGER_SRC = $(filter-out manager/main.c,$(MANAGER_SRC))
UNIT_TOOL_SRC = $(filter-out tools/confinectl.c,$(TOOL_SRC))

obj = $(patsubst %.c,$(B)/%.o,$(1))
LIB = $(B)/libconfine.a
UNIT = $(patsubst tests/unit/%.c,$(B)/tests/%,$(UNIT_SRC))
HELPERS = $(patsubst %.c,$(B)/%,$(HELPER_SRC))
PROGRAMS = $(if $(MANAGER_SRC),$(B)/confined) $(if $(TOOL_SRC),$(B)/confinectl) \
	$(if $(wildcard cells/init.c),$(B)/confine-init) \
	$(if $(wildcard pam-module/*.c),$(B)/pam_confine.so)

.PHONY: all helpers unit check-unit clean
.DELETE_ON_ERROR:
all: $(PROGRAMS)

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(LIB): $(call obj,$(LIB_SRC))
	$(call say,AR,$@)rm -f $@ && $(AR) rcs $@ $^

$(B)/confined: $(call obj,$(MANAGER_SRC)) $(LIB)
	$(call say,LD,$@)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(B)/confinectl: $(call obj,$(TOOL_SRC)) $(LIB)
	$(call say,LD,$@)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(B)/confine-init: cells/init.c
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(INIT_CFLAGS) -static -o $@ $<

$(B)/pam_confine.so: $(call obj,$(MODULE_SRC)) pam-module/pam_confine.map
	$(call say,LD,$@)$(CC) $(CFLAGS) $(LDFLAGS) -shared -o $@ $(filter %.o,$^) -lpam \
		-Wl,--version-script=pam-module/pam_confine.map -Wl,-z,defs,-z,relro,-z,now

define link_unit
@mkdir -p $(@D)
$(call say,LD,$@)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS) -lcmocka
endef
# Tests of programs have all of the program but its main().
$(B)/tests/manager-%: $(B)/tests/unit/manager-%.o $(call obj,$(UNIT_MANAGER_SRC)) $(LIB)
	$(link_unit)
$(B)/tests/tools-%: $(B)/tests/unit/tools-%.o $(call obj,$(UNIT_TOOL_SRC)) $(LIB)
	$(link_unit)
$(B)/tests/%: $(B)/tests/unit/%.o $(LIB)
	$(link_unit)

# Programs that root tests drive the layers with.
$(B)/tests/helpers/%: $(B)/tests/helpers/%.o $(LIB)
	$(call say,LD,$@)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

helpers: $(HELPERS)
unit: $(UNIT)
check-unit: unit
	prove -e '' $(UNIT)

clean:
	rm -rf $(B) $(B)-asan

-include $(shell find $(B) -name '*.d' 2>/dev/null)
