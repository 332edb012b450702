/* SPDX-License-Identifier: MIT */
/**
 * libFuzzer target: a constraint document from a stranger, read and solved.
 *
 * Beyond not crashing, every answer must be JSON with the verdict that was returned, and the layout
 * of every solution must meet what each participant states for itself (the checker of the tests).
 */
#include "tests/reference/judge.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <umm/solve.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void give_up(const char *why)
{
	fprintf(stderr, "%s\n", why);
	abort();
}

static void check(const char *text, size_t size, const json_t *answer)
{
	/* What jansson alone refuses (a NUL in a string, a depth) the library may read. */
	json_t *document = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
	char *wrong = document != NULL ? check_layout(document, answer) : NULL;
	if (wrong != NULL)
		give_up(wrong);
	json_decref(document);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const statuses[] = { "ok", "conflict", "invalid" };
	struct umm_answer *answer = NULL;
	int verdict = umm_solve_json((const char *)data, size, &answer);
	if (verdict < 0)
		return 0;
	if (verdict > UMM_INVALID)
		give_up("no such verdict");

	json_t *parsed = json_loads(umm_answer_json(answer), JSON_REJECT_DUPLICATES, NULL);
	const char *status = json_string_value(json_object_get(parsed, "status"));
	if (status == NULL || strcmp(status, statuses[verdict]) != 0)
		give_up("the answer is no JSON, or has another status");
	if (verdict == UMM_OK)
		check((const char *)data, size, parsed);
	if (umm_answer_text(answer) == NULL)
		give_up("no text");
	json_decref(parsed);
	umm_answer_destroy(answer);
	return 0;
}
