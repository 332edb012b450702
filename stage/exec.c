/* SPDX-License-Identifier: MIT */
/**
 * exec: a source that is a program of its own, such as a device's driver in user space.
 *
 * The process that would be the stage becomes the program. What the runner would have told a stage
 * stands in the environment:
 *
 *	UMM_SOCKET	the fd of its line to the broker, for umm_connection_open()
 *	UMM_OUTPUT	the token of the collection it fills, for umm_collection_open()
 *	UMM_NAME	its name in the pipeline, for its constraints and its messages
 *	UMM_FRAMES	end the stream after so many; not set: no limit
 *
 * SIGUSR1 asks it to end its stream. It is ignored until the program has a handler, and sent again
 * and again, so none is lost. SIGTERM comes when the runner has died.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os/cleanup.h"
#include "stage/stage.h"
#include "stage/table.h"

/* A name without a slash is looked for in $PATH when it is started. */
static int exec_check(const struct stage_spec *spec)
{
	if (strchr(spec->argument, '/') == NULL || access(spec->argument, X_OK) == 0)
		return 0;
	stage_error(spec, "%s cannot be started: %s", spec->argument, strerror(errno));
	return -1;
}

static int set_number(const char *name, uint64_t value)
{
	char text[24];
	snprintf(text, sizeof(text), "%" PRIu64, value);
	return setenv(name, text, 1);
}

static int set_environment(const struct stage_env *env)
{
	int ret = set_number("UMM_SOCKET", (uint64_t)env->take_socket);
	if (ret == 0)
		ret = setenv("UMM_OUTPUT", env->output, 1);
	if (ret == 0)
		ret = setenv("UMM_NAME", env->spec->name, 1);
	if (ret == 0 && env->max_frames > 0)
		ret = set_number("UMM_FRAMES", env->max_frames);
	return ret < 0 ? -errno : 0;
}

/* "key=value", or the word alone. */
static char *word_of(const struct stage_option *option)
{
	char *word;
	if (option->value == NULL)
		return strdup(option->key);
	return asprintf(&word, "%s=%s", option->key, option->value) < 0 ? NULL : word;
}

/* Freed by what becomes of this process. */
static char **make_arguments(const struct stage_spec *spec)
{
	char **arguments = calloc(spec->n_options + 2, sizeof(*arguments));
	if (arguments == NULL)
		return NULL;
	arguments[0] = (char *)spec->argument;
	for (unsigned i = 0; i < spec->n_options; i++) {
		arguments[i + 1] = word_of(&spec->options[i]);
		if (arguments[i + 1] == NULL)
			return NULL;
	}
	return arguments;
}

static int exec_run(const struct stage_env *env)
{
	const struct stage_spec *spec = env->spec;
	char **arguments = make_arguments(spec);
	int ret = arguments != NULL ? set_environment(env) : -ENOMEM;
	if (ret == 0 && fcntl(env->take_socket, F_SETFD, 0) < 0)
		ret = -errno;
	if (ret == 0) {
		signal(SIGUSR1, SIG_IGN);
		execvp(spec->argument, arguments);
		ret = -errno;
	}
	stage_error(spec, "%s cannot be started: %s", spec->argument, strerror(-ret));
	return STAGE_EXIT_FAILED;
}

static const struct stage_key keys[] = { { 0 } };

const struct stage_ops stage_exec = {
	.kind = "exec",
	.summary = "a program that joins by itself",
	.role = STAGE_SOURCE,
	.argument_help = "PROGRAM",
	.argument_required = true,
	.keys = keys,
	.any_words = true,
	.takes_socket = true,
	.check = exec_check,
	.run = exec_run,
};
