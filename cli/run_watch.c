/* SPDX-License-Identifier: MIT */
/**
 * The runner's loop: it starts the broker and the stages, then sleeps in one poll until the broker
 * has something to do, a signal has come (the end of a stage is one), a stage said something, or a
 * time is up.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "cli/run.h"
#include "os/cleanup.h"

int64_t run_now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NSEC_PER_SEC + now.tv_nsec;
}

/* ---- what the broker tells ---- */

/* An edge may have started while another is still to settle. */
static bool all_have(const struct run_plan *plan, enum run_edge_state state)
{
	for (unsigned i = 0; i < plan->n_edges; i++)
		if (plan->edges[i].state < state || plan->edges[i].state == RUN_EDGE_REFUSED)
			return false;
	return true;
}

static void on_settled(void *user, const char *token, const struct umm_layout *layout,
		       const char *notes)
{
	struct run *run = user;
	struct run_edge *edge = run_plan_edge(run->plan, token);
	edge->state = RUN_EDGE_SETTLED;
	edge->layout = *layout;
	if (notes[0] == '\0')
		return;
	edge->notes = strdup(notes);
	if (!run->options->rehearse) /* whose page has it */
		run_say(run, "warning: %s: %s", token, notes);
}

static void on_refused(void *user, const char *token, int verdict, const char *explanation)
{
	struct run *run = user;
	struct run_edge *edge = run_plan_edge(run->plan, token);
	edge->state = RUN_EDGE_REFUSED;
	if (run->refused_edge != RUN_NONE)
		return;
	run->refused_edge = (int)(edge - run->plan->edges);
	run->verdict = verdict;
	run->explanation = strdup(explanation);
}

static void on_started(void *user, const char *token)
{
	struct run *run = user;
	run_plan_edge(run->plan, token)->state = RUN_EDGE_STARTED;
	if (all_have(run->plan, RUN_EDGE_STARTED))
		run->flowing_ns = run_now_ns();
}

static void on_disconnected(void *user, struct umm_client *client, const char *label, bool clean)
{
	(void)client;
	if (!clean)
		run_note_lost(user, label);
}

/* Ending collections from inside the broker's events would pull the rug from under it. */
static void heed_events(struct run *run)
{
	if (run->kill_ns != 0)
		return;
	if (run->refused_edge != RUN_NONE)
		run_end_all(run);
	else if (run->options->rehearse && all_have(run->plan, RUN_EDGE_SETTLED))
		run_kill_all(run);
}

static void serve_broker(struct run *run)
{
	int ret = umm_broker_dispatch(run->broker, 0);
	if (ret < 0 && ret != -EINTR) {
		run_say(run, "the broker failed: %s", strerror(-ret));
		run->broker_failed = true;
		run_kill_all(run);
	}
	heed_events(run);
}

/* ---- signals ---- */

static int catch_signals(struct run *run)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, &run->original_mask);
	signal(SIGPIPE, SIG_IGN);
	run->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return run->signal_fd < 0 ? -errno : 0;
}

static void interrupt(struct run *run)
{
	run->interrupts++;
	if (run->interrupts > 1)
		run_kill_all(run);
	else if (run->flowing_ns == 0)
		run_end_all(run);
	else
		run_stop_source(run);
}

static void serve_signals(struct run *run)
{
	struct signalfd_siginfo info;
	while (read(run->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		if (info.ssi_signo != SIGCHLD)
			interrupt(run);
	if (!run->broker_failed)
		serve_broker(run); /* whose line was cut, before we judge who ended why */
	run_reap(run);
}

/* ---- time ---- */

void run_wake_at(int64_t *earliest, int64_t deadline_ns)
{
	if (deadline_ns != 0 && (*earliest == 0 || deadline_ns < *earliest))
		*earliest = deadline_ns;
}

static int64_t stop_time(const struct run *run)
{
	if (run->options->duration_ns == 0 || run->flowing_ns == 0 || run->stopping)
		return 0;
	return run->flowing_ns + run->options->duration_ns;
}

static void sleep_time(const struct run *run, struct timespec *out, struct timespec **timeout)
{
	int64_t earliest = 0;
	run_wake_at(&earliest, stop_time(run));
	run_wake_at(&earliest, run->nudge_ns);
	run_wake_at(&earliest, run->kill_ns);
	run_wake_at(&earliest, run->judge_ns);
	run_wake_at(&earliest, run->screen.due_ns);
	if (run->flowing_ns != 0)
		run_wake_at(&earliest, run->sample_ns != 0 ? run->sample_ns : 1);
	run_wake_at(&earliest, run->stir.due_ns);
	if (earliest == 0) {
		*timeout = NULL;
		return;
	}
	int64_t left = earliest - run_now_ns();
	if (left < 0)
		left = 0;
	*out = (struct timespec){ .tv_sec = left / NSEC_PER_SEC, .tv_nsec = left % NSEC_PER_SEC };
	*timeout = out;
}

static void serve_time(struct run *run)
{
	int64_t now = run_now_ns();
	if (run->kill_ns != 0 && now >= run->kill_ns)
		run_kill_doomed(run);
	if (run->judge_ns != 0 && now >= run->judge_ns)
		run_reap(run);
	int64_t stop = stop_time(run);
	bool over = stop != 0 && now >= stop;
	bool nudge = run->nudge_ns != 0 && now >= run->nudge_ns;
	if (over || nudge)
		run_stop_source(run);
	run_sample(run, now);
	run_arena_stir(run, now);
	if (run->screen.due_ns != 0 && now >= run->screen.due_ns)
		run_screen_draw(run, now);
}

/* ---- the loop ---- */

static bool anybody_left(const struct run_plan *plan)
{
	for (unsigned i = 0; i < plan->n_stages; i++)
		if (plan->stages[i].pid != 0 && !plan->stages[i].ended)
			return true;
	return false;
}

static int turn(struct run *run)
{
	struct timespec time, *timeout;
	sleep_time(run, &time, &timeout);
	struct pollfd fds[] = {
		{ .fd = umm_broker_fd(run->broker), .events = POLLIN },
		{ .fd = run->signal_fd, .events = POLLIN },
		{ .fd = run->screen.pipe_read, .events = POLLIN },
	};
	if (ppoll(fds, sizeof(fds) / sizeof(fds[0]), timeout, NULL) < 0 && errno != EINTR)
		return -errno;
	if (fds[2].revents != 0)
		run_screen_relay(&run->screen);
	if (fds[0].revents != 0 && !run->broker_failed)
		serve_broker(run);
	if (fds[1].revents != 0)
		serve_signals(run);
	serve_time(run);
	return 0;
}

static int add_collections(struct run *run)
{
	const struct run_options *options = run->options;
	unsigned extra = run_has_request(options) ? 2 : 1; /* the producer, the request */
	for (unsigned i = 0; i < run->plan->n_edges; i++) {
		const struct run_edge *edge = &run->plan->edges[i];
		int ret = umm_broker_add_collection(
			run->broker, edge->token,
			UMM_BROKER_COLLECTION_OPTS(.expected_members = edge->n_consumers + extra,
						   .mode = options->mode,
						   .buffers = options->buffers,
						   .heaps = options->heaps,
						   .no_cache = options->no_cache,
						   .content_check = options->content_check));
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int start_broker(struct run *run)
{
	const struct umm_broker_events events = {
		.settled = on_settled,
		.refused = on_refused,
		.started = on_started,
		.disconnected = on_disconnected,
	};
	int ret = umm_broker_create(&events, run, &run->broker);
	return ret < 0 ? ret : add_collections(run);
}

static int prepare(struct run *run)
{
	int ret = run_screen_init(&run->screen, run->options);
	if (ret == 0)
		ret = catch_signals(run);
	if (ret == 0)
		ret = start_broker(run);
	if (ret < 0)
		run_say(run, "cannot start: %s", strerror(-ret));
	return ret < 0 ? -1 : 0;
}

static int start_requests(struct run *run)
{
	for (unsigned i = 0; i < run->plan->n_edges; i++) {
		int ret = run_request_start(run, &run->plan->edges[i]);
		if (ret < 0) {
			run_say(run, "cannot start: %s", strerror(-ret));
			return -1;
		}
	}
	return 0;
}

static int spawn_all(struct run *run)
{
	if (run_has_request(run->options) && start_requests(run) < 0)
		return -1;
	for (unsigned i = 0; i < run->plan->n_stages; i++)
		if (run_spawn(run, i) < 0) {
			run_kill_all(run);
			return -1;
		}
	return 0;
}

static int watch(struct run *run)
{
	while (anybody_left(run->plan)) {
		int ret = turn(run);
		if (ret < 0) {
			run_say(run, "cannot wait: %s", strerror(-ret));
			run_kill_all(run);
			return -1;
		}
	}
	return 0;
}

int run_execute(struct run *run, const struct run_options *options, struct run_plan *plan)
{
	*run = (struct run){
		.options = options,
		.plan = plan,
		.signal_fd = -1,
		.refused_edge = RUN_NONE,
		.begun_ns = run_now_ns(),
	};
	getrusage(RUSAGE_SELF, &run->usage_before);
	run_plan_reset(plan);
	if (options->guard)
		setenv("UMM_GUARD", "1", 1);

	if (prepare(run) < 0 || run_arena_lend(run) < 0)
		return -1;
	int ret = spawn_all(run);
	if (watch(run) < 0)
		ret = -1;
	run->over_ns = run_now_ns();
	getrusage(RUSAGE_SELF, &run->usage_after);
	if (!run->broker_failed)
		serve_broker(run); /* the last ones to disconnect */
	run_screen_clear(&run->screen);
	return ret;
}

void run_finish(struct run *run)
{
	for (unsigned i = 0; i < run->plan->n_edges; i++)
		run_request_end(&run->plan->edges[i]);
	run_arena_finish(run);
	umm_broker_destroy(run->broker);
	run_screen_finish(&run->screen);
	if (run->signal_fd >= 0) {
		close(run->signal_fd);
		sigprocmask(SIG_SETMASK, &run->original_mask, NULL);
	}
	free(run->explanation);
}
