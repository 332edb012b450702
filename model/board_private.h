/* SPDX-License-Identifier: MIT */
/** What a modelled board is made of, for the files of model/board. */
#ifndef UMM_MODEL_BOARD_PRIVATE_H
#define UMM_MODEL_BOARD_PRIVATE_H

#include "core/dma_iova.h"
#include "core/tenant.h"
#include "model/backend.h"
#include "model/board.h"

struct board_buffer;

struct board_device_state {
	const struct model_board_device *what;
	struct model_device hw;
	struct model_iommu mmu;
	struct umm_iova iova;
	struct umm_iova_cache addresses;
	struct umm_dma_iommu iommu;
	struct umm_dma_device dma;
	bool has_mmu, has_dma;
	void *books, *iova_memory;
	unsigned segments;	     /* of one buffer */
	struct board_buffer *stream; /* of a codec; NULL: it is none */
	uint64_t stream_bytes, stream_errors;
};

struct board_view { /* of a buffer, by one of the two devices of its edge */
	struct umm_dma_mapping *mapping;
	struct umm_agent agent;
	struct umm_range *segments;
	struct umm_sg list;
	struct model_engine engine;
};

struct board_buffer {
	const struct model_picture *picture; /* NULL: a stream */
	struct umm_range *runs;
	struct umm_sg memory;
	struct umm_ownership ownership;
	bool owned;
	struct board_view producer, consumer;
};

struct board_edge {
	struct model_board_layout layout;
	bool contiguous;
	struct board_buffer buffers[MODEL_BOARD_BUFFERS];
};

/* What is asked of a device for a frame; no more than buffers, since a buffer's next frame waits.
 */
struct board_job {
	struct model_camera camera;
	struct model_gpu gpu;
	struct model_display display;
	struct model_codec encoder, decoder;
	struct model_board *board;
	struct board_device_state *device;
	uint64_t frame;
};

struct model_board {
	struct model_board_options options;
	struct model_machine *machine;
	struct board_device_state devices[MODEL_BOARD_DEVICES];
	struct board_edge edges[MODEL_BOARD_DEVICES - 1];
	struct board_job jobs[MODEL_BOARD_DEVICES][MODEL_BOARD_BUFFERS];
	struct umm_region region; /* of the contiguous area */
	struct umm_area area;
	void *area_memory;
	struct umm_tenant *tenant_slots[1];
	struct umm_tenant tenant;
	struct umm_tenant_frame *tenant_frames;
	uint64_t moved_bytes;
	struct umm_dma_sink sink;
	uint32_t *screen;
	int64_t wrong_frames;
	char *why; /* where the last report is told */
	size_t why_size;
};

static inline unsigned n_edges(const struct model_board *board)
{
	return board->options.n_devices - 1;
}

/* Pages of the largest buffer that device i touches. */
static inline uint32_t board_pages_of(const struct model_board *board, unsigned i)
{
	uint64_t most = board->devices[i].stream_bytes;
	for (unsigned e = i > 0 ? i - 1 : 0; e <= i && e < n_edges(board); e++)
		if (board->edges[e].layout.size_bytes > most)
			most = board->edges[e].layout.size_bytes;
	return (uint32_t)(most / MODEL_PAGE_BYTES);
}

/* ---- board_device.c ---- */

int model_board_open_device(struct model_board *board, unsigned i);
void model_board_close_device(struct board_device_state *device);

/* ---- board_memory.c: the contiguous area, its tenant, buffers and their mappings ---- */

int model_board_open_area(struct model_board *board);
bool model_board_frame_intact(struct model_board *board, uint32_t index, uint64_t address);
int model_board_make_buffers(struct model_board *board);
void model_board_free_buffer(struct board_buffer *buffer);

#endif
