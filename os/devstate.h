/* SPDX-License-Identifier: MIT */
/**
 * What a device's driver is run with: a number that is another one when the same driver of the same
 * kernel release may behave otherwise.
 *
 *	the kernel	   uname -v: built anew under the same release
 *	the modules	   their build IDs, and every parameter that can be read: of the one whose
 *			   driver is bound to the hardware, and of the one with the driver's name
 *			   (virtio_gpu has no hardware of its own, virtio-pci has)
 *	the hardware	   its modalias: another device took the name
 *	the IOMMU	   whether there is one, and how its group translates
 *
 * What sysfs does not show (firmware, what the library of a GPU does) is not in it.
 */
#ifndef UMM_OS_DEVSTATE_H
#define UMM_OS_DEVSTATE_H

/** Hexadecimal digits of a state. */
#define UMM_DEVSTATE_MAX 16

/** Whom it is about. Both may be what a stranger says. */
struct umm_devstate_subject {
	const char *driver; /**< "virtio_gpu" */
	const char *device; /**< "kms:/dev/dri/card0", "vfio:0000:00:04.0" */
};

/** The state, 16 digits and a 0; "" for what is no node of a device and no PCI address. `root` is
 * put in front of sysfs' paths, "" but in tests. */
void umm_devstate_read(const char *root, struct umm_devstate_subject who,
		       char out[UMM_DEVSTATE_MAX + 1]);

#endif
