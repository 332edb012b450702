/* SPDX-License-Identifier: MIT */
/** Command lines of benchmarks that have options and nothing else. */
#ifndef UMM_BENCH_OPTIONS_H
#define UMM_BENCH_OPTIONS_H

#include <getopt.h>
#include <stdbool.h>

struct bench_options {
	const char *bench;	    /**< its name */
	const struct option *names; /**< "help" is 'h' */
	void (*print_help)(void);
	bool (*parse)(int letter, void *user); /**< false: it makes no sense, and was told so */
};

/** No exit status: go on. */
#define BENCH_GO (-1)

/** Read them all into `user`. BENCH_GO, or what the benchmark returns: BENCH_OK (help was asked for
 * and given) or BENCH_USAGE. */
int bench_options(const struct bench_options *options, int argc, char **argv, void *user);

#endif
