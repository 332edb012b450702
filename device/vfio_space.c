/* SPDX-License-Identifier: MIT */
#include "device/vfio_space.h"

#include <errno.h>
#include <stdlib.h>

#include "os/pci.h"

#define MOST_RUNS 4096 /* buffers, queues, and what the cache keeps */

static uint64_t smallest_page(const struct umm_vfio_iommu *iommu)
{
	return iommu->page_sizes & (~iommu->page_sizes + 1);
}

/* ---- which addresses ---- */

/* Whole pages of what lies between two bytes. */
static void add_part(struct umm_vfio_space *space, uint64_t first, uint64_t last, uint64_t page)
{
	uint64_t start = umm_align_down(first + page - 1, page);
	if (start < first || last < start || last - start < page - 1 ||
	    space->n_parts == UMM_VFIO_MOST_PARTS)
		return;
	uint64_t more = last - start;
	uint64_t size =
		more == UINT64_MAX ? umm_align_down(more, page) : umm_align_down(more + 1, page);
	space->parts[space->n_parts++] = (struct umm_range){ start, size };
}

void umm_vfio_space_start(struct umm_vfio_space *space, const struct umm_vfio_iommu *iommu,
			  uint64_t address_max)
{
	uint64_t page = smallest_page(iommu);
	space->n_parts = 0;
	for (unsigned i = 0; i < iommu->n_ranges; i++) {
		struct umm_range range = iommu->ranges[i];
		uint64_t last = umm_range_last(range);
		add_part(space, range.start < page ? page : range.start,
			 last < address_max ? last : address_max, page);
	}
}

void umm_vfio_space_exclude(struct umm_vfio_space *space, struct umm_range window, uint64_t page)
{
	unsigned n = space->n_parts;
	uint64_t first = umm_align_down(window.start, page);
	uint64_t last = umm_range_last(window) | (page - 1);
	for (unsigned i = 0; i < n;) {
		struct umm_range part = space->parts[i];
		uint64_t part_last = umm_range_last(part);
		if (part_last < first || last < part.start) {
			i++;
			continue;
		}
		space->parts[i] = space->parts[--n];
		space->parts[n] = space->parts[--space->n_parts];
		if (part.start < first)
			add_part(space, part.start, first - 1, page);
		if (last < part_last)
			add_part(space, last + 1, part_last, page);
	}
}

struct exclusion {
	struct umm_vfio_space *space;
	uint64_t page;
};

static void exclude_window(void *user, struct umm_range window)
{
	const struct exclusion *exclusion = user;
	umm_vfio_space_exclude(exclusion->space, window, exclusion->page);
}

/* ---- the allocator ---- */

static void widen(struct umm_range *hull, struct umm_range range)
{
	if (hull->size == 0) {
		*hull = range;
		return;
	}
	uint64_t start = range.start < hull->start ? range.start : hull->start;
	uint64_t last = umm_range_last(range), old = umm_range_last(*hull);
	*hull = (struct umm_range){ start, (last > old ? last : old) - start + 1 };
}

static int add_parts(struct umm_vfio_space *space)
{
	int ret = 0;
	for (unsigned i = 0; i < space->n_parts && ret == 0; i++) {
		ret = umm_iova_add(&space->iova, space->parts[i]);
		widen(&space->hull, space->parts[i]);
	}
	return ret < 0 ? ret : space->hull.size > 0 ? 0 : -ERANGE;
}

static int open_space(struct umm_vfio_space *space, const struct umm_iova_config *config)
{
	size_t bytes = umm_iova_memory(config), cache_bytes = umm_iova_cache_memory(config);
	space->books = malloc(bytes);
	space->cache_books = malloc(cache_bytes + 1);
	if (bytes == 0 || space->books == NULL || space->cache_books == NULL)
		return -ENOMEM;
	int ret = umm_iova_init(&space->iova, config, space->books, bytes);
	return ret < 0 ? ret
		       : umm_iova_cache_init(&space->cache, &space->iova, space->cache_books,
					     cache_bytes);
}

int umm_vfio_space_init(struct umm_vfio_space *space, const struct umm_vfio_iommu *iommu,
			uint64_t address_max)
{
	struct umm_iova_config config = {
		.granule_bytes = smallest_page(iommu),
		.max_runs = MOST_RUNS,
		.max_apertures = UMM_VFIO_MOST_PARTS,
		.checks = UMM_IOVA_CHECKED,
	};
	struct exclusion exclusion = { space, config.granule_bytes };
	umm_vfio_space_start(space, iommu, address_max);
	umm_pci_each_window(exclude_window, &exclusion);
	space->hull = (struct umm_range){ 0 };
	int ret = open_space(space, &config);
	if (ret == 0)
		ret = add_parts(space);
	if (ret < 0) {
		free(space->books);
		free(space->cache_books);
		space->books = space->cache_books = NULL;
	}
	return ret;
}

/* Nothing is behind them but their memory. */
void umm_vfio_space_finish(struct umm_vfio_space *space)
{
	free(space->books);
	free(space->cache_books);
}
