/* SPDX-License-Identifier: MIT */
#include "device/dma_virtual.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "device/dma_cpu.h"
#include "os/log.h"

static void *pointer(uint64_t address)
{
	return (void *)(uintptr_t)address;
}

void umm_virtual_clean(void *machine, struct umm_range memory)
{
	(void)machine;
	umm_lines_clean(pointer(memory.start), memory.size);
}

void umm_virtual_invalidate(void *machine, struct umm_range memory)
{
	(void)machine;
	umm_lines_flush(pointer(memory.start), memory.size);
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

void umm_virtual_give(void *machine, struct umm_range memory)
{
	(void)machine;
	munmap(pointer(memory.start), memory.size);
}

int umm_virtual_ioctl(umm_ioctl function, int fd, unsigned long request, void *argument)
{
	int ret;
	do {
		ret = function != NULL ? function(fd, request, argument)
				       : ioctl(fd, request, argument);
	} while (ret < 0 && errno == EINTR);
	return ret < 0 ? -errno : 0;
}

void umm_virtual_judge_unmap(const char *kernel, struct umm_range device, int ret, uint64_t done,
			     uint64_t *failed)
{
	if (ret == 0 && done == device.size)
		return;
	(*failed)++;
	umm_log(UMM_LOG_ERROR, "%s unmapped %llu of %llu bytes at 0x%llx: %d", kernel,
		ret == 0 ? (unsigned long long)done : 0ull, (unsigned long long)device.size,
		(unsigned long long)device.start, ret);
}

void umm_virtual_flush(void *iommu, struct umm_range device)
{
	(void)iommu, (void)device;
}
