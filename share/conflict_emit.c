/* SPDX-License-Identifier: MIT */
/*
 * A refusal in JSON. The core names the clashing statements; their values and paths come from the
 * input itself.
 *
 * Relaxations are tried on the input: one field is changed, and the document is then read and
 * solved like any other. So a relaxation that is listed is known to be valid and to work.
 */
#include "share/conflict_emit.h"

#include <stdio.h>
#include <string.h>

#include "core/conflict.h"
#include "share/json.h"
#include "share/relax.h"

char *umm_culprit_path(const struct umm_problem *problem, const struct umm_culprit *clash)
{
	const char *field = umm_field_path(clash->field);
	char *path = NULL;
	if (clash->field < UMM_N_DEMAND_FIELDS)
		return strdup(field);
	const struct umm_entry *entry = &problem->demands[clash->demand].entries[clash->entry];
	if (asprintf(&path, "formats[%u].%s", entry->index, field) < 0)
		return NULL;
	return path;
}

static json_t *emit_clash(const struct umm_document *document, const struct umm_culprit *clash)
{
	if (clash->condition != NULL)
		return json_pack("{s:n, s:s, s:n}", "participant", "field", clash->condition,
				 "value");
	umm_autofree char *path = umm_culprit_path(&document->problem, clash);
	if (path == NULL)
		return NULL;
	json_t *value = umm_json_find(document->sources[clash->demand], path);
	return json_pack("{s:s, s:s, s:O?}", "participant",
			 document->problem.demands[clash->demand].name, "field", path, "value",
			 value);
}

static json_t *emit_clashes(const struct umm_document *document, const struct umm_culprit *clashes,
			    size_t count)
{
	json_t *list = json_array();
	for (size_t i = 0; i < count; i++) {
		if (json_array_append_new(list, emit_clash(document, &clashes[i])) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

json_t *umm_conflict_emit(struct umm_document *document)
{
	size_t size = umm_conflict_size(&document->problem);
	umm_autofree void *memory = malloc(size > 0 ? size : 1);
	const struct umm_culprit *clashes = NULL;
	if (memory == NULL)
		return NULL;
	size_t count = umm_conflict_find(&document->problem, memory, size, &clashes);
	json_t *conflict = emit_clashes(document, clashes, count);
	json_t *relax = umm_relax(document, clashes, count);
	return json_pack("{s:s, s:o, s:o}", "status", "conflict", "conflict", conflict, "relax",
			 relax);
}
