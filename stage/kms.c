/* SPDX-License-Identifier: MIT */
/**
 * kms: a sink that shows frames on a display, on the memory they were made in; nobody else, no
 * compositor, may be showing there.
 *
 * A frame is ours from the flip that brings it until the flip that takes it away again, so one is
 * held between flips and two during one. Each flip is waited for: that is what paces a pipeline in
 * fifo mode and drops frames in latest mode, on displays that have a rhythm at all.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "stage/device.h"
#include "stage/port.h"
#include "stage/table.h"

#define MOST_RATE 1000
#define LONGEST_S 86400

struct display {
	struct stage_port *port;
	struct umm_device *device;
	struct umm_frame frames[UMM_MAX_BUFFERS]; /* by the buffer's index; those that it has */
	uint64_t n_shown;
};

/* Which planes there are the card knows; what cannot be one is said before it is opened. */
static int check_plane(const struct stage_spec *spec, const char *plane)
{
	if (plane == NULL || strcmp(plane, "primary") == 0 || strcmp(plane, "overlay") == 0 ||
	    (plane[0] != '\0' && plane[strspn(plane, "0123456789")] == '\0'))
		return 0;
	stage_error(spec, "plane=%s: expected primary, overlay, or the number of a plane", plane);
	return -1;
}

static int read_options(const struct stage_spec *spec, struct umm_device_opts *out, uint64_t *hold)
{
	*out = (struct umm_device_opts){
		.struct_size = sizeof(*out),
		.direction = UMM_DEVICE_READS,
		.connector = stage_option(spec, "connector"),
		.plane = stage_option(spec, "plane"),
	};
	*hold = 0;
	if (stage_option_size(spec, "mode", &out->size) < 0 ||
	    stage_option_format(spec, "format", &out->format) < 0 ||
	    stage_option_rational(spec, "rate", MOST_RATE, &out->rate) < 0 ||
	    stage_option_u64(spec, "hold", 0, LONGEST_S, hold) < 0 ||
	    check_plane(spec, out->plane) < 0)
		return -1;
	return 0;
}

static int kms_check(const struct stage_spec *spec)
{
	struct umm_device_opts options;
	uint64_t hold;
	return read_options(spec, &options, &hold);
}

static enum stage_result failed(const struct display *display, const char *what, int ret)
{
	const struct stage_spec *spec = display->port->env->spec;
	const char *name = umm_device_name(display->device);
	if (ret == -ENODEV)
		stage_error(spec, "%s was unplugged after %" PRIu64 " frames", name,
			    display->n_shown);
	else
		stage_error(
			spec, "%s: %s after %" PRIu64 " frames: %s", name, what, display->n_shown,
			ret == -EACCES || ret == -EBUSY ? "another program has taken the display"
							: strerror(-ret));
	return STAGE_FAILED;
}

static void give(struct display *display, unsigned index)
{
	stage_port_give(display->port, &display->frames[index]);
	display->frames[index] = (struct umm_frame){ 0 };
}

/* Wait until the frame has taken the place of the one before it, which goes back. A driver that
   lost its vertical blank never says so. */
static int wait_for_flip(struct display *display)
{
	struct umm_device_done done;
	int ret;
	do
		ret = umm_device_complete(display->device, UMM_DRIVER_NS, &done);
	while (ret == -EINTR);
	if (ret == -EAGAIN)
		ret = -ETIMEDOUT;
	if (ret == 0)
		give(display, umm_buffer_index(done.buffer));
	return ret;
}

static enum stage_result show(struct display *display, const struct umm_frame *frame)
{
	int ret = umm_device_submit(display->device, frame->buffer, &frame->info);
	if (ret < 0) {
		stage_port_give(display->port, frame);
		return failed(display, "does not show a frame", ret);
	}
	display->frames[umm_buffer_index(frame->buffer)] = *frame;
	if (display->n_shown++ == 0)
		return STAGE_OK; /* it is on the screen, and took nobody's place */
	ret = wait_for_flip(display);
	return ret < 0 ? failed(display, "does not tell that a frame is shown", ret) : STAGE_OK;
}

static enum stage_result show_all(struct display *display)
{
	enum stage_result result = STAGE_OK;
	while (result == STAGE_OK) {
		struct umm_frame frame;
		result = stage_port_take(display->port, &frame);
		if (result == STAGE_OK)
			result = show(display, &frame);
	}
	return result;
}

/* The mode is set before anybody writes a frame: device/kms_screen.h. */
static enum stage_result open_display(struct display *display)
{
	enum stage_result result = stage_port_seal(display->port);
	if (result != STAGE_OK)
		return result;
	int ret = umm_device_start(display->device);
	if (ret < 0)
		return failed(display, "does not start", ret);
	return stage_port_start(display->port);
}

/* The last frame stays, for those who want to look at it; they can end it by an interrupt. */
static void hold_last(const struct display *display, uint64_t seconds)
{
	if (seconds == 0 || display->n_shown == 0)
		return;
	const struct stage_env *env = display->port->env;
	stage_error(env->spec, "holding the last of %" PRIu64 " frames for %" PRIu64 " s",
		    display->n_shown, seconds);
	struct timespec left = { .tv_sec = (time_t)seconds };
	while (!*env->stop && nanosleep(&left, &left) < 0 && errno == EINTR)
		continue;
}

/* The screen is somebody else's again before the frames are. */
static void give_all(struct display *display)
{
	umm_device_stop(display->device);
	for (unsigned i = 0; i < UMM_MAX_BUFFERS; i++)
		if (display->frames[i].buffer != NULL)
			give(display, i);
}

static int kms_run(const struct stage_env *env)
{
	umm_auto(umm_device, device) = NULL;
	struct umm_device_opts options;
	uint64_t hold;
	if (read_options(env->spec, &options, &hold) < 0 ||
	    stage_device_open(env->spec, "kms", &options, &device) < 0)
		return STAGE_EXIT_FAILED;
	stage_auto_port port = { 0 };
	if (stage_port_join_device(&port, env, UMM_CONSUMER, device) != STAGE_OK)
		return STAGE_EXIT_FAILED;
	struct display display = { .port = &port, .device = device };
	enum stage_result result = open_display(&display);
	if (result == STAGE_OK)
		result = show_all(&display);
	if (result == STAGE_OVER)
		hold_last(&display, hold);
	give_all(&display);
	return result == STAGE_FAILED ? STAGE_EXIT_FAILED : STAGE_EXIT_DONE;
}

static const struct stage_key keys[] = {
	{ "mode", "WxH",
	  "size of the display's mode, default: the smallest that holds the picture" },
	{ "connector", "NAME", "which connector, default: the first with a display" },
	{ "rate", "N[/D]", "frames per second of the mode, default: the display's choice" },
	{ "format", "FOURCC", "pixel format, default: what all agree on" },
	{ "plane", "primary|overlay|ID",
	  "plane of the CRTC, default: the first that shows such frames" },
	{ "hold", "SECONDS", "show the last frame so long, default 0" },
	{ 0 },
};

const struct stage_ops stage_kms = {
	.kind = "kms",
	.summary = "shows frames on a display",
	.role = STAGE_SINK,
	.argument_help = "/dev/dri/cardN",
	.keys = keys,
	.lingers = true,
	.check = kms_check,
	.run = kms_run,
};
