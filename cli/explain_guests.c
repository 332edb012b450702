/* SPDX-License-Identifier: MIT */
/**
 * Stages tell their demands while they run, devices of boards and files have them written down. In
 * one question the latter join what the former negotiate: each where it stands among the stages,
 * and the picture that is to pass on every edge.
 */
#include "cli/explain_guests.h"

#include <stdlib.h>

/* The one that was added last, as text; it is not kept. */
static char *take_last(struct pipeline *pipeline)
{
	size_t last = json_array_size(pipeline->participants) - 1;
	char *text = json_dumps(json_array_get(pipeline->participants, last), JSON_COMPACT);
	json_array_remove(pipeline->participants, last);
	if (text == NULL)
		fprintf(stderr, "umm explain: out of memory\n");
	return text;
}

static bool knows(void *user, const char *text)
{
	return pipeline_knows(user, text);
}

static char *constraints(void *user, const char *text)
{
	return pipeline_add(user, text) < 0 ? NULL : take_last(user);
}

static int init(struct explain_guests *guests, struct run_options *options)
{
	struct pipeline *pipeline = &guests->pipeline;
	if (options->board != NULL && pipeline_set_board(pipeline, options->board) < 0)
		return -1;
	if (pipeline_ask(pipeline, options->size, options->format) < 0)
		return -1;
	if (pipeline->request != NULL && (options->request = take_last(pipeline)) == NULL)
		return -1;
	guests->guests =
		(struct run_guests){ .user = pipeline, .knows = knows, .constraints = constraints };
	options->guests = &guests->guests;
	return 0;
}

int explain_guests_init(struct explain_guests *guests, struct run_options *options)
{
	return pipeline_init(&guests->pipeline) < 0 ? -1 : init(guests, options);
}

void explain_guests_finish(struct explain_guests *guests)
{
	pipeline_finish(&guests->pipeline);
}
