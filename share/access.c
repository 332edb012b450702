/* SPDX-License-Identifier: MIT */
#include "share/access.h"

#include <errno.h>
#include <stdbool.h>

#define COUNT_BITS 16
#define COUNT_MAX  UINT64_C(0xffff)

static unsigned count_shift(enum umm_access access)
{
	return ((unsigned)access - 1) * COUNT_BITS;
}

static uint64_t count_of(uint64_t counts, enum umm_access access)
{
	return (counts >> count_shift(access)) & COUNT_MAX;
}

static bool contradicts(uint64_t counts, enum umm_access access)
{
	if (count_of(counts, UMM_ACCESS_READ_WRITE) > 0)
		return false;
	bool reading = count_of(counts, UMM_ACCESS_READ) > 0;
	bool writing = count_of(counts, UMM_ACCESS_WRITE) > 0;
	return ((access & UMM_ACCESS_WRITE) && reading) || ((access & UMM_ACCESS_READ) && writing);
}

static bool valid(enum umm_access access)
{
	return access >= UMM_ACCESS_READ && access <= UMM_ACCESS_READ_WRITE;
}

int umm_access_begin(struct umm_access_book *book, enum umm_access access)
{
	if (!valid(access))
		return -EINVAL;

	uint64_t counts = atomic_load_explicit(&book->counts, memory_order_relaxed);
	do {
		if (contradicts(counts, access))
			return -EBUSY;
		if (count_of(counts, access) == COUNT_MAX)
			return -EOVERFLOW;
	} while (!atomic_compare_exchange_weak(&book->counts, &counts,
					       counts + (UINT64_C(1) << count_shift(access))));
	return 0;
}

int umm_access_end(struct umm_access_book *book, enum umm_access access)
{
	if (!valid(access))
		return -EINVAL;

	uint64_t counts = atomic_load_explicit(&book->counts, memory_order_relaxed);
	do {
		if (count_of(counts, access) == 0)
			return -EINVAL;
	} while (!atomic_compare_exchange_weak(&book->counts, &counts,
					       counts - (UINT64_C(1) << count_shift(access))));
	return 0;
}

unsigned umm_access_open(const struct umm_access_book *book)
{
	uint64_t counts = atomic_load(&book->counts);
	unsigned open = 0;
	for (unsigned access = UMM_ACCESS_READ; access <= UMM_ACCESS_READ_WRITE; access++)
		if (count_of(counts, (enum umm_access)access) > 0)
			open |= access;
	return open;
}

const char *umm_access_name(unsigned directions)
{
	static const char *const names[] = { "no", "read", "write", "read and write" };
	return names[directions & UMM_ACCESS_READ_WRITE];
}
