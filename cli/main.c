/* SPDX-License-Identifier: MIT */
/**
 * The front door of the tool: finds the subcommand and hands over.
 *
 * The library is silent; a program is not: its messages go to stderr here, warnings and graver
 * unless UMM_LOG says otherwise.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <umm/log.h>
#include <umm/version.h>

#include "cli/commands.h"

static int cmd_help(int argc, char **argv);
static int cmd_version(int argc, char **argv);

static const struct command {
	const char *name, *summary;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "bench", "measure this machine", cmd_bench },
	{ "explain", "will a pipeline work, and with which memory", cmd_explain },
	{ "help", "this text, or the help of a command", cmd_help },
	{ "probe", "what this machine has: heaps and devices", cmd_probe },
	{ "run", "run a pipeline, each stage a process", cmd_run },
	{ "solve", "solve a constraint document", cmd_solve },
	{ "version", "the version of the tool and its library", cmd_version },
};

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static void print_usage(FILE *to)
{
	fputs("usage: umm COMMAND [OPTIONS] [ARGUMENTS]\n"
	      "\n"
	      "Finds one memory layout that every device and process of a video pipeline can use,\n"
	      "passes frames between processes without a copy, and says why when it cannot.\n"
	      "\n"
	      "commands:\n",
	      to);
	for (size_t i = 0; i < N_COMMANDS; i++)
		fprintf(to, "  %-9s%s\n", commands[i].name, commands[i].summary);
	fputs("\n"
	      "umm COMMAND --help tells a command's options; umm(1) has the whole story.\n",
	      to);
}

static int unknown_command(const char *name)
{
	fprintf(stderr, "umm: there is no command '%s'; umm --help lists them\n", name);
	return CLI_USAGE;
}

static int cmd_help(int argc, char **argv)
{
	if (argc < 2 || argv[1][0] == '-') {
		print_usage(stdout);
		return CLI_OK;
	}
	const struct command *command = find_command(argv[1]);
	if (command == NULL)
		return unknown_command(argv[1]);
	char option[] = "--help";
	char *help_argv[] = { argv[1], option, NULL };
	return command->run(2, help_argv);
}

static int cmd_version(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "--help") == 0) {
		puts("usage: umm version\n\nPrints the version of the tool and of its library.");
		return CLI_OK;
	}
	printf("umm %s\n", UMM_VERSION);
	if (strcmp(UMM_VERSION, umm_version()) != 0)
		printf("libumm %s\n", umm_version());
	return CLI_OK;
}

static void print_message(void *user, enum umm_log_level level, const char *format, va_list args)
{
	(void)user, (void)level;
	char line[1024];
	vsnprintf(line, sizeof(line), format, args);
	fprintf(stderr, "umm: %s\n", line);
}

static void start_logging(void)
{
	static const char *const names[] = { "error", "warning", "info", "debug" };
	enum umm_log_level level = UMM_LOG_WARNING;
	const char *wish = getenv("UMM_LOG");
	for (unsigned i = 0; wish != NULL && i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(wish, names[i]) == 0)
			level = (enum umm_log_level)i;
	umm_log_set_handler(print_message, level, NULL);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		print_usage(stderr);
		return CLI_USAGE;
	}
	start_logging();
	const char *name = argv[1];
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
		name = "help";
	else if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0)
		name = "version";

	const struct command *command = find_command(name);
	if (command == NULL)
		return unknown_command(name);
	int status = command->run(argc - 1, argv + 1);
	if (fflush(stdout) != 0 && status == CLI_OK) {
		perror("umm: standard output");
		return CLI_FAILED;
	}
	return status;
}
