/* SPDX-License-Identifier: MIT */
/**
 * Is a refusal explained as the contract promises?
 *
 * Nothing is constructed here. A conflict is checked by leaving its entries out one by one, a
 * relaxation by making the change and solving again, an empty list of relaxations by leaving out
 * every field there is.
 */
#include "tests/reference/judge.h"
#include "tests/reference/reference.h"
#include "tests/reference/trial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *text_of(const json_t *entry, const char *key)
{
	return json_string_value(json_object_get(entry, key));
}

static bool is_ok(const json_t *document)
{
	json_t *answer = ref_solve(document);
	bool ok = strcmp(text_of(answer, "status"), "ok") == 0;
	json_decref(answer);
	return ok;
}

/** Solvable once all but one entry is stated. Owns nothing. */
static bool solvable(const json_t *document, const json_t *conflict, size_t without, bool widen)
{
	json_t *trial = trial_document(document, conflict, without, widen);
	bool found = ref_feasible(trial, REF_FORGIVE_ALL);
	json_decref(trial);
	return found;
}

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);
	return n >= m && strcmp(text + n - m, end) == 0;
}

/** An entry names a leaf that is there, with its value. */
static char *check_entry(const json_t *document, const json_t *entry)
{
	const char *who = text_of(entry, "participant"), *field = text_of(entry, "field");
	const json_t *participant = trial_find(document, who);
	if (participant == NULL || field == NULL)
		return complaint("conflict names nobody or nothing");
	const json_t *value = path_get(participant, field);
	const char *attach = text_of(participant, "attach");
	if (attach != NULL && strcmp(attach, "late") == 0)
		return complaint("conflict names %s, who is late", who);
	if (value == NULL)
		return complaint("conflict names %s %s, which is not stated", who, field);
	if (json_is_object(value) || strcmp(field, "name") == 0 || strcmp(field, "attach") == 0)
		return complaint("conflict names %s %s, which is no limit", who, field);
	if (strcmp(field, "memory.cache") == 0 ||
	    (strncmp(field, "formats[", 8) == 0 && ends_with(field, "].cost")))
		return complaint("conflict names %s %s, a preference", who, field);
	if (strcmp(field, "formats") != 0 && !json_equal(json_object_get(entry, "value"), value))
		return complaint("conflict has another value than %s %s", who, field);
	return NULL;
}

static char *check_minimal(const json_t *document, const json_t *conflict)
{
	if (solvable(document, conflict, SIZE_MAX, false))
		return complaint("the listed fields alone are no conflict");
	for (size_t i = 0; i < json_array_size(conflict); i++) {
		const json_t *entry = json_array_get(conflict, i);
		const char *field = text_of(entry, "field");
		if (!solvable(document, conflict, i, false))
			return complaint("conflict is not minimal: %s %s is not needed",
					 text_of(entry, "participant"), field);
		if (strncmp(field, "formats[", 8) == 0 && !solvable(document, conflict, i, true))
			return complaint("formats of %s in the place of %s is a conflict already",
					 text_of(entry, "participant"), field);
	}
	return NULL;
}

static bool bare(json_t *participant, void *user)
{
	const json_t *name = json_object_get(participant, "name");
	json_t *only = json_pack("{s:O,s:[s]}", "name", name, "usage", "dma");
	(void)user;
	json_object_clear(participant);
	json_object_update(participant, only);
	json_decref(only);
	return false;
}

/** One of the conditions of the whole document. */
static char *check_condition(const json_t *document, const char *field)
{
	static const struct {
		const char *field;
		unsigned flag;
	} conditions[] = { { "usage", REF_FORGIVE_USAGE },
			   { "buffers", REF_FORGIVE_BUFFERS },
			   { "formats", REF_FORGIVE_FORMATS },
			   { "color_spaces", REF_FORGIVE_COLORS } };
	if (strcmp(field, "heaps") == 0) {
		json_t *trial = json_deep_copy(document);
		trial_each(trial, bare, NULL);
		bool served = ref_feasible(trial, REF_FORGIVE_ALL);
		json_decref(trial);
		return served ? complaint("a heap serves a document without demands") : NULL;
	}
	bool any_alone = false;
	for (size_t i = 0; i < 4; i++)
		any_alone |= !ref_feasible(document, REF_FORGIVE_ALL & ~conditions[i].flag);
	if (!ref_feasible(document, REF_FORGIVE_ALL))
		return complaint("%s of the whole document is not what refuses it", field);
	for (size_t i = 0; i < 4; i++)
		if (strcmp(conditions[i].field, field) == 0 &&
		    (!any_alone || !ref_feasible(document, REF_FORGIVE_ALL & ~conditions[i].flag)))
			return NULL;
	return complaint("%s of the whole document is not the condition that fails", field);
}

static char *check_set(const json_t *document, const json_t *conflict)
{
	const json_t *first = json_array_get(conflict, 0);
	char *wrong = NULL;
	if (json_array_size(conflict) == 0)
		return complaint("conflict is empty");
	if (json_is_null(json_object_get(first, "participant")) && json_array_size(conflict) == 1)
		return check_condition(document, text_of(first, "field"));
	for (size_t i = 0; i < json_array_size(conflict) && wrong == NULL; i++) {
		wrong = check_entry(document, json_array_get(conflict, i));
		for (size_t k = 0; k < i && wrong == NULL; k++)
			if (json_equal(json_array_get(conflict, i), json_array_get(conflict, k)))
				wrong = complaint("conflict lists an entry twice");
	}
	return wrong != NULL ? wrong : check_minimal(document, conflict);
}

static char *check_relaxations(const json_t *document, const json_t *relax)
{
	size_t i;
	json_t *entry;
	json_array_foreach ((json_t *)relax, i, entry) {
		const char *who = text_of(entry, "participant"), *field = text_of(entry, "field");
		if (who == NULL || field == NULL)
			return complaint("relax[%zu] names nobody or nothing", i);
		json_t *trial = trial_change(document, who, field, json_object_get(entry, "to"));
		if (trial == NULL)
			return complaint("relax leaves out %s %s, which is not stated", who, field);
		bool ok = is_ok(trial);
		json_decref(trial);
		if (!ok)
			return complaint("relax of %s %s does not help", who, field);
	}
	return NULL;
}

struct leaving_out {
	const json_t *document;
	const char *who;
	char *helps;
};

/** Try without each leaf below `value`, whose path is `path`. */
static void leave_out_below(struct leaving_out *out, const json_t *value, const char *path)
{
	const char *key;
	json_t *inner;
	size_t i;
	char next[512];
	bool is_list = json_is_array(value) && json_is_object(json_array_get(value, 0));

	json_object_foreach ((json_t *)value, key, inner) {
		if (strcmp(key, "comment") == 0 || (path[0] == '\0' && strcmp(key, "name") == 0))
			continue;
		snprintf(next, sizeof(next), "%s%s%s", path, path[0] != '\0' ? "." : "", key);
		leave_out_below(out, inner, next);
	}
	json_array_foreach ((json_t *)value, i, inner) {
		if (!is_list)
			break;
		snprintf(next, sizeof(next), "%s[%zu]", path, i);
		leave_out_below(out, inner, next);
	}
	if (out->helps != NULL || json_is_object(value) ||
	    (is_list && strcmp(path, "formats") != 0))
		return;
	json_t *trial = trial_change(out->document, out->who, path, NULL);
	if (trial != NULL && is_ok(trial))
		out->helps =
			complaint("relax is empty, but leaving out %s %s helps", out->who, path);
	json_decref(trial);
}

static bool leave_out(json_t *participant, void *user)
{
	struct leaving_out *out = user;
	out->who = text_of(participant, "name");
	leave_out_below(out, participant, "");
	return out->helps != NULL;
}

char *check_conflict(const json_t *document, const json_t *answer)
{
	const json_t *relax = json_object_get(answer, "relax");
	char *wrong = check_set(document, json_object_get(answer, "conflict"));
	if (wrong != NULL)
		return wrong;
	if (!json_is_array(relax))
		return complaint("no list of relaxations");
	if (json_array_size(relax) > 0)
		return check_relaxations(document, relax);
	struct leaving_out out = { .document = document };
	trial_each(document, leave_out, &out);
	return out.helps;
}
