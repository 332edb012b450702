/* SPDX-License-Identifier: MIT */
#include "stage/file_buffers.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include <libavutil/buffer.h>
#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>

#include "stage/file_demand.h"
#include "stage/file_heap.h"
#include "stage/file_way.h"
#include "stage/picture.h"

#define NS_PER_MS INT64_C(1000000)

/* How long a call to the queue may keep the other codec threads from it; and how long where there
   are none, so that a stop is noticed. */
#define SLICE_NS     (5 * NS_PER_MS)
#define STOP_POLL_NS (100 * NS_PER_MS)

/* How long codec threads have to let go of a buffer when the decoder holds them all. */
#define PATIENCE_MS 2000

/* How long a picture that is shown twice waits for the consumers to let go of its first showing. */
#define REPEAT_PATIENCE_MS 1000

/* ---- buffers come back ---- */

/* libavutil's last reference is gone; any thread, any time. */
static void slot_came_back(void *opaque, uint8_t *data)
{
	(void)data;
	struct file_slot *slot = opaque;
	struct file_buffers *pool = slot->pool;
	pthread_mutex_lock(&pool->slot_lock);
	umm_buffer_end_access(slot->buffer, slot->access);
	slot->back = true;
	pthread_cond_signal(&pool->came_back);
	pthread_mutex_unlock(&pool->slot_lock);
}

/* Give up the holds of those that came back. With queue_lock held. */
static unsigned collect(struct file_buffers *pool)
{
	unsigned released = 0, n = umm_member_buffer_count(pool->port.member);
	pthread_mutex_lock(&pool->slot_lock);
	for (unsigned i = 0; i < n; i++) {
		struct file_slot *slot = &pool->slots[i];
		if (!slot->back)
			continue;
		slot->back = false;
		umm_producer_release(pool->port.member, slot->buffer);
		released++;
	}
	pthread_mutex_unlock(&pool->slot_lock);
	return released;
}

static bool wait_for_one_back(struct file_buffers *pool)
{
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE_MS / 1000;

	bool any = false;
	int ret = 0;
	pthread_mutex_lock(&pool->slot_lock);
	while (!any && ret == 0) {
		for (unsigned i = 0; i < umm_member_buffer_count(pool->port.member); i++)
			any = any || pool->slots[i].back;
		if (!any)
			ret = pthread_cond_timedwait(&pool->came_back, &pool->slot_lock, &until);
	}
	pthread_mutex_unlock(&pool->slot_lock);
	return any;
}

/* ---- the decoder asks ---- */

/* Mutexes are not fair: who comes back for the lock at once may keep out for good the thread that
   would show a picture and so free a buffer. */
static void let_others_in(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = NS_PER_MS / 4 }, NULL);
}

/* Another codec thread may be about to drop a picture: only if none does is it hopeless. */
static int acquire_once(struct file_buffers *pool, bool threaded, struct umm_buffer **out)
{
	pthread_mutex_lock(&pool->queue_lock);
	collect(pool);
	int ret = umm_producer_acquire(pool->port.member, threaded ? SLICE_NS : STOP_POLL_NS, out);
	pthread_mutex_unlock(&pool->queue_lock);
	if (ret == -EDEADLK && threaded && wait_for_one_back(pool))
		return -ETIMEDOUT;
	if (ret == -ETIMEDOUT && threaded)
		let_others_in();
	return ret;
}

static enum stage_result acquire(struct file_buffers *pool, bool threaded, struct umm_buffer **out)
{
	int ret = -ETIMEDOUT;
	while (ret == -ETIMEDOUT || ret == -EINTR) {
		if (stage_port_stopped(&pool->port))
			return STAGE_OVER;
		ret = acquire_once(pool, threaded, out);
	}
	if (ret == -EDEADLK) {
		unsigned n = umm_member_buffer_count(pool->port.member);
		stage_error(pool->env->spec,
			    "the decoder keeps all %u buffers for itself; give it more, for "
			    "example --buffers %u",
			    n, n + 8);
		return STAGE_FAILED;
	}
	return stage_port_produced(&pool->port, ret);
}

static void fill_frame(struct umm_buffer *buffer, AVFrame *frame)
{
	struct stage_picture picture = stage_picture_of(buffer, (struct umm_rect){ 0 });
	uint8_t *data[UMM_MAX_PLANES];
	int linesize[UMM_MAX_PLANES];
	stage_picture_to_av(&picture, data, linesize);
	for (unsigned i = 0; i < UMM_MAX_PLANES; i++) {
		frame->data[i] = data[i];
		frame->linesize[i] = linesize[i];
	}
	frame->extended_data = frame->data;
}

/* Marked read-only for libavutil: a decoder that redraws parts of its last picture must take a new
   buffer, for the consumers may still be reading that one. */
static int wrap(struct file_buffers *pool, struct umm_buffer *buffer, AVFrame *frame)
{
	struct file_slot *slot = &pool->slots[umm_buffer_index(buffer)];
	frame->buf[0] =
		av_buffer_create(umm_buffer_data(buffer), umm_buffer_layout(buffer)->raw_size_bytes,
				 slot_came_back, slot, AV_BUFFER_FLAG_READONLY);
	if (frame->buf[0] == NULL)
		return -ENOMEM;
	pthread_mutex_lock(&pool->slot_lock);
	*slot = (struct file_slot){ .pool = pool,
				    .buffer = buffer,
				    .access = UMM_ACCESS_READ_WRITE };
	pthread_mutex_unlock(&pool->slot_lock);
	fill_frame(buffer, frame);
	return 0;
}

static void give_back_unused(struct file_buffers *pool, struct umm_buffer *buffer)
{
	pthread_mutex_lock(&pool->queue_lock);
	umm_producer_release(pool->port.member, buffer);
	pthread_mutex_unlock(&pool->queue_lock);
}

static enum stage_result hand_out(struct file_buffers *pool, bool threaded, AVFrame *frame)
{
	struct umm_buffer *buffer;
	enum stage_result result = acquire(pool, threaded, &buffer);
	if (result != STAGE_OK)
		return result;

	int ret = umm_buffer_begin_access(buffer, UMM_ACCESS_READ_WRITE);
	if (ret == 0) {
		ret = wrap(pool, buffer, frame);
		if (ret < 0)
			umm_buffer_end_access(buffer, UMM_ACCESS_READ_WRITE);
	}
	if (ret == 0)
		return STAGE_OK;
	give_back_unused(pool, buffer);
	stage_error(pool->env->spec, "a buffer cannot be handed to the decoder: %s",
		    strerror(-ret));
	return STAGE_FAILED;
}

static enum stage_result open_pool(struct file_buffers *pool, const struct stage_demand *demand,
				   const AVFrame *frame)
{
	enum stage_result result = stage_port_open(&pool->port, pool->env, demand);
	if (result != STAGE_OK)
		return result;
	for (unsigned i = 0; i < umm_member_buffer_count(pool->port.member); i++)
		pool->slots[i] = (struct file_slot){
			.pool = pool,
			.buffer = umm_member_buffer(pool->port.member, i),
		};
	pool->opened = true;
	pool->format = frame->format;
	pool->width = frame->width;
	pool->height = frame->height;
	return STAGE_OK;
}

static enum stage_result open_direct(struct file_buffers *pool, AVCodecContext *codec,
				     const AVFrame *frame)
{
	struct file_demand demand;
	if (file_demand_direct(pool->env->spec, codec, frame, &demand) < 0)
		return STAGE_FAILED;
	file_heap_prepare(frame, (unsigned)demand.demand.buffers.camping);
	return open_pool(pool, &demand.demand, frame);
}

static bool is_negotiated(const struct file_buffers *pool, const AVFrame *frame)
{
	return frame->format == pool->format && frame->width == pool->width &&
	       frame->height == pool->height;
}

/* A picture of another size or format gets private memory: the decoder may still have pictures of
   the old kind to deliver, and they come first. */
static int get_buffer(AVCodecContext *codec, AVFrame *frame, int flags)
{
	struct file_buffers *pool = codec->opaque;
	pthread_mutex_lock(&pool->queue_lock);
	if (!pool->opened && pool->result == STAGE_OK)
		pool->result = open_direct(pool, codec, frame);
	enum stage_result result = pool->result;
	pthread_mutex_unlock(&pool->queue_lock);

	if (result == STAGE_OK && !is_negotiated(pool, frame))
		return avcodec_default_get_buffer2(codec, frame, flags);
	if (result == STAGE_OK)
		result = hand_out(pool, codec->thread_count > 1, frame);
	if (result == STAGE_OK)
		return 0;

	pthread_mutex_lock(&pool->queue_lock);
	pool->result = result;
	pthread_mutex_unlock(&pool->queue_lock);
	return AVERROR_EXTERNAL;
}

static bool writes_into_pool(const struct file_buffers *pool)
{
	return pool->way == FILE_WAY_DIRECT || pool->way == FILE_WAY_PRIVATE;
}

void file_buffers_init(struct file_buffers *pool, const struct stage_env *env,
		       AVCodecContext *codec)
{
	*pool = (struct file_buffers){ .env = env };
	pthread_mutex_init(&pool->queue_lock, NULL);
	pthread_mutex_init(&pool->slot_lock, NULL);
	pthread_cond_init(&pool->came_back, NULL);
	pool->port.env = env;
	pool->way = file_way_of(codec->codec);
	if (!writes_into_pool(pool))
		return;
	codec->opaque = pool;
	codec->get_buffer2 = get_buffer;
}

enum stage_result file_buffers_result(struct file_buffers *pool)
{
	pthread_mutex_lock(&pool->queue_lock);
	enum stage_result result = pool->result;
	pthread_mutex_unlock(&pool->queue_lock);
	return result;
}

bool file_buffers_finish(struct file_buffers *pool)
{
	bool ended = false;
	if (pool->opened) {
		collect(pool);
		ended = stage_port_end(&pool->port);
	}
	stage_port_finish(&pool->port);
	pthread_cond_destroy(&pool->came_back);
	pthread_mutex_destroy(&pool->slot_lock);
	pthread_mutex_destroy(&pool->queue_lock);
	return ended;
}

/* ---- frames go out ---- */

/* The slot a frame lies in, or NULL. */
static struct file_slot *find_slot(struct file_buffers *pool, const AVFrame *frame)
{
	for (unsigned i = 0; i < umm_member_buffer_count(pool->port.member); i++) {
		struct file_slot *slot = &pool->slots[i];
		uint8_t *base = umm_buffer_data(slot->buffer);
		if (frame->data[0] >= base &&
		    frame->data[0] < base + umm_buffer_layout(slot->buffer)->raw_size_bytes)
			return slot;
	}
	return NULL;
}

/* Where the frame begins inside its buffer: libavcodec crops by moving pointers. */
static struct umm_rect visible_rect(const struct file_slot *slot, const AVFrame *frame)
{
	const struct umm_layout *layout = umm_buffer_layout(slot->buffer);
	const struct umm_format_info *info = umm_format_info(layout->format);
	uint64_t offset = (uint64_t)(frame->data[0] - (uint8_t *)umm_buffer_plane(slot->buffer, 0));
	uint64_t stride = layout->planes[0].stride_bytes;
	return (struct umm_rect){
		.x_px = (uint32_t)(offset % stride / info->block_bytes[0] * info->block_width[0]),
		.y_px = (uint32_t)(offset / stride),
		.width_px = (uint32_t)frame->width,
		.height_px = (uint32_t)frame->height,
	};
}

/* From now on the decoder only reads it. */
static int turn_to_reading(struct file_buffers *pool, struct file_slot *slot)
{
	int ret = 0;
	pthread_mutex_lock(&pool->slot_lock);
	if (slot->access != UMM_ACCESS_READ) {
		ret = umm_buffer_begin_access(slot->buffer, UMM_ACCESS_READ);
		if (ret == 0) {
			umm_buffer_end_access(slot->buffer, slot->access);
			slot->access = UMM_ACCESS_READ;
		}
	}
	pthread_mutex_unlock(&pool->slot_lock);
	return ret;
}

static int publish_slot(struct file_buffers *pool, struct file_slot *slot,
			const struct umm_frame_info *info)
{
	pthread_mutex_lock(&pool->queue_lock);
	collect(pool);
	int ret = umm_producer_publish(pool->port.member, slot->buffer, info, UMM_HOLD_KEEP);
	pthread_mutex_unlock(&pool->queue_lock);
	return ret;
}

/* A picture that the clip shows twice (VP9 does) can go out again when the consumers are done with
   its first showing. Returns -EBUSY if one of them keeps it. */
static int publish_direct(struct file_buffers *pool, struct file_slot *slot,
			  const struct umm_frame_info *info)
{
	int ret = turn_to_reading(pool, slot);
	if (ret < 0)
		return ret;
	for (int waited_ms = 0;; waited_ms++) {
		ret = publish_slot(pool, slot, info);
		if (ret != -EBUSY || waited_ms >= REPEAT_PATIENCE_MS ||
		    stage_port_stopped(&pool->port))
			return ret;
		nanosleep(&(struct timespec){ .tv_nsec = NS_PER_MS }, NULL);
	}
}

static void count_copy(struct file_buffers *pool, const AVFrame *frame)
{
	int bytes = av_image_get_buffer_size((enum AVPixelFormat)frame->format, frame->width,
					     frame->height, 1);
	umm_member_count_copy(pool->port.member, bytes > 0 ? (uint64_t)bytes : 0);
}

static enum stage_result publish_copy(struct file_buffers *pool, const AVFrame *frame,
				      struct umm_frame_info info)
{
	struct umm_buffer *buffer;
	enum stage_result result = acquire(pool, false, &buffer);
	if (result != STAGE_OK)
		return result;
	if (umm_buffer_begin_access(buffer, UMM_ACCESS_READ_WRITE) < 0) {
		give_back_unused(pool, buffer);
		stage_error(pool->env->spec, "a buffer cannot be written");
		return STAGE_FAILED;
	}

	AVFrame target = { 0 };
	fill_frame(buffer, &target);
	av_image_copy(target.data, target.linesize, (const uint8_t **)frame->data, frame->linesize,
		      (enum AVPixelFormat)frame->format, frame->width, frame->height);
	count_copy(pool, frame);
	info.visible = (struct umm_rect){ 0, 0, (uint32_t)frame->width, (uint32_t)frame->height };
	return stage_port_show(&pool->port, buffer, &info);
}

static enum stage_result open_copied(struct file_buffers *pool, const AVCodecContext *codec,
				     const AVFrame *frame)
{
	struct file_demand demand;
	if (file_demand_copied(pool->env->spec, codec, frame, &demand) < 0)
		return STAGE_FAILED;
	return open_pool(pool, &demand.demand, frame);
}

static const char *format_name(int format)
{
	const char *name = av_get_pix_fmt_name((enum AVPixelFormat)format);
	return name != NULL ? name : "unknown";
}

/* Not in the pool, though the decoder can write there: the picture has changed. */
static enum stage_result refuse_change(const struct file_buffers *pool, const AVFrame *frame)
{
	stage_error(pool->env->spec,
		    "the picture changes from %ux%u %s to %dx%d %s; the frames before that were "
		    "passed on, cut the clip there to get the rest",
		    pool->port.layout->width_px, pool->port.layout->height_px,
		    format_name(pool->format), frame->width, frame->height,
		    format_name(frame->format));
	return STAGE_FAILED;
}

static enum stage_result publish_repeated(struct file_buffers *pool, const AVFrame *frame,
					  const struct umm_frame_info *info)
{
	if (pool->env->allow_copies)
		return publish_copy(pool, frame, *info);
	stage_error(pool->env->spec, "the clip shows a picture twice that a stage behind it still "
				     "keeps; --copies=allow shows a copy instead");
	return STAGE_FAILED;
}

enum stage_result file_buffers_publish(struct file_buffers *pool, AVCodecContext *codec,
				       const AVFrame *frame, const struct umm_frame_info *info)
{
	if (!pool->opened) {
		enum stage_result result = open_copied(pool, codec, frame);
		if (result != STAGE_OK)
			return result;
	}
	if (!writes_into_pool(pool))
		return is_negotiated(pool, frame) ? publish_copy(pool, frame, *info)
						  : refuse_change(pool, frame);

	struct file_slot *slot = find_slot(pool, frame);
	if (slot == NULL)
		return refuse_change(pool, frame);
	struct umm_frame_info shown = *info;
	shown.visible = visible_rect(slot, frame);
	int ret = publish_direct(pool, slot, &shown);
	if (ret == -EBUSY)
		return publish_repeated(pool, frame, info);
	if (ret == 0 && pool->way == FILE_WAY_PRIVATE)
		count_copy(pool, frame);
	return stage_port_produced(&pool->port, ret);
}
