/* SPDX-License-Identifier: MIT */
/** What a device with a driver in user space demands, and where that is known from. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "device/driven.h"
#include "device/facts.h"
#include "os/cleanup.h"

UMM_DEFINE_AUTO(umm_constraints, umm_constraints_destroy)

/* The kernel knows nothing of what the bytes mean; what the driver wishes is all there is. */
static struct umm_format_demand format_of(const struct umm_driven *driven)
{
	struct umm_format_demand demand = {
		.formats = { driven->format },
		.any_format = driven->format == 0,
		.required_sizes = { driven->size },
		.handles = UMM_HANDLES_ONE,
	};
	return demand;
}

int umm_driven_constraints(void *state, const char *name, struct umm_constraints **out)
{
	const struct umm_driven *driven = state;
	umm_auto(umm_constraints, constraints) = NULL;
	struct umm_format_demand format = format_of(driven);
	int ret = umm_constraints_create(name, &constraints);
	if (ret == 0)
		ret = umm_constraints_set_usage(constraints, UMM_USAGE_DMA);
	if (ret == 0)
		ret = umm_constraints_set_buffers(constraints,
						  &(struct umm_buffer_demand){ .camping = 1 });
	if (ret == 0)
		ret = umm_constraints_set_memory(constraints, &driven->demand);
	if (ret == 0)
		ret = umm_constraints_add_format(constraints, &format);
	if (ret == 0)
		*out = umm_steal(constraints);
	return ret;
}

static json_t *hexadecimal(uint64_t value)
{
	return json_sprintf("0x%llx", (unsigned long long)value);
}

static json_t *imports(uint32_t classes)
{
	static const struct {
		enum umm_heap_class class;
		const char *name;
	} names[] = {
		{ UMM_HEAP_MEMFD, "memfd" },
		{ UMM_HEAP_UDMABUF, "udmabuf" },
		{ UMM_HEAP_HUGETLB, "hugetlb" },
	};
	json_t *list = json_array();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (classes & names[i].class)
			json_array_append_new(list, json_string(names[i].name));
	return list;
}

json_t *umm_driven_facts(const struct umm_driven *driven)
{
	const struct umm_pci *pci = &driven->pci;
	json_t *list = json_array();
	umm_fact_add(&list, "driver", json_string(umm_driven_driver(driven)),
		     "sysfs: which driver is bound");
	umm_fact_add(&list, "pci",
		     json_sprintf("%04x:%04x, class %06x", pci->vendor, pci->device, pci->class),
		     "sysfs: vendor, device, class");
	umm_fact_add(&list, "memory.iommu", json_boolean(driven->demand.iommu),
		     driven->demand.iommu ? "sysfs: it is in an IOMMU group"
					  : "sysfs: no IOMMU group that translates");
	umm_fact_add(&list, "memory.imports", imports(driven->demand.imports),
		     driven->demand.iommu ? "table: memory files can be pinned, mappings of "
					    "other dma-bufs cannot"
					  : "table: memory files whose pages stay in their place");
	umm_fact_add(&list, "memory.address.align",
		     json_integer((json_int_t)driven->demand.address_align_bytes),
		     driven->demand.iommu ? "driver: the smallest page of the IOMMU, as below"
					  : "table: a page");
	umm_fact_add(&list, "memory.address.max",
		     driven->address_max == UINT64_MAX ? json_null()
						       : hexadecimal(driven->address_max),
		     "nobody: no kernel tells what an engine reaches; its driver in user space "
		     "does");
	return list;
}
