/* SPDX-License-Identifier: MIT */
/** Where in physical memory a page of this process is. */
#ifndef UMM_OS_PAGEMAP_H
#define UMM_OS_PAGEMAP_H

#include <stdint.h>

/**
 * The physical address of a byte of this process's memory. Returns 0; -EACCES: the kernel hides
 * addresses from those without CAP_SYS_ADMIN; -ENXIO: nothing is there; or an errno of
 * /proc/self/pagemap. The page moves unless it is a huge page or locked by the kernel.
 */
int umm_physical_address(const void *address, uint64_t *out);

#endif
