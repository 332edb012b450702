/* SPDX-License-Identifier: MIT */
/**
 * SIGKILL of any stage or of the runner, at a random moment: within a second all the others have
 * ended, or gone on where the mode says so, the dead one is named, and nothing is left behind: no
 * process, no memory file, no socket.
 *
 * UMM_KILLS sets the number of rounds of each test, UMM_SEED where the dice start.
 */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/e2e/holdings.h"
#include "tests/e2e/tool.h"
#include "tests/harness.h"

#define MAX_STAGES 4
#define SECOND_NS  INT64_C(1000000000)

/* What is run, and the stages it is made of in the order of their start. Whoever comes after the
 * last of them in the dice is the runner. */
struct shape {
	const char *const *arguments;
	const char *stages[MAX_STAGES];
	unsigned n_stages, first_sink;
};

/* Sanitizers make every process several times slower, and the clock does not know. */
#if defined(__SANITIZE_ADDRESS__)
#define SLOWNESS 5
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SLOWNESS 5
#endif
#endif
#ifndef SLOWNESS
#define SLOWNESS 1
#endif

struct pipeline {
	const struct shape *shape;
	pid_t runner;
	pid_t stages[MAX_STAGES];
	struct holdings holdings;
};

static int64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * SECOND_NS + now.tv_nsec;
}

static void sleep_ns(int64_t ns)
{
	struct timespec time = { .tv_sec = ns / SECOND_NS, .tv_nsec = ns % SECOND_NS };
	nanosleep(&time, NULL);
}

/* Children of the runner in the order in which they were started. Returns how many there are. */
static unsigned find_stages(struct pipeline *pipeline)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pipeline->runner,
		 pipeline->runner);
	char *text = read_whole(path);
	if (text == NULL)
		return 0;
	unsigned n = 0;
	char *end = text;
	while (n < pipeline->shape->n_stages) {
		long pid = strtol(end, &end, 10);
		if (pid <= 0)
			break;
		pipeline->stages[n++] = (pid_t)pid;
	}
	free(text);
	return n;
}

static void start_pipeline(struct pipeline *pipeline, const struct shape *shape)
{
	*pipeline = (struct pipeline){ .shape = shape };
	pipeline->runner = start_tool_list(shape->arguments);
	int64_t deadline = now_ns() + 10 * SECOND_NS;
	while (find_stages(pipeline) < shape->n_stages) {
		CHECK(now_ns() < deadline);
		sleep_ns(SECOND_NS / 1000);
	}
}

/* How often a process has slept, 0 if it has gone. */
static unsigned long sleeps_of(pid_t pid)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	char *text = read_whole(path);
	const char *line = text != NULL ? strstr(text, "\nvoluntary_ctxt_switches:") : NULL;
	unsigned long sleeps = line != NULL ? strtoul(strchr(line, ':') + 1, NULL, 10) : 0;
	free(text);
	return sleeps;
}

/* A stage sleeps some ten times before the first frame, and for each of them from then on. */
#define SLEEPS_BEFORE_FRAMES 40

static void wait_for_frames(const struct pipeline *pipeline)
{
	int64_t deadline = now_ns() + 10 * SECOND_NS;
	for (unsigned i = 0; i < pipeline->shape->n_stages; i++)
		while (sleeps_of(pipeline->stages[i]) < SLEEPS_BEFORE_FRAMES) {
			CHECK(now_ns() < deadline);
			sleep_ns(SECOND_NS / 100);
		}
}

static void note_holdings(struct pipeline *pipeline)
{
	holdings_note(&pipeline->holdings, pipeline->runner);
	for (unsigned i = 0; i < pipeline->shape->n_stages; i++)
		holdings_note(&pipeline->holdings, pipeline->stages[i]);
	holdings_forget(&pipeline->holdings, getpid());
}

/* Orphans become our children (PR_SET_CHILD_SUBREAPER), so a child we have not got is a process
 * that is not there, of whatever kind. */
static bool anybody_left(void)
{
	while (waitpid(-1, NULL, WNOHANG) > 0)
		continue;
	return errno != ECHILD;
}

static void expect_nothing_left(const struct pipeline *pipeline, int64_t deadline)
{
	char text[128] = "a process";
	while (anybody_left() || holdings_left(&pipeline->holdings, text, sizeof(text)) > 0) {
		if (now_ns() > deadline)
			test_fail(__FILE__, __LINE__, "left after a second: %s", text);
		sleep_ns(SECOND_NS / 500);
	}
}

static void expect_named(const struct outcome *outcome, const struct pipeline *pipeline,
			 unsigned victim)
{
	char text[96];
	snprintf(text, sizeof(text), "%s (pid %d) was killed by signal 9",
		 pipeline->shape->stages[victim], (int)pipeline->stages[victim]);
	if (!says(outcome->err, text))
		test_fail(__FILE__, __LINE__, "no word of \"%s\" in \"%s\"", text, outcome->err);
}

static void kill_stage(struct pipeline *pipeline, unsigned victim, bool others_go_on)
{
	struct outcome outcome;
	CHECK_INT(kill(pipeline->stages[victim], SIGKILL), 0);
	int64_t deadline = now_ns() + SECOND_NS * SLOWNESS;
	if (others_go_on) {
		sleep_ns(SECOND_NS / 5);
		for (unsigned i = 0; i < pipeline->shape->n_stages; i++)
			CHECK(i == victim || kill(pipeline->stages[i], 0) == 0);
		CHECK_INT(kill(pipeline->runner, SIGINT), 0);
		deadline = now_ns() + SECOND_NS * SLOWNESS;
	}
	wait_tool(&outcome, pipeline->runner);
	CHECK(now_ns() < deadline);
	CHECK_INT(outcome.status, 1);
	expect_named(&outcome, pipeline, victim);
	expect_nothing_left(pipeline, deadline);
	outcome_finish(&outcome);
}

static void kill_runner(struct pipeline *pipeline)
{
	struct outcome outcome;
	CHECK_INT(kill(pipeline->runner, SIGKILL), 0);
	int64_t deadline = now_ns() + SECOND_NS * SLOWNESS;
	wait_tool(&outcome, pipeline->runner);
	CHECK_INT(outcome.status, -SIGKILL);
	expect_nothing_left(pipeline, deadline);
	outcome_finish(&outcome);
	char *err = read_whole("tool.err"); /* the stages spoke after it was gone */
	if (err == NULL || !says(err, "the runner has died"))
		test_fail(__FILE__, __LINE__, "no word of the runner's death in \"%s\"",
			  err != NULL ? err : "");
	free(err);
}

/* ---- rounds ---- */

static unsigned from_environment(const char *name, unsigned otherwise)
{
	const char *text = getenv(name);
	return text != NULL ? (unsigned)strtoul(text, NULL, 10) : otherwise;
}

static void shuffle(unsigned *order, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		order[i] = i;
	for (unsigned i = n - 1; i > 0; i--) {
		unsigned j = (unsigned)rand() % (i + 1), swapped = order[i];
		order[i] = order[j];
		order[j] = swapped;
	}
}

static void play_round(const struct shape *shape, unsigned victim, bool sinks_may_go)
{
	static struct pipeline pipeline;
	start_pipeline(&pipeline, shape);
	bool is_runner = victim == shape->n_stages;
	bool others_go_on = sinks_may_go && !is_runner && victim >= shape->first_sink;
	if (others_go_on)
		wait_for_frames(&pipeline); /* before the start any death ends all */
	sleep_ns(rand() % 120 * (SECOND_NS / 1000));
	note_holdings(&pipeline);
	CHECK(pipeline.holdings.n_sockets >= 2);
	CHECK(!others_go_on || pipeline.holdings.n_memfds > shape->n_stages);
	if (is_runner)
		kill_runner(&pipeline);
	else
		kill_stage(&pipeline, victim, others_go_on);
}

/* Everybody is killed equally often, in an order that nobody knows: at least once. */
static void play_rounds(const struct shape *shape, unsigned rounds, bool sinks_may_go)
{
	CHECK_INT(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	unsigned n = shape->n_stages + 1, order[MAX_STAGES + 1], kills[MAX_STAGES + 1] = { 0 };
	unsigned seed = from_environment("UMM_SEED", (unsigned)time(NULL));
	rounds = from_environment("UMM_KILLS", rounds);
	rounds = (rounds + n - 1) / n * n;
	srand(seed);
	for (unsigned i = 0; i < rounds; i++) {
		if (i % n == 0)
			shuffle(order, n);
		play_round(shape, order[i % n], sinks_may_go);
		kills[order[i % n]]++;
	}
	printf("UMM_SEED=%u, killed %u times each: the runner", seed, kills[shape->n_stages]);
	for (unsigned i = 0; i < shape->n_stages; i++) {
		CHECK(kills[i] == kills[shape->n_stages] && kills[i] > 0);
		printf(", %s", shape->stages[i]);
	}
	printf("\n");
}

#define DRAWN(mode)                                                                                \
	(const struct shape)                                                                       \
	{                                                                                          \
		.arguments = (const char *const[]){ "run",                                         \
						    "--quiet",                                     \
						    "--mode",                                      \
						    mode,                                          \
						    "test,size=320x240,rate=500",                  \
						    "compose",                                     \
						    "null",                                        \
						    "+",                                           \
						    "null",                                        \
						    NULL },                                        \
		.stages = { "test", "compose", "null", "null-2" }, .n_stages = 4, .first_sink = 2, \
	}

TEST(fifo_pipeline_ends_when_any_process_is_killed)
{
	play_rounds(&DRAWN("fifo"), 80 / SLOWNESS, false);
}

TEST(latest_pipeline_goes_on_without_a_sink_and_ends_without_anybody_else)
{
	play_rounds(&DRAWN("latest"), 80 / SLOWNESS, true);
}

/* Codecs with threads, files half written. */
TEST(decoding_pipeline_ends_when_any_process_is_killed)
{
	char source[512];
	snprintf(source, sizeof(source), "file:%s/demo/clip.mp4,loop=1000", getenv("UMM_SOURCE"));
	const struct shape filmed = {
		.arguments = (const char *const[]){ "run", "--quiet", source, "compose", "png:out",
						    "+", "framemd5:out.md5", NULL },
		.stages = { "file", "compose", "png", "framemd5" },
		.n_stages = 4,
		.first_sink = 2,
	};
	play_rounds(&filmed, 40 / SLOWNESS, false);
}

/* ---- or would nothing be seen? ---- */

static void hold_until_killed(int ready_fd)
{
	int pair[2], fd = memfd_create("held", MFD_CLOEXEC);
	bool ok = fd >= 0 && ftruncate(fd, 4096) == 0 &&
		  mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) != MAP_FAILED &&
		  socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0;
	close(fd); /* mapped is held, too */
	ok = ok && write(ready_fd, "", 1) == 1;
	while (ok)
		pause();
	_exit(1);
}

TEST(what_a_process_holds_is_seen_until_it_has_gone)
{
	int ready[2];
	char byte, text[128];
	struct holdings holdings = { 0 };
	CHECK_INT(pipe(ready), 0);
	pid_t child = fork();
	if (child == 0)
		hold_until_killed(ready[1]);
	CHECK_INT(read(ready[0], &byte, 1), 1);
	holdings_note(&holdings, child);
	holdings_forget(&holdings, getpid());
	CHECK(holdings.n_memfds == 1 && holdings.n_sockets == 2);
	/* both sockets are an fd and a line in /proc/net/unix */
	CHECK_INT(holdings_left(&holdings, text, sizeof(text)), 5);
	kill(child, SIGKILL);
	CHECK_INT(waitpid(child, NULL, 0), child);
	CHECK_INT(holdings_left(&holdings, text, sizeof(text)), 0);
	close(ready[0]);
	close(ready[1]);
}

static void send_away(int through, int fd)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct msghdr message = {
		.msg_iov = &(struct iovec){ .iov_base = "", .iov_len = 1 },
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	CHECK_INT(sendmsg(through, &message, 0), 1);
	close(fd);
}

TEST(socket_on_its_way_is_seen_though_nobody_has_it)
{
	int line[2], pair[2];
	char text[128];
	struct holdings holdings = { 0 };
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	holdings_note(&holdings, getpid());

	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, line), 0);
	holdings_forget(&holdings, getppid());
	CHECK(holdings.n_sockets >= 2);
	send_away(line[0], pair[0]);
	send_away(line[0], pair[1]);
	CHECK(holdings_left(&holdings, text, sizeof(text)) >= 2);
	close(line[0]);
	close(line[1]);
	CHECK_INT(holdings_left(&holdings, text, sizeof(text)), 0);
}
