/* SPDX-License-Identifier: MIT */
/**
 * The calls of /dev/iommu, and of VFIO devices that go with it, as far as umm makes them
 * (include/uapi/linux/iommufd.h of Linux 6.2, vfio.h of 6.6). The user headers of Debian 12 are
 * older than the interface, so they are defined here.
 */
#ifndef UMM_OS_IOMMUFD_H
#define UMM_OS_IOMMUFD_H

#include <linux/vfio.h>
#include <stdint.h>

/* ---- of /dev/iommu: an I/O address space and what is mapped in it ---- */

#define UMM_IOAS_ALLOC		_IO(';', 0x81)
#define UMM_IOAS_IOVA_RANGES	_IO(';', 0x84)
#define UMM_IOAS_MAP		_IO(';', 0x85)
#define UMM_IOAS_UNMAP		_IO(';', 0x86)

#define UMM_IOAS_MAP_FIXED_IOVA 1u
#define UMM_IOAS_MAP_WRITEABLE	2u
#define UMM_IOAS_MAP_READABLE	4u

struct umm_ioas_alloc {
	uint32_t size, flags, out_ioas_id;
};

struct umm_ioas_range {
	uint64_t start, last;
};

/** With more ranges than there is room for: EMSGSIZE, and as many as there is room for. */
struct umm_ioas_ranges {
	uint32_t size, ioas_id;
	uint32_t n_ranges, reserved;
	uint64_t ranges; /**< a struct umm_ioas_range * */
	uint64_t out_alignment;
};

struct umm_ioas_map {
	uint32_t size, flags, ioas_id, reserved;
	uint64_t user_va, length, iova;
};

struct umm_ioas_unmap {
	uint32_t size, ioas_id;
	uint64_t iova, length; /**< length: on return what was unmapped */
};

/* ---- of a device's own node: whose address space it is in ---- */

#define UMM_VFIO_BIND_IOMMUFD	_IO(VFIO_TYPE, VFIO_BASE + 18)
#define UMM_VFIO_ATTACH_IOMMUFD _IO(VFIO_TYPE, VFIO_BASE + 19)

struct umm_vfio_bind {
	uint32_t size, flags;
	int32_t iommufd;
	uint32_t out_device_id;
};

struct umm_vfio_attach {
	uint32_t size, flags, ioas_id;
};

#endif
