/* SPDX-License-Identifier: MIT */
/**
 * `umm bench iova`: what it costs to unmap one frame and map the next, in device addresses alone.
 *
 * Each thread holds a number of ranges of frame sizes; again and again it gives back one of them at
 * random and takes one of the same size. Contenders take turns, round by round; the answer is the
 * median over the rounds.
 *
 * CPU time of the thread is what is judged, because others may use the machine; a thread that
 * sleeps on a lock uses none, so wall time is shown beside it.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/bench.h"
#include "bench/iova.h"
#include "bench/number.h"
#include "bench/options.h"
#include "os/cleanup.h"

#define TARGET_NS  35.0
#define MAX_ROUNDS 51

static const uint64_t frame_sizes[] = {
	1280 * 720 * 3 / 2,  /* 720p NV12 */
	1920 * 1080 * 3 / 2, /* 1080p NV12 */
	1920 * 1080 * 4,     /* 1080p XR24 */
	3840 * 2160 * 4,     /* 2160p XR24 */
};
#define N_SIZES (sizeof(frame_sizes) / sizeof(frame_sizes[0]))

static const struct iova_contender *const contenders[] = { &iova_umm, &iova_tree, &iova_nothing };
enum { UMM, TREE, NOTHING, N_CONTENDERS };

struct scenario {
	unsigned n_threads;
	uint32_t live; /* ranges of each thread */
};

/* The first two are judged, the others show growth. */
static const struct scenario scenarios[] = {
	{ 1, 32 }, { 2, 32 }, { 1, 100 }, { 1, 1000 }, { 1, 10000 }, { 1, 100000 },
};
#define N_SCENARIOS (sizeof(scenarios) / sizeof(scenarios[0]))
#define N_JUDGED    2

struct figures {
	double cpu_ns, wall_ns; /* per pair */
};

struct options {
	uint64_t pairs, seed;
	unsigned rounds;
	bool json, check;
};

/* One thread's work */

struct worker {
	const struct iova_contender *contender;
	void *mine;
	pthread_barrier_t *start;
	struct umm_range *live;
	uint32_t n_live;
	uint64_t pairs, seed;
	uint64_t cpu_ns, wall_ns;
	int result;
};

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int turn_over(struct worker *worker, uint64_t pairs)
{
	uint64_t state = worker->seed;
	for (uint64_t i = 0; i < pairs; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		uint32_t victim = (uint32_t)((state >> 32) * worker->n_live >> 32);
		worker->contender->give(worker->mine, worker->live[victim]);
		int ret = worker->contender->take(worker->mine, frame_sizes[victim % N_SIZES],
						  &worker->live[victim]);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int fill(struct worker *worker)
{
	for (uint32_t i = 0; i < worker->n_live; i++) {
		int ret = worker->contender->take(worker->mine, frame_sizes[i % N_SIZES],
						  &worker->live[i]);
		if (ret < 0)
			return ret;
	}
	return turn_over(worker, worker->pairs / 10);
}

static void *work(void *argument)
{
	struct worker *worker = argument;
	worker->result = fill(worker);
	pthread_barrier_wait(worker->start);
	uint64_t cpu = clock_ns(CLOCK_THREAD_CPUTIME_ID), wall = clock_ns(CLOCK_MONOTONIC);
	if (worker->result == 0)
		worker->result = turn_over(worker, worker->pairs);
	worker->cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID) - cpu;
	worker->wall_ns = clock_ns(CLOCK_MONOTONIC) - wall;
	return NULL;
}

/* One run: threads, then the mean of what a pair cost them */

static int run_threads(struct worker *workers, unsigned n_threads)
{
	pthread_t threads[IOVA_BENCH_MAX_THREADS];
	pthread_barrier_t start;
	pthread_barrier_init(&start, NULL, n_threads);
	for (unsigned i = 0; i < n_threads; i++)
		workers[i].start = &start;
	for (unsigned i = 1; i < n_threads; i++)
		if (pthread_create(&threads[i], NULL, work, &workers[i]) != 0) {
			/* Those that wait at the barrier cannot be called off. */
			fprintf(stderr, "umm bench iova: cannot start a thread\n");
			exit(BENCH_FAILED);
		}
	work(&workers[0]);
	int ret = workers[0].result;
	for (unsigned i = 1; i < n_threads; i++) {
		pthread_join(threads[i], NULL);
		ret = ret < 0 ? ret : workers[i].result;
	}
	pthread_barrier_destroy(&start);
	return ret;
}

static int run_once(const struct iova_contender *contender, const struct scenario *scenario,
		    uint64_t pairs, uint64_t seed, struct figures *out)
{
	uint32_t total = scenario->live * scenario->n_threads;
	umm_autofree struct umm_range *live = calloc(total, sizeof(*live));
	struct worker workers[IOVA_BENCH_MAX_THREADS];
	void *self;
	if (live == NULL)
		return -ENOMEM;
	int ret = contender->create(scenario->n_threads, total, &self);
	if (ret < 0)
		return ret;
	for (unsigned i = 0; i < scenario->n_threads; i++)
		workers[i] = (struct worker){
			.contender = contender,
			.mine = contender->thread(self, i),
			.live = live + i * scenario->live,
			.n_live = scenario->live,
			.pairs = pairs,
			.seed = (seed + i) * 0x9e3779b97f4a7c15ull + 1,
		};
	ret = run_threads(workers, scenario->n_threads);
	contender->destroy(self);
	*out = (struct figures){ 0 };
	for (unsigned i = 0; ret == 0 && i < scenario->n_threads; i++) {
		double all = (double)pairs * scenario->n_threads;
		out->cpu_ns += (double)workers[i].cpu_ns / all;
		out->wall_ns += (double)workers[i].wall_ns / all;
	}
	return ret;
}

/* The tree does less: it is enough to see what it does. */
static uint64_t pairs_of(unsigned contender, const struct scenario *scenario,
			 const struct options *options)
{
	if (contender != TREE)
		return options->pairs;
	return options->pairs / (scenario->live > 1000 ? 1000 : 10);
}

static int run_scenario(const struct scenario *scenario, const struct options *options,
			struct figures *out)
{
	double cpu[N_CONTENDERS][MAX_ROUNDS], wall[N_CONTENDERS][MAX_ROUNDS];
	for (unsigned round = 0; round < options->rounds; round++)
		for (unsigned i = 0; i < N_CONTENDERS; i++) {
			struct figures figures;
			int ret = run_once(contenders[i], scenario, pairs_of(i, scenario, options),
					   options->seed + round, &figures);
			if (ret < 0) {
				fprintf(stderr, "umm bench iova: %s: %s\n", contenders[i]->name,
					strerror(-ret));
				return ret;
			}
			cpu[i][round] = figures.cpu_ns;
			wall[i][round] = figures.wall_ns;
		}
	for (unsigned i = 0; i < N_CONTENDERS; i++)
		out[i] = (struct figures){ bench_median(cpu[i], options->rounds),
					   bench_median(wall[i], options->rounds) };
	return 0;
}

/* Output */

static void print_table(const struct options *options, struct figures (*all)[N_CONTENDERS], bool ok)
{
	printf("ns per pair of give and take, frames of 1.4 to 33 MB, %llu pairs and thread, "
	       "median "
	       "of %u rounds\n\n%-8s %-9s",
	       (unsigned long long)options->pairs, options->rounds, "threads", "live each");
	for (unsigned i = 0; i < N_CONTENDERS; i++)
		printf(" %9s cpu %8s", contenders[i]->name, "wall");
	putchar('\n');
	for (unsigned s = 0; s < N_SCENARIOS; s++) {
		printf("%-8u %-9u", scenarios[s].n_threads, scenarios[s].live);
		for (unsigned i = 0; i < N_CONTENDERS; i++)
			printf(" %13.1f %8.1f", all[s][i].cpu_ns, all[s][i].wall_ns);
		putchar('\n');
	}
	putchar('\n');
	for (unsigned i = 0; i < N_CONTENDERS; i++)
		printf("%-9s%s\n", contenders[i]->name, contenders[i]->what);
	printf("\nat most %.0f ns of CPU time with 1 and 2 threads: %s\n", TARGET_NS,
	       ok ? "yes" : "NO");
}

static void print_json(const struct options *options, struct figures (*all)[N_CONTENDERS], bool ok)
{
	printf("{\"pairs\":%llu,\"rounds\":%u,\"scenarios\":[", (unsigned long long)options->pairs,
	       options->rounds);
	for (unsigned s = 0; s < N_SCENARIOS; s++) {
		printf("%s{\"threads\":%u,\"live\":%u", s > 0 ? "," : "", scenarios[s].n_threads,
		       scenarios[s].live);
		for (unsigned i = 0; i < N_CONTENDERS; i++)
			printf(",\"%s\":{\"cpu_ns\":%.2f,\"wall_ns\":%.2f}", contenders[i]->name,
			       all[s][i].cpu_ns, all[s][i].wall_ns);
		putchar('}');
	}
	printf("],\"ok\":%s}\n", ok ? "true" : "false");
}

static int measure(const struct options *options)
{
	struct figures all[N_SCENARIOS][N_CONTENDERS];
	bool ok = true;
	for (unsigned s = 0; s < N_SCENARIOS; s++) {
		if (run_scenario(&scenarios[s], options, all[s]) < 0)
			return BENCH_FAILED;
		if (s < N_JUDGED)
			ok &= all[s][UMM].cpu_ns <= TARGET_NS;
	}
	if (options->json)
		print_json(options, all, ok);
	else
		print_table(options, all, ok);
	return options->check && !ok ? BENCH_FAILED : BENCH_OK;
}

/* Arguments */

static void print_help(void)
{
	fputs("usage: umm bench iova [OPTIONS]\n"
	      "\n"
	      "Device addresses of frame-sized buffers are given back and taken, by one and two\n"
	      "threads and with many ranges in use, against one locked tree.\n"
	      "\n"
	      "  --pairs N         pairs of give and take in a round (1000000)\n"
	      "  --rounds N        rounds (5)\n"
	      "  --seed N          the first seed (1)\n"
	      "  --check           exit status 1 when a target is missed\n"
	      "  --json            figures as JSON\n",
	      stdout);
}

static bool parse_option(int letter, void *user)
{
	struct options *options = user;
	switch (letter) {
	case 'p':
		return bench_number("iova", "pairs", optarg,
				    (struct bench_range){ 1000, 1000000000 }, &options->pairs);
	case 'r':
		return bench_count("iova", "rounds", optarg, (struct bench_range){ 1, MAX_ROUNDS },
				   &options->rounds);
	case 's':
		return bench_number("iova", "seed", optarg, (struct bench_range){ 0, UINT32_MAX },
				    &options->seed);
	case 'c':
		options->check = true;
		return true;
	case 'j':
		options->json = true;
		return true;
	default:
		return false;
	}
}

int bench_iova(int argc, char **argv)
{
	static const struct option names[] = {
		{ "pairs", required_argument, NULL, 'p' },
		{ "rounds", required_argument, NULL, 'r' },
		{ "seed", required_argument, NULL, 's' },
		{ "check", no_argument, NULL, 'c' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct options options = { .pairs = 1000000, .seed = 1, .rounds = 5 };
	const struct bench_options command = { "iova", names, print_help, parse_option };
	int ret = bench_options(&command, argc, argv, &options);
	if (ret != BENCH_GO)
		return ret;
	return measure(&options);
}
