/* SPDX-License-Identifier: MIT */
#include "share/cpu_sync.h"

#include "os/dmabuf.h"

_Static_assert((int)UMM_ACCESS_READ == UMM_DMABUF_READ && (int)UMM_ACCESS_WRITE == UMM_DMABUF_WRITE,
	       "an access is passed on as it is");

static int begin(struct umm_cpu_sync *sync, int dmabuf, struct umm_access_book *book,
		 enum umm_access access)
{
	bool outermost = umm_access_open(book) == 0;
	int ret = umm_access_begin(book, access);
	if (ret < 0 || !outermost)
		return ret;
	ret = umm_dmabuf_start(dmabuf, access);
	if (ret < 0) {
		umm_access_end(book, access);
		return ret;
	}
	sync->directions = access;
	return 0;
}

static int end(struct umm_cpu_sync *sync, int dmabuf, struct umm_access_book *book,
	       enum umm_access access)
{
	int ret = umm_access_end(book, access);
	if (ret < 0 || umm_access_open(book) != 0)
		return ret;
	return umm_dmabuf_end(dmabuf, sync->directions);
}

int umm_cpu_sync_begin(struct umm_cpu_sync *sync, int dmabuf, struct umm_access_book *book,
		       enum umm_access access)
{
	pthread_mutex_lock(&sync->lock);
	int ret = begin(sync, dmabuf, book, access);
	pthread_mutex_unlock(&sync->lock);
	return ret;
}

int umm_cpu_sync_end(struct umm_cpu_sync *sync, int dmabuf, struct umm_access_book *book,
		     enum umm_access access)
{
	pthread_mutex_lock(&sync->lock);
	int ret = end(sync, dmabuf, book, access);
	pthread_mutex_unlock(&sync->lock);
	return ret;
}
