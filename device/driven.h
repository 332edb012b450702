/* SPDX-License-Identifier: MIT */
/**
 * A PCI device whose driver is in user space: what vfio and uio share.
 *
 *	open	     the kind: who translates, and core/dma on top of it
 *	attach	     map the buffer's memory file, find its bytes, map them for the device; then no
 *		     CPU may touch that mapping any more
 *	start, stop  the device may access memory, or no more
 *	submit ..    the driver's: its engine is not known here
 *
 * A kind fills a umm_driven inside its own structure, and gets it back in each of its functions.
 */
#ifndef UMM_DEVICE_DRIVEN_H
#define UMM_DEVICE_DRIVEN_H

#include <jansson.h>

#include "core/dma_coherent.h"
#include "device/device.h"
#include "os/pci.h"

struct umm_driven;

/** How one kind differs from the other. */
struct umm_driven_ops {
	/** Where the bytes of the buffer's memory file are, mapped at `map`, in the words of the
	 * DMA backend: appended to `out`, which has room for one run a page. -EXDEV: the file is
	 * not the buffer's memory. */
	int (*locate)(const struct umm_buffer *buffer, void *map, uint64_t size_bytes,
		      struct umm_sg *out);

	/** Does this file's memory stay where it is? 0, or a negative errno and the reason. */
	int (*check_file)(const struct umm_driven *driven, const struct umm_buffer *buffer,
			  char *why);

	/** Before memory is taken for CPU and device; then, where the CPU sees it. */
	int (*prepare_memory)(struct umm_driven *driven);
	void *(*see)(struct umm_driven *driven, struct umm_range memory);

	int (*map_region)(struct umm_driven *driven, unsigned region, void **out,
			  uint64_t *out_size);
	int (*set_master)(struct umm_driven *driven, bool on);

	/** As umm_driver_interrupt(). Optional: there is no way to it. */
	int (*set_interrupt)(struct umm_driven *driven, int borrow_eventfd);
	void (*finish)(struct umm_driven *driven);
};

struct umm_driven_slot {
	void *map; /* NULL: free */
	uint64_t size_bytes;
	struct umm_dma_use use;
	struct umm_dma_mapping *mapping;
};

struct umm_driven_memory {
	void *cpu; /* NULL: free */
	struct umm_dma_coherent coherent;
};

#define UMM_DRIVEN_MEMORIES 64

struct umm_driven {
	const struct umm_driven_ops *ops;
	struct umm_pci pci;
	struct umm_size size; /* 0x0: any */
	uint32_t format;      /* 0: any */
	enum umm_device_direction direction;
	uint64_t address_max;
	struct umm_memory_demand demand;
	struct umm_dma_device dma;
	void *books;	/* of dma; NULL until it is there */
	bool is_master; /* by our doing: the device may access memory */
	struct umm_driven_slot slots[UMM_MAX_BUFFERS];
	struct umm_driven_memory memories[UMM_DRIVEN_MEMORIES];
	struct {
		void *map; /* NULL: not mapped */
		uint64_t size_bytes;
	} regions[UMM_PCI_REGIONS];
};

/** For open(): look at the device and keep the caller's wishes. 0 or a negative errno, told. */
int umm_driven_init(struct umm_driven *driven, const char *node, const struct umm_device_opts *opts,
		    const struct umm_driven_ops *ops, char *why);

/** For open(): the books of core/dma. `options` has ops, machine and IOMMU. */
int umm_driven_init_dma(struct umm_driven *driven, struct umm_dma_options *options);

/** Undo both, and all between; calls ops->finish() and frees. */
void umm_driven_close(void *state);

/* Functions of umm_device_ops that do for both. */
const char *umm_driven_node(const void *state);
const char *umm_driven_driver(const void *state);
enum umm_device_direction umm_driven_direction(const void *state);
int umm_driven_constraints(void *state, const char *name, struct umm_constraints **out);
int umm_driven_attach(void *state, unsigned slot, struct umm_buffer *buffer, char *why);
void umm_driven_detach(void *state, unsigned slot);
int umm_driven_start(void *state);
int umm_driven_stop(void *state);
int umm_driven_submit(void *state, unsigned slot, const struct umm_frame_info *info);
int umm_driven_complete(void *state, int64_t timeout_ns, unsigned *out_slot,
			struct umm_frame_info *out_info, int *out_error);

/** The facts that both have, with room for the kind's own: a list, or NULL (out of memory). */
json_t *umm_driven_facts(const struct umm_driven *driven);

/* device/driven_memory.c */
extern const struct umm_driver_ops umm_driven_driver_ops;
void umm_driven_give_all(struct umm_driven *driven);

#endif
