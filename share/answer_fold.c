/* SPDX-License-Identifier: MIT */
#include "share/answer_fold.h"

#include <string.h>

#include "share/json.h"

/* Of how many alternatives the names are told. */
#define MOST_ALTERNATIVES 3

bool umm_fold_is_alike(const json_t *a, const json_t *b, const char *const *keys)
{
	const char *left = umm_json_text(a, "participant"),
		   *right = umm_json_text(b, "participant");
	size_t root = strcspn(left, "@");
	if (left[root] != '@' || root != strcspn(right, "@") || right[root] != '@' ||
	    strncmp(left, right, root) != 0)
		return false;
	for (; *keys != NULL; keys++) {
		const json_t *one = json_object_get(a, *keys), *other = json_object_get(b, *keys);
		if (one != other && !json_equal(one, other))
			return false;
	}
	return true;
}

size_t umm_fold_count(const json_t *list, size_t first, const char *const *keys)
{
	size_t i, n = 1;
	const json_t *item, *said = json_array_get(list, first);
	json_array_foreach (list, i, item) {
		if (i == first || !umm_fold_is_alike(said, item, keys))
			continue;
		if (i < first)
			return 0;
		n++;
	}
	return n;
}

void umm_fold_say_who(FILE *to, const json_t *list, size_t first, const char *const *keys)
{
	const json_t *item, *said = json_array_get(list, first);
	const char *name = umm_json_text(said, "participant"), *between = " (";
	size_t i, same = umm_fold_count(list, first, keys), told = 0;
	if (same == 1) {
		fputs(name, to);
		return;
	}
	fprintf(to, "%.*s", (int)strcspn(name, "@"), name);
	json_array_foreach (list, i, item) {
		const char *other = umm_json_text(item, "participant");
		if ((i != first && !umm_fold_is_alike(said, item, keys)) ||
		    told == MOST_ALTERNATIVES)
			continue;
		fprintf(to, "%s%s", between, strchr(other, '@') + 1);
		between = ", ";
		told++;
	}
	if (same > told)
		fprintf(to, " and %zu more", same - told);
	fputc(')', to);
}
