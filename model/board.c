/* SPDX-License-Identifier: MIT */
#include "model/board.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/dma_iova.h"
#include "core/tenant.h"
#include "model/backend.h"

#define IOVA_START UINT64_C(0x10000000)
#define IOVA_RUNS  64

/* ---- what a board is made of ---- */

struct device {
	const struct model_board_device *what;
	struct model_device hw;
	struct model_iommu mmu;
	struct umm_iova iova;
	struct umm_iova_cache addresses;
	struct umm_dma_iommu iommu;
	struct umm_dma_device dma;
	bool has_mmu, has_dma;
	void *books, *iova_memory;
	unsigned segments; /* of one buffer */
};

struct view { /* of a buffer, by one of the two devices of its edge */
	struct umm_dma_mapping *mapping;
	struct umm_agent agent;
	struct umm_run *segments;
	struct umm_sg list;
	struct model_engine engine;
};

struct buffer {
	struct umm_run *runs;
	struct umm_sg memory;
	struct umm_ownership ownership;
	bool owned;
	struct view producer, consumer;
};

struct edge {
	bool contiguous;
	struct buffer buffers[MODEL_BOARD_BUFFERS];
};

/* What is asked of a device for a frame; as many as buffers, since a buffer's next frame waits. */
struct job {
	struct model_camera camera;
	struct model_gpu gpu;
	struct model_display display;
	struct model_board *board;
	uint64_t frame;
};

struct model_board {
	struct model_board_options options;
	struct model_machine *machine;
	struct device devices[MODEL_BOARD_DEVICES];
	struct edge edges[MODEL_BOARD_DEVICES - 1];
	struct job jobs[MODEL_BOARD_DEVICES][MODEL_BOARD_BUFFERS];
	struct umm_region region; /* of the contiguous area */
	struct umm_area area;
	void *area_memory;
	struct umm_tenant *tenant_slots[1];
	struct umm_tenant tenant;
	struct umm_tenant_frame *tenant_frames;
	uint64_t moved_bytes;
	struct umm_dma_sink sink;
	uint32_t *screen;
	uint64_t buffer_bytes;
	int64_t wrong_frames;
	char *why; /* where the last report is told */
	size_t why_size;
};

static unsigned n_edges(const struct model_board *board)
{
	return board->options.n_devices - 1;
}

static void on_report(void *user, const struct umm_dma_report *report)
{
	struct model_board *board = user;
	umm_dma_report_text(report, board->why, board->why_size);
}

/* ---- devices ---- */

static int open_addresses(struct device *device)
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

static int open_iommu(struct model_board *board, struct device *device)
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

static int open_device(struct model_board *board, unsigned i)
{
	struct device *device = &board->devices[i];
	device->what = &board->options.devices[i];
	if (device->what->cpu)
		return 0;
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
	if (ret < 0)
		return ret;
	uint32_t pages = (uint32_t)(board->buffer_bytes / MODEL_PAGE_BYTES);
	struct umm_dma_options options = {
		.name = device->what->name,
		.limits = limits,
		.ops = &model_dma_ops,
		.machine = board->machine,
		.iommu = device->what->iommu ? &device->iommu : NULL,
		.bounce_policy = UMM_DMA_BOUNCE_FORBID,
		.sink = &board->sink,
		.max_mappings = 2 * MODEL_BOARD_BUFFERS,
		.max_pieces = 2 * MODEL_BOARD_BUFFERS * pages,
	};
	uint64_t bytes = umm_dma_device_bytes(&options);
	device->books = malloc(bytes);
	if (device->books == NULL)
		return -ENOMEM;
	ret = umm_dma_device_init(&device->dma, &options, device->books, bytes);
	device->has_dma = ret == 0;
	return ret;
}

static void close_device(struct device *device)
{
	if (device->has_dma)
		umm_dma_device_finish(&device->dma);
	if (device->has_mmu)
		model_iommu_finish(&device->mmu);
	free(device->books);
	free(device->iova_memory);
}

/* ---- memory ---- */

/* A page of the tenant tells its number in every line. */
static void fill_frame(struct model_board *board, uint32_t index, uint64_t address)
{
	for (uint64_t at = 0; at < MODEL_PAGE_BYTES; at += MODEL_LINE_BYTES)
		model_cpu_write(board->machine, address + at, &index, sizeof(index));
}

static bool frame_intact(struct model_board *board, uint32_t index, uint64_t address)
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

static int open_area(struct model_board *board)
{
	struct umm_run memory = board->options.memory;
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
	struct umm_range area = { memory.address + memory.size - bytes, bytes };
	model_memory_mark(&board->machine->memory, (struct umm_run){ area.start, area.size },
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

static int say_no_run(struct model_board *board, unsigned edge)
{
	struct umm_region_stats stats;
	umm_region_get_stats(&board->region, &stats);
	snprintf(
		board->why, board->why_size,
		"'%s' has no IOMMU and needs each buffer in one run of %llu bytes that ends at "
		"0x%llx at most; of the %llu bytes of contiguous memory %llu are free (the largest "
		"run has %llu), and %llu are lent to tenants that would have to find room "
		"elsewhere in it",
		who_needs_one_run(board, edge)->name, (unsigned long long)board->buffer_bytes,
		(unsigned long long)reached_by_both(board, edge),
		(unsigned long long)stats.total_bytes, (unsigned long long)stats.free_bytes,
		(unsigned long long)stats.largest_free_bytes,
		(unsigned long long)(board->tenant.n_present * MODEL_PAGE_BYTES));
	return -ENOSPC;
}

static void zero(struct model_board *board, struct umm_run run)
{
	static const uint8_t zeros[MODEL_PAGE_BYTES];
	for (uint64_t at = 0; at < run.size; at += MODEL_PAGE_BYTES)
		model_cpu_write(board->machine, run.address + at, zeros, MODEL_PAGE_BYTES);
}

static int take_run(struct model_board *board, unsigned edge, struct umm_sg *memory)
{
	struct umm_region_request request = {
		.size_bytes = board->buffer_bytes,
		.max_address = reached_by_both(board, edge),
	};
	struct umm_range range;
	struct umm_area_cost cost;
	int ret = umm_area_take(&board->area, &request, &range, &cost);
	board->moved_bytes += cost.moved_bytes;
	if (ret < 0)
		return say_no_run(board, edge);
	struct umm_run run = { range.start, range.size };
	zero(board, run);
	return umm_sg_append(memory, run);
}

static int take_pages(struct model_board *board, struct umm_sg *memory)
{
	uint32_t pages = (uint32_t)(board->buffer_bytes / MODEL_PAGE_BYTES);
	int ret = model_machine_take_scattered(board->machine, pages, memory);
	if (ret == 0)
		return 0;
	snprintf(board->why, board->why_size, "the board's memory is used up");
	return -ENOSPC;
}

/* ---- buffers ---- */

static int map_view(struct model_board *board, struct buffer *buffer, struct view *view, unsigned i)
{
	struct device *device = &board->devices[i];
	view->agent = (struct umm_agent){ .name = device->what->name, .cached = true };
	if (device->what->cpu)
		return 0;
	struct umm_dma_use use = {
		.buffer = "picture",
		.site = UMM_DMA_HERE,
		.direction = view == &buffer->producer ? UMM_DMA_FROM_DEVICE : UMM_DMA_TO_DEVICE,
		.attributes = UMM_DMA_SKIP_SYNC | UMM_DMA_NO_COPIES,
	};
	uint32_t capacity = buffer->memory.count + 1;
	view->segments = calloc(capacity, sizeof(view->segments[0]));
	if (view->segments == NULL)
		return -ENOMEM;
	umm_sg_init(&view->list, view->segments, capacity);
	int ret = umm_dma_map_buffer(&device->dma, &buffer->memory, &use, &view->list,
				     &view->mapping);
	if (ret < 0)
		return ret == -ENOMEM ? ret : -ENOSPC;
	view->agent.cached = device->what->limits.coherent;
	view->agent.mapping = view->mapping;
	model_engine_load(&view->engine, &device->hw, &view->list);
	device->segments = view->list.count;
	return 0;
}

static int make_buffer(struct model_board *board, unsigned e, struct buffer *buffer)
{
	uint32_t pages = (uint32_t)(board->buffer_bytes / MODEL_PAGE_BYTES);
	bool one_run = who_needs_one_run(board, e) != NULL;
	buffer->runs = calloc(pages, sizeof(buffer->runs[0]));
	if (buffer->runs == NULL)
		return -ENOMEM;
	umm_sg_init(&buffer->memory, buffer->runs, pages);
	int ret =
		one_run ? take_run(board, e, &buffer->memory) : take_pages(board, &buffer->memory);
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

static int make_buffers(struct model_board *board)
{
	for (unsigned e = 0; e < n_edges(board); e++) {
		board->edges[e].contiguous = who_needs_one_run(board, e) != NULL;
		for (unsigned b = 0; b < board->options.buffers; b++) {
			int ret = make_buffer(board, e, &board->edges[e].buffers[b]);
			if (ret < 0)
				return ret;
		}
	}
	return 0;
}

static void free_view(struct view *view)
{
	struct umm_dma_use use = { .buffer = "picture", .site = UMM_DMA_HERE };
	if (view->mapping != NULL) {
		use.direction = view->mapping->direction;
		umm_dma_unmap_buffer(view->mapping, &use);
	}
	free(view->segments);
}

static void free_buffer(struct buffer *buffer)
{
	if (buffer->owned)
		umm_ownership_finish(&buffer->ownership);
	free_view(&buffer->producer);
	free_view(&buffer->consumer);
	free(buffer->runs);
}

/* ---- life ---- */

static bool options_valid(const struct model_board_options *options)
{
	uint64_t inside = MODEL_PAGE_BYTES - 1;
	return options->n_devices >= 2 && options->n_devices <= MODEL_BOARD_DEVICES &&
	       options->buffers >= 1 && options->buffers <= MODEL_BOARD_BUFFERS &&
	       options->picture.width_px > 0 &&
	       options->picture.width_px <= MODEL_VIDEO_WIDTH_MAX &&
	       options->picture.height_px > 0 &&
	       options->picture.stride_bytes >= options->picture.width_px * UINT64_C(4) &&
	       (options->contiguous_bytes & inside) == 0 &&
	       options->contiguous_bytes < options->memory.size && options->tenants_percent <= 100;
}

static int open_all(struct model_board *board)
{
	struct model_machine_options machine = {
		.seed = board->options.seed,
		.banks = { board->options.memory },
		.n_banks = 1,
		.outer_cache = board->options.outer_cache,
	};
	const struct model_picture *picture = &board->options.picture;
	board->screen = calloc((size_t)picture->width_px * picture->height_px, sizeof(uint32_t));
	board->machine = model_machine_create(&machine);
	if (board->screen == NULL || board->machine == NULL)
		return -ENOMEM;
	int ret = open_area(board);
	for (unsigned i = 0; i < board->options.n_devices && ret == 0; i++)
		ret = open_device(board, i);
	return ret == 0 ? make_buffers(board) : ret;
}

int model_board_create(const struct model_board_options *options, struct model_board **out,
		       char *why, size_t why_size)
{
	if (!options_valid(options))
		return -EINVAL;
	struct model_board *board = calloc(1, sizeof(*board));
	if (board == NULL)
		return -ENOMEM;
	const struct model_picture *picture = &options->picture;
	uint64_t bytes = picture->stride_bytes * picture->height_px;
	board->options = *options;
	board->buffer_bytes = (bytes + MODEL_PAGE_BYTES - 1) & ~(MODEL_PAGE_BYTES - 1);
	board->sink = (struct umm_dma_sink){ .report = on_report, .user = board };
	board->why = why;
	board->why_size = why_size;
	why[0] = '\0';
	int ret = open_all(board);
	if (ret < 0) {
		model_board_destroy(board);
		return ret;
	}
	*out = board;
	return 0;
}

void model_board_destroy(struct model_board *board)
{
	char forgotten[8];
	if (board == NULL)
		return;
	board->why = forgotten;
	board->why_size = sizeof(forgotten);
	for (unsigned e = 0; e < n_edges(board); e++)
		for (unsigned b = 0; b < board->options.buffers; b++)
			free_buffer(&board->edges[e].buffers[b]);
	for (unsigned i = 0; i < board->options.n_devices; i++)
		close_device(&board->devices[i]);
	model_machine_destroy(board->machine);
	free(board->area_memory);
	free(board->tenant_frames);
	free(board->screen);
	free(board);
}

/* ---- frames ---- */

static uint32_t expected_pixel(const struct model_board *board, uint64_t frame, uint32_t x,
			       uint32_t y)
{
	uint32_t pixel = model_video_camera_pixel(frame, x, y);
	for (unsigned overlays = n_edges(board) - 1; overlays > 0; overlays--)
		pixel = model_video_overlay_pixel(&board->options.picture, pixel, x, y);
	return pixel;
}

static void compare_screen(struct model_board *board, uint64_t frame)
{
	const struct model_picture *picture = &board->options.picture;
	bool wrong = false;
	for (uint32_t y = 0; y < picture->height_px; y++)
		for (uint32_t x = 0; x < picture->width_px; x++)
			wrong |= board->screen[(size_t)y * picture->width_px + x] !=
				 expected_pixel(board, frame, x, y);
	board->wrong_frames += wrong;
}

static void show(void *context)
{
	struct job *job = context;
	model_display_run(&job->display);
	compare_screen(job->board, job->frame);
}

/* ---- the CPU's part ---- */

static void cpu_row(struct model_board *board, struct buffer *buffer, uint32_t y, uint32_t *row,
		    enum umm_access access)
{
	const struct model_picture *picture = &board->options.picture;
	uint64_t left = picture->width_px * sizeof(row[0]);
	uint8_t *bytes = (uint8_t *)row;
	struct umm_sg_cursor cursor;
	struct umm_run piece;
	umm_sg_seek(&cursor, &buffer->memory, y * picture->stride_bytes);
	for (; left > 0 && umm_sg_next(&cursor, left, &piece); left -= piece.size) {
		if (access == UMM_ACCESS_READ)
			model_cpu_read(board->machine, piece.address, bytes, piece.size);
		else
			model_cpu_write(board->machine, piece.address, bytes, piece.size);
		bytes += piece.size;
	}
}

static void make_row(struct model_board *board, uint64_t frame, uint32_t y, bool source,
		     uint32_t *row)
{
	const struct model_picture *picture = &board->options.picture;
	for (uint32_t x = 0; x < picture->width_px; x++)
		row[x] = source ? model_video_camera_pixel(frame, x, y)
				: model_video_overlay_pixel(picture, row[x], x, y);
}

/* Draw, lay over, or look, at once: a program has no fence. */
static void cpu_works(struct model_board *board, uint64_t frame, struct buffer *in,
		      struct buffer *out)
{
	const struct model_picture *picture = &board->options.picture;
	uint32_t row[MODEL_VIDEO_WIDTH_MAX];
	for (uint32_t y = 0; y < picture->height_px; y++) {
		uint32_t *to = out == NULL ? board->screen + (size_t)y * picture->width_px : row;
		if (in != NULL)
			cpu_row(board, in, y, to, UMM_ACCESS_READ);
		if (out == NULL)
			continue;
		make_row(board, frame, y, in == NULL, row);
		cpu_row(board, out, y, row, UMM_ACCESS_WRITE);
	}
	if (out == NULL)
		compare_screen(board, frame);
}

static int begin(struct buffer *buffer, struct view *view, enum umm_access access)
{
	return umm_ownership_begin(&buffer->ownership, &view->agent, access, UMM_DMA_HERE);
}

static uint64_t submit(struct model_board *board, unsigned i, struct job *job)
{
	const void *device = &board->devices[i];
	if (i == 0)
		return model_machine_submit(board->machine, device, model_camera_run, &job->camera);
	if (i == n_edges(board))
		return model_machine_submit(board->machine, device, show, job);
	return model_machine_submit(board->machine, device, model_gpu_run, &job->gpu);
}

static struct job *prepare(struct model_board *board, unsigned i, uint64_t frame, struct buffer *in,
			   struct buffer *out)
{
	struct model_picture picture = board->options.picture;
	struct job *job = &board->jobs[i][frame % board->options.buffers];
	job->board = board;
	job->frame = frame;
	if (i == 0)
		job->camera = (struct model_camera){ out->producer.engine, picture, frame };
	else if (out == NULL)
		job->display = (struct model_display){ in->consumer.engine, picture, board->screen,
						       job->display.shown };
	else
		job->gpu = (struct model_gpu){ in->consumer.engine, out->producer.engine, picture };
	return job;
}

/* Ask device i for its part of a frame: `in` and `out` are NULL at the ends of the pipeline. */
static int ask(struct model_board *board, unsigned i, uint64_t frame, struct buffer *in,
	       struct buffer *out)
{
	int ret = in != NULL ? begin(in, &in->consumer, UMM_ACCESS_READ) : 0;
	if (ret == 0 && out != NULL)
		ret = begin(out, &out->producer, UMM_ACCESS_WRITE);
	if (ret < 0)
		return ret;
	bool cpu = board->options.devices[i].cpu;
	uint64_t fence = cpu ? 0 : submit(board, i, prepare(board, i, frame, in, out));
	if (cpu)
		cpu_works(board, frame, in, out);
	if (in != NULL)
		umm_ownership_end(&in->ownership, &in->consumer.agent, fence, UMM_DMA_HERE);
	if (out != NULL)
		umm_ownership_end(&out->ownership, &out->producer.agent, fence, UMM_DMA_HERE);
	return cpu || fence != 0 ? 0 : -EAGAIN;
}

static struct buffer *buffer_of(struct model_board *board, unsigned edge, uint64_t frame)
{
	return &board->edges[edge].buffers[frame % board->options.buffers];
}

int64_t model_board_run(struct model_board *board, uint64_t frames, char *why, size_t why_size)
{
	board->why = why;
	board->why_size = why_size;
	why[0] = '\0';
	board->wrong_frames = 0;
	for (uint64_t frame = 0; frame < frames; frame++)
		for (unsigned i = 0; i < board->options.n_devices; i++) {
			struct buffer *in = i > 0 ? buffer_of(board, i - 1, frame) : NULL;
			struct buffer *out = i < n_edges(board) ? buffer_of(board, i, frame) : NULL;
			int ret = ask(board, i, frame, in, out);
			if (ret < 0)
				return ret;
			model_machine_tick(board->machine);
		}
	model_machine_finish_jobs(board->machine);
	return board->wrong_frames;
}

/* ---- reports ---- */

const uint32_t *model_board_screen(const struct model_board *board)
{
	return board->screen;
}

struct model_edge_report model_board_edge(const struct model_board *board, unsigned i)
{
	const struct edge *edge = &board->edges[i];
	struct model_edge_report report = {
		.contiguous = edge->contiguous,
		.buffers = board->options.buffers,
		.runs = edge->buffers[0].memory.count,
		.size_bytes = board->buffer_bytes,
		.first = edge->buffers[0].runs[0],
	};
	for (unsigned b = 0; b < board->options.buffers; b++) {
		const struct umm_ownership_stats *stats = &edge->buffers[b].ownership.stats;
		report.transitions += stats->transitions;
		report.cleaned_bytes += stats->cleaned_bytes;
		report.invalidated_bytes += stats->invalidated_bytes;
		report.waits += stats->waits;
	}
	return report;
}

struct model_device_report model_board_device(const struct model_board *board, unsigned i)
{
	const struct device *device = &board->devices[i];
	const struct umm_dma_stats *stats = &device->dma.stats;
	return (struct model_device_report){
		.mappings = device->dma.live,
		.segments = device->segments,
		.read_bytes = device->hw.read_bytes,
		.written_bytes = device->hw.written_bytes,
		.bounced_bytes = stats->bounced_in_bytes + stats->bounced_out_bytes,
		.faults = device->hw.faults,
		.iotlb_hits = device->mmu.hits,
		.iotlb_misses = device->mmu.misses,
	};
}

struct model_tenant_report model_board_tenant(struct model_board *board)
{
	struct model_tenant_report report = {
		.lent_bytes = board->tenant.n_present * MODEL_PAGE_BYTES,
		.moved_bytes = board->moved_bytes,
		.intact = true,
	};
	for (uint32_t i = 0; i < board->tenant.n_frames; i++) {
		uint64_t address = board->tenant_frames[i].address;
		if (address != UMM_TENANT_NO_FRAME)
			report.intact &= frame_intact(board, i, address);
	}
	return report;
}

struct model_cache_report model_board_caches(const struct model_board *board)
{
	const struct model_cache *inner = &board->machine->inner, *outer = &board->machine->outer;
	return (struct model_cache_report){
		.cleaned = inner->cleaned + outer->cleaned,
		.invalidated = inner->invalidated + outer->invalidated,
		.evicted = inner->evicted + outer->evicted,
		.prefetched = inner->prefetched + outer->prefetched,
	};
}
