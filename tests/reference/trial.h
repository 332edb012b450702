/* SPDX-License-Identifier: MIT */
/**
 * Documents derived from a document: fields taken away, replaced, put in another order.
 *
 * Every function returns a new document; the argument is never changed.
 */
#ifndef UMM_TESTS_TRIAL_H
#define UMM_TESTS_TRIAL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The value at "formats[1].stride.max_bytes", or NULL. Borrowed. */
json_t *path_get(const json_t *object, const char *path);

/** Put `value` (taken; NULL removes) at a path, with the objects on the way. */
bool path_set(json_t *object, const char *path, json_t *value);

/** The participant of that name, wherever it is nested, or NULL. Borrowed. */
json_t *trial_find(const json_t *document, const char *name);

/** Call for each participant, wherever nested, until it returns true. */
bool trial_each(const json_t *document, bool (*visit)(json_t *participant, void *user), void *user);

/**
 * The document that states only the listed fields, as the contract defines it for conflicts: every
 * entry of `conflict` but the one at `without` (SIZE_MAX: none left out); where `widen` is true
 * that entry is not left out but replaced by `formats`.
 */
json_t *trial_document(const json_t *document, const json_t *conflict, size_t without, bool widen);

/** The document with one participant's field replaced; NULL or a JSON null leaves it out. */
json_t *trial_change(const json_t *document, const char *name, const char *field, json_t *to);

/** A sequence of random numbers, the same for the same seed everywhere. */
struct dice {
	uint64_t state;
};
uint64_t dice_roll(struct dice *dice);
uint64_t dice_below(struct dice *dice, uint64_t n);

/** What an order change may touch. */
enum shuffle_depth {
	SHUFFLE_MEMBERS, /* participants and heaps */
	SHUFFLE_ALL,	 /* formats, the lists of names and sizes, the keys of objects too */
};

/** The same document in another order; groups keep theirs, and their alternatives. */
json_t *shuffle(const json_t *document, struct dice *dice, enum shuffle_depth depth);

/** Break a rule of validity in one participant or a few. */
void spoil(json_t *document, struct dice *dice);

/** Put a limit where the document's own solution has its edge; nothing if it has none. */
void sharpen(json_t *document, struct dice *dice);

/** A random document. */
json_t *generate(struct dice *dice);

#endif
