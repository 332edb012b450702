/* SPDX-License-Identifier: MIT */
/**
 * Functions on a frame's way from one process to the next.
 *
 * Between two frames a process sleeps, and finds neither its code nor its data in the caches when
 * it is woken: what a hand-off costs is how many lines and pages it touches, not how many
 * instructions it runs. Compiler and linker put functions marked hot side by side (.text.hot),
 * whichever file they are in, and move what is marked cold out of their middle.
 */
#ifndef UMM_CORE_HOT_H
#define UMM_CORE_HOT_H

#define UMM_HOT	 __attribute__((hot))
#define UMM_COLD __attribute__((cold, noinline))

/** Hot, but with a frame of its own: the caller has another way that needs less. */
#define UMM_HOT_APART __attribute__((hot, noinline))

/** A condition that the way of a frame does not meet: what it leads to is moved out of that way. */
#define UMM_RARELY(condition) __builtin_expect(!!(condition), 0)

/** Written once for several uses, and put into each of them with all it is called with: the way
 * through it is then one piece of code. */
#define UMM_HOT_INLINE static inline __attribute__((always_inline))

#endif
