/* SPDX-License-Identifier: MIT */
/**
 * A video pipeline on a modelled board: the first device is a camera, the last a display, those
 * between lay overlays over the picture, or are codecs: they compress it and make a picture of the
 * stream again. Any may be a program on the CPU instead. Each edge has buffers and a layout of its
 * own; a device between two makes one format of the other.
 *
 * Memory: a device without IOMMU that takes one segment needs one run; its buffers come from the
 * contiguous area, the top of the board's memory (core/region, and the tenants it is lent to), and
 * so do those of edges that ask for it. Other edges get scattered pages. Every device is mapped for
 * every buffer it touches once (core/dma), and buffers change hands under core/coherency. The
 * display compares each pixel with what it must be.
 */
#ifndef UMM_MODEL_BOARD_H
#define UMM_MODEL_BOARD_H

#include "core/coherency.h"
#include "model/video.h"

#define MODEL_BOARD_DEVICES 6
#define MODEL_BOARD_BUFFERS 32

struct model_board_device {
	const char *name;
	struct umm_dma_limits limits;
	bool contiguous; /**< takes one run */
	bool iommu;
	bool cpu;   /**< no device at all: a program on the board, through the caches */
	bool codec; /**< between two edges: through a stream, not under an overlay */
};

/** What lies between device i and device i + 1. */
struct model_board_layout {
	struct model_picture picture;
	uint64_t size_bytes; /**< of a buffer; 0: what the picture has */
	unsigned buffers;
	bool contiguous; /**< one run each, whether the devices need it or not */
};

struct model_board_options {
	const char *name;
	uint64_t seed;
	struct umm_range memory;
	uint64_t contiguous_bytes; /**< of the memory's top; whole pages */
	unsigned tenants_percent;  /**< so much of it is lent, to somebody who can be moved */
	bool outer_cache;
	struct model_board_device devices[MODEL_BOARD_DEVICES];
	unsigned n_devices; /**< 2 and more */
	struct model_board_layout edges[MODEL_BOARD_DEVICES - 1];
};

/** What is told of an edge (device i to device i + 1), and of a device. */
struct model_edge_report {
	bool contiguous;
	unsigned buffers, runs; /**< runs of memory of one buffer */
	uint64_t size_bytes;
	struct umm_range first; /**< run of the first buffer */
	uint64_t transitions, cleaned_bytes, invalidated_bytes, waits;
};

struct model_device_report {
	unsigned mappings, segments; /**< segments of one buffer */
	uint64_t stream_errors;	     /**< of a codec */
	uint64_t read_bytes, written_bytes, bounced_bytes, faults;
	uint64_t iotlb_hits, iotlb_misses;
};

/** The tenant of the contiguous area. */
struct model_tenant_report {
	uint64_t lent_bytes, moved_bytes;
	bool intact; /**< it still finds its bytes */
};

struct model_cache_report {
	uint64_t cleaned, invalidated, evicted, prefetched; /**< lines */
};

struct model_board;

/** Make machine, devices, buffers and mappings. 0; -EINVAL; -ENOMEM of the host; or -ENOSPC: the
 * board has not the memory, and `why` says what is missing for whom. */
int model_board_create(const struct model_board_options *options, struct model_board **out,
		       char *why, size_t why_size);
void model_board_destroy(struct model_board *board);

/** Let frames flow. Returns how many the display showed wrong, or a negative errno with `why`. */
int64_t model_board_run(struct model_board *board, uint64_t frames, char *why, size_t why_size);

/** What the display shows: width x height pixels, 0xRRGGBB. */
const uint32_t *model_board_screen(const struct model_board *board);

struct model_edge_report model_board_edge(const struct model_board *board, unsigned i);
struct model_device_report model_board_device(const struct model_board *board, unsigned i);
struct model_tenant_report model_board_tenant(struct model_board *board);
struct model_cache_report model_board_caches(const struct model_board *board);

#endif
