# SPDX-License-Identifier: BSD-2-Clause
#
# The version that the banner and the command `version` show: the file VERSION, and the commit.
#
# Rule: where git cannot tell, because this is no checkout of its own, no commit is shown. Only one
# small file is compiled anew when the answer changes.

VERSION_COMMIT = $(shell [ "$$(git rev-parse --show-toplevel 2>/dev/null)" = "$$(pwd -P)" ] && \
	git --no-optional-locks describe --always --dirty --abbrev=12 2>/dev/null)
VERSION_WORDS = $(shell cat VERSION) $(VERSION_COMMIT)

# Looked at every time; the file changes only when the words do.
$(BUILD)/vmm/version.words: FORCE
	$(Q)mkdir -p $(@D)
	$(Q)words='$(VERSION_WORDS)'; echo "$$words" | cmp -s - $@ || echo "$$words" >$@

$(BUILD)/vmm/vmm/version.c.o: $(BUILD)/vmm/version.words
$(BUILD)/vmm/vmm/version.c.o: VMM_CFLAGS += -DSIGNALBOX_VERSION='"$(firstword $(VERSION_WORDS))"' \
	$(if $(VERSION_COMMIT),-DSIGNALBOX_COMMIT='" ($(VERSION_COMMIT))"')
