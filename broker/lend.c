/* SPDX-License-Identifier: MIT */
/**
 * An arena for a broker: its process's word that those who come to it trust each other.
 *
 * It is offered to the heap `arena` of the process as well, so that collections which demand
 * contiguous memory make those move that do not.
 */
#include "broker/lend.h"

#include <errno.h>

#include "broker/server.h"
#include "os/cleanup.h"
#include "os/hugepages.h"

void umm_broker_lend(struct umm_broker *broker, struct umm_arena *arena)
{
	broker->arena = arena;
}

struct umm_arena *umm_broker_arena(const struct umm_broker *broker)
{
	return broker->arena;
}

int umm_broker_lend_arena(struct umm_broker *broker, uint64_t size_bytes)
{
	if (broker->arena != NULL)
		return -EBUSY;
	umm_autofd turn = umm_hugepages_lock();
	(void)turn;
	uint64_t free_pages = 0;
	(void)umm_hugepages_free(&free_pages);
	if (size_bytes > free_pages * UMM_HUGE_PAGE_BYTES)
		return -ENOMEM;
	int ret = umm_arena_create("umm arena", size_bytes, &broker->own_arena);
	if (ret < 0)
		return ret;
	umm_arena_offer(broker->own_arena);
	umm_broker_lend(broker, broker->own_arena);
	return 0;
}

int umm_broker_get_moves(const struct umm_broker *broker, const char *token, uint64_t *out)
{
	const struct collection *collection = collection_find(broker, token);
	if (collection == NULL)
		return -ENOENT;
	if (collection->pool == NULL || !collection->pool->moves_buffers)
		return -EOPNOTSUPP;
	*out = umm_pool_moves(collection->pool);
	return 0;
}
