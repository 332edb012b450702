/* SPDX-License-Identifier: MIT */
#include "device/v4l2_stream.h"

#include <errno.h>
#include <poll.h>
#include <time.h>

#include "os/clock.h"
#include "os/v4l2.h"

#define MICROSECONDS 1000000

/* How long to wait when poll(2) says "ready" and the driver "not yet", lest we spin; or who asks
   again and again without a time of his own. */
#define FALSE_ALARM_NS INT64_C(1000000)

/* ---- struct v4l2_buffer, single- and multi-planar ---- */

/* Its planes array lies beside it, so it is filled in place. */
struct message {
	struct v4l2_buffer buffer;
	struct v4l2_plane planes[VIDEO_MAX_PLANES];
};

static void message_init(struct message *message, const struct umm_v4l2_stream *stream)
{
	*message = (struct message){
		.buffer = { .type = stream->queue.type, .memory = V4L2_MEMORY_DMABUF },
	};
	if (!umm_v4l2_is_multiplanar(stream->queue.type))
		return;
	message->buffer.m.planes = message->planes;
	message->buffer.length = stream->shape.n_memory;
}

static void name_memory(struct message *message, const struct umm_v4l2_stream *stream, int fd,
			uint64_t payload_bytes)
{
	uint32_t length = (uint32_t)stream->buffer_bytes, used = (uint32_t)payload_bytes;
	if (umm_v4l2_is_multiplanar(stream->queue.type)) {
		message->planes[0].m.fd = fd;
		message->planes[0].length = length;
		message->planes[0].bytesused = used;
	} else {
		message->buffer.m.fd = fd;
		message->buffer.length = length;
		message->buffer.bytesused = used;
	}
}

/* Where the driver puts the first byte of the picture. */
static uint32_t offset_of(const struct umm_v4l2_stream *stream, const struct message *message)
{
	return umm_v4l2_is_multiplanar(stream->queue.type) ? message->planes[0].data_offset : 0;
}

static struct timeval time_of(const struct umm_frame_info *info)
{
	if (info->pts == INT64_MIN || info->time_base.num <= 0 || info->time_base.den <= 0)
		return (struct timeval){ 0 };
	double seconds = (double)info->pts * info->time_base.num / info->time_base.den;
	if (!(seconds >= 0 && seconds < (double)INT32_MAX))
		return (struct timeval){ 0 };
	return (struct timeval){ .tv_sec = (time_t)seconds,
				 .tv_usec = (suseconds_t)((seconds - (double)(time_t)seconds) *
							  MICROSECONDS) };
}

/* *message becomes what the driver says of the buffer. */
static int queue_fd(struct umm_v4l2_stream *stream, unsigned slot, int fd,
		    const struct umm_frame_info *info, struct message *message)
{
	bool output = umm_v4l2_is_output(stream->queue.type);
	message_init(message, stream);
	message->buffer.index = slot;
	message->buffer.field = V4L2_FIELD_NONE;
	if (output && info != NULL)
		message->buffer.timestamp = time_of(info);
	name_memory(message, stream, fd,
		    output ? umm_v4l2_image_bytes(&stream->shape, stream->info) : 0);
	return umm_v4l2_call(stream->queue.fd, VIDIOC_QBUF, &message->buffer);
}

/* ---- slots ---- */

static int request(const struct umm_v4l2_queue *queue, uint32_t *count)
{
	struct v4l2_requestbuffers request = { .count = *count,
					       .type = queue->type,
					       .memory = V4L2_MEMORY_DMABUF };
	int ret = umm_v4l2_claim(queue->fd, VIDIOC_REQBUFS, &request);
	if (ret == 0)
		*count = request.count;
	return ret;
}

/* Sources that can change tell so by an event; most cannot, and say no. */
static void watch_source(const struct umm_v4l2_queue *queue, unsigned long subscribe)
{
	struct v4l2_event_subscription what = { .type = V4L2_EVENT_SOURCE_CHANGE };
	(void)umm_v4l2_call(queue->fd, subscribe, &what);
}

int umm_v4l2_stream_open(struct umm_v4l2_stream *stream, unsigned count, uint64_t buffer_bytes)
{
	uint32_t made = count < VIDEO_MAX_FRAME ? count : VIDEO_MAX_FRAME;
	if (buffer_bytes > UINT32_MAX)
		return -EFBIG;
	int ret = request(&stream->queue, &made);
	if (ret < 0)
		return ret;
	stream->n_slots = made < VIDEO_MAX_FRAME ? made : VIDEO_MAX_FRAME;
	stream->n_queued = 0;
	stream->buffer_bytes = buffer_bytes;
	for (unsigned i = 0; i < VIDEO_MAX_FRAME; i++)
		stream->slots[i] = (struct umm_v4l2_slot){ .fd = -1 };
	watch_source(&stream->queue, VIDIOC_SUBSCRIBE_EVENT);
	return 0;
}

void umm_v4l2_stream_close(struct umm_v4l2_stream *stream)
{
	uint32_t none = 0;
	watch_source(&stream->queue, VIDIOC_UNSUBSCRIBE_EVENT);
	(void)request(&stream->queue, &none);
	stream->n_slots = stream->n_queued = 0;
}

static void forget_queued(struct umm_v4l2_stream *stream)
{
	for (unsigned i = 0; i < stream->n_slots; i++)
		stream->slots[i].queued = false;
	stream->n_queued = 0;
}

int umm_v4l2_stream_try(struct umm_v4l2_stream *stream, unsigned slot, int borrow_fd,
			uint32_t *out_offset_bytes)
{
	struct message message;
	int ret = queue_fd(stream, slot, borrow_fd, NULL, &message);
	if (ret < 0)
		return ret;
	stream->slots[slot].fd = borrow_fd;
	*out_offset_bytes = offset_of(stream, &message);
	return umm_v4l2_stream_stop(stream);
}

/* ---- on and off ---- */

static bool same_shape(const struct umm_v4l2_shape *a, const struct umm_v4l2_shape *b)
{
	return a->code == b->code && a->width_px == b->width_px && a->height_px == b->height_px &&
	       a->n_memory == b->n_memory && a->strides_bytes[0] == b->strides_bytes[0] &&
	       a->sizes_bytes[0] == b->sizes_bytes[0];
}

int umm_v4l2_stream_start(struct umm_v4l2_stream *stream)
{
	struct umm_v4l2_shape now;
	int type = (int)stream->queue.type;
	int ret = umm_v4l2_get_shape(&stream->queue, &now);
	if (ret < 0)
		return ret;
	if (!same_shape(&now, &stream->shape))
		return -ESTALE;
	stream->counting = stream->changed = false;
	stream->dropped = 0;
	return umm_v4l2_call(stream->queue.fd, VIDIOC_STREAMON, &type);
}

int umm_v4l2_stream_stop(struct umm_v4l2_stream *stream)
{
	int type = (int)stream->queue.type;
	int ret = umm_v4l2_call(stream->queue.fd, VIDIOC_STREAMOFF, &type);
	forget_queued(stream);
	return ret;
}

int umm_v4l2_stream_put(struct umm_v4l2_stream *stream, unsigned slot,
			const struct umm_frame_info *info)
{
	struct message message;
	int ret = queue_fd(stream, slot, stream->slots[slot].fd, info, &message);
	if (ret < 0)
		return ret;
	stream->slots[slot].queued = true;
	stream->n_queued++;
	return 0;
}

/* ---- what comes back ---- */

/* The byte behind the last pixel. */
static uint64_t picture_end(const struct umm_v4l2_stream *stream)
{
	struct umm_v4l2_plane planes[UMM_MAX_PLANES];
	const struct umm_format_info *info = stream->info;
	unsigned last = info->n_planes - 1u;
	umm_v4l2_planes(&stream->shape, info, planes);
	uint64_t row = umm_format_row_bytes(info, last, stream->shape.width_px);
	return planes[last].offset_bytes + planes[last].size_bytes - planes[last].stride_bytes +
	       row;
}

static int judge(const struct umm_v4l2_stream *stream, const struct message *message)
{
	bool multi = umm_v4l2_is_multiplanar(stream->queue.type);
	uint64_t used = multi ? message->planes[0].bytesused : message->buffer.bytesused;
	if (message->buffer.flags & V4L2_BUF_FLAG_ERROR)
		return -EIO;
	if (umm_v4l2_is_output(stream->queue.type))
		return 0;
	if (offset_of(stream, message) != 0 || used > stream->buffer_bytes)
		return -EPROTO;
	return used < picture_end(stream) ? -EIO : 0;
}

static void count_frame(struct umm_v4l2_stream *stream, uint32_t sequence)
{
	uint32_t step = sequence - stream->sequence;
	if (stream->counting && step > 1 && step < UINT32_C(1) << 30)
		stream->dropped += step - 1;
	stream->counting = true;
	stream->sequence = sequence;
}

/* Drivers may say anything. Returns false: no time that could be. */
static bool read_time(const struct v4l2_buffer *buffer, int64_t *out)
{
	int64_t seconds = buffer->timestamp.tv_sec, rest = buffer->timestamp.tv_usec;
	if ((buffer->flags & V4L2_BUF_FLAG_TIMESTAMP_MASK) == V4L2_BUF_FLAG_TIMESTAMP_UNKNOWN ||
	    seconds < 0 || seconds >= INT64_MAX / MICROSECONDS || rest < 0 || rest >= MICROSECONDS)
		return false;
	*out = seconds * MICROSECONDS + rest;
	return true;
}

static struct umm_frame_info info_of(const struct umm_v4l2_stream *stream,
				     const struct v4l2_buffer *buffer)
{
	struct umm_frame_info info = {
		.time_base = { 1, MICROSECONDS },
		.sample_aspect = { 0, 1 },
	};
	if (!read_time(buffer, &info.pts))
		info.pts = umm_now_ns() / 1000;
	if (stream->rate.num > 0)
		info.duration = (int64_t)MICROSECONDS * stream->rate.den / stream->rate.num;
	return info;
}

/* Returns 0, -EAGAIN: nothing there yet, or why not. */
static int dequeue(struct umm_v4l2_stream *stream, unsigned *out_slot,
		   struct umm_frame_info *out_info, int *out_error)
{
	struct message message;
	message_init(&message, stream);
	int ret = umm_v4l2_call(stream->queue.fd, VIDIOC_DQBUF, &message.buffer);
	if (ret == -EPIPE)
		return UMM_END;
	if (ret < 0)
		return ret;
	uint32_t slot = message.buffer.index;
	if (slot >= stream->n_slots || !stream->slots[slot].queued)
		return -EPROTO;
	stream->slots[slot].queued = false;
	stream->n_queued--;
	count_frame(stream, message.buffer.sequence);
	*out_slot = slot;
	*out_info = info_of(stream, &message.buffer);
	*out_error = judge(stream, &message);
	return 0;
}

static void read_events(struct umm_v4l2_stream *stream)
{
	struct v4l2_event event = { 0 };
	for (unsigned i = 0; i < 64; i++) {
		if (umm_v4l2_call(stream->queue.fd, VIDIOC_DQEVENT, &event) < 0)
			return;
		if (event.type == V4L2_EVENT_SOURCE_CHANGE &&
		    (event.u.src_change.changes & V4L2_EVENT_SRC_CH_RESOLUTION))
			stream->changed = true;
	}
}

short umm_v4l2_stream_events(const struct umm_v4l2_stream *stream)
{
	return umm_v4l2_is_output(stream->queue.type) ? POLLOUT | POLLPRI : POLLIN | POLLPRI;
}

static void nap(int64_t ns)
{
	nanosleep(&(struct timespec){ .tv_nsec = (long)ns }, NULL);
}

/* Wait for something to take. Returns 0: look again. That there is something, and is not, has an
   end as well. */
static int wait_for_it(struct umm_v4l2_stream *stream, int64_t deadline_ns, bool alarmed)
{
	short came;
	if (alarmed)
		nap(FALSE_ALARM_NS);
	if (alarmed && umm_left_ns(deadline_ns, INT64_MAX) == 0)
		return -EAGAIN;
	int64_t left = deadline_ns == INT64_MAX ? UMM_FOREVER : umm_left_ns(deadline_ns, INT64_MAX);
	int ret = umm_v4l2_wait(stream->queue.fd, umm_v4l2_stream_events(stream), left, &came);
	if (ret == 0 && (came & POLLPRI))
		read_events(stream);
	return ret;
}

/* An event that nobody reads would wake who sleeps on the fd at once, again and again. */
static int nothing_queued(struct umm_v4l2_stream *stream)
{
	if (!umm_v4l2_is_output(stream->queue.type))
		read_events(stream);
	return stream->changed ? -ESTALE : -EAGAIN;
}

int umm_v4l2_stream_take(struct umm_v4l2_stream *stream, int64_t timeout_ns, unsigned *out_slot,
			 struct umm_frame_info *out_info, int *out_error)
{
	int64_t deadline_ns = umm_deadline_ns(timeout_ns);
	for (bool alarmed = false;; alarmed = true) {
		if (stream->changed)
			return -ESTALE;
		int ret = dequeue(stream, out_slot, out_info, out_error);
		if (ret != -EAGAIN)
			return ret;
		if (stream->n_queued == 0)
			return nothing_queued(stream);
		ret = wait_for_it(stream, deadline_ns, alarmed);
		if (ret < 0)
			return ret;
	}
}
