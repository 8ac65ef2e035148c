# SPDX-License-Identifier: BSD-2-Clause
#
# The proofs of the chipset block's model (docs/proof.md): `make proof-check` is the part of `make check`, `make proof` what
# `make test` does beyond it, `make prove` all of it.
#
# Rule: each program prints a line for each thing that it shows, and fails by its status.

PROOF_MODEL  := chipset/block/block.c chipset/block/i8259.c chipset/block/pair.c chipset/block/window.c
PROOF_FUZZ   := tests/unit/fuzz_block.c tests/unit/block_ops.c tests/unit/naive_8259.c tests/unit/naive_block.c
PROOF_SEARCH := tests/proof/search.c tests/proof/ghost.c
PROOF_HEADERS := $(wildcard chipset/block/*.h tests/unit/*block*.h tests/unit/naive*.h tests/proof/*.h)
# As the VMM is compiled, for the host.
PROOF_CFLAGS := -std=c11 -D_POSIX_C_SOURCE=200809L -O2 -g -flto=auto $(WARNINGS) -I.
# How long an operation of the model may take, in sorts of 16 numbers (fuzz_block.c).
COST         ?= 0.30

$(BUILD)/proof/replay: $(PROOF_FUZZ) $(PROOF_MODEL) $(PROOF_HEADERS) | setup-check
	$(call say,HOSTLD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(HOSTCC) $(UNIT_CFLAGS) -o $@ $(filter %.c,$^)

$(BUILD)/proof/cost: $(PROOF_FUZZ) $(PROOF_MODEL) $(PROOF_HEADERS) | setup-check
	$(call say,HOSTLD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(HOSTCC) $(PROOF_CFLAGS) -o $@ $(filter %.c,$^)

$(BUILD)/proof/search: $(PROOF_SEARCH) $(PROOF_MODEL) $(PROOF_HEADERS) | setup-check
	$(call say,HOSTLD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(HOSTCC) $(PROOF_CFLAGS) -o $@ $(filter %.c,$^)

# The account of NMIs, all of whose states are few.
$(BUILD)/proof/account: tests/proof/account.c arch/x86/cpu/nmi_account.h | setup-check
	$(call say,HOSTLD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(HOSTCC) $(PROOF_CFLAGS) -o $@ $(filter %.c,$^)

proof-account: $(BUILD)/proof/account
	$(Q)timeout 60 $<

.PHONY: proof-account proof proof-check proof-replay proof-cost proof-search-check proof-search proof-claims proof-refute proof-mutants
proof-replay: $(BUILD)/proof/replay
	$(Q)timeout 60 $< --files $(sort $(wildcard tests/corpus/block/*))

proof-cost: $(BUILD)/proof/cost
	$(Q)timeout 60 $< --cost $(COST)

# Configuration and how many states it may visit: seconds here, a minute or so below.
proof-search-check: $(BUILD)/proof/search
	$(Q)timeout 120 $< master 100000
	$(Q)timeout 120 $< level 100000
	$(Q)timeout 120 $< banks 30000

# What follows depends on these files and tools alone. So each of the three is played once for them, and its lines are shown
# again where nothing has changed since.
PROOF_FILES  := $(wildcard chipset/block/*.[ch] tests/proof/*.[ch] tests/proof/*.py) tests/proof/proof.mk
PROVE        := timeout 3600 $(PYTHON) tests/proof/prove.py --build $(BUILD)/proof/claims

$(BUILD)/proof/tools: FORCE | setup-proof
	$(Q)mkdir -p $(@D)
	$(Q){ $(HOSTCC) --version; clang --version; opt --version; $(PYTHON) -c 'import sys, z3; print(sys.version, z3.get_version())'; } \
		>$@.new 2>&1 || { cat $@.new; exit 1; }
	$(Q)cmp -s $@.new $@ || cp $@.new $@

# $(1) the name, $(2) the commands, $(3) further files
define proof_once
$(BUILD)/proof/$(1).shown: $(PROOF_FILES) $(BUILD)/proof/tools $(3)
	$$(call say,PROOF,$(1))
	$$(Q)($(2)) >$$@.new 2>&1 || { cat $$@.new; exit 1; }
	$$(Q)mv $$@.new $$@

proof-$(1): $(BUILD)/proof/$(1).shown
	$$(Q)cat $$<
endef

# $(1) configurations, and how many states each may visit
proof_searches = for searched in $(1); do \
	timeout 1800 $(BUILD)/proof/search $$$${searched%:*} $$$${searched\#*:} || exit 1; done
PROOF_CLAIMS := $(patsubst %,tests/proof/claims_%.c,8259 block state)

$(eval $(call proof_once,search,$(call proof_searches,slave:1000000 both:3000000 banks:1000000 three:700000),$(BUILD)/proof/search))
$(eval $(call proof_once,search-deep,$(call proof_searches,mixed:3000000 banks:5000000 three:5000000),$(BUILD)/proof/search))
$(eval $(call proof_once,claims,$(PROVE) --refute tests/proof/false_claims.c && $(PROVE) --quick $(PROOF_CLAIMS)))
$(eval $(call proof_once,claims-deep,$(PROVE)-deep $(PROOF_CLAIMS)))
$(eval $(call proof_once,mutants,timeout 3600 $(PYTHON) tests/proof/mutants.py --build '$(BUILD)/proof/mutants' --cc '$(HOSTCC)', \
	$(wildcard tests/unit/*.[ch])))

proof-refute: | setup-proof
	$(Q)$(PROVE) --refute tests/proof/false_claims.c

proof-check: proof-replay proof-cost proof-account proof-search-check
proof: proof-search proof-claims proof-mutants
# What `make test` plays in part, to the full depth.
.PHONY: prove proof-search-deep proof-claims-deep
prove: proof proof-search-deep proof-claims-deep
check: proof-check
test: proof
