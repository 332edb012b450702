/* SPDX-License-Identifier: MIT */
#include "camera.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define POLL_NS	 INT64_C(100000000) /* how soon a wish to stop is noticed */
#define NS_PER_S INT64_C(1000000000)
#define CAMPING	 2 /* buffers: one is filled while one is shown */

/* ---- open ---- */

static uint64_t row_bytes(const struct options *options)
{
	return umm_format_row_bytes(umm_format_info(options->format), 0, options->size.width_px);
}

static int measure(struct camera *camera)
{
	const struct options *options = camera->options;
	uint64_t bytes = row_bytes(options) * options->size.height_px;
	uint32_t block = camera->nvme.block_bytes;
	camera->frame_blocks = (uint32_t)((bytes + block - 1) / block);
	camera->n_frames = camera->nvme.n_blocks / camera->frame_blocks;
	if (camera->n_frames == 0)
		return complain(options, "the disk is smaller than one frame");
	if (options->frames > 0 && options->frames < camera->n_frames)
		camera->n_frames = options->frames;
	return 0;
}

int camera_open(struct camera *camera)
{
	const struct options *options = camera->options;
	const char *step = "";
	char why[UMM_DEVICE_WHY_MAX] = "";
	int ret = umm_device_open(
		options->device,
		UMM_DEVICE_OPTS(.direction = UMM_DEVICE_WRITES, .iommu = options->iommu),
		&camera->device, why);
	if (ret < 0)
		return complain(options, "%s", why[0] != '\0' ? why : strerror(-ret));
	ret = umm_device_start(camera->device);
	if (ret < 0)
		return complain(options, "%s may not access memory: %s", options->device,
				strerror(-ret));
	ret = nvme_init(&camera->nvme, camera->device, &step);
	if (ret < 0)
		return complain(options, "%s: %s: %s", options->device, step, strerror(-ret));
	if (ret > 0)
		return complain(options, "%s: %s: status 0x%x", options->device, step,
				(unsigned)ret);
	return measure(camera);
}

/* ---- settle ---- */

/* Rows have no gaps on the disk, so there are none in memory. */
static int state_constraints(const struct camera *camera, struct umm_constraints *constraints)
{
	const struct options *options = camera->options;
	struct umm_memory_demand memory;
	struct umm_format_demand format = {
		.formats = { options->format },
		.required_sizes = { options->size },
		.stride_min_bytes = row_bytes(options),
		.stride_max_bytes = row_bytes(options),
		.total_min_bytes = (uint64_t)camera->frame_blocks * camera->nvme.block_bytes,
		.handles = UMM_HANDLES_ONE,
	};
	int ret = umm_driver_demand(camera->device, &memory);
	if (ret == 0)
		ret = umm_constraints_set_usage(constraints, UMM_USAGE_DMA);
	if (ret == 0)
		ret = umm_constraints_set_buffers(
			constraints, &(struct umm_buffer_demand){ .camping = CAMPING });
	if (ret == 0)
		ret = umm_constraints_set_memory(constraints, &memory);
	return ret < 0 ? ret : umm_constraints_add_format(constraints, &format);
}

/* What the device has against this memory is said before the pool is allocated. */
static int attach_on_trial(void *user, struct umm_buffer *buffer, char *why)
{
	struct camera *camera = user;
	int ret = umm_device_attach(camera->device, buffer, why);
	return ret < 0 ? ret : umm_device_detach(camera->device, buffer);
}

static int join(struct camera *camera)
{
	struct umm_constraints *constraints;
	int ret = umm_constraints_create(camera->options->name, &constraints);
	if (ret < 0)
		return ret;
	ret = state_constraints(camera, constraints);
	if (ret == 0)
		ret = umm_collection_join(camera->collection, constraints,
					  UMM_JOIN_OPTS(.role = UMM_PRODUCER, .memory_file = true),
					  &camera->member);
	umm_constraints_destroy(constraints);
	if (ret < 0)
		return ret;
	return umm_member_set_trial(camera->member,
				    UMM_TRIAL_OPTS(.attach = attach_on_trial, .user = camera,
						   .driver = umm_device_driver(camera->device),
						   .device = umm_device_name(camera->device)));
}

/* Before the start: from then on the memory can not be mapped for writing. */
static int attach_all(struct camera *camera)
{
	char why[UMM_DEVICE_WHY_MAX] = "";
	for (unsigned i = 0; i < umm_member_buffer_count(camera->member); i++) {
		int ret = umm_device_attach(camera->device, umm_member_buffer(camera->member, i),
					    why);
		if (ret < 0)
			return complain(camera->options, "%s",
					why[0] != '\0' ? why : strerror(-ret));
	}
	return 0;
}

/* The runner tells why there is no layout, or why the pipeline has ended. */
static int failed(const struct camera *camera, const char *what, int ret)
{
	if (ret < 0 && ret != -ECONNRESET && ret != -EOWNERDEAD)
		complain(camera->options, "%s: %s", what, strerror(-ret));
	return -1;
}

int camera_settle(struct camera *camera)
{
	const struct options *options = camera->options;
	int ret = umm_connection_open(options->socket, &camera->connection);
	if (ret < 0)
		return failed(camera, "no broker", ret);
	ret = umm_collection_open(camera->connection, options->token, &camera->collection);
	if (ret == 0)
		ret = join(camera);
	if (ret < 0)
		return failed(camera, "cannot join", ret);
	ret = umm_collection_seal(camera->collection);
	if (ret != 0)
		return failed(camera, "no memory was agreed on", ret);
	if (attach_all(camera) < 0)
		return -1;
	ret = umm_collection_start(camera->collection);
	return ret < 0 ? failed(camera, "the frames cannot start to flow", ret) : 0;
}

/* ---- stream ---- */

static int read_frame(struct camera *camera, const struct umm_buffer *buffer, uint64_t number)
{
	int n = umm_driver_segments(camera->device, buffer, NULL, 0);
	if (n < 0)
		return n;
	struct umm_driver_segment *segments = calloc((size_t)n, sizeof(*segments));
	if (segments == NULL)
		return -ENOMEM;
	struct nvme_target target = { segments, (unsigned)n };
	int ret = umm_driver_segments(camera->device, buffer, segments, (unsigned)n);
	if (ret == n)
		ret = nvme_read(&camera->nvme, number * camera->frame_blocks, camera->frame_blocks,
				&target);
	free(segments);
	return ret;
}

static void pace(struct camera *camera)
{
	struct umm_rational rate = camera->options->rate;
	if (rate.num == 0)
		return;
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	int64_t now_ns = now.tv_sec * NS_PER_S + now.tv_nsec;
	int64_t left_ns = camera->due_ns - now_ns;
	if (left_ns > 0)
		nanosleep(&(struct timespec){ left_ns / NS_PER_S, left_ns % NS_PER_S }, NULL);
	else
		camera->due_ns = now_ns;
	camera->due_ns += NS_PER_S * rate.den / rate.num;
}

/* Returns 0, 1: the stream is over; -1. */
static int show_next(struct camera *camera, uint64_t number)
{
	struct umm_buffer *buffer;
	struct umm_rational rate = camera->options->rate;
	struct umm_frame_info info = {
		.pts = (int64_t)number,
		.duration = 1,
		.time_base = rate.num > 0 ? (struct umm_rational){ rate.den, rate.num }
					  : (struct umm_rational){ 1, 30 },
		.sample_aspect = { 1, 1 },
	};
	int ret = -ETIMEDOUT;
	while (ret == -ETIMEDOUT || ret == -EINTR) {
		if (*camera->stop)
			return 1;
		ret = umm_producer_acquire(camera->member, POLL_NS, &buffer);
	}
	if (ret == 0) /* the drive knows no fences */
		ret = umm_buffer_wait(buffer, UMM_ACCESS_WRITE, UMM_DRIVER_NS);
	if (ret == 0) {
		int status = read_frame(camera, buffer, number);
		if (status != 0)
			return complain(camera->options, "frame %llu cannot be read: %s%d",
					(unsigned long long)number,
					status > 0 ? "NVMe status " : "error ", status);
		pace(camera);
		ret = umm_producer_publish(camera->member, buffer, &info, UMM_HOLD_DROP);
	}
	if (ret == -EPIPE)
		return 1; /* nobody looks any more */
	return ret < 0 ? failed(camera, "cannot pass frames on", ret) : 0;
}

static void drain(struct camera *camera)
{
	int ret = umm_producer_end(camera->member, 0);
	while (ret == 0) {
		ret = umm_producer_drain(camera->member, POLL_NS);
		if (ret == 0)
			return;
		if (ret == -ETIMEDOUT || ret == -EINTR)
			ret = 0;
	}
}

int camera_stream(struct camera *camera)
{
	int ret = 0;
	for (uint64_t n = 0; n < camera->n_frames && ret == 0; n++)
		ret = show_next(camera, n);
	if (ret >= 0)
		drain(camera);
	return ret < 0 ? -1 : 0;
}

void camera_close(struct camera *camera)
{
	nvme_finish(&camera->nvme);
	umm_device_close(camera->device);
	umm_collection_destroy(camera->collection);
	umm_connection_close(camera->connection);
}
