/* SPDX-License-Identifier: MIT */
/** The devices of a modelled board, each with its IOMMU, its addresses and its books. */
#include "model/board_private.h"

#include <errno.h>
#include <stdlib.h>

#define IOVA_START UINT64_C(0x10000000)
#define IOVA_RUNS  (2 * MODEL_BOARD_BUFFERS + 8)

static int open_addresses(struct board_device_state *device)
{
	struct umm_iova_config config = {
		.granule_bytes = MODEL_PAGE_BYTES,
		.max_runs = IOVA_RUNS,
		.max_apertures = 1,
	};
	size_t space = umm_iova_memory(&config), cache = umm_iova_cache_memory(&config);
	space = (space + 63) & ~(size_t)63;
	device->iova_memory = malloc(space + cache + 64);
	if (device->iova_memory == NULL)
		return -ENOMEM;
	int ret = umm_iova_init(&device->iova, &config, device->iova_memory, space);
	struct umm_range aperture = { IOVA_START, UINT64_C(1) << 30 };
	if (ret == 0)
		ret = umm_iova_add(&device->iova, aperture);
	if (ret == 0)
		ret = umm_iova_cache_init(&device->addresses, &device->iova,
					  (char *)device->iova_memory + space, cache + 64);
	return ret;
}

static int open_iommu(struct model_board *board, struct board_device_state *device)
{
	int ret = open_addresses(device);
	if (ret == 0)
		ret = model_iommu_init(&device->mmu, board->machine, true);
	if (ret < 0)
		return ret;
	device->has_mmu = true;
	device->hw.iommu = &device->mmu;
	device->iommu = (struct umm_dma_iommu){
		.page_sizes = MODEL_PAGE_BYTES | MODEL_BLOCK_BYTES,
		.aperture = { IOVA_START, UINT64_C(1) << 30 },
		.iova_ops = &umm_dma_iova_cache_ops,
		.iova_space = &device->addresses,
		.iommu = &device->mmu,
	};
	return 0;
}

/* The register behind a limit has whole bits. */
static uint64_t register_mask(uint64_t max)
{
	uint64_t mask = 1;
	while (mask < max)
		mask = mask << 1 | 1;
	return mask;
}

static uint64_t stream_bytes(const struct model_board *board, unsigned i)
{
	if (!board->options.devices[i].codec || i == 0)
		return 0;
	uint64_t bytes = model_codec_stream_bytes(&board->edges[i - 1].layout.picture);
	return (bytes + MODEL_PAGE_BYTES - 1) & ~(MODEL_PAGE_BYTES - 1);
}

static int open_dma(struct model_board *board, struct board_device_state *device,
		    struct umm_dma_limits limits, uint32_t pages)
{
	struct umm_dma_options options = {
		.name = device->what->name,
		.limits = limits,
		.ops = &model_dma_ops,
		.machine = board->machine,
		.iommu = device->what->iommu ? &device->iommu : NULL,
		.bounce_policy = UMM_DMA_BOUNCE_FORBID,
		.sink = &board->sink,
		.max_mappings = 2 * MODEL_BOARD_BUFFERS + 1,
		.max_pieces = (2 * MODEL_BOARD_BUFFERS + 1) * pages,
	};
	uint64_t bytes = umm_dma_device_bytes(&options);
	device->books = bytes <= SIZE_MAX ? malloc((size_t)bytes) : NULL;
	if (device->books == NULL)
		return -ENOMEM;
	int ret = umm_dma_device_init(&device->dma, &options, device->books, bytes);
	device->has_dma = ret == 0;
	return ret;
}

int model_board_open_device(struct model_board *board, unsigned i)
{
	struct board_device_state *device = &board->devices[i];
	device->what = &board->options.devices[i];
	if (device->what->cpu)
		return 0;
	device->stream_bytes = stream_bytes(board, i);
	struct umm_dma_limits limits = device->what->limits;
	if (device->what->contiguous && !device->what->iommu)
		limits.max_segments = 1;
	device->hw = (struct model_device){
		.name = device->what->name,
		.machine = board->machine,
		.limits = limits,
	};
	device->hw.limits.mask = register_mask(limits.mask);
	int ret = device->what->iommu ? open_iommu(board, device) : 0;
	return ret < 0 ? ret : open_dma(board, device, limits, board_pages_of(board, i));
}

void model_board_close_device(struct board_device_state *device)
{
	if (device->stream != NULL)
		model_board_free_buffer(device->stream);
	free(device->stream);
	if (device->has_dma)
		umm_dma_device_finish(&device->dma);
	if (device->has_mmu)
		model_iommu_finish(&device->mmu);
	free(device->books);
	free(device->iova_memory);
}
