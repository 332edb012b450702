/* SPDX-License-Identifier: MIT */
/**
 * A second solver, for the tests alone: plain, slow, obviously right.
 *
 * It is written from the contract of the constraint document (umm-constraints(5)) and shares no
 * line with the library, not even the table of formats, so that a mistake must be made twice to go
 * unseen. Where the library prunes, this enumerates: every combination of alternatives, every
 * (format, modifier) pair, every colour, heap and coherency is merged, laid out, checked and
 * ranked. Where the library constructs a minimal conflict, this only checks one.
 *
 * Numbers are 128 bits wide. The contract's ceiling is 2^63-1; anything above becomes REF_OVER and
 * stays it, because every operation here is monotone. "No limit" is larger than every number.
 *
 * A document is an already parsed JSON value. The reader collects violations and goes on, so that a
 * trial document (some fields taken away) can be read without being judged.
 */
#ifndef UMM_TESTS_REFERENCE_H
#define UMM_TESTS_REFERENCE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef unsigned __int128 ref_wide;

#define REF_LIMIT      ((ref_wide)INT64_MAX)
#define REF_OVER       (REF_LIMIT + 1)
#define REF_NO_LIMIT   ((ref_wide)1 << 100)
#define REF_MAX_PLANES 4
#define REF_NO_COLOR   (-1)

/* ---- reference_number.c ---- */

ref_wide ref_min(ref_wide a, ref_wide b);
ref_wide ref_max(ref_wide a, ref_wide b);
ref_wide ref_add(ref_wide a, ref_wide b);
ref_wide ref_mul(ref_wide a, ref_wide b);
ref_wide ref_lcm(ref_wide a, ref_wide b);
ref_wide ref_ceil_div(ref_wide a, ref_wide b);
ref_wide ref_round_up(ref_wide a, ref_wide unit);
ref_wide ref_round_down(ref_wide a, ref_wide unit);

struct ref_size {
	ref_wide w, h;
};

/* ---- reference_format.c ---- */

struct ref_format {
	char name[5];
	unsigned n_planes, hsub, vsub;
	unsigned block_width, block_bytes[3]; /* block_width is plane 0's; others have one pixel */
	unsigned component;
	bool alpha_or_x;
};

extern const struct ref_format ref_formats[];
extern const size_t ref_n_formats;

const struct ref_format *ref_format_find(const char *name);
uint32_t ref_format_fourcc(const struct ref_format *format);
ref_wide ref_row_bytes(const struct ref_format *format, unsigned plane, ref_wide width);

bool ref_modifier_find(const char *name, uint64_t *out);
json_t *ref_modifier_name(uint64_t modifier);

/** 2 compressed, 1 tiled, 0 linear. */
unsigned ref_modifier_class(uint64_t modifier);

/* ---- reference_read.c, reference_entry.c, reference_fields.c ---- */

enum ref_usage_bit { REF_CPU_USAGE = 0xf, REF_DISPLAY = 1 << 6, REF_USAGE_NONE = 1 << 8 };
enum ref_coherency_bit { REF_CPU = 1, REF_RAM = 2, REF_INACCESSIBLE = 4 };
enum ref_handles { REF_HANDLES_ANY, REF_HANDLES_ONE, REF_HANDLES_PER_PLANE };
enum ref_alpha { REF_ALPHA_UNSET, REF_ALPHA_FALSE, REF_ALPHA_TRUE };

extern const char *const ref_usage_names[];
extern const char *const ref_coherency_names[];
extern const char *const ref_class_names[];
extern const char *const ref_color_names[]; /* in the order of the choice, best first */
extern const char *const ref_cache_names[];

/** One FORMAT. */
struct ref_entry {
	const struct ref_format *formats[96];
	size_t n_formats;
	uint64_t modifiers[96];
	size_t n_modifiers;
	bool any_format, any_modifier;
	bool states_colors, any_color;
	uint32_t colors;
	enum ref_alpha alpha;
	struct ref_size min, max, align;
	ref_wide area_max;
	struct ref_size *required;
	size_t n_required;
	bool has_required_min;
	struct ref_size required_min;
	ref_wide stride_min, stride_max, stride_divisor;
	bool whole_pixels, exact;
	ref_wide plane_stride[REF_MAX_PLANES], plane_offset[REF_MAX_PLANES];
	enum ref_handles handles;
	ref_wide rows_align;
	struct ref_size pad_block;
	ref_wide extra_rows, total_min, cost;
};

struct ref_participant {
	const char *name;
	uint32_t usage;
	bool late;
	ref_wide camping, dedicated, shared, buffers_min, buffers_max;
	ref_wide size_min, size_max;
	bool contiguous, iommu, secure;
	ref_wide address_align, address_max;
	ref_wide segments_count, segments_bytes, segments_boundary;
	uint32_t coherency;
	int cache;	     /* index, or -1 without a wish */
	const json_t *heaps; /* NULL: any */
	uint32_t imports;
	ref_wide pad_end;
	struct ref_entry *entries;
	size_t n_entries;
};

struct ref_list;

/** A participant, or a group with its alternatives. */
struct ref_item {
	struct ref_participant *participant; /* NULL in a group */
	struct ref_list *alternatives;
	size_t n_alternatives;
};

struct ref_list {
	struct ref_item *items;
	size_t n_items;
};

struct ref_heap {
	const char *name;
	uint32_t class;
	bool contiguous;
	ref_wide contiguous_max, address_max, size_max, free, largest_free;
	uint32_t coherency;
	int cache;
	bool secure;
	ref_wide cost;
};

struct ref_document {
	struct ref_list list;
	struct ref_heap *heaps;
	size_t n_heaps;
	size_t n_participants;
	json_t *errors; /* of {participant, field} */
};

/** Never NULL; what is wrong is in errors. Borrows from `root`. */
struct ref_document *ref_read(const json_t *root);
void ref_document_destroy(struct ref_document *document);

struct ref_reader {
	json_t *errors;
	const char *who;  /* NULL outside of a participant with a valid name; then */
	const char *base; /* is the path from the top, or NULL */
};

enum ref_rule { REF_ANY_NUMBER = 0, REF_NOT_ZERO = 1, REF_POWER_OF_TWO = 3 };

void ref_complain(struct ref_reader *reader, const char *prefix, const char *key);
bool ref_parse_number(const json_t *value, ref_wide *out);
void ref_check_keys(struct ref_reader *reader, const json_t *object, const char *prefix,
		    const char *const *allowed);
json_t *ref_take_object(struct ref_reader *reader, const json_t *object, const char *prefix,
			const char *key, const char *const *allowed);
ref_wide ref_take_number(struct ref_reader *reader, const json_t *object, const char *prefix,
			 const char *key, ref_wide absent, enum ref_rule rule);
bool ref_take_bool(struct ref_reader *reader, const json_t *object, const char *prefix,
		   const char *key, bool absent);
struct ref_size ref_take_size(struct ref_reader *reader, const json_t *object, const char *prefix,
			      const char *key, ref_wide absent, enum ref_rule rule);
uint32_t ref_take_set(struct ref_reader *reader, const json_t *object, const char *prefix,
		      const char *key, const char *const *names, uint32_t absent);
int ref_take_name(struct ref_reader *reader, const json_t *object, const char *prefix,
		  const char *key, const char *const *names, int absent);
void ref_read_entries(struct ref_reader *reader, const json_t *formats,
		      struct ref_participant *participant);

/* ---- reference_merge.c, reference_layout.c ---- */

struct ref_plane {
	ref_wide offset, stride, rows, size;
};

/** What one set of participants amounts to at one choice. */
struct ref_result {
	ref_wide buffers, size, raw, address_align;
	bool contiguous, secure;
	/* the image; format is NULL where nobody looks at pixels */
	const struct ref_format *format;
	uint64_t modifier;
	int color;
	enum ref_alpha alpha;
	enum ref_handles handles;
	struct ref_size size_min, size_max;
	struct ref_size required[64];
	size_t n_required;
	ref_wide stride_min, stride_max, stride_divisor;
	bool whole_pixels;
	struct ref_plane planes[REF_MAX_PLANES];
	/* the choice outside of the image */
	const struct ref_heap *heap;
	unsigned coherency; /* one bit */
	ref_wide cost;
};

/** Conditions of the whole document that a trial forgives. */
enum ref_forgive {
	REF_STRICT = 0,
	REF_FORGIVE_USAGE = 1,
	REF_FORGIVE_BUFFERS = 2,
	REF_FORGIVE_FORMATS = 4,
	REF_FORGIVE_COLORS = 8,
	REF_FORGIVE_ALL = 15,
};

/** Some participants, and the FORMAT of each in use (NULL for those without formats). */
struct ref_party {
	const struct ref_participant **who;
	const struct ref_entry **entry;
	size_t n;
};

/** Image part: fills format, sizes, stride range, planes, size and raw. False drops the tuple. */
bool ref_merge_image(const struct ref_party *party, struct ref_result *result);

/** Everything but heap and coherency. False drops the tuple. */
bool ref_merge(const struct ref_party *party, unsigned forgive, struct ref_result *result);

/** Whether `heap` serves what was merged, with this coherency. */
bool ref_heap_serves(const struct ref_party *party, const struct ref_result *result,
		     const struct ref_heap *heap, unsigned coherency);

/** Row, offset, size of one image of `size`; false if it is not legal. */
struct ref_picture {
	ref_wide w, h, size, raw, raw_unrounded;
	struct ref_plane planes[REF_MAX_PLANES];
};

struct ref_demands {
	ref_wide stride_min, stride_max, stride_divisor;
	ref_wide plane_stride[REF_MAX_PLANES], plane_offset[REF_MAX_PLANES];
	struct ref_size size_min, size_max, align, pad_block;
	ref_wide area_max, rows_align, extra_rows, pad_end, total_min;
	enum ref_handles handles;
};

bool ref_layout(const struct ref_party *party, const struct ref_format *format,
		const struct ref_demands *demands, struct ref_size size,
		struct ref_picture *picture);

/* ---- reference_choose.c, reference_answer.c ---- */

/** The entry of `participant` that covers the pair, or NULL. */
const struct ref_entry *ref_covering(const struct ref_participant *participant,
				     const struct ref_format *format, uint64_t modifier);

/** Best result, with the participants (not late) of the alternatives that won, and the late ones.
 */
struct ref_choice {
	struct ref_result result;
	const struct ref_participant **who, **late;
	size_t n_who, n_late;
};

bool ref_choose(const struct ref_document *document, unsigned forgive, struct ref_choice *choice);
void ref_choice_finish(struct ref_choice *choice);

/** {"status": "ok", ...} without why and rejected, {"status": "conflict"}, or {"status": "invalid",
 * "errors": [{participant, field}]}. */
json_t *ref_solve(const json_t *document);

/** Whether a document, taken as valid, has a solution. */
bool ref_feasible(const json_t *document, unsigned forgive);

#endif
