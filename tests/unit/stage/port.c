/* SPDX-License-Identifier: MIT */
/** Ports with a device: a camera and a display, each in a process of its own, the test is their
 * broker. */
#include <errno.h>
#include <limits.h>

#include "stage/port.h"
#include "stage/table.h"
#include "tests/harness.h"
#include "tests/unit/fake_device.h"
#include "tests/unit/served.h"

#define FRAMES	     200
#define POLL_NS	     INT64_C(100000000)
#define SUM_OF_BYTES (FRAMES * (FRAMES - 1) / 2) /* 0 + 1 + .. + 199 */

static const struct stage_ops source_ops = { .kind = "camera", .role = STAGE_SOURCE };
static const struct stage_ops sink_ops = { .kind = "display", .role = STAGE_SINK };
static volatile sig_atomic_t stop;

static struct umm_device *open_device(const char *spec)
{
	struct umm_device *device;
	char why[UMM_DEVICE_WHY_MAX];
	CHECK_INT(umm_device_open(spec, NULL, &device, why), 0);
	return device;
}

static enum stage_result feed(struct stage_port *port, struct umm_device *device)
{
	bool grabbed = true;
	enum stage_result result = STAGE_OK;
	while (result == STAGE_OK && grabbed) {
		struct umm_buffer *buffer;
		result = stage_port_try_grab(port, &buffer, &grabbed);
		if (result == STAGE_OK && grabbed)
			CHECK_INT(umm_device_submit(device, buffer, NULL), 0);
	}
	return result;
}

static enum stage_result collect(struct stage_port *port, struct umm_device *device,
				 unsigned *frames)
{
	struct umm_device_done done;
	enum stage_result result = STAGE_OK;
	while (result == STAGE_OK && umm_device_complete(device, 0, &done) == 0) {
		if (*frames < FRAMES)
			result = stage_port_show(port, done.buffer, &done.info);
		else
			stage_port_drop(port, done.buffer);
		++*frames;
	}
	return result;
}

static int camera(const struct stage_env *env)
{
	struct umm_device *device = open_device("fake:camera");
	struct stage_port port = { 0 };
	CHECK_INT(stage_port_join_device(&port, env, UMM_PRODUCER, device), STAGE_OK);
	CHECK_INT(stage_port_seal(&port), STAGE_OK);
	CHECK_INT(fake_device.attached, umm_member_buffer_count(port.member));
	CHECK_INT(fake_device.attaches, 1 + fake_device.attached); /* one on trial */
	CHECK_INT(stage_port_start(&port), STAGE_OK);
	CHECK_INT(umm_device_start(device), 0);
	unsigned frames = 0, rounds = 0;
	while (frames < FRAMES) {
		CHECK_INT(feed(&port, device), STAGE_OK);
		stage_port_wait_device(&port, STAGE_WAIT_EITHER, POLL_NS);
		CHECK_INT(collect(&port, device, &frames), STAGE_OK);
		rounds++;
	}
	CHECK(rounds <= 10 * FRAMES); /* it sleeps between frames */
	CHECK(stage_port_end(&port));
	stage_port_finish(&port);
	CHECK_INT(fake_device.attached, 0);
	umm_device_close(device);
	return 0;
}

static enum stage_result show(struct stage_port *port, struct umm_device *device)
{
	struct umm_frame frame;
	enum stage_result result = stage_port_take(port, &frame);
	if (result != STAGE_OK)
		return result;
	struct umm_device_done done;
	CHECK_INT(umm_buffer_end_access(frame.buffer, UMM_ACCESS_READ), -EINVAL); /* none open */
	CHECK_INT(umm_device_submit(device, frame.buffer, &frame.info), 0);
	stage_port_wait_device(port, STAGE_WAIT_DEVICE, POLL_NS);
	CHECK_INT(umm_device_complete(device, 0, &done), 0);
	CHECK(done.buffer == frame.buffer);
	stage_port_give(port, &frame);
	return STAGE_OK;
}

static int display(const struct stage_env *env)
{
	struct umm_device *device = open_device("fake:display");
	struct stage_port port = { 0 };
	CHECK_INT(stage_port_join_device(&port, env, UMM_CONSUMER, device), STAGE_OK);
	CHECK_INT(stage_port_seal(&port), STAGE_OK);
	CHECK_INT(stage_port_start(&port), STAGE_OK);
	CHECK_INT(fake_device.attached, umm_member_buffer_count(port.member));
	CHECK_INT(umm_device_start(device), 0);
	enum stage_result result;
	while ((result = show(&port, device)) == STAGE_OK)
		;
	CHECK_INT(result, STAGE_OVER);
	CHECK_INT(fake_device.sum, SUM_OF_BYTES);
	stage_port_finish(&port);
	CHECK_INT(fake_device.attached, 0);
	umm_device_close(device);
	return 0;
}

/* After the trial. */
static int refuse_at_the_end(struct umm_buffer *buffer, char *why)
{
	(void)buffer;
	if (fake_device.attaches <= 2)
		return 0;
	snprintf(why, UMM_DEVICE_WHY_MAX, "no room for a second buffer");
	return -ENOSPC;
}

static int small_display(const struct stage_env *env)
{
	struct umm_device *device = open_device("fake:display");
	struct stage_port port = { 0 };
	fake_device.refuse = refuse_at_the_end;
	CHECK_INT(stage_port_join_device(&port, env, UMM_CONSUMER, device), STAGE_OK);
	CHECK_INT(stage_port_seal(&port), STAGE_OK);
	CHECK_INT(stage_port_start(&port), STAGE_FAILED);
	stage_port_finish(&port);
	CHECK_INT(fake_device.attached, 0);
	umm_device_close(device);
	return 0;
}

static int waiting_camera(const struct stage_env *env)
{
	struct umm_device *device = open_device("fake:camera");
	struct stage_port port = { 0 };
	if (stage_port_join_device(&port, env, UMM_PRODUCER, device) == STAGE_OK &&
	    stage_port_seal(&port) == STAGE_OK && stage_port_start(&port) == STAGE_OK)
		stage_port_end(&port);
	stage_port_finish(&port);
	umm_device_close(device);
	return 0;
}

struct process {
	const struct stage_ops *ops;
	int (*run)(const struct stage_env *env);
	const char *input, *output;
};

static int be_stage(struct umm_connection *connection, void *argument)
{
	const struct process *process = argument;
	struct stage_spec spec = { .name = process->ops->kind, .ops = process->ops };
	struct stage_env env = { .spec = &spec, .connection = connection, .stop = &stop };
	env.input = process->input;
	env.output = process->output;
	return process->run(&env);
}

static void play(int (*source)(const struct stage_env *), int (*sink)(const struct stage_env *))
{
	struct process processes[2] = { { &source_ops, source, NULL, "edge0" },
					{ &sink_ops, sink, "edge0", NULL } };
	struct served served;
	serve_open(&served, UMM_BROKER_COLLECTION_OPTS(.expected_members = 2, .no_cache = true));
	for (unsigned i = 0; i < 2; i++)
		serve_process(&served, processes[i].ops->kind, be_stage, &processes[i]);
	serve_all(&served);
	CHECK_INT(served.statuses[0], 0);
	CHECK_INT(served.statuses[1], 0);
	serve_close(&served);
}

TEST(frames_flow_from_a_camera_to_a_display)
{
	play(camera, display);
}

/* ---- stages of video devices ---- */

/* Frames as long as somebody wants them, or so many; the first comes late. */
static int show_frames(const struct stage_env *env, unsigned most)
{
	struct umm_device *device = open_device("fake:camera");
	struct stage_port port = { 0 };
	CHECK_INT(stage_port_open_device(&port, env, UMM_PRODUCER, device), STAGE_OK);
	usleep(300 * 1000);
	enum stage_result result = umm_device_start(device) == 0 ? STAGE_OK : STAGE_FAILED;
	for (unsigned i = 0; i < most && result == STAGE_OK; i++) {
		struct umm_buffer *buffer;
		struct umm_device_done done;
		result = stage_port_grab(&port, &buffer);
		if (result != STAGE_OK)
			break;
		CHECK_INT(umm_device_submit(device, buffer, NULL), 0);
		CHECK_INT(umm_device_complete(device, 0, &done), 0);
		result = stage_port_show(&port, buffer, &done.info);
	}
	stage_port_end(&port);
	stage_port_finish(&port);
	umm_device_close(device);
	return 0;
}

static int late_camera(const struct stage_env *env)
{
	return show_frames(env, 3);
}

static int endless_camera(const struct stage_env *env)
{
	return show_frames(env, UINT_MAX);
}

static int video_output(const struct stage_env *env)
{
	int status = stage_v4l2out.run(env);
	CHECK_INT(fake_device.submitted, 3);
	CHECK(fake_device.fd_asked < 50); /* once a frame, and now and then */
	return status;
}

TEST(a_video_output_sleeps_until_its_first_frame)
{
	play(late_camera, video_output);
}

static int patient_display(const struct stage_env *env)
{
	struct umm_device *device = open_device("fake:display");
	struct stage_port port = { 0 };
	CHECK_INT(stage_port_open_device(&port, env, UMM_CONSUMER, device), STAGE_OK);
	struct umm_frame frame;
	while (stage_port_take(&port, &frame) == STAGE_OK)
		stage_port_give(&port, &frame);
	CHECK_INT(umm_device_start(device), 0);
	stage_port_finish(&port);
	umm_device_close(device);
	return 0;
}

static void on_alarm(int number)
{
	(void)number;
	stop = 1;
}

/* Until 6 s are over. */
static int silent_camera(const struct stage_env *env)
{
	char said[1024] = "";
	FILE *file = tmpfile();
	CHECK(file != NULL && dup2(fileno(file), STDERR_FILENO) >= 0);
	fake_device.silent = true;
	signal(SIGALRM, on_alarm);
	alarm(6);
	int status = stage_v4l2.run(env);
	rewind(file);
	fread(said, 1, sizeof(said) - 1, file);
	fclose(file);
	CHECK(strstr(said, "(fake-driver) has given no frame for 5 s") != NULL);
	CHECK(strchr(said, '\n') == strrchr(said, '\n')); /* once */
	return status;
}

TEST(a_camera_that_gives_no_frame_is_named_once)
{
	play(silent_camera, patient_display);
}

static int broken_converter(const struct stage_env *env)
{
	fake_device.done_error = -EIO;
	CHECK_INT(stage_m2m.run(env), STAGE_EXIT_FAILED);
	return 0;
}

TEST(a_converter_that_makes_broken_frames_only_ends)
{
	const struct stage_ops filter_ops = { .kind = "converter", .role = STAGE_FILTER };
	struct process processes[3] = { { &source_ops, endless_camera, NULL, "edge0" },
					{ &filter_ops, broken_converter, "edge0", "edge1" },
					{ &sink_ops, patient_display, "edge1", NULL } };
	struct served served;
	const struct umm_broker_collection_opts *opts =
		UMM_BROKER_COLLECTION_OPTS(.expected_members = 2, .no_cache = true);
	serve_open(&served, opts);
	CHECK_INT(umm_broker_add_collection(served.broker, "edge1", opts), 0);
	for (unsigned i = 0; i < 3; i++)
		serve_process(&served, processes[i].ops->kind, be_stage, &processes[i]);
	serve_all(&served);
	for (unsigned i = 0; i < 3; i++)
		CHECK_INT(served.statuses[i], 0);
	serve_close(&served);
}

/* ---- refusals ---- */

static int refuse_all(struct umm_buffer *buffer, char *why)
{
	(void)buffer;
	snprintf(why, UMM_DEVICE_WHY_MAX, "PRIME import");
	return -ENODEV;
}

/* The runner tells: stages that are refused say nothing. */
static int blind_display(const struct stage_env *env)
{
	struct umm_device *device = open_device("fake:display");
	struct stage_port port = { 0 };
	fake_device.refuse = refuse_all;
	CHECK_INT(stage_port_join_device(&port, env, UMM_CONSUMER, device), STAGE_OK);
	CHECK_INT(stage_port_seal(&port), STAGE_FAILED);
	CHECK(fake_device.attaches > 0);
	CHECK(strstr(umm_collection_explain(port.collection),
		     "display cannot attach memory of heap memfd (PRIME import: ENODEV; learned "
		     "by trial)") != NULL);
	stage_port_finish(&port);
	umm_device_close(device);
	return 0;
}

TEST(a_device_that_takes_no_memory_is_named_to_all)
{
	play(waiting_camera, blind_display);
}

TEST(a_device_that_does_not_take_the_pool_ends_the_stage)
{
	play(waiting_camera, small_display);
}
