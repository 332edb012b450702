/* SPDX-License-Identifier: MIT */
#include "share/member.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os/cleanup.h"
#include "os/memfd.h"
#include "share/buffer.h"
#include "share/negotiation.h"

struct mapped_block {
	void *map;
	size_t size;
};

struct umm_member {
	char name[UMM_MEMBER_NAME_MAX + 1];
	char pool[UMM_MEMBER_NAME_MAX + 1];
	struct umm_collection *collection;
	enum umm_role role;
	bool guard, memory_file;
	struct umm_trial_opts trial; /* attach NULL: it is not tried */
	unsigned n_buffers;
	struct umm_buffer *buffers[UMM_MAX_BUFFERS];
	struct mapped_block own; /* map NULL until mapped */
	struct mapped_block peers[UMM_MAX_CONSUMERS];
	struct umm_queue_end *end; /* NULL until started; never for observers */
};

int umm_member_create(const struct umm_member_config *config, struct umm_member **out)
{
	struct umm_member *member = calloc(1, sizeof(*member));
	if (member == NULL)
		return -ENOMEM;
	snprintf(member->name, sizeof(member->name), "%s", config->name);
	snprintf(member->pool, sizeof(member->pool), "%s", config->pool);
	member->collection = config->collection;
	member->role = config->role;
	member->guard = config->guard;
	member->memory_file = config->memory_file;
	*out = member;
	return 0;
}

void umm_member_destroy(struct umm_member *member)
{
	if (member == NULL)
		return;
	umm_queue_end_destroy(member->end);
	for (unsigned i = 0; i < UMM_MAX_CONSUMERS; i++)
		umm_unmap(member->peers[i].map, member->peers[i].size);
	umm_unmap(member->own.map, member->own.size);
	for (unsigned i = 0; i < member->n_buffers; i++)
		umm_buffer_unref(member->buffers[i]);
	free(member);
}

enum umm_map_access umm_member_map_access(const struct umm_member *member)
{
	return member->role == UMM_PRODUCER ? UMM_MAP_WRITE : UMM_MAP_READ;
}

/* With the file behind it, where the member asked for that and there is one. */
static int make_buffer(const struct umm_member *member, const struct umm_heap_memory *memory,
		       const struct umm_buffer_config *config, struct umm_buffer **out)
{
	struct umm_buffer *buffer;
	int ret = umm_buffer_create(memory->fd, config, &buffer);
	if (ret < 0)
		return ret;
	if (member->memory_file && memory->backing_fd >= 0)
		ret = umm_buffer_set_memory(buffer, memory->backing_fd);
	if (ret < 0)
		umm_buffer_unref(buffer);
	else
		*out = buffer;
	return ret;
}

static int add_buffer(struct umm_member *member, unsigned index,
		      const struct umm_heap_memory *memory, struct umm_movable_view *take_view,
		      const struct umm_layout *layout)
{
	if (index != member->n_buffers || index >= UMM_MAX_BUFFERS) {
		umm_movable_view_destroy(take_view);
		return -EPROTO;
	}
	struct umm_buffer_config config = {
		.pool = member->pool,
		.owner = member->name,
		.index = index,
		.layout = layout,
		.map = umm_member_map_access(member),
		.guard = member->guard,
		.take_view = take_view,
	};
	int ret = make_buffer(member, memory, &config, &member->buffers[index]);
	if (ret == 0)
		member->n_buffers++;
	return ret;
}

int umm_member_add_buffer(struct umm_member *member, unsigned index,
			  const struct umm_heap_memory *memory, const struct umm_layout *layout)
{
	return add_buffer(member, index, memory, NULL, layout);
}

int umm_member_add_view(struct umm_member *member, unsigned index,
			struct umm_movable_view *take_view, const struct umm_layout *layout)
{
	return add_buffer(member, index, &UMM_HEAP_NO_MEMORY, take_view, layout);
}

void umm_member_keep_trial(struct umm_member *member, const struct umm_trial_opts *trial)
{
	member->trial = *trial;
	member->trial.driver = member->trial.device = NULL;
}

int umm_member_try(const struct umm_member *member, const struct umm_heap_memory *memory,
		   const struct umm_layout *layout, enum umm_trial_depth depth, char *why)
{
	struct umm_buffer_config config = {
		.pool = member->pool,
		.owner = member->name,
		.layout = layout,
		.map = umm_member_map_access(member),
		.guard = member->guard,
	};
	struct umm_buffer *buffer;
	why[0] = '\0';
	if (member->trial.attach == NULL)
		return -EPROTO;
	int ret = make_buffer(member, memory, &config, &buffer);
	if (ret < 0) {
		snprintf(why, UMM_TRIAL_WHY_MAX, "it cannot be mapped: %s", strerror(-ret));
		return ret;
	}
	ret = umm_trial_run(&member->trial, depth, buffer, why);
	umm_buffer_unref(buffer);
	return ret;
}

/* A block comes over the wire: it must be unshrinkable and as large as the queue will look at. */
static int map_block(int fd, size_t needed, enum umm_map_access access, struct mapped_block *out)
{
	uint64_t size;
	int ret = umm_memfd_sealed_size(fd, &size);
	if (ret < 0)
		return ret;
	if (size < needed)
		return -EPROTO;
	ret = umm_map_fd(fd, (size_t)size, access, &out->map);
	if (ret == 0)
		out->size = (size_t)size;
	return ret;
}

int umm_member_map_own_block(struct umm_member *member, unsigned n_buffers, int borrow_fd)
{
	size_t needed = member->role == UMM_PRODUCER ? umm_queue_producer_block_size(n_buffers)
						     : umm_queue_consumer_block_size(n_buffers);
	return map_block(borrow_fd, needed, UMM_MAP_WRITE, &member->own);
}

static int map_peers(struct umm_member *member, const struct umm_member_blocks *blocks)
{
	if (member->role == UMM_CONSUMER)
		return map_block(blocks->producer_fd,
				 umm_queue_producer_block_size(member->n_buffers), UMM_MAP_READ,
				 &member->peers[0]);
	int ret = 0;
	for (unsigned i = 0; i < blocks->n_consumers && ret == 0; i++)
		ret = map_block(blocks->consumer_fds[i],
				umm_queue_consumer_block_size(member->n_buffers), UMM_MAP_READ,
				&member->peers[i]);
	return ret;
}

static void fill_config(const struct umm_member *member, struct umm_member_blocks *blocks,
			struct umm_queue_end_config *config)
{
	unsigned n_doorbells = 1;
	if (member->role == UMM_PRODUCER) {
		n_doorbells = blocks->n_consumers;
		config->producer_block = member->own.map;
		for (unsigned i = 0; i < blocks->n_consumers; i++)
			config->consumer_blocks[i] = member->peers[i].map;
	} else {
		config->producer_block = member->peers[0].map;
		config->consumer_blocks[blocks->self] = member->own.map;
	}
	memcpy(config->modes, blocks->modes, sizeof(config->modes));
	for (unsigned i = 0; i < n_doorbells; i++)
		config->doorbells[i] = umm_fd_steal(&blocks->take_doorbells[i]);
}

int umm_member_start_queue(struct umm_member *member, struct umm_member_blocks *blocks,
			   const struct umm_layout *layout)
{
	if (member->role == UMM_OBSERVER)
		return 0;
	if (member->own.map == NULL || blocks->n_consumers > UMM_MAX_CONSUMERS ||
	    blocks->self >= blocks->n_consumers)
		return -EPROTO;
	int ret = map_peers(member, blocks);
	if (ret < 0)
		return ret;

	struct umm_queue_end_config config = {
		.role = member->role,
		.n_buffers = member->n_buffers,
		.n_consumers = blocks->n_consumers,
		.self = blocks->self,
		.layout = layout,
		.alive = blocks->alive,
		.alive_fd = blocks->alive_fd,
		.claim = blocks->claim,
		.user = blocks->user,
	};
	fill_config(member, blocks, &config);
	return umm_queue_end_create(&config, &member->end);
}

struct umm_queue_end *umm_member_queue_end(const struct umm_member *member)
{
	return member->end;
}

enum umm_role umm_member_role(const struct umm_member *member)
{
	return member->role;
}

struct umm_collection *umm_member_collection(const struct umm_member *member)
{
	return member->collection;
}

const char *umm_member_name(const struct umm_member *member)
{
	return member->name;
}

unsigned umm_member_buffer_count(const struct umm_member *member)
{
	return member->n_buffers;
}

struct umm_buffer *umm_member_buffer(const struct umm_member *member, unsigned index)
{
	return index < member->n_buffers ? member->buffers[index] : NULL;
}
