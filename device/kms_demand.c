/* SPDX-License-Identifier: MIT */
/**
 * The planes cover their CRTC, so an image has the size of a mode: each mode is an alternative
 * of its own, in which it is the only size. The smallest comes first, so that of those that hold a
 * picture the one that fits it best is taken; around a smaller picture the image stays black. The
 * mode is set when it is known which one was agreed on.
 *
 * Drivers tell formats and modifiers, neither how rows must be aligned nor whose memory they can
 * scan out: the first framebuffer, on trial, tells that. Rows aligned as the driver's own come
 * first, in an alternative before that of all others; a camera may know no such rows.
 */
#include "device/kms_demand.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os/cleanup.h"

#define COST_OTHER_FORMATS   1
#define COST_OVERLAY_FORMATS 2 /* the driver may want a second picture below */

#define LEAST_ALIGN	     4 /* bytes of a pixel of what is asked: no wish of the driver's */

UMM_DEFINE_AUTO(umm_constraints, umm_constraints_destroy)

/* What the kernel calls a dma-buf, whoever made it. Pixels in huge pages under a udmabuf are of
   that class, too: whether they arrive is for a trial that looks at them. */
static const struct umm_memory_demand memory = {
	.imports = UMM_HEAP_UDMABUF | UMM_HEAP_DMA_HEAP | UMM_HEAP_DRM | UMM_HEAP_V4L2 |
		   UMM_HEAP_CARVEOUT,
};

/* What all alternatives are made of. */
struct offer {
	const struct umm_kms_formats *formats;
	uint32_t stride_align;
	const char *wish;
};

/* One demand for formats that have the same modifiers, as many as fit. */
static unsigned group(const struct umm_kms_formats *formats, unsigned first,
		      struct umm_format_demand *out)
{
	const struct umm_kms_format *head = &formats->list[first];
	unsigned n = 0;
	while (first + n < formats->n && n < UMM_DEMAND_FORMATS &&
	       umm_kms_formats_alike(head, &formats->list[first + n]) &&
	       (first > 0 || n == 0)) { /* the best stands alone, for it costs nothing */
		out->formats[n] = formats->list[first + n].fourcc;
		n++;
	}
	memcpy(out->modifiers, head->modifiers, head->n_modifiers * sizeof(out->modifiers[0]));
	out->n_modifiers = head->n_modifiers;
	out->cost = head->second ? COST_OVERLAY_FORMATS : first > 0 ? COST_OTHER_FORMATS : 0;
	return n;
}

static int add_formats(struct umm_constraints *constraints, const struct umm_kms_formats *formats,
		       struct umm_size size, uint32_t stride_align)
{
	int ret = 0;
	for (unsigned at = 0; at < formats->n && ret == 0;) {
		struct umm_format_demand demand = {
			.size_min = size,
			.size_max = size,
			.required_sizes = { size },
			.handles = UMM_HANDLES_ONE,
			.stride_divisor_bytes = stride_align,
		};
		at += group(formats, at, &demand);
		ret = umm_constraints_add_format(constraints, &demand);
	}
	return ret;
}

static int state_mode(const char *name, const drmModeModeInfo *mode,
		      const struct umm_kms_formats *formats, uint32_t stride_align,
		      struct umm_constraints **out)
{
	umm_auto(umm_constraints, constraints) = NULL;
	struct umm_size size = { mode->hdisplay, mode->vdisplay };
	int ret = umm_constraints_create(name, &constraints);
	if (ret == 0)
		ret = umm_constraints_set_usage(constraints, UMM_USAGE_DISPLAY);
	if (ret == 0)
		ret = umm_constraints_set_buffers(
			constraints, &(struct umm_buffer_demand){ .camping = UMM_KMS_CAMPING });
	if (ret == 0)
		ret = umm_constraints_set_memory(constraints, &memory);
	if (ret == 0)
		ret = add_formats(constraints, formats, size, stride_align);
	if (ret == 0)
		*out = umm_steal(constraints);
	return ret;
}

/* Rows of any whole number of bytes are aligned, whatever the format. */
static bool is_aligned(const struct offer *offer, const drmModeModeInfo *mode)
{
	return offer->stride_align <= LEAST_ALIGN || mode->hdisplay % offer->stride_align == 0;
}

static int add_alternative(struct umm_constraints *modes, const drmModeModeInfo *mode,
			   const struct offer *offer, uint32_t stride_align, const char *tail)
{
	char name[64];
	umm_auto(umm_constraints, alternative) = NULL;
	snprintf(name, sizeof(name), "%ux%u%s%s%s", mode->hdisplay, mode->vdisplay,
		 offer->wish[0] != '\0' ? ",plane=" : "", offer->wish, tail);
	int ret = state_mode(name, mode, offer->formats, stride_align, &alternative);
	return ret < 0 ? ret : umm_constraints_add_alternative(modes, alternative);
}

static int add_mode(struct umm_constraints *modes, const drmModeModeInfo *mode,
		    const struct offer *offer)
{
	if (is_aligned(offer, mode))
		return add_alternative(modes, mode, offer, 0, "");
	int ret = add_alternative(modes, mode, offer, offer->stride_align, "");
	return ret < 0 ? ret : add_alternative(modes, mode, offer, 0, ",stride=any");
}

static int by_area(const void *a, const void *b)
{
	const drmModeModeInfo *one = *(const drmModeModeInfo *const *)a;
	const drmModeModeInfo *other = *(const drmModeModeInfo *const *)b;
	int area = one->hdisplay * one->vdisplay, other_area = other->hdisplay * other->vdisplay;
	return area != other_area ? (area > other_area) - (area < other_area)
				  : one->hdisplay - other->hdisplay;
}

static int add_modes(struct umm_constraints *modes, const struct umm_kms_output *output,
		     const struct offer *offer)
{
	const drmModeModeInfo *sorted[UMM_KMS_MODES_MAX];
	for (unsigned i = 0; i < output->n_modes; i++)
		sorted[i] = &output->modes[i];
	qsort(sorted, output->n_modes, sizeof(sorted[0]), by_area);
	int ret = 0;
	for (unsigned i = 0; i < output->n_modes && ret == 0; i++)
		ret = add_mode(modes, sorted[i], offer);
	return ret;
}

int umm_kms_demand(const char *name, const struct umm_kms_output *output,
		   const struct umm_kms_formats *formats, uint32_t stride_align, const char *wish,
		   struct umm_constraints **out)
{
	const struct offer offer = { formats, stride_align, wish };
	if (output->n_modes == 1 && wish[0] == '\0' && is_aligned(&offer, &output->modes[0]))
		return state_mode(name, &output->modes[0], formats, 0, out);
	umm_auto(umm_constraints, modes) = NULL;
	int ret = umm_constraints_create(name, &modes);
	if (ret == 0)
		ret = add_modes(modes, output, &offer);
	if (ret == 0)
		*out = umm_steal(modes);
	return ret;
}
