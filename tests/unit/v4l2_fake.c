/* SPDX-License-Identifier: MIT */
#include "tests/unit/v4l2_fake.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include <umm/format.h>

#include "device/v4l2_format.h"
#include "tests/unit/fake_kernel.h"

struct fake_driver fake;

static const struct v4l2_frmsize_discrete sizes[] = { { 320, 240 }, { 640, 480 }, { 1920, 1080 } };
#define N_SIZES (sizeof(sizes) / sizeof(sizes[0]))

static int fail(int error)
{
	errno = error;
	return -1;
}

/* ---- formats ---- */

static bool has_code(uint32_t code)
{
	for (unsigned i = 0; fake.codes[i] != 0; i++)
		if (fake.codes[i] == code)
			return true;
	return false;
}

static uint32_t nearest_size(uint32_t width)
{
	uint32_t best = sizes[0].width;
	for (unsigned i = 0; i < N_SIZES; i++)
		if (sizes[i].width <= width)
			best = sizes[i].width;
	return best;
}

static uint32_t height_of(uint32_t width)
{
	for (unsigned i = 0; i < N_SIZES; i++)
		if (sizes[i].width == width)
			return sizes[i].height;
	return 0;
}

static uint32_t into_range(uint32_t value)
{
	uint32_t step = fake.step_width ? fake.step_width : 1;
	if (value < fake.min_width)
		value = fake.min_width;
	if (value > fake.max_width)
		value = fake.max_width;
	return fake.min_width + (value - fake.min_width) / step * step;
}

static void adjust_size(uint32_t *width, uint32_t *height)
{
	if (fake.sizes == FAKE_DISCRETE) {
		*width = nearest_size(*width);
		*height = height_of(*width);
	} else {
		*width = into_range(*width);
		*height = into_range(*height);
	}
	if (fake.round_height > 0)
		*height = (*height + fake.round_height - 1) / fake.round_height * fake.round_height;
}

static uint32_t stride_for(uint32_t row, uint32_t wanted)
{
	uint32_t align = fake.own_align ? fake.own_align : 1;
	uint32_t own = (row + align - 1) / align * align;
	if (fake.stride_step == 0 || wanted <= own)
		return own;
	uint32_t up = fake.rounds_down ? 0 : fake.stride_step - 1;
	uint32_t stride = (wanted + up) / fake.stride_step * fake.stride_step;
	return stride < own ? own : stride;
}

/* Formats without a name have 16 bits a pixel. */
static uint32_t row_of(uint32_t code, uint32_t width, unsigned plane)
{
	const struct umm_v4l2_format *format = umm_v4l2_format_find(code);
	return format ? (uint32_t)umm_format_row_bytes(umm_format_info(format->drm), plane, width)
		      : 2 * width;
}

/* Bytes of plane `plane` if the first has rows of `stride`. */
static uint32_t plane_bytes(uint32_t code, uint32_t width, uint32_t height, uint32_t stride,
			    unsigned plane)
{
	const struct umm_v4l2_format *format = umm_v4l2_format_find(code);
	if (format == NULL)
		return plane == 0 ? stride * height : 0;
	const struct umm_format_info *info = umm_format_info(format->drm);
	if (plane >= info->n_planes)
		return 0;
	uint64_t own = (uint64_t)stride * row_of(code, width, plane) / row_of(code, width, 0);
	return (uint32_t)(own * umm_format_plane_rows(info, plane, height));
}

static uint32_t memory_planes(uint32_t code)
{
	const struct umm_v4l2_format *format = umm_v4l2_format_find(code);
	return format != NULL ? format->memory : 1;
}

static uint32_t image_bytes(uint32_t code, uint32_t width, uint32_t height, uint32_t stride)
{
	uint32_t bytes = 0;
	for (unsigned i = 0; i < UMM_MAX_PLANES; i++)
		bytes += plane_bytes(code, width, height, stride, i);
	return bytes + fake.extra_bytes + fake.data_offset;
}

static void adjust_multi(struct v4l2_pix_format_mplane *pix)
{
	if (!has_code(pix->pixelformat))
		pix->pixelformat = fake.codes[0];
	uint32_t width = pix->width, height = pix->height;
	adjust_size(&width, &height);
	pix->width = width;
	pix->height = height;
	pix->field = fake.field ? fake.field : V4L2_FIELD_NONE;
	pix->colorspace = V4L2_COLORSPACE_SRGB;
	uint32_t code = pix->pixelformat;
	uint32_t stride = stride_for(row_of(code, pix->width, 0), pix->plane_fmt[0].bytesperline);
	pix->num_planes = (uint8_t)memory_planes(code);
	for (unsigned i = 0; i < pix->num_planes; i++) {
		bool all = pix->num_planes == 1;
		pix->plane_fmt[i].bytesperline =
			stride * row_of(code, pix->width, i) / row_of(code, pix->width, 0);
		pix->plane_fmt[i].sizeimage =
			all ? image_bytes(code, pix->width, pix->height, stride)
			    : plane_bytes(code, pix->width, pix->height, stride, i);
	}
}

static void adjust_single(struct v4l2_pix_format *pix)
{
	if (!has_code(pix->pixelformat))
		pix->pixelformat = fake.codes[0];
	adjust_size(&pix->width, &pix->height);
	pix->field = fake.field ? fake.field : V4L2_FIELD_NONE;
	pix->colorspace = V4L2_COLORSPACE_SRGB;
	pix->bytesperline = stride_for(row_of(pix->pixelformat, pix->width, 0), pix->bytesperline);
	pix->sizeimage = image_bytes(pix->pixelformat, pix->width, pix->height, pix->bytesperline);
}

static void adjust(struct v4l2_format *format)
{
	if (fake.multiplanar)
		adjust_multi(&format->fmt.pix_mp);
	else
		adjust_single(&format->fmt.pix);
}

static int get_format(struct v4l2_format *format)
{
	if (fake.format.type == 0) {
		fake.format.type = format->type;
		adjust(&fake.format);
	}
	*format = fake.format;
	return 0;
}

static int set_format(struct v4l2_format *format)
{
	if (fake.n_slots > 0)
		return fail(EBUSY);
	adjust(format);
	fake.format = *format;
	return 0;
}

static int enum_format(struct v4l2_fmtdesc *answer)
{
	for (uint32_t i = 0; fake.codes[i] != 0; i++)
		if (i == answer->index) {
			answer->pixelformat = fake.codes[i];
			return 0;
		}
	return fail(EINVAL);
}

static int enum_size(struct v4l2_frmsizeenum *answer)
{
	if (fake.sizes == FAKE_SILENT)
		return fail(ENOTTY);
	if (fake.sizes == FAKE_DISCRETE) {
		if (answer->index >= N_SIZES)
			return fail(EINVAL);
		answer->type = V4L2_FRMSIZE_TYPE_DISCRETE;
		answer->discrete = sizes[answer->index];
		return 0;
	}
	if (answer->index > 0)
		return fail(EINVAL);
	answer->type = fake.sizes == FAKE_STEPWISE ? V4L2_FRMSIZE_TYPE_STEPWISE
						   : V4L2_FRMSIZE_TYPE_CONTINUOUS;
	answer->stepwise = (struct v4l2_frmsize_stepwise){
		.min_width = fake.min_width,
		.max_width = fake.max_width,
		.step_width = fake.step_width,
		.min_height = fake.min_width,
		.max_height = fake.max_width,
		.step_height = fake.step_width,
	};
	return 0;
}

/* ---- itself ---- */

static int query(struct v4l2_capability *answer)
{
	uint32_t caps =
		fake.is_m2m ? (fake.multiplanar ? V4L2_CAP_VIDEO_M2M_MPLANE : V4L2_CAP_VIDEO_M2M)
		: fake.is_output
			? (fake.multiplanar ? V4L2_CAP_VIDEO_OUTPUT_MPLANE : V4L2_CAP_VIDEO_OUTPUT)
			: (fake.multiplanar ? V4L2_CAP_VIDEO_CAPTURE_MPLANE
					    : V4L2_CAP_VIDEO_CAPTURE);
	caps |= fake.only_reads ? V4L2_CAP_READWRITE : V4L2_CAP_STREAMING;
	*answer = (struct v4l2_capability){
		.driver = "fake",
		.card = "A camera",
		.bus_info = "test",
		.capabilities = caps | V4L2_CAP_DEVICE_CAPS,
		.device_caps = caps,
	};
	return 0;
}

static int get_control(struct v4l2_control *control)
{
	if (fake.min_buffers == 0 || control->id != V4L2_CID_MIN_BUFFERS_FOR_CAPTURE)
		return fail(EINVAL);
	control->value = (int)fake.min_buffers;
	return 0;
}

static int parameters(struct v4l2_streamparm *parm)
{
	if (fake.rate_num == 0)
		return fail(ENOTTY);
	parm->parm.capture.capability = V4L2_CAP_TIMEPERFRAME;
	parm->parm.capture.timeperframe = (struct v4l2_fract){ 1, fake.rate_num };
	return 0;
}

static int enum_input(struct v4l2_input *input)
{
	if (input->index > 1)
		return fail(EINVAL);
	snprintf((char *)input->name, sizeof(input->name), input->index ? "Back" : "Front");
	return 0;
}

/* ---- buffers ---- */

static int request_buffers(struct v4l2_requestbuffers *request)
{
	fake.n_requests++;
	if (fake.busy)
		return fail(EBUSY);
	if (request->memory != V4L2_MEMORY_DMABUF || fake.takes_no_dmabuf)
		return fail(EINVAL);
	if (request->count > 0 && request->count < fake.min_requested)
		request->count = fake.min_requested;
	if (request->count > FAKE_SLOTS)
		request->count = FAKE_SLOTS;
	fake.n_slots = request->count;
	fake.n_queued = 0;
	fake.streaming = false;
	request->capabilities = V4L2_BUF_CAP_SUPPORTS_DMABUF | V4L2_BUF_CAP_SUPPORTS_MMAP;
	return 0;
}

static int queue_buffer(struct v4l2_buffer *buffer)
{
	int fd = fake.multiplanar ? buffer->m.planes[0].m.fd : buffer->m.fd;
	if (buffer->index >= fake.n_slots || fake.n_queued == FAKE_SLOTS)
		return fail(EINVAL);
	if (fake.refuses_fd_error != 0 || fcntl(fd, F_GETFD) < 0)
		return fail(fake.refuses_fd_error ? (int)fake.refuses_fd_error : EINVAL);
	fake.n_tries++;
	fake.fds[buffer->index] = fd;
	fake.queue[fake.n_queued++] = buffer->index;
	fake.last_timestamp = buffer->timestamp;
	if (fake.multiplanar)
		buffer->m.planes[0].data_offset = fake.data_offset;
	return 0;
}

/* A grey picture, or, of a driver that uses the wrong pages, all of it in one. */
static void write_frame(int fd, uint32_t size)
{
	uint8_t *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (bytes == MAP_FAILED)
		return;
	memset(bytes, 0x80, fake.writes_first_page ? 4096 : size);
	munmap(bytes, size);
}

static void fill(struct v4l2_buffer *buffer, uint32_t index)
{
	uint32_t size = fake.multiplanar ? fake.format.fmt.pix_mp.plane_fmt[0].sizeimage
					 : fake.format.fmt.pix.sizeimage;
	uint32_t used = fake.lies_bytesused ? fake.bytesused : size;
	if (fake.writes)
		write_frame(fake.fds[index], size);
	buffer->index = fake.lies_index ? fake.index : index;
	buffer->sequence = fake.sequence;
	buffer->flags = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC | fake.flags;
	buffer->timestamp =
		fake.lies_time ? fake.time : (struct timeval){ 10 + fake.sequence, 250000 };
	fake.sequence += fake.sequence_step ? fake.sequence_step : 1;
	if (fake.multiplanar) {
		buffer->m.planes[0].bytesused = used;
		buffer->m.planes[0].data_offset = fake.data_offset;
	} else {
		buffer->bytesused = used;
	}
}

static int dequeue_buffer(struct v4l2_buffer *buffer)
{
	if (!fake.streaming)
		return fail(EINVAL);
	if (fake.n_queued < fake.starts_with)
		return fail(EAGAIN);
	if (fake.n_queued == 0 || fake.not_yet > 0) {
		if (fake.not_yet > 0)
			fake.not_yet--;
		return fail(EAGAIN);
	}
	fill(buffer, fake.queue[0]);
	memmove(&fake.queue[0], &fake.queue[1], --fake.n_queued * sizeof(fake.queue[0]));
	return 0;
}

static int switch_stream(bool on)
{
	fake.streaming = on;
	if (!on)
		fake.n_queued = 0;
	return 0;
}

static int take_event(struct v4l2_event *event)
{
	fake.n_events_asked++;
	if (!fake.changes_source)
		return fail(ENOENT);
	fake.changes_source = false;
	*event = (struct v4l2_event){ .type = V4L2_EVENT_SOURCE_CHANGE };
	event->u.src_change.changes = V4L2_EVENT_SRC_CH_RESOLUTION;
	return 0;
}

/* ---- the calls ---- */

static bool misbehaves(unsigned long request)
{
	if (request != fake.fail_request)
		return false;
	if (fake.fail_after > 0) {
		fake.fail_after--;
		return false;
	}
	if (fake.fail_times > 0 && --fake.fail_times == 0)
		fake.fail_request = 0;
	return true;
}

static int answer(unsigned long request, void *argument)
{
	int error = fake.fail_error;
	if (fake.gone)
		return fail(ENODEV);
	if (misbehaves(request))
		return fail(error);
	switch (request) {
	case VIDIOC_QUERYCAP:
		return query(argument);
	case VIDIOC_ENUM_FMT:
		return enum_format(argument);
	case VIDIOC_ENUM_FRAMESIZES:
		return enum_size(argument);
	case VIDIOC_G_FMT:
		return get_format(argument);
	case VIDIOC_TRY_FMT:
		adjust(argument);
		return 0;
	case VIDIOC_S_FMT:
		return set_format(argument);
	case VIDIOC_G_CTRL:
		return get_control(argument);
	case VIDIOC_G_PARM:
	case VIDIOC_S_PARM:
		return parameters(argument);
	case VIDIOC_ENUMINPUT:
		return enum_input(argument);
	case VIDIOC_G_INPUT:
		*(uint32_t *)argument = fake.input;
		return 0;
	case VIDIOC_S_INPUT:
		fake.input = *(uint32_t *)argument;
		return 0;
	case VIDIOC_REQBUFS:
		return request_buffers(argument);
	case VIDIOC_QBUF:
		return queue_buffer(argument);
	case VIDIOC_DQBUF:
		return dequeue_buffer(argument);
	case VIDIOC_STREAMON:
		return switch_stream(true);
	case VIDIOC_STREAMOFF:
		return switch_stream(false);
	case VIDIOC_SUBSCRIBE_EVENT:
	case VIDIOC_UNSUBSCRIBE_EVENT:
		return 0;
	case VIDIOC_DQEVENT:
		return take_event(argument);
	default:
		return fail(ENOTTY);
	}
}

static int answer_ioctl(int fd, unsigned long request, void *argument)
{
	(void)fd;
	return answer(request, argument);
}

/* Whatever waits here waits for the fake. */
int __wrap_ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *set);
int __wrap_ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *set)
{
	(void)n, (void)timeout, (void)set;
	fds[0].revents = 0;
	if (fake.gone)
		fds[0].revents = POLLERR | POLLHUP;
	else if (fake.changes_source)
		fds[0].revents = POLLPRI;
	else if (fake.empty_polls > 0)
		fake.empty_polls--;
	else if (fake.n_queued > 0 && fake.n_queued >= fake.starts_with)
		fds[0].revents = fds[0].events & (POLLIN | POLLOUT);
	return fds[0].revents != 0;
}

void fake_driver_plug_in(void)
{
	fake_ioctl = answer_ioctl;
	fake_node = FAKE_NODE;
}
