/* SPDX-License-Identifier: MIT */
/**
 * The four functions the core takes from its surroundings. A freestanding compiler may call them on
 * its own, so every host has them; nothing else of libc is used.
 */
#ifndef UMM_CORE_MEMORY_H
#define UMM_CORE_MEMORY_H

#include <stddef.h>
#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);

#endif
