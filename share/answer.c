/* SPDX-License-Identifier: MIT */
/*
 * An answer: the document is read, solved, and what came out is written down once, as JSON, as
 * text, as a layout and as a list of its parts. After that nothing changes any more, so an answer
 * may be read from any thread.
 */
#include "share/answer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/solve.h"
#include "share/answer_text.h"
#include "share/conflict_emit.h"
#include "share/json.h"
#include "share/json_text.h"
#include "share/solution_emit.h"

struct umm_answer {
	int verdict;
	struct umm_layout layout;
	json_t *object;
	struct umm_answer_parts parts; /* borrow from object */
	char *json, *text;
};

void umm_answer_destroy(struct umm_answer *answer)
{
	if (answer == NULL)
		return;
	umm_answer_parts_finish(&answer->parts);
	json_decref(answer->object);
	free(answer->json);
	free(answer->text);
	free(answer);
}

static json_t *answer_invalid(const struct umm_document *document)
{
	return json_pack("{s:s, s:O}", "status", "invalid", "errors", document->errors);
}

/** The document is fine, but solving it would take more memory than there is room for numbers. */
static json_t *answer_too_large(void)
{
	return json_pack("{s:s, s:[{s:n, s:s, s:s}]}", "status", "invalid", "errors", "participant",
			 "field", "participants", "message",
			 "too many pairs of format and modifier");
}

static json_t *answer_solved(struct umm_document *document, unsigned detail,
			     struct umm_answer *answer)
{
	const struct umm_problem *problem = &document->problem;
	size_t size = umm_solve_size(problem);
	struct umm_solution solution;
	answer->verdict = UMM_INVALID;
	if (size == 0)
		return answer_too_large();
	umm_autofree void *memory = malloc(size);
	if (memory == NULL)
		return NULL;
	if (!umm_solve(problem, 0, memory, size, &solution)) {
		answer->verdict = UMM_CONFLICT;
		return umm_conflict_emit(document);
	}
	answer->verdict = UMM_OK;
	umm_solution_layout(problem, &solution, &answer->layout);
	return umm_solution_emit(document, &solution, (detail & UMM_ANSWER_ALL) != 0);
}

static int write_down(struct umm_answer *answer, unsigned detail)
{
	if (answer->object == NULL)
		return -ENOMEM;
	free(answer->json);
	answer->json = umm_json_to_text(answer->object);
	if (answer->json == NULL)
		return -ENOMEM;
	if ((detail & UMM_ANSWER_JSON_ONLY) != 0)
		return 0;
	umm_answer_parts_finish(&answer->parts);
	answer->parts = (struct umm_answer_parts){ 0 };
	free(answer->text);
	answer->text = umm_answer_text_from(answer->object);
	if (answer->text == NULL)
		return -ENOMEM;
	return umm_answer_parts_init(&answer->parts, answer->object);
}

static bool is_taught(const json_t *taught, const json_t *entry)
{
	size_t i;
	const json_t *mark;
	json_array_foreach (taught, i, mark)
		if (strcmp(umm_json_text(mark, "participant"),
			   umm_json_text(entry, "participant")) == 0 &&
		    strncmp(umm_json_text(mark, "field"), umm_json_text(entry, "field"),
			    strlen(umm_json_text(mark, "field"))) == 0)
			return true;
	return false;
}

/* Nobody can leave out what he never stated. */
static void drop_advice(json_t *relax, const json_t *taught)
{
	for (size_t i = json_array_size(relax); i-- > 0;)
		if (is_taught(taught, json_array_get(relax, i)))
			json_array_remove(relax, i);
}

static int mark_learned(json_t *conflict, const json_t *taught)
{
	size_t i;
	json_t *entry;
	json_array_foreach (conflict, i, entry)
		if (is_taught(taught, entry) &&
		    json_object_set_new(entry, "learned", json_true()) < 0)
			return -ENOMEM;
	return 0;
}

int umm_answer_add_lesson(struct umm_answer *answer, const json_t *taught, json_t *learned)
{
	if (json_array_size(learned) == 0)
		return 0;
	drop_advice(json_object_get(answer->object, "relax"), taught);
	if (mark_learned(json_object_get(answer->object, "conflict"), taught) < 0 ||
	    json_object_set(answer->object, "learned", learned) < 0)
		return -ENOMEM;
	return write_down(answer, UMM_ANSWER_PLAIN);
}

int umm_answer_solve(const char *text, size_t size, unsigned detail, struct umm_answer **out)
{
	umm_auto(umm_document, document) = NULL;
	int ret = umm_document_read(text, size, &document);
	if (ret < 0)
		return ret;
	umm_auto(umm_answer, answer) = calloc(1, sizeof(*answer));
	if (answer == NULL)
		return -ENOMEM;
	if (umm_document_valid(document)) {
		answer->object = answer_solved(document, detail, answer);
	} else {
		answer->verdict = UMM_INVALID;
		answer->object = answer_invalid(document);
	}
	ret = write_down(answer, detail);
	if (ret < 0)
		return ret;
	int verdict = answer->verdict;
	*out = umm_steal(answer);
	return verdict;
}

int umm_solve_json(const char *text, size_t size_bytes, struct umm_answer **out)
{
	return umm_answer_solve(text, size_bytes, UMM_ANSWER_PLAIN, out);
}

int umm_answer_verdict(const struct umm_answer *answer)
{
	return answer->verdict;
}

const struct umm_layout *umm_answer_layout(const struct umm_answer *answer)
{
	return answer->verdict == UMM_OK ? &answer->layout : NULL;
}

const char *umm_answer_json(const struct umm_answer *answer)
{
	return answer->json;
}

const char *umm_answer_text(const struct umm_answer *answer)
{
	return answer->text;
}

const json_t *umm_answer_object(const struct umm_answer *answer)
{
	return answer->object;
}

const struct umm_answer_parts *umm_answer_get_parts(const struct umm_answer *answer)
{
	return &answer->parts;
}
