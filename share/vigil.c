/* SPDX-License-Identifier: MIT */
#include "share/vigil.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "os/cleanup.h"
#include "os/memfd.h"

#define PAGE_BYTES 4096

/* What a member's word says besides the pid of the process that uses it. */
enum { NOBODY_YET = 0, BURIED = -1 };

struct umm_vigil {
	int fd;
	size_t size;
	atomic_int *users; /* one word a member, in shared memory */
};

UMM_DEFINE_AUTO(umm_vigil, umm_vigil_destroy)

int umm_vigil_create(unsigned n_members, struct umm_vigil **out)
{
	umm_auto(umm_vigil, vigil) = calloc(1, sizeof(*vigil));
	if (vigil == NULL)
		return -ENOMEM;
	vigil->fd = -1;
	vigil->size =
		(n_members * sizeof(*vigil->users) + PAGE_BYTES - 1) & ~(size_t)(PAGE_BYTES - 1);
	int ret = umm_memfd_create("umm vigil", vigil->size, UMM_PAGES_4K, &vigil->fd);
	if (ret < 0)
		return ret;
	void *map;
	ret = umm_map_fd(vigil->fd, vigil->size, UMM_MAP_WRITE, &map);
	if (ret < 0)
		return ret;
	vigil->users = map; /* all 0: NOBODY_YET */
	*out = umm_steal(vigil);
	return 0;
}

void umm_vigil_destroy(struct umm_vigil *vigil)
{
	if (vigil == NULL)
		return;
	umm_unmap(vigil->users, vigil->size);
	umm_close_fd(&vigil->fd);
	free(vigil);
}

static struct flock byte_of(unsigned index)
{
	return (struct flock){
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = index, .l_len = 1
	};
}

/* The lock comes first: whoever reads the pid may conclude from a missing lock. */
void umm_vigil_claim(struct umm_vigil *vigil, unsigned index)
{
	struct flock lock = byte_of(index);
	if (fcntl(vigil->fd, F_SETLK, &lock) == 0)
		atomic_store_explicit(&vigil->users[index], getpid(), memory_order_release);
}

/* One's own locks do not show. */
static bool has_gone(const struct umm_vigil *vigil, unsigned index, int user)
{
	struct flock lock = byte_of(index);
	return user > 0 && user != getpid() && fcntl(vigil->fd, F_GETLK, &lock) == 0 &&
	       lock.l_type == F_UNLCK;
}

bool umm_vigil_inherit(struct umm_vigil *vigil, unsigned index)
{
	int user = atomic_load_explicit(&vigil->users[index], memory_order_acquire);
	return has_gone(vigil, index, user) &&
	       atomic_compare_exchange_strong(&vigil->users[index], &user, BURIED);
}
