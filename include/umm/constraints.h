/* SPDX-License-Identifier: MIT */
/**
 * What one participant needs from memory, stated by calls instead of JSON.
 *
 * The vocabulary, the defaults and the rules of merging are those of the constraint document
 * (umm-constraints(5)); every structure here mirrors one object of it, and a zeroed structure
 * states nothing: 0 and NULL always mean "not stated, take the document's default". Sizes are
 * bytes, image sizes pixels, a cost is a number without unit that only counts against others.
 *
 * One thread at a time per object, also for reading.
 */
#ifndef UMM_CONSTRAINTS_H
#define UMM_CONSTRAINTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <umm/format.h>
#include <umm/macros.h>

UMM_BEGIN_DECLS

/** One participant's demands; opaque. */
struct umm_constraints;

/** What a participant does with the memory; a set. */
enum umm_usage {
	UMM_USAGE_NONE =
		1 << 0, /**< wants to know the result, not to touch the memory; must be alone */
	UMM_USAGE_CPU_READ = 1 << 1,
	UMM_USAGE_CPU_WRITE = 1 << 2,
	UMM_USAGE_CPU_READ_OFTEN = 1 << 3,
	UMM_USAGE_CPU_WRITE_OFTEN = 1 << 4,
	UMM_USAGE_GPU = 1 << 5,
	UMM_USAGE_VIDEO = 1 << 6,
	UMM_USAGE_DISPLAY = 1 << 7,
	UMM_USAGE_DMA = 1 << 8,
};

/** Who may do cache work on the memory; a set. */
enum umm_coherency {
	UMM_COHERENCY_CPU = 1 << 0,
	UMM_COHERENCY_RAM = 1 << 1,
	UMM_COHERENCY_INACCESSIBLE = 1 << 2,
};

/** Wish for the CPU mapping: a cost, not a demand. */
enum umm_cache { UMM_CACHE_ANY, UMM_CACHE_CACHED, UMM_CACHE_WRITE_COMBINED, UMM_CACHE_UNCACHED };

/** Where planes may live. */
enum umm_handles { UMM_HANDLES_ANY, UMM_HANDLES_ONE, UMM_HANDLES_PER_PLANE };

/** Meaning of an alpha channel. */
enum umm_alpha { UMM_ALPHA_UNSET, UMM_ALPHA_IGNORED, UMM_ALPHA_MEANINGFUL };

/** Classes of exporters a participant can attach; a set. Same names as in the document, lower case.
 */
enum umm_heap_class {
	UMM_HEAP_MEMFD = 1 << 0,
	UMM_HEAP_UDMABUF = 1 << 1,
	UMM_HEAP_DMA_HEAP = 1 << 2,
	UMM_HEAP_DRM = 1 << 3,
	UMM_HEAP_V4L2 = 1 << 4,
	UMM_HEAP_HUGETLB = 1 << 5,
	UMM_HEAP_CARVEOUT = 1 << 6,
	UMM_HEAP_VFIO = 1 << 7,
};

/** Colour spaces; a set. UMM_COLOR_ANY takes what the others choose and stands alone. */
enum umm_color_space {
	UMM_COLOR_SRGB = 1 << 0,
	UMM_COLOR_REC601_PAL = 1 << 1,
	UMM_COLOR_REC601_PAL_FULL = 1 << 2,
	UMM_COLOR_REC601_NTSC = 1 << 3,
	UMM_COLOR_REC601_NTSC_FULL = 1 << 4,
	UMM_COLOR_REC709 = 1 << 5,
	UMM_COLOR_REC2020 = 1 << 6,
	UMM_COLOR_REC2100 = 1 << 7,
	UMM_COLOR_PASSTHROUGH = 1 << 8,
	UMM_COLOR_ANY = 1 << 30,
};

/** Width and height in pixels; {0, 0} is "not stated". */
struct umm_size {
	uint64_t width_px, height_px;
};

/** How many buffers: `buffers` of the document. */
struct umm_buffer_demand {
	uint64_t camping;	  /**< buffers held for longer than a moment */
	uint64_t dedicated_slack; /**< extra for overlap, this participant's own */
	uint64_t shared_slack;	  /**< extra for overlap, shareable with others */
	uint64_t min, max;	  /**< limits on the total */
};

/** `memory` of the document. */
struct umm_memory_demand {
	uint64_t size_min_bytes, size_max_bytes;
	bool contiguous;
	bool iommu;
	bool secure;
	uint64_t address_align_bytes; /**< power of two */
	uint64_t address_max;	      /**< highest byte address the device reaches: a DMA mask */
	uint64_t segments_max_count, segments_max_bytes, segments_boundary_bytes;
	uint32_t coherency; /**< set of enum umm_coherency */
	enum umm_cache cache;
	uint32_t imports;	  /**< set of enum umm_heap_class */
	const char *const *heaps; /**< permitted heap names, NULL-terminated; NULL: any. Copied. */
	uint64_t pad_end_bytes;
};

/** Alignment of one plane. */
struct umm_plane_demand {
	uint64_t stride_divisor_bytes, offset_divisor_bytes;
};

/** Most entries of the fixed lists below; a document in JSON has no such limit. */
#define UMM_DEMAND_FORMATS   32
#define UMM_DEMAND_MODIFIERS 32
#define UMM_DEMAND_SIZES     8

/** One entry of `formats`: an atomic tuple, its limits never mix with another entry's. */
struct umm_format_demand {
	uint32_t formats[UMM_DEMAND_FORMATS]; /**< fourccs, ended by 0 or by the array's end */
	bool any_format;		      /**< instead of `formats` */
	uint64_t modifiers[UMM_DEMAND_MODIFIERS];
	unsigned n_modifiers;  /**< 0: the document's default (LINEAR, or any where the format is
				  any) */
	bool any_modifier;     /**< instead of `modifiers` */
	uint32_t color_spaces; /**< set of enum umm_color_space; 0: no demand */
	enum umm_alpha alpha;
	struct umm_size size_min, size_max, size_align;
	uint64_t size_area_max;
	struct umm_size required_sizes[UMM_DEMAND_SIZES]; /**< ended by {0, 0} */
	struct umm_size required_min_size;
	uint64_t stride_min_bytes, stride_max_bytes, stride_divisor_bytes;
	bool stride_whole_pixels;
	bool stride_exact;
	uint64_t offset_divisor_bytes;
	struct umm_plane_demand planes[UMM_MAX_PLANES];
	enum umm_handles handles;
	uint64_t rows_align;
	struct umm_size pad_block;
	uint64_t extra_rows, total_min_bytes;
	uint64_t cost;
};

/**
 * Start a participant that states nothing yet.
 *
 * `name` is copied; it must be unique in its collection. *out is yours: umm_constraints_destroy().
 * Returns 0, -EINVAL (no name, or not UTF-8), -ENOMEM. Since 0.1.
 */
UMM_API UMM_MUST_CHECK int umm_constraints_create(const char *name, struct umm_constraints **out);

/**
 * Take a participant from its JSON text: a PARTICIPANT or GROUP object of the constraint document.
 *
 * Only the syntax is checked here; whether the demands are valid is told when the collection is
 * sealed, or by umm_solve_participants(). `size` is in bytes, no NUL is needed. *out is yours:
 * umm_constraints_destroy(). Returns 0, -EBADMSG (not JSON, or not an object), -EINVAL (no name),
 * -ENOMEM. Since 0.1.
 */
UMM_API UMM_MUST_CHECK int umm_constraints_from_json(const char *text, size_t size,
						     struct umm_constraints **out);

/** The participant as JSON, NUL-terminated; *out is yours: free(). Returns 0 or -ENOMEM. Since 0.1.
 */
UMM_API UMM_MUST_CHECK int umm_constraints_to_json(const struct umm_constraints *constraints,
						   char **out);

/** Destroy; NULL is fine. Since 0.1. */
UMM_API void umm_constraints_destroy(struct umm_constraints *constraints);

/** The name given at creation; lives as long as the object. Since 0.1. */
UMM_API const char *umm_constraints_name(const struct umm_constraints *constraints);

/**
 * State one part of the demands. A second call replaces what the first said;
 * umm_constraints_add_format() appends. Structures are copied.
 *
 * Each returns 0; -EINVAL: a value the document cannot express (also a usage of 0, and a format
 * demand without a format), or the participant has alternatives; or -ENOMEM; and on failure leaves
 * the object as it was. Since 0.1.
 */
UMM_API UMM_MUST_CHECK int umm_constraints_set_usage(struct umm_constraints *constraints,
						     uint32_t usage);
UMM_API UMM_MUST_CHECK int umm_constraints_set_buffers(struct umm_constraints *constraints,
						       const struct umm_buffer_demand *demand);
UMM_API UMM_MUST_CHECK int umm_constraints_set_memory(struct umm_constraints *constraints,
						      const struct umm_memory_demand *demand);
UMM_API UMM_MUST_CHECK int umm_constraints_add_format(struct umm_constraints *constraints,
						      const struct umm_format_demand *demand);

/**
 * Let the participant take part as exactly one of several: a camera with discrete sizes, a display
 * with modes. The first alternative that fits everybody is taken, so add the preferred ones first;
 * among members, the producer's order of preference counts before its consumers'.
 *
 * `constraints` states nothing itself, before or after: everything, buffers and memory included, is
 * said by the alternative, which is copied and must not have alternatives of its own. Its name is
 * what tells it from the others: "640x480" in "camera" appears as "camera@640x480".
 *
 *	umm_constraints_create("camera", &camera);
 *	for (each size) {
 *		umm_constraints_create("640x480", &alternative);
 *		umm_constraints_set_usage(alternative, UMM_USAGE_VIDEO);
 *		umm_constraints_add_format(alternative, &format);
 *		umm_constraints_add_alternative(camera, alternative);
 *		umm_constraints_destroy(alternative);
 *	}
 *
 * Returns 0, -EEXIST (an alternative of that name), -EINVAL (`constraints` states demands, or
 * `alternative` has alternatives), -ENOMEM; on failure nothing has changed. Since 0.1.
 */
UMM_API UMM_MUST_CHECK int
umm_constraints_add_alternative(struct umm_constraints *constraints,
				const struct umm_constraints *alternative);

UMM_END_DECLS

#endif
