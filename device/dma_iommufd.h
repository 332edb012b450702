/* SPDX-License-Identifier: MIT */
/** The two calls of /dev/iommu that mapping needs; see include/uapi/linux/iommufd.h of Linux 6.2.
 */
#ifndef UMM_DEVICE_DMA_IOMMUFD_H
#define UMM_DEVICE_DMA_IOMMUFD_H

#include <linux/ioctl.h>
#include <stdint.h>

#define UMM_IOAS_MAP		_IO(';', 0x85)
#define UMM_IOAS_UNMAP		_IO(';', 0x86)

#define UMM_IOAS_MAP_FIXED_IOVA 1u
#define UMM_IOAS_MAP_WRITEABLE	2u
#define UMM_IOAS_MAP_READABLE	4u

struct umm_ioas_map {
	uint32_t size, flags, ioas_id, reserved;
	uint64_t user_va, length, iova;
};

struct umm_ioas_unmap {
	uint32_t size, ioas_id;
	uint64_t iova, length; /**< length: on return what was unmapped */
};

#endif
