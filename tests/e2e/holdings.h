/* SPDX-License-Identifier: MIT */
/**
 * What the kernel keeps for a set of processes and would go on keeping for whoever else has it: the
 * memory files they have open or mapped, and their sockets, by identity.
 *
 *	holdings_note(&holdings, pid);		while they live
 *	holdings_left(&holdings, text, size);	afterwards, in all processes of this machine
 *
 * Identity rather than counts: what other programs, or other tests, open meanwhile does not matter.
 */
#ifndef UMM_TESTS_E2E_HOLDINGS_H
#define UMM_TESTS_E2E_HOLDINGS_H

#include <stddef.h>
#include <sys/types.h>

#define HOLDINGS_MAX 512

struct holding {
	enum { HOLDING_MEMFD, HOLDING_SOCKET } kind;
	dev_t dev; /**< of a memfd */
	ino_t ino;
};

struct holdings {
	struct holding list[HOLDINGS_MAX];
	unsigned n, n_memfds, n_sockets;
};

/** Add what process `pid` holds now. A process that is gone holds nothing. */
void holdings_note(struct holdings *holdings, pid_t pid);

/** Take out what process `pid` holds now: what the others had from it. */
void holdings_forget(struct holdings *holdings, pid_t pid);

/** How many of them somebody still has; the first of those is told in `text`. A socket also counts
 * where no process has it, but the kernel: on its way through another socket. */
unsigned holdings_left(const struct holdings *holdings, char *text, size_t size);

#endif
