/* SPDX-License-Identifier: MIT */
#include "device/driven.h"
#include "device/refuse.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "os/cleanup.h"
#include "os/memfd.h"

#define PAGE_BYTES   4096u
#define MOST_MAPPING (UMM_MAX_BUFFERS + UMM_DRIVEN_MEMORIES)
#define MOST_PIECES  65536u /* without an IOMMU each page of a buffer may be one */

/* ---- open and close ---- */

int umm_driven_init(struct umm_driven *driven, const char *node, const struct umm_device_opts *opts,
		    const struct umm_driven_ops *ops, char *why)
{
	if (opts->partner != NULL || opts->connector != NULL || opts->rate.num != 0)
		return umm_device_refuse(node, why, -EINVAL,
					 "partner, connector and rate are its driver's business");
	int ret = umm_pci_look(node, &driven->pci);
	if (ret == -EINVAL)
		return umm_device_refuse(node, why, ret,
					 "not an address of PCI, as in 0000:00:04.0");
	if (ret < 0)
		return umm_device_refuse(node, why, ret, "no such device: %s", strerror(-ret));
	driven->ops = ops;
	driven->size = opts->size;
	driven->format = opts->format;
	driven->direction = opts->direction != 0 ? opts->direction : UMM_DEVICE_WRITES;
	driven->address_max = opts->address_max != 0 ? opts->address_max : UINT64_MAX;
	return 0;
}

int umm_driven_init_dma(struct umm_driven *driven, struct umm_dma_options *options)
{
	options->name = driven->pci.address;
	options->limits.mask = options->limits.coherent_mask = driven->address_max;
	options->limits.coherent = true; /* the kinds take no others */
	options->max_mappings = MOST_MAPPING;
	options->max_pieces = MOST_PIECES;
	uint64_t bytes = umm_dma_device_bytes(options);
	driven->books = bytes > 0 ? malloc(bytes) : NULL;
	if (driven->books == NULL)
		return -ENOMEM;
	int ret = umm_dma_device_init(&driven->dma, options, driven->books, bytes);
	if (ret < 0) {
		free(driven->books);
		driven->books = NULL;
	}
	return ret;
}

static int set_master(struct umm_driven *driven, bool on)
{
	int ret = driven->ops->set_master(driven, on);
	if (ret == 0)
		driven->is_master = on;
	return ret;
}

/* device.c has detached all buffers. The device must have stopped before memory goes; unless it was
 * only looked at, and somebody else may be driving it (uio shares devices). */
void umm_driven_close(void *state)
{
	struct umm_driven *driven = state;
	if (driven->is_master)
		(void)set_master(driven, false);
	umm_driven_give_all(driven);
	for (unsigned i = 0; i < UMM_PCI_REGIONS; i++)
		if (driven->regions[i].map != NULL)
			munmap(driven->regions[i].map, driven->regions[i].size_bytes);
	if (driven->books != NULL)
		umm_dma_device_finish(&driven->dma);
	driven->ops->finish(driven);
	free(driven->books);
	free(driven);
}

const char *umm_driven_node(const void *state)
{
	return ((const struct umm_driven *)state)->pci.address;
}

const char *umm_driven_driver(const void *state)
{
	const struct umm_driven *driven = state;
	return driven->pci.driver[0] != '\0' ? driven->pci.driver : "none";
}

enum umm_device_direction umm_driven_direction(const void *state)
{
	return ((const struct umm_driven *)state)->direction;
}

/* ---- buffers ---- */

static int map_for_device(struct umm_driven *driven, const struct umm_buffer *buffer,
			  struct umm_driven_slot *slot)
{
	uint64_t pages = slot->size_bytes / PAGE_BYTES;
	umm_autofree struct umm_range *runs = calloc(2 * pages, sizeof(*runs));
	if (runs == NULL)
		return -ENOMEM;
	struct umm_sg memory, segments;
	umm_sg_init(&memory, runs, (uint32_t)pages);
	umm_sg_init(&segments, runs + pages, (uint32_t)pages);
	int ret = driven->ops->locate(buffer, slot->map, slot->size_bytes, &memory);
	return ret < 0 ? ret
		       : umm_dma_map_buffer(&driven->dma, &memory, &slot->use, &segments,
					    &slot->mapping);
}

static int refuse_map(const struct umm_driven *driven, uint64_t size, int error, char *why)
{
	const char *node = driven->pci.address;
	switch (error) {
	case -ENOMEM:
		return umm_device_refuse(node, why, error,
					 "%llu bytes cannot be pinned for it: %s (ulimit -l)",
					 (unsigned long long)size, strerror(-error));
	case -EACCES:
		return umm_device_refuse(node, why, error,
					 "where memory is may be known to those with CAP_SYS_ADMIN "
					 "only");
	case -EXDEV:
		return umm_device_refuse(
			node, why, error,
			"the memory file is not what is under the dma-buf: what is "
			"written through the one is not seen in the other, so "
			"nobody keeps its pages in their place");
	case -ENOSPC:
	case -ERANGE:
	case -EPERM:
		return umm_device_refuse(node, why, error,
					 "it reaches addresses up to 0x%llx, the buffer is not "
					 "all there",
					 (unsigned long long)driven->address_max);
	default:
		return umm_device_refuse(node, why, error, "the memory cannot be mapped: %s",
					 strerror(-error));
	}
}

/* Through the mapping the kernel finds the pages; nobody is to touch them by it. */
static int map_file(struct umm_driven *driven, const struct umm_buffer *buffer,
		    struct umm_driven_slot *slot)
{
	int fd = umm_buffer_memory_fd(buffer);
	bool writes = driven->direction & UMM_DEVICE_WRITES;
	int ret = umm_memfd_sealed_size(fd, &slot->size_bytes);
	if (ret == 0)
		ret = umm_map_fd(fd, slot->size_bytes, writes ? UMM_MAP_WRITE : UMM_MAP_READ,
				 &slot->map);
	if (ret < 0)
		return ret;
	ret = map_for_device(driven, buffer, slot);
	if (ret == 0 && mprotect(slot->map, slot->size_bytes, PROT_NONE) < 0) {
		ret = -errno;
		umm_dma_unmap_buffer(slot->mapping, &slot->use);
	}
	if (ret < 0)
		umm_unmap(slot->map, slot->size_bytes);
	return ret;
}

static enum umm_dma_direction dma_direction(const struct umm_driven *driven)
{
	return (driven->direction & UMM_DEVICE_WRITES ? UMM_DMA_FROM_DEVICE : 0) |
	       (driven->direction & UMM_DEVICE_READS ? UMM_DMA_TO_DEVICE : 0);
}

int umm_driven_attach(void *state, unsigned slot, struct umm_buffer *buffer, char *why)
{
	struct umm_driven *driven = state;
	if (umm_buffer_memory_fd(buffer) < 0)
		return umm_device_refuse(driven->pci.address, why, -EFAULT,
					 "there is no memory file whose pages could be pinned");
	int ret = driven->ops->check_file(driven, buffer, why);
	if (ret < 0)
		return ret;
	struct umm_driven_slot attached = {
		.use = { .buffer = umm_buffer_name(buffer),
			 .site = UMM_DMA_HERE,
			 .direction = dma_direction(driven) },
	};
	ret = map_file(driven, buffer, &attached);
	if (ret < 0)
		return refuse_map(driven, attached.size_bytes, ret, why);
	driven->slots[slot] = attached;
	return 0;
}

void umm_driven_detach(void *state, unsigned slot)
{
	struct umm_driven *driven = state;
	struct umm_driven_slot *attached = &driven->slots[slot];
	umm_dma_unmap_buffer(attached->mapping, &attached->use);
	umm_unmap(attached->map, attached->size_bytes);
	*attached = (struct umm_driven_slot){ 0 };
}

/* ---- work ---- */

int umm_driven_start(void *state)
{
	return set_master(state, true);
}

int umm_driven_stop(void *state)
{
	return set_master(state, false);
}

int umm_driven_submit(void *state, unsigned slot, const struct umm_frame_info *info)
{
	(void)state, (void)slot, (void)info;
	return -EOPNOTSUPP;
}

int umm_driven_complete(void *state, int64_t timeout_ns, unsigned *out_slot,
			struct umm_frame_info *out_info, int *out_error)
{
	(void)state, (void)timeout_ns, (void)out_slot, (void)out_info, (void)out_error;
	return -EOPNOTSUPP;
}
