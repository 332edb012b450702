/* SPDX-License-Identifier: MIT */
/**
 * Telling by the bytes whether a device wrote the memory it was given.
 *
 * Nobody knows what a camera will see, so its frame cannot be compared with anything. What can be
 * known is where it was written: the buffer is filled with noise of which no two stretches are
 * alike, and a page of the picture in which all of that is still there was not written. A device
 * that uses other pages than the CPU sees leaves such pages, because it has as many pages to write
 * as there are: unless it only mixes up the pages of one picture, which this cannot find.
 */
#ifndef UMM_DEVICE_CONTENT_H
#define UMM_DEVICE_CONTENT_H

#include <stddef.h>
#include <stdint.h>

#include <umm/solve.h>

/** Fill `size` bytes with the noise. */
void umm_content_fill(uint8_t *bytes, uint64_t size);

/** Pages of a picture in which nothing has changed. */
struct umm_content_gap {
	uint64_t first_byte; /**< of the first of them that belongs to the picture */
	uint64_t pages, of;  /**< how many, of how many that were looked at */
};

/** Look at the picture in memory that was filled. Without a gap (`pages` is 0) it was written
 * everywhere. */
struct umm_content_gap umm_content_find_gap(const uint8_t *bytes, const struct umm_layout *layout);

#endif
