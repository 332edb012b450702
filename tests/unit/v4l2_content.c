/* SPDX-License-Identifier: MIT */
/** Whether a driver writes where the CPU reads: umm_device_check() of a v4l2 device. */
#include <errno.h>

#include "tests/harness.h"
#include "tests/unit/v4l2_fixture.h"

static void check_says(struct rig *rig, int verdict, const char *reason)
{
	char why[UMM_DEVICE_WHY_MAX] = "";
	rig_start(rig, UMM_DEVICE_OPTS(.format = NV12, .size = { 640, 480 }));
	CHECK_INT(umm_device_attach(rig->device, rig->buffers[0], why), 0);
	CHECK_INT(umm_device_check(rig->device, rig->buffers[0], why), verdict);
	check_has(why, reason);
	CHECK(!fake.streaming);
	CHECK_INT(fake.n_queued, 0);
	CHECK_INT(umm_device_detach(rig->device, rig->buffers[0]), 0);
	rig_attach(rig); /* and it can be used as if nothing had been */
	rig_finish(rig);
}

TEST(a_frame_that_is_where_the_cpu_sees_it_is_right)
{
	struct rig rig;
	good_driver();
	fake.writes = true;
	check_says(&rig, 0, "");
	fake.starts_with = fake.min_requested; /* it wants more than the one on trial */
	check_says(&rig, 0, "");
	fake.multiplanar = true;
	fake.format = (struct v4l2_format){ 0 };
	check_says(&rig, 0, "");
}

TEST(a_frame_in_other_pages_than_ours_is_wrong_content)
{
	struct rig rig;
	good_driver();
	fake.writes = fake.writes_first_page = true;
	check_says(&rig, -EBADMSG,
		   "(fake): wrong content at byte 4096: its frame is not in 112 of 113 pages");
	fake.writes = false;
	check_says(&rig, -EBADMSG, "wrong content at byte 0: its frame is not in 113 of 113 pages");
}

TEST(a_picture_of_one_page_tells_nothing)
{
	struct rig rig = { 0 };
	char why[UMM_DEVICE_WHY_MAX] = "";
	good_driver();
	fake.writes = true;
	fake.sizes = FAKE_CONTINUOUS;
	fake.min_width = 16;
	fake.max_width = 4096;
	rig.device = open_it(UMM_DEVICE_OPTS(.format = YUYV, .size = { 32, 32 }));
	agree(&rig, reader_json);
	rig.n = 1;
	rig.buffers[0] = make_buffer(&rig.layout, 0);
	rig_attach(&rig);
	CHECK_INT(umm_device_check(rig.device, rig.buffers[0], why), UMM_DEVICE_UNCHECKED);
	check_has(why, "too small a picture to tell");
	rig_finish(&rig);
}

TEST(a_camera_without_frames_cannot_be_checked)
{
	struct rig rig;
	good_driver();
	fake.writes = true;
	fake.starts_with = FAKE_SLOTS + 1;
	check_says(&rig, UMM_DEVICE_UNCHECKED, "no frame to look at: Connection timed out");
	fake.starts_with = 0;
	fake.flags = V4L2_BUF_FLAG_ERROR;
	check_says(&rig, UMM_DEVICE_UNCHECKED, "no frame to look at: Input/output error");
	fake.flags = 0;
	fake.fail_request = VIDIOC_STREAMON;
	fake.fail_error = ENOSPC;
	check_says(&rig, UMM_DEVICE_UNCHECKED, "no frame to look at: No space left on device");
}

TEST(an_output_gives_nothing_back_to_check)
{
	struct rig rig;
	good_driver();
	fake.is_output = true;
	check_says(&rig, UMM_DEVICE_UNCHECKED, "nothing can be read back from it");
}

TEST(check_wants_the_only_buffer_of_a_device_at_rest)
{
	struct rig rig;
	good_driver();
	rig_start(&rig, UMM_DEVICE_OPTS(.format = NV12, .size = { 640, 480 }));
	CHECK_INT(umm_device_check(rig.device, rig.buffers[0], NULL), -ENOENT);
	rig_attach(&rig);
	CHECK_INT(umm_device_check(rig.device, rig.buffers[0], NULL), -EBUSY);
	rig_finish(&rig);
}
