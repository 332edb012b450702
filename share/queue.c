/* SPDX-License-Identifier: MIT */
/** The public calls of umm/queue.h: the member's end of the queue, with buffers for indexes. */
#include <umm/queue.h>

#include <errno.h>
#include <stddef.h>

#include "share/member.h"
#include "share/queue_end.h"

/* The end, or NULL if the member has not started or is not of that role. */
static struct umm_queue_end *end_of(const struct umm_member *member, enum umm_role role)
{
	return umm_member_role(member) == role ? umm_member_queue_end(member) : NULL;
}

/* Whether the buffer is one of this member's: indexes of strangers mean nothing here. */
static bool owns(const struct umm_member *member, const struct umm_buffer *buffer)
{
	return buffer != NULL && umm_member_buffer(member, umm_buffer_index(buffer)) == buffer;
}

int umm_producer_acquire(struct umm_member *member, int64_t timeout_ns, struct umm_buffer **out)
{
	struct umm_queue_end *end = end_of(member, UMM_PRODUCER);
	if (end == NULL)
		return -EINVAL;
	unsigned index;
	int ret = umm_queue_end_acquire(end, timeout_ns, &index);
	if (ret == 0)
		*out = umm_member_buffer(member, index);
	return ret;
}

int umm_producer_publish(struct umm_member *member, struct umm_buffer *buffer,
			 const struct umm_frame_info *info, enum umm_hold hold)
{
	static const struct umm_frame_info nothing_to_tell = { .pts = INT64_MIN };
	struct umm_queue_end *end = end_of(member, UMM_PRODUCER);
	if (end == NULL || !owns(member, buffer))
		return -EINVAL;
	return umm_queue_end_publish(end, umm_buffer_index(buffer),
				     info != NULL ? info : &nothing_to_tell, hold);
}

int umm_producer_release(struct umm_member *member, struct umm_buffer *buffer)
{
	struct umm_queue_end *end = end_of(member, UMM_PRODUCER);
	if (end == NULL || !owns(member, buffer))
		return -EINVAL;
	return umm_queue_end_give_up(end, umm_buffer_index(buffer));
}

int umm_producer_end(struct umm_member *member, int error)
{
	struct umm_queue_end *end = end_of(member, UMM_PRODUCER);
	return end != NULL ? umm_queue_end_finish(end, error) : -EINVAL;
}

int umm_producer_drain(struct umm_member *member, int64_t timeout_ns)
{
	struct umm_queue_end *end = end_of(member, UMM_PRODUCER);
	return end != NULL ? umm_queue_end_drain(end, timeout_ns) : -EINVAL;
}

struct umm_timeline *umm_producer_timeline(struct umm_member *member)
{
	struct umm_queue_end *end = end_of(member, UMM_PRODUCER);
	return end != NULL ? umm_queue_end_timeline(end) : NULL;
}

static struct umm_fence ready_fence(struct umm_queue_end *end, uint64_t point)
{
	if (point == 0)
		return (struct umm_fence){ .kind = UMM_FENCE_NONE, .fd = -1 };
	return (struct umm_fence){
		.kind = UMM_FENCE_TIMELINE,
		.timeline = umm_queue_end_timeline(end),
		.point = point,
		.fd = -1,
	};
}

int umm_consumer_acquire(struct umm_member *member, int64_t timeout_ns, struct umm_frame *out)
{
	struct umm_queue_end *end = end_of(member, UMM_CONSUMER);
	if (end == NULL)
		return -EINVAL;
	struct umm_ring_frame frame;
	int ret = umm_queue_end_take(end, timeout_ns, &frame);
	if (ret != 0)
		return ret;
	*out = (struct umm_frame){
		.buffer = umm_member_buffer(member, frame.buffer),
		.sequence = frame.sequence,
		.dropped = frame.dropped,
		.published_ns = frame.published_ns,
		.info = frame.info,
		.ready = ready_fence(end, frame.info.fence_point),
	};
	return 0;
}

int umm_consumer_release(struct umm_member *member, const struct umm_frame *frame)
{
	struct umm_queue_end *end = end_of(member, UMM_CONSUMER);
	if (end == NULL || !owns(member, frame->buffer))
		return -EINVAL;
	return umm_queue_end_release(end, umm_buffer_index(frame->buffer), frame->sequence);
}

int umm_member_fd(struct umm_member *member)
{
	struct umm_queue_end *end = umm_member_queue_end(member);
	return end != NULL ? umm_queue_end_fd(end) : -EINVAL;
}

int umm_member_arm(struct umm_member *member)
{
	struct umm_queue_end *end = umm_member_queue_end(member);
	return end != NULL ? umm_queue_end_arm(end) : -EINVAL;
}

void umm_member_set_spin(struct umm_member *member, int64_t spin_ns)
{
	struct umm_queue_end *end = umm_member_queue_end(member);
	if (end != NULL)
		umm_queue_end_set_spin(end, spin_ns);
}

int umm_member_set_watch(struct umm_member *member, enum umm_watch watch)
{
	struct umm_queue_end *end = umm_member_queue_end(member);
	if (end == NULL || (watch != UMM_WATCH_SELF && watch != UMM_WATCH_BROKER))
		return -EINVAL;
	if (watch == UMM_WATCH_BROKER && !umm_queue_end_has_broker(end))
		return -EOPNOTSUPP;
	umm_queue_end_set_watch(end, watch);
	return 0;
}

void umm_member_count_copy(struct umm_member *member, uint64_t bytes)
{
	struct umm_queue_end *end = umm_member_queue_end(member);
	if (end != NULL)
		umm_queue_end_count_copy(end, bytes);
}

void umm_member_get_stats(const struct umm_member *member, struct umm_member_stats *out)
{
	struct umm_queue_end *end = umm_member_queue_end(member);
	*out = (struct umm_member_stats){ 0 };
	if (end != NULL)
		umm_queue_end_get_stats(end, out);
}
