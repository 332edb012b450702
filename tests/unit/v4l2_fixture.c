/* SPDX-License-Identifier: MIT */
#include "tests/unit/v4l2_fixture.h"

#include "os/cleanup.h"
#include "os/memfd.h"
#include "share/buffer.h"
#include "tests/harness.h"

void good_driver(void)
{
	fake = (struct fake_driver){
		.codes = { V4L2_PIX_FMT_MJPEG, V4L2_PIX_FMT_YUYV, V4L2_PIX_FMT_XBGR32,
			   V4L2_PIX_FMT_NV12 },
		.stride_step = 16,
		.min_requested = 3,
	};
	fake_driver_plug_in();
}

struct umm_device *open_it(const struct umm_device_opts *opts)
{
	struct umm_device *device;
	char why[UMM_DEVICE_WHY_MAX] = "";
	if (umm_device_open("v4l2:" FAKE_NODE, opts, &device, why) < 0)
		test_fail(__FILE__, __LINE__, "%s", why);
	return device;
}

void refuses_to_open(const struct umm_device_opts *opts, int error, const char *reason)
{
	struct umm_device *device = NULL;
	char why[UMM_DEVICE_WHY_MAX] = "";
	CHECK_INT(umm_device_open("v4l2:" FAKE_NODE, opts, &device, why), error);
	CHECK(device == NULL);
	if (strstr(why, reason) == NULL)
		test_fail(__FILE__, __LINE__, "\"%s\" does not say \"%s\"", why, reason);
	if (strstr(why, FAKE_NODE) == NULL)
		test_fail(__FILE__, __LINE__, "\"%s\" does not name the node", why);
}

char *demands(struct umm_device *device)
{
	struct umm_constraints *constraints;
	char *json;
	CHECK_INT(umm_device_constraints(device, "camera", &constraints), 0);
	CHECK_INT(umm_constraints_to_json(constraints, &json), 0);
	umm_constraints_destroy(constraints);
	return json;
}

void check_has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		test_fail(__FILE__, __LINE__, "no %s in %s", part, text);
}

void check_has_not(const char *text, const char *part)
{
	if (strstr(text, part) != NULL)
		test_fail(__FILE__, __LINE__, "%s in %s", part, text);
}

void demands_say(const struct umm_device_opts *opts, const char *part)
{
	struct umm_device *device = open_it(opts);
	umm_autofree char *json = demands(device);
	check_has(json, part);
	umm_device_close(device);
}

void demands_do_not_say(const struct umm_device_opts *opts, const char *part)
{
	struct umm_device *device = open_it(opts);
	umm_autofree char *json = demands(device);
	check_has_not(json, part);
	umm_device_close(device);
}

const char reader_json[] =
	"{\"name\":\"reader\",\"usage\":[\"cpu_read\"],\"buffers\":{\"camping\":1},"
	"\"formats\":[{\"format\":\"any\"}]}";

/* What would be agreed on with a reader. */
void agree(struct rig *rig, const char *reader)
{
	static const struct umm_heap_offer heap = { .name = "udmabuf",
						    .heap_class = UMM_HEAP_UDMABUF };
	struct umm_constraints *both[2];
	struct umm_answer *answer;
	CHECK_INT(umm_device_constraints(rig->device, "camera", &both[0]), 0);
	CHECK_INT(umm_constraints_from_json(reader, strlen(reader), &both[1]), 0);
	CHECK_INT(umm_solve_participants((const struct umm_constraints *const *)both, 2, &heap, 1,
					 &answer),
		  0);
	CHECK_STR(umm_answer_verdict(answer) == UMM_OK ? "" : umm_answer_text(answer), "");
	rig->layout = *umm_answer_layout(answer);
	umm_answer_destroy(answer);
	umm_constraints_destroy(both[0]);
	umm_constraints_destroy(both[1]);
}

struct umm_buffer *make_buffer(const struct umm_layout *layout, unsigned index)
{
	struct umm_buffer *buffer;
	umm_autofd fd = -1;
	CHECK_INT(umm_memfd_create("frame", layout->raw_size_bytes, UMM_PAGES_4K, &fd), 0);
	CHECK_INT(umm_buffer_create(fd,
				    &(struct umm_buffer_config){ .pool = "edge",
								 .owner = "camera",
								 .index = index,
								 .layout = layout,
								 .map = UMM_MAP_WRITE },
				    &buffer),
		  0);
	return buffer;
}

void rig_start(struct rig *rig, const struct umm_device_opts *opts)
{
	*rig = (struct rig){ .device = open_it(opts) };
	agree(rig, reader_json);
	rig->n = rig->layout.buffers;
	for (unsigned i = 0; i < rig->n; i++)
		rig->buffers[i] = make_buffer(&rig->layout, i);
}

void rig_attach(struct rig *rig)
{
	char why[UMM_DEVICE_WHY_MAX] = "";
	for (unsigned i = 0; i < rig->n; i++)
		if (umm_device_attach(rig->device, rig->buffers[i], why) < 0)
			test_fail(__FILE__, __LINE__, "%s", why);
}

void rig_run(struct rig *rig, const struct umm_device_opts *opts)
{
	rig_start(rig, opts);
	rig_attach(rig);
	for (unsigned i = 0; i < rig->n; i++)
		CHECK_INT(umm_device_submit(rig->device, rig->buffers[i], NULL), 0);
	CHECK_INT(umm_device_start(rig->device), 0);
}

void rig_finish(struct rig *rig)
{
	umm_device_close(rig->device);
	for (unsigned i = 0; i < rig->n; i++)
		umm_buffer_unref(rig->buffers[i]);
}

void attach_is_refused(struct rig *rig, int error, const char *reason)
{
	char why[UMM_DEVICE_WHY_MAX] = "";
	CHECK_INT(umm_device_attach(rig->device, rig->buffers[0], why), error);
	check_has(why, reason);
	CHECK_INT(fake.n_slots, 0);
	CHECK_INT(fake.n_queued, 0);
}
