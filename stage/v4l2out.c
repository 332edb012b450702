/* SPDX-License-Identifier: MIT */
/**
 * v4l2out: a sink that is a video output: what a signal generator, a transmitter or a loopback
 * device takes by Video4Linux.
 *
 * The driver reads the frames where they are. A frame is held from the moment it is handed over
 * until the driver has given it back; how fast that goes is the device's affair.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "stage/device.h"
#include "stage/port.h"
#include "stage/table.h"

#define POLL_NS	 INT64_C(100000000)
#define DRAIN_NS INT64_C(1000000000) /* a driver may keep its last frames until it is stopped */

struct output {
	struct stage_port *port;
	struct umm_device *device;
	struct umm_frame held[UMM_MAX_BUFFERS]; /* by the buffer's index; what the device has */
	unsigned n_held;
	bool started;
	uint64_t shown, broken;
};

static int read_options(const struct stage_spec *spec, struct umm_device_opts *out)
{
	*out = (struct umm_device_opts){ .struct_size = sizeof(*out),
					 .direction = UMM_DEVICE_READS,
					 .loop = stage_option(spec, "loop") };
	if (stage_option_size(spec, "size", &out->size) < 0 ||
	    stage_option_format(spec, "format", &out->format) < 0)
		return -1;
	return 0;
}

static int v4l2out_check(const struct stage_spec *spec)
{
	struct umm_device_opts options;
	return read_options(spec, &options);
}

static enum stage_result failed(const struct output *output, const char *what, int ret)
{
	const struct stage_spec *spec = output->port->env->spec;
	const char *name = umm_device_name(output->device);
	if (ret == -ENODEV)
		stage_error(spec, "%s was unplugged after %" PRIu64 " frames", name, output->shown);
	else
		stage_error(spec, "%s: %s after %" PRIu64 " frames: %s", name, what, output->shown,
			    strerror(-ret));
	return STAGE_FAILED;
}

/* The device has it from here on. */
static enum stage_result hand_over(struct output *output, const struct umm_frame *frame)
{
	int ret = umm_device_submit(output->device, frame->buffer, &frame->info);
	if (ret < 0) {
		stage_port_give(output->port, frame);
		return failed(output, "does not take a frame", ret);
	}
	output->held[umm_buffer_index(frame->buffer)] = *frame;
	output->n_held++;
	if (output->started)
		return STAGE_OK;
	ret = umm_device_start(output->device);
	output->started = ret == 0;
	return ret < 0 ? failed(output, "does not start", ret) : STAGE_OK;
}

/* Give back what the device is done with. */
static enum stage_result take_back(struct output *output, int64_t timeout_ns)
{
	for (;;) {
		struct umm_device_done done;
		int ret = umm_device_complete(output->device, timeout_ns, &done);
		if (ret == -EAGAIN || ret == -EINTR)
			return STAGE_OK;
		if (ret == UMM_END)
			return STAGE_OVER;
		if (ret < 0)
			return failed(output, "takes no more frames", ret);
		struct umm_frame *frame = &output->held[umm_buffer_index(done.buffer)];
		stage_port_give(output->port, frame);
		*frame = (struct umm_frame){ 0 };
		output->n_held--;
		output->broken += done.error != 0;
		output->shown += done.error == 0;
		timeout_ns = 0;
	}
}

/* A driver that has nothing, or has not been started, is in error to poll(2): then there is only
   the next frame to wait for. */
static enum stage_result next_frame(struct output *output, struct umm_frame *frame, bool *taken)
{
	if (output->n_held > 0)
		return stage_port_try(output->port, frame, taken);
	*taken = true;
	return stage_port_take(output->port, frame);
}

static enum stage_result step(struct output *output)
{
	struct umm_frame frame;
	bool taken = false;
	enum stage_result result = next_frame(output, &frame, &taken);
	if (result == STAGE_OK && taken)
		result = hand_over(output, &frame);
	else if (result == STAGE_OK)
		stage_port_wait_device(output->port, STAGE_WAIT_EITHER, POLL_NS);
	return result == STAGE_OK && output->n_held > 0 ? take_back(output, 0) : result;
}

/* The stream has ended: let the device show what it still has, if it will. */
static enum stage_result drain(struct output *output)
{
	while (output->n_held > 0 && output->started) {
		unsigned before = output->n_held;
		if (take_back(output, DRAIN_NS) == STAGE_FAILED)
			return STAGE_FAILED;
		if (output->n_held == before)
			break;
	}
	return STAGE_OK;
}

static void give_all_back(struct output *output)
{
	umm_device_stop(output->device);
	for (unsigned i = 0; i < UMM_MAX_BUFFERS; i++)
		if (output->held[i].buffer != NULL)
			umm_consumer_release(output->port->member, &output->held[i]);
}

static enum stage_result show(struct output *output)
{
	enum stage_result result = STAGE_OK;
	while (result == STAGE_OK)
		result = step(output);
	if (result == STAGE_OVER)
		result = drain(output);
	give_all_back(output);
	if (output->broken > 0)
		stage_error(output->port->env->spec,
			    "%" PRIu64 " frames were broken on their way out", output->broken);
	return result;
}

static int v4l2out_run(const struct stage_env *env)
{
	umm_auto(umm_device, device) = NULL;
	struct umm_device_opts options;
	if (read_options(env->spec, &options) < 0 ||
	    stage_device_open(env->spec, "v4l2", &options, &device) < 0)
		return STAGE_EXIT_FAILED;
	stage_auto_port port = { 0 };
	if (stage_port_open_device(&port, env, UMM_CONSUMER, device) != STAGE_OK)
		return STAGE_EXIT_FAILED;
	struct output output = { .port = &port, .device = device };
	return show(&output) == STAGE_OK ? STAGE_EXIT_DONE : STAGE_EXIT_FAILED;
}

static const struct stage_key keys[] = {
	{ "size", "WxH", "size of the picture, default: the one the output has now, if all can" },
	{ "format", "FOURCC", "pixel format, default: what all agree on" },
	{ "loop", "/dev/videoM",
	  "the node that sees what this one shows: --content-check uses it" },
	{ 0 },
};

const struct stage_ops stage_v4l2out = {
	.kind = "v4l2out",
	.summary = "a video output",
	.role = STAGE_SINK,
	.argument_help = "/dev/videoN",
	.keys = keys,
	.check = v4l2out_check,
	.run = v4l2out_run,
};
