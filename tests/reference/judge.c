/* SPDX-License-Identifier: MIT */
/**
 * One document, both solvers, every rule that an answer must keep.
 */
#include "tests/reference/judge.h"
#include "tests/reference/reference.h"
#include "tests/reference/trial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <umm/solve.h>

json_t *ask(const char *document, size_t size, char **text)
{
	struct umm_answer *answer = NULL;
	int verdict = umm_solve_json(document, size, &answer);
	if (verdict < 0)
		return NULL;
	json_t *parsed = json_loads(umm_answer_json(answer), JSON_REJECT_DUPLICATES, NULL);
	if (text != NULL)
		*text = strdup(umm_answer_json(answer));
	if (umm_answer_verdict(answer) != verdict) {
		json_decref(parsed);
		parsed = NULL;
	}
	umm_answer_destroy(answer);
	return parsed;
}

static json_t *ask_about(const json_t *document, char **text)
{
	char *dump = json_dumps(document, JSON_COMPACT);
	json_t *answer = ask(dump, strlen(dump), text);
	free(dump);
	return answer;
}

static const char *status_of(const json_t *answer)
{
	const char *status = json_string_value(json_object_get(answer, "status"));
	return status != NULL ? status : "none";
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/** The answer without its explanations, its participants in bytewise order. */
static json_t *result_of(const json_t *answer)
{
	json_t *result = json_copy((json_t *)answer), *sorted = json_array();
	const json_t *names = json_object_get(answer, "participants");
	size_t n = json_array_size(names);
	const char **list = calloc(n + 1, sizeof(*list));
	for (size_t i = 0; i < n; i++)
		list[i] = json_string_value(json_array_get(names, i));
	qsort(list, n, sizeof(*list), by_text);
	for (size_t i = 0; i < n; i++)
		json_array_append_new(sorted, json_string(list[i]));
	free(list);
	json_object_set_new(result, "participants", sorted);
	json_object_del(result, "why");
	json_object_del(result, "rejected");
	return result;
}

/** The first member in which two objects differ. */
static char *difference(const json_t *expected, const json_t *got, const char *path)
{
	const char *key;
	json_t *value;
	json_object_foreach ((json_t *)got, key, value) {
		if (json_object_get(expected, key) == NULL)
			return complaint("unexpected member %s%s", path, key);
	}
	json_object_foreach ((json_t *)expected, key, value) {
		const json_t *other = json_object_get(got, key);
		char inner[128];
		if (json_equal(value, other))
			continue;
		snprintf(inner, sizeof(inner), "%s%s.", path, key);
		if (json_is_object(value) && json_is_object(other))
			return difference(value, other, inner);
		char *a = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
		char *b = other != NULL ? json_dumps(other, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
		char *text = complaint("%s%s: reference %s, library %s", path, key, a,
				       b != NULL ? b : "nothing");
		free(a);
		free(b);
		return text;
	}
	return NULL;
}

static char *compare_results(const json_t *expected, const json_t *answer)
{
	json_t *result = result_of(answer);
	char *text = difference(expected, result, "");
	json_decref(result);
	return text;
}

/** why and rejected are lists of objects of the promised shape. */
static char *check_reasons(const json_t *answer)
{
	const json_t *why = json_object_get(answer, "why");
	const json_t *rejected = json_object_get(answer, "rejected");
	size_t i;
	json_t *entry;
	if (!json_is_array(why) || !json_is_array(rejected))
		return complaint("no why, or no rejected");
	json_array_foreach ((json_t *)why, i, entry) {
		if (!json_is_string(json_object_get(entry, "field")) ||
		    json_object_get(entry, "value") == NULL ||
		    json_array_size(json_object_get(entry, "by")) == 0)
			return complaint("why[%zu] has another shape", i);
	}
	json_array_foreach ((json_t *)rejected, i, entry) {
		if (!json_is_object(json_object_get(entry, "candidate")) ||
		    json_object_get(entry, "participant") == NULL ||
		    !json_is_string(json_object_get(entry, "field")))
			return complaint("rejected[%zu] has another shape", i);
	}
	return NULL;
}

/** Whether two fields of a participant begin with the same member: which of two limits that clash
 * is blamed, and how deep a path goes, is free. */
static bool same_member(const char *a, const char *b)
{
	size_t n = strcspn(a, ".[");
	return n == strcspn(b, ".[") && strncmp(a, b, n) == 0;
}

/** Whether a list of errors has one about the same participant and, if given, member. */
static bool complains_about(const json_t *errors, const char *who, const char *field)
{
	for (size_t i = 0; i < json_array_size(errors); i++) {
		const json_t *entry = json_array_get(errors, i);
		const char *name = json_string_value(json_object_get(entry, "participant"));
		const char *other = json_string_value(json_object_get(entry, "field"));
		if ((name == NULL) != (who == NULL) || (who != NULL && strcmp(name, who) != 0))
			continue;
		if (field == NULL || (other != NULL && same_member(other, field)))
			return true;
	}
	return false;
}

/** Every violation is told, nobody is blamed without one, every error has a message. */
static char *check_errors(const json_t *expected, const json_t *answer)
{
	const json_t *theirs = json_object_get(answer, "errors");
	const json_t *ours = json_object_get(expected, "errors");
	size_t i;
	json_t *entry;
	if (json_array_size(theirs) == 0)
		return complaint("invalid without errors");
	json_array_foreach ((json_t *)theirs, i, entry) {
		const json_t *who = json_object_get(entry, "participant");
		const char *field = json_string_value(json_object_get(entry, "field"));
		if (who == NULL || field == NULL ||
		    !json_is_string(json_object_get(entry, "message")))
			return complaint("errors[%zu] has another shape", i);
		if (!complains_about(ours, json_string_value(who), field))
			return complaint("errors blames %s, which is innocent", field);
	}
	json_array_foreach ((json_t *)ours, i, entry) {
		const char *who = json_string_value(json_object_get(entry, "participant"));
		const char *field = json_string_value(json_object_get(entry, "field"));
		if (!complains_about(theirs, who, field))
			return complaint("errors has nothing about %s of %s", field,
					 who != NULL ? who : "nobody");
	}
	return NULL;
}

static char *check_permutations(const json_t *document, const json_t *expected, const char *bytes,
				unsigned long long seed)
{
	struct dice dice = { .state = seed ^ UINT64_C(0x5eed) };
	const char *status = status_of(expected);
	json_t *members = shuffle(document, &dice, SHUFFLE_MEMBERS);
	json_t *all = shuffle(document, &dice, SHUFFLE_ALL);
	char *other = NULL, *wrong = NULL;

	json_t *answer = ask_about(members, &other);
	if (strcmp(status, "invalid") != 0 && (other == NULL || strcmp(bytes, other) != 0))
		wrong = complaint("permuted participants and heaps: another answer: %s",
				  other != NULL ? other : "none");
	json_decref(answer);
	answer = ask_about(all, NULL);
	if (wrong == NULL && strcmp(status_of(answer), status) != 0)
		wrong = complaint("permuted lists: another status");
	if (wrong == NULL && strcmp(status, "ok") == 0) {
		char *text = compare_results(expected, answer);
		if (text != NULL)
			wrong = complaint("permuted lists: %s", text);
		free(text);
	}
	if (wrong == NULL)
		wrong = check_some_permutation(document, &dice);
	json_decref(answer);
	json_decref(members);
	json_decref(all);
	free(other);
	return wrong;
}

static enum judged judged_status(const char *status)
{
	if (strcmp(status, "ok") == 0)
		return JUDGED_OK;
	return strcmp(status, "conflict") == 0 ? JUDGED_CONFLICT : JUDGED_INVALID;
}

char *judge(const json_t *document, unsigned long long seed, enum judged *out)
{
	char *bytes = NULL, *wrong = NULL;
	json_t *answer = ask_about(document, &bytes);
	json_t *expected = ref_solve(document);
	const char *status = status_of(expected);

	if (answer == NULL)
		wrong = complaint("no answer");
	else if (strcmp(status, status_of(answer)) != 0)
		wrong = complaint("status: reference %s, library %s", status, status_of(answer));
	else if (strcmp(status, "ok") == 0)
		wrong = compare_results(expected, answer);
	if (wrong == NULL && strcmp(status, "ok") == 0)
		wrong = check_layout(document, answer);
	if (wrong == NULL && strcmp(status, "ok") == 0)
		wrong = check_reasons(answer);
	if (wrong == NULL && strcmp(status, "conflict") == 0)
		wrong = check_conflict(document, answer);
	if (wrong == NULL && strcmp(status, "invalid") == 0)
		wrong = check_errors(expected, answer);
	if (wrong == NULL)
		wrong = check_permutations(document, expected, bytes, seed);
	if (out != NULL)
		*out = judged_status(status);
	json_decref(answer);
	json_decref(expected);
	free(bytes);
	return wrong;
}
