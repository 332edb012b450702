/* SPDX-License-Identifier: MIT */
#include "device/picture.h"

bool umm_same_picture(const struct umm_layout *a, const struct umm_layout *b)
{
	bool same = a->format == b->format && a->modifier == b->modifier &&
		    a->width_px == b->width_px && a->height_px == b->height_px &&
		    a->n_planes == b->n_planes;
	for (unsigned i = 0; i < a->n_planes && same; i++)
		same = a->planes[i].offset_bytes == b->planes[i].offset_bytes &&
		       a->planes[i].stride_bytes == b->planes[i].stride_bytes;
	return same;
}
