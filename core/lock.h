/* SPDX-License-Identifier: MIT */
/**
 * A lock of the caller's: a mutex, a spinlock with interrupts off, whatever the host has. All zero:
 * none is needed, one thread at a time.
 */
#ifndef UMM_CORE_LOCK_H
#define UMM_CORE_LOCK_H

#include <stddef.h>

struct umm_lock {
	void (*lock)(void *user);   /**< both are there, or neither */
	void (*unlock)(void *user); /**< NULL: none needed */
	void *user;
};

static inline void umm_lock_take(const struct umm_lock *lock)
{
	if (lock->lock != NULL)
		lock->lock(lock->user);
}

static inline void umm_lock_give(const struct umm_lock *lock)
{
	if (lock->unlock != NULL)
		lock->unlock(lock->user);
}

#endif
