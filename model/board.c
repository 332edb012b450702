/* SPDX-License-Identifier: MIT */
/** A modelled board's life, its frames, and what is told of them. */
#include "model/board_private.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void on_report(void *user, const struct umm_dma_report *report)
{
	struct model_board *board = user;
	umm_dma_report_text(report, board->why, board->why_size);
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
	int ret = model_board_open_area(board);
	for (unsigned i = 0; i < board->options.n_devices && ret == 0; i++)
		ret = model_board_open_device(board, i);
	return ret == 0 ? model_board_make_buffers(board) : ret;
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
			model_board_free_buffer(&board->edges[e].buffers[b]);
	for (unsigned i = 0; i < board->options.n_devices; i++)
		model_board_close_device(&board->devices[i]);
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
	struct board_job *job = context;
	model_display_run(&job->display);
	compare_screen(job->board, job->frame);
}

/* ---- the CPU's part ---- */

static void cpu_row(struct model_board *board, struct board_buffer *buffer, uint32_t y,
		    uint32_t *row, enum umm_access access)
{
	const struct model_picture *picture = &board->options.picture;
	uint64_t left = picture->width_px * sizeof(row[0]);
	uint8_t *bytes = (uint8_t *)row;
	struct umm_sg_cursor cursor;
	struct umm_range piece;
	umm_sg_seek(&cursor, &buffer->memory, y * picture->stride_bytes);
	for (; left > 0 && umm_sg_next(&cursor, left, &piece); left -= piece.size) {
		if (access == UMM_ACCESS_READ)
			model_cpu_read(board->machine, piece.start, bytes, piece.size);
		else
			model_cpu_write(board->machine, piece.start, bytes, piece.size);
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
static void cpu_works(struct model_board *board, uint64_t frame, struct board_buffer *in,
		      struct board_buffer *out)
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

static int begin(struct board_buffer *buffer, struct board_view *view, enum umm_access access)
{
	return umm_ownership_begin(&buffer->ownership, &view->agent, access, UMM_DMA_HERE);
}

static uint64_t submit(struct model_board *board, unsigned i, struct board_job *job)
{
	const void *device = &board->devices[i];
	if (i == 0)
		return model_machine_submit(board->machine, device, model_camera_run, &job->camera);
	if (i == n_edges(board))
		return model_machine_submit(board->machine, device, show, job);
	return model_machine_submit(board->machine, device, model_gpu_run, &job->gpu);
}

static struct board_job *prepare(struct model_board *board, unsigned i, uint64_t frame,
				 struct board_buffer *in, struct board_buffer *out)
{
	struct model_picture picture = board->options.picture;
	struct board_job *job = &board->jobs[i][frame % board->options.buffers];
	assert(in != NULL || out != NULL);
	job->board = board;
	job->frame = frame;
	if (in == NULL)
		job->camera = (struct model_camera){ out->producer.engine, picture, frame };
	else if (out == NULL)
		job->display = (struct model_display){ in->consumer.engine, picture, board->screen,
						       job->display.shown };
	else
		job->gpu = (struct model_gpu){ in->consumer.engine, out->producer.engine, picture };
	return job;
}

/* Ask device i for its part of a frame: `in` and `out` are NULL at the ends of the pipeline. */
static int ask(struct model_board *board, unsigned i, uint64_t frame, struct board_buffer *in,
	       struct board_buffer *out)
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

static struct board_buffer *buffer_of(struct model_board *board, unsigned edge, uint64_t frame)
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
			struct board_buffer *in = i > 0 ? buffer_of(board, i - 1, frame) : NULL;
			struct board_buffer *out =
				i < n_edges(board) ? buffer_of(board, i, frame) : NULL;
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
	const struct board_edge *edge = &board->edges[i];
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
	const struct board_device_state *device = &board->devices[i];
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
			report.intact &= model_board_frame_intact(board, i, address);
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
