/* SPDX-License-Identifier: MIT */
/**
 * m2m: a filter that is a mem2mem device of Video4Linux: a scaler, a converter, a deinterlacer.
 *
 * One node, two queues, two participants: its output end reads the frames of the stage before, its
 * capture end writes those for the stage behind, both where they lie. The input is settled first,
 * because what a driver can make depends on what it is given; the result has the input's size
 * unless another is asked for.
 *
 * The driver takes a frame and a free buffer, does its work and gives both back. It says which
 * result is of which frame by the time stamp that it copies; so what is known of the frame is kept
 * under that until the result comes.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "os/clock.h"
#include "stage/device.h"
#include "stage/port.h"
#include "stage/table.h"

#define POLL_NS		INT64_C(100000000)
#define DRAIN_NS	INT64_C(3000000000) /* without a result after the last frame was taken in */
#define MOST_BAD_FRAMES 30		    /* in a row: then it is the device, and not the frame */

/* Frames that the driver has read and whose results have not come. */
#define MOST_KNOWN UMM_MAX_BUFFERS

struct known {
	int64_t stamp; /**< as the driver has it */
	struct umm_frame_info info;
};

struct m2m {
	const struct stage_env *env;
	struct stage_port input, output;
	struct umm_device *reader, *writer;	/* the two ends of the device */
	struct umm_frame held[UMM_MAX_BUFFERS]; /* by the buffer's index; what the reader has */
	unsigned n_held;
	struct known known[MOST_KNOWN];
	unsigned n_known;
	bool reading, writing; /* started */
	bool over;	       /* no more frames come */
	uint64_t taken, shown, broken, broken_in_a_row;
	int64_t progress_ns; /* when something came back last */
};

static int read_options(const struct stage_spec *spec, struct umm_device_opts *out)
{
	*out = (struct umm_device_opts){ .struct_size = sizeof(*out),
					 .direction = UMM_DEVICE_WRITES };
	if (stage_option_size(spec, "size", &out->size) < 0 ||
	    stage_option_format(spec, "format", &out->format) < 0)
		return -1;
	return 0;
}

static int m2m_check(const struct stage_spec *spec)
{
	struct umm_device_opts options;
	return read_options(spec, &options);
}

static enum stage_result failed(const struct m2m *m2m, const char *what, int ret)
{
	const struct stage_spec *spec = m2m->env->spec;
	if (ret == -ENODEV)
		stage_error(spec, "%s was unplugged after %" PRIu64 " frames", spec->argument,
			    m2m->shown);
	else
		stage_error(spec, "%s: %s after %" PRIu64 " frames: %s", spec->argument, what,
			    m2m->shown, strerror(-ret));
	return STAGE_FAILED;
}

/* ---- which result is of which frame ---- */

static void keep_info(struct m2m *m2m, int64_t stamp, const struct umm_frame_info *info)
{
	if (m2m->n_known == MOST_KNOWN) /* the oldest came to nothing */
		memmove(&m2m->known[0], &m2m->known[1], --m2m->n_known * sizeof(m2m->known[0]));
	m2m->known[m2m->n_known++] = (struct known){ stamp, *info };
}

/* The picture is another one: where it was visible holds no more. */
static struct umm_frame_info result_info(struct m2m *m2m, const struct umm_frame_info *told)
{
	for (unsigned i = 0; i < m2m->n_known; i++) {
		if (m2m->known[i].stamp != told->pts)
			continue;
		struct umm_frame_info info = m2m->known[i].info;
		memmove(&m2m->known[i], &m2m->known[i + 1],
			(--m2m->n_known - i) * sizeof(m2m->known[0]));
		info.visible = (struct umm_rect){ 0 };
		info.fence_point = 0;
		return info;
	}
	return *told;
}

/* ---- what goes in ---- */

static enum stage_result hand_over(struct m2m *m2m, const struct umm_frame *frame)
{
	int ret = umm_device_submit(m2m->reader, frame->buffer, &frame->info);
	if (ret < 0) {
		stage_port_give(&m2m->input, frame);
		return failed(m2m, "does not take a frame", ret);
	}
	m2m->held[umm_buffer_index(frame->buffer)] = *frame;
	m2m->n_held++;
	m2m->taken++;
	if (m2m->reading)
		return STAGE_OK;
	ret = umm_device_start(m2m->reader);
	m2m->reading = ret == 0;
	return ret < 0 ? failed(m2m, "does not start", ret) : STAGE_OK;
}

static enum stage_result feed_frames(struct m2m *m2m)
{
	while (!m2m->over) {
		struct umm_frame frame;
		bool taken = false;
		enum stage_result result = stage_port_try(&m2m->input, &frame, &taken);
		if (result == STAGE_OVER) {
			m2m->over = true;
			m2m->progress_ns = umm_now_ns();
			return STAGE_OK;
		}
		if (result != STAGE_OK || !taken)
			return result;
		result = hand_over(m2m, &frame);
		if (result != STAGE_OK)
			return result;
	}
	return STAGE_OK;
}

static enum stage_result start_writing(struct m2m *m2m)
{
	if (m2m->writing)
		return STAGE_OK;
	int ret = umm_device_start(m2m->writer);
	m2m->writing = ret == 0;
	return ret < 0 ? failed(m2m, "does not start", ret) : STAGE_OK;
}

/* Whatever is free is to be filled. */
static enum stage_result feed_buffers(struct m2m *m2m)
{
	for (;;) {
		struct umm_buffer *buffer;
		bool grabbed = false;
		enum stage_result result = stage_port_try_grab(&m2m->output, &buffer, &grabbed);
		if (result != STAGE_OK || !grabbed)
			return result;
		int ret = umm_device_submit(m2m->writer, buffer, NULL);
		if (ret < 0) {
			stage_port_drop(&m2m->output, buffer);
			return failed(m2m, "does not take a buffer", ret);
		}
		result = start_writing(m2m);
		if (result != STAGE_OK)
			return result;
	}
}

/* ---- what comes out ---- */

/* Returns STAGE_OK with `*done` as it is where there is nothing. */
static enum stage_result complete(struct m2m *m2m, struct umm_device *end,
				  struct umm_device_done *done)
{
	int ret = umm_device_complete(end, 0, done);
	if (ret == -EAGAIN || ret == -EINTR)
		return STAGE_OK;
	if (ret == UMM_END)
		return STAGE_OVER;
	m2m->progress_ns = umm_now_ns();
	return ret < 0 ? failed(m2m, "gives nothing back", ret) : STAGE_OK;
}

static enum stage_result take_back(struct m2m *m2m)
{
	while (m2m->n_held > 0) {
		struct umm_device_done done = { 0 };
		enum stage_result result = complete(m2m, m2m->reader, &done);
		if (result != STAGE_OK || done.buffer == NULL)
			return result;
		struct umm_frame *frame = &m2m->held[umm_buffer_index(done.buffer)];
		keep_info(m2m, done.info.pts, &frame->info);
		stage_port_give(&m2m->input, frame);
		*frame = (struct umm_frame){ 0 };
		m2m->n_held--;
	}
	return STAGE_OK;
}

/* A device may make broken results of nothing, and would without end. */
static enum stage_result put_back(struct m2m *m2m, const struct umm_device_done *done)
{
	stage_port_drop(&m2m->output, done->buffer);
	m2m->broken++;
	if (++m2m->broken_in_a_row < MOST_BAD_FRAMES)
		return STAGE_OK;
	return failed(m2m, "makes broken frames only", done->error);
}

static enum stage_result show(struct m2m *m2m)
{
	while (m2m->writing) {
		struct umm_device_done done = { 0 };
		enum stage_result result = complete(m2m, m2m->writer, &done);
		if (result != STAGE_OK || done.buffer == NULL)
			return result;
		if (done.error != 0) {
			result = put_back(m2m, &done);
			if (result != STAGE_OK)
				return result;
			continue;
		}
		m2m->broken_in_a_row = 0;
		/* Its frame was done no later than it, and may have been too late for the last
		 * look. */
		if (take_back(m2m) == STAGE_FAILED) {
			stage_port_drop(&m2m->output, done.buffer);
			return STAGE_FAILED;
		}
		struct umm_frame_info info = result_info(m2m, &done.info);
		result = stage_port_show(&m2m->output, done.buffer, &info);
		if (result != STAGE_OK)
			return result;
		m2m->shown++;
	}
	return STAGE_OK;
}

/* A driver gives as many as it got, or fewer; how long to wait for one that does not come? */
static bool is_done(const struct m2m *m2m)
{
	return m2m->over && ((m2m->n_held == 0 && m2m->shown + m2m->broken >= m2m->taken) ||
			     umm_now_ns() - m2m->progress_ns > DRAIN_NS);
}

/* A free buffer that is waited for is no reason to give up on a driver: its consumer has it. */
static void note_idle(struct m2m *m2m)
{
	if (m2m->output.in_hand == 0)
		m2m->progress_ns = umm_now_ns();
}

static enum stage_result step(struct m2m *m2m)
{
	enum stage_result result = feed_frames(m2m);
	if (result == STAGE_OK)
		result = feed_buffers(m2m);
	if (result == STAGE_OK)
		result = take_back(m2m);
	if (result == STAGE_OK)
		result = show(m2m);
	if (result != STAGE_OK)
		return result;
	note_idle(m2m);
	if (is_done(m2m))
		return STAGE_OVER;
	struct stage_wait_both what = {
		.frames = !m2m->over,
		.devices = m2m->n_held > 0 || m2m->output.in_hand > 0,
	};
	stage_port_wait_both(&m2m->input, &m2m->output, what, POLL_NS);
	return STAGE_OK;
}

/* ---- from the first to the last ---- */

static enum stage_result settle_input(struct m2m *m2m)
{
	const struct umm_device_opts options = { .struct_size = sizeof(options),
						 .direction = UMM_DEVICE_READS };
	if (stage_device_open(m2m->env->spec, "v4l2", &options, &m2m->reader) < 0 ||
	    stage_port_join_device(&m2m->input, m2m->env, UMM_CONSUMER, m2m->reader) != STAGE_OK)
		return STAGE_FAILED;
	return stage_port_seal(&m2m->input);
}

static enum stage_result settle_output(struct m2m *m2m)
{
	struct umm_device_opts options;
	if (read_options(m2m->env->spec, &options) < 0)
		return STAGE_FAILED;
	options.partner = m2m->reader;
	if (options.size.width_px == 0)
		options.size = (struct umm_size){ m2m->input.layout->width_px,
						  m2m->input.layout->height_px };
	if (stage_device_open(m2m->env->spec, "v4l2", &options, &m2m->writer) < 0 ||
	    stage_port_join_device(&m2m->output, m2m->env, UMM_PRODUCER, m2m->writer) != STAGE_OK)
		return STAGE_FAILED;
	return stage_port_seal(&m2m->output);
}

static void give_all_back(struct m2m *m2m)
{
	umm_device_stop(m2m->writer);
	umm_device_stop(m2m->reader);
	for (unsigned i = 0; i < UMM_MAX_BUFFERS; i++)
		if (m2m->held[i].buffer != NULL)
			stage_port_give(&m2m->input, &m2m->held[i]);
}

/* A driver may make fewer frames of many; whoever knows his does not will want to know. */
static void tell_losses(const struct m2m *m2m)
{
	const struct stage_spec *spec = m2m->env->spec;
	if (m2m->broken > 0)
		stage_error(spec, "%" PRIu64 " frames were broken and not shown", m2m->broken);
	if (m2m->over && umm_now_ns() - m2m->progress_ns > DRAIN_NS &&
	    m2m->shown + m2m->broken < m2m->taken)
		stage_error(spec,
			    "%" PRIu64 " of %" PRIu64
			    " frames went in and have not come out, %d s after the last that did",
			    m2m->taken - m2m->shown - m2m->broken, m2m->taken,
			    (int)(DRAIN_NS / 1000000000));
}

static enum stage_result work(struct m2m *m2m)
{
	if (settle_input(m2m) != STAGE_OK || settle_output(m2m) != STAGE_OK ||
	    stage_port_start(&m2m->input) != STAGE_OK || stage_port_start(&m2m->output) != STAGE_OK)
		return STAGE_FAILED;
	enum stage_result result = STAGE_OK;
	while (result == STAGE_OK)
		result = step(m2m);
	tell_losses(m2m);
	give_all_back(m2m);
	if (result == STAGE_OVER)
		stage_port_end(&m2m->output);
	return result == STAGE_OVER ? STAGE_OK : result;
}

static int m2m_run(const struct stage_env *env)
{
	struct m2m m2m = { .env = env };
	enum stage_result result = work(&m2m);
	stage_port_finish(&m2m.output);
	stage_port_finish(&m2m.input);
	umm_device_close(m2m.writer);
	umm_device_close(m2m.reader);
	return result == STAGE_OK ? STAGE_EXIT_DONE : STAGE_EXIT_FAILED;
}

static const struct stage_key keys[] = {
	{ "size", "WxH", "size of the result, default: that of the input" },
	{ "format", "FOURCC", "pixel format of the result, default: what all agree on" },
	{ 0 },
};

const struct stage_ops stage_m2m = {
	.kind = "m2m",
	.summary = "a mem2mem device: it scales, converts",
	.role = STAGE_FILTER,
	.argument_help = "/dev/videoN",
	.argument_required = true,
	.keys = keys,
	.check = m2m_check,
	.run = m2m_run,
};
