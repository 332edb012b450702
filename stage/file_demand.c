/* SPDX-License-Identifier: MIT */
/**
 * libavcodec tells what it needs in avcodec_align_dimensions2(): a padded width and height, and the
 * alignment of each row. Its own allocator gives what is asked and a little more; this file asks
 * for the same:
 *
 *	plane 0	 +--------------------------+------+  stride: at least the row of the padded width,
 *		 | visible                  |      |  a multiple of what keeps the chroma rows
 *	 aligned |                          |      |
 *		 +--------------------------+      |
 *		 | rows up to the padded height    |  rows_align
 *	plane 1	 +-------------+-----+-------------+  offset_divisor
 *		 ...
 *		 + 2 rows that are read past the end (extra_rows), and one vector (pad_end)
 *
 * The visible size is what the layout is asked for, not the padded one, so that everybody sees the
 * size of the picture; only where padding cannot be expressed as an alignment, or the picture may
 * begin somewhere inside (HEVC says so too late), the padded size is.
 *
 * The count is what the decoder may keep for itself (references, pictures that wait for their turn,
 * one per thread) and the one it is working on.
 */
#include "stage/file_demand.h"

#include <unistd.h>

#include <libavutil/imgutils.h>

#include "stage/picture.h"

#define PLANE_OFFSET_ALIGN_BYTES 64
#define LARGEST_ROWS_ALIGN	 64
#define PAST_THE_END_BYTES	 (16 + 64) /* one vector, and what the bit readers of old codecs do */

/* ---- colours ---- */

static uint32_t color_space(const AVCodecContext *codec, bool full)
{
	switch (codec->colorspace) {
	case AVCOL_SPC_RGB:
		return UMM_COLOR_SRGB;
	case AVCOL_SPC_BT709:
		return full ? 0 : UMM_COLOR_REC709;
	case AVCOL_SPC_BT470BG:
		return full ? UMM_COLOR_REC601_PAL_FULL : UMM_COLOR_REC601_PAL;
	case AVCOL_SPC_SMPTE170M:
		return full ? UMM_COLOR_REC601_NTSC_FULL : UMM_COLOR_REC601_NTSC;
	case AVCOL_SPC_BT2020_NCL:
		return full ? 0 : UMM_COLOR_REC2020;
	default:
		return 0;
	}
}

/* ---- how many ---- */

/* Pictures the decoder may keep besides the one it works on, with one thread. */
static unsigned kept_pictures(const AVCodecContext *codec)
{
	unsigned refs = codec->refs > 0 ? (unsigned)codec->refs : 0;
	unsigned delayed = codec->has_b_frames > 0 ? (unsigned)codec->has_b_frames : 0;
	const AVCodecDescriptor *about = avcodec_descriptor_get(codec->codec_id);

	switch (codec->codec_id) {
	case AV_CODEC_ID_H264: /* and the last picture, for hiding errors */
		return refs + delayed + 1;
	case AV_CODEC_ID_HEVC: /* does not tell its references: the most there can be */
		return 16;
	case AV_CODEC_ID_VP9: /* eight references, and the last picture's motion */
		return 9;
	case AV_CODEC_ID_VP8:
		return 4;
	default:
		if (about != NULL && (about->props & AV_CODEC_PROP_INTRA_ONLY))
			return 1;
		return 3 + delayed;
	}
}

static unsigned held_pictures(const AVCodecContext *codec)
{
	unsigned threads = codec->thread_count > 1 && (codec->active_thread_type & FF_THREAD_FRAME)
				   ? (unsigned)codec->thread_count
				   : 1;
	/* a thread that lags behind still holds a reference its successors have dropped */
	return kept_pictures(codec) + 1 + 2 * (threads - 1);
}

/* A damaged header can ask for anything: stay away from what brings the machine down. */
static int check_amount(const struct stage_spec *spec, const AVFrame *frame, unsigned count)
{
	int bytes = av_image_get_buffer_size((enum AVPixelFormat)frame->format, frame->width,
					     frame->height, 64);
	uint64_t half = (uint64_t)sysconf(_SC_PHYS_PAGES) / 2 * (uint64_t)sysconf(_SC_PAGESIZE);
	if (bytes >= 0 && (uint64_t)bytes * count <= half)
		return 0;
	stage_error(spec,
		    "%u pictures of %dx%d are needed, more than half of this machine's memory; the "
		    "file is damaged, or needs a larger machine",
		    count, frame->width, frame->height);
	return -1;
}

/* ---- what fits where ---- */

struct padding {
	int linesize[AV_NUM_DATA_POINTERS]; /* of the padded width */
	int align[AV_NUM_DATA_POINTERS];    /* of rows */
	unsigned rows, extra_rows;
};

static int ask_padding(AVCodecContext *codec, const AVFrame *frame, struct padding *out)
{
	int width = frame->width, height = frame->height;
	*out = (struct padding){ 0 };
	avcodec_align_dimensions2(codec, &width, &height, out->align);
	int ret = av_image_fill_linesizes(out->linesize, (enum AVPixelFormat)frame->format, width);
	if (ret < 0)
		return ret;
	/* the two rows that are only read come on top of a height in whole macroblocks */
	out->extra_rows = height % 16 == 2 ? 2 : 0;
	out->rows = (unsigned)height - out->extra_rows;
	return 0;
}

/* What of the asked picture can be seen, counted from its top left corner. */
static struct umm_size visible_size(const AVCodecContext *codec, const AVFrame *frame)
{
	if (frame->crop_top || frame->crop_left || frame->crop_right || frame->crop_bottom)
		return (struct umm_size){ (uint64_t)frame->width - frame->crop_right,
					  (uint64_t)frame->height - frame->crop_bottom };
	if (codec->codec_id == AV_CODEC_ID_HEVC || codec->width <= 0 || codec->height <= 0 ||
	    codec->width > frame->width || codec->height > frame->height)
		return (struct umm_size){ (uint64_t)frame->width, (uint64_t)frame->height };
	return (struct umm_size){ (uint64_t)codec->width, (uint64_t)codec->height };
}

/* The alignment that makes `rows` out of `height`, or 0. */
static unsigned find_rows_align(uint64_t height, unsigned rows)
{
	for (unsigned align = 1; align <= LARGEST_ROWS_ALIGN; align *= 2)
		if ((height + align - 1) / align * align >= rows)
			return align;
	return 0;
}

static void state_size(const AVCodecContext *codec, const AVFrame *frame,
		       const struct padding *padding, struct umm_format_demand *out)
{
	struct umm_size size = visible_size(codec, frame);
	unsigned align = find_rows_align(size.height_px, padding->rows);
	if (align == 0) {
		size = (struct umm_size){ (uint64_t)frame->width, padding->rows };
		align = 1;
	}
	out->required_sizes[0] = size;
	out->rows_align = align;
	out->extra_rows = padding->extra_rows;
}

/* Rows of the planes behind the first are as long as plane 0's divided by the subsampling, so a
   multiple of their alignment times that in plane 0 keeps both exact: some codecs count on chroma
   rows being just half as long. */
static void state_strides(const struct umm_format_info *info, const struct padding *padding,
			  struct umm_format_demand *out)
{
	out->stride_min_bytes = (uint64_t)padding->linesize[0];
	for (unsigned i = 0; i < info->n_planes; i++) {
		unsigned spread = i == 0 && info->n_planes == 3 ? info->hsub : 1;
		out->planes[i].stride_divisor_bytes = (uint64_t)padding->align[i] * spread;
		out->planes[i].offset_divisor_bytes = PLANE_OFFSET_ALIGN_BYTES;
	}
}

static int state_format(const struct stage_spec *spec, const AVCodecContext *codec,
			const AVFrame *frame, struct umm_format_demand *out)
{
	uint32_t fourcc = stage_format_from_av((enum AVPixelFormat)frame->format);
	if (fourcc == 0) {
		const char *name = av_get_pix_fmt_name((enum AVPixelFormat)frame->format);
		stage_error(
			spec,
			"its pictures are \"%s\", a format other stages have no name for; convert "
			"the clip first (ffmpeg -i CLIP -pix_fmt yuv420p OUT)",
			name ? name : "unknown");
		return -1;
	}
	*out = (struct umm_format_demand){
		.formats = { fourcc },
		.color_spaces = color_space(codec, codec->color_range == AVCOL_RANGE_JPEG),
	};
	return 0;
}

int file_demand_direct(const struct stage_spec *spec, AVCodecContext *codec, const AVFrame *frame,
		       struct file_demand *out)
{
	struct padding padding;
	if (state_format(spec, codec, frame, &out->format) < 0)
		return -1;
	if (ask_padding(codec, frame, &padding) < 0) {
		stage_error(spec, "pictures of %dx%d are too large", frame->width, frame->height);
		return -1;
	}
	if (check_amount(spec, frame, held_pictures(codec)) < 0)
		return -1;

	state_size(codec, frame, &padding, &out->format);
	state_strides(umm_format_info(out->format.formats[0]), &padding, &out->format);
	out->demand = (struct stage_demand){
		.role = UMM_PRODUCER,
		.usage = UMM_USAGE_CPU_READ_OFTEN | UMM_USAGE_CPU_WRITE_OFTEN,
		.buffers = { .camping = held_pictures(codec), .shared_slack = 1 },
		.memory = { .pad_end_bytes = PAST_THE_END_BYTES },
		.formats = &out->format,
		.n_formats = 1,
	};
	return 0;
}

int file_demand_copied(const struct stage_spec *spec, const AVCodecContext *codec,
		       const AVFrame *frame, struct file_demand *out)
{
	if (state_format(spec, codec, frame, &out->format) < 0)
		return -1;
	if (check_amount(spec, frame, 2) < 0)
		return -1;
	out->format.required_sizes[0] =
		(struct umm_size){ (uint64_t)frame->width, (uint64_t)frame->height };
	out->demand = (struct stage_demand){
		.role = UMM_PRODUCER,
		.usage = UMM_USAGE_CPU_WRITE_OFTEN,
		.buffers = { .camping = 1, .shared_slack = 1 },
		.formats = &out->format,
		.n_formats = 1,
	};
	return 0;
}
