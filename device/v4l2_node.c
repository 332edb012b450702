/* SPDX-License-Identifier: MIT */
#include "device/v4l2_node.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/videodev2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device/refuse.h"
#include "os/cleanup.h"
#include "os/holders.h"
#include "os/v4l2.h"

/* Two, so that one can be filled while the next waits: what a driver needs that does not say. */
#define LEAST_CAMPING 2

int umm_v4l2_refuse(const struct umm_v4l2_node *node, char *why, int error, const char *format, ...)
{
	if (why == NULL)
		return error;
	int n = snprintf(why, UMM_DEVICE_WHY_MAX, "%s%s%s%s: ", node->path,
			 node->driver[0] ? " (" : "", node->driver, node->driver[0] ? ")" : "");
	if (n < 0 || n >= UMM_DEVICE_WHY_MAX)
		return error;
	va_list args;
	va_start(args, format);
	vsnprintf(why + n, (size_t)(UMM_DEVICE_WHY_MAX - n), format, args);
	va_end(args);
	return error;
}

/* A driver's text: of fixed size, perhaps without an end. */
static void copy_text(char out[UMM_V4L2_TEXT], const void *text, size_t size)
{
	snprintf(out, UMM_V4L2_TEXT, "%.*s", (int)strnlen(text, size), (const char *)text);
}

/* ---- what kind of node it is ---- */

static uint32_t type_of(uint32_t caps, enum umm_device_direction direction)
{
	bool output = direction == UMM_DEVICE_READS;
	if (output && (caps & (V4L2_CAP_VIDEO_OUTPUT_MPLANE | V4L2_CAP_VIDEO_M2M_MPLANE)))
		return V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE;
	if (output && (caps & (V4L2_CAP_VIDEO_OUTPUT | V4L2_CAP_VIDEO_M2M)))
		return V4L2_BUF_TYPE_VIDEO_OUTPUT;
	if (!output && (caps & (V4L2_CAP_VIDEO_CAPTURE_MPLANE | V4L2_CAP_VIDEO_M2M_MPLANE)))
		return V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE;
	if (!output && (caps & (V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_VIDEO_M2M)))
		return V4L2_BUF_TYPE_VIDEO_CAPTURE;
	return 0;
}

/* The end the user named, else the one the node has. A mem2mem node has both, and no preference. */
static enum umm_device_direction direction_of(uint32_t caps, const struct umm_device_opts *opts)
{
	if (opts->direction != 0)
		return opts->direction;
	return type_of(caps, UMM_DEVICE_WRITES) != 0 ? UMM_DEVICE_WRITES : UMM_DEVICE_READS;
}

/* What is learned of one end is not true of the other. */
static void name_end(struct umm_v4l2_node *node)
{
	const char *end = "";
	if (node->is_m2m)
		end = node->direction == UMM_DEVICE_READS ? ":output" : ":capture";
	snprintf(node->label, sizeof(node->label), "%s%s", node->path, end);
}

static int query(struct umm_v4l2_node *node, const struct umm_device_opts *opts, char *why)
{
	struct v4l2_capability answer = { 0 };
	int ret = umm_v4l2_call(node->fd, VIDIOC_QUERYCAP, &answer);
	if (ret == -ENOTTY || ret == -EINVAL)
		return umm_v4l2_refuse(node, why, -ENODEV, "not a video device");
	if (ret < 0)
		return umm_v4l2_refuse(node, why, ret, "VIDIOC_QUERYCAP says: %s", strerror(-ret));
	copy_text(node->driver, answer.driver, sizeof(answer.driver));
	copy_text(node->card, answer.card, sizeof(answer.card));
	copy_text(node->bus, answer.bus_info, sizeof(answer.bus_info));
	uint32_t caps = answer.capabilities & V4L2_CAP_DEVICE_CAPS ? answer.device_caps
								   : answer.capabilities;
	node->is_m2m = caps & (V4L2_CAP_VIDEO_M2M | V4L2_CAP_VIDEO_M2M_MPLANE);
	node->direction = direction_of(caps, opts);
	node->queue = (struct umm_v4l2_queue){ node->fd, type_of(caps, node->direction) };
	name_end(node);
	if (node->queue.type == 0)
		return umm_v4l2_refuse(node, why, -ENODEV, "%s; another node of it may do",
				       node->direction == UMM_DEVICE_READS ? "takes no pictures"
									   : "gives no pictures");
	if (!(caps & V4L2_CAP_STREAMING))
		return umm_v4l2_refuse(node, why, -ENODEV,
				       "only read(2) and write(2), which copy; no buffers of ours");
	return 0;
}

/* Zero buffers: nothing changes, but a driver that takes no dma-bufs says so, and so does one whose
   queue is somebody else's. */
static int ask_for_import(const struct umm_v4l2_node *node, char *why)
{
	struct v4l2_requestbuffers request = { .type = node->queue.type,
					       .memory = V4L2_MEMORY_DMABUF };
	char holders[UMM_HOLDERS_MAX];
	int ret = umm_v4l2_claim(node->fd, VIDIOC_REQBUFS, &request);
	if (ret == -EBUSY)
		return umm_v4l2_refuse(node, why, ret,
				       "somebody else streams from it, end that program%s",
				       umm_holders(node->path, holders));
	if (ret == -EINVAL || ret == -ENOTTY ||
	    (ret == 0 && request.capabilities != 0 &&
	     !(request.capabilities & V4L2_BUF_CAP_SUPPORTS_DMABUF)))
		return umm_v4l2_refuse(node, why, -EOPNOTSUPP,
				       "its driver takes no dma-bufs (V4L2_MEMORY_DMABUF)");
	if (ret < 0)
		return umm_v4l2_refuse(node, why, ret, "VIDIOC_REQBUFS says: %s", strerror(-ret));
	return 0;
}

/* ---- inputs ---- */

/* By number or by name; of several with that name the first. */
static int find_input(const struct umm_v4l2_node *node, const char *wanted, uint32_t *out)
{
	char *end;
	unsigned long number = strtoul(wanted, &end, 10);
	for (uint32_t i = 0; i < 64; i++) {
		struct v4l2_input input = { .index = i };
		if (umm_v4l2_call(node->fd, VIDIOC_ENUMINPUT, &input) < 0)
			break;
		char name[UMM_V4L2_TEXT];
		copy_text(name, input.name, sizeof(input.name));
		if (strcmp(name, wanted) != 0 && (*end != '\0' || number != i))
			continue;
		*out = i;
		return 0;
	}
	return -ENOENT;
}

static void list_inputs(const struct umm_v4l2_node *node, char *text, size_t size)
{
	size_t length = 0;
	text[0] = '\0';
	for (uint32_t i = 0; i < 64 && length < size; i++) {
		struct v4l2_input input = { .index = i };
		if (umm_v4l2_call(node->fd, VIDIOC_ENUMINPUT, &input) < 0)
			return;
		length += (size_t)snprintf(
			text + length, size - length, "%s%u (%.*s)", i ? ", " : "", i,
			(int)strnlen((const char *)input.name, sizeof(input.name)),
			(const char *)input.name);
	}
}

static int choose_input(const struct umm_v4l2_node *node, const char *wanted, char *why)
{
	uint32_t index;
	if (find_input(node, wanted, &index) < 0) {
		char inputs[160];
		list_inputs(node, inputs, sizeof(inputs));
		return umm_v4l2_refuse(node, why, -EINVAL, "no input \"%s\"; it has: %s", wanted,
				       inputs[0] ? inputs : "none to choose from");
	}
	int ret = umm_v4l2_claim(node->fd, VIDIOC_S_INPUT, &index);
	if (ret < 0)
		return umm_v4l2_refuse(node, why, ret, "VIDIOC_S_INPUT says: %s", strerror(-ret));
	return 0;
}

static void learn_input(struct umm_v4l2_node *node)
{
	uint32_t index;
	if (umm_v4l2_call(node->fd, VIDIOC_G_INPUT, &index) < 0)
		return;
	struct v4l2_input input = { .index = index };
	if (umm_v4l2_call(node->fd, VIDIOC_ENUMINPUT, &input) == 0)
		copy_text(node->input, input.name, sizeof(input.name));
}

/* ---- opening ---- */

static int take_fd(struct umm_v4l2_node *node, int borrow_fd, char *why)
{
	if (borrow_fd >= 0) {
		node->fd = fcntl(borrow_fd, F_DUPFD_CLOEXEC, 0);
		return node->fd < 0 ? -errno : 0;
	}
	int ret = umm_v4l2_open(node->path, &node->fd);
	if (ret == -ENOENT)
		return umm_v4l2_refuse(node, why, -ENODEV, "there is no such node");
	if (ret == -ENODEV)
		return umm_v4l2_refuse(node, why, ret, "not a video device");
	if (ret < 0)
		return umm_v4l2_refuse(node, why, ret, "cannot be opened: %s%s", strerror(-ret),
				       ret == -EACCES ? "; the group \"video\" may" : "");
	return 0;
}

static int prepare(struct umm_v4l2_node *node, int borrow_fd, const struct umm_device_opts *opts,
		   char *why)
{
	int ret = take_fd(node, borrow_fd, why);
	if (ret == 0)
		ret = query(node, opts, why);
	if (ret == 0 && opts->connector != NULL)
		ret = choose_input(node, opts->connector, why);
	if (ret == 0)
		ret = ask_for_import(node, why);
	if (ret == 0 && node->direction == UMM_DEVICE_WRITES && !node->is_m2m)
		learn_input(node);
	return ret;
}

int umm_v4l2_node_open(const char *path, int borrow_fd, const struct umm_device_opts *opts,
		       struct umm_v4l2_node *out, char *why)
{
	struct umm_v4l2_node node = { .fd = -1, .wish = { opts->format, opts->size, opts->rate } };
	snprintf(node.path, sizeof(node.path), "%s", path);
	int ret = prepare(&node, borrow_fd, opts, why);
	if (ret < 0) {
		umm_v4l2_node_finish(&node);
		return ret;
	}
	*out = node;
	return 0;
}

void umm_v4l2_node_finish(struct umm_v4l2_node *node)
{
	umm_close_fd(&node->fd);
}

/* ---- buffers ---- */

static int least_buffers(struct umm_v4l2_node *node, uint32_t *out)
{
	struct v4l2_control control = { .id = node->direction == UMM_DEVICE_READS
						      ? V4L2_CID_MIN_BUFFERS_FOR_OUTPUT
						      : V4L2_CID_MIN_BUFFERS_FOR_CAPTURE };
	if (umm_v4l2_call(node->fd, VIDIOC_G_CTRL, &control) == 0 && control.value > 0 &&
	    control.value <= VIDEO_MAX_FRAME) {
		node->camping_source = "driver: V4L2_CID_MIN_BUFFERS_FOR_*";
		*out = (uint32_t)control.value;
		return 0;
	}
	struct v4l2_requestbuffers request = { .count = 1,
					       .type = node->queue.type,
					       .memory = V4L2_MEMORY_DMABUF };
	int ret = umm_v4l2_claim(node->fd, VIDIOC_REQBUFS, &request);
	if (ret < 0)
		return ret;
	*out = request.count <= VIDEO_MAX_FRAME ? request.count : VIDEO_MAX_FRAME;
	node->camping_source = "trial: VIDIOC_REQBUFS for one buffer gave that many";
	request.count = 0;
	return umm_v4l2_claim(node->fd, VIDIOC_REQBUFS, &request);
}

int umm_v4l2_node_needs(struct umm_v4l2_node *node, struct umm_v4l2_needs *out)
{
	uint32_t least;
	int ret = least_buffers(node, &least);
	if (ret < 0)
		return ret;
	if (least < LEAST_CAMPING) {
		least = LEAST_CAMPING;
		node->camping_source = "table: one to fill, one to go on with";
	}
	*out = (struct umm_v4l2_needs){
		.is_output = node->direction == UMM_DEVICE_READS,
		.camping = least,
		.most = VIDEO_MAX_FRAME,
		.imports = UMM_HEAP_UDMABUF | UMM_HEAP_DMA_HEAP | UMM_HEAP_DRM | UMM_HEAP_V4L2 |
			   UMM_HEAP_CARVEOUT,
	};
	return 0;
}

/* ---- which nodes there are ---- */

static int compare_paths(const void *a, const void *b)
{
	const char *left = *(const char *const *)a, *right = *(const char *const *)b;
	return strverscmp(left, right);
}

void umm_v4l2_each_node(void (*each)(void *user, const char *path), void *user)
{
	glob_t found;
	if (glob("/dev/video*", GLOB_NOSORT, NULL, &found) != 0)
		return;
	qsort(found.gl_pathv, found.gl_pathc, sizeof(*found.gl_pathv), compare_paths);
	for (size_t i = 0; i < found.gl_pathc; i++)
		each(user, found.gl_pathv[i]);
	globfree(&found);
}

struct search {
	const struct umm_device_opts *opts;
	char *path, *why;
	int result;
};

static void consider(void *user, const char *path)
{
	struct search *search = user;
	struct umm_v4l2_node node;
	char why[UMM_DEVICE_WHY_MAX] = "";
	if (search->result == 0)
		return;
	int ret = umm_v4l2_node_open(path, -1, search->opts, &node, why);
	if (ret < 0) {
		if (umm_device_can_be_had(ret))
			umm_device_keep_first(&search->result, search->why, ret, why);
		return;
	}
	if (!node.is_m2m || search->opts->direction != 0) {
		snprintf(search->path, UMM_V4L2_TEXT, "%s", path);
		search->result = 0;
	}
	umm_v4l2_node_finish(&node);
}

int umm_v4l2_find_node(const struct umm_device_opts *opts, char path[UMM_V4L2_TEXT], char *why)
{
	struct search search = { .opts = opts, .path = path, .why = why, .result = -ENODEV };
	if (why != NULL)
		snprintf(why, UMM_DEVICE_WHY_MAX, "v4l2: no node in /dev/video* that can be used");
	umm_v4l2_each_node(consider, &search);
	return search.result;
}
