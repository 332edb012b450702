/* SPDX-License-Identifier: MIT */
/**
 * Objects of the constraint document from structures, in which 0 and NULL mean "not stated" and
 * leave the key out.
 *
 * The first thing that goes wrong sticks and the rest does no harm, so that a list of fields reads
 * as a list; look at `error` once at its end.
 */
#ifndef UMM_SHARE_BUILDER_H
#define UMM_SHARE_BUILDER_H

#include <jansson.h>

#include <umm/constraints.h>

#include "share/document_read.h"

struct umm_builder {
	json_t *object;
	int error; /* 0, -ENOMEM, or -EINVAL: a value that the document cannot express */
};

struct umm_builder umm_builder_start(void);
void umm_builder_finish(struct umm_builder *builder);

/** A builder finished at the end of its scope. */
#define umm_autobuilder __attribute__((cleanup(umm_builder_finish))) struct umm_builder

void umm_build_fail(struct umm_builder *builder, int error);

/** Any value; takes it. NULL is out of memory. */
void umm_build(struct umm_builder *builder, const char *key, json_t *value);

/** A string; NULL is refused like what is no UTF-8. */
void umm_build_name(struct umm_builder *builder, const char *key, const char *name);

/** A number, unless it is 0. */
void umm_build_number(struct umm_builder *builder, const char *key, uint64_t number);

void umm_build_flag(struct umm_builder *builder, const char *key, bool flag);

/** A list of words, from the sum of their bits. */
void umm_build_set(struct umm_builder *builder, const char *key, const struct umm_word *words,
		   uint32_t set);

/** One word. */
void umm_build_word(struct umm_builder *builder, const char *key, const struct umm_word *words,
		    uint32_t value);

bool umm_size_stated(struct umm_size size);
void umm_build_size(struct umm_builder *builder, const char *key, struct umm_size size);

/** An object inside, unless it is empty. */
void umm_build_part(struct umm_builder *builder, const char *key, struct umm_builder *part);

/** Append to a list and return it; takes the item. */
json_t *umm_build_append(struct umm_builder *builder, json_t *list, json_t *item);

#endif
