/* SPDX-License-Identifier: MIT */
#include "os/udmabuf.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/udmabuf.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "os/cleanup.h"
#include "os/ioctl.h"
#include "os/log.h"

/* drivers/dma-buf/udmabuf.c */
#define DEFAULT_LIST_LIMIT    1024
#define DEFAULT_SIZE_LIMIT_MB 64

#define MIB_SHIFT	      20

static uint32_t read_parameter(const char *path, uint32_t fallback)
{
	FILE *file = fopen(path, "re");
	if (file == NULL)
		return fallback;
	int value;
	if (fscanf(file, "%d", &value) != 1)
		value = (int)fallback;
	fclose(file);
	return value < 0 ? 0 : (uint32_t)value;
}

void umm_udmabuf_get_limits(struct umm_udmabuf_limits *out)
{
	uint64_t mib =
		read_parameter(UMM_UDMABUF_PARAMETERS "size_limit_mb", DEFAULT_SIZE_LIMIT_MB);
	*out = (struct umm_udmabuf_limits){
		.size_max_bytes = mib << MIB_SHIFT,
		.pieces_max =
			read_parameter(UMM_UDMABUF_PARAMETERS "list_limit", DEFAULT_LIST_LIMIT),
	};
}

static int open_node(int *out_fd)
{
	int fd = open(UMM_UDMABUF_NODE, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	*out_fd = fd;
	return 0;
}

int umm_udmabuf_check(void)
{
	umm_autofd fd = -1;
	return open_node(&fd);
}

static bool continues(const struct udmabuf_create_item *item, const struct umm_udmabuf_piece *piece)
{
	return (int)item->memfd == piece->memfd && item->offset + item->size == piece->offset;
}

/* The list has room for all pieces unmerged. Returns the bytes, 0 for a sum that is none. */
static uint64_t fill_list(struct udmabuf_create_list *list, const struct umm_udmabuf_piece *pieces,
			  uint32_t n_pieces)
{
	uint64_t total = 0;
	for (uint32_t i = 0; i < n_pieces; i++) {
		if (pieces[i].size == 0 || pieces[i].size > UINT64_MAX - total)
			return 0;
		total += pieces[i].size;
		if (list->count > 0 && continues(&list->list[list->count - 1], &pieces[i])) {
			list->list[list->count - 1].size += pieces[i].size;
			continue;
		}
		list->list[list->count++] = (struct udmabuf_create_item){
			.memfd = (uint32_t)pieces[i].memfd,
			.offset = pieces[i].offset,
			.size = pieces[i].size,
		};
	}
	return total;
}

static int check_limits(const struct udmabuf_create_list *list, uint64_t total)
{
	struct umm_udmabuf_limits limits;
	umm_udmabuf_get_limits(&limits);
	if (total > limits.size_max_bytes) {
		umm_log(UMM_LOG_ERROR,
			"udmabuf: %llu bytes are more than size_limit_mb = %llu permits; as root: "
			"echo %llu > " UMM_UDMABUF_PARAMETERS "size_limit_mb",
			(unsigned long long)total,
			(unsigned long long)(limits.size_max_bytes >> MIB_SHIFT),
			(unsigned long long)((total - 1) >> MIB_SHIFT) + 1);
		return -EFBIG;
	}
	if (list->count > limits.pieces_max) {
		umm_log(UMM_LOG_ERROR,
			"udmabuf: %u pieces are more than list_limit = %u permits; as root: "
			"echo %u > " UMM_UDMABUF_PARAMETERS "list_limit",
			list->count, limits.pieces_max, list->count);
		return -E2BIG;
	}
	return 0;
}

int umm_udmabuf_create(const struct umm_udmabuf_piece *pieces, uint32_t n_pieces, int *out_fd)
{
	if (n_pieces == 0)
		return -EINVAL;
	umm_autofree struct udmabuf_create_list *list =
		calloc(1, sizeof(*list) + n_pieces * sizeof(list->list[0]));
	if (list == NULL)
		return -ENOMEM;
	list->flags = UDMABUF_FLAGS_CLOEXEC;
	uint64_t total = fill_list(list, pieces, n_pieces);
	int ret = total == 0 ? -EINVAL : check_limits(list, total);
	if (ret < 0)
		return ret;

	umm_autofd node = -1;
	ret = open_node(&node);
	if (ret == 0)
		ret = umm_ioctl(node, UDMABUF_CREATE_LIST, list);
	if (ret < 0)
		return ret;
	*out_fd = ret;
	return 0;
}
