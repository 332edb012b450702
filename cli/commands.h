/* SPDX-License-Identifier: MIT */
/**
 * The subcommands of `umm`: one file each, one line in the table of cli/main.c.
 *
 * A command gets its own arguments: argv[0] is its name. It prints its help on stdout for --help,
 * its results on stdout, everything else on stderr, and returns the exit status of the process.
 */
#ifndef UMM_CLI_COMMANDS_H
#define UMM_CLI_COMMANDS_H

/** Exit statuses all commands share; a command may have others, its man page says so. */
enum cli_exit {
	CLI_OK = 0,
	CLI_FAILED = 1, /**< could not: refused, or something broke at run time */
	CLI_USAGE = 2,	/**< the command line, or what it names, makes no sense */
};

int cmd_run(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_probe(int argc, char **argv);
int cmd_solve(int argc, char **argv);
int cmd_bench(int argc, char **argv);

#endif
