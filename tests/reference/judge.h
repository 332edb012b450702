/* SPDX-License-Identifier: MIT */
/**
 * Verdicts over an answer of the library. Each function returns NULL if all is well, else what is
 * wrong, to be freed.
 */
#ifndef UMM_TESTS_JUDGE_H
#define UMM_TESTS_JUDGE_H

#include <jansson.h>
#include <stddef.h>

struct dice; /* tests/reference/trial.h */

/** Every participant's own demands against the layout of an ok answer; no merge. */
char *check_layout(const json_t *document, const json_t *answer);

/** The rules of `conflict` and `relax`. */
char *check_conflict(const json_t *document, const json_t *answer);

/** What the reference says of a document. */
enum judged { JUDGED_OK, JUDGED_CONFLICT, JUDGED_INVALID };

/** Everything: answer against reference, checker, conflict rules, and permutations chosen by
 * `seed`. *out, if not NULL, gets the reference's status. */
char *judge(const json_t *document, unsigned long long seed, enum judged *out);

/** The same answer for every order of participants, heaps and formats, if there are no more than
 * `most`. *orders gets how many there are; 0: more than that, and none was tried. *out gets what
 * the library says, unless none was tried. */
char *check_every_permutation(const json_t *document, unsigned long most, unsigned long *orders,
			      enum judged *out);

/** The same for one random order. */
char *check_some_permutation(const json_t *document, struct dice *dice);

/** The smallest document got by dropping parts that judge() still objects to. */
json_t *minimise(const json_t *document, unsigned long long seed);

/** The library's answer to a text, parsed; NULL if it is no JSON. *text, if not NULL, gets the
 * answer's own bytes, to be freed. */
json_t *ask(const char *document, size_t size, char **text);

char *complaint(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
