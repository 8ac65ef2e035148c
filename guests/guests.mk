# SPDX-License-Identifier: BSD-2-Clause
#
# The guests: $(BUILD)/guests/NAME is what a multiboot loader takes (32-bit ELF), NAME.elf the same with symbols.
# Of the includer: BUILD CC OBJCOPY NEWLIB CFLAGS_MACHINE LDFLAGS_MACHINE LIBGCC Q say, and NEWLIB_STAMP where newlib is built.
#
# Rule: each directory of guests/ with sources in it is a guest, but for guests/lib. A guest is every
# source of its own directory and of guests/lib.

GUEST_NAMES := $(filter-out lib,$(sort $(patsubst guests/%/,%,$(dir $(wildcard guests/*/*.[cS])))))

guest_sources  = $(sort $(wildcard guests/$(1)/*.[cS]))
guest_objects  = $(patsubst guests/%,$(BUILD)/guests/obj/%.o,$(call guest_sources,$(1)))
# Vector instructions stay in registers.S: interrupt handlers are the shorter for it.
GUEST_CFLAGS   = $(CFLAGS_MACHINE) -fno-tree-vectorize -fno-tree-slp-vectorize
GUEST_LIB     := $(call guest_objects,lib)

$(BUILD)/guests/obj/%.c.o: guests/%.c guests/guests.mk $(NEWLIB_STAMP)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(GUEST_CFLAGS) -c $< -o $@

$(BUILD)/guests/obj/%.S.o: guests/%.S guests/guests.mk $(NEWLIB_STAMP)
	$(call say,AS,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(GUEST_CFLAGS) -c $< -o $@

define guest_rules
$(BUILD)/guests/$(1).elf: $(call guest_objects,$(1)) $(GUEST_LIB) guests/lib/guest.ld
	$$(call say,LD,$$@)
	$$(Q)$$(CC) $$(LDFLAGS_MACHINE) -T guests/lib/guest.ld -o $$@ $$(filter %.o,$$^) \
		'$$(NEWLIB)/lib/libc.a' $$(LIBGCC)

$(BUILD)/guests/$(1): $(BUILD)/guests/$(1).elf
	$$(call say,OBJCOPY,$$@)
	$$(Q)$$(OBJCOPY) --strip-all -O elf32-i386 $$< $$@

-include $(patsubst %.o,%.d,$(call guest_objects,$(1)))
endef
$(foreach guest,$(GUEST_NAMES),$(eval $(call guest_rules,$(guest))))
-include $(patsubst %.o,%.d,$(GUEST_LIB))
