/* SPDX-License-Identifier: MIT */
/*
 * One field is changed, the document is read again, found valid and solved, and the field is put
 * back. A copy to try it on would cost more than all else where the document is large.
 */
#include "share/attempt.h"

#include <string.h>

#include "core/number.h"

/** The object that holds the last step of `path`, and that step. NULL: not there. */
static json_t *find_holder(const json_t *participant, const char *path, const char **last)
{
	json_t *holder = (json_t *)participant;
	for (;;) {
		size_t length = strcspn(path, ".[");
		if (path[length] == '\0') {
			*last = path;
			return holder;
		}
		holder = json_object_getn(holder, path, length);
		path += length;
		while (*path == '[') {
			holder = json_array_get(holder, strtoul(path + 1, NULL, 10));
			path = strchr(path, ']') + 1;
		}
		path += *path == '.';
	}
}

json_t *umm_attempt_get(const struct umm_attempt *attempt, uint32_t demand, const char *path)
{
	const char *last;
	const json_t *holder = find_holder(attempt->document->sources[demand], path, &last);
	return json_object_get(holder, last);
}

/** Whether the input with this participant changed is valid and has a solution. */
static bool works(struct umm_attempt *attempt, uint32_t demand)
{
	umm_auto(umm_document, document) = NULL;
	struct umm_solution solution;
	const struct umm_document *known = attempt->document;
	attempt->out_of_memory |=
		umm_document_from_changed(known, known->sources[demand], &document) < 0;
	if (document == NULL || !umm_document_valid(document))
		return false;
	size_t size = umm_solve_size(&document->problem);
	if (size == 0)
		return false;
	umm_autofree void *memory = malloc(size);
	attempt->out_of_memory |= memory == NULL;
	return memory != NULL && umm_solve(&document->problem, 0, memory, size, &solution);
}

/** Put `value` in place of a field, NULL: leave it out. Takes over `value`. */
static void put(struct umm_attempt *attempt, json_t *holder, const char *key, json_t *value)
{
	if (value == NULL)
		json_object_del(holder, key);
	else if (json_object_set_new(holder, key, value) < 0)
		attempt->out_of_memory = true;
}

/** Make `holder` what it was, the order of its keys included: the conflict prints it. The document
 * has pointers into what was there, so that is kept even if it cannot be put back. */
static void put_back(struct umm_attempt *attempt, json_t *holder, json_t *before)
{
	json_object_clear(holder);
	if (json_object_update(holder, before) == 0) {
		json_decref(before);
		return;
	}
	attempt->out_of_memory = true;
	attempt->broken = before;
}

bool umm_attempt_works(struct umm_attempt *attempt, uint32_t demand, const char *path, json_t *to)
{
	const char *last;
	json_t *holder = find_holder(attempt->document->sources[demand], path, &last);
	json_t *before = NULL;
	if (attempt->budget > 0 && !attempt->out_of_memory) {
		attempt->budget--;
		before = json_copy(holder);
		attempt->out_of_memory = before == NULL;
	}
	if (before == NULL) {
		json_decref(to);
		return false;
	}
	put(attempt, holder, last, to);
	bool good = works(attempt, demand);
	put_back(attempt, holder, before);
	return good && !attempt->out_of_memory;
}

void umm_attempt_remember(struct umm_attempt *attempt, uint32_t demand, const char *path,
			  json_t *to, enum umm_mildness mildness)
{
	json_t *entry = json_pack("{s:s, s:s, s:o}", "participant",
				  attempt->document->problem.demands[demand].name, "field", path,
				  "to", to != NULL ? to : json_null());
	if (json_array_append_new(attempt->found[mildness], entry) < 0)
		attempt->out_of_memory = true;
}

bool umm_attempt_change(struct umm_attempt *attempt, uint32_t demand, const char *path, json_t *to,
			enum umm_mildness mildness)
{
	bool good = umm_attempt_works(attempt, demand, path, json_incref(to));
	if (good)
		umm_attempt_remember(attempt, demand, path, to, mildness);
	else
		json_decref(to);
	return good;
}

/* ---- all of them ---- */

/** How many changed documents to read: small ones are read in no time. */
static unsigned choose_budget(const struct umm_problem *problem)
{
	size_t weight = 1 + problem->n_demands;
	for (uint32_t i = 0; i < problem->n_demands; i++)
		weight += problem->demands[i].n_entries;
	return weight >= 1024 ? 2 : (unsigned)umm_min(128, 2048 / weight);
}

/** The core's memory for trials; NULL: there is none. */
static void *start_trial(struct umm_attempt *attempt)
{
	struct umm_scratch scratch = { .memory = NULL };
	umm_trial_take(&attempt->trial, &attempt->document->problem, &scratch);
	scratch = (struct umm_scratch){ .memory = malloc(scratch.used), .size = scratch.used };
	if (scratch.memory == NULL)
		return NULL;
	umm_trial_take(&attempt->trial, &attempt->document->problem, &scratch);
	umm_trial_start(&attempt->trial, UMM_TRIAL_AS_STATED, 0);
	return scratch.memory;
}

void umm_attempt_start(struct umm_attempt *attempt, struct umm_document *document)
{
	*attempt = (struct umm_attempt){ .document = document,
					 .budget = choose_budget(&document->problem) };
	for (unsigned i = 0; i <= UMM_NO_PIXELS; i++)
		attempt->found[i] = json_array();
	attempt->memory = start_trial(attempt);
	attempt->out_of_memory = attempt->memory == NULL;
}

json_t *umm_attempt_finish(struct umm_attempt *attempt)
{
	json_t *all = json_array();
	for (unsigned i = 0; i <= UMM_NO_PIXELS; i++) {
		attempt->out_of_memory |= json_array_extend(all, attempt->found[i]) < 0;
		json_decref(attempt->found[i]);
	}
	json_decref(attempt->broken);
	free(attempt->memory);
	if (attempt->out_of_memory) {
		json_decref(all);
		return NULL;
	}
	return all;
}
