/* SPDX-License-Identifier: MIT */
/**
 * Dropping parts of a document as long as the same complaint remains.
 *
 * Parts are array elements and object members, numbered in the order of a walk; the k-th is taken
 * out of a copy. What is needed for the complaint stays, so the walk ends after the last number.
 */
#include "tests/reference/judge.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/** Remove part number *k, counting it down; true once it is gone. */
static bool drop(json_t *value, size_t *k)
{
	const char *key;
	void *next;
	json_t *inner;
	size_t i;
	json_object_foreach_safe(value, next, key, inner)
	{
		if ((*k)-- == 0)
			return json_object_del(value, key) == 0;
		if (drop(inner, k))
			return true;
	}
	json_array_foreach (value, i, inner) {
		if ((*k)-- == 0)
			return json_array_remove(value, i) == 0;
		if (drop(inner, k))
			return true;
	}
	return false;
}

/** Two complaints are of one kind if they begin alike. */
static bool same_kind(const char *a, const char *b)
{
	return a != NULL && strncmp(a, b, 24) == 0;
}

json_t *minimise(const json_t *document, unsigned long long seed)
{
	json_t *best = json_deep_copy(document);
	char *kind = judge(best, seed, NULL);
	for (size_t k = 0; kind != NULL;) {
		size_t part = k;
		json_t *smaller = json_deep_copy(best);
		if (!drop(smaller, &part)) {
			json_decref(smaller);
			break;
		}
		char *wrong = judge(smaller, seed, NULL);
		if (same_kind(wrong, kind)) {
			json_decref(best);
			best = json_incref(smaller);
		} else {
			k++;
		}
		json_decref(smaller);
		free(wrong);
	}
	free(kind);
	return best;
}
