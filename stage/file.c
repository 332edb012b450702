/* SPDX-License-Identifier: MIT */
/**
 * file: a source that decodes a clip straight into the pool.
 *
 * Here is what is known of it without a decoder; the decoder is in a module of its own, which the
 * stage's process loads: codecs.h.
 */
#include "stage/file.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "stage/codecs.h"
#include "stage/table.h"

static int file_check(const struct stage_spec *spec)
{
	struct file_options options;
	if (file_options_read(spec, &options) < 0)
		return -1;
	if (access(spec->argument, R_OK) < 0) {
		stage_error(spec, "cannot open %s: %s", spec->argument, strerror(errno));
		return -1;
	}
	return 0;
}

static int file_run(const struct stage_env *env)
{
	const struct stage_codecs *codecs = stage_codecs_load(env->spec);
	return codecs != NULL ? codecs->run_file(env) : STAGE_EXIT_FAILED;
}

static const struct stage_key keys[] = {
	{ "loop", "N", "play it N times, 0: for ever; default 1" },
	{ "threads", "N", "decoder threads; each needs two more buffers; default 1" },
	{ 0 },
};

const struct stage_ops stage_file = {
	.kind = "file",
	.summary = "decodes a clip straight into the shared buffers",
	.role = STAGE_SOURCE,
	.argument_help = "CLIP",
	.argument_required = true,
	.keys = keys,
	.check = file_check,
	.run = file_run,
};
