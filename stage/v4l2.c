/* SPDX-License-Identifier: MIT */
/**
 * v4l2: a source that is a camera, or anything else that makes pictures by Video4Linux.
 *
 * The camera's driver writes straight into the pool's buffers. All that are free are with it; what
 * it has filled is shown, what the consumers give back goes to it again. It makes its frames when
 * it makes them: those it had no buffer for are counted, and told at the end.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "os/clock.h"
#include "stage/device.h"
#include "stage/port.h"
#include "stage/table.h"

#define STOP_POLL_NS	INT64_C(100000000)
#define MOST_RATE	1000
#define MOST_BAD_FRAMES 30 /* in a row: then it is the camera, and not the frame */
#define SILENCE_S	5  /* long exposures are shorter */

struct camera {
	struct stage_port *port;
	struct umm_device *device;
	uint64_t max_frames, shown;
	uint64_t bad, bad_in_a_row;
	int64_t silent_at_ns; /* when its silence is to be told; INT64_MAX: it was */
};

static int read_options(const struct stage_spec *spec, struct umm_device_opts *out)
{
	*out = (struct umm_device_opts){
		.struct_size = sizeof(*out),
		.direction = UMM_DEVICE_WRITES,
		.connector = stage_option(spec, "input"),
	};
	if (stage_option_size(spec, "size", &out->size) < 0 ||
	    stage_option_format(spec, "format", &out->format) < 0 ||
	    stage_option_rational(spec, "rate", MOST_RATE, &out->rate) < 0)
		return -1;
	return 0;
}

static int v4l2_check(const struct stage_spec *spec)
{
	struct umm_device_opts options;
	return read_options(spec, &options);
}

static enum stage_result failed(const struct camera *camera, const char *what, int ret)
{
	const struct stage_spec *spec = camera->port->env->spec;
	const char *name = umm_device_name(camera->device);
	if (ret == -ENODEV)
		stage_error(spec, "%s was unplugged after %" PRIu64 " frames", name, camera->shown);
	else if (ret == -ESTALE)
		stage_error(spec,
			    "%s has changed its picture after %" PRIu64
			    " frames; start anew to agree on the new one",
			    name, camera->shown);
	else
		stage_error(spec, "%s: %s after %" PRIu64 " frames: %s", name, what, camera->shown,
			    strerror(-ret));
	return STAGE_FAILED;
}

/* Whatever is free goes to the camera. */
static enum stage_result feed(struct camera *camera)
{
	for (;;) {
		struct umm_buffer *buffer;
		bool grabbed = false;
		enum stage_result result = stage_port_try_grab(camera->port, &buffer, &grabbed);
		if (result != STAGE_OK || !grabbed)
			return result;
		int ret = umm_device_submit(camera->device, buffer, NULL);
		if (ret < 0) {
			stage_port_drop(camera->port, buffer);
			return failed(camera, "does not take a buffer", ret);
		}
	}
}

/* A frame that the driver itself calls broken, or that is not whole, is not shown. */
static enum stage_result put_back(struct camera *camera, const struct umm_device_done *done)
{
	stage_port_drop(camera->port, done->buffer);
	camera->bad++;
	if (++camera->bad_in_a_row < MOST_BAD_FRAMES)
		return STAGE_OK;
	return failed(camera, "makes broken frames only", done->error);
}

static void note_sign_of_life(struct camera *camera)
{
	camera->silent_at_ns = umm_now_ns() + SILENCE_S * UMM_NS_PER_SECOND;
}

/* Said once, and waited for all the same: a cable may be on its way. A camera that has no buffer is
   silent for want of one. */
static void note_silence(struct camera *camera)
{
	if (camera->port->in_hand == 0)
		note_sign_of_life(camera);
	if (umm_now_ns() < camera->silent_at_ns)
		return;
	camera->silent_at_ns = INT64_MAX;
	stage_error(camera->port->env->spec,
		    "%s (%s) has given no frame for %d s, with %u buffers to fill, after %" PRIu64
		    " frames: is a signal there, is the sensor linked and powered, does another "
		    "input= have one? Waiting on",
		    umm_device_name(camera->device), umm_device_driver(camera->device), SILENCE_S,
		    camera->port->in_hand, camera->shown);
}

static bool enough(const struct camera *camera)
{
	return camera->max_frames > 0 && camera->shown >= camera->max_frames;
}

/* Show what the camera has filled. */
static enum stage_result empty(struct camera *camera)
{
	while (!enough(camera)) {
		struct umm_device_done done;
		int ret = umm_device_complete(camera->device, 0, &done);
		if (ret == -EAGAIN || ret == -EINTR)
			return STAGE_OK;
		if (ret == UMM_END)
			return STAGE_OVER;
		if (ret < 0)
			return failed(camera, "gives no more frames", ret);
		note_sign_of_life(camera);
		if (done.error != 0) {
			enum stage_result result = put_back(camera, &done);
			if (result != STAGE_OK)
				return result;
			continue;
		}
		camera->bad_in_a_row = 0;
		enum stage_result result = stage_port_show(camera->port, done.buffer, &done.info);
		if (result != STAGE_OK)
			return result;
		camera->shown++;
	}
	return STAGE_OVER;
}

static enum stage_result stream(struct camera *camera)
{
	enum stage_result result = feed(camera);
	if (result != STAGE_OK)
		return result;
	int ret = umm_device_start(camera->device);
	if (ret < 0)
		return failed(camera, "does not start", ret);
	note_sign_of_life(camera);
	while (result == STAGE_OK && !stage_port_stopped(camera->port)) {
		stage_port_wait_device(camera->port, STAGE_WAIT_EITHER, STOP_POLL_NS);
		result = empty(camera);
		note_silence(camera);
		if (result == STAGE_OK)
			result = feed(camera);
	}
	return result;
}

static void tell_losses(const struct camera *camera)
{
	const struct stage_spec *spec = camera->port->env->spec;
	uint64_t dropped = umm_device_dropped(camera->device);
	if (dropped > 0)
		stage_error(spec, "%" PRIu64 " frames were lost: no buffer was free when they came",
			    dropped);
	if (camera->bad > 0)
		stage_error(spec, "%" PRIu64 " frames were broken and not shown", camera->bad);
}

static int v4l2_run(const struct stage_env *env)
{
	umm_auto(umm_device, device) = NULL;
	struct umm_device_opts options;
	if (read_options(env->spec, &options) < 0 ||
	    stage_device_open(env->spec, "v4l2", &options, &device) < 0)
		return STAGE_EXIT_FAILED;
	stage_auto_port port = { 0 };
	if (stage_port_open_device(&port, env, UMM_PRODUCER, device) != STAGE_OK)
		return STAGE_EXIT_FAILED;
	struct camera camera = { .port = &port, .device = device, .max_frames = env->max_frames };
	enum stage_result result = stream(&camera);
	tell_losses(&camera);
	umm_device_stop(device);
	bool ended = stage_port_end(&port);
	return stage_port_exit(result, ended);
}

static const struct stage_key keys[] = {
	{ "size", "WxH", "size of the picture, default: the one the camera has now, if all can" },
	{ "format", "FOURCC", "pixel format, default: what all agree on" },
	{ "rate", "N[/D]", "frames per second, default: the camera's own" },
	{ "input", "NAME", "which of its inputs, by name or number, default: the one it has now" },
	{ 0 },
};

const struct stage_ops stage_v4l2 = {
	.kind = "v4l2",
	.summary = "a camera",
	.role = STAGE_SOURCE,
	.argument_help = "/dev/videoN",
	.keys = keys,
	.check = v4l2_check,
	.run = v4l2_run,
};
