/* SPDX-License-Identifier: MIT */
/**
 * A process for a stage: fork, no exec.
 *
 * The child keeps its end of the socket to the broker and the standard streams, nothing else. It
 * ignores SIGINT, because Ctrl-C goes to the whole process group and only the runner may act on it;
 * SIGUSR1 asks it to end the stream. SIGTERM comes from the kernel when the runner has died
 * (PR_SET_PDEATHSIG): then nobody is left to tell, so the stage says so itself and ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/run.h"
#include "os/cleanup.h"

/* From its first closed file to the last: it has some hundred. */
#define RUNNER_DIES_MS 500

/* Of the child; signal handlers need it. */
static struct {
	volatile sig_atomic_t stop;
	pid_t runner;
	char farewell[128];
	size_t farewell_size;
	int farewell_fd; /* the terminal itself: whoever relays messages is the one that died */
	bool relayed;	 /* stderr is the runner's pipe */
} self;

static void on_stop(int signal)
{
	(void)signal;
	self.stop = 1;
}

static void say_farewell(void)
{
	ssize_t written = write(self.farewell_fd, self.farewell, self.farewell_size);
	(void)written;
	_exit(CLI_FAILED);
}

static void on_terminate(int number)
{
	if (getppid() != self.runner)
		say_farewell();
	signal(number, SIG_DFL); /* somebody else meant this process: die of it, visibly */
	raise(number);
}

/* Nobody reads any more what we say into the runner's pipe, or will within so many ms. */
static bool relay_is_gone(int timeout_ms)
{
	struct pollfd relay = { .fd = STDERR_FILENO };
	return self.relayed && poll(&relay, 1, timeout_ms) == 1 && (relay.revents & POLLERR);
}

static void on_broken_pipe(int number)
{
	if (relay_is_gone(0))
		say_farewell();
	signal(number, SIG_DFL);
	raise(number);
}

/*
 * A dying process closes its files before its children hear of its death. Who has missed the broker
 * by then ends in silence, for it is the runner that tells why: give the news the time to arrive.
 */
static void hear_of_runners_death(int broker)
{
	struct pollfd line = { .fd = broker };
	if (poll(&line, 1, 0) == 1 && relay_is_gone(RUNNER_DIES_MS))
		say_farewell();
}

/* No SA_RESTART: a wait must end when the stream is to end. */
static void handle(int number, void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler };
	sigemptyset(&action.sa_mask);
	sigaction(number, &action, NULL);
}

static void prepare_signals(const struct run *run, const char *name)
{
	self.farewell_size = (size_t)snprintf(self.farewell, sizeof(self.farewell),
					      "umm: %s: the runner has died, ending\n", name);
	handle(SIGINT, SIG_IGN);
	handle(SIGHUP, SIG_IGN);
	handle(SIGPIPE, on_broken_pipe);
	handle(SIGUSR1, on_stop);
	handle(SIGTERM, on_terminate);
	sigprocmask(SIG_SETMASK, &run->original_mask, NULL);
}

static void follow_runner(void)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != self.runner)
		say_farewell(); /* it died before the kernel was asked to tell */
}

static void close_range_or_each(unsigned first, unsigned last)
{
	if (first > last || close_range(first, last, 0) == 0)
		return;
	long limit = sysconf(_SC_OPEN_MAX);
	for (unsigned fd = first; fd <= last && (long)fd < limit; fd++)
		close((int)fd);
}

void run_close_all_but(int one, int other)
{
	unsigned low = (unsigned)(one < other ? one : other);
	unsigned high = (unsigned)(one < other ? other : one);
	close_range_or_each(STDERR_FILENO + 1, low - 1);
	close_range_or_each(low + 1, high - 1);
	close_range_or_each(high + 1, ~0U);
}

/* stderr goes where the runner can keep it apart from the progress; stdout may be for JSON alone.
 */
static int prepare_streams(const struct run *run)
{
	self.farewell_fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (self.farewell_fd < 0)
		return -errno;
	umm_autofd null = run->options->silent ? open("/dev/null", O_WRONLY | O_CLOEXEC) : -1;
	int to = null >= 0 ? null : run->screen.pipe_write;
	self.relayed = null < 0 && to >= 0;
	if (to >= 0 && dup2(to, STDERR_FILENO) < 0)
		return -errno;
	if ((run_json_on_stdout(run->options) || run->options->silent) &&
	    dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		return -errno;
	return 0;
}

static const char *token_of(const struct run_plan *plan, int edge)
{
	return edge == RUN_NONE ? NULL : plan->edges[edge].token;
}

/*
 * Codecs take and give back large blocks for every frame. By default the C library returns those to
 * the kernel each time, and the next frame faults them in again: it is to keep them, in one heap
 * for all threads, so that what one has given back serves the next.
 */
static void keep_memory(void)
{
	mallopt(M_MMAP_THRESHOLD, 32 << 20);
	mallopt(M_TRIM_THRESHOLD, 256 << 20);
	mallopt(M_ARENA_MAX, 1);
}

static int live(const struct run *run, const struct run_stage *stage, int take_fd)
{
	keep_memory();
	struct umm_connection *connection = NULL;
	bool takes_socket = stage->spec.ops->takes_socket;
	int ret = takes_socket ? 0 : umm_connection_open(take_fd, &connection);
	if (ret != 0) {
		stage_error(&stage->spec, "cannot reach the broker: %s", strerror(-ret));
		return CLI_FAILED;
	}
	struct stage_env env = {
		.spec = &stage->spec,
		.connection = connection,
		.take_socket = takes_socket ? take_fd : -1,
		.input = token_of(run->plan, stage->input),
		.output = token_of(run->plan, stage->output),
		.max_frames = run->options->frames,
		.allow_copies = run->options->allow_copies,
		.quiet = run->options->quiet,
		.stop = &self.stop,
	};
	int status = stage->spec.ops->run(&env);
	if (status == STAGE_EXIT_FAILED && !takes_socket)
		hear_of_runners_death(take_fd);
	umm_connection_close(connection);
	return status;
}

static void __attribute__((noreturn))
be_stage(const struct run *run, const struct run_stage *stage, pid_t runner, int take_fd)
{
	self.runner = runner;
	int ret = prepare_streams(run);
	if (ret < 0) {
		stage_error(&stage->spec, "cannot prepare its streams: %s", strerror(-ret));
		_exit(CLI_FAILED);
	}
	run_close_all_but(take_fd, self.farewell_fd);
	prepare_signals(run, stage->name);
	follow_runner();
	prctl(PR_SET_NAME, stage->name);
	exit(live(run, stage, take_fd));
}

int run_spawn(struct run *run, unsigned index)
{
	struct run_stage *stage = &run->plan->stages[index];
	struct umm_client *client;
	umm_autofd socket = -1;
	int fd;
	int ret = umm_broker_connect(run->broker, stage->name, &fd, &client);
	if (ret < 0) {
		run_say(run, "%s: no socket: %s", stage->name, strerror(-ret));
		return -1;
	}
	socket = fd;
	umm_broker_vouch_for(client); /* we start it, for the user who started us */

	fflush(NULL); /* or the child would write it again */
	pid_t runner = getpid();
	pid_t pid = fork();
	if (pid < 0) {
		run_say(run, "%s: no process: %s", stage->name, strerror(errno));
		return -1;
	}
	if (pid == 0)
		be_stage(run, stage, runner, umm_fd_steal(&socket));
	stage->pid = pid;
	return 0;
}
