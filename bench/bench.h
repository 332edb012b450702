/* SPDX-License-Identifier: MIT */
/**
 * The benchmarks behind `umm bench NAME`: bench/NAME.c each, with parts in NAME_*.c, and one line
 * in the table of cli/bench.c.
 *
 * A benchmark gets its own arguments: argv[0] is its name. It prints its help on stdout for --help,
 * its figures on stdout, everything else on stderr, and returns the exit status of the process.
 */
#ifndef UMM_BENCH_BENCH_H
#define UMM_BENCH_BENCH_H

/** What a benchmark returns. */
enum bench_exit {
	BENCH_OK = 0,
	BENCH_FAILED =
		1,	 /**< could not measure, or --check found a figure that misses its target */
	BENCH_USAGE = 2, /**< the command line makes no sense */
};

int bench_handoff(int argc, char **argv);
int bench_iova(int argc, char **argv);
int bench_pool(int argc, char **argv);
int bench_region(int argc, char **argv);
int bench_solve(int argc, char **argv);

#endif
