/* SPDX-License-Identifier: MIT */
#include "os/dmaheap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/dma-heap.h>

#include "os/cleanup.h"
#include "os/ioctl.h"

/* The kernel wants no more than the right to read the node (DMA_HEAP_IOCTL_ALLOC is _IOWR). */
static int open_node(const char *node, int *out_fd)
{
	int fd = open(node, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	*out_fd = fd;
	return 0;
}

int umm_dmaheap_check(const char *node)
{
	umm_autofd fd = -1;
	return open_node(node, &fd);
}

int umm_dmaheap_allocate(const char *node, uint64_t size_bytes, int *out_fd)
{
	struct dma_heap_allocation_data request = {
		.len = size_bytes,
		.fd_flags = O_RDWR | O_CLOEXEC,
	};
	umm_autofd fd = -1;
	int ret = open_node(node, &fd);
	if (ret == 0)
		ret = umm_ioctl(fd, DMA_HEAP_IOCTL_ALLOC, &request);
	if (ret < 0)
		return ret;
	*out_fd = (int)request.fd;
	return 0;
}
