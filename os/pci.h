/* SPDX-License-Identifier: MIT */
/** PCI devices as sysfs shows them (Documentation/PCI/sysfs-pci.rst). */
#ifndef UMM_OS_PCI_H
#define UMM_OS_PCI_H

#include <stdbool.h>
#include <stdint.h>

#include "core/range.h"

#define UMM_PCI_DEVICES "/sys/bus/pci/devices"
#define UMM_PCI_REGIONS 6 /* BARs */

struct umm_pci {
	char address[16]; /**< "0000:00:04.0" */
	char driver[32];  /**< "" where none is bound */
	unsigned vendor, device, class;
	int iommu_group;     /**< -1: none */
	char iommu_type[16]; /**< how the group translates: "DMA", "identity"; "" where not told */
};

/** Look at a device. -EINVAL: no PCI address; -ENODEV: nothing is there. */
int umm_pci_look(const char *address, struct umm_pci *out);

/** Calls `each` with the address of every device that `driver` has. */
void umm_pci_list(const char *driver, void (*each)(void *user, const char *address), void *user);

/** Calls `each` with every run of memory addresses that leads to a device of PCI, or behind a
 * bridge, in no order and more than once. */
void umm_pci_each_window(void (*each)(void *user, struct umm_range window), void *user);

/** Without a driver (-EBUSY: it has one): let the device answer to accesses of its regions, or no
 * more. */
int umm_pci_enable(const struct umm_pci *pci, bool on);

/** Without a driver, or with one of UIO: let it access memory, or no more. */
int umm_pci_set_master(const struct umm_pci *pci, bool on);

/**
 * Open the node that a driver of UIO makes of it. When a node is closed, also by the end of the
 * process, uio_pci_generic keeps the device from accessing memory. *out is the caller's.
 */
int umm_pci_open_uio(const struct umm_pci *pci, int *out);

/** Map a region; munmap(2) undoes it. -ENXIO: it has none of that number. */
int umm_pci_map_region(const struct umm_pci *pci, unsigned region, void **out, uint64_t *out_size);

#endif
