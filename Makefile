# loraserver: every entry point. Needs GNU make; `make deps` installs the rest.
#
#   make                 build/loraserverd, build/lsctl, build/lssim
#   make deps            install the packages the build needs (apt)
#   make run [COUNT=N]   a demonstration: daemon, one tenant, a simulated gateway and devices; COUNT=N ends after N uplinks
#   make check           all tests, also under AddressSanitizer and UBSan, clang, fuzzers, manuals
#   make conformance     the catalogue of counter, replay, join and gateway-time cases in every LoRaWAN version, as a table
#   make tsan            the tests under ThreadSanitizer
#   make bench           measurements
#   make install         DESTDIR, PREFIX (/usr/local), SYSCONFDIR (/etc)
#   make man             renew what the programs print of themselves in man/ and contrib/
#   make clean           remove build/
#
#   SANITIZE=address,undefined   build with sanitizers, in a folder of its own
#   CC=clang  WERROR=1  B=DIR    another compiler; warnings are errors; another build folder
#   V=1                          show the commands

comma      := ,
VERSION    := 0.1.0
B          := build$(if $(SANITIZE),/$(subst $(comma),-,$(SANITIZE)))
PKG        := libuv jansson sqlite3 libgcrypt

PREFIX     ?= /usr/local
SYSCONFDIR ?= /etc
BINDIR     := $(PREFIX)/bin
SBINDIR    := $(PREFIX)/sbin
MANDIR     := $(PREFIX)/share/man
DOCDIR     := $(PREFIX)/share/doc/loraserver
SYSTEMDDIR := $(PREFIX)/lib/systemd/system
SYSUSERSDIR := $(PREFIX)/lib/sysusers.d

ifeq ($(origin CC),default)
CC         := gcc
endif
CFLAGS     ?= -O2 -g
MACHINE    := $(shell uname -m)

WARN       := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wvla $(if $(WERROR),-Werror)
FORTIFY    := $(if $(SANITIZE),,$(if $(filter -O1 -O2 -O3 -Os -Og,$(CFLAGS)),-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2))
HARDEN     := -fPIE -fstack-protector-strong $(FORTIFY) $(if $(SANITIZE),,-fstack-clash-protection) \
              $(if $(filter x86_64,$(MACHINE)),-fcf-protection) $(if $(filter aarch64,$(MACHINE)),-mbranch-protection=standard)
SANITIZER  := $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-omit-frame-pointer \
              $(if $(findstring undefined,$(SANITIZE)),-fno-sanitize-recover=undefined))
CPPFLAGS_  := -D_GNU_SOURCE -DLS_VERSION='"$(VERSION)"'
CFLAGS_    := -std=gnu11 $(WARN) $(HARDEN) $(SANITIZER) $(shell pkg-config --cflags $(PKG) 2>/dev/null)
LDFLAGS_   := -pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed $(SANITIZER)
LIBS       := $(shell pkg-config --libs $(PKG) 2>/dev/null) -linih -lm -lpthread

# Rooms, and what each may include: the arrows of the layout point one way (tests/arrows.py has the finer rules).
INC_common  := -Icommon
INC_gateway := -Icommon -I.
INC_daemon  := -Icommon -I. -Idaemon
INC_cli     := -Icommon
INC_sim     := -Icommon
INC_tests   := -Icommon -I. -Idaemon

SRC_common  := $(wildcard common/*/*.c)
SRC_gateway := $(wildcard gateway/*.c)
SRC_daemon  := $(filter-out daemon/main.c,$(wildcard daemon/*.c daemon/*/*.c))
SRC_cli     := $(wildcard cli/*.c)
SRC_sim     := $(wildcard sim/*.c)

room        = $(firstword $(subst /, ,$(1)))
obj         = $(patsubst %.c,$(B)/obj/%.o,$(1))
PROGRAMS   := $(if $(wildcard daemon/main.c),$(B)/loraserverd) $(if $(wildcard cli/main.c),$(B)/lsctl) \
              $(if $(wildcard sim/main.c),$(B)/lssim)
ARCHIVES   := $(B)/libdaemon.a $(B)/libgateway.a $(B)/libcommon.a
UNIT       := $(patsubst tests/unit/%.c,$(B)/unit/%,$(wildcard tests/unit/test_*.c))
FUZZ       := $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
BENCH_TOOLS := $(patsubst %,$(B)/bench/%,calibrate_udp calibrate_sync count_events load_devices)
SHIM       := $(patsubst tests/shim/%.c,$(B)/tests/%.so,$(wildcard tests/shim/*.c))

Q          := $(if $(V),,@)
say         = $(if $(V),,@printf '  %-6s %s\n' $(1) $(2))

.PHONY: all help deps run check conformance tsan bench man install clean unit fuzz shim FORCE
.SECONDARY:
.DELETE_ON_ERROR:

all: $(PROGRAMS)

help:
	@sed -n '/^#   /s/^#   //p' Makefile

# --- building ---

# Changes when the compiler or a flag does; then everything is compiled again.
export BUILD_FLAGS := $(CC) $(CPPFLAGS_) $(CPPFLAGS) $(CFLAGS_) $(CFLAGS) $(LDFLAGS_) $(LDFLAGS) $(LIBS)
$(B)/flags: FORCE
	@mkdir -p $(@D)
	@pkg-config --exists $(PKG) || { echo "libraries are missing: make deps installs them" >&2; exit 1; }
	@printf '%s\n' "$$BUILD_FLAGS" | cmp -s - $@ || printf '%s\n' "$$BUILD_FLAGS" >$@

$(B)/obj/%.o: %.c $(B)/flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS_) $(CPPFLAGS) $(INC_$(call room,$<)) $(CFLAGS_) $(CFLAGS) -MMD -MP -c -o $@ $<

define archive
	$(call say,AR,$@)
	@mkdir -p $(@D)
	$(Q)rm -f $@ && ar rcs $@ $^
endef
$(B)/libcommon.a: $(call obj,$(SRC_common))
	$(archive)
$(B)/libgateway.a: $(call obj,$(SRC_gateway))
	$(archive)
$(B)/libdaemon.a: $(call obj,$(SRC_daemon))
	$(archive)

define link
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS_) $(LDFLAGS) -o $@ $^ $(1) $(LIBS)
endef
$(B)/loraserverd: $(B)/obj/daemon/main.o $(ARCHIVES)
	$(call link)
$(B)/lsctl: $(call obj,$(SRC_cli)) $(B)/libcommon.a
	$(call link)
$(B)/lssim: $(call obj,$(SRC_sim)) $(B)/libcommon.a
	$(call link)
$(B)/unit/%: $(B)/obj/tests/unit/%.o $(ARCHIVES)
	$(call link,-lcmocka)
$(B)/fuzz/%: $(B)/obj/tests/fuzz/%.o $(ARCHIVES)
	$(call link,-fsanitize=fuzzer)
$(B)/bench/%: $(B)/obj/tests/bench/%.o $(B)/obj/tests/bench/line_socket.o $(B)/libcommon.a
	$(call link)
$(B)/tests/%.so: tests/shim/%.c $(B)/flags
	$(call say,SHIM,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -D_GNU_SOURCE -std=gnu11 $(WARN) -O2 -g -fPIC -shared -o $@ $< -ldl -lpthread

unit: $(UNIT)
shim: $(SHIM)
# Only with CC=clang SANITIZE=fuzzer-no-link,address,undefined (tools/check.sh does it).
fuzz: $(FUZZ)

-include $(shell test -d $(B)/obj && find $(B)/obj -name '*.d')

# --- running ---

deps:
	@tools/deps.sh build

run: deps
	@$(MAKE) --no-print-directory all
	@COUNT='$(COUNT)' tools/demo.sh $(B)

check:
	+@MAKE='$(MAKE)' tools/check.sh

conformance: all
	@LS_BUILD=$(B) /usr/bin/python3 -B tests/conformance/run.py

tsan:
	+@MAKE='$(MAKE)' tools/check.sh tsan

bench: deps
	@tools/deps.sh bench
	@$(MAKE) --no-print-directory all $(BENCH_TOOLS)
	@LS_BUILD=$(B) tests/bench/run.py $(BENCH)

man: all
	$(B)/loraserverd --sample-config >contrib/loraserver.ini
	@tools/man_tables.sh $(B)

# --- installing ---

D := $(DESTDIR)
install: all
	install -d $(D)$(SBINDIR) $(D)$(BINDIR) $(D)$(MANDIR)/man1 $(D)$(MANDIR)/man5 $(D)$(MANDIR)/man7 $(D)$(MANDIR)/man8 $(D)$(DOCDIR) \
		$(D)$(SYSTEMDDIR) $(D)$(SYSUSERSDIR) $(D)$(SYSCONFDIR)/loraserver
	install -m 755 $(B)/loraserverd $(D)$(SBINDIR)
	install -m 755 $(B)/lsctl $(B)/lssim $(D)$(BINDIR)
	install -m 644 man/*.1 $(D)$(MANDIR)/man1
	install -m 644 man/*.5 $(D)$(MANDIR)/man5
	install -m 644 man/*.7 $(D)$(MANDIR)/man7
	install -m 644 man/*.8 $(D)$(MANDIR)/man8
	install -m 644 README.md LICENSE contrib/loraserver.ini $(D)$(DOCDIR)
	sed 's|@SBINDIR@|$(SBINDIR)|; s|@SYSCONFDIR@|$(SYSCONFDIR)|' contrib/systemd/loraserverd.service >$(D)$(SYSTEMDDIR)/loraserverd.service
	install -m 644 contrib/systemd/loraserverd.socket $(D)$(SYSTEMDDIR)
	install -m 644 contrib/systemd/sysusers.conf $(D)$(SYSUSERSDIR)/loraserver.conf
	test -e $(D)$(SYSCONFDIR)/loraserver/loraserver.ini || install -m 644 contrib/loraserver.ini $(D)$(SYSCONFDIR)/loraserver/loraserver.ini

clean:
	rm -rf build
