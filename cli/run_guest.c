/* SPDX-License-Identifier: MIT */
/**
 * A guest: somebody who takes part in the negotiation of a rehearsal and is no stage. Its process
 * joins with the constraints of the device it stands for, and touches no frame.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "cli/run.h"
#include "os/cleanup.h"

UMM_DEFINE_AUTO(umm_collection, umm_collection_destroy)

static int take_part(const struct stage_env *env, struct umm_collection *collection)
{
	struct umm_member *member;
	enum umm_role role = env->output != NULL ? UMM_PRODUCER : UMM_CONSUMER;
	int ret = umm_collection_join_json(collection, role, env->spec->argument, &member);
	return ret == 0 ? umm_collection_seal(collection) : ret;
}

static int guest_run(const struct stage_env *env)
{
	umm_auto(umm_collection, collection) = NULL;
	const char *token = env->output != NULL ? env->output : env->input;
	int ret = umm_collection_open(env->connection, token, &collection);
	if (ret == 0)
		ret = take_part(env, collection);
	if (ret < 0 && ret != -ECONNRESET) /* that one the runner tells */
		stage_error(env->spec, "cannot take part: %s", strerror(-ret));
	if (ret != 0)
		return STAGE_EXIT_FAILED;
	for (;;)
		pause(); /* until the rehearsal is over: who left would end the collection */
}

static const struct stage_ops first_guest = {
	.kind = "participant",
	.summary = "a participant that is no stage",
	.role = STAGE_SOURCE,
	.run = guest_run,
};

static const struct stage_ops later_guest = {
	.kind = "participant",
	.summary = "a participant that is no stage",
	.role = STAGE_SINK,
	.run = guest_run,
};

int run_guest_spec(enum stage_role role, const char *text, char *json, struct stage_spec *out)
{
	umm_autofree char *constraints = json, *copy = strdup(text);
	if (copy == NULL) {
		fprintf(stderr, "umm explain: out of memory\n");
		return -1;
	}
	*out = (struct stage_spec){
		.text = umm_steal(copy),
		.ops = role == STAGE_SOURCE ? &first_guest : &later_guest,
		.argument = umm_steal(constraints),
	};
	return 0;
}
