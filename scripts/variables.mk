# SPDX-License-Identifier: BSD-2-Clause
#
# What the variables of make may be. The Makefile includes this file behind their defaults.
#
# Rule: a bad value ends make at once, by one line that has the variable, its value and what is
# allowed.

without_digits = $(subst 0,,$(subst 1,,$(subst 2,,$(subst 3,,$(subst 4,,$(subst 5,,$(subst \
	6,,$(subst 7,,$(subst 8,,$(subst 9,,$(1)))))))))))
one_word = $(filter 1,$(words $(1)))
is_whole = $(and $(call one_word,$(1)),$(if $(call without_digits,$(1)),,yes))
# With at most one point.
is_more_than_zero = $(and $(call one_word,$(1)),$(filter 1 2,$(words $(subst ., ,_$(1)_))),$(if \
	$(call without_digits,$(subst .,,$(1))),,yes),$(subst 0,,$(subst .,,$(1))))
# A whole number greater than 0, also as 1e9.
comma := ,
digits := 0 1 2 3 4 5 6 7 8 9
is_count = $(and $(call one_word,$(1)),$(filter 1 2,$(words $(subst e, ,$(1)))),$(filter $(addsuffix \
	%,$(digits)),$(1)),$(filter $(addprefix %,$(digits)),$(1)),$(if $(findstring ee,$(1))$(call \
	without_digits,$(subst e,,$(1))),,yes),$(subst 0,,$(firstword $(subst e, ,$(1)))))
in_range = $(shell [ '$(1)' -ge $(2) ] 2>/dev/null && [ '$(1)' -le $(3) ] 2>/dev/null && echo yes)

refuse = $(error $(1)=$($(1)): allowed is $(2))
# $(call check_whole,NAME,LOWEST,HIGHEST,UNIT)
check_whole = $(if $(and $(call is_whole,$($(1))),$(call in_range,$($(1)),$(2),$(3))),,$(call \
	refuse,$(1),a whole number from $(2) to $(3) ($(4))))
# $(call check_amount,NAME,UNIT)
check_amount = $(if $(call is_more_than_zero,$($(1))),,$(call \
	refuse,$(1),a number greater than 0 ($(2))))
# $(call check_word,NAME,WORDS)
check_word = $(if $(and $(call one_word,$($(1))),$(filter $(2),$($(1)))),,$(call \
	refuse,$(1),one of these words: $(2)))

PLATFORMS := auto kvm kvm-irqmux bochs bochs-irqmux bochs-rtl qemu qemu-irqmux qemu-rtl qemu-x2apic
BOARDS    := pc q35
FIRMWARES := bios uefi
IOMMUS    := intel amd
NESTED    := svm vmx
GUEST_SETS := linux linux+pulse bios
CHIPSETS  := auto irqmux pc soft apic
# The guests that have a configuration for a local APIC.
APIC_SETS := linux

ifeq ($(filter help,$(MAKECMDGOALS)),)
$(call check_word,PLATFORM,$(PLATFORMS))
$(call check_word,BOARD,$(BOARDS))
$(call check_word,FIRMWARE,$(FIRMWARES))
$(if $(IOMMU),$(call check_word,IOMMU,$(IOMMUS)))
$(if $(and $(VENDORS),$(if $(filter-out $(NESTED),$(VENDORS)),,yes)),,$(call refuse,VENDORS,some of these words: $(NESTED)))
$(if $(GUESTS),$(call check_word,GUESTS,$(GUEST_SETS)))
$(if $(CHIPSET),$(call check_word,CHIPSET,$(CHIPSETS)))
$(if $(filter apic,$(CHIPSET)),$(if $(filter-out $(APIC_SETS),$(GUESTS)),$(error GUESTS=$(GUESTS): \
	with CHIPSET=apic allowed is one of these words: $(APIC_SETS))))
$(if $(SECONDS),$(call check_whole,SECONDS,0,86400,seconds of the machine's time))
$(if $(TIMEOUT),$(call check_amount,TIMEOUT,seconds of your time))
$(call check_amount,MINUTES,minutes of your time)
$(call check_whole,MEMORY,32,65536,MiB)
$(call check_whole,IPS,1000000,1000000000,instructions per second)
$(call check_whole,JOBS,1,256,machines side by side)
$(call check_whole,SEED,0,2147483647,of the first run)
$(call check_whole,WAKEUPS,1,100000000,beside each load)
$(call check_whole,TIMES,0,1000,runs of each leg)
$(if $(FUZZ_SECONDS),$(call check_whole,FUZZ_SECONDS,1,86400,seconds of each fuzzer))
$(call check_word,COUNTS,0 1)
$(call check_word,VIEW,0 1)
$(if $(QUICK),$(call check_word,QUICK,0 1))
$(if $(FIGURES),$(call check_word,FIGURES,0 1))
$(if $(CONFIG),,$(call refuse,CONFIG,a file such as scripts/configs/default.cfg))
$(if $(OPERATIONS),$(if $(call is_count,$(OPERATIONS)),,$(call \
	refuse,OPERATIONS,a whole number greater than 0$(comma) such as 1e9)))
$(if $(RTL_SEED),$(call check_whole,RTL_SEED,0,2147483647,where the random operations start))
$(if $(SYNTH_MHZ),$(call check_whole,SYNTH_MHZ,1,1000,MHz that place and route is asked for))
$(if $(and $(call one_word,$(BUILD)),$(filter-out . .. /,$(BUILD))),,$(call \
	refuse,BUILD,a directory of its own whose path has no blank))
is_newlib = $(shell [ -f '$(1)/include/errno.h' ] && [ -f '$(1)/lib/libgeneral.a' ] && echo yes)
$(if $(filter-out undefined file,$(origin NEWLIB)),$(if $(call is_newlib,$(NEWLIB)),,$(call \
	refuse,NEWLIB,a directory that scripts/newlib.sh made: include/ and lib/ with libgeneral.a)))
endif
