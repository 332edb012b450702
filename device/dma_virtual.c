/* SPDX-License-Identifier: MIT */
#include "device/dma_virtual.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "device/dma_cpu.h"

static void *pointer(uint64_t address)
{
	return (void *)(uintptr_t)address;
}

void umm_virtual_clean(void *machine, struct umm_run memory)
{
	(void)machine;
	umm_lines_clean(pointer(memory.address), memory.size);
}

void umm_virtual_invalidate(void *machine, struct umm_run memory)
{
	(void)machine;
	umm_lines_flush(pointer(memory.address), memory.size);
}

void umm_virtual_order(void *machine)
{
	(void)machine;
	umm_lines_order();
}

void umm_virtual_copy(void *machine, uint64_t to, uint64_t from, uint64_t size_bytes)
{
	(void)machine;
	memcpy(pointer(to), pointer(from), size_bytes);
}

/* More than is needed, cut to the aligned part. */
int umm_virtual_take(void *machine, const struct umm_dma_memory_want *want, uint64_t *memory)
{
	(void)machine;
	uint64_t all = want->size_bytes + want->align_bytes;
	if (all < want->size_bytes || all > SIZE_MAX)
		return -ENOMEM;
	char *start = mmap(NULL, all, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (start == MAP_FAILED)
		return -errno;
	uint64_t skip = -(uint64_t)(uintptr_t)start & (want->align_bytes - 1);
	if (skip > 0)
		munmap(start, skip);
	munmap(start + skip + want->size_bytes, all - skip - want->size_bytes);
	*memory = (uintptr_t)start + skip;
	return 0;
}

void umm_virtual_give(void *machine, struct umm_run memory)
{
	(void)machine;
	munmap(pointer(memory.address), memory.size);
}
