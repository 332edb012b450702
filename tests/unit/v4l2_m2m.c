/* SPDX-License-Identifier: MIT */
/** Both ends of a mem2mem node. */
#include <errno.h>
#include <fcntl.h>

#include "tests/harness.h"
#include "tests/unit/v4l2_fixture.h"

static void mem2mem_driver(void)
{
	good_driver();
	fake.is_m2m = true;
}

TEST(both_ends_of_a_mem2mem_node_are_one_open_file)
{
	for (unsigned multi = 0; multi < 2; multi++) {
		mem2mem_driver();
		fake.multiplanar = multi;
		struct umm_device *reader = open_it(UMM_DEVICE_OPTS(.direction = UMM_DEVICE_READS));
		CHECK_INT(fake.format.type,
			  multi ? V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE : V4L2_BUF_TYPE_VIDEO_OUTPUT);
		fake.format = (struct v4l2_format){ 0 };
		struct umm_device *writer = open_it(UMM_DEVICE_OPTS(.partner = reader));
		CHECK_INT(fake.format.type,
			  multi ? V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE : V4L2_BUF_TYPE_VIDEO_CAPTURE);
		CHECK_INT(umm_device_direction(reader), UMM_DEVICE_READS);
		CHECK_INT(umm_device_direction(writer), UMM_DEVICE_WRITES);
		CHECK_STR(umm_device_name(reader), "v4l2:" FAKE_NODE ":output");
		CHECK_STR(umm_device_name(writer), "v4l2:" FAKE_NODE ":capture");
		CHECK(umm_device_fd(reader) != umm_device_fd(writer));
		/* Flags belong to the open file: what is set on one is seen on the other. */
		int flags = fcntl(umm_device_fd(reader), F_GETFL);
		CHECK_INT(fcntl(umm_device_fd(reader), F_SETFL, flags ^ O_NONBLOCK), 0);
		CHECK_INT(fcntl(umm_device_fd(writer), F_GETFL), flags ^ O_NONBLOCK);
		umm_device_close(reader); /* in any order */
		CHECK_INT(fcntl(umm_device_fd(writer), F_GETFL), flags ^ O_NONBLOCK);
		umm_device_close(writer);
	}
}

TEST(partner_must_be_the_other_end_of_the_same_node)
{
	mem2mem_driver();
	struct umm_device *reader = open_it(UMM_DEVICE_OPTS(.direction = UMM_DEVICE_READS));
	refuses_to_open(UMM_DEVICE_OPTS(.partner = reader, .direction = UMM_DEVICE_READS), -EINVAL,
			"v4l2:" FAKE_NODE ":output is no other end of it");
	umm_device_close(reader);
	fake.is_m2m = false;
	struct umm_device *camera = open_it(NULL);
	refuses_to_open(UMM_DEVICE_OPTS(.partner = camera), -EINVAL,
			"v4l2:" FAKE_NODE " is no other end of it");
	umm_device_close(camera);
}

/* With buffers at one end, drivers let nobody set the other. */
TEST(what_a_mem2mem_end_is_set_to_already_is_not_set_again)
{
	struct rig rig;
	mem2mem_driver();
	rig_start(&rig, UMM_DEVICE_OPTS(.format = NV12, .size = { 640, 480 },
					.direction = UMM_DEVICE_WRITES));
	rig_attach(&rig);
	for (unsigned i = 0; i < rig.n; i++)
		CHECK_INT(umm_device_detach(rig.device, rig.buffers[i]), 0);
	fake.fail_request = VIDIOC_S_FMT;
	fake.fail_error = EBUSY;
	rig_attach(&rig);
	rig_finish(&rig);
}

/* tests/unit/v4l2_replay.c has one that can. */
TEST(a_mem2mem_device_that_exports_nothing_cannot_be_checked)
{
	struct rig rig;
	mem2mem_driver();
	rig_start(&rig, UMM_DEVICE_OPTS(.format = NV12, .size = { 640, 480 },
					.direction = UMM_DEVICE_WRITES));
	char why[UMM_DEVICE_WHY_MAX] = "";
	CHECK_INT(umm_device_attach(rig.device, rig.buffers[0], why), 0);
	CHECK_INT(umm_device_check(rig.device, rig.buffers[0], why), UMM_DEVICE_UNCHECKED);
	check_has(why, "no memory to compare");
	rig_finish(&rig);
}
