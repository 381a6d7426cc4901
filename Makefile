# SPDX-License-Identifier: LGPL-2.1-or-later
# One non-recursive build; everything it makes is below $(B).
#
#   make             the programs
#   make check       everything is tested (as root also what needs root); installs what is missing
#   make attacks     as root: what is tried on cells and on the manager, with each defence and without
#   make demo        as root: see it work
#   make host-check  as root: systemd hosts of Debian 12 and 13 at native speed (tests/host/host)
#   make vm-check    as root: one in a virtual machine, with limits of cgroup v2 (tests/vm/vm)
#   make mutants     as root, half an hour: breaks the product in many places, one at a time; a suite has to see each
#   make faults      as root, half an hour: system calls and allocations fail in turn (FAULTS_MAX=5: some minutes)
#   make install     DESTDIR= and prefix= are respected
#
# Others: deps helpers unit check-unit check-root asan fuzz bench vm-bench format tidy uninstall clean.
# V=1 shows the commands; CI=true makes warnings errors.

VERSION = 0.1
B ?= build
V ?= 0
prefix ?= /usr
sbindir ?= $(prefix)/sbin
bindir ?= $(prefix)/bin
libexecdir ?= $(prefix)/libexec/confine
vendordir ?= $(prefix)/lib/confine
policydir = $(vendordir)/policies
unitdir ?= $(prefix)/lib/systemd/system
generatordir ?= $(prefix)/lib/systemd/system-generators
catalogdir ?= $(prefix)/lib/systemd/catalog
sysctldir ?= $(prefix)/lib/sysctl.d
tmpfilesdir ?= $(prefix)/lib/tmpfiles.d
# Read from there alone, whatever the prefix.
dbusdir ?= /usr/share/dbus-1/system.d
polkitdir ?= /usr/share/polkit-1/actions
pamconfigdir ?= /usr/share/pam-configs
mandir ?= $(prefix)/share/man
docdir ?= $(prefix)/share/doc/confine
completiondir ?= $(prefix)/share/bash-completion/completions
sysconfdir ?= /etc
securitydir ?= $(or $(patsubst %/pam_unix.so,%,$(firstword $(wildcard \
	/usr/lib/*/security/pam_unix.so /usr/lib64/security/pam_unix.so /usr/lib/security/pam_unix.so \
	/lib/*/security/pam_unix.so))),$(error There is no pam_unix.so to install beside: set securitydir=))
DESTDIR ?=

CC ?= gcc
CFLAGS ?= -O2 -g
LDFLAGS ?=
PROVE ?= prove
# For all but what runs in other people's processes: the module, and pid 1 of cells.
SANITIZE ?=

PKGS = libsystemd libnl-3.0 libnl-route-3.0 libnftables libseccomp libcap inih jansson
# Asked when first needed, once: make deps and make clean work without pkg-config.
pkg_config = $(or $(shell pkg-config $(1) $(PKGS) 2>/dev/null),$(error Libraries \
	that confine is built with are missing ($(PKGS)). On Debian: make deps))
pkg_cflags = $(eval pkg_cflags := $$(call pkg_config,--cflags))$(pkg_cflags)
pkg_libs = $(eval pkg_libs := $$(call pkg_config,--libs))$(pkg_libs)
LIBS = $(pkg_libs)

HARDENING = -fstack-protector-strong -fPIC
override CPPFLAGS += -I. -D_GNU_SOURCE -DCONFINE_LIBEXECDIR='"$(libexecdir)"' \
	-DCONFINE_VENDORDIR='"$(vendordir)"' -DCONFINE_VERSION='"$(VERSION)"' $(pkg_cflags)
override CFLAGS += -std=gnu17 $(HARDENING) -Wall -Wextra -Wno-missing-field-initializers -Wshadow \
	-Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wundef -Wformat=2 \
	-Wwrite-strings -Wvla -Werror=implicit-function-declaration -Werror=return-type
ifeq ($(CI),true)
override CFLAGS += -Werror
endif
# pid 1 of every cell is neither instrumented nor position independent: it is one page of code.
INIT_CFLAGS = -std=gnu17 -D_GNU_SOURCE -Os -Wall -Wextra -fno-stack-protector -Wl,--gc-sections -s

ifeq ($(V),0)
Q = @
again = $(MAKE) -s --no-print-directory
say = @printf '  %-5s %s\n' $(1) $(2);
else
Q =
again = $(MAKE)
say =
endif

LAYERS = base policies cgroups netns sandbox bus
PROGRAM_ONLY = sandbox/init.c
LIB_SRC = $(filter-out $(PROGRAM_ONLY),$(foreach d,$(LAYERS),$(wildcard $(d)/*.c)))
MANAGER_SRC = $(wildcard manager/*.c manager/*/*.c)
TOOL_SRC = $(wildcard tools/*.c)
GENERATOR_SRC = $(wildcard generator/*.c)
MODULE_SRC = $(wildcard pam-module/*.c) bus/login.c bus/join.c bus/process.c \
	base/fd.c base/memstream.c base/parse.c
UNIT_SRC = $(wildcard tests/unit/*.c)
HELPER_SRC = $(wildcard tests/helpers/*.c)
# tests/fuzz/DIRECTORY-FILE.c is a target; the others are what they have in common.
FUZZ_SRC = $(wildcard tests/fuzz/*-*.c)
BENCH_SRC = $(wildcard tests/bench/*.c)
ALL_SRC = $(sort $(LIB_SRC) $(PROGRAM_ONLY) $(MANAGER_SRC) $(TOOL_SRC) $(GENERATOR_SRC) $(MODULE_SRC) $(UNIT_SRC) \
	$(HELPER_SRC) $(BENCH_SRC) $(wildcard tests/fuzz/*.c tests/faults/*.c))
UNIT_MANAGER_SRC = $(filter-out manager/main.c,$(MANAGER_SRC))
UNIT_TOOL_SRC = $(filter-out tools/confinectl.c,$(TOOL_SRC))

obj = $(patsubst %.c,$(B)/%.o,$(1))
LIB = $(B)/libconfine.a
UNIT = $(patsubst tests/unit/%.c,$(B)/tests/%,$(UNIT_SRC)) $(FUZZ)
FUZZ = $(patsubst tests/fuzz/%.c,$(B)/tests/fuzz-%,$(FUZZ_SRC))
# What calls a target: the files of its corpus, or libFuzzer.
FUZZ_DRIVER ?= $(B)/tests/fuzz/replay.o
HELPERS = $(patsubst %.c,$(B)/%,$(HELPER_SRC))
BENCHES = $(patsubst %.c,$(B)/%,$(BENCH_SRC))
PROGRAMS = $(B)/confined $(if $(TOOL_SRC),$(B)/confinectl) $(B)/confine-init $(B)/pam_confine.so \
	$(B)/confine-generator

TREE_TESTS = $(wildcard tests/*.t)
ROOT_TESTS = $(sort $(wildcard tests/root/*.t))
ATTACK_TESTS = $(sort $(wildcard tests/attacks/*.t))
# Those that go through most of the manager; all of them: make asan ASAN_ROOT_TESTS='tests/root/*.t'
ASAN_ROOT_TESTS ?= $(addprefix tests/root/,login.t limits.t network.t policies.t process.t restart.t view.t)

# In the guest: the suites that are made for it, and those that meet cgroup v2 there with all controllers. Those of
# tests/attacks run there as well.
VM_TESTS ?= $(sort $(wildcard tests/vm/*.t)) $(addprefix tests/root/,confinectl.t devices-v2.t limits.t \
	login.t network.t policies.t restart.t services.t)

HOST_SUITE ?= bookworm trixie
HOST_TESTS ?= $(addprefix tests/vm/,logins.t service.t check.t units.t upgrade.t)

.PHONY: all helpers unit deps check check-unit check-root attacks mutants faults host-check vm-check vm-bench asan fuzz bench demo directives install uninstall format tidy clean
.DELETE_ON_ERROR:
# No suffix rules: nothing here wants them, and the test suites end in .t.
MAKEFLAGS += --no-builtin-rules
.SECONDARY:
all: $(PROGRAMS) $(B)/confined.service

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CPPFLAGS) $(CFLAGS) $(SANITIZE) -MMD -MP -c -o $@ $<

$(B)/module/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(LIB): $(call obj,$(LIB_SRC))
	$(call say,AR,$@)rm -f $@ && $(AR) rcs $@ $^

$(B)/confined: $(call obj,$(MANAGER_SRC)) $(LIB)
	$(call say,LD,$@)$(CC) $(CFLAGS) $(SANITIZE) $(LDFLAGS) -o $@ $^ $(LIBS)

$(B)/confinectl: $(call obj,$(TOOL_SRC)) $(LIB)
	$(call say,LD,$@)$(CC) $(CFLAGS) $(SANITIZE) $(LDFLAGS) -o $@ $^ $(LIBS) -lpam

# Early at boot every library counts.
$(B)/confine-generator: $(call obj,$(GENERATOR_SRC)) $(LIB)
	$(call say,LD,$@)$(CC) $(CFLAGS) $(SANITIZE) $(LDFLAGS) -o $@ $^ -Wl,--as-needed $(LIBS)

$(B)/confine-init: sandbox/init.c
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(INIT_CFLAGS) -static -o $@ $< && chmod 711 $@

$(B)/pam_confine.so: $(MODULE_SRC:%.c=$(B)/module/%.o) pam-module/pam_confine.map
	$(call say,LD,$@)$(CC) $(CFLAGS) $(LDFLAGS) -shared -o $@ $(filter %.o,$^) -lpam \
		-Wl,--version-script=pam-module/pam_confine.map -Wl,-z,defs,-z,relro,-z,now

define link_unit
@mkdir -p $(@D)
$(call say,LD,$@)$(CC) $(CFLAGS) $(SANITIZE) $(LDFLAGS) -o $@ $^ $(LIBS) -lcmocka
endef
# Tests of programs have all of the program but its main().
$(B)/tests/manager-%: $(B)/tests/unit/manager-%.o $(call obj,$(UNIT_MANAGER_SRC)) $(LIB)
	$(link_unit)
$(B)/tests/tools-%: $(B)/tests/unit/tools-%.o $(call obj,$(UNIT_TOOL_SRC)) $(LIB)
	$(link_unit) -lpam
$(B)/tests/fuzz-manager-%: $(B)/tests/fuzz/manager-%.o $(B)/tests/fuzz/fuzz.o $(FUZZ_DRIVER) $(call obj,$(UNIT_MANAGER_SRC)) $(LIB)
	$(link_unit) $(FUZZ_LINK)
$(B)/tests/fuzz-tools-%: $(B)/tests/fuzz/tools-%.o $(B)/tests/fuzz/fuzz.o $(FUZZ_DRIVER) $(call obj,$(UNIT_TOOL_SRC)) $(LIB)
	$(link_unit) -lpam $(FUZZ_LINK)
$(B)/tests/fuzz-%: $(B)/tests/fuzz/%.o $(B)/tests/fuzz/fuzz.o $(FUZZ_DRIVER) $(LIB)
	$(link_unit) $(FUZZ_LINK)
$(B)/tests/%: $(B)/tests/unit/%.o $(LIB)
	$(link_unit)

# They play login programs, which are nobody's to instrument.
$(B)/tests/helpers/pam-%: tests/helpers/pam-%.c
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(CPPFLAGS) $(CFLAGS) -o $@ $< -lpam

# Programs that root tests drive the layers with, and those that measure.
$(filter-out $(B)/tests/helpers/pam-%,$(HELPERS)) $(BENCHES): $(B)/%: $(B)/%.o $(LIB)
	$(call say,LD,$@)$(CC) $(CFLAGS) $(SANITIZE) $(LDFLAGS) -o $@ $^ $(LIBS) -lpam

$(B)/confined.service: service/confined.service.in
	@mkdir -p $(@D)
	$(call say,GEN,$@)sed 's|@sbindir@|$(sbindir)|g' $< > $@

# It stands in for the allocator of a program that is not ours to link.
$(B)/tests/faults/allocations.so: tests/faults/allocations.c
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(CPPFLAGS) $(CFLAGS) -shared -o $@ $<

helpers: $(HELPERS)
unit: $(UNIT)

# --- tests -----------------------------------------------------------------------------------

deps:
	$(Q).ci/deps

# In steps of their own: what the first installs, the second one's pkg-config has to see.
check:
	$(Q).ci/deps
	+$(Q)$(again) all helpers unit
	$(Q)B=$(B) $(PROVE) -j2 -e '' $(UNIT) $(TREE_TESTS) $(ROOT_TESTS) $(ATTACK_TESTS) $(MORE_TESTS)

check-unit: unit
	$(Q)$(PROVE) -e '' $(UNIT)

check-root: all helpers
	$(Q)B=$(B) $(PROVE) -e '' $(ROOT_TESTS) $(ATTACK_TESTS)

attacks: all helpers
	$(Q)B=$(B) $(PROVE) -e '' $(ATTACK_TESTS)

# By hand. MUTANTS='TEXT...' takes those whose file, suite or sentence has one of these words; BASELINE=no does not run
# the suites without a break before. In a copy of the tree, $(B)-mutants.
mutants:
	$(Q)B=$(B) tests/mutants/run $(MUTANTS)

# By hand. FAULTS_OPERATIONS, FAULTS_KINDS, FAULTS_MAX: see tests/faults/run.
faults: all helpers $(B)/tests/faults/allocations.so
	$(Q)B=$(B) tests/faults/run

# On systemd hosts at native speed, of both of Debian's releases; the limits and what needs a kernel of its own are left
# to vm-check.
host-check: all helpers unit
	$(Q)for s in $(HOST_SUITE); do HOST_SUITE=$$s tests/host/host prepare || exit; done
	$(Q)B=$(B) tests/vm/vm stage
	$(Q)for s in $(HOST_SUITE); do echo "== Debian $$s"; \
		HOST_SUITE=$$s B=$(B) $(PROVE) -j2 --timer -e 'tests/host/host test' $(HOST_TESTS) || exit; done

# Where software emulates the processor, two guests at once take as long as one after the other.
vm-check: all helpers unit
	$(Q)tests/vm/vm prepare
	$(Q)B=$(B) tests/vm/vm stage
	$(Q)B=$(B) $(PROVE) --timer -e 'tests/vm/vm test' $(VM_TESTS)

vm-bench: all helpers
	$(Q)tests/vm/vm prepare
	$(Q)B=$(B) tests/vm/vm stage
	$(Q)for b in $(wildcard tests/vm/bench/*.sh); do echo "== $$b"; B=$(B) tests/vm/vm test $$b; done

# Instrumented are the manager, the tool and the unit tests; programs that load PAM modules aren't, so
# the module isn't.
ASAN_MAKE = $(again) B=$(B)-asan CFLAGS='-O1 -g -fno-omit-frame-pointer' \
	SANITIZE='-fsanitize=address,undefined -fno-sanitize-recover=undefined'
ASAN_ENV = ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 UBSAN_OPTIONS=print_stacktrace=1
asan:
	+$(Q)$(ASAN_MAKE) all helpers unit
	$(Q)$(ASAN_ENV) B=$(B)-asan $(PROVE) -e '' $(UNIT:$(B)/%=$(B)-asan/%) $(ASAN_ROOT_TESTS)

# As long as FUZZ_SECONDS for each target of tests/fuzz, by libFuzzer (Debian: clang libclang-rt-14-dev). What it
# makes up goes to $(B)-fuzz/found, what it finds to $(B)-fuzz/crash-TARGET-*.
FUZZ_SECONDS ?= 60
FUZZ_TARGETS ?= $(patsubst tests/fuzz/%.c,%,$(FUZZ_SRC))
FUZZ_MAKE = $(MAKE) B=$(B)-fuzz CC=clang SANITIZE='-fsanitize=address,undefined,fuzzer-no-link' FUZZ_DRIVER= \
	FUZZ_LINK=-fsanitize=fuzzer CFLAGS='-O1 -g -Wno-unknown-warning-option -Wno-gnu'
fuzz:
	+$(Q)$(FUZZ_MAKE) $(FUZZ:$(B)/%=$(B)-fuzz/%)
	$(Q)set -e; for t in $(FUZZ_TARGETS); do echo "== $$t"; mkdir -p $(B)-fuzz/found/$$t; \
		$(B)-fuzz/tests/fuzz-$$t -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 -close_fd_mask=1 \
			-print_final_stats=1 -artifact_prefix=$(B)-fuzz/crash-$$t- $(B)-fuzz/found/$$t tests/fuzz/corpus/$$t; done

# Whatever tests/bench holds: C programs are built and run, with the directory of the build in B.
bench: all helpers $(BENCHES)
	$(Q)set -e; for b in $(BENCHES) $(wildcard tests/bench/*.sh); do echo "== $$b"; B=$(B) $$b; done

demo:
	$(Q).ci/deps
	+$(Q)$(again) all
	$(Q)B=$(B) demo/demo.sh

format:
	clang-format -i $(wildcard $(addsuffix /*.[ch],$(LAYERS) manager manager/* pam-module tools generator tests/*))

TIDY_CHECKS ?= -*,bugprone-*,-bugprone-easily-swappable-parameters,clang-analyzer-*,-clang-analyzer-security.insecureAPI.*
tidy:
	clang-tidy --quiet --checks='$(TIDY_CHECKS)' $(ALL_SRC) -- $(CPPFLAGS) -std=gnu17

clean:
	rm -rf $(B) $(B)-asan $(B)-fuzz $(B)-mutants

# The index of keys is checked in, so that install needs nothing for it; tests/unit/policies-manual.c
# compares it.
directives: $(B)/tests/policies-manual
	$(Q)$< --write

# --- installation ----------------------------------------------------------------------------

# What is installed from where, as MODE:FILE:DIRECTORY; uninstall reads the same list.
INSTALL_FILES = \
	755:$(B)/confined:$(sbindir) \
	711:$(B)/confine-init:$(libexecdir) \
	644:$(B)/pam_confine.so:$(securitydir) \
	644:$(B)/confined.service:$(unitdir) \
	755:$(B)/confine-generator:$(generatordir) \
	644:service/org.confine1.conf:$(dbusdir) 644:service/org.confine1.policy:$(polkitdir) \
	644:service/confine.catalog:$(catalogdir) 644:service/pam-config/confine:$(pamconfigdir) \
	644:service/sysctl.d/50-confine.conf:$(sysctldir) \
	644:service/tmpfiles.d/confine.conf:$(tmpfilesdir) \
	$(patsubst %,644:%:$(unitdir),$(wildcard service/*.socket service/*.target service/*.slice)) \
	644:service/user@.service.d/50-confine.conf:$(unitdir)/user@.service.d \
	$(if $(TOOL_SRC),755:$(B)/confinectl:$(bindir)) \
	$(patsubst %,644:%:$(completiondir),$(wildcard completions/*)) \
	$(patsubst %,644:%:$(policydir),$(wildcard policies/shipped/*.ini)) \
	$(foreach n,1 5 7 8,$(patsubst %,644:%:$(mandir)/man$(n),$(wildcard docs/*.$(n)))) \
	644:README.md:$(docdir) 644:docs/architecture.md:$(docdir) 644:docs/security.md:$(docdir) 644:docs/pam.example:$(docdir) \
	644:policies/README:$(sysconfdir)/confine/policies
# Our own directories, inner ones first.
INSTALL_DIRS = $(libexecdir) $(policydir) $(vendordir) $(docdir) $(sysconfdir)/confine/policies \
	$(sysconfdir)/confine

install: all
	$(Q)set -e; for entry in $(INSTALL_FILES); do \
		mode=$${entry%%:*} rest=$${entry#*:}; file=$${rest%%:*} dir=$${rest#*:}; \
		install -D -m $$mode "$$file" "$(DESTDIR)$$dir/$$(basename "$$file")"; done
	@echo "Installed. What is left to do: $(DESTDIR)$(docdir)/README.md, \"Install\"."

# Your policies, and whatever else isn't from install, stay.
uninstall:
	$(Q)grep -ls pam_confine $(DESTDIR)$(sysconfdir)/pam.d/* 2>/dev/null | while read -r stack; do \
		grep -q '^[^#]*pam_confine' "$$stack" || continue; \
		echo "$$stack still uses pam_confine.so: remove that line first, or nobody can log in" >&2; \
		exit 1; done
	$(Q)for entry in $(INSTALL_FILES); do \
		rest=$${entry#*:}; file=$${rest%%:*} dir=$${rest#*:}; \
		rm -f "$(DESTDIR)$$dir/$$(basename "$$file")"; done
ifeq ($(DESTDIR),)
	$(Q)for dir in $(INSTALL_DIRS); do [ ! -d "$$dir" ] || rmdir --ignore-fail-on-non-empty "$$dir"; done
else
	$(Q)for entry in $(INSTALL_FILES); do dir=$${entry##*:}; dir=$${dir#/}; \
		[ ! -d "$(DESTDIR)/$$dir" ] || (cd "$(DESTDIR)" && rmdir -p --ignore-fail-on-non-empty "$$dir"); done
endif

-include $(shell find $(B) -name '*.d' 2>/dev/null)
