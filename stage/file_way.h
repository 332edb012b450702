/* SPDX-License-Identifier: MIT */
/**
 * Which way a decoder's pictures go into buffers of others, and where a copy lies on it.
 */
#ifndef UMM_STAGE_FILE_WAY_H
#define UMM_STAGE_FILE_WAY_H

#include <libavcodec/codec.h>

enum file_way {
	FILE_WAY_DIRECT,  /**< it writes them there */
	FILE_WAY_PRIVATE, /**< it writes them there, as a copy of what it keeps: theirs to make,
			     ours to count */
	FILE_WAY_REDRAWN, /**< it draws each over the last one: ours to copy */
	FILE_WAY_APART,	  /**< it cannot: ours to copy */
};

/** The way of a decoder of libavcodec. */
enum file_way file_way_of(const AVCodec *codec);

/** What the decoder does, as the end of a sentence that begins with its name. */
const char *file_way_text(enum file_way way);

#endif
