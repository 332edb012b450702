/* SPDX-License-Identifier: MIT */
/**
 * `umm bench NAME`: finds the benchmark and hands over. They are in bench/, with one line each
 * below.
 */
#include <stdio.h>
#include <string.h>

#include "bench/bench.h"
#include "cli/commands.h"

/* What a benchmark returns is the exit status of the process. */
_Static_assert((int)BENCH_OK == (int)CLI_OK && (int)BENCH_FAILED == (int)CLI_FAILED &&
		       (int)BENCH_USAGE == (int)CLI_USAGE,
	       "bench/bench.h and cli/commands.h disagree");

struct bench {
	const char *name, *summary;
	int (*run)(int argc, char **argv);
};

/* Ended by a NULL name. */
static const struct bench benches[] = {
	{ "handoff", "a frame from process to process, against a bare futex ring", bench_handoff },
	{ "pool", "creating a pool, from ordinary and from huge pages", bench_pool },
	{ "iova", "device addresses for frames, against one locked tree", bench_iova },
	{ "region", "contiguous runs under fragmentation, against CMA and others", bench_region },
	{ "solve", "the solver alone, on documents of several shapes", bench_solve },
	{ NULL, NULL, NULL },
};

static void print_usage(FILE *to)
{
	fputs("usage: umm bench NAME [OPTIONS]\n"
	      "\n"
	      "Measures this machine. umm bench NAME --help tells more about each:\n",
	      to);
	for (const struct bench *bench = benches; bench->name != NULL; bench++)
		fprintf(to, "  %-9s%s\n", bench->name, bench->summary);
}

int cmd_bench(int argc, char **argv)
{
	if (argc < 2) {
		print_usage(stderr);
		return CLI_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		print_usage(stdout);
		return CLI_OK;
	}
	for (const struct bench *bench = benches; bench->name != NULL; bench++)
		if (strcmp(bench->name, argv[1]) == 0)
			return bench->run(argc - 1, argv + 1);
	fprintf(stderr, "umm bench: there is no benchmark '%s'; umm bench --help lists them\n",
		argv[1]);
	return CLI_USAGE;
}
