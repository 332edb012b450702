/* SPDX-License-Identifier: MIT */
#include "tests/unit/rig.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- who listens ---- */

static void on_report(void *user, const struct umm_dma_report *report)
{
	struct rig *rig = user;
	rig->reports[report->fault]++;
	rig->n_reports++;
	rig->last = *report;
	umm_dma_report_text(report, rig->last_text, sizeof(rig->last_text));
}

static void on_bounce(void *user, const char *device, const char *buffer, uint64_t bytes)
{
	struct rig *rig = user;
	rig->bounced_bytes += bytes;
	rig->bounced_device = device;
	rig->bounced_buffer = buffer;
}

bool rig_open(struct rig *rig, struct rig_chance chance)
{
	struct model_machine_options options = {
		.seed = chance.seed,
		.banks = { { RIG_LOW, RIG_LOW_SIZE }, { RIG_HIGH, RIG_HIGH_SIZE } },
		.n_banks = 2,
		.outer_cache = chance.outer_cache,
		.quiet = chance.quiet,
	};
	*rig = (struct rig){ .sink = { on_report, on_bounce, rig }, .state = chance.seed * 2 + 1 };
	rig->machine = model_machine_create(&options);
	return rig->machine != NULL;
}

void rig_close(struct rig *rig)
{
	model_machine_destroy(rig->machine);
}

uint32_t rig_below(struct rig *rig, uint32_t n)
{
	struct model_dice dice = { rig->state };
	uint32_t value = model_dice_below(&dice, n);
	rig->state = dice.state;
	return value;
}

/* ---- device addresses ---- */

static bool iova_free(const struct rig_iova *iova, uint32_t page, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		if (page + i >= iova->n_pages || iova->taken[page + i])
			return false;
	return true;
}

static int iova_take(void *space, const struct umm_dma_iova_want *want, struct umm_range *range)
{
	struct rig_iova *iova = space;
	uint64_t n = want->size_bytes / MODEL_PAGE_BYTES;
	for (uint32_t i = 0; i < iova->n_pages; i++) {
		uint32_t page = iova->top_down ? iova->n_pages - 1 - i : i;
		uint64_t at = iova->start + page * MODEL_PAGE_BYTES;
		if ((at & (want->align_bytes - 1)) != 0 || !iova_free(iova, page, n) ||
		    at + want->size_bytes - 1 > want->address_max)
			continue;
		memset(iova->taken + page, 1, (size_t)n);
		iova->takes++;
		*range = (struct umm_range){ at, want->size_bytes };
		return 0;
	}
	return -ENOSPC;
}

static void iova_give(void *space, struct umm_range range)
{
	struct rig_iova *iova = space;
	uint64_t page = (range.start - iova->start) / MODEL_PAGE_BYTES;
	for (uint64_t i = 0; i < range.size / MODEL_PAGE_BYTES; i++) {
		if (page + i >= iova->n_pages || iova->taken[page + i] != 1)
			iova->bad_gives++;
		else
			iova->taken[page + i] = 0;
	}
	iova->gives++;
}

static int iova_reserve(void *space, struct umm_range window)
{
	struct rig_iova *iova = space;
	for (uint32_t page = 0; page < iova->n_pages; page++) {
		struct umm_range at = { iova->start + page * MODEL_PAGE_BYTES, MODEL_PAGE_BYTES };
		if (umm_range_overlaps(at, window))
			iova->taken[page] = 2;
	}
	return 0;
}

const struct umm_dma_iova_ops rig_iova_ops = { iova_take, iova_give, iova_reserve };

/* ---- devices ---- */

static uint64_t or_else(uint64_t value, uint64_t otherwise)
{
	return value != 0 ? value : otherwise;
}

static bool add_iommu(struct rig_device *device, const struct rig_config *config)
{
	if (model_iommu_init(&device->mmu, device->rig->machine, config->blocks) < 0)
		return false;
	device->hw.iommu = &device->mmu;
	device->iova = (struct rig_iova){
		.start = or_else(config->iova_start, 0x100000),
		.n_pages = (uint32_t)or_else(config->iova_pages, RIG_IOVA_PAGES),
		.top_down = config->top_down,
	};
	device->reserved = config->reserved;
	device->iommu = (struct umm_dma_iommu){
		.page_sizes = MODEL_PAGE_BYTES | (config->blocks ? MODEL_BLOCK_BYTES : 0),
		.aperture = { device->iova.start, device->iova.n_pages * MODEL_PAGE_BYTES },
		.reserved = &device->reserved,
		.n_reserved = config->reserved.size > 0,
		.iova_ops = &rig_iova_ops,
		.iova_space = &device->iova,
		.iommu = &device->mmu,
		.lazy = config->lazy,
	};
	device->options.iommu = &device->iommu;
	return true;
}

bool rig_device_reopen(struct rig_device *device)
{
	uint64_t bytes = umm_dma_device_bytes(&device->options);
	free(device->memory);
	device->memory = malloc((size_t)bytes);
	return device->memory != NULL &&
	       umm_dma_device_init(&device->dma, &device->options, device->memory, bytes) == 0;
}

bool rig_device_open(struct rig *rig, struct rig_device *device, const struct rig_config *config)
{
	struct umm_dma_limits limits = config->limits;
	limits.mask = or_else(limits.mask, RIG_MASK32);
	limits.coherent_mask = or_else(limits.coherent_mask, limits.mask);
	*device = (struct rig_device){ .rig = rig };
	device->hw = (struct model_device){
		.name = config->name,
		.machine = rig->machine,
		.limits = limits,
		.bus_offset = config->bus_offset,
		.doorbell = config->reserved,
	};
	device->options = (struct umm_dma_options){
		.name = config->name,
		.limits = limits,
		.ops = &model_dma_ops,
		.machine = rig->machine,
		.bus_offset = config->bus_offset,
		.bounce = config->bounce,
		.bounce_policy = config->policy,
		.checker = config->checked ? &rig->checker : NULL,
		.sink = &rig->sink,
		.max_mappings = (uint32_t)or_else(config->max_mappings, 64),
		.max_pieces = (uint32_t)or_else(config->max_pieces, 1024),
		.max_lazy = (uint32_t)or_else(config->max_lazy, 4),
	};
	if (config->iommu && !add_iommu(device, config))
		return false;
	return rig_device_reopen(device);
}

uint32_t rig_device_close(struct rig_device *device)
{
	uint32_t leaks = umm_dma_device_finish(&device->dma);
	if (device->hw.iommu != NULL)
		model_iommu_finish(&device->mmu);
	free(device->memory);
	return leaks;
}

/* ---- memory ---- */

bool rig_bounce_init(struct umm_bounce *pool, struct rig *rig, uint64_t address,
		     uint64_t size_bytes, uint8_t *metadata)
{
	model_memory_mark(&rig->machine->memory, (struct umm_range){ address, size_bytes },
			  MODEL_PAGE_USED);
	return umm_bounce_init(pool, (struct umm_range){ address, size_bytes }, 2048, metadata) ==
	       0;
}

uint64_t rig_take(struct rig *rig, uint64_t size_bytes, bool high)
{
	struct umm_dma_memory_want want = {
		.size_bytes = size_bytes,
		.align_bytes = MODEL_PAGE_BYTES,
		.address_max = RIG_MASK28,
	};
	uint64_t address = 0;
	if (high) { /* by taking the low bank out of the way */
		want.address_max = UINT64_MAX;
		struct model_memory upper = { .banks = { rig->machine->memory.banks[1] },
					      .n_banks = 1 };
		if (model_memory_take(&upper, size_bytes, MODEL_PAGE_BYTES, UINT64_MAX, &address))
			return 0;
		static const uint8_t zeros[MODEL_PAGE_BYTES];
		for (uint64_t at = 0; at < size_bytes; at += MODEL_PAGE_BYTES)
			model_cpu_write(rig->machine, address + at, zeros, MODEL_PAGE_BYTES);
		return address;
	}
	return model_machine_take(rig->machine, &want, &address) == 0 ? address : 0;
}

struct umm_dma_use rig_use(enum umm_dma_direction direction)
{
	return (struct umm_dma_use){ .buffer = "frame", .site = "rig.c:1", .direction = direction };
}
