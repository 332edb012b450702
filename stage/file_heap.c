/* SPDX-License-Identifier: MIT */
/**
 * Pictures lie in the pool, which is faulted in when it is mapped. But a decoder also keeps notes
 * about each of them (motion vectors, types of blocks), one set more with each picture until all it
 * keeps at once are there, and holds packets of ever new sizes. All that comes from malloc(), and
 * every page of the heap that was never used before is a fault in the middle of the stream.
 *
 * So a block of about that size is taken, touched and given back: the heap has grown. It stays so
 * where malloc() keeps what it has, and serves codec threads too where they have no heaps of their
 * own; the runner tells malloc() both for all stages.
 */
#include "stage/file_heap.h"

#include <stdlib.h>

/* Of notes about a block of 16x16 pixels: H.264 has 144, two lists of 16 motion vectors of 4 bytes
 * each, 8 references, a few flags. */
#define NOTES_BYTES 160

/* Packets, tables, and what lies between. */
#define OTHER_BYTES (4u << 20)

#define PAGE_BYTES  4096

/* A damaged header can say anything. */
#define MOST_BYTES (128u << 20)

static size_t expected_bytes(const AVFrame *frame, unsigned pictures)
{
	uint64_t blocks =
		(((uint64_t)frame->width + 15) / 16) * (((uint64_t)frame->height + 15) / 16);
	uint64_t bytes = blocks * NOTES_BYTES * pictures + OTHER_BYTES;
	return bytes < MOST_BYTES ? (size_t)bytes : MOST_BYTES;
}

void file_heap_prepare(const AVFrame *frame, unsigned pictures)
{
	size_t bytes = expected_bytes(frame, pictures);
	volatile char *block = malloc(bytes);
	if (block == NULL)
		return; /* then there will be faults */
	/* volatile, and no memset(): malloc() and that become a calloc(), which touches nothing */
	for (size_t at = 0; at < bytes; at += PAGE_BYTES)
		block[at] = 0;
	free((void *)block);
}
