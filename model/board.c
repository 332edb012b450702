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

/* The size of all pictures; their formats are the edges'. */
static const struct model_picture *picture_of(const struct model_board *board)
{
	return &board->edges[0].layout.picture;
}

/* ---- life ---- */

static uint64_t picture_bytes(const struct model_picture *picture)
{
	uint64_t luma = picture->stride_bytes * picture->height_px;
	uint64_t chroma = picture->chroma_offset_bytes +
			  picture->chroma_stride_bytes * ((picture->height_px + 1) / 2);
	return luma > chroma ? luma : chroma;
}

static bool picture_valid(const struct model_picture *picture)
{
	return model_pixels_known(picture->format) && picture->width_px > 0 &&
	       picture->width_px <= MODEL_VIDEO_WIDTH_MAX && picture->height_px > 0 &&
	       picture->stride_bytes >= model_pixels_row_bytes(picture);
}

/* All edges pass the same picture, each in its own way. */
static bool layouts_valid(const struct model_board_options *options)
{
	const struct model_picture *first = &options->edges[0].picture;
	bool valid = true;
	for (unsigned e = 0; e + 1 < options->n_devices; e++) {
		const struct model_board_layout *layout = &options->edges[e];
		valid &= picture_valid(&layout->picture) &&
			 layout->picture.width_px == first->width_px &&
			 layout->picture.height_px == first->height_px && layout->buffers >= 1 &&
			 layout->buffers <= MODEL_BOARD_BUFFERS &&
			 (layout->size_bytes == 0 ||
			  layout->size_bytes >= picture_bytes(&layout->picture));
	}
	return valid;
}

static bool options_valid(const struct model_board_options *options)
{
	uint64_t inside = MODEL_PAGE_BYTES - 1;
	return options->n_devices >= 2 && options->n_devices <= MODEL_BOARD_DEVICES &&
	       layouts_valid(options) && (options->contiguous_bytes & inside) == 0 &&
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
	const struct model_picture *picture = picture_of(board);
	board->screen = calloc((size_t)picture->width_px * picture->height_px, sizeof(uint32_t));
	board->machine = model_machine_create(&machine);
	if (board->screen == NULL || board->machine == NULL)
		return -ENOMEM;
	int ret = model_board_open_area(board);
	for (unsigned i = 0; i < board->options.n_devices && ret == 0; i++)
		ret = model_board_open_device(board, i);
	return ret == 0 ? model_board_make_buffers(board) : ret;
}

static struct model_board_layout whole_pages(const struct model_board_layout *layout)
{
	struct model_board_layout whole = *layout;
	if (whole.size_bytes == 0)
		whole.size_bytes = picture_bytes(&layout->picture);
	whole.size_bytes = (whole.size_bytes + MODEL_PAGE_BYTES - 1) & ~(MODEL_PAGE_BYTES - 1);
	return whole;
}

int model_board_create(const struct model_board_options *options, struct model_board **out,
		       char *why, size_t why_size)
{
	if (!options_valid(options))
		return -EINVAL;
	struct model_board *board = calloc(1, sizeof(*board));
	if (board == NULL)
		return -ENOMEM;
	board->options = *options;
	for (unsigned e = 0; e < n_edges(board); e++)
		board->edges[e].layout = whole_pages(&options->edges[e]);
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
		for (unsigned b = 0; b < MODEL_BOARD_BUFFERS; b++)
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

/* What must be on the screen: the same pixels through the same formats, without any memory. */
static void expected_band(const struct model_board *board, uint64_t frame, uint32_t y,
			  struct model_band *band)
{
	model_video_draw(picture_of(board), frame, y, band);
	for (unsigned e = 0; e < n_edges(board); e++) {
		model_pixels_round(&board->edges[e].layout.picture, band);
		if (e + 1 < n_edges(board) && !board->options.devices[e + 1].codec)
			model_video_overlay(picture_of(board), y, band);
	}
}

static void compare_screen(struct model_board *board, uint64_t frame)
{
	const struct model_picture *picture = picture_of(board);
	struct model_band band;
	bool wrong = false;
	for (uint32_t y = 0; y < picture->height_px; y += 2) {
		expected_band(board, frame, y, &band);
		for (unsigned i = 0; i < 2 && y + i < picture->height_px; i++)
			wrong |= memcmp(board->screen + (size_t)(y + i) * picture->width_px,
					band.rows[i], picture->width_px * sizeof(uint32_t)) != 0;
	}
	board->wrong_frames += wrong;
}

static void show(void *context)
{
	struct board_job *job = context;
	model_display_run(&job->display);
	compare_screen(job->board, job->frame);
}

/* ---- the CPU's part ---- */

static void cpu_bytes(struct model_board *board, struct board_buffer *buffer,
		      struct model_band_row row, enum umm_access access)
{
	struct umm_sg_cursor cursor;
	struct umm_range piece;
	umm_sg_seek(&cursor, &buffer->memory, row.offset);
	for (; row.size > 0 && umm_sg_next(&cursor, row.size, &piece); row.size -= piece.size) {
		if (access == UMM_ACCESS_READ)
			model_cpu_read(board->machine, piece.start, row.bytes, piece.size);
		else
			model_cpu_write(board->machine, piece.start, row.bytes, piece.size);
		row.bytes += piece.size;
	}
}

static void cpu_band(struct model_board *board, struct board_buffer *buffer, uint32_t y,
		     struct model_band *band, enum umm_access access)
{
	const struct model_picture *picture = buffer->picture;
	struct model_band_bytes bytes = { 0 };
	struct model_band_row rows[3];
	unsigned n = model_pixels_rows(picture, y, &bytes, rows);
	if (access == UMM_ACCESS_WRITE)
		model_pixels_pack(picture, band, &bytes);
	for (unsigned i = 0; i < n; i++)
		cpu_bytes(board, buffer, rows[i], access);
	if (access == UMM_ACCESS_READ)
		model_pixels_unpack(picture, &bytes, band);
}

static void put_on_screen(struct model_board *board, uint32_t y, const struct model_band *band)
{
	const struct model_picture *picture = picture_of(board);
	for (unsigned i = 0; i < 2 && y + i < picture->height_px; i++)
		memcpy(board->screen + (size_t)(y + i) * picture->width_px, band->rows[i],
		       picture->width_px * sizeof(uint32_t));
}

/* Draw, lay over, or look, at once: a program has no fence. */
static void cpu_works(struct model_board *board, uint64_t frame, struct board_buffer *in,
		      struct board_buffer *out)
{
	struct model_band band;
	for (uint32_t y = 0; y < picture_of(board)->height_px; y += 2) {
		if (in != NULL)
			cpu_band(board, in, y, &band, UMM_ACCESS_READ);
		else
			model_video_draw(picture_of(board), frame, y, &band);
		if (in != NULL && out != NULL)
			model_video_overlay(picture_of(board), y, &band);
		if (out != NULL)
			cpu_band(board, out, y, &band, UMM_ACCESS_WRITE);
		else
			put_on_screen(board, y, &band);
	}
	if (out == NULL)
		compare_screen(board, frame);
}

/* ---- the devices' part ---- */

static void transcode(void *context)
{
	struct board_job *job = context;
	model_codec_encode(&job->encoder);
	model_codec_decode(&job->decoder);
	job->device->stream_errors += job->encoder.errors + job->decoder.errors;
}

static int begin(struct board_buffer *buffer, struct board_view *view, enum umm_access access)
{
	return umm_ownership_begin(&buffer->ownership, &view->agent, access, UMM_DMA_HERE);
}

static uint64_t submit_once(struct model_board *board, unsigned i, struct board_job *job)
{
	const void *device = &board->devices[i];
	if (i == 0)
		return model_machine_submit(board->machine, device, model_camera_run, &job->camera);
	if (i == n_edges(board))
		return model_machine_submit(board->machine, device, show, job);
	if (board->options.devices[i].codec)
		return model_machine_submit(board->machine, device, transcode, job);
	return model_machine_submit(board->machine, device, model_gpu_run, &job->gpu);
}

/* So many jobs may wait; when there are more the pipeline has to. */
static uint64_t submit(struct model_board *board, unsigned i, struct board_job *job)
{
	uint64_t fence = submit_once(board, i, job);
	if (fence != 0)
		return fence;
	model_machine_finish_jobs(board->machine);
	return submit_once(board, i, job);
}

static struct board_job *prepare(struct model_board *board, unsigned i, uint64_t frame,
				 struct board_buffer *in, struct board_buffer *out)
{
	struct board_device_state *device = &board->devices[i];
	struct board_job *job = &board->jobs[i][frame % MODEL_BOARD_BUFFERS];
	assert(in != NULL || out != NULL);
	job->board = board;
	job->device = device;
	job->frame = frame;
	if (in == NULL) {
		job->camera = (struct model_camera){ out->producer.engine, *out->picture, frame };
	} else if (out == NULL) {
		job->display = (struct model_display){ in->consumer.engine, *in->picture,
						       board->screen, job->display.shown };
	} else if (device->stream != NULL) {
		job->encoder =
			(struct model_codec){ in->consumer.engine, device->stream->producer.engine,
					      *in->picture, device->stream_bytes, 0 };
		job->decoder =
			(struct model_codec){ out->producer.engine, device->stream->producer.engine,
					      *out->picture, device->stream_bytes, 0 };
	} else {
		job->gpu = (struct model_gpu){ in->consumer.engine, out->producer.engine,
					       *in->picture, *out->picture };
	}
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
	return &board->edges[edge].buffers[frame % board->edges[edge].layout.buffers];
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
		.buffers = edge->layout.buffers,
		.runs = edge->buffers[0].memory.count,
		.size_bytes = edge->layout.size_bytes,
		.first = edge->buffers[0].runs[0],
	};
	for (unsigned b = 0; b < edge->layout.buffers; b++) {
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
		.stream_errors = device->stream_errors,
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
