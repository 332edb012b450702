/* SPDX-License-Identifier: MIT */
/**
 * For those who write a device's driver in user space: what such a device has beside the calls of
 * umm/device.h.
 *
 *	umm_device_open("vfio:0000:00:04.0")	behind an IOMMU, bound to vfio-pci
 *	umm_device_open("uio:0000:00:04.0")	no IOMMU: physical addresses; bound to
 *						uio_pci_generic, or to no driver
 *
 * A VFIO device is opened by its own node and an address space of /dev/iommu where the kernel has
 * both (Linux 6.6), else by its group and a container; .iommu of the options insists.
 *
 * The device takes part in a negotiation like any other: umm_device_constraints() says what its
 * IOMMU states, attaching a buffer makes it reachable for the device, once, for as long as it is
 * attached. Where the bytes are for the device is told here, and so are its registers and memory
 * for its queues. Its engine is the driver's business: umm_device_submit() and
 * umm_device_complete() say -EOPNOTSUPP, umm_device_fd() is the VFIO device's fd (for interrupts)
 * or -1. Between umm_device_start() and umm_device_stop() the device may access memory (PCI: it is
 * a bus master); after the stop it cannot, whatever its engine tries.
 *
 * Its engine heeds no fences: before it touches a buffer call umm_buffer_wait().
 *
 * The member joins with .memory_file (umm/collection.h): what is pinned for the device is the
 * memory file behind the buffer. A buffer that the device writes is attached between
 * umm_collection_seal() and umm_collection_start(). No CPU needs to see its bytes: the mapping that
 * the library pins is made inaccessible at once.
 *
 * "uio:" tells the device where the pages really are and so can overwrite anything if its driver
 * errs; it takes memory whose pages stay where they are (udmabuf, huge pages) and needs
 * CAP_SYS_ADMIN to know where that is. That the memory file belongs to the dma-buf is tried, a word
 * of each page at a time, so attach before frames flow. A device that is bound to uio_pci_generic
 * can access memory no more when the process ends, however it ends; one without a driver can.
 *
 * One thread at a time per device, with the calls of umm/device.h. All but umm_driver_order() say
 * -EOPNOTSUPP of a device that the kernel drives.
 */
#ifndef UMM_DRIVER_H
#define UMM_DRIVER_H

#include <stdint.h>

#include <umm/buffer.h>
#include <umm/constraints.h>
#include <umm/device.h>
#include <umm/macros.h>

UMM_BEGIN_DECLS

/** What the device demands of memory, for drivers that state the rest of their constraints
 * themselves: row lengths, sizes, counts. Returns 0 or -EOPNOTSUPP. Since 0.1. */
UMM_API UMM_MUST_CHECK int umm_driver_demand(const struct umm_device *device,
					     struct umm_memory_demand *out);

/** A run of bytes as the device addresses it. */
struct umm_driver_segment {
	uint64_t address, size_bytes;
};

/**
 * Where the device finds an attached buffer: its segments in the order of the bytes, the last one
 * to the end of the memory, which may be behind the end of the image. Behind an IOMMU it is one.
 * At most `capacity` are written.
 *
 * Returns how many there are, which may be more than `capacity`; -ENOENT (not attached);
 * -EOPNOTSUPP. They hold until the buffer is detached. Since 0.1.
 */
UMM_API UMM_MUST_CHECK int umm_driver_segments(const struct umm_device *device,
					       const struct umm_buffer *buffer,
					       struct umm_driver_segment *out, unsigned capacity);

/** Memory that CPU and device touch at the same time: queues, descriptors. */
struct umm_driver_memory {
	void *cpu;
	uint64_t address; /**< as the device names it */
	uint64_t size_bytes;
};

/**
 * Contiguous, zeroed, aligned to its size rounded up to a power of two; whole pages. *out:
 * umm_driver_give_memory(), or it goes when the device is closed.
 *
 * Returns 0, -ENOMEM, -ENOSPC (no device address left below opts.address_max, or too many of them),
 * -EINVAL (size 0), -EACCES (uio: this process may not know physical addresses), -EOPNOTSUPP. Since
 * 0.1.
 */
UMM_API UMM_MUST_CHECK int umm_driver_take_memory(struct umm_device *device, uint64_t size_bytes,
						  struct umm_driver_memory *out);

/** Give it back. Returns 0, -ENOENT (it was not taken), -EOPNOTSUPP. Since 0.1. */
UMM_API int umm_driver_give_memory(struct umm_device *device,
				   const struct umm_driver_memory *memory);

/**
 * Registers: a region of the device (PCI: BAR 0 to 5), mapped for reading and writing until the
 * device is closed. Asked twice it is the same mapping.
 *
 * Returns 0, -ENXIO (no such region, or one that cannot be mapped), -EOPNOTSUPP, or an errno of
 * mmap. Since 0.1.
 */
UMM_API UMM_MUST_CHECK int umm_driver_registers(struct umm_device *device, unsigned region,
						void **out, uint64_t *out_size_bytes);

/**
 * Have an eventfd written whenever the device interrupts, with its first message (PCI: MSI-X, else
 * MSI). The kernel keeps the eventfd, the caller may close its own; -1 ends it. Who waits for it
 * looks at its queues afterwards: a message says that there may be something.
 *
 * Returns 0, -EOPNOTSUPP (uio, or a device that sends no messages: poll), or an errno of
 * VFIO_DEVICE_SET_IRQS. Since 0.1.
 */
UMM_API UMM_MUST_CHECK int umm_driver_interrupt(struct umm_device *device, int borrow_eventfd);

/** What was written to memory so far is seen by the device before what is written to its registers
 * from here on. Since 0.1. */
UMM_API void umm_driver_order(struct umm_device *device);

UMM_END_DECLS

#endif
