/* SPDX-License-Identifier: MIT */
#include "device/dma_cpu.h"

#include <stdint.h>

#define LINE_BYTES                                                                                 \
	64u /* of the machines here; smaller ones are worked on twice, which is harmless */

#if defined(__x86_64__) || defined(__i386__)

static void clean_line(uintptr_t at)
{
	__asm__ volatile("clflush (%0)" : : "r"(at) : "memory");
}

static void flush_line(uintptr_t at)
{
	clean_line(at);
}

static void barrier(void)
{
	__asm__ volatile("mfence" : : : "memory");
}

bool umm_lines_possible(void)
{
	return true;
}

#elif defined(__aarch64__)

static void clean_line(uintptr_t at)
{
	__asm__ volatile("dc cvac, %0" : : "r"(at) : "memory");
}

static void flush_line(uintptr_t at)
{
	__asm__ volatile("dc civac, %0" : : "r"(at) : "memory");
}

static void barrier(void)
{
	__asm__ volatile("dsb sy" : : : "memory");
}

bool umm_lines_possible(void)
{
	return true;
}

#else

static void clean_line(uintptr_t at)
{
	(void)at;
}

static void flush_line(uintptr_t at)
{
	(void)at;
}

static void barrier(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

bool umm_lines_possible(void)
{
	return false;
}

#endif

static void each_line(const void *start, size_t size, void (*work)(uintptr_t at))
{
	uintptr_t end = (uintptr_t)start + size;
	barrier();
	for (uintptr_t at = (uintptr_t)start & ~(uintptr_t)(LINE_BYTES - 1); at < end;
	     at += LINE_BYTES)
		work(at);
	barrier();
}

void umm_lines_clean(const void *start, size_t size)
{
	each_line(start, size, clean_line);
}

void umm_lines_flush(const void *start, size_t size)
{
	each_line(start, size, flush_line);
}

void umm_lines_order(void)
{
	barrier();
}
