/* SPDX-License-Identifier: MIT */
/**
 * The solver by itself: a constraint document in, the answer out. No memory is allocated from any
 * heap.
 *
 * Collections (umm/collection.h) call this for you; use it to ask "would this work?".
 *
 * An answer never changes: all that read it are thread-safe and cannot fail, and every pointer that
 * they return, or that is inside what they return, lives until umm_answer_destroy(). The rules of
 * document and answer are those of umm-constraints(5).
 */
#ifndef UMM_SOLVE_H
#define UMM_SOLVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <umm/constraints.h>
#include <umm/macros.h>

UMM_BEGIN_DECLS

/** One plane of the chosen layout. */
struct umm_plane_layout {
	uint64_t offset_bytes, stride_bytes, rows, size_bytes;
};

/** The layout that was chosen: numbers every participant agreed on. */
struct umm_layout {
	uint32_t format; /**< fourcc; 0 where nobody looks at pixels */
	uint64_t modifier;
	uint32_t width_px,
		height_px; /**< the required size that decided the layout: the visible image */
	unsigned n_planes;
	struct umm_plane_layout planes[UMM_MAX_PLANES];
	enum umm_handles handles; /**< UMM_HANDLES_ONE or UMM_HANDLES_PER_PLANE */
	uint32_t color_space;	  /**< one enum umm_color_space, or 0 */
	enum umm_alpha alpha;
	uint64_t size_bytes;	 /**< bytes of the image */
	uint64_t raw_size_bytes; /**< bytes allocated per buffer, a multiple of 4096 */
	uint64_t address_align_bytes;
	unsigned buffers;
	uint32_t coherency; /**< one enum umm_coherency */
	bool contiguous, secure;
	char heap[64]; /**< name of the heap that won */
};

/** A solver's answer: verdict, layout, explanation. Opaque, immutable, thread-safe to read. */
struct umm_answer;

/**
 * Solve a whole constraint document given as JSON text.
 *
 * *out gets the answer for UMM_OK, UMM_CONFLICT and UMM_INVALID alike; it is yours:
 * umm_answer_destroy(). Returns UMM_OK; UMM_CONFLICT; UMM_INVALID (also of text that is no JSON);
 * or -ENOMEM (*out untouched). Never crashes, whatever the input. Thread-safe. Since 0.1.
 */
UMM_API UMM_MUST_CHECK int umm_solve_json(const char *text, size_t size_bytes,
					  struct umm_answer **out);

/** What a heap offers: HEAP of the document. As in umm/constraints.h, 0 and NULL are "not stated".
 * A heap that has nothing left is left out of the list. */
struct umm_heap_offer {
	const char *name;
	enum umm_heap_class heap_class; /**< one of them, must be stated */
	bool contiguous;		/**< every buffer is one run */
	bool secure;
	uint64_t contiguous_max_bytes; /**< instead of `contiguous`: buffers up to this are one run
					*/
	uint64_t address_max;	       /**< highest byte address */
	uint64_t size_max_bytes;       /**< of one buffer */
	uint64_t free_bytes, largest_free_bytes;
	uint32_t coherency; /**< set of enum umm_coherency */
	enum umm_cache cache;
	uint64_t cost;
};

/**
 * Solve participants stated by calls (umm/constraints.h) against these heaps.
 *
 * The same as umm_solve_json() with the document of both, and so are *out and what is returned;
 * also -EINVAL: a heap without a name, or with a value that the document cannot express. Nothing
 * is kept of the participants, which can be used further. One thread at a time per participant.
 * Since 0.1.
 */
UMM_API UMM_MUST_CHECK int umm_solve_participants(const struct umm_constraints *const *participants,
						  size_t n_participants,
						  const struct umm_heap_offer *heaps,
						  size_t n_heaps, struct umm_answer **out);

/** Destroy, when nobody reads it any more; NULL is fine. Since 0.1. */
UMM_API void umm_answer_destroy(struct umm_answer *answer);

/** UMM_OK, UMM_CONFLICT or UMM_INVALID, as the call that made it returned. Since 0.1. */
UMM_API int umm_answer_verdict(const struct umm_answer *answer);

/** The chosen layout, or NULL unless the verdict is UMM_OK. Since 0.1. */
UMM_API const struct umm_layout *umm_answer_layout(const struct umm_answer *answer);

/** The whole answer as the contract's JSON, one line, NUL-terminated. Since 0.1. */
UMM_API const char *umm_answer_json(const struct umm_answer *answer);

/**
 * The answer for people: for UMM_OK what was chosen and who bound it; for UMM_CONFLICT who clashes
 * on which field and what would help; for UMM_INVALID every violation with its path. One or more
 * lines, NUL-terminated. Since 0.1.
 */
UMM_API const char *umm_answer_text(const struct umm_answer *answer);

/**
 * The explanation once more, as structures. Five lists, each in the order of the answer's JSON; a
 * list that does not belong to the verdict is empty. `field` is always the path inside the
 * participant as in the document, like "memory.contiguous" or "formats[0].size.max", and values are
 * JSON text, like `true` or `["system"]`. Everything pointed to lives as long as the answer. Later
 * versions may append members to these structures.
 */

/** UMM_OK: a field that is as it is because somebody stated it. */
struct umm_reason {
	const char *field;
	const char *value;     /**< what all statements came to */
	const char *const *by; /**< names of the participants that bound it */
	size_t n_by;
};

/** UMM_OK: a candidate that would not do. It is a heap, a pair of format and modifier, or an
 * alternative of a group. */
struct umm_rejection {
	const char *candidate;	 /**< in words: "heap system", "format NV12, modifier LINEAR" */
	const char *heap;	 /**< NULL unless it is a heap */
	uint32_t format;	 /**< 0 unless it is a pair */
	uint64_t modifier;	 /**< says something only beside a format */
	const char *group;	 /**< NULL unless it is an alternative */
	unsigned alternative;	 /**< says something only beside a group; counts from 0 */
	const char *participant; /**< who objects, or NULL: nobody in particular */
	const char *field;	 /**< what they object with; the heap's own where nobody does */
};

/** UMM_CONFLICT: one of the statements that clash. Without any single one of them the others fit
 * together. */
struct umm_clash {
	const char *participant; /**< NULL: a condition on the document as a whole */
	const char *field;
	const char *value; /**< NULL where the document states none */
};

/** UMM_CONFLICT: a single change that makes it work, verified. The list has the mildest first. */
struct umm_relaxation {
	const char *participant;
	const char *field;
	const char *to; /**< what to state instead, or NULL: leave the field out */
};

/** UMM_INVALID: where a document breaks the contract. */
struct umm_violation {
	const char *participant; /**< NULL: none, or one without a valid name */
	const char *field; /**< from the top of the document where participant is NULL, may be "" */
	const char *message;
};

/** How many there are of each. Since 0.1. */
UMM_API size_t umm_answer_reason_count(const struct umm_answer *answer);
UMM_API size_t umm_answer_rejection_count(const struct umm_answer *answer);
UMM_API size_t umm_answer_clash_count(const struct umm_answer *answer);
UMM_API size_t umm_answer_relaxation_count(const struct umm_answer *answer);
UMM_API size_t umm_answer_violation_count(const struct umm_answer *answer);

/** The one at `i`, from 0, or NULL past the end of the list. Since 0.1. */
UMM_API const struct umm_reason *umm_answer_reason(const struct umm_answer *answer, size_t i);
UMM_API const struct umm_rejection *umm_answer_rejection(const struct umm_answer *answer, size_t i);
UMM_API const struct umm_clash *umm_answer_clash(const struct umm_answer *answer, size_t i);
UMM_API const struct umm_relaxation *umm_answer_relaxation(const struct umm_answer *answer,
							   size_t i);
UMM_API const struct umm_violation *umm_answer_violation(const struct umm_answer *answer, size_t i);

UMM_END_DECLS

#endif
