/* SPDX-License-Identifier: MIT */
/**
 * Memory of a modelled board: the contiguous area, lent to a tenant while nobody needs it,
 * scattered pages, and the buffers of the edges made of one or the other.
 */
#include "model/board_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- the area ---- */

/* A page of the tenant tells its number in every line. */
static void fill_frame(struct model_board *board, uint32_t index, uint64_t address)
{
	for (uint64_t at = 0; at < MODEL_PAGE_BYTES; at += MODEL_LINE_BYTES)
		model_cpu_write(board->machine, address + at, &index, sizeof(index));
}

bool model_board_frame_intact(struct model_board *board, uint32_t index, uint64_t address)
{
	uint32_t seen;
	for (uint64_t at = 0; at < MODEL_PAGE_BYTES; at += MODEL_LINE_BYTES) {
		model_cpu_read(board->machine, address + at, &seen, sizeof(seen));
		if (seen != index)
			return false;
	}
	return true;
}

static int migrate(struct umm_tenant *tenant, uint32_t index, struct umm_range from,
		   struct umm_range to)
{
	const struct model_board *board = tenant->user;
	(void)index;
	model_dma_ops.copy(board->machine, to.start, from.start, from.size);
	return 0;
}

static void migrated(struct umm_tenant *tenant, uint32_t index, struct umm_range to)
{
	(void)tenant, (void)index, (void)to; /* the frame's address is all it knows */
}

static const struct umm_tenant_ops tenant_ops = { .migrate = migrate, .migrated = migrated };

/* Lend everything, then take back at random: the tenant lies everywhere. */
static int lend_area(struct model_board *board)
{
	uint32_t pages = (uint32_t)(board->options.contiguous_bytes / MODEL_PAGE_BYTES);
	uint32_t keep = (uint32_t)((uint64_t)pages * board->options.tenants_percent / 100);
	board->tenant_frames = calloc(pages + 1, sizeof(board->tenant_frames[0]));
	if (board->tenant_frames == NULL)
		return -ENOMEM;
	int ret = umm_tenant_init(&board->tenant, UMM_TENANT_MOVABLE, &tenant_ops,
				  board->tenant_frames, pages, board);
	if (ret == 0)
		ret = umm_area_join(&board->area, &board->tenant);
	for (uint32_t i = 0; i < pages && ret == 0 && keep > 0; i++)
		ret = umm_area_lend(&board->area, &board->tenant, i);
	while (ret == 0 && board->tenant.n_present > keep)
		umm_area_unlend(&board->area, &board->tenant,
				model_dice_below(&board->machine->dice, pages));
	for (uint32_t i = 0; i < pages && ret == 0; i++)
		if (board->tenant_frames[i].address != UMM_TENANT_NO_FRAME)
			fill_frame(board, i, board->tenant_frames[i].address);
	return ret;
}

int model_board_open_area(struct model_board *board)
{
	struct umm_range memory = board->options.memory;
	uint64_t bytes = board->options.contiguous_bytes;
	struct umm_region_config config = {
		.granule_bytes = MODEL_PAGE_BYTES,
		.max_runs = 256 + 3 * (uint32_t)(bytes / MODEL_PAGE_BYTES),
		.max_ranges = 1,
	};
	size_t needed = umm_region_memory(&config);
	board->area_memory = malloc(needed);
	if (board->area_memory == NULL)
		return -ENOMEM;
	int ret = umm_region_init(&board->region, &config, board->area_memory, needed);
	if (ret == 0)
		ret = umm_area_init(&board->area, &board->region, MODEL_PAGE_BYTES,
				    board->tenant_slots, 1);
	if (ret < 0 || bytes == 0)
		return ret;
	struct umm_range area = { memory.start + memory.size - bytes, bytes };
	model_memory_mark(&board->machine->memory, (struct umm_range){ area.start, area.size },
			  MODEL_PAGE_USED);
	ret = umm_region_add(&board->region, area);
	return ret < 0 ? ret : lend_area(board);
}

static const struct model_board_device *who_needs_one_run(const struct model_board *board,
							  unsigned edge)
{
	for (unsigned i = edge; i <= edge + 1; i++)
		if (board->options.devices[i].contiguous && !board->options.devices[i].iommu)
			return &board->options.devices[i];
	return NULL;
}

/* The highest byte that both devices of an edge reach by themselves. */
static uint64_t reached_by_both(const struct model_board *board, unsigned edge)
{
	uint64_t max = UINT64_MAX;
	for (unsigned i = edge; i <= edge + 1; i++)
		if (!board->options.devices[i].iommu && !board->options.devices[i].cpu &&
		    board->options.devices[i].limits.mask < max)
			max = board->options.devices[i].limits.mask;
	return max;
}

/* What is to be had: bytes for whom, below what. */
struct wish {
	const char *device; /* that needs one run; NULL: the heap gives it anyway */
	uint64_t size_bytes, max_address;
	bool contiguous;
};

static int say_no_run(struct model_board *board, const struct wish *wish)
{
	struct umm_region_stats stats;
	umm_region_get_stats(&board->region, &stats);
	snprintf(
		board->why, board->why_size,
		"%s%s%s needs each buffer in one run of %llu bytes that ends at "
		"0x%llx at most; of the %llu bytes of contiguous memory %llu are free (the largest "
		"run has %llu), and %llu are lent to tenants that would have to find room "
		"elsewhere in it",
		wish->device != NULL ? "'" : "", wish->device != NULL ? wish->device : "the heap",
		wish->device != NULL ? "' has no IOMMU and" : "",
		(unsigned long long)wish->size_bytes, (unsigned long long)wish->max_address,
		(unsigned long long)stats.total_bytes, (unsigned long long)stats.free_bytes,
		(unsigned long long)stats.largest_free_bytes,
		(unsigned long long)(board->tenant.n_present * MODEL_PAGE_BYTES));
	return -ENOSPC;
}

static void zero(struct model_board *board, struct umm_range run)
{
	static const uint8_t zeros[MODEL_PAGE_BYTES];
	for (uint64_t at = 0; at < run.size; at += MODEL_PAGE_BYTES)
		model_cpu_write(board->machine, run.start + at, zeros, MODEL_PAGE_BYTES);
}

static int take_run(struct model_board *board, const struct wish *wish, struct umm_sg *memory)
{
	struct umm_region_request request = {
		.size_bytes = wish->size_bytes,
		.max_address = wish->max_address,
	};
	struct umm_range run;
	struct umm_area_cost cost;
	int ret = umm_area_take(&board->area, &request, &run, &cost);
	board->moved_bytes += cost.moved_bytes;
	if (ret < 0)
		return say_no_run(board, wish);
	zero(board, run);
	return umm_sg_append(memory, run);
}

static int take_pages(struct model_board *board, const struct wish *wish, struct umm_sg *memory)
{
	uint32_t pages = (uint32_t)(wish->size_bytes / MODEL_PAGE_BYTES);
	int ret = model_machine_take_scattered(board->machine, pages, memory);
	if (ret == 0)
		return 0;
	snprintf(board->why, board->why_size, "the board's memory is used up");
	return -ENOSPC;
}

static int take_memory(struct model_board *board, const struct wish *wish,
		       struct board_buffer *buffer)
{
	uint32_t pages = (uint32_t)(wish->size_bytes / MODEL_PAGE_BYTES);
	buffer->runs = calloc(pages, sizeof(buffer->runs[0]));
	if (buffer->runs == NULL)
		return -ENOMEM;
	umm_sg_init(&buffer->memory, buffer->runs, pages);
	return wish->contiguous ? take_run(board, wish, &buffer->memory)
				: take_pages(board, wish, &buffer->memory);
}

/* ---- buffers ---- */

static int map_as(struct board_device_state *device, struct board_buffer *buffer,
		  struct board_view *view, const struct umm_dma_use *use)
{
	uint32_t capacity = buffer->memory.count + 1;
	view->segments = calloc(capacity, sizeof(view->segments[0]));
	if (view->segments == NULL)
		return -ENOMEM;
	umm_sg_init(&view->list, view->segments, capacity);
	int ret =
		umm_dma_map_buffer(&device->dma, &buffer->memory, use, &view->list, &view->mapping);
	if (ret < 0)
		return ret == -ENOMEM ? ret : -ENOSPC;
	view->agent.cached = device->what->limits.coherent;
	view->agent.mapping = view->mapping;
	model_engine_load(&view->engine, &device->hw, &view->list);
	return 0;
}

static int map_view(struct model_board *board, struct board_buffer *buffer, struct board_view *view,
		    unsigned i)
{
	struct board_device_state *device = &board->devices[i];
	view->agent = (struct umm_agent){ .name = device->what->name, .cached = true };
	if (device->what->cpu)
		return 0;
	struct umm_dma_use use = {
		.buffer = "picture",
		.site = UMM_DMA_HERE,
		.direction = view == &buffer->producer ? UMM_DMA_FROM_DEVICE : UMM_DMA_TO_DEVICE,
		.attributes = UMM_DMA_SKIP_SYNC | UMM_DMA_NO_COPIES,
	};
	int ret = map_as(device, buffer, view, &use);
	device->segments = view->list.count;
	return ret;
}

static int make_buffer(struct model_board *board, unsigned e, struct board_buffer *buffer)
{
	const struct model_board_device *needy = who_needs_one_run(board, e);
	struct wish wish = {
		.device = needy != NULL ? needy->name : NULL,
		.size_bytes = board->edges[e].layout.size_bytes,
		.max_address = reached_by_both(board, e),
		.contiguous = board->edges[e].contiguous,
	};
	buffer->picture = &board->edges[e].layout.picture;
	int ret = take_memory(board, &wish, buffer);
	if (ret < 0)
		return ret;
	struct umm_ownership_options options = {
		.name = "picture",
		.memory = &buffer->memory,
		.ops = &model_dma_ops,
		.machine = board->machine,
		.sink = &board->sink,
	};
	ret = umm_ownership_init(&buffer->ownership, &options);
	buffer->owned = ret == 0;
	if (ret == 0)
		ret = map_view(board, buffer, &buffer->producer, e);
	return ret == 0 ? map_view(board, buffer, &buffer->consumer, e + 1) : ret;
}

/* Only the codec touches its stream: mapped once, both ways, the caches are done with then. */
static int make_stream(struct model_board *board, unsigned i)
{
	struct board_device_state *device = &board->devices[i];
	bool one_run = device->what->contiguous && !device->what->iommu;
	struct wish wish = {
		.device = device->what->name,
		.size_bytes = device->stream_bytes,
		.max_address = device->what->iommu ? UINT64_MAX : device->what->limits.mask,
		.contiguous = one_run,
	};
	struct umm_dma_use use = {
		.buffer = "stream",
		.site = UMM_DMA_HERE,
		.direction = UMM_DMA_BIDIRECTIONAL,
		.attributes = UMM_DMA_NO_COPIES,
	};
	device->stream = calloc(1, sizeof(*device->stream));
	if (device->stream == NULL)
		return -ENOMEM;
	int ret = take_memory(board, &wish, device->stream);
	return ret < 0 ? ret : map_as(device, device->stream, &device->stream->producer, &use);
}

int model_board_make_buffers(struct model_board *board)
{
	int ret = 0;
	for (unsigned e = 0; e < n_edges(board); e++) {
		struct board_edge *edge = &board->edges[e];
		edge->contiguous = edge->layout.contiguous || who_needs_one_run(board, e) != NULL;
		for (unsigned b = 0; b < edge->layout.buffers && ret == 0; b++)
			ret = make_buffer(board, e, &edge->buffers[b]);
	}
	for (unsigned i = 1; i < n_edges(board) && ret == 0; i++)
		if (board->devices[i].what->codec)
			ret = make_stream(board, i);
	return ret;
}

static void free_view(struct board_view *view)
{
	struct umm_dma_use use = { .buffer = "picture", .site = UMM_DMA_HERE };
	if (view->mapping != NULL) {
		use.direction = view->mapping->direction;
		umm_dma_unmap_buffer(view->mapping, &use);
	}
	free(view->segments);
}

void model_board_free_buffer(struct board_buffer *buffer)
{
	if (buffer->owned)
		umm_ownership_finish(&buffer->ownership);
	free_view(&buffer->producer);
	free_view(&buffer->consumer);
	free(buffer->runs);
}
