/* SPDX-License-Identifier: MIT */
/** Documentation/admin-guide/mm/pagemap.rst: one 64-bit word for each page. */
#include "os/pagemap.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "os/cleanup.h"
#include "os/page.h"

#define PRESENT	   (UINT64_C(1) << 63)
#define FRAME_MASK ((UINT64_C(1) << 55) - 1)

static int read_word(uint64_t index, uint64_t *out)
{
	umm_autofd fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ssize_t n = pread(fd, out, sizeof(*out), (off_t)(index * sizeof(*out)));
	if (n < 0)
		return errno == EPERM ? -EACCES : -errno;
	return n == (ssize_t)sizeof(*out) ? 0 : -ENXIO;
}

int umm_physical_address(const void *address, uint64_t *out)
{
	uint64_t page_bytes = umm_page_bytes(), word = 0;
	int ret = read_word((uintptr_t)address / page_bytes, &word);
	if (ret < 0)
		return ret;
	if ((word & PRESENT) == 0)
		return -ENXIO;
	/* Without the right to know, the frame number reads as 0; frame 0 is never ours. */
	if ((word & FRAME_MASK) == 0)
		return -EACCES;
	*out = (word & FRAME_MASK) * page_bytes + (uintptr_t)address % page_bytes;
	return 0;
}
