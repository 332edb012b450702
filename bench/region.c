/* SPDX-License-Identifier: MIT */
/**
 * `umm bench region`: page runs under fragmentation, core/region against other allocators.
 *
 * All contenders get the same requests (bench/region_work.c). jemalloc runs in a child of its own
 * (bench/region_jemalloc.c), which sends its figures back through a pipe.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "bench/bench.h"
#include "bench/number.h"
#include "bench/options.h"
#include "bench/region.h"
#include "os/cleanup.h"

#define P99_TARGET_NS	 700
#define CMA_TIMES_TARGET 5.0
#define JEMALLOC_ENV	 "UMM_BENCH_JEMALLOC_FD"

struct row {
	const struct region_contender *contender;
	struct region_result result;
	const char *skipped; /* NULL: measured */
};

enum { ROW_UMM, ROW_CMA, ROW_BEST_FIT, ROW_BUDDY, ROW_JEMALLOC, N_ROWS };

static const struct region_contender *const contenders[N_ROWS] = {
	[ROW_UMM] = &region_umm,	   [ROW_CMA] = &region_cma,
	[ROW_BEST_FIT] = &region_best_fit, [ROW_BUDDY] = &region_buddy,
	[ROW_JEMALLOC] = &region_jemalloc,
};

struct options {
	struct region_work work;
	unsigned seeds;
	bool json, check;
};

/* jemalloc's child */

static const char *read_result(int fd, struct region_result *out)
{
	size_t got = 0;
	while (got < sizeof(*out)) {
		ssize_t n = read(fd, (char *)out + got, sizeof(*out) - got);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return "libjemalloc.so.2 cannot be preloaded (Debian: libjemalloc2)";
		got += (size_t)n;
	}
	return NULL;
}

static void exec_self(const struct options *options, int fd)
{
	char numbers[6][24];
	snprintf(numbers[0], sizeof(numbers[0]), "%d", fd);
	snprintf(numbers[1], sizeof(numbers[1]), "%llu",
		 (unsigned long long)(options->work.area_bytes >> 20));
	snprintf(numbers[2], sizeof(numbers[2]), "%llu",
		 (unsigned long long)options->work.fill_permille / 10);
	snprintf(numbers[3], sizeof(numbers[3]), "%llu",
		 (unsigned long long)options->work.operations);
	snprintf(numbers[4], sizeof(numbers[4]), "%llu", (unsigned long long)options->work.seed);
	snprintf(numbers[5], sizeof(numbers[5]), "%u", options->seeds);
	setenv(JEMALLOC_ENV, numbers[0], 1);
	setenv("LD_PRELOAD", "libjemalloc.so.2", 1);
	if (freopen("/dev/null", "w", stderr) == NULL) /* ld.so complains when it is not there */
		_exit(BENCH_FAILED);
	execl("/proc/self/exe", "umm", "bench", "region", "--area", numbers[1], "--fill",
	      numbers[2], "--operations", numbers[3], "--seed", numbers[4], "--seeds", numbers[5],
	      (char *)NULL);
	_exit(BENCH_FAILED);
}

static const char *measure_in_child(const struct options *options, struct region_result *out)
{
	int ends[2];
	if (pipe(ends) < 0)
		return strerror(errno);
	umm_autofd read_end = ends[0], write_end = ends[1];
	pid_t child = fork();
	if (child < 0)
		return strerror(errno);
	if (child == 0) {
		close(read_end);
		exec_self(options, write_end);
	}
	close(umm_fd_steal(&write_end));
	const char *skipped = read_result(read_end, out);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	return skipped;
}

static int be_the_child(const struct options *options, const char *fd_text)
{
	struct region_result result;
	if (region_jemalloc_missing() != NULL ||
	    region_work_run(&region_jemalloc, &options->work, options->seeds, &result) < 0)
		return BENCH_FAILED;
	umm_autofd fd = (int)strtol(fd_text, NULL, 10);
	return write(fd, &result, sizeof(result)) == (ssize_t)sizeof(result) ? BENCH_OK
									     : BENCH_FAILED;
}

/* Measuring */

static int measure_row(const struct options *options, struct row *row)
{
	if (row->contender == &region_jemalloc) {
		row->skipped = measure_in_child(options, &row->result);
		return 0;
	}
	int ret = region_work_run(row->contender, &options->work, options->seeds, &row->result);
	if (ret < 0)
		fprintf(stderr, "umm bench region: %s: %s\n", row->contender->name,
			ret == -EBADMSG ? "its books are wrong" : strerror(-ret));
	return ret;
}

/** A tenth of the takes is enough: each may move hundreds of frames. */
static int measure_tenants(const struct options *options, struct region_tenants_result *out)
{
	struct region_work work = options->work;
	work.operations = (work.operations + 9) / 10;
	int ret = region_tenants_run(&work, out);
	if (ret < 0)
		fprintf(stderr, "umm bench region: tenants: %s\n",
			ret == -EBADMSG ? "the books are wrong" : strerror(-ret));
	return ret;
}

static double operations_per_s(const struct region_result *result)
{
	return (double)result->operations * 1e9 / (double)result->total_ns;
}

static double percent(uint64_t part, uint64_t whole)
{
	return whole == 0 ? 0 : 100.0 * (double)part / (double)whole;
}

static double fill_percent(const struct region_result *result)
{
	return 100 * result->fill_sum / (double)result->takes;
}

static double fragmentation(const struct region_result *result)
{
	return result->fragmentation_sum / (double)result->fragmentation_count;
}

/* What issue and docs promise */

struct verdict {
	bool p99, failures, speed;
	double cma_times;
};

static struct verdict judge(const struct row *rows)
{
	const struct region_result *umm = &rows[ROW_UMM].result, *cma = &rows[ROW_CMA].result;
	double times = operations_per_s(umm) / operations_per_s(cma);
	return (struct verdict){
		.p99 = umm->p99_ns <= P99_TARGET_NS,
		.failures =
			percent(umm->failures, umm->takes) <= percent(cma->failures, cma->takes) &&
			percent(umm->big_failures, umm->big_takes) <=
				percent(cma->big_failures, cma->big_takes),
		.speed = times >= CMA_TIMES_TARGET,
		.cma_times = times,
	};
}

static const char *yes_no(bool yes)
{
	return yes ? "yes" : "NO";
}

/* Output */

static void print_row(const struct row *row)
{
	const struct region_result *r = &row->result;
	printf("%-9s ", row->contender->name);
	if (row->skipped != NULL) {
		printf("skipped: %s\n", row->skipped);
		return;
	}
	printf("%13.0f %8u %8u %9u %9.3f%% %9.3f%% %6.1f%% ", operations_per_s(r), r->p50_ns,
	       r->p99_ns, r->max_ns, percent(r->failures, r->takes),
	       percent(r->big_failures, r->big_takes), fill_percent(r));
	if (r->fragmentation_count > 0)
		printf("%7.3f", fragmentation(r));
	else
		printf("%7s", "-");
	printf("   %s\n", row->contender->what);
}

static void print_table(const struct options *options, const struct row *rows)
{
	const struct region_work *work = &options->work;
	printf("area %llu MiB, %llu %% full, runs 64 KiB to 32 MiB, alignment 4 KiB to 2 MiB, "
	       "%llu takes x %u seeds from %llu; reading the clock: %u ns, included\n\n",
	       (unsigned long long)work->area_bytes >> 20,
	       (unsigned long long)work->fill_permille / 10, (unsigned long long)work->operations,
	       options->seeds, (unsigned long long)work->seed, region_clock_ns());
	printf("%-9s %13s %8s %8s %9s %10s %10s %7s %7s\n", "", "operations/s", "p50 ns", "p99 ns",
	       "max ns", "failed", ">= 8 MiB", "full", "fragm.");
	for (unsigned i = 0; i < N_ROWS; i++)
		print_row(&rows[i]);
	struct verdict verdict = judge(rows);
	printf("\np99 at most %d ns: %s; fails no more than cma: %s; at least %.0fx cma: %s "
	       "(%.1fx)\n",
	       P99_TARGET_NS, yes_no(verdict.p99), yes_no(verdict.failures), CMA_TIMES_TARGET,
	       yes_no(verdict.speed), verdict.cma_times);
}

static void print_json_row(const struct row *row)
{
	const struct region_result *r = &row->result;
	printf("{\"name\":\"%s\",", row->contender->name);
	if (row->skipped != NULL) {
		printf("\"skipped\":\"%s\"}", row->skipped);
		return;
	}
	printf("\"operations_per_s\":%.0f,\"p50_ns\":%u,\"p99_ns\":%u,\"max_ns\":%u,"
	       "\"takes\":%llu,\"failures\":%llu,\"big_takes\":%llu,\"big_failures\":%llu,\"full_"
	       "percent\":%.2f,",
	       operations_per_s(r), r->p50_ns, r->p99_ns, r->max_ns, (unsigned long long)r->takes,
	       (unsigned long long)r->failures, (unsigned long long)r->big_takes,
	       (unsigned long long)r->big_failures, fill_percent(r));
	if (r->fragmentation_count > 0)
		printf("\"fragmentation\":%.4f}", fragmentation(r));
	else
		printf("\"fragmentation\":null}");
}

static void print_tenants(const struct region_tenants_result *t)
{
	printf("\nowners in at most %d %% of the area, movable tenants in most of the rest, frames "
	       "of "
	       "64 KiB:\n"
	       "%llu takes, %llu with tenants in the way; of %llu that fit %llu failed; moved %.1f "
	       "MiB at most, %.2f MiB on average; more than the bound: %llu; p50 %u ns, p99 %u ns "
	       "without the copying\n",
	       REGION_TENANTS_OWNED_PERMILLE / 10, (unsigned long long)t->takes,
	       (unsigned long long)t->in_the_way, (unsigned long long)t->fitting,
	       (unsigned long long)t->fitting_failed, (double)t->moved_most / (1 << 20),
	       (double)t->moved_bytes / (1 << 20) / (double)t->takes,
	       (unsigned long long)t->beyond_bound, t->p50_ns, t->p99_ns);
}

static void print_json_tenants(const struct region_tenants_result *t)
{
	printf("\"tenants\":{\"takes\":%llu,\"in_the_way\":%llu,\"fitting\":%llu,"
	       "\"fitting_failed\":%llu,\"moved_bytes\":%llu,\"moved_most\":%llu,"
	       "\"beyond_bound\":%llu,\"p50_ns\":%u,\"p99_ns\":%u},",
	       (unsigned long long)t->takes, (unsigned long long)t->in_the_way,
	       (unsigned long long)t->fitting, (unsigned long long)t->fitting_failed,
	       (unsigned long long)t->moved_bytes, (unsigned long long)t->moved_most,
	       (unsigned long long)t->beyond_bound, t->p50_ns, t->p99_ns);
}

static void print_json(const struct options *options, const struct row *rows,
		       const struct region_tenants_result *tenants)
{
	const struct region_work *work = &options->work;
	printf("{\"area_bytes\":%llu,\"fill_percent\":%llu,\"operations\":%llu,\"seed\":%llu,"
	       "\"seeds\":%u,\"clock_ns\":%u,\"allocators\":[",
	       (unsigned long long)work->area_bytes, (unsigned long long)work->fill_permille / 10,
	       (unsigned long long)work->operations, (unsigned long long)work->seed, options->seeds,
	       region_clock_ns());
	for (unsigned i = 0; i < N_ROWS; i++) {
		if (i > 0)
			putchar(',');
		print_json_row(&rows[i]);
	}
	printf("],");
	print_json_tenants(tenants);
	struct verdict verdict = judge(rows);
	printf("\"p99_ok\":%s,\"failures_ok\":%s,\"speed_ok\":%s,\"cma_times\":%.2f}\n",
	       verdict.p99 ? "true" : "false", verdict.failures ? "true" : "false",
	       verdict.speed ? "true" : "false", verdict.cma_times);
}

static int measure(const struct options *options)
{
	struct row rows[N_ROWS] = { 0 };
	struct region_tenants_result tenants;
	for (unsigned i = 0; i < N_ROWS; i++) {
		rows[i].contender = contenders[i];
		if (measure_row(options, &rows[i]) < 0)
			return BENCH_FAILED;
	}
	if (measure_tenants(options, &tenants) < 0)
		return BENCH_FAILED;
	if (options->json) {
		print_json(options, rows, &tenants);
	} else {
		print_table(options, rows);
		print_tenants(&tenants);
	}
	struct verdict verdict = judge(rows);
	bool met = verdict.p99 && verdict.failures && verdict.speed &&
		   tenants.fitting_failed == 0 && tenants.beyond_bound == 0;
	return options->check && !met ? BENCH_FAILED : BENCH_OK;
}

/* Arguments */

static void print_help(void)
{
	fputs("usage: umm bench region [OPTIONS]\n"
	      "\n"
	      "Contiguous runs are taken from and given to a full area, by core/region, a model "
	      "of\n"
	      "CMA, best fit, a buddy system and jemalloc.\n"
	      "\n"
	      "  --area MIB        size of the area (2048)\n"
	      "  --fill PERCENT    how full it is kept (80)\n"
	      "  --operations N    takes per seed (50000)\n"
	      "  --seed N          the first seed (1)\n"
	      "  --seeds N         how many seeds (4)\n"
	      "  --check           exit status 1 when a target is missed\n"
	      "  --json            figures as JSON\n",
	      stdout);
}

static bool parse_option(int letter, void *user)
{
	struct options *options = user;
	uint64_t value;
	switch (letter) {
	case 'a':
		if (!bench_number("region", "area", optarg, (struct bench_range){ 64, 65536 },
				  &value))
			return false;
		options->work.area_bytes = value << 20;
		return true;
	case 'f':
		if (!bench_number("region", "fill", optarg, (struct bench_range){ 1, 99 }, &value))
			return false;
		options->work.fill_permille = value * 10;
		return true;
	case 'o':
		return bench_number("region", "operations", optarg,
				    (struct bench_range){ 100, 10000000 },
				    &options->work.operations);
	case 's':
		return bench_number("region", "seed", optarg, (struct bench_range){ 0, UINT32_MAX },
				    &options->work.seed);
	case 'n':
		return bench_count("region", "seeds", optarg, (struct bench_range){ 1, 100 },
				   &options->seeds);
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

int bench_region(int argc, char **argv)
{
	static const struct option names[] = {
		{ "area", required_argument, NULL, 'a' },
		{ "fill", required_argument, NULL, 'f' },
		{ "operations", required_argument, NULL, 'o' },
		{ "seed", required_argument, NULL, 's' },
		{ "seeds", required_argument, NULL, 'n' },
		{ "check", no_argument, NULL, 'c' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct options options = {
		.work = { 2048ull << 20, 800, 50000, 1 },
		.seeds = 4,
	};
	const struct bench_options command = { "region", names, print_help, parse_option };
	int ret = bench_options(&command, argc, argv, &options);
	if (ret != BENCH_GO)
		return ret;
	const char *fd_text = getenv(JEMALLOC_ENV);
	return fd_text != NULL ? be_the_child(&options, fd_text) : measure(&options);
}
