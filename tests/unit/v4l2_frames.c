/* SPDX-License-Identifier: MIT */
/** Frames of a v4l2 device, and what it makes of drivers that lie, stumble or go away. */
#include <errno.h>
#include <poll.h>

#include "os/clock.h"
#include "tests/harness.h"
#include "tests/unit/v4l2_fixture.h"

TEST(frames_come_in_order_with_the_drivers_time)
{
	struct rig rig;
	struct umm_device_done done;
	good_driver();
	fake.rate_num = 50;
	rig_run(&rig, NULL);
	for (unsigned i = 0; i < 3 * rig.n; i++) {
		CHECK_INT(umm_device_complete(rig.device, SECOND, &done), 0);
		CHECK(done.buffer == rig.buffers[i % rig.n]);
		CHECK_INT(done.error, 0);
		CHECK_INT(done.info.pts, 10250000 + (int64_t)i * 1000000);
		CHECK_INT(done.info.time_base.den, 1000000);
		CHECK_INT(done.info.duration, 20000);
		CHECK_INT(umm_device_submit(rig.device, done.buffer, NULL), 0);
	}
	CHECK_INT(umm_device_dropped(rig.device), 0);
	CHECK_INT(fake.n_requests, 4); /* three while it is opened, one for the slots */
	rig_finish(&rig);
}

TEST(gaps_in_the_drivers_count_are_frames_lost)
{
	struct rig rig;
	struct umm_device_done done;
	good_driver();
	fake.sequence = UINT32_MAX - 1; /* and it may start anew from 0 */
	fake.sequence_step = 3;
	rig_run(&rig, NULL);
	for (unsigned i = 0; i < 4; i++)
		CHECK_INT(umm_device_complete(rig.device, SECOND, &done), 0);
	CHECK_INT(umm_device_dropped(rig.device), 6);
	rig_finish(&rig);
}

TEST(driver_that_returns_what_it_does_not_have_is_not_believed)
{
	struct rig rig;
	struct umm_device_done done;
	static const uint32_t lies[] = { 5, 31, 32, 1000, UINT32_MAX };
	for (unsigned i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		good_driver();
		rig_run(&rig, NULL);
		fake.lies_index = true;
		fake.index = lies[i];
		CHECK_INT(umm_device_complete(rig.device, SECOND, &done), -EPROTO);
		rig_finish(&rig);
	}
	good_driver();
	rig_run(&rig, NULL);
	fake.lies_index = true;
	fake.index = 0;
	CHECK_INT(umm_device_complete(rig.device, SECOND, &done), 0);
	CHECK_INT(umm_device_complete(rig.device, SECOND, &done), -EPROTO); /* the same again */
	rig_finish(&rig);
}

static void frame_is_an_error(uint32_t bytesused, uint32_t flags, uint32_t offset, int error)
{
	struct rig rig;
	struct umm_device_done done;
	good_driver();
	fake.multiplanar = true;
	rig_run(&rig, UMM_DEVICE_OPTS(.format = YUYV, .size = { 320, 240 }));
	fake.lies_bytesused = bytesused != 0 || flags == 0;
	fake.bytesused = bytesused;
	fake.flags = flags;
	fake.data_offset = offset;
	CHECK_INT(umm_device_complete(rig.device, SECOND, &done), 0);
	CHECK_INT(done.error, error);
	CHECK(done.buffer == rig.buffers[0]);
	rig_finish(&rig);
}

TEST(frames_that_are_broken_short_or_nonsense_are_errors)
{
	uint32_t all = 320 * 240 * 2;
	frame_is_an_error(all, 0, 0, 0);
	frame_is_an_error(all, V4L2_BUF_FLAG_ERROR, 0, -EIO);
	frame_is_an_error(all - 1, 0, 0, -EIO);
	frame_is_an_error(0, 0, 0, -EIO);
	frame_is_an_error(UINT32_MAX, 0, 0, -EPROTO);
	frame_is_an_error(all, 0, 64, -EPROTO);
}

TEST(storms_of_not_yet_and_of_signals_are_waited_out)
{
	struct rig rig;
	struct umm_device_done done;
	good_driver();
	rig_run(&rig, NULL);
	fake.not_yet = 50;
	CHECK_INT(umm_device_complete(rig.device, 5 * SECOND, &done), 0);
	fake.fail_request = VIDIOC_DQBUF;
	fake.fail_error = EINTR;
	fake.fail_times = 500;
	CHECK_INT(umm_device_complete(rig.device, 5 * SECOND, &done), 0);
	fake.fail_request = VIDIOC_QBUF;
	fake.fail_times = 500;
	CHECK_INT(umm_device_submit(rig.device, done.buffer, NULL), 0);
	rig_finish(&rig);
}

TEST(nothing_there_is_told_within_the_time)
{
	struct rig rig;
	struct umm_device_done done;
	good_driver();
	rig_run(&rig, NULL);
	fake.empty_polls = 1;
	fake.not_yet = 1;
	CHECK_INT(umm_device_complete(rig.device, 0, &done), -EAGAIN);
	fake.not_yet = UINT32_MAX;
	int64_t before = umm_now_ns();
	fake.empty_polls = 0;
	/* A driver whose poll lies: the time must end all the same. The fake's poll does not sleep.
	 */
	fake.empty_polls = 3;
	CHECK_INT(umm_device_complete(rig.device, SECOND / 10, &done), -EAGAIN);
	CHECK(umm_now_ns() - before < 2 * SECOND);
	fake.not_yet = 0;
	for (unsigned i = 0; i < rig.n; i++)
		CHECK_INT(umm_device_complete(rig.device, SECOND, &done), 0);
	CHECK_INT(umm_device_complete(rig.device, UMM_FOREVER, &done), -EAGAIN); /* it has none */
	rig_finish(&rig);
}

/* poll(2) says "ready" for ever, DQBUF "not yet". Who asks without waiting, again and again, must
 * not spin either. */
TEST(driver_that_is_ready_and_gives_nothing_takes_neither_time_nor_processor)
{
	struct rig rig;
	struct umm_device_done done;
	good_driver();
	rig_run(&rig, NULL);
	fake.not_yet = UINT32_MAX;
	int64_t before = umm_now_ns();
	CHECK_INT(umm_device_complete(rig.device, SECOND / 10, &done), -EAGAIN);
	CHECK(umm_now_ns() - before >= SECOND / 10);
	CHECK(UINT32_MAX - fake.not_yet <= 102);
	before = umm_now_ns();
	for (unsigned i = 0; i < 20; i++)
		CHECK_INT(umm_device_complete(rig.device, 0, &done), -EAGAIN);
	CHECK(umm_now_ns() - before >= 20 * SECOND / 1000);
	rig_finish(&rig);
}

TEST(times_that_cannot_be_are_none)
{
	static const struct timeval lies[] = {
		{ INT64_MAX, 0 }, { INT64_MAX / 1000000, 999999 },
		{ INT64_MIN, 0 }, { 1, 1000000000 },
		{ 1, INT64_MIN },
	};
	for (unsigned i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		struct rig rig;
		struct umm_device_done done;
		good_driver();
		rig_run(&rig, NULL);
		fake.lies_time = true;
		fake.time = lies[i];
		int64_t before = umm_now_ns() / 1000;
		CHECK_INT(umm_device_complete(rig.device, SECOND, &done), 0);
		CHECK(done.info.pts >= before && done.info.pts <= umm_now_ns() / 1000);
		rig_finish(&rig);
	}
}

TEST(unplugged_is_told_as_that_by_every_call)
{
	struct rig rig;
	struct umm_device_done done;
	good_driver();
	rig_run(&rig, NULL);
	CHECK_INT(umm_device_complete(rig.device, SECOND, &done), 0);
	fake.gone = true;
	CHECK_INT(umm_device_complete(rig.device, UMM_FOREVER, &done), -ENODEV);
	CHECK_INT(umm_device_submit(rig.device, rig.buffers[0], NULL), -ENODEV);
	CHECK_INT(umm_device_stop(rig.device), -ENODEV);
	CHECK_INT(umm_device_start(rig.device), -ENODEV);
	rig_finish(&rig);
}

TEST(source_that_changes_its_size_ends_it)
{
	struct rig rig;
	struct umm_device_done done;
	good_driver();
	rig_run(&rig, NULL);
	fake.not_yet = 1;
	fake.changes_source = true;
	CHECK_INT(umm_device_complete(rig.device, SECOND, &done), -ESTALE);
	CHECK_INT(umm_device_complete(rig.device, SECOND, &done), -ESTALE);
	rig_finish(&rig);
	good_driver();
	rig_run(&rig, NULL);
	for (unsigned i = 0; i < rig.n; i++)
		CHECK_INT(umm_device_complete(rig.device, SECOND, &done), 0);
	CHECK_INT(fake.n_events_asked, 0);
	fake.changes_source = true; /* its fd is readable until somebody reads it */
	CHECK_INT(umm_device_complete(rig.device, 0, &done), -ESTALE);
	CHECK(!fake.changes_source);
	rig_finish(&rig);
	good_driver();
	rig_start(&rig, UMM_DEVICE_OPTS(.size = { 640, 480 }));
	rig_attach(&rig);
	fake.format.fmt.pix.width = 320;
	CHECK_INT(umm_device_start(rig.device), -ESTALE);
	rig_finish(&rig);
}

TEST(last_frame_of_a_stream_that_ends_is_the_end)
{
	struct rig rig;
	struct umm_device_done done;
	good_driver();
	rig_run(&rig, NULL);
	fake.fail_request = VIDIOC_DQBUF;
	fake.fail_error = EPIPE;
	CHECK_INT(umm_device_complete(rig.device, SECOND, &done), UMM_END);
	fake.fail_error = EIO;
	CHECK_INT(umm_device_complete(rig.device, SECOND, &done), -EIO);
	rig_finish(&rig);
}

TEST(stop_gives_everything_back_and_it_can_begin_again)
{
	struct rig rig;
	struct umm_device_done done;
	good_driver();
	rig_run(&rig, NULL);
	CHECK_INT(umm_device_stop(rig.device), 0);
	CHECK_INT(fake.n_queued, 0);
	for (unsigned i = 0; i < rig.n; i++)
		CHECK_INT(umm_device_submit(rig.device, rig.buffers[i], NULL), 0);
	CHECK_INT(umm_device_start(rig.device), 0);
	CHECK_INT(umm_device_complete(rig.device, SECOND, &done), 0);
	CHECK_INT(fake.n_tries, 3 * rig.n); /* attach, and twice submit */
	rig_finish(&rig);
}

TEST(output_is_told_when_its_frames_are_shown)
{
	struct rig rig;
	struct umm_device_done done;
	struct umm_frame_info info = { .pts = 90, .time_base = { 1, 60 } };
	good_driver();
	fake.is_output = true;
	rig_start(&rig, NULL);
	CHECK_INT(umm_device_direction(rig.device), UMM_DEVICE_READS);
	CHECK_INT(umm_device_events(rig.device) & (POLLIN | POLLOUT), POLLOUT);
	rig_attach(&rig);
	CHECK_INT(umm_device_submit(rig.device, rig.buffers[0], &info), 0);
	CHECK_INT(fake.last_timestamp.tv_sec, 1);
	CHECK_INT(fake.last_timestamp.tv_usec, 500000);
	CHECK_INT(umm_device_start(rig.device), 0);
	CHECK_INT(umm_device_complete(rig.device, SECOND, &done), 0);
	CHECK(done.buffer == rig.buffers[0] && done.error == 0);
	rig_finish(&rig);
}
