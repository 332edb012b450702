/* SPDX-License-Identifier: MIT */
/**
 * The short way: what most program code would write around the calls of umm/collection.h and
 * umm/queue.h. Everything here is made of public calls.
 */
#include <errno.h>

#include <umm/umm.h>

#include "os/cleanup.h"

UMM_DEFINE_AUTO(umm_constraints, umm_constraints_destroy)

static int state(struct umm_constraints *constraints, enum umm_role role, uint32_t fourcc,
		 struct umm_size size)
{
	uint32_t usage =
		UMM_USAGE_CPU_READ_OFTEN | (role == UMM_PRODUCER ? UMM_USAGE_CPU_WRITE_OFTEN : 0u);
	struct umm_buffer_demand buffers = { .camping = 1 };
	struct umm_format_demand format = { .formats = { fourcc }, .required_sizes = { size } };
	int ret = umm_constraints_set_usage(constraints, usage);
	if (ret == 0)
		ret = umm_constraints_set_buffers(constraints, &buffers);
	return ret == 0 ? umm_constraints_add_format(constraints, &format) : ret;
}

int umm_collection_join_cpu(struct umm_collection *collection, enum umm_role role, const char *name,
			    uint32_t fourcc, struct umm_size size, struct umm_member **out)
{
	if (role == UMM_OBSERVER || size.width_px == 0 || size.height_px == 0)
		return -EINVAL;
	umm_auto(umm_constraints, constraints) = NULL;
	int ret = umm_constraints_create(name, &constraints);
	if (ret == 0)
		ret = state(constraints, role, fourcc, size);
	if (ret < 0)
		return ret;
	return umm_collection_join(collection, constraints, UMM_JOIN_OPTS(.role = role), out);
}

int umm_producer_grab(struct umm_member *member, int64_t timeout_ns, struct umm_buffer **out)
{
	struct umm_buffer *buffer;
	int ret = umm_producer_acquire(member, timeout_ns, &buffer);
	if (ret != 0)
		return ret;
	ret = umm_buffer_begin_access(buffer, UMM_ACCESS_READ_WRITE);
	if (ret < 0) {
		umm_producer_release(member, buffer);
		return ret;
	}
	*out = buffer;
	return 0;
}

int umm_producer_show(struct umm_member *member, struct umm_buffer *buffer,
		      const struct umm_frame_info *info)
{
	int ret = umm_buffer_end_access(buffer, UMM_ACCESS_READ_WRITE);
	return ret < 0 ? ret : umm_producer_publish(member, buffer, info, UMM_HOLD_DROP);
}

static int open_frame(const struct umm_frame *frame)
{
	int ret;
	do
		ret = umm_fence_wait(&frame->ready, UMM_FOREVER);
	while (ret == -EINTR);
	return ret < 0 ? ret : umm_buffer_begin_access(frame->buffer, UMM_ACCESS_READ);
}

int umm_consumer_take(struct umm_member *member, int64_t timeout_ns, struct umm_frame *out)
{
	struct umm_frame frame;
	int ret = umm_consumer_acquire(member, timeout_ns, &frame);
	if (ret != 0)
		return ret;
	ret = open_frame(&frame);
	if (ret < 0) {
		umm_consumer_release(member, &frame);
		return ret;
	}
	*out = frame;
	return 0;
}

int umm_consumer_give(struct umm_member *member, const struct umm_frame *frame)
{
	int ret = umm_buffer_end_access(frame->buffer, UMM_ACCESS_READ);
	int released = umm_consumer_release(member, frame);
	return ret < 0 ? ret : released;
}

/* Nothing is in hand afterwards, so what could not be shown is not kept either. */
static int show_in_hand(struct umm_member *member, struct umm_frame *frame)
{
	struct umm_buffer *buffer = frame->buffer;
	frame->buffer = NULL;
	int ret = buffer != NULL ? umm_producer_show(member, buffer, &frame->info) : 0;
	if (ret < 0)
		umm_producer_release(member, buffer);
	return ret;
}

int umm_producer_next(struct umm_member *member, int64_t timeout_ns, struct umm_frame *frame)
{
	struct umm_buffer *buffer;
	int ret = show_in_hand(member, frame);
	if (ret == 0)
		ret = umm_producer_grab(member, timeout_ns, &buffer);
	if (ret != 0)
		return ret;
	*frame = (struct umm_frame){ .buffer = buffer, .info = { .pts = INT64_MIN } };
	return 0;
}

int umm_producer_finish(struct umm_member *member, int64_t timeout_ns, struct umm_frame *frame)
{
	int shown = show_in_hand(member, frame);
	int ended = umm_producer_end(member, shown);
	int ret = shown < 0 ? shown : ended;
	return ret < 0 ? ret : umm_producer_drain(member, timeout_ns);
}

int umm_consumer_next(struct umm_member *member, int64_t timeout_ns, struct umm_frame *frame)
{
	int ret = frame->buffer != NULL ? umm_consumer_give(member, frame) : 0;
	frame->buffer = NULL;
	return ret < 0 ? ret : umm_consumer_take(member, timeout_ns, frame);
}
