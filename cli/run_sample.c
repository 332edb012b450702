/* SPDX-License-Identifier: MIT */
/**
 * Counters, looked at now and then.
 *
 * Frames, drops, copies and latencies are the members' own word, read from shared memory at any
 * time for nothing. Page faults are the kernel's, in /proc/PID/stat. What counts is the steady
 * state: from the first look at which the stage had seen STEADY_FRAMES frames to the last look
 * before the end of its stream, so that neither its start nor its clean-up are in the number. The
 * looks come ever more seldom, each after half as long again as the one before it: the runner's
 * work does not grow with the frames, and the last look still covers at least two thirds of the
 * run.
 */
#include <stdio.h>
#include <string.h>

#include "cli/run.h"

#define STEADY_FRAMES	30
#define FIRST_SAMPLE_NS (5 * NSEC_PER_MSEC)

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static void add_member(const struct umm_broker_member_info *member, struct run_counters *sum)
{
	const struct umm_member_stats *stats = &member->stats;
	sum->copied_bytes += stats->copied_bytes;
	if (member->role == UMM_PRODUCER) {
		sum->frames = stats->frames;
	} else if (member->role == UMM_CONSUMER) {
		sum->dropped += stats->dropped;
		sum->queued = (uint32_t)larger(sum->queued, stats->queued);
		sum->latency_p50_ns = larger(sum->latency_p50_ns, stats->latency_p50_ns);
		sum->latency_p99_ns = larger(sum->latency_p99_ns, stats->latency_p99_ns);
	}
}

void run_count(const struct run *run, const struct run_edge *edge, struct run_counters *out)
{
	struct run_counters sum = { 0 };
	struct umm_broker_member_info member;
	for (unsigned i = 0; umm_broker_get_member(run->broker, edge->token, i, &member) == 0; i++)
		add_member(&member, &sum);
	/* What a stage that --copies=allow put in writes is a copy of what it read. */
	if (run->plan->stages[edge->producer].automatic)
		sum.copied_bytes += sum.frames * edge->layout.size_bytes;
	*out = sum;
}

static uint64_t frames_of(const struct run *run, const struct run_stage *stage)
{
	int index = stage->output != RUN_NONE ? stage->output : stage->input;
	const struct run_edge *edge = &run->plan->edges[index];
	struct umm_broker_member_info member;
	for (unsigned i = 0; umm_broker_get_member(run->broker, edge->token, i, &member) == 0; i++)
		if (strcmp(member.label, stage->name) == 0)
			return member.stats.frames;
	return 0;
}

/* minflt and majflt, fields 10 and 12; the name before them may hold anything but ends with the
   last ')'. proc(5) */
static int64_t read_faults(pid_t pid)
{
	char path[64], text[1024];
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	FILE *file = fopen(path, "re");
	if (file == NULL)
		return -1;
	size_t size = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[size] = '\0';

	long long minor, major;
	const char *rest = strrchr(text, ')');
	if (rest == NULL ||
	    sscanf(rest + 1, " %*c %*d %*d %*d %*d %*d %*u %lld %*u %lld", &minor, &major) != 2)
		return -1;
	return minor + major;
}

/* A look counts once a frame has come after it: then it was in the middle of the stream. */
void run_confirm_sample(const struct run *run, struct run_stage *stage)
{
	if (stage->look_faults < 0 || frames_of(run, stage) <= stage->look_frames)
		return;
	if (stage->first_faults < 0)
		stage->first_faults = stage->look_faults;
	stage->last_faults = stage->look_faults;
	stage->look_faults = -1;
}

static void sample_stage(const struct run *run, struct run_stage *stage)
{
	run_confirm_sample(run, stage);
	uint64_t frames = frames_of(run, stage);
	if (stage->pid == 0 || stage->ended || frames < STEADY_FRAMES)
		return;
	stage->look_faults = read_faults(stage->pid);
	stage->look_frames = frames;
}

void run_sample(struct run *run, int64_t now_ns)
{
	if (run->flowing_ns == 0 || now_ns < run->sample_ns)
		return;
	run->sample_step_ns =
		run->sample_step_ns == 0 ? FIRST_SAMPLE_NS : run->sample_step_ns * 3 / 2;
	run->sample_ns = now_ns + run->sample_step_ns;
	for (unsigned i = 0; i < run->plan->n_stages; i++)
		sample_stage(run, &run->plan->stages[i]);
}

int64_t run_steady_faults(const struct run_stage *stage)
{
	return stage->first_faults < 0 ? -1 : stage->last_faults - stage->first_faults;
}

static double cpu_seconds(const struct rusage *usage)
{
	return (double)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) +
	       (double)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) / 1e6;
}

double run_stage_cpu_s(const struct run_stage *stage)
{
	return cpu_seconds(&stage->usage);
}

double run_broker_cpu_s(const struct run *run)
{
	return cpu_seconds(&run->usage_after) - cpu_seconds(&run->usage_before);
}

long run_broker_switches(const struct run *run)
{
	return run->usage_after.ru_nvcsw - run->usage_before.ru_nvcsw;
}
