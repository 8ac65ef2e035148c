/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Modules for a VM. See the header for the rule.
 */
#include "vmm/vm_files.h"

#include "arch/x86/log/log.h"
#include "vmm/core/vm.h"

#include <errno.h>
#include <string.h>

/* The modules' lines, for the VM that is being made. */
static struct of_config found[LOAD_FILES_MAX];

static unsigned module_count(const struct multiboot_info *info)
{
	return info->flags & MULTIBOOT_INFO_MODS ? info->mods_count : 0;
}

static const struct multiboot_module *module_at(const struct multiboot_info *info, unsigned i)
{
	return (const struct multiboot_module *)(uint64_t)info->mods_addr + i;
}

const char *vm_files_line(const struct multiboot_module *module)
{
	return module->string ? (const char *)(uint64_t)module->string : "";
}

bool vm_files_is_file(const struct multiboot_module *module)
{
	return config_is_of(vm_files_line(module));
}

int vm_files_find(const struct multiboot_info *info, const struct vm_config *vm,
                  struct load_source *source)
{
	char text[256];

	for (unsigned i = 0; i < module_count(info); i++) {
		const struct multiboot_module *module = module_at(info, i);
		struct of_config of;
		if (!vm_files_is_file(module))
			continue;
		int error = config_parse_of(i + 1, vm_files_line(module), &of, text, sizeof(text));
		if (strcmp(of.vm, vm->name) != 0)
			continue;
		if (error != 0) {
			log_line("vm %s: not started, because its module %u is refused", vm->name,
			         i + 1);
			return -EINVAL;
		}
		if (source->file_count == LOAD_FILES_MAX) {
			log_line("vm %s: more than %d modules (of=%s)", vm->name, LOAD_FILES_MAX,
			         vm->name);
			return -EINVAL;
		}
		found[source->file_count] = of;
		source->file[source->file_count] = (struct load_file){
			(const void *)(uint64_t)module->start, module->end - module->start,
			found[source->file_count].line
		};
		source->file_count++;
	}
	return 0;
}

unsigned vm_files_without_vm(const struct multiboot_info *info)
{
	unsigned refused = 0;
	char text[256];

	for (unsigned i = 0; i < module_count(info); i++) {
		struct of_config of;
		if (!vm_files_is_file(module_at(info, i)))
			continue;
		if (config_parse_of(i + 1, vm_files_line(module_at(info, i)), &of, text,
		                    sizeof(text)) != 0) {
			log_line("%s", text);
			refused++;
		} else if (vm_find(of.vm) == NULL) {
			log_line("module %u: of=%s: "
			         "there is no VM of this name, or the VM was refused",
			         i + 1, of.vm);
			refused++;
		}
	}
	return refused;
}
