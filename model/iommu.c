/* SPDX-License-Identifier: MIT */
#include "model/iommu.h"

#include <errno.h>
#include <string.h>

#define ENTRIES	   512u
#define LEVEL_BITS 9
#define ENTRY_LEAF UINT64_C(4)
#define DIRECTIONS UINT64_C(3) /* in bits 0 and 1 of a leaf */
#define ENTRY_NEXT UINT64_C(8) /* a table */

/* ---- tables ---- */

static int new_table(struct model_iommu *iommu, uint64_t *address)
{
	if (iommu->n_tables == MODEL_TABLES)
		return -ENOMEM;
	int ret = model_memory_take(&iommu->machine->memory, MODEL_PAGE_BYTES, MODEL_PAGE_BYTES,
				    UINT64_MAX, address);
	if (ret < 0)
		return ret;
	/* The tables are never cached: this machine's walker and its kernel agreed on that. */
	struct umm_range table = { *address, MODEL_PAGE_BYTES };
	model_cpu_invalidate(iommu->machine, table);
	model_cpu_set_uncached(iommu->machine, table, true);
	model_cpu_invalidate(iommu->machine, table);
	memset(model_memory_at(&iommu->machine->memory, table), 0, MODEL_PAGE_BYTES);
	iommu->tables[iommu->n_tables++] = *address;
	return 0;
}

static uint64_t *entries(const struct model_iommu *iommu, uint64_t table)
{
	return (uint64_t *)(void *)model_memory_at(&iommu->machine->memory,
						   (struct umm_range){ table, MODEL_PAGE_BYTES });
}

static unsigned shift_of(unsigned level)
{
	return 12 + LEVEL_BITS * (2 - level);
}

static uint64_t *entry_at(const struct model_iommu *iommu, uint64_t table, unsigned level,
			  uint64_t address)
{
	return &entries(iommu, table)[(address >> shift_of(level)) & (ENTRIES - 1)];
}

/* The entry for the address at that level, making tables on the way. */
static int descend(struct model_iommu *iommu, uint64_t address, unsigned to_level, uint64_t **out)
{
	uint64_t table = iommu->root;
	for (unsigned level = 0; level < to_level; level++) {
		uint64_t *entry = entry_at(iommu, table, level, address);
		if (*entry & ENTRY_LEAF)
			return -EEXIST;
		if (*entry == 0) {
			uint64_t next;
			int ret = new_table(iommu, &next);
			if (ret < 0)
				return ret;
			*entry = next | ENTRY_NEXT;
		}
		table = umm_align_down(*entry, MODEL_PAGE_BYTES);
	}
	*out = entry_at(iommu, table, to_level, address);
	return 0;
}

/* The leaf that translates the address, or NULL; *level is where. */
static uint64_t *walk(const struct model_iommu *iommu, uint64_t address, unsigned *level)
{
	uint64_t table = iommu->root;
	for (*level = 0; *level < 3; (*level)++) {
		uint64_t *entry = entry_at(iommu, table, *level, address);
		if (*entry & ENTRY_LEAF)
			return entry;
		if (*entry == 0)
			return NULL;
		table = umm_align_down(*entry, MODEL_PAGE_BYTES);
	}
	return NULL;
}

/* ---- the IOTLB ---- */

static const struct model_translation *load(struct model_iommu *iommu, uint64_t address)
{
	unsigned level;
	const uint64_t *leaf = walk(iommu, address, &level);
	if (leaf == NULL)
		return NULL;
	uint64_t size = level == 1 ? MODEL_BLOCK_BYTES : MODEL_PAGE_BYTES;
	struct model_translation *entry =
		&iommu->tlb[model_dice_below(&iommu->machine->dice, MODEL_IOTLB)];
	*entry = (struct model_translation){
		.device = { umm_align_down(address, size), size },
		.memory = umm_align_down(*leaf, MODEL_PAGE_BYTES),
		.directions = (unsigned)(*leaf & DIRECTIONS),
	};
	return entry;
}

/* Real ones walk ahead of their devices. */
static void look_ahead(struct model_iommu *iommu, uint64_t address)
{
	if (!iommu->machine->quiet && model_dice_one_in(&iommu->machine->dice, 4))
		load(iommu, address);
}

/* ---- map ---- */

static bool as_block(const struct model_iommu *iommu, uint64_t device, uint64_t memory,
		     uint64_t left)
{
	return iommu->blocks && ((device | memory) & (MODEL_BLOCK_BYTES - 1)) == 0 &&
	       left >= MODEL_BLOCK_BYTES;
}

static int map_one(struct model_iommu *iommu, uint64_t device, uint64_t memory, unsigned level,
		   unsigned directions)
{
	uint64_t *entry;
	int ret = descend(iommu, device, level, &entry);
	if (ret < 0)
		return ret;
	if (*entry != 0 && (level == 2 || (*entry & ENTRY_LEAF)))
		return -EEXIST;
	if (*entry != 0)
		return -EAGAIN; /* a table is there: map its pages one by one */
	*entry = memory | ENTRY_LEAF | directions;
	return 0;
}

int model_iommu_map(struct model_iommu *iommu, struct umm_range device, uint64_t memory,
		    unsigned directions)
{
	uint64_t inside = MODEL_PAGE_BYTES - 1, done = 0;
	if (!umm_range_valid(device) || ((device.start | device.size | memory) & inside) != 0 ||
	    umm_range_last(device) >> MODEL_IOMMU_BITS != 0)
		return -EINVAL;
	while (done < device.size) {
		uint64_t at = device.start + done, to = memory + done;
		bool block = as_block(iommu, at, to, device.size - done);
		int ret = block ? map_one(iommu, at, to, 1, directions) : -EAGAIN;
		if (ret == -EAGAIN) {
			block = false;
			ret = map_one(iommu, at, to, 2, directions);
		}
		if (ret < 0) {
			if (done > 0)
				model_iommu_unmap(iommu, (struct umm_range){ device.start, done });
			return ret;
		}
		look_ahead(iommu, at);
		done += block ? MODEL_BLOCK_BYTES : MODEL_PAGE_BYTES;
	}
	return 0;
}

void model_iommu_unmap(struct model_iommu *iommu, struct umm_range device)
{
	for (uint64_t done = 0; done < device.size;) {
		unsigned level;
		uint64_t *leaf = walk(iommu, device.start + done, &level);
		if (leaf != NULL)
			*leaf = 0;
		done += leaf != NULL && level == 1 ? MODEL_BLOCK_BYTES : MODEL_PAGE_BYTES;
	}
}

void model_iommu_flush(struct model_iommu *iommu, struct umm_range device)
{
	iommu->flushes++;
	for (unsigned i = 0; i < MODEL_IOTLB; i++) {
		struct model_translation *known = &iommu->tlb[i];
		if (known->device.size > 0 &&
		    (device.size == 0 || umm_range_overlaps(known->device, device)))
			known->device.size = 0;
	}
}

/* ---- translate ---- */

static const struct model_translation *look_up(const struct model_iommu *iommu, uint64_t address)
{
	for (unsigned i = 0; i < MODEL_IOTLB; i++) {
		const struct model_translation *known = &iommu->tlb[i];
		if (known->device.size > 0 &&
		    umm_range_contains(known->device, (struct umm_range){ address, 1 }))
			return known;
	}
	return NULL;
}

static bool fault(struct model_iommu *iommu, uint64_t address)
{
	iommu->faults++;
	iommu->fault_address = address;
	return false;
}

bool model_iommu_translate(struct model_iommu *iommu, uint64_t address, unsigned direction,
			   uint64_t *memory)
{
	if (address >> MODEL_IOMMU_BITS != 0)
		return fault(iommu, address);
	const struct model_translation *known = look_up(iommu, address);
	if (known != NULL) {
		iommu->hits++;
	} else {
		iommu->misses++;
		known = load(iommu, address);
	}
	if (known == NULL || (known->directions & direction) != direction)
		return fault(iommu, address);
	*memory = known->memory + (address - known->device.start);
	return true;
}

/* ---- life ---- */

int model_iommu_init(struct model_iommu *iommu, struct model_machine *machine, bool blocks)
{
	*iommu = (struct model_iommu){ .machine = machine, .blocks = blocks };
	return new_table(iommu, &iommu->root);
}

void model_iommu_finish(struct model_iommu *iommu)
{
	for (unsigned i = 0; i < iommu->n_tables; i++) {
		struct umm_range table = { iommu->tables[i], MODEL_PAGE_BYTES };
		model_cpu_set_uncached(iommu->machine, table, false);
		model_machine_give(iommu->machine, table);
	}
	iommu->n_tables = 0;
}
