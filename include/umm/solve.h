/* SPDX-License-Identifier: MIT */
/**
 * The solver by itself: a constraint document in, the answer out. No memory is allocated from any
 * heap.
 *
 * Collections (umm/collection.h) call this for you; use it to ask "would this work?".
 */
#ifndef UMM_SOLVE_H
#define UMM_SOLVE_H

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
 * *out gets the answer for UMM_OK, UMM_CONFLICT and UMM_INVALID alike; drop it with
 * umm_answer_destroy(). Returns UMM_OK, UMM_CONFLICT, UMM_INVALID, or -ENOMEM (*out untouched).
 * Never crashes, whatever the input. Thread-safe. Since 0.1.
 */
UMM_API UMM_MUST_CHECK int umm_solve_json(const char *text, size_t size_bytes,
					  struct umm_answer **out);

/** Destroy; NULL is fine. */
UMM_API void umm_answer_destroy(struct umm_answer *answer);

/** UMM_OK, UMM_CONFLICT or UMM_INVALID. */
UMM_API int umm_answer_verdict(const struct umm_answer *answer);

/** The chosen layout, or NULL unless the verdict is UMM_OK. Lives as long as the answer. */
UMM_API const struct umm_layout *umm_answer_layout(const struct umm_answer *answer);

/** The whole answer as the contract's JSON, one line, NUL-terminated. Lives as long as the answer.
 */
UMM_API const char *umm_answer_json(const struct umm_answer *answer);

/**
 * The answer for people: for UMM_OK what was chosen and who bound it; for UMM_CONFLICT who clashes
 * on which field and what would help; for UMM_INVALID every violation with its path. One or more
 * lines, NUL-terminated, lives as long as the answer.
 */
UMM_API const char *umm_answer_text(const struct umm_answer *answer);

UMM_END_DECLS

#endif
