/* SPDX-License-Identifier: MIT */
/**
 * `umm bench handoff`: what a hand-off costs, against a bare futex ring measured in turn.
 *
 * Other work on the machine disturbs both; so they take turns, round by round, who is first changes
 * every round, and the answer for each figure is the median over the rounds of the ratio within a
 * round.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/handoff.h"
#include "bench/number.h"
#include "bench/options.h"
#include "os/cleanup.h"
#include "stage/outfile.h"

#define MAX_ROUNDS 99
#define MAX_FRAMES 10000000
#define SPIN_NS	   INT64_C(1000000000)

/* A way frames come, and how many of them one run needs. */
struct scenario {
	const char *name;
	struct handoff_pace pace;
};

static const struct scenario all_scenarios[] = {
	{ "paced-60", { .frames = 120, .warm_up = 6, .period_ns = 1000000000 / 60 } },
	{ "paced-1000", { .frames = 1000, .warm_up = 50, .period_ns = 1000000 } },
	{ "free", { .frames = 200000, .warm_up = 1000 } },
	{ "spinning", { .frames = 1000000, .warm_up = 10000, .spin_ns = SPIN_NS } },
};
#define N_SCENARIOS (sizeof(all_scenarios) / sizeof(all_scenarios[0]))

/* What is read from one run, per frame. */
struct figures {
	double p50_us, p99_us, cpu_us, producer_switches, consumer_switches, faults,
		frames_per_second;
};
#define N_FIGURES (sizeof(struct figures) / sizeof(double))

struct options {
	unsigned rounds;
	unsigned frames;  /* 0: as many as the scenario says */
	const char *only; /* NULL: all scenarios */
	bool watching;	  /* our ends look for dead peers themselves */
	bool json;
	const char *json_path; /* "-": stdout */
};

/* All rounds of one scenario; [0] is the bare ring, [1] ours. */
struct outcome {
	struct figures median[2];
	struct figures ratio; /* ours by bare, median over the rounds */
};

static struct figures to_figures(const struct handoff_result *result,
				 const struct handoff_pace *pace)
{
	double frames = (double)pace->frames;
	const struct handoff_usage *producer = &result->producer, *consumer = &result->consumer;
	return (struct figures){
		.p50_us = (double)result->p50_ns / 1e3,
		.p99_us = (double)result->p99_ns / 1e3,
		.cpu_us = (double)(producer->cpu_ns + consumer->cpu_ns) / 1e3 / frames,
		.producer_switches = (double)producer->voluntary_switches / frames,
		.consumer_switches = (double)consumer->voluntary_switches / frames,
		.faults = (double)(producer->faults + consumer->faults) / frames,
		.frames_per_second = frames * 1e9 / (double)result->wall_ns,
	};
}

/* Field by field. */
static struct figures median(const struct figures *runs, unsigned n)
{
	struct figures result;
	for (size_t field = 0; field < N_FIGURES; field++) {
		double values[MAX_ROUNDS];
		for (unsigned i = 0; i < n; i++)
			values[i] = ((const double *)&runs[i])[field];
		((double *)&result)[field] = bench_median(values, n);
	}
	return result;
}

/* 0 where the bare ring has nothing to compare with. */
static struct figures divide(const struct figures *ours, const struct figures *bare)
{
	struct figures result;
	for (size_t field = 0; field < N_FIGURES; field++) {
		double divisor = ((const double *)bare)[field];
		((double *)&result)[field] =
			divisor > 0 ? ((const double *)ours)[field] / divisor : 0;
	}
	return result;
}

/* As the scenario says, or as many frames as were asked for: then the warm-up is not longer. */
static struct handoff_pace pace_of(const struct scenario *scenario, const struct options *options)
{
	struct handoff_pace pace = scenario->pace;
	if (options->frames > 0)
		pace.frames = options->frames;
	if (pace.warm_up > pace.frames)
		pace.warm_up = pace.frames;
	return pace;
}

/* Each of the two, and who is first takes turns. */
static int run_round(const struct handoff_pace *pace, const struct options *options, unsigned round,
		     struct figures out[2])
{
	const struct handoff_contender *contenders[] = {
		&handoff_bare,
		options->watching ? &handoff_umm_watching : &handoff_umm,
	};
	for (unsigned turn = 0; turn < 2; turn++) {
		unsigned who = (round + turn) % 2;
		struct handoff_result result;
		int ret = handoff_measure(contenders[who], pace, &result);
		if (ret < 0)
			return ret;
		out[who] = to_figures(&result, pace);
	}
	return 0;
}

static int run_scenario(const struct handoff_pace *pace, const struct options *options,
			struct outcome *out)
{
	struct figures runs[2][MAX_ROUNDS], ratios[MAX_ROUNDS];
	unsigned rounds = options->rounds;
	for (unsigned round = 0; round < rounds; round++) {
		struct figures both[2];
		int ret = run_round(pace, options, round, both);
		if (ret < 0)
			return ret;
		runs[0][round] = both[0];
		runs[1][round] = both[1];
		ratios[round] = divide(&both[1], &both[0]);
	}
	out->median[0] = median(runs[0], rounds);
	out->median[1] = median(runs[1], rounds);
	out->ratio = median(ratios, rounds);
	return 0;
}

/* Output. */

static void print_row(const char *scenario, const char *who, const struct figures *figures)
{
	printf("%-11s %-6s %10.2f %10.2f %10.3f %9.2f %9.2f %9.4f %12.2f\n", scenario, who,
	       figures->p50_us, figures->p99_us, figures->cpu_us, figures->producer_switches,
	       figures->consumer_switches, figures->faults, figures->frames_per_second);
}

static void print_table_head(void)
{
	printf("%-11s %-6s %10s %10s %10s %9s %9s %9s %12s\n", "", "", "p50 us", "p99 us",
	       "cpu us/fr", "prod.sw", "cons.sw", "faults", "frames/s");
}

static void print_outcome(const struct scenario *scenario, const struct outcome *outcome)
{
	print_row(scenario->name, "bare", &outcome->median[0]);
	print_row("", "umm", &outcome->median[1]);
	print_row("", "ratio", &outcome->ratio);
	fflush(stdout);
}

static void json_figures(FILE *to, const char *key, const struct figures *figures)
{
	fprintf(to,
		"\"%s\":{\"latency_us\":{\"p50\":%.3f,\"p99\":%.3f},\"cpu_us_per_frame\":%.4f,"
		"\"producer_switches_per_frame\":%.4f,\"consumer_switches_per_frame\":%.4f,"
		"\"faults_per_frame\":%.5f,\"frames_per_s\":%.1f}",
		key, figures->p50_us, figures->p99_us, figures->cpu_us, figures->producer_switches,
		figures->consumer_switches, figures->faults, figures->frames_per_second);
}

static void json_outcome(FILE *to, const struct scenario *scenario, uint64_t frames,
			 const struct outcome *outcome)
{
	fprintf(to, "{\"scenario\":\"%s\",\"frames\":%llu,", scenario->name,
		(unsigned long long)frames);
	json_figures(to, "bare", &outcome->median[0]);
	fputc(',', to);
	json_figures(to, "umm", &outcome->median[1]);
	fputs(",\"ratio\":{", to);
	fprintf(to, "\"p50\":%.4f,\"cpu\":%.4f,\"frames_per_s\":%.4f}}", outcome->ratio.p50_us,
		outcome->ratio.cpu_us, outcome->ratio.frames_per_second);
}

/* One line. NULL: out of memory. */
static char *json_text(const struct options *options, const struct outcome *outcomes, size_t *size)
{
	char *text = NULL;
	FILE *to = open_memstream(&text, size);
	if (to == NULL)
		return NULL;
	const char *separator = "";
	fprintf(to, "{\"rounds\":%u,\"slots\":%d,\"watch\":\"%s\",\"scenarios\":[", options->rounds,
		HANDOFF_SLOTS, options->watching ? "self" : "broker");
	for (size_t i = 0; i < N_SCENARIOS; i++) {
		if (options->only != NULL && strcmp(options->only, all_scenarios[i].name) != 0)
			continue;
		fputs(separator, to);
		json_outcome(to, &all_scenarios[i], pace_of(&all_scenarios[i], options).frames,
			     &outcomes[i]);
		separator = ",";
	}
	fputs("]}\n", to);
	bool failed = ferror(to) != 0;
	if (fclose(to) == 0 && !failed)
		return text;
	free(text);
	return NULL;
}

static int complain_of_json(const struct options *options, int error)
{
	fprintf(stderr, "umm bench handoff: --json: cannot write %s: %s\n", options->json_path,
		strerror(-error));
	return BENCH_FAILED;
}

/* Takes the file. */
static int write_json(const struct options *options, const struct outcome *outcomes,
		      struct stage_outfile *file)
{
	size_t size;
	umm_autofree char *text = json_text(options, outcomes, &size);
	int ret = text != NULL ? stage_outfile_write(file, text, size) : -ENOMEM;
	if (ret == 0)
		ret = stage_outfile_commit(file);
	else
		stage_outfile_abort(file);
	return ret < 0 ? complain_of_json(options, ret) : BENCH_OK;
}

/* Arguments. */

static void print_help(void)
{
	printf("usage: umm bench handoff [--rounds=N] [--frames=N] [--only=SCENARIO] "
	       "[--watch=WHO] [--json[=FILE]]\n"
	       "\n"
	       "Hands frames from one process to another, and measures latency, CPU time, "
	       "context\n"
	       "switches and page faults against a bare futex ring of %d slots in turn.\n"
	       "\n"
	       "  --rounds=N         runs of each contender in each scenario (default 5)\n"
	       "  --frames=N         of each run, in place of what each scenario needs\n"
	       "  --only=SCENARIO    one of:",
	       HANDOFF_SLOTS);
	for (size_t i = 0; i < N_SCENARIOS; i++)
		printf(" %s", all_scenarios[i].name);
	fputs("\n"
	      "  --watch=WHO        notices that a peer has died: broker (default), as for the "
	      "stages of\n"
	      "                     umm run, or self, as in a collection without a broker\n"
	      "  --json[=FILE]      the figures as JSON instead of the table, or in a file beside "
	      "it\n",
	      stdout);
}

static bool scenario_exists(const char *name)
{
	for (size_t i = 0; i < N_SCENARIOS; i++)
		if (strcmp(name, all_scenarios[i].name) == 0)
			return true;
	fprintf(stderr, "umm bench handoff: there is no scenario '%s'\n", name);
	return false;
}

static bool parse_watch(const char *text, bool *out)
{
	*out = strcmp(text, "self") == 0;
	if (*out || strcmp(text, "broker") == 0)
		return true;
	fprintf(stderr, "umm bench handoff: --watch must be broker or self, not '%s'\n", text);
	return false;
}

static bool parse_option(int letter, void *user)
{
	struct options *out = user;
	switch (letter) {
	case 'r':
		return bench_count("handoff", "rounds", optarg,
				   (struct bench_range){ 1, MAX_ROUNDS }, &out->rounds);
	case 'f':
		return bench_count("handoff", "frames", optarg,
				   (struct bench_range){ 1, MAX_FRAMES }, &out->frames);
	case 'o':
		out->only = optarg;
		return scenario_exists(optarg);
	case 'w':
		return parse_watch(optarg, &out->watching);
	case 'j':
		out->json = true;
		out->json_path = optarg != NULL ? optarg : "-";
		return true;
	default:
		return false;
	}
}

static int parse_options(int argc, char **argv, struct options *out)
{
	static const struct option names[] = {
		{ "rounds", required_argument, NULL, 'r' },
		{ "frames", required_argument, NULL, 'f' },
		{ "only", required_argument, NULL, 'o' },
		{ "watch", required_argument, NULL, 'w' },
		{ "json", optional_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const struct bench_options command = { "handoff", names, print_help, parse_option };
	return bench_options(&command, argc, argv, out);
}

/* Every scenario that was asked for. */
static int run_all(const struct options *options, struct outcome *outcomes)
{
	bool table = !options->json || strcmp(options->json_path, "-") != 0;
	if (table)
		print_table_head();
	for (size_t i = 0; i < N_SCENARIOS; i++) {
		if (options->only != NULL && strcmp(options->only, all_scenarios[i].name) != 0)
			continue;
		struct handoff_pace pace = pace_of(&all_scenarios[i], options);
		int ret = run_scenario(&pace, options, &outcomes[i]);
		if (ret < 0) {
			fprintf(stderr, "umm bench handoff: %s: %s\n", all_scenarios[i].name,
				strerror(-ret));
			return BENCH_FAILED;
		}
		if (table)
			print_outcome(&all_scenarios[i], &outcomes[i]);
	}
	return BENCH_OK;
}

int bench_handoff(int argc, char **argv)
{
	struct options options = { .rounds = 5 };
	int status = parse_options(argc, argv, &options);
	if (status != BENCH_GO)
		return status;

	/* Opened before the work, so that a path that cannot be written costs nobody a minute. */
	struct stage_outfile *file = NULL;
	if (options.json) {
		int ret = stage_outfile_open(options.json_path, &file);
		if (ret < 0)
			return complain_of_json(&options, ret);
	}
	struct outcome outcomes[N_SCENARIOS] = { 0 };
	status = run_all(&options, outcomes);
	if (status == BENCH_OK && options.json)
		return write_json(&options, outcomes, file);
	stage_outfile_abort(file);
	return status;
}
