# SPDX-License-Identifier: BSD-2-Clause
#
# The block as hardware (docs/rtl.md): `make rtl` lints the RTL and plays it beside the model. `make test` does the same.
#
# Rule: a configuration is LINES-BANKS. The model beside it is a copy with the same numbers.

HOSTCXX      ?= g++
RTL_CONFIGS  := 16-16 16-2 16-1 8-3
# Operations of `make rtl` on the whole block; the other configurations and the coverage have fewer.
OPERATIONS   ?= 10000000
RTL_SEED     ?= 1
# Random programs that have found a difference, by the seed as the program began. Each is played first.
RTL_DIFFERED := 0xffcf3f81adc489ff
RTL_FEW      := 200000

RTL_BUILD    := $(BUILD)/rtl
RTL_FILES    := $(patsubst %,chipset/rtl/%.sv,block_types resolver i8259 pair mux vmm_block window synchroniser block)
RTL_HEADERS  := $(wildcard tests/rtl/*.h) tests/unit/block_ops.h
# Asked once, when something is built.
RTL_VERILATOR = $(eval RTL_VERILATOR := $$(shell verilator --getenv VERILATOR_ROOT))$(RTL_VERILATOR)
RTL_RUNTIME  := verilated verilated_threads verilated_cov verilated_vcd_c
# Verilator's makefile adds OPT_FAST last: its -Os takes twice the time.
RTL_VERILATE  = tests/rtl/verilate.sh $(@D) -O3 --x-assign fast --noassert -Wall -MAKEFLAGS OPT_FAST=-O2
RTL_CXXFLAGS := -std=c++20 -O3
lines_of      = $(firstword $(subst -, ,$(1)))
banks_of      = $(lastword $(subst -, ,$(1)))

.PHONY: rtl rtl-lint rtl-signals rtl-cosim rtl-wishbone rtl-corpus rtl-picprobe rtl-coverage rtl-prove rtl-mutants rtl-driver-mutants rtl-mutants-check rtl-long synth wave
rtl: rtl-lint rtl-signals wave rtl-wishbone rtl-corpus rtl-picprobe rtl-cosim rtl-prove
test: rtl

# Every configuration, without a warning. yosys: no latch, no loop, no signal without a driver.
rtl-lint: | setup-rtl
	$(Q)for config in $(RTL_CONFIGS); do \
		verilator --lint-only -Wall --top block -GLINES=$${config%-*} -GBANKS=$${config#*-} $(RTL_FILES) || exit 1; \
	done
	$(Q)verilator --lint-only -Wall --top wishbone $(RTL_FILES) chipset/rtl/wishbone.sv
	$(Q)yosys -q -p 'read_verilog -sv $(RTL_FILES) chipset/rtl/wishbone.sv; hierarchy -check -top wishbone; proc; check -assert' \
		-p 'select -assert-none t:$$dlatch t:$$adlatch t:$$dlatchsr'
	@echo "R07 rtl: verilator -Wall and yosys have no objection ... ok"

# The Verilated runtime, compiled without our warnings.
define rtl_runtime
$(RTL_BUILD)/runtime/$(1).o: | setup-rtl
	$$(call say,HOSTCXX,$(1).cpp)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(HOSTCXX) $$(RTL_CXXFLAGS) -w -I'$$(RTL_VERILATOR)/include' -DVM_COVERAGE=1 -DVM_TRACE=1 \
		-c '$$(RTL_VERILATOR)/include/$(1).cpp' -o $$@
endef
$(foreach part,$(RTL_RUNTIME),$(eval $(call rtl_runtime,$(part))))

# A pulse of NMI is as short as can be, so that the pulse ends within its operation.
RTL_SHORT    := -GNMI_CLOCKS=1

# $(1) LINES-BANKS, $(2) directory, $(3) options of verilator, $(4) defines of the program, $(5) where the RTL is, $(6) one
# more source of the program
define rtl_config
$(RTL_BUILD)/$(2)/Vblock__ALL.a: $$(patsubst chipset/rtl/%,$(5)/%,$$(RTL_FILES)) tests/rtl/block.vlt | setup-rtl
	$$(call say,RTL,$(2))
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(RTL_VERILATE) --top block $(3) -GLINES=$(call lines_of,$(1)) -GBANKS=$(call banks_of,$(1)) \
		-CFLAGS -O3 tests/rtl/block.vlt $$(filter %.sv,$$^) >$$(@D)/verilator.log || { cat $$(@D)/verilator.log; exit 1; }
	$$(Q)touch $$@

$(RTL_BUILD)/$(2)/model.a: $$(wildcard chipset/block/*.[ch]) tests/unit/block_ops.c tests/unit/block_ops.h | setup-rtl
	$$(call say,HOSTCC,$$@)
	$$(Q)mkdir -p $$(@D)/model/chipset && cp -r chipset/block $$(@D)/model/chipset
	$$(Q)sed 's/BLOCK_LINES = 16/BLOCK_LINES = $(call lines_of,$(1))/; s/BLOCK_BANKS = 16/BLOCK_BANKS = $(call banks_of,$(1))/' \
		chipset/block/block.h >$$(@D)/model/chipset/block/block.h
	$$(Q)for file in block i8259 pair window; do \
		$$(HOSTCC) -std=c11 -O3 $$(WARNINGS) -I$$(@D)/model -c $$(@D)/model/chipset/block/$$$$file.c -o $$(@D)/$$$$file.o || exit 1; \
	done
	$$(Q)$$(HOSTCC) -std=c11 -O3 $$(WARNINGS) -I. -c tests/unit/block_ops.c -o $$(@D)/block_ops.o
	$$(Q)rm -f $$@ && ar rcs $$@ $$(patsubst %,$$(@D)/%.o,block i8259 pair window block_ops)

$(patsubst %,$(RTL_BUILD)/$(2)/%,cosim signals wave picprobe): $(RTL_BUILD)/$(2)/%: tests/rtl/%.cc tests/rtl/device.cc $(6) $$(RTL_HEADERS) \
		$(RTL_BUILD)/$(2)/Vblock__ALL.a $(RTL_BUILD)/$(2)/model.a $$(patsubst %,$(RTL_BUILD)/runtime/%.o,$$(RTL_RUNTIME))
	$$(call say,HOSTCXX,$$@)
	$$(Q)$$(HOSTCXX) $$(RTL_CXXFLAGS) $$(WARNINGS) $(4) -I$$(@D)/model -I. -isystem $$(@D) \
		-isystem '$$(RTL_VERILATOR)/include' -isystem '$$(RTL_VERILATOR)/include/vltstd' \
		-o $$@ $$(filter %.cc,$$^) $$(filter %.a,$$^) $$(filter %.o,$$^) -pthread
endef
$(foreach config,$(RTL_CONFIGS),$(eval $(call rtl_config,$(config),$(config),$(RTL_SHORT),-DVM_COVERAGE=0 -DVM_TRACE=0,chipset/rtl)))
RTL_COVER    := --coverage-line --coverage-toggle
$(eval $(call rtl_config,16-16,coverage/1,$(RTL_SHORT) $(RTL_COVER),-DVM_COVERAGE=1 -DVM_TRACE=0,chipset/rtl))
$(eval $(call rtl_config,16-16,coverage/4,$(RTL_COVER),-DVM_COVERAGE=1 -DVM_TRACE=0,chipset/rtl))
$(eval $(call rtl_config,16-2,signals,--trace,-DVM_COVERAGE=0 -DVM_TRACE=1,chipset/rtl))

# The block behind its bus. $(1) directory, $(2) options of verilator, $(3) where the RTL is, $(4) one more source of the program
define rtl_bus
$(RTL_BUILD)/$(1)/Vwishbone__ALL.a: $$(patsubst chipset/rtl/%,$(3)/%,$$(RTL_FILES) chipset/rtl/wishbone.sv) | setup-rtl
	$$(call say,RTL,$(1))
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(RTL_VERILATE) --top wishbone $(2) -GBANKS=2 -CFLAGS -O3 $$^ >$$(@D)/verilator.log || \
		{ cat $$(@D)/verilator.log; exit 1; }
	$$(Q)touch $$@

$(RTL_BUILD)/$(1)/wishbone: tests/rtl/wishbone.cc $(4) $(RTL_BUILD)/$(1)/Vwishbone__ALL.a $(RTL_BUILD)/signals/model.a \
		$$(patsubst %,$(RTL_BUILD)/runtime/%.o,$$(RTL_RUNTIME))
	$$(call say,HOSTCXX,$$@)
	$$(Q)$$(HOSTCXX) $$(RTL_CXXFLAGS) $$(WARNINGS) -I$(RTL_BUILD)/signals/model -I. -isystem $$(@D) \
		-isystem '$$(RTL_VERILATOR)/include' -isystem '$$(RTL_VERILATOR)/include/vltstd' \
		-o $$@ $$(filter %.cc,$$^) $$(filter %.a,$$^) $$(filter %.o,$$^) -pthread
endef
$(eval $(call rtl_bus,wishbone,,chipset/rtl))

# The programs of the guest picprobe, as the unit tests and the guest play them.
RTL_PICPROBE := $(patsubst %,guests/picprobe/%.c,play random recorded)
$(RTL_BUILD)/picprobe.a: $(RTL_PICPROBE) guests/picprobe/picprobe.h | setup-rtl
	$(call say,HOSTCC,$@)
	$(Q)mkdir -p $(RTL_BUILD)/picprobe && rm -f $@
	$(Q)for file in $(RTL_PICPROBE); do \
		$(HOSTCC) -std=c11 -O3 $(WARNINGS) -I. -c $$file -o $(RTL_BUILD)/picprobe/$$(basename $$file .c).o || exit 1; \
	done
	$(Q)ar rcs $@ $(patsubst guests/%.c,$(RTL_BUILD)/%.o,$(RTL_PICPROBE))
$(RTL_BUILD)/16-16/picprobe: $(RTL_BUILD)/picprobe.a

# Bad input and the times, clock by clock.
rtl-signals: $(RTL_BUILD)/signals/signals
	$(Q)timeout 300 $<

rtl-corpus: $(RTL_BUILD)/16-16/cosim
	$(Q)timeout 300 $< --files $(sort $(wildcard tests/corpus/block/*))

rtl-wishbone: $(RTL_BUILD)/wishbone/wishbone
	$(Q)timeout 300 $<

rtl-picprobe: $(RTL_BUILD)/16-16/picprobe
	$(Q)timeout 300 $<

# The co-simulation and the proofs depend on these files and tools, and the co-simulation on its numbers. So each is played
# once for them, and its lines are shown again where nothing has changed since.
RTL_PLAYED := $(wildcard chipset/rtl/*.sv chipset/block/*.[ch] tests/rtl/* tests/unit/block_ops.[ch])

$(RTL_BUILD)/played-by: FORCE | setup-rtl
	$(Q)mkdir -p $(@D)
	$(Q){ verilator --version; yosys -V; $(HOSTCXX) --version; } >$@.new 2>&1 || { cat $@.new; exit 1; }
	$(Q)cmp -s $@.new $@ || cp $@.new $@

$(RTL_BUILD)/numbers: FORCE
	$(Q)mkdir -p $(@D)
	$(Q)echo '$(OPERATIONS) $(RTL_SEED)' | cmp -s - $@ || echo '$(OPERATIONS) $(RTL_SEED)' >$@

# $(1) the name, $(2) the commands, $(3) further files. A long run shows its progress.
define rtl_once
$(RTL_BUILD)/$(1).shown: $(RTL_PLAYED) $(RTL_BUILD)/played-by $(3)
	$$(Q)rm -f $$@.failed
	$$(Q){ ($(2)) || touch $$@.failed; } 2>&1 | tee $$@.new
	$$(Q)! [ -e $$@.failed ] && mv $$@.new $$@
	$$(Q)touch $$@.now

rtl-$(1): $(RTL_BUILD)/$(1).shown
	$$(Q)[ -e $$<.now ] && rm $$<.now || sed 's/$$$$/ (nothing has changed since)/' $$<
endef

$(eval $(call rtl_once,cosim,for config in $(filter-out 16-16,$(RTL_CONFIGS)); do \
		timeout 600 $(RTL_BUILD)/$$$$config/cosim --count $(RTL_FEW) --seed $(RTL_SEED) || exit 1; \
	done; \
	for program in $(RTL_DIFFERED); do \
		timeout 60 $(RTL_BUILD)/16-16/cosim --count 1 --program $$$$program || exit 1; \
	done; \
	timeout 86400 $(RTL_BUILD)/16-16/cosim --count $(OPERATIONS) --seed $(RTL_SEED),$(RTL_BUILD)/numbers $(patsubst %,$(RTL_BUILD)/%/cosim,$(RTL_CONFIGS))))
# The rules "nothing is lost", for sequences of any length: of the parts, and in `make prove` of the whole block.
RTL_PROVE := timeout 7200 $(PYTHON) tests/rtl/prove.py --build $(RTL_BUILD)/prove
$(eval $(call rtl_once,prove,$(RTL_PROVE) --quick))
$(eval $(call rtl_once,prove-deep,$(RTL_PROVE)-deep))
.PHONY: rtl-prove-deep
prove: rtl-prove rtl-prove-deep

# Lines and toggles of the co-simulation and of the tests of single clocks: a table, and the holes. Each hole has a reason in
# coverage.py. BUILD/rtl/coverage/annotated is the RTL with a count for each line.
RTL_COVERED  := 1000000
rtl-coverage: $(RTL_BUILD)/coverage/1/cosim $(RTL_BUILD)/coverage/4/signals
	@echo "  COVER   $(RTL_COVERED) operations and the tests of single clocks (a minute)"
	$(Q)$(RTL_BUILD)/coverage/1/cosim --count $(RTL_COVERED) --seed $(RTL_SEED) --coverage $(RTL_BUILD)/coverage/1.dat
	$(Q)$(RTL_BUILD)/coverage/4/signals $(RTL_BUILD)/coverage/4.dat >$(RTL_BUILD)/coverage/signals.log
	$(Q)verilator_coverage --annotate $(RTL_BUILD)/coverage/annotated --annotate-all $(RTL_BUILD)/coverage/1.dat \
		$(RTL_BUILD)/coverage/4.dat >/dev/null
	$(Q)$(PYTHON) tests/rtl/coverage.py $(RTL_BUILD)/coverage/1.dat $(RTL_BUILD)/coverage/4.dat

# All mutants are in one block; a number chooses (tests/rtl/mutants.py).
RTL_BROKEN := $(RTL_BUILD)/mutants/copy
$(patsubst chipset/rtl/%,$(RTL_BROKEN)/%,$(RTL_FILES) chipset/rtl/wishbone.sv) &: \
		$(RTL_FILES) chipset/rtl/wishbone.sv tests/rtl/mutants.py
	$(Q)$(PYTHON) tests/rtl/mutants.py --copy $(RTL_BROKEN)
RTL_LAX := -Wno-fatal -Wno-lint -Wno-style
$(eval $(call rtl_config,16-2,mutants/1,$(RTL_SHORT) $(RTL_LAX),-DVM_COVERAGE=0 -DVM_TRACE=0,$(RTL_BROKEN),tests/rtl/mutant_number.cc))
$(eval $(call rtl_config,16-2,mutants/4,$(RTL_LAX),-DVM_COVERAGE=0 -DVM_TRACE=0,$(RTL_BROKEN),tests/rtl/mutant_number.cc))
$(eval $(call rtl_bus,mutants/bus,$(RTL_LAX),$(RTL_BROKEN),tests/rtl/mutant_number.cc))
rtl-mutants: $(RTL_BUILD)/mutants/1/cosim $(RTL_BUILD)/mutants/4/signals $(RTL_BUILD)/mutants/bus/wishbone
	$(Q)cp $^ $(RTL_BUILD)/mutants
	$(Q)$(PYTHON) tests/rtl/mutants.py --programs $(RTL_BUILD)/mutants --jobs $(JOBS)

# What `make rtl` leaves out because of its time (docs/testing.md). emulators/hardware.mk has the mutants of the driver.
rtl-long: rtl-coverage rtl-mutants rtl-driver-mutants

# Whether each mutant's line is there once, and whether the RTL reads as the model does; needs no package.
rtl-mutants-check:
	$(Q)$(PYTHON) tests/rtl/mutants.py --check
	$(Q)$(PYTHON) tests/rtl/driver_mutants.py --check
	$(Q)$(PYTHON) tests/rtl/beside.py
check: rtl-mutants-check

# The cells of the block with so many banks, and the block with one bank placed and routed for an iCE40 HX8K. The shifts become
# gates before the synthesis: the SAT solver of Yosys's `share` takes ten times as long as all else for the pairs of shifts.
SYNTH_MHZ    ?= 33
SYNTH_BANKS  := 1 2 4 16
SYNTH_SHIFTS := t:$$shl t:$$shr t:$$sshl t:$$sshr t:$$shift t:$$shiftx
SYNTH_STATS  := $(patsubst %,$(RTL_BUILD)/synth/%.stat,$(SYNTH_BANKS))
synth: $(SYNTH_STATS) $(RTL_BUILD)/synth/route.log tests/rtl/synth.py
	$(Q)$(PYTHON) tests/rtl/synth.py $(SYNTH_STATS) $(RTL_BUILD)/synth/route.log

$(RTL_BUILD)/synth/%.json $(RTL_BUILD)/synth/%.stat: $(RTL_FILES) | setup-synth
	$(call say,SYNTH,16 lines and $* banks (a minute or more))
	$(Q)mkdir -p $(@D)
	$(Q)yosys -q -p 'read_verilog -sv $(RTL_FILES); chparam -set BANKS $* block; hierarchy -top block; proc; flatten; opt' \
		-p 'techmap -map +/techmap.v $(SYNTH_SHIFTS); opt; synth_ice40 -top block -json $(@D)/$*.json' \
		-p 'tee -q -o $(@D)/$*.part stat'
	$(Q)mv $(@D)/$*.part $(@D)/$*.stat

# The wide values of the window go through shift registers, because the package has fewer pins.
$(RTL_BUILD)/synth/pins.json: $(RTL_BUILD)/synth/1.json tests/rtl/pins.sv
	$(call say,SYNTH,pins)
	$(Q)yosys -q -p 'read_json $<; read_verilog -sv tests/rtl/pins.sv; synth_ice40 -top pins -json $@'

$(RTL_BUILD)/synth/route.log: $(RTL_BUILD)/synth/pins.json
	$(call say,ROUTE,16 lines and 1 bank on an iCE40 HX8K (some minutes))
	$(Q)nextpnr-ice40 --quiet --hx8k --package ct256 --json $< --freq $(SYNTH_MHZ) --timing-allow-fail \
		--pcf-allow-unconstrained --seed 1 --log $@.part
	$(Q)mv $@.part $@

# The way of one interrupt, for GTKWave and the like. The drawing of the documents has the same levels.
wave: $(RTL_BUILD)/signals/wave
	$(Q)$< $(RTL_BUILD)/wave.vcd
	$(Q)PYTHONPATH=scripts $(PYTHON) scripts/waveform.py --check $(RTL_BUILD)/wave.vcd docs/drawings/one-interrupt.wave
