/* SPDX-License-Identifier: MIT */
/**
 * Video4Linux: cameras, converters and codecs, and whatever takes pictures the same way.
 *
 *	open		the driver is asked what it can (device/v4l2_ask.h), once
 *	constraints	what it can, as demands (device/v4l2_demand.h)
 *	attach		the first buffer's layout is set with S_FMT, and what the driver made of it
 *			must be that layout to the byte; then the dma-buf is really queued, and
 *			taken back
 *	submit, complete	QBUF, DQBUF (device/v4l2_stream.h)
 *
 * Memory is imported (V4L2_MEMORY_DMABUF), never the driver's own. A plane that has an fd of its
 * own (NV12M and the like) is demanded as such; no buffer of umm has that yet, so those formats are
 * refused with the reason.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device/device.h"
#include "device/picture.h"
#include "device/v4l2.h"
#include "device/v4l2_check.h"
#include "device/v4l2_facts.h"
#include "device/v4l2_loop.h"
#include "device/v4l2_node.h"
#include "device/v4l2_rate.h"
#include "device/v4l2_replay.h"
#include "device/v4l2_stream.h"
#include "os/cleanup.h"
#include "os/drm_vram.h"

struct v4l2 {
	struct umm_v4l2_node node;
	struct umm_v4l2_offers offers;
	struct umm_v4l2_needs needs;
	struct umm_v4l2_stream stream;
	struct umm_layout layout; /* of the buffers that are attached */
	char loop[UMM_V4L2_TEXT]; /* the node that sees what this one shows; "": none is known */
	unsigned n_attached;
	bool running;
};

/* ---- open: and say what would have been right ---- */

/* Sizes or formats of the offers, each once, for a message. */
static void list_offers(const struct umm_v4l2_offers *offers, bool sizes, char *text, size_t size)
{
	size_t length = 0;
	text[0] = '\0';
	for (unsigned i = 0; i < offers->n_offers && length + 16 < size; i++) {
		char word[24], format[UMM_FORMAT_NAME_SIZE];
		const struct umm_v4l2_offer *offer = &offers->offers[i];
		if (sizes)
			snprintf(word, sizeof(word), " %ux%u", offer->shape.width_px,
				 offer->shape.height_px);
		else
			snprintf(word, sizeof(word), " %s",
				 umm_format_name(offer->format->drm, format));
		if (strstr(text, word) == NULL)
			length += (size_t)snprintf(text + length, size - length, "%s", word);
	}
}

static int nothing_offered(const struct v4l2 *v4l2, char *why)
{
	struct umm_v4l2_wish wish = v4l2->node.wish;
	struct umm_v4l2_offers offers;
	char text[160];
	bool sizes = wish.size.width_px > 0;
	if (sizes)
		wish.size = (struct umm_size){ 0 };
	else
		wish.drm = 0;
	wish.rate.num = 0;
	if (umm_v4l2_ask(&v4l2->node.queue, &wish, &offers) < 0)
		return umm_v4l2_refuse(&v4l2->node, why, -EINVAL, "cannot do that");
	list_offers(&offers, sizes, text, sizeof(text));
	umm_v4l2_offers_finish(&offers);
	if (text[0] == '\0')
		return umm_v4l2_refuse(&v4l2->node, why, -EOPNOTSUPP,
				       "has no format of plain rows that umm has a name for");
	return umm_v4l2_refuse(&v4l2->node, why, -EINVAL,
			       "has nothing with this size, format and rate; its %s:%s",
			       sizes ? "sizes" : "formats", text);
}

static int ask(struct v4l2 *v4l2, char *why)
{
	int ret = umm_v4l2_ask(&v4l2->node.queue, &v4l2->node.wish, &v4l2->offers);
	if (ret == 0)
		ret = umm_v4l2_node_needs(&v4l2->node, &v4l2->needs);
	if (ret < 0)
		return umm_v4l2_refuse(&v4l2->node, why, ret, "cannot be asked for its formats: %s",
				       strerror(-ret));
	return v4l2->offers.n_offers > 0 ? 0 : nothing_offered(v4l2, why);
}

static void close_v4l2(void *state)
{
	struct v4l2 *v4l2 = state;
	if (v4l2->stream.n_slots > 0)
		umm_v4l2_stream_close(&v4l2->stream);
	umm_v4l2_offers_finish(&v4l2->offers);
	umm_v4l2_node_finish(&v4l2->node);
	free(v4l2);
}

/* The other end of a mem2mem node: an open file is one context of its driver, so it is shared. */
static int join_partner(struct v4l2 *v4l2, const char *path, const struct umm_device_opts *opts,
			char *why)
{
	const struct umm_device *partner = opts->partner;
	const char *name = umm_device_name(partner);
	struct umm_device_opts known = *opts;
	enum umm_device_direction other = umm_device_direction(partner) == UMM_DEVICE_READS
						  ? UMM_DEVICE_WRITES
						  : UMM_DEVICE_READS;
	size_t kind = strlen("v4l2:"), length = strlen(path);
	if (strncmp(name, "v4l2:", kind) != 0 || strncmp(name + kind, path, length) != 0 ||
	    name[kind + length] != ':' || (opts->direction != 0 && opts->direction != other)) {
		snprintf(v4l2->node.path, sizeof(v4l2->node.path), "%s", path);
		return umm_v4l2_refuse(&v4l2->node, why, -EINVAL, "%s is no other end of it", name);
	}
	known.direction = other;
	return umm_v4l2_node_open(path, umm_device_fd(partner), &known, &v4l2->node, why);
}

static int take_loop(struct v4l2 *v4l2, const char *loop, char *why)
{
	if (v4l2->node.is_m2m || v4l2->node.direction != UMM_DEVICE_READS)
		return umm_v4l2_refuse(&v4l2->node, why, -EINVAL, "shows nothing that %s could see",
				       loop);
	if (strlen(loop) >= sizeof(v4l2->loop))
		return umm_v4l2_refuse(&v4l2->node, why, -EINVAL, "%s is no node", loop);
	snprintf(v4l2->loop, sizeof(v4l2->loop), "%s", loop);
	return 0;
}

static int open_v4l2(const char *node, const struct umm_device_opts *opts, void **out_state,
		     char *why)
{
	char path[UMM_V4L2_TEXT];
	struct v4l2 *v4l2 = calloc(1, sizeof(*v4l2));
	if (v4l2 == NULL)
		return -ENOMEM;
	v4l2->node.fd = -1;
	snprintf(path, sizeof(path), "%s", node);
	int ret = node[0] == '\0' ? umm_v4l2_find_node(opts, path, why) : 0;
	if (ret == 0)
		ret = opts->partner != NULL ? join_partner(v4l2, path, opts, why)
					    : umm_v4l2_node_open(path, -1, opts, &v4l2->node, why);
	v4l2->stream.queue = v4l2->node.queue;
	if (ret == 0 && opts->loop != NULL)
		ret = take_loop(v4l2, opts->loop, why);
	if (ret == 0)
		ret = ask(v4l2, why);
	if (ret < 0) {
		close_v4l2(v4l2);
		return ret;
	}
	*out_state = v4l2;
	return 0;
}

/* ---- what it is ---- */

static const char *node_of(const void *state)
{
	return ((const struct v4l2 *)state)->node.label;
}

static const char *driver_of(const void *state)
{
	return ((const struct v4l2 *)state)->node.driver;
}

static enum umm_device_direction direction_of(const void *state)
{
	return ((const struct v4l2 *)state)->node.direction;
}

static int constraints(void *state, const char *name, struct umm_constraints **out)
{
	const struct v4l2 *v4l2 = state;
	return umm_v4l2_demand(name, &v4l2->offers, &v4l2->needs, out);
}

static int facts(void *state, char **out)
{
	const struct v4l2 *v4l2 = state;
	return umm_v4l2_facts(&v4l2->node, &v4l2->offers, &v4l2->needs, out);
}

/* ---- attach ---- */

static const struct umm_v4l2_offer *find_offer(const struct v4l2 *v4l2, uint32_t drm)
{
	for (unsigned i = 0; i < v4l2->offers.n_offers; i++)
		if (v4l2->offers.offers[i].format->drm == drm)
			return &v4l2->offers.offers[i];
	return NULL;
}

/* The driver's picture and ours, byte for byte. */
static int compare_planes(const struct v4l2 *v4l2, const struct umm_v4l2_shape *shape,
			  const struct umm_layout *layout, char *why)
{
	struct umm_v4l2_plane planes[UMM_MAX_PLANES];
	umm_v4l2_planes(shape, umm_format_info(layout->format), planes);
	for (unsigned i = 0; i < layout->n_planes; i++)
		if (planes[i].stride_bytes != layout->planes[i].stride_bytes ||
		    planes[i].offset_bytes != layout->planes[i].offset_bytes)
			return umm_v4l2_refuse(&v4l2->node, why, -EOPNOTSUPP,
					       "puts plane %u at byte %llu with rows of %llu; "
					       "agreed were %llu and "
					       "%llu",
					       i, (unsigned long long)planes[i].offset_bytes,
					       (unsigned long long)planes[i].stride_bytes,
					       (unsigned long long)layout->planes[i].offset_bytes,
					       (unsigned long long)layout->planes[i].stride_bytes);
	if (shape->sizes_bytes[0] > layout->raw_size_bytes)
		return umm_v4l2_refuse(&v4l2->node, why, -EOPNOTSUPP,
				       "wants buffers of %u bytes; agreed were %llu",
				       shape->sizes_bytes[0],
				       (unsigned long long)layout->raw_size_bytes);
	return 0;
}

static int compare(const struct v4l2 *v4l2, const struct umm_v4l2_shape *want,
		   const struct umm_v4l2_shape *got, const struct umm_layout *layout, char *why)
{
	if (got->code != want->code || got->n_memory != 1)
		return umm_v4l2_refuse(&v4l2->node, why, -EOPNOTSUPP,
				       "took another format than the one agreed on");
	if (got->width_px != want->width_px || got->height_px != want->height_px)
		return umm_v4l2_refuse(&v4l2->node, why, -EOPNOTSUPP,
				       "made %ux%u of the agreed size %ux%u", got->width_px,
				       got->height_px, want->width_px, want->height_px);
	return compare_planes(v4l2, got, layout, why);
}

static int check_layout(const struct v4l2 *v4l2, const struct umm_layout *layout, char *why)
{
	if (layout->handles == UMM_HANDLES_PER_PLANE && layout->n_planes > 1)
		return umm_v4l2_refuse(&v4l2->node, why, -EOPNOTSUPP,
				       "an fd for each plane; buffers here have one");
	if (layout->modifier != UMM_MODIFIER_LINEAR || layout->n_planes == 0 ||
	    find_offer(v4l2, layout->format) == NULL || layout->planes[0].stride_bytes > UINT32_MAX)
		return umm_v4l2_refuse(&v4l2->node, why, -EOPNOTSUPP,
				       "has no such format in plain rows");
	return 0;
}

/* A rate is asked for once the format is set: setting a format may change it. */
static int set_rate(struct v4l2 *v4l2, char *why)
{
	struct umm_rational want = v4l2->node.wish.rate, got = want;
	v4l2->stream.rate = (struct umm_rational){ 0 };
	if (want.num == 0) {
		(void)umm_v4l2_get_rate(&v4l2->node.queue, &v4l2->stream.rate);
		return 0;
	}
	int ret = umm_v4l2_set_rate(&v4l2->node.queue, &got);
	if (ret < 0)
		return umm_v4l2_refuse(&v4l2->node, why, ret, "its frame rate cannot be set: %s",
				       strerror(-ret));
	if (!umm_v4l2_same_rate(want, got))
		return umm_v4l2_refuse(&v4l2->node, why, -EOPNOTSUPP,
				       "makes %d/%d frames per second of %d/%d", got.num, got.den,
				       want.num, want.den);
	v4l2->stream.rate = got;
	return 0;
}

/* One end of a mem2mem device may be set only while the other has no buffers: what is set already
   is left alone. */
static int set_shape(struct v4l2 *v4l2, struct umm_v4l2_shape *shape)
{
	struct umm_v4l2_shape now;
	if (v4l2->node.is_m2m && umm_v4l2_get_shape(&v4l2->node.queue, &now) == 0 &&
	    now.code == shape->code && now.width_px == shape->width_px &&
	    now.height_px == shape->height_px && now.strides_bytes[0] == shape->strides_bytes[0]) {
		*shape = now;
		return 0;
	}
	return umm_v4l2_set_shape(&v4l2->node.queue, shape);
}

static int settle(struct v4l2 *v4l2, const struct umm_layout *layout, char *why)
{
	int ret = check_layout(v4l2, layout, why);
	if (ret < 0)
		return ret;
	const struct umm_v4l2_offer *offer = find_offer(v4l2, layout->format);
	struct umm_v4l2_shape want = {
		.code = offer->format->v4l2,
		.width_px = layout->width_px,
		.height_px = layout->height_px,
		.field = V4L2_FIELD_NONE,
		.strides_bytes = { (uint32_t)layout->planes[0].stride_bytes },
	};
	struct umm_v4l2_shape got = want;
	ret = set_shape(v4l2, &got);
	if (ret < 0)
		return umm_v4l2_refuse(&v4l2->node, why, ret, "VIDIOC_S_FMT says: %s",
				       strerror(-ret));
	ret = compare(v4l2, &want, &got, layout, why);
	if (ret == 0)
		ret = set_rate(v4l2, why);
	if (ret < 0)
		return ret;
	v4l2->stream.shape = got;
	v4l2->stream.info = umm_format_info(layout->format);
	ret = umm_v4l2_stream_open(&v4l2->stream, layout->buffers, layout->raw_size_bytes);
	if (ret < 0)
		return umm_v4l2_refuse(&v4l2->node, why, ret, "VIDIOC_REQBUFS says: %s",
				       strerror(-ret));
	v4l2->layout = *layout;
	return 0;
}

static bool fits_slots(const struct v4l2 *v4l2, const struct umm_layout *layout)
{
	return umm_same_picture(layout, &v4l2->layout) &&
	       layout->raw_size_bytes == v4l2->layout.raw_size_bytes;
}

static void unsettle(struct v4l2 *v4l2)
{
	if (v4l2->n_attached == 0 && v4l2->stream.n_slots > 0)
		umm_v4l2_stream_close(&v4l2->stream);
}

/* What an errno of QBUF usually means. */
static const char *hint(int error)
{
	switch (error) {
	case -EFAULT:
		return "; it cannot reach this memory: without an IOMMU it needs one contiguous "
		       "run";
	case -EINVAL:
		return "; not a dma-buf, or too small";
	default:
		return "";
	}
}

/* V4L2 maps a buffer once, and the kernel's drivers do not hear that it was moved. */
static int check_place(const struct v4l2 *v4l2, const struct umm_layout *layout, char *why)
{
	if (!umm_drm_vram("", layout->heap, NULL))
		return 0;
	return umm_v4l2_refuse(&v4l2->node, why, -EBADMSG,
			       "%s moves what it shows, and this driver would go on with the place "
			       "where it was",
			       layout->heap);
}

static int try_buffer(struct v4l2 *v4l2, unsigned slot, const struct umm_buffer *buffer, char *why)
{
	if (slot >= v4l2->stream.n_slots)
		return umm_v4l2_refuse(&v4l2->node, why, -ENOSPC, "has room for %u buffers only",
				       v4l2->stream.n_slots);
	uint32_t offset;
	int ret = umm_v4l2_stream_try(&v4l2->stream, slot, umm_buffer_fd(buffer), &offset);
	if (ret < 0)
		return umm_v4l2_refuse(&v4l2->node, why, ret, "VIDIOC_QBUF says: %s%s",
				       strerror(-ret), hint(ret));
	if (offset != 0)
		return umm_v4l2_refuse(&v4l2->node, why, -EOPNOTSUPP,
				       "puts the picture at byte %u of a buffer with this format",
				       offset);
	return 0;
}

static int attach(void *state, unsigned slot, struct umm_buffer *buffer, char *why)
{
	struct v4l2 *v4l2 = state;
	const struct umm_layout *layout = umm_buffer_layout(buffer);
	if (v4l2->running || v4l2->stream.n_queued > 0)
		return umm_v4l2_refuse(&v4l2->node, why, -EBUSY,
				       "is at work; attach before the first submit");
	if (v4l2->n_attached > 0 && !fits_slots(v4l2, layout))
		return umm_v4l2_refuse(&v4l2->node, why, -EBUSY, "another layout is attached");
	int ret = check_place(v4l2, layout, why);
	if (ret < 0)
		return ret;
	ret = v4l2->n_attached == 0 ? settle(v4l2, layout, why) : 0;
	if (ret == 0)
		ret = try_buffer(v4l2, slot, buffer, why);
	if (ret < 0) {
		unsettle(v4l2);
		return ret;
	}
	v4l2->n_attached++;
	return 0;
}

/* The driver lets go of the memory with the last one: V4L2 has no call for one slot. */
static void detach(void *state, unsigned slot)
{
	struct v4l2 *v4l2 = state;
	v4l2->stream.slots[slot].fd = -1;
	v4l2->n_attached--;
	unsettle(v4l2);
}

/* Contents: an output leaves nothing to look at, unless somebody sees what it shows. */
static bool can_check(const void *state)
{
	const struct v4l2 *v4l2 = state;
	return !v4l2->needs.is_output || v4l2->node.is_m2m || v4l2->loop[0] != '\0';
}

static int check(void *state, unsigned slot, struct umm_buffer *buffer, char *why)
{
	struct v4l2 *v4l2 = state;
	char found[UMM_V4L2_CHECK_TEXT] = "nothing can be read back from it";
	int ret = UMM_DEVICE_UNCHECKED;
	if (v4l2->node.is_m2m)
		ret = umm_v4l2_replay(&v4l2->node, &v4l2->stream, buffer, found);
	else if (!v4l2->needs.is_output)
		ret = umm_v4l2_check(&v4l2->stream, slot, v4l2->needs.camping, buffer, found);
	else if (v4l2->loop[0] != '\0')
		ret = umm_v4l2_loop(&v4l2->stream, slot, buffer, v4l2->loop, found);
	return ret == 0 ? 0 : umm_v4l2_refuse(&v4l2->node, why, ret, "%s", found);
}

/* ---- at work ---- */

static int start(void *state)
{
	struct v4l2 *v4l2 = state;
	if (v4l2->n_attached == 0)
		return -ENOENT;
	int ret = umm_v4l2_stream_start(&v4l2->stream);
	v4l2->running = ret == 0;
	return ret;
}

static int stop(void *state)
{
	struct v4l2 *v4l2 = state;
	v4l2->running = false;
	return umm_v4l2_stream_stop(&v4l2->stream);
}

static int submit(void *state, unsigned slot, const struct umm_frame_info *info)
{
	struct v4l2 *v4l2 = state;
	return umm_v4l2_stream_put(&v4l2->stream, slot, info);
}

static int complete(void *state, int64_t timeout_ns, unsigned *out_slot,
		    struct umm_frame_info *out_info, int *out_error)
{
	struct v4l2 *v4l2 = state;
	return umm_v4l2_stream_take(&v4l2->stream, timeout_ns, out_slot, out_info, out_error);
}

static uint64_t dropped(const void *state)
{
	return ((const struct v4l2 *)state)->stream.dropped;
}

static int fd_of(const void *state)
{
	return ((const struct v4l2 *)state)->node.fd;
}

static short events_of(const void *state)
{
	return umm_v4l2_stream_events(&((const struct v4l2 *)state)->stream);
}

const struct umm_device_ops umm_v4l2_device_ops = {
	.kind = "v4l2",
	.first_end = UMM_DEVICE_WRITES,
	.open = open_v4l2,
	.close = close_v4l2,
	.node = node_of,
	.driver = driver_of,
	.direction = direction_of,
	.constraints = constraints,
	.facts = facts,
	.attach = attach,
	.detach = detach,
	.check = check,
	.can_check = can_check,
	.start = start,
	.stop = stop,
	.submit = submit,
	.complete = complete,
	.dropped = dropped,
	.fd = fd_of,
	.events = events_of,
	.list = umm_v4l2_each_node,
};
