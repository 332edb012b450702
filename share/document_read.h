/* SPDX-License-Identifier: MIT */
/**
 * Inside of the document reader: one value at a time, every violation with its path.
 *
 * Readers return whether the value was usable; a violation has been written down by then, and the
 * caller goes on with the next value so that all of them are found in one go.
 */
#ifndef UMM_SHARE_DOCUMENT_READ_H
#define UMM_SHARE_DOCUMENT_READ_H

#include <jansson.h>

#include "core/constraint.h"
#include "share/document.h"

/** One step of the way from the top to a value; lives on the stack of the one who took it. */
struct umm_path {
	const struct umm_path *up; /* NULL: the top */
	const char *key;	   /* NULL: `index` counts */
	size_t index;
	const char *participant; /**< not NULL: paths start anew below, inside this one */
};

#define UMM_PATH_KEY(parent, name) (&(const struct umm_path){ .up = (parent), .key = (name) })
#define UMM_PATH_INDEX(parent, i)  (&(const struct umm_path){ .up = (parent), .index = (i) })

/** The document being filled. */
struct umm_reader {
	struct umm_document *document;
	const struct umm_document *known; /* NULL, or one that has all participants but `changed` */
	const json_t *changed;
	bool out_of_memory;
};

/** Write down a violation at `path`. */
void umm_read_error(struct umm_reader *reader, const struct umm_path *path, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/** Zeroed memory that lives as long as the document; NULL: out of it, the reader remembers. */
void *umm_read_take(struct umm_reader *reader, size_t count, size_t size);

/** What else a number must be. */
enum umm_number_rule { UMM_ANY_NUMBER = 0, UMM_NOT_ZERO = 1, UMM_POWER_OF_TWO = 2 };

bool umm_read_number(struct umm_reader *reader, const struct umm_path *path, const json_t *value,
		     unsigned rules, uint64_t *out);
bool umm_read_bool(struct umm_reader *reader, const struct umm_path *path, const json_t *value,
		   bool *out);
/** [w, h] */
bool umm_read_size(struct umm_reader *reader, const struct umm_path *path, const json_t *value,
		   unsigned rules, struct umm_size *out);
/** A name: a string that is not empty. */
bool umm_read_name(struct umm_reader *reader, const struct umm_path *path, const json_t *value,
		   const char **out);

/** A word of a vocabulary; lists end with a NULL name. */
struct umm_word {
	const char *name;
	uint32_t value;
};

bool umm_read_word(struct umm_reader *reader, const struct umm_path *path, const json_t *value,
		   const struct umm_word *words, uint32_t *out);
/** A list of words, none twice, at least one, as the sum of their bits. */
bool umm_read_words(struct umm_reader *reader, const struct umm_path *path, const json_t *value,
		    const struct umm_word *words, uint32_t *out);

/** Whether `value` is an object; otherwise it is a violation. */
bool umm_read_is_object(struct umm_reader *reader, const struct umm_path *path,
			const json_t *value);
/** Whether `value` is a list. */
bool umm_read_is_list(struct umm_reader *reader, const struct umm_path *path, const json_t *value);

/** A key that no table of its object has: fine if it is a comment. */
void umm_read_unknown_key(struct umm_reader *reader, const struct umm_path *object, const char *key,
			  const json_t *value);

/** `low` above `high` as written. */
void umm_read_check_range(struct umm_reader *reader, const struct umm_path *path, uint64_t low,
			  uint64_t high);

extern const struct umm_word umm_usage_words[], umm_coherency_words[], umm_cache_words[],
	umm_class_words[], umm_color_words[], umm_handles_words[], umm_attach_words[];

/** Readers of the document's objects. */
bool umm_read_participant(struct umm_reader *reader, const struct umm_path *path,
			  const json_t *value, struct umm_demand *demand);
void umm_read_formats(struct umm_reader *reader, const struct umm_path *path, const json_t *value,
		      struct umm_demand *demand);
/** Format and modifier of an entry after their defaults. Returns whether its pairs are known. */
bool umm_read_pairs(struct umm_reader *reader, const struct umm_path *path, json_t *object,
		    bool usage_none, struct umm_entry *entry);
/** Entries of one participant that cover the same pair are violations. Their pairs are known. */
void umm_read_check_overlaps(struct umm_reader *reader, const struct umm_path *path,
			     const struct umm_demand *demand);
/** Entries by their smallest pair: an order that the input's does not change. */
void umm_sort_by_pairs(struct umm_entry *entries, size_t count);
/** All heaps, by name; they become the problem's. */
void umm_read_heaps(struct umm_reader *reader, const struct umm_path *path, const json_t *list);

#endif
