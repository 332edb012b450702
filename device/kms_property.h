/* SPDX-License-Identifier: MIT */
/** Properties of KMS objects, by name: their numbers differ from boot to boot. */
#ifndef UMM_DEVICE_KMS_PROPERTY_H
#define UMM_DEVICE_KMS_PROPERTY_H

#include <stdbool.h>
#include <stdint.h>

/** A property of an object, and its value now. */
struct umm_kms_property {
	uint32_t id;
	bool settable;
	uint64_t value, min, max; /* the last two of those that are a range */
};

/** The property's number, 0 where the object has none of that name. */
uint32_t umm_kms_property(int fd, uint32_t object, uint32_t type, const char *name);

/** Its value now. Returns 0, or -ENOENT. */
int umm_kms_property_value(int fd, uint32_t object, uint32_t type, const char *name, uint64_t *out);

/** Of one whose values have names: that of `entry`. Returns 0, or -ENOENT: there is no such
 * property, or it has no such value. */
int umm_kms_property_entry(int fd, uint32_t object, uint32_t type, const char *name,
			   const char *entry, uint32_t *out_id, uint64_t *out_value);

/** All of it. Returns 0, or -ENOENT. */
int umm_kms_property_read(int fd, uint32_t object, uint32_t type, const char *name,
			  struct umm_kms_property *out);

#endif
