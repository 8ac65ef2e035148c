# SPDX-License-Identifier: BSD-2-Clause
#
# Signalbox: build, run, test, measure. `make help` lists the targets and the variables.
#
# Rule: everything that is built goes to $(BUILD), except newlib and Bochs, which are kept in the
# user's cache. All paths are relative, so the tree may lie in a directory whose name has blanks.

MAKEFLAGS += --no-builtin-rules --no-print-directory
.SUFFIXES:
.DELETE_ON_ERROR:

# ---- Variables that a user may set -----------------------------------------------------------------------------------

BUILD    ?= build
CC       := $(if $(filter default,$(origin CC)),gcc,$(CC))
HOSTCC   ?= $(CC)
OBJCOPY  ?= objcopy
PYTHON   ?= /usr/bin/python3
PLATFORM ?= auto
BOARD    ?= pc
# QEMU's: bios or uefi.
FIRMWARE ?= bios
# QEMU's q35: intel or amd.
IOMMU    ?=
SECONDS  ?=
IPS      ?= 20000000
MEMORY   ?= 256
# A guest from the distribution: linux, linux+pulse or bios.
GUESTS   ?=
# run: the realisation of the chipset, in the place of the configuration's word.
CHIPSET  ?=
# Guests that drive a local APIC have a file of their own.
CONFIG   ?= scripts/configs/$(or $(GUESTS),default)$(if $(filter apic,$(CHIPSET)),-apic).cfg
# 1: the demonstration, 0: one machine. Whoever names a platform or a configuration wants that one
# machine.
VIEW     ?= $(if $(filter-out file,$(origin PLATFORM) $(origin FIRMWARE) $(origin CONFIG) $(origin GUESTS) $(origin CHIPSET)),0,1)
TIMEOUT  ?=
TESTS    ?= tests/system
JOBS     ?= 2
COMBOS   ?=
COUNTS   ?= 1
MINUTES  ?= 10
SOAK     ?=
WAKEUPS  ?= 100000
TIMES    ?= 10
LOADS    ?=
REPEAT   ?=
SEED     ?= 0
# report: the record to show.
RECORD   ?=
# report: 1 prints the seed's figures with the counts of the record, and makes no page.
FIGURES  ?=
# trace: which moments to write.
FILTER   ?=
QUICK    ?=
NO_SETUP ?=
# test-nested: the processors that are emulated, and which runs (default: all).
VENDORS  ?= svm vmx
RUNS     ?=
LINUX_KERNEL ?=
BUSYBOX  ?=
NEWLIB_SOURCE ?=
V        ?=

# Bochs alone has x2APIC with VMX or SVM wherever the packages are those of Debian 12.
ifneq ($(filter run,$(MAKECMDGOALS)),)
ifeq ($(CHIPSET) $(PLATFORM),apic auto)
override PLATFORM := bochs
endif
endif

include scripts/variables.mk

Q := $(if $(filter-out 0,$(V)),,@)
say = $(if $(filter-out 0,$(V)),,@printf '  %-7s %s\n' '$(1)' '$(2)')

# make exports SECONDS and the like only where a script asks for them; dash and bash keep their own.
unexport SECONDS
export PYTHONDONTWRITEBYTECODE := 1

# ---- What everything that runs on the machine is compiled with -------------------------------------------------------

NEWLIB_STAMP := $(BUILD)/newlib.stamp
# The directory with newlib's include/ and lib/; may be given, else the cached build.
NEWLIB ?= $(shell cat $(NEWLIB_STAMP) 2>/dev/null)

GCC_INCLUDE = $(eval GCC_INCLUDE := $$(shell $(CC) -print-file-name=include))$(GCC_INCLUDE)
LIBGCC      = $(eval LIBGCC := $$(shell $(CC) -print-libgcc-file-name))$(LIBGCC)

WARNINGS := -Wall -Wextra -Werror
CFLAGS_MACHINE = -std=c11 -O2 -g $(WARNINGS) -ffreestanding -fno-pic -fno-pie -fno-stack-protector -fcf-protection=none \
	-mno-red-zone -fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections \
	-nostdinc -isystem $(GCC_INCLUDE) -isystem '$(NEWLIB)/include' -I. -MMD -MP
LDFLAGS_MACHINE = -nostdlib -static -no-pie -Wl,--gc-sections -Wl,--build-id=none -Wl,-z,noexecstack \
	-Wl,-z,max-page-size=4096

# The emulator with the chipset block: for runs on it, and for the tests, unless a platform without it is asked for.
BOCHS_IRQMUX  := $(BUILD)/emulators/bochs/libbx_pic.so
# QEMU's plugins, named here because targets below ask for them. The block (signalbox/qemu_irqmux.py), its RTL, the counts of
# paths (counts.py), the lines (measure.py, timeline.py), and a debugger's view of a guest (debug.py).
QEMU_BUILD    := $(BUILD)/emulators/qemu
QEMU_PLUGIN   := $(QEMU_BUILD)/irqmux.so
QEMU_RTL      := $(QEMU_BUILD)-rtl/irqmux.so
QEMU_PATHS    := $(QEMU_BUILD)/paths.so
QEMU_LOOKS    := $(QEMU_BUILD)/looks.so
QEMU_LINES    := $(QEMU_BUILD)/lines.so
QEMU_VIEW     := $(QEMU_BUILD)/guest_view.so
# The QEMU whose emulated processor has x2APIC: the file names the program (scripts/qemu_x2apic.sh).
QEMU_X2APIC   := $(QEMU_BUILD)-x2apic/program
QEMU_IRQMUX   := $(QEMU_PLUGIN) $(QEMU_PATHS) $(QEMU_LOOKS) $(QEMU_LINES) $(QEMU_VIEW)
# With the block as RTL in the model's place.
RTL_EMULATORS := $(BUILD)/emulators/bochs-rtl/libbx_pic.so $(BUILD)/emulators/qemu-rtl/irqmux.so
RUN_EMULATOR  := $(strip $(if $(filter bochs-irqmux,$(PLATFORM)),$(BOCHS_IRQMUX)) \
	$(if $(filter qemu-irqmux kvm-irqmux,$(PLATFORM)),$(firstword $(QEMU_IRQMUX))) \
	$(filter $(BUILD)/emulators/$(PLATFORM)/%,$(RTL_EMULATORS) $(QEMU_X2APIC)))
RUN_LINUX     := $(if $(GUESTS),$(if $(filter bios,$(GUESTS)),$(if $(DISK),$(BUILD)/bios/bios.bin,bios),linux))
# The disk of a machine that runs: DISK, or GRUB's with Linux for a BIOS.
RUN_DISK      := $(or $(DISK),$(if $(filter bios,$(GUESTS)),$(BUILD)/bios/disk.img))
TEST_EMULATOR := $(if $(filter auto bochs-irqmux bochs-rtl,$(PLATFORM)),$(BOCHS_IRQMUX)) \
	$(if $(filter auto qemu-irqmux kvm-irqmux qemu-rtl,$(PLATFORM)),$(QEMU_IRQMUX)) \
	$(if $(filter %-rtl,$(PLATFORM)),$(RUN_EMULATOR))
# For the system tests, where one of the chosen files speaks of it. TESTS may name directories, too.
SYSTEM_GOAL     := $(filter system test,$(MAKECMDGOALS))
TEST_FILES      := $(wildcard $(foreach word,$(TESTS),$(firstword $(subst ::, ,$(word)))))
SYSTEM_EMULATOR := $(if $(SYSTEM_GOAL),$(if $(TEST_FILES),$(shell grep -rqsE 'irqmux|emulators/' \
	--include='test_*.py' $(TEST_FILES) && echo '$(TEST_EMULATOR)'),$(TEST_EMULATOR)))
# Likewise the block as RTL, where a test compares the RTL with the model.
SYSTEM_EMULATOR += $(if $(SYSTEM_GOAL),$(if $(filter auto,$(PLATFORM)),$(if $(TEST_FILES),$(shell grep -rqs -e '-rtl"' \
	--include='test_*.py' $(TEST_FILES) && echo '$(RTL_EMULATORS)'),$(RTL_EMULATORS))))
# Likewise the QEMU with x2APIC.
SYSTEM_EMULATOR += $(if $(SYSTEM_GOAL),$(if $(filter qemu-x2apic,$(PLATFORM)),$(QEMU_X2APIC),$(if \
	$(filter auto,$(PLATFORM)),$(if $(TEST_FILES),$(shell grep -rqs -e '"qemu-x2apic"' --include='test_apic*.py' \
	$(TEST_FILES) && echo '$(QEMU_X2APIC)'),$(QEMU_X2APIC)))))
# Likewise the Linux guest. Where the platform of its tests is left out, nothing is fetched.
SYSTEM_LINUX    := $(if $(and $(SYSTEM_GOAL),$(filter auto qemu-irqmux qemu-rtl,$(PLATFORM))),$(if \
	$(TEST_FILES),$(shell grep -rqsE '/boot/linux/|from test_linux import' --include='test_*.py' \
	--include='long_*.py' $(TEST_FILES) && echo linux),linux))
# Likewise the firmware of a PC in a VM.
SYSTEM_LINUX    += $(if $(SYSTEM_GOAL),$(if $(TEST_FILES),$(shell grep -rqs '/boot/bios/' --include='test_*.py' \
	$(TEST_FILES) && echo '$(BUILD)/bios/bios.bin'),$(BUILD)/bios/bios.bin))
# Likewise the nested machine, which is QEMU's.
SYSTEM_NESTED   := $(if $(and $(SYSTEM_GOAL),$(filter auto qemu-irqmux,$(PLATFORM))),$(if \
	$(TEST_FILES),$(shell grep -rqs 'signalbox.nested import' --include='test_*.py' $(TEST_FILES) && \
	echo nested),nested))

# Likewise the small systems of others.
SYSTEM_FOREIGN  := $(if $(and $(SYSTEM_GOAL),$(filter auto qemu-irqmux qemu-rtl,$(PLATFORM))),$(if \
	$(TEST_FILES),$(shell grep -rqs 'signalbox.foreign import' --include='test_*.py' $(TEST_FILES) && \
	echo foreign-small),foreign-small))

# ---- Targets that a user asks for ------------------------------------------------------------------------------------

.PHONY: all run demo iso bench trace report soak bounds campaign debug test system check mutants unit format drawings clean \
	distclean help setup vmm guests FORCE
.DEFAULT_GOAL := all

all: vmm guests

# A value as the shell and sed take it between quotes.
quoted = $(subst ','\'',$(subst |,\|,$(subst &,\&,$(subst \,\\,$($(1))))))
HELP_SHOWS := BUILD PLATFORM BOARD FIRMWARE IPS MEMORY CONFIG TESTS JOBS CC MINUTES WAKEUPS TIMES \
	PYTHON
help:
	@sed -n 's/^#@ \{0,1\}//p' $(firstword $(MAKEFILE_LIST)) | \
		sed $(foreach name,$(HELP_SHOWS),-e 's|@$(name)@|$(call quoted,$(name))|')

#@ Signalbox: a hypervisor whose guests take their own devices' interrupts without a VM exit
#@
#@ Targets:
#@   make run      build, then boot both guests with each chipset, side by side: a table at a
#@                 terminal until q or Ctrl-C; elsewhere for SECONDS, the console of one machine
#@                 first. Where PLATFORM or CONFIG is given: one machine with its console; ends by
#@                 itself (earlier by "quit" and Enter, or Ctrl-C)
#@   make demo     the table in any case
#@   make test     everything that tests: check, the proofs, rtl, then the system tests in the emulators
#@   make system   the system tests alone: TESTS says which, PLATFORM where
#@   make check    the host-only part: layout, static analysis, headers, unit tests (under a minute)
#@   make prove    the proofs of which make test plays a part, to the full depth: the block's model and its hardware (an
#@                 hour or less; docs/proof.md)
#@   make rtl      the block as hardware: lint, and OPERATIONS operations beside the model; make synth: its size on an FPGA
#@   make iso      a bootable image with a menu, for BIOS and UEFI: @BUILD@/signalbox.iso
#@   make bench    the measurement: a table, and bench.json, bench.csv and plots in @BUILD@/bench
#@                 CONFIG=FILE: the guest of that file, unmodified, in @BUILD@/measure/latest (docs/measuring-your-guest.md);
#@                 GUEST: which VM; SAMPLES, SECONDS: when a run ends
#@   make compare A=... B=...  two results of make bench CONFIG=; an error where a figure grew by more than LIMIT (5%, 100)
#@   make trace    the timeline of a run in QEMU: JSON for Perfetto and Chrome, CTF for babeltrace2 and Trace Compass, in
#@                 @BUILD@/trace/latest (docs/timeline.md)
#@   make report   one HTML page of the last bench or run, or of RECORD: @BUILD@/report.html (docs/report.md)
#@   make soak     for MINUTES: the stress in which nothing may be lost, random seeds, every platform; @BUILD@/soak/soak.json
#@   make bounds   the worst wake-up beside each load and each command of the console, over WAKEUPS each, against the bounds of
#@                 docs/time.md, in Bochs; @BUILD@/bounds/bounds.json
#@   make legs     the system tests of each leg, TIMES times, and the tests that are flaky; PLATFORM=auto: five legs
#@   make campaign for MINUTES: random guests that do anything at all, beside a victim that has to be as when alone, from
#@                 SEED on, every platform; @BUILD@/campaign/campaign.json
#@   make test-foreign  the distribution's own systems (Linux, memtest86+, GNU Mach, iPXE and more), each on the bare machine
#@                 and as a guest: what each says of itself has to be the same; SYSTEMS: which (docs/foreign.md)
#@   make test-nested  Signalbox under a nesting KVM, in the emulators: VENDORS says which processors (docs/nested-kvm.md)
#@   make mutants  breaks copies of the VMM, one line each; each has to be noticed by the test that it names (QUICK=1: host tests)
#@   make debug    waits for gdb with the symbols of the VMM and the guests (Bochs: its own debugger); GUEST: the VM whose
#@                 guest the machine stops in first (docs/debugging.md)
#@   make all      the images alone (what make does without a target)
#@   make setup    installs every package that any target needs; as root, once. (Each target
#@                 installs its own where it may; else it says what is missing)
#@   make format   lays out all C sources by .clang-format
#@   make drawings makes the documents' drawings anew, from docs/drawings/*.dot and *.wave
#@   make clean    removes @BUILD@; newlib and Bochs stay in the cache (make distclean removes that too)
#@
#@ Variables, with their defaults:
#@   PLATFORM=@PLATFORM@      where it runs: kvm (QEMU, nested virtualisation), qemu (QEMU, emulated SVM), bochs (emulated
#@                      VMX), kvm-irqmux, qemu-irqmux, bochs-irqmux (with the chipset block in them, built once
#@                      from source), qemu-rtl, bochs-rtl (the same with the block's hardware description, Verilated:
#@                      docs/rtl.md), qemu-x2apic (QEMU 10, for chipset=apic: docs/apic.md); auto: kvm where it is real, else qemu; test: the emulators; bench: without the RTL
#@   BOARD=@BOARD@           QEMU's machine: pc or q35
#@   FIRMWARE=@FIRMWARE@      run, in QEMU: what boots the machine, bios or uefi (docs/uefi.md)
#@   IOMMU=             run, trace, debug with BOARD=q35: a unit that confines DMA, intel or amd (docs/dma.md); none else
#@   SECONDS=           run: how long the guests work, in seconds of the machine's time
#@                      (default: 3; the table at a terminal: until a key ends it)
#@   VIEW=              run: 0: one machine with its console, whatever else is given; 1: the table
#@   TIMEOUT=           run: give up after so many seconds of your time (default: 600); bench: 300
#@   CONFIG=@CONFIG@
#@                      run, trace, debug: which multiboot and module lines to boot
#@   VENDORS="svm vmx"  test-nested: the processors, emulated by QEMU (svm) and Bochs (vmx); RUNS=: which runs (default: all)
#@   GUESTS=            run: linux: the distribution's own kernel as a guest; linux+pulse: pulse beside that kernel, and a
#@                      table of pulse's latencies (docs/linux.md); bios: SeaBIOS, which boots a disk (docs/bios.md)
#@   CHIPSET=           run, trace: auto, irqmux, pc, soft or apic, in the place of the configuration's chipset=; apic: the guests of
#@                      scripts/configs/*-apic.cfg, which drive a local APIC, in Bochs (docs/apic.md)
#@   DISK=              run: a file whose copy is the machine's disk at 170h, for GUESTS=bios to boot (default: a disk with
#@                      GRUB and Linux); BIOS=: a BIOS of your own
#@   LINUX_KERNEL=      GUESTS=linux: a bzImage of your own; BUSYBOX=: a static busybox of your own
#@   IPS=@IPS@       Bochs: instructions per second of the machine's time
#@   MEMORY=@MEMORY@         memory of the machine in MiB
#@   BOCHS_SOURCE=      bochs-irqmux: the emulator's source, where it cannot be fetched (the script names the file)
#@   QEMU_SOURCE=       qemu-irqmux: likewise, the .dsc file
#@   TESTS=@TESTS@ test, system: which system tests; options of pytest may follow
#@                      (TESTS="tests/system -k R08")
#@   JOBS=@JOBS@             test, bench, soak, bounds, mutants: how many machines run side by side
#@   COMBOS=            bench: which of them, as platform/chipset/load, e.g. bochs/pc/alone (default: all)
#@   SAMPLES=           bench: of each probe, 10 to 1000 (default: 1000)
#@   COUNTS=1           bench: 0 leaves out what each path of the VMM does (it takes 2 to 4 minutes)
#@   MINUTES=@MINUTES@         soak, campaign: no run begins later
#@   SOAK=              soak: further options (scripts/soak.py --help), e.g. SOAK="--platforms qemu --seed 7"
#@   WAKEUPS=@WAKEUPS@     bounds: wake-ups beside each load
#@   LOADS=             bounds: only loads with such a text in their name, e.g. "restarts,line storm" (default: all)
#@                      run GUESTS=linux+pulse: what Linux does, SECONDS each: idle, compute, memory (default: all)
#@   TIMES=@TIMES@           legs: runs of each leg; 0: the table of the runs before
#@   REPEAT=            soak, campaign: one run alone, by the name that was printed
#@   SEED=              campaign: of the first run; the next ones count on (default: another each time)
#@   FILTER=            trace: which moments to write: vm=NAMES line=NUMBERS event=NAMES, with a minus in front all others;
#@                      -com1 leaves out what COM1 causes (default: all)
#@   RECORD=            report: a record of a bench or a run, or the text of a console (default: the newest record)
#@   FIGURES=           report: 1 prints the seed's Figures 3 to 5 with the counts of the record, and makes no page
#@   QUICK=             mutants: 1 leaves out those that a system test notices
#@   NO_SETUP=1         look for no package (in the environment: SIGNALBOX_NO_SETUP=1)
#@   NEWLIB_SOURCE=     a tarball of newlib's source, where there is no package newlib-source
#@   V=1                show each command
#@   BUILD=@BUILD@        where everything is built
#@   CC=@CC@  PYTHON=@PYTHON@  NEWLIB=...  the tools, and a newlib of your own (directory with include/ and lib/)

run: all $(RUN_EMULATOR) $(RUN_LINUX) | setup-run
	$(Q)$(PYTHON) scripts/run.py --build '$(BUILD)' --platform '$(PLATFORM)' --board '$(BOARD)' --iommu '$(IOMMU)' --firmware '$(FIRMWARE)' --ips '$(IPS)' --memory '$(MEMORY)' \
		--config '$(CONFIG)' --seconds '$(SECONDS)' --timeout '$(TIMEOUT)' --view '$(VIEW)' \
		--loads '$(LOADS)' --disk '$(RUN_DISK)' --chipset '$(CHIPSET)'

demo: VIEW := 1
demo: run

iso: $(BUILD)/signalbox.iso
	@echo "$(BUILD)/signalbox.iso: boot it with GRUB's menu, from CD or USB stick"

# With a configuration of the user's, the user's guest is measured (docs/measuring.md).
BENCH_OF_CONFIG := $(filter-out file,$(origin CONFIG) $(origin GUESTS))
BENCH_EMULATOR  := $(if $(BENCH_OF_CONFIG),$(if $(filter auto qemu%,$(PLATFORM)),$(QEMU_LINES)) \
	$(if $(filter auto qemu-irqmux,$(PLATFORM)),$(QEMU_PLUGIN),$(filter-out $(QEMU_PATHS),$(TEST_EMULATOR))),$(TEST_EMULATOR))
.PHONY: compare
bench: all $(BENCH_EMULATOR) $(if $(BENCH_OF_CONFIG),$(RUN_LINUX)) | setup-bench
ifneq ($(BENCH_OF_CONFIG),)
	$(Q)$(PYTHON) scripts/measure.py --build '$(BUILD)' --platform '$(PLATFORM)' --board '$(BOARD)' --ips '$(IPS)' --memory '$(MEMORY)' \
		--config '$(CONFIG)' --guest '$(GUEST)' --samples '$(SAMPLES)' --seconds '$(SECONDS)' --jobs '$(JOBS)' \
		$(if $(TIMEOUT),--timeout '$(TIMEOUT)')
else
	$(Q)$(PYTHON) scripts/bench.py --build '$(BUILD)' --platform '$(PLATFORM)' --board '$(BOARD)' --ips '$(IPS)' --memory '$(MEMORY)' \
		--combos '$(COMBOS)' --samples '$(SAMPLES)' --counts '$(COUNTS)' --jobs '$(JOBS)'
endif

compare:
	$(Q)$(PYTHON) scripts/compare.py --root '$(BUILD)/measure' --limit '$(LIMIT)' '$(A)' '$(B)'

trace: all $(if $(filter bochs%,$(PLATFORM)),,$(QEMU_LINES)) $(if $(filter qemu-rtl,$(PLATFORM)),$(QEMU_RTL)) \
		$(if $(filter %-irqmux,$(PLATFORM)),$(if $(filter bochs%,$(PLATFORM)),$(BOCHS_IRQMUX),$(QEMU_PLUGIN))) \
		$(RUN_LINUX) | setup-trace
	$(Q)$(PYTHON) scripts/timeline.py --build '$(BUILD)' --platform '$(PLATFORM)' --board '$(BOARD)' --iommu '$(IOMMU)' --firmware '$(FIRMWARE)' --memory '$(MEMORY)' \
		--config '$(CONFIG)' --seconds '$(SECONDS)' --timeout '$(TIMEOUT)' --filter='$(FILTER)' --disk '$(RUN_DISK)' --chipset '$(CHIPSET)'

report: | setup-report
	$(Q)$(PYTHON) scripts/report.py --build '$(BUILD)' $(if $(filter-out 0,$(FIGURES)),--figures) $(if $(RECORD),'$(RECORD)')

soak: all $(TEST_EMULATOR) | setup-soak
	$(Q)$(PYTHON) scripts/soak.py --build '$(BUILD)' --platforms '$(PLATFORM)' --minutes '$(MINUTES)' --ips '$(IPS)' \
		--memory '$(MEMORY)' --jobs '$(JOBS)' --repeat '$(REPEAT)' $(SOAK)

bounds: all $(filter %/libbx_pic.so,$(TEST_EMULATOR)) | setup-bounds
	$(Q)$(PYTHON) scripts/bounds.py --build '$(BUILD)' --platforms '$(PLATFORM)' --wakeups '$(WAKEUPS)' --loads '$(LOADS)' \
		--memory '$(MEMORY)' --jobs '$(JOBS)'

# Each run is a make system of its own, which builds what the run needs.
.PHONY: legs
legs:
	$(Q)$(PYTHON) scripts/legs.py --build '$(BUILD)' --legs '$(PLATFORM)' --times '$(TIMES)' --tests '$(TESTS)' --jobs '$(JOBS)'

campaign: all $(TEST_EMULATOR) | setup-soak
	$(Q)$(PYTHON) scripts/campaign.py --build '$(BUILD)' --platforms '$(PLATFORM)' --minutes '$(MINUTES)' --ips '$(IPS)' \
		--memory '$(MEMORY)' --jobs '$(JOBS)' --repeat '$(REPEAT)' --seed '$(SEED)'

# Where QEMU emulates the processor, gdb sees the guests' memory by a plugin.
DEBUG_EMULATOR := $(RUN_EMULATOR) $(if $(filter auto qemu%,$(PLATFORM)),$(QEMU_VIEW))
debug: all $(DEBUG_EMULATOR) $(RUN_LINUX) | setup-debug
	$(Q)$(PYTHON) scripts/debug.py --build '$(BUILD)' --platform '$(PLATFORM)' --board '$(BOARD)' --iommu '$(IOMMU)' --firmware '$(FIRMWARE)' --ips '$(IPS)' --memory '$(MEMORY)' \
		--config '$(CONFIG)' --guest '$(GUEST)'

SYSTEM_TESTS = $(Q)BUILD='$(BUILD)' PLATFORM='$(PLATFORM)' BOARD='$(BOARD)' IPS='$(IPS)' \
	PYTHONPATH=scripts $(PYTHON) -m pytest -p no:cacheprovider -n $(JOBS) $(TESTS)

test: check all $(SYSTEM_EMULATOR) $(SYSTEM_LINUX) $(SYSTEM_NESTED) $(SYSTEM_FOREIGN) | setup-test
	$(SYSTEM_TESTS)

system: all $(SYSTEM_EMULATOR) $(SYSTEM_LINUX) $(SYSTEM_NESTED) $(SYSTEM_FOREIGN) | setup-system
	$(SYSTEM_TESTS)

check: unit check-headers vmm | setup-check
	$(Q)PYTHON='$(PYTHON)' scripts/check.sh '$(BUILD)'

mutants: | setup-mutants
	$(Q)$(PYTHON) scripts/mutants.py --build '$(BUILD)/mutants' --jobs $(JOBS) $(if $(filter-out 0,$(QUICK)),--quick)

format: | setup-check
	$(Q)formatter=$$(scripts/check.sh --formatter) && \
		scripts/check.sh --list-c | xargs $$formatter -i
	$(Q)scripts/check.sh --list-c | xargs $(PYTHON) scripts/style.py --fix

drawings: | setup-drawings
	$(Q)$(PYTHON) scripts/drawings.py

clean:
	$(Q)rm -rf $(BUILD)

distclean: clean
	$(Q)rm -rf "$${XDG_CACHE_HOME:-$$HOME/.cache}/signalbox"

# ---- Packages --------------------------------------------------------------------------------------------------------

# The emulators that PLATFORM means; auto runs in QEMU, with KVM or without (scripts/signalbox/platforms.py), and tests in both.
SETUP_EMULATOR  := $(if $(filter bochs%,$(PLATFORM)),bochs,qemu)
SETUP_EMULATORS := $(if $(filter auto,$(PLATFORM)),bochs qemu,$(SETUP_EMULATOR))
SETUP_RUN_BLOCK := $(if $(RUN_EMULATOR),$(patsubst kvm-%,qemu-%,$(patsubst bochs-%,%,$(PLATFORM:%-rtl=%-irqmux))) \
	$(if $(filter %-rtl,$(PLATFORM)),verilated))
SETUP_BLOCKS    := $(if $(filter auto,$(PLATFORM)),irqmux qemu-irqmux,$(SETUP_RUN_BLOCK))

# Groups of packages (scripts/setup.sh) by target.
GROUPS_build    := build
GROUPS_image    := build iso python
GROUPS_iso      := $(GROUPS_image) hybrid
GROUPS_run      := $(GROUPS_image) $(SETUP_EMULATOR) $(SETUP_RUN_BLOCK) $(if $(filter uefi,$(FIRMWARE)),uefi)
GROUPS_demo     := $(GROUPS_run)
GROUPS_bench    := $(GROUPS_image) bench $(SETUP_EMULATORS) $(SETUP_BLOCKS)
GROUPS_trace    := $(GROUPS_image) qemu qemu-irqmux $(if $(filter qemu-rtl,$(PLATFORM)),verilated)
GROUPS_report   := python report
GROUPS_soak     := $(GROUPS_image) $(SETUP_EMULATORS) $(SETUP_BLOCKS)
GROUPS_campaign := $(GROUPS_soak)
GROUPS_bounds   := $(GROUPS_image) bochs $(filter irqmux,$(SETUP_BLOCKS))
GROUPS_debug    := $(GROUPS_image) debug $(SETUP_EMULATOR) $(SETUP_RUN_BLOCK) $(if $(filter auto qemu%,$(PLATFORM)),qemu-irqmux)
GROUPS_check    := build python check
GROUPS_format   := check
GROUPS_drawings := python drawings
GROUPS_proof    := $(GROUPS_check) proof
GROUPS_system   := $(GROUPS_image) test $(SETUP_EMULATORS) $(if $(strip $(SYSTEM_EMULATOR)),$(SETUP_BLOCKS)) \
	$(if $(filter %-rtl/irqmux.so,$(SYSTEM_EMULATOR)),verilated) \
	$(if $(filter %test_targets.py tests/system tests/system/,$(TESTS)),bench) \
	$(if $(filter %test_report.py tests/system tests/system/,$(TESTS)),report browser) \
	$(if $(filter %test_uefi.py tests/system tests/system/,$(TESTS)),uefi)
GROUPS_rtl      := build rtl
GROUPS_prove    := $(GROUPS_proof) $(GROUPS_rtl)
GROUPS_synth    := $(GROUPS_rtl) synth
GROUPS_wave     := $(GROUPS_rtl)
$(foreach goal,lint cosim corpus picprobe wishbone signals coverage prove prove-deep mutants driver-mutants hardware long,$(eval GROUPS_rtl-$(goal) := $(GROUPS_rtl)))
GROUPS_test     := $(GROUPS_proof) $(GROUPS_rtl) $(GROUPS_system)
GROUPS_mutants  := $(GROUPS_check) $(if $(filter-out 0,$(QUICK)),,test $(GROUPS_soak))
GROUPS_irqmux   := build bochs irqmux
GROUPS_qemu-irqmux  := build qemu qemu-irqmux
GROUPS_bochs-irqmux := $(GROUPS_irqmux)
GROUPS_qemu-rtl     := $(GROUPS_qemu-irqmux) verilated
GROUPS_bochs-rtl    := $(GROUPS_irqmux) verilated
GROUPS_verilated    := build verilated
GROUPS_all   := build
GROUPS_vmm   := build
GROUPS_guests := build
GROUPS_linux  := build python
GROUPS_bios   := $(GROUPS_linux) iso bios
GROUPS_nested := $(GROUPS_qemu-irqmux) iso python
GROUPS_test-foreign := $(GROUPS_image) bios qemu qemu-irqmux
GROUPS_test-nested := $(GROUPS_nested) $(if $(filter vmx,$(VENDORS)),irqmux bochs)
GROUPS_unit  := $(GROUPS_check)

# Before anything else: all that the goals need, so that one message names all that is missing.
GOAL_GROUPS := $(sort $(foreach goal,$(or $(MAKECMDGOALS),all),$(GROUPS_$(goal))))
SETUP_SCRIPT = $(if $(filter-out 0,$(NO_SETUP)),@:,$(Q)PYTHON='$(PYTHON)' \
	NEWLIB_SOURCE='$(or $(NEWLIB_SOURCE),$(if $(filter-out file,$(origin NEWLIB)),$(NEWLIB)))' \
	scripts/setup.sh)

setup:
	$(Q)PYTHON='$(PYTHON)' scripts/setup.sh

SETUPS := $(patsubst %,setup-%,build bios iso run bench trace report soak bounds debug check drawings proof system test \
	mutants rtl synth irqmux qemu-irqmux verilated test-nested test-foreign)
.PHONY: setup-goals $(SETUPS)
setup-goals:
	$(if $(GOAL_GROUPS),$(SETUP_SCRIPT) $(GOAL_GROUPS))
# What a file needs that was asked for by its own name.
$(SETUPS): setup-%: | setup-goals
	$(if $(filter-out $(GOAL_GROUPS),$(GROUPS_$*)),$(SETUP_SCRIPT) $(sort $(GROUPS_$*)))

# ---- newlib ----------------------------------------------------------------------------------------------------------

# Looked at every time (milliseconds); the stamp changes only when the compiler, the options or the version do.
$(NEWLIB_STAMP): FORCE | setup-build
	$(Q)mkdir -p $(@D)
ifeq ($(origin NEWLIB),file)
	$(Q)CC='$(CC)' NEWLIB_SOURCE='$(NEWLIB_SOURCE)' scripts/newlib.sh $@
else
	$(Q)[ "$$(cat $@ 2>/dev/null)" = '$(NEWLIB)' ] || echo '$(NEWLIB)' >$@
endif

# ---- The VMM ---------------------------------------------------------------------------------------------------------

VMM_SOURCES := $(sort $(shell find boot arch chipset vmm -name '*.[cS]' 2>/dev/null))
VMM_OBJECTS := $(patsubst %,$(BUILD)/vmm/%.o,$(VMM_SOURCES))
# General registers only: a guest's vector and x87 registers stay in the processor while the VMM works. scripts/newlib.sh
# compiles what formats text in the same way, and `make check` looks through the image (scripts/check_vectors.py).
# Link-time optimisation: the way from an exit back to the guest runs through many small files.
# No frame may reach over the absent page below a stack (arch/x86/cpu/stacks.h).
STACK_FRAME  := 3072
# Nothing is aligned for its speed: the padding was 5,472 of 196,208 bytes, and the NOPs before loops are instructions.
VMM_UNPADDED := -falign-functions=1 -falign-jumps=1 -falign-loops=1 -falign-labels=1 -malign-data=abi
# No code of the VMM uses a vector, so the stack is aligned to 8 bytes alone (432 bytes of the image). Structures that
# are passed stay in one piece: taken apart by the compiler (IPA-SRA), the image has 300 bytes more.
# No caller of a function with "..." counts vector registers in AL, because no such function stores any (670 bytes).
VMM_CFLAGS   = $(CFLAGS_MACHINE) $(VMM_UNPADDED) -mgeneral-regs-only -mskip-rax-setup -mpreferred-stack-boundary=3 \
	-fno-ipa-sra -flto -Wframe-larger-than=$(STACK_FRAME)
# What runs once, or at a person's pace, is made small: the image has a limit. Smallest of all where the compiler can
# (GCC 12 and later). A switch is comparisons there: its table would have 8 bytes for each value. No path is doubled to
# save it a branch (370 bytes).
VMM_SMALL := $(patsubst %,arch/x86/machine/%.c,acpi% amdvi dma framebuffer frames ioapic key% lapic multiboot2 pci% power uart vga) \
	$(patsubst %,arch/x86/machine/%.c,slice_timer slice_timer_find vtd%) arch/x86/log/% \
	$(patsubst %,arch/x86/cpu/%.c,fpu_pointers mitigations newlib_glue pages stacks tables tsc) \
	$(patsubst %,arch/x86/virt/%.c,guest_code guest_cpuid guest_memory guest_operand guest_ram guest_reading io_break nested_map rmw store) \
	$(patsubst %,arch/x86/virt/%.c,string_io virt) \
	$(patsubst %,arch/x86/virt/vmx/%.c,control debug ept msr quirk retire store string task) \
	$(patsubst %,arch/x86/virt/svm/%.c,control cr0 msr npt operand quirk retire store string svm vcpu) \
	%/audit.c %/capabilities.c %/decode.c arch/x86/virt/%/dump.c \
	$(patsubst %,chipset/pc/%.c,pc_commands pirq) $(patsubst %,chipset/window/%.c,soft soft_block soft_lines) chipset/block/% chipset/apic/apic_msr.c chipset/apic/apic_pins.c chipset/apic/apic_status.c chipset/apic/apic_probe.c chipset/apic/both.c arch/x86/cpu/replay.c \
	vmm/version.c vmm/vm_files.c \
	$(patsubst %,vmm/core/%.c,absent allot background cmos ending faults pc_view pit pit_counter port_access vm vm_build x87 vm_uart) \
	vmm/budget/% vmm/config/% vmm/device/% vmm/load/% vmm/operator/% vmm/confine.c vmm/machine.c vmm/main.c vmm/modules.c vmm/allotments.c

SMALLEST      = $(eval SMALLEST := $$(shell $(CC) -Oz -x c -E /dev/null >/dev/null 2>&1 && echo -Oz || echo -Os) -fno-jump-tables -fno-thread-jumps -fno-tree-dominator-opts)$(SMALLEST)

# Functions that the source does not declare inline stay calls here. Inlined, the rare functions of a switch cost
# driver_save() three registers more to save, and driver_restore() four (the gate: test_irqmux_figures.py's switch).
VMM_CALLS := chipset/window/driver.c

# Here a function with a single caller stays a call. Put into the caller, such functions make one of 11,000 bytes, whose
# variables lie beyond the 128 bytes of the stack that a short instruction reaches (1,100 bytes of the image).
VMM_APART := $(patsubst %,arch/x86/virt/vmx/%.c,audit task) arch/x86/machine/slice_timer_find.c \
	$(patsubst %,vmm/config/%.c,config_pci) $(patsubst %,vmm/core/%.c,allot cmos faults pit vm) \
	$(patsubst %,vmm/load/%.c,elf handover) vmm/operator/trace_print.c vmm/main.c vmm/modules.c

vmm: $(BUILD)/signalbox $(BUILD)/signalbox-apic

# The flags, so that a file that was compiled with other flags is compiled again.
VMM_FLAGS = $(VMM_CFLAGS) $(VMM_SMALL) $(SMALLEST) $(VMM_CALLS) $(VMM_APART)
$(BUILD)/vmm/flags: FORCE
	$(Q)mkdir -p $(@D)
	$(Q)echo '$(VMM_FLAGS)' | cmp -s - $@ || echo '$(VMM_FLAGS)' >$@

# The framebuffer console's font, from the distribution's package.
FONT := $(BUILD)/font/font.h
$(FONT): scripts/font.py | setup-build
	$(call say,FONT,$@)
	$(Q)$(PYTHON) $< --output $@
$(BUILD)/vmm/arch/x86/machine/framebuffer.c.o: $(FONT)

$(BUILD)/vmm/%.c.o: %.c $(NEWLIB_STAMP) $(BUILD)/vmm/flags
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(VMM_CFLAGS) $(if $(filter $(VMM_SMALL),$<),$(SMALLEST)) $(if $(filter %/framebuffer.c,$<),-I$(dir $(FONT))) \
		$(if $(filter $(VMM_CALLS),$<),-fno-inline-functions-called-once -fno-inline-small-functions) \
		$(if $(filter $(VMM_APART),$<),-fno-inline-functions-called-once) -c $< -o $@

$(BUILD)/vmm/%.S.o: %.S $(NEWLIB_STAMP) $(BUILD)/vmm/flags
	$(call say,AS,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(VMM_CFLAGS) -c $< -o $@

# Two images, so that each stays below its limit: signalbox has the realisations whose guests drive 8259s, signalbox-apic
# the one whose guests drive a local APIC, and pc.
VMM_NAMES := signalbox signalbox-apic
LEFT_OUT_signalbox      := chipset/apic/%
LEFT_OUT_signalbox-apic := chipset/window/% chipset/block/% chipset/realisations.c

define vmm_image
# The list of sources, so that a file that goes away links the image again.
$(BUILD)/vmm/$(1).sources: FORCE
	$$(Q)mkdir -p $$(@D)
	$$(Q)echo '$$(filter-out $$(LEFT_OUT_$(1)),$$(VMM_SOURCES))' | cmp -s - $$@ || echo '$$(filter-out $$(LEFT_OUT_$(1)),$$(VMM_SOURCES))' >$$@

# 64-bit, with symbols: for the debuggers. -Os: strings are not aligned to 8 bytes (480 bytes of the image); each function
# keeps the optimisation of its file.
$(BUILD)/$(1).elf: $(patsubst %,$(BUILD)/vmm/%.o,$(filter-out $(LEFT_OUT_$(1)),$(VMM_SOURCES))) linker.ld $(BUILD)/vmm/$(1).sources
	$$(call say,LD,$$@)
	$$(Q)$$(CC) $$(filter-out -MMD -MP,$$(VMM_CFLAGS)) -Os -flto=1 -flto-partition=one $$(LDFLAGS_MACHINE) -T linker.ld -Wl,-z,max-page-size=32 -Wl,-Map,$$@.map -o $$@ $$(filter %.o,$$^) \
		'$$(NEWLIB)/lib/libgeneral.a' '$$(NEWLIB)/lib/libc.a' $$(LIBGCC)

# What a multiboot loader takes: 32-bit ELF, no symbols.
$(BUILD)/$(1): $(BUILD)/$(1).elf
	$$(call say,OBJCOPY,$$@)
	$$(Q)$$(OBJCOPY) --strip-all -O elf32-i386 $$< $$@
endef
$(foreach name,$(VMM_NAMES),$(eval $(call vmm_image,$(name))))

# ---- The guests and the host tests -----------------------------------------------------------------------------------

include vmm/version.mk
-include guests/guests.mk
-include tests/unit/unit.mk
-include tests/proof/proof.mk
-include tests/rtl/rtl.mk
-include emulators/hardware.mk
-include emulators/bochs/bochs.mk
-include emulators/qemu/qemu.mk
include scripts/linux/linux.mk
include scripts/bios/bios.mk
include scripts/nested/nested.mk
include scripts/foreign/foreign.mk

IMAGES := $(patsubst %,$(BUILD)/%,$(VMM_NAMES)) $(patsubst %,$(BUILD)/guests/%,$(GUEST_NAMES))
guests: $(filter $(BUILD)/guests/%,$(IMAGES))

# Each header compiles alone, and twice over; with the host's compiler, so that `make check` needs nothing else.
HEADERS := $(sort $(shell find boot arch chipset vmm guests -name '*.h' 2>/dev/null))
.PHONY: check-headers
check-headers: $(patsubst %,$(BUILD)/headers/%.ok,$(HEADERS))

$(BUILD)/headers/%.ok: % | setup-build
	$(call say,HEADER,$<)
	$(Q)mkdir -p $(@D)
	$(Q)printf '#include "%s"\n#include "%s"\n' '$<' '$<' | $(HOSTCC) -std=c11 $(WARNINGS) -Wno-unused -I. \
		-MMD -MP -MF $@.d -MT $@ -fsyntax-only -x c - && touch $@

# ---- The image to boot from ------------------------------------------------------------------------------------------

$(BUILD)/signalbox.iso: scripts/configs/menu.cfg scripts/iso.py $(IMAGES) | setup-iso
	$(call say,ISO,$@)
	$(Q)$(PYTHON) scripts/iso.py --build '$(BUILD)' --menu $< --output $@

-include $(VMM_OBJECTS:.o=.d) $(patsubst %,$(BUILD)/headers/%.ok.d,$(HEADERS))
