/* SPDX-License-Identifier: MIT */
/** Interrupts of a VFIO device: the first message of MSI-X, or of MSI, written to an eventfd. */
#include "os/vfio.h"

#include <errno.h>
#include <linux/vfio.h>
#include <string.h>

#include "os/ioctl.h"

/* 0: the device has it, and the kernel can write it to an eventfd. */
static int check_kind(int device, uint32_t index)
{
	struct vfio_irq_info info = { .argsz = sizeof(info), .index = index };
	int ret = umm_ioctl(device, VFIO_DEVICE_GET_IRQ_INFO, &info);
	if (ret < 0)
		return ret == -EINVAL ? -EOPNOTSUPP : ret;
	return info.count > 0 && (info.flags & VFIO_IRQ_INFO_EVENTFD) ? 0 : -EOPNOTSUPP;
}

/* Without a vector all of that kind are switched off. */
static int set(int device, uint32_t index, int eventfd)
{
	union {
		struct vfio_irq_set head;
		char bytes[sizeof(struct vfio_irq_set) + sizeof(int32_t)];
	} request = { .head = { .argsz = sizeof(struct vfio_irq_set),
				.flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER,
				.index = index } };
	if (eventfd >= 0) {
		int32_t data = eventfd;
		request.head.argsz = sizeof(request);
		request.head.flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER;
		request.head.count = 1;
		memcpy(request.head.data, &data, sizeof(data));
	}
	return umm_ioctl(device, VFIO_DEVICE_SET_IRQS, &request);
}

int umm_vfio_set_interrupt(int device, int borrow_eventfd)
{
	static const uint32_t kinds[] = { VFIO_PCI_MSIX_IRQ_INDEX, VFIO_PCI_MSI_IRQ_INDEX };
	int ret = -EOPNOTSUPP;
	for (int i = 0; i < 2 && ret == -EOPNOTSUPP; i++) {
		ret = check_kind(device, kinds[i]);
		if (ret == 0)
			ret = set(device, kinds[i], borrow_eventfd);
	}
	return ret;
}
