/* SPDX-License-Identifier: MIT */
/**
 * A buffer: memory + layout + identity. A real dma-buf fd where the kernel can make one, a sealed
 * memfd otherwise.
 *
 * A buffer object belongs to one member of a collection (umm/collection.h): the producer's maps the
 * memory for writing, a consumer's for reading only. Both name the same memory: compare
 * umm_buffer_id().
 *
 * Touch the bytes between umm_buffer_begin_access() and umm_buffer_end_access() only. On a dma-buf
 * they make DMA_BUF_IOCTL_SYNC (include/uapi/linux/dma-buf.h), which waits for the fences of
 * drivers and makes caches agree, once for the outermost access; on a memfd they cost no system
 * call. Unlike the kernel's call, accesses nest, each kind is counted, and an end without its begin
 * is an error. With UMM_GUARD=1 in the environment the mapping is revoked outside accesses, and a
 * stray touch ends the process with a message that names buffer, member and direction.
 *
 * Who touches a dma-buf waits for the fences that drivers left in it: who reads for those of
 * writers, who writes for all. One rule, umm_buffer_wait(), and who sees to it:
 *
 *	the CPU				umm_buffer_begin_access(), for up to 15 s
 *	a device whose driver knows	umm_device_submit() (umm/device.h), as long
 *	no fences (V4L2)
 *	a device whose driver does	that driver
 *	(KMS, GPUs)
 *	a device that you drive		you, before its engine starts
 *	(umm/driver.h, or the fd in
 *	an ioctl of your own)
 *
 * Everything here is thread-safe: what reads only looks at what never changes, accesses are counted
 * atomically. It cannot fail where no error is named, and every pointer it returns lives as long as
 * the buffer: until the last reference is dropped, which may be after its collection has gone.
 */
#ifndef UMM_BUFFER_H
#define UMM_BUFFER_H

#include <stdint.h>

#include <umm/fence.h>
#include <umm/macros.h>
#include <umm/solve.h>

UMM_BEGIN_DECLS

struct umm_buffer;

/** What the CPU is about to do; UMM_ACCESS_READ_WRITE is both. */
enum umm_access {
	UMM_ACCESS_READ = 1,
	UMM_ACCESS_WRITE = 2,
	UMM_ACCESS_READ_WRITE = 3,
};

/** Which memory this is, whatever the number of the fd: (st_dev, st_ino) of fstat(2). */
struct umm_buffer_id {
	uint64_t dev, ino;
};

/** One more reference. Returns `buffer`. Since 0.1. */
UMM_API struct umm_buffer *umm_buffer_ref(struct umm_buffer *buffer);

/** Drop a reference of yours; the last one unmaps and closes. NULL is fine. Since 0.1. */
UMM_API void umm_buffer_unref(struct umm_buffer *buffer);

/** Name for messages, "edge0/2": collection and index. Since 0.1. */
UMM_API const char *umm_buffer_name(const struct umm_buffer *buffer);

/** Index in the pool, from 0. The same in every member. Since 0.1. */
UMM_API unsigned umm_buffer_index(const struct umm_buffer *buffer);

/** The identity of the memory. Since 0.1. */
UMM_API struct umm_buffer_id umm_buffer_id(const struct umm_buffer *buffer);

/** The fd (memfd or dma-buf), borrowed: valid as long as the buffer, never close it. -1: the buffer
 * moves between accesses and has none. Since 0.1. */
UMM_API int umm_buffer_fd(const struct umm_buffer *buffer);

/**
 * The memory file (memfd_create(2)) with the bytes, from its first one on, borrowed like
 * umm_buffer_fd(): the same fd where that is no dma-buf, else the one behind a udmabuf. Mappings of
 * a dma-buf cannot be pinned for a device that is driven from user space (VFIO_IOMMU_MAP_DMA:
 * EFAULT), those of this file can, and both show the same bytes. A mapping for writing can be made
 * until umm_collection_start().
 *
 * -1: there is none (the memory is a driver's own, or moves), or the member did not join with
 * .memory_file. Since 0.1.
 */
UMM_API int umm_buffer_memory_fd(const struct umm_buffer *buffer);

/** The layout all buffers of the pool share. Since 0.1. */
UMM_API const struct umm_layout *umm_buffer_layout(const struct umm_buffer *buffer);

/**
 * Begin CPU access of kind `access`; calls nest and are counted per kind.
 *
 * A write-only access promises not to read what is there, a read access not to write: a read inside
 * a write-only access, or a write inside a read access, contradicts the outer one. Both are fine
 * inside UMM_ACCESS_READ_WRITE.
 *
 * Returns 0; -EACCES: the member may not write this buffer; -EBUSY: contradicts an access that is
 * open; -EINVAL: no direction; -EOVERFLOW: more than 65,535 open; or what the kernel says for a
 * dma-buf: then no access has begun. On a dma-buf it waits for the fences of drivers, and may say
 * -ETIME (a driver has not come to an end after 15 s; the log names it), or, to who reads,
 * the error that a writer's fence failed with while he waited (umm_fence_wait()). A buffer that
 * moves is held fast meanwhile, and may say -ENOMEM (its new place cannot be mapped), -EPROTO (its
 * place makes no sense) or -ETIMEDOUT (a move does not end). Since 0.1.
 */
UMM_API UMM_MUST_CHECK int umm_buffer_begin_access(struct umm_buffer *buffer,
						   enum umm_access access);

/** Drivers of Linux give up a job of theirs, and end its fence, in less. */
#define UMM_DRIVER_NS INT64_C(15000000000)

/**
 * Wait until kernel drivers are done with what stands in the way of `access` by somebody who does
 * not wait by himself. Of a dma-buf that no driver uses it costs one poll(2), of a memfd, which has
 * no fences, nothing. Not for accesses by the CPU: umm_buffer_begin_access() does this, too.
 *
 * Returns 0; -ETIME: a driver has not come to an end after `timeout_ns`, or UMM_DRIVER_NS where
 * that is less (UMM_FOREVER, too), and the log names it; to who reads, the error that a writer's
 * fence failed with meanwhile (umm_fence_wait()), and the log names him; or another negative errno.
 * Of a reader that failed who overwrites is only told in the log. Signals do not interrupt it.
 * Since 0.1.
 */
UMM_API UMM_MUST_CHECK int umm_buffer_wait(const struct umm_buffer *buffer, enum umm_access access,
					   int64_t timeout_ns);

/** End an access begun with the same `access`. Returns 0, or -EINVAL if there is none such, or what
 * the kernel says for a dma-buf: the access has ended all the same. Since 0.1. */
UMM_API int umm_buffer_end_access(struct umm_buffer *buffer, enum umm_access access);

/**
 * What kernel drivers do with a dma-buf right now, as a fence: what someone who reads
 * (UMM_ACCESS_READ) or writes has to wait for. It is signalled already where no driver left one, as
 * V4L2 never does. umm_buffer_begin_access() waits for it anyway, and umm_buffer_wait(); this is
 * for those who hand it on. *out is yours: umm_fence_close(). Returns 0; -EOPNOTSUPP: a memfd, or a
 * kernel before 6.0; or what DMA_BUF_IOCTL_EXPORT_SYNC_FILE says. Since 0.1.
 */
UMM_API UMM_MUST_CHECK int umm_buffer_export_fence(const struct umm_buffer *buffer,
						   enum umm_access access, struct umm_fence *out);

/**
 * Let drivers, and accesses of other processes, wait for `fence` before they touch a dma-buf: with
 * UMM_ACCESS_WRITE all who read or write, with UMM_ACCESS_READ those who write. The fence is stored
 * in the dma-buf itself, so no fd travels; it is not kept otherwise. Returns 0 (also for
 * UMM_FENCE_NONE), -EINVAL (no sync_file: kernel drivers cannot wait for a timeline), the error of
 * a fence that has failed already, as umm_fence_wait() (the kernel would forget it), or as
 * umm_buffer_export_fence(). Since 0.1.
 */
UMM_API UMM_MUST_CHECK int umm_buffer_import_fence(struct umm_buffer *buffer,
						   enum umm_access access,
						   const struct umm_fence *fence);

/** First byte of the mapping, umm_layout.raw_size_bytes long at least. Same address for the
 * buffer's whole life. A consumer's is mapped for reading only: a write to it is a SIGSEGV. Since
 * 0.1.
 */
UMM_API void *umm_buffer_data(const struct umm_buffer *buffer);

/** First byte of plane `plane`, or NULL if the format has no such plane. Since 0.1. */
UMM_API void *umm_buffer_plane(const struct umm_buffer *buffer, unsigned plane);

UMM_END_DECLS

#endif
