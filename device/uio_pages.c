/* SPDX-License-Identifier: MIT */
#include "device/uio_pages.h"

#include <errno.h>
#include <sys/random.h>

#include "os/dmabuf.h"
#include "os/memfd.h"
#include "os/pagemap.h"

#define PAGE_BYTES 4096u
#define ROUNDS	   4 /* nobody copies from one file to the other so fast every time */

/* ---- the same pages? ---- */

static uint64_t next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static bool is_seen(volatile uint64_t *written, const volatile uint64_t *seen, uint64_t *state)
{
	uint64_t kept = *written;
	bool same = true;
	for (int i = 0; i < ROUNDS && same; i++) {
		uint64_t word = next(state);
		*written = word;
		same = *seen == word;
	}
	*written = kept;
	return same;
}

int umm_uio_compare(volatile void *written, const volatile void *seen, uint64_t size_bytes)
{
	uint64_t state;
	if (getrandom(&state, sizeof(state), 0) != (ssize_t)sizeof(state))
		return -errno;
	state |= 1; /* never 0 from here on */
	for (uint64_t at = 0; at < size_bytes; at += PAGE_BYTES) {
		volatile void *there = (volatile char *)written + at;
		const volatile void *here = (const volatile char *)seen + at;
		if (!is_seen(there, here, &state))
			return -EXDEV;
	}
	return 0;
}

static int compare_with_dmabuf(int dmabuf, const void *map, uint64_t size_bytes)
{
	uint64_t dmabuf_bytes;
	void *written;
	int ret = umm_dmabuf_size(dmabuf, &dmabuf_bytes);
	if (ret == 0 && dmabuf_bytes != size_bytes)
		ret = -EXDEV;
	if (ret == 0)
		ret = umm_map_fd(dmabuf, size_bytes, UMM_MAP_WRITE, &written);
	if (ret != 0)
		return ret;
	ret = umm_uio_compare(written, map, size_bytes);
	umm_unmap(written, size_bytes);
	return ret;
}

/* ---- where ---- */

static int locate(const char *map, uint64_t size_bytes, struct umm_sg *out)
{
	int ret = 0;
	for (uint64_t at = 0; at < size_bytes && ret == 0; at += PAGE_BYTES) {
		uint64_t physical;
		ret = umm_physical_address(map + at, &physical);
		if (ret == 0)
			ret = umm_sg_join(out, (struct umm_range){ physical, PAGE_BYTES }, NULL);
	}
	return ret;
}

bool umm_uio_is_pinned(const struct umm_buffer *buffer)
{
	return umm_buffer_memory_fd(buffer) != umm_buffer_fd(buffer);
}

int umm_uio_locate(const struct umm_buffer *buffer, const void *map, uint64_t size_bytes,
		   struct umm_sg *out)
{
	int ret = locate(map, size_bytes, out);
	return ret == 0 && umm_uio_is_pinned(buffer)
		       ? compare_with_dmabuf(umm_buffer_fd(buffer), map, size_bytes)
		       : ret;
}
