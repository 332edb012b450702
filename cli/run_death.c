/* SPDX-License-Identifier: MIT */
/**
 * The ends of stages, expected or not.
 *
 * With fifo, a stage that fails takes all others along: nobody may miss a frame. With latest, the
 * others of its edge go on, as long as the producer has somebody to produce for. Who has to end
 * gets -ECONNRESET from the collections that end, and is killed if it has not ended after a grace.
 *
 * A stage that fails after it has ended its stream in good order takes nobody along: whoever is
 * behind it sees the stream to its end, and only the run as a whole has failed.
 */
#include <errno.h>
#include <string.h>
#include <sys/wait.h>

#include "cli/run.h"

#define GRACE_NS    (500 * NSEC_PER_MSEC)
#define PATIENCE_NS (1000 * NSEC_PER_MSEC) /* closing a camera or a GPU takes its time */
#define NUDGE_NS    (100 * NSEC_PER_MSEC)

static bool alive(const struct run_stage *stage)
{
	return stage->pid != 0 && !stage->ended;
}

static bool ended_well(const struct run_stage *stage)
{
	return WIFEXITED(stage->wait_status) && WEXITSTATUS(stage->wait_status) == STAGE_EXIT_DONE;
}

static bool ended_its_stream(const struct run_stage *stage)
{
	return WIFEXITED(stage->wait_status) && WEXITSTATUS(stage->wait_status) == STAGE_EXIT_ENDED;
}

static bool has_started(const struct run *run, int edge)
{
	return edge == RUN_NONE || run->plan->edges[edge].state == RUN_EDGE_STARTED;
}

/* Content, and yet the others would wait for it for ever: a program (exec:) that never joined. */
static bool ended_early(const struct run *run, const struct run_stage *stage)
{
	return ended_well(stage) &&
	       !(has_started(run, stage->input) && has_started(run, stage->output));
}

/* A stage that fails with a status of its own has told the reason, or should have. */
static void tell_death(struct run *run, const struct run_stage *stage)
{
	run_screen_clear(&run->screen);
	int status = run_exit_of(stage);
	if (status < 0)
		run_say(run, "%s (pid %d) was killed by signal %d (%s)", stage->name,
			(int)stage->pid, -status, strsignal(-status));
	else if (ended_early(run, stage))
		run_say(run, "%s (pid %d) ended before it had taken part", stage->name,
			(int)stage->pid);
	else if (status != STAGE_EXIT_FAILED || !run->screen.relayed)
		run_say(run, "%s (pid %d) ended with status %d", stage->name, (int)stage->pid,
			status);
}

static void doom(struct run *run, struct run_stage *stage);

static void doom_consumers(struct run *run, const struct run_edge *edge)
{
	umm_broker_end_collection(run->broker, edge->token);
	for (unsigned i = 0; i < edge->n_consumers; i++) {
		struct run_stage *consumer = &run->plan->stages[edge->consumers[i]];
		if (alive(consumer) && !consumer->doomed)
			doom(run, consumer);
	}
}

static bool has_consumers(const struct run *run, const struct run_edge *edge)
{
	for (unsigned i = 0; i < edge->n_consumers; i++) {
		const struct run_stage *consumer = &run->plan->stages[edge->consumers[i]];
		if (alive(consumer) && !consumer->doomed)
			return true;
	}
	return false;
}

/* Whoever cannot go on without `stage` is doomed with it: those downstream, and those upstream that
   have nobody else to produce for. */
static void doom(struct run *run, struct run_stage *stage)
{
	stage->doomed = true;
	if (stage->output != RUN_NONE)
		doom_consumers(run, &run->plan->edges[stage->output]);
	if (stage->input == RUN_NONE)
		return;
	const struct run_edge *edge = &run->plan->edges[stage->input];
	struct run_stage *producer = &run->plan->stages[edge->producer];
	if (producer->doomed || has_consumers(run, edge))
		return;
	umm_broker_end_collection(run->broker, edge->token);
	if (alive(producer))
		doom(run, producer);
}

static void start_grace(struct run *run)
{
	if (run->kill_ns == 0)
		run->kill_ns = run_now_ns() + GRACE_NS;
}

void run_end_all(struct run *run)
{
	for (unsigned i = 0; i < run->plan->n_stages; i++)
		run->plan->stages[i].doomed = true;
	for (unsigned i = 0; i < run->plan->n_edges; i++)
		umm_broker_end_collection(run->broker, run->plan->edges[i].token);
	start_grace(run);
}

static void spread_death(struct run *run, struct run_stage *stage)
{
	if (run->options->mode == UMM_QUEUE_LATEST && run->flowing_ns != 0) {
		doom(run, stage);
		start_grace(run);
	} else {
		run_end_all(run);
	}
}

/* A sink that has seen enough (a window was closed) ends the stream. */
static void stop_if_unwatched(struct run *run, const struct run_stage *stage)
{
	if (stage->input != RUN_NONE && !has_consumers(run, &run->plan->edges[stage->input]))
		run_stop_source(run);
}

static void note_end(struct run *run, struct run_stage *stage)
{
	if (ended_well(stage) && !ended_early(run, stage)) {
		stop_if_unwatched(run, stage);
	} else if (!stage->doomed) {
		run->failed = true;
		tell_death(run, stage);
		if (ended_its_stream(stage))
			stop_if_unwatched(run, stage);
		else
			spread_death(run, stage);
	}
}

static void collect(const struct run *run, struct run_stage *stage)
{
	if (!alive(stage))
		return;
	if (wait4(stage->pid, &stage->wait_status, WNOHANG, &stage->usage) != stage->pid)
		return;
	run_confirm_sample(run, stage);
	stage->ended = true;
	stage->unjudged = true;
}

static void judge(struct run *run, bool killed)
{
	for (unsigned i = 0; i < run->plan->n_stages; i++) {
		struct run_stage *stage = &run->plan->stages[i];
		if (!stage->unjudged || WIFSIGNALED(stage->wait_status) != killed)
			continue;
		stage->unjudged = false;
		note_end(run, stage);
	}
}

/* A dying process closes its files before it can be waited for: its neighbours may be gone first.
 */
static bool somebody_is_dying(const struct run *run)
{
	for (unsigned i = 0; i < run->plan->n_stages; i++) {
		const struct run_stage *stage = &run->plan->stages[i];
		if (stage->lost && alive(stage) && !stage->doomed)
			return true;
	}
	return false;
}

/* All are collected before any is judged, and the killed ones are judged first: a stage that dies
   takes neighbours along, and it is the one to name. */
void run_reap(struct run *run)
{
	for (unsigned i = 0; i < run->plan->n_stages; i++)
		collect(run, &run->plan->stages[i]);
	judge(run, true);

	int64_t now = run_now_ns();
	if (!somebody_is_dying(run) || (run->judge_ns != 0 && now >= run->judge_ns)) {
		run->judge_ns = 0;
		judge(run, false);
	} else if (run->judge_ns == 0) {
		run->judge_ns = now + PATIENCE_NS;
	}
}

void run_note_lost(struct run *run, const char *name)
{
	for (unsigned i = 0; i < run->plan->n_stages; i++)
		if (strcmp(run->plan->stages[i].name, name) == 0)
			run->plan->stages[i].lost = true;
}

static void signal_stage(const struct run_stage *stage, int signal)
{
	if (alive(stage))
		kill(stage->pid, signal);
}

void run_kill_all(struct run *run)
{
	for (unsigned i = 0; i < run->plan->n_stages; i++) {
		struct run_stage *stage = &run->plan->stages[i];
		stage->doomed = true;
		signal_stage(stage, SIGKILL);
	}
}

void run_kill_doomed(struct run *run)
{
	for (unsigned i = 0; i < run->plan->n_stages; i++)
		if (run->plan->stages[i].doomed)
			signal_stage(&run->plan->stages[i], SIGKILL);
	run->kill_ns = 0;
}

/* The source; and who stays for a while after the stream, where somebody is waiting for the end. */
static bool is_to_stop(const struct run *run, const struct run_stage *stage)
{
	bool source = stage == &run->plan->stages[0];
	bool lingers = run->interrupts > 0 && stage->spec.ops->lingers;
	return alive(stage) && (source || lingers);
}

/* Asked again until they end: a signal that comes just before a wait would be slept over. */
void run_stop_source(struct run *run)
{
	bool asked = false;
	run->nudge_step_ns = run->stopping ? 2 * run->nudge_step_ns : NUDGE_NS;
	run->stopping = true;
	for (unsigned i = 0; i < run->plan->n_stages; i++) {
		struct run_stage *stage = &run->plan->stages[i];
		if (!is_to_stop(run, stage))
			continue;
		signal_stage(stage, SIGUSR1);
		asked = true;
	}
	run->nudge_ns = asked ? run_now_ns() + run->nudge_step_ns : 0;
}
