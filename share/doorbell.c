/* SPDX-License-Identifier: MIT */
#include "share/doorbell.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <sys/socket.h>

/* More rings than an honest peer can have sent between two drains. */
#define DRAIN_READS 16

void umm_doorbell_ring(int fd)
{
	int saved = errno;
	if (fd >= 0)
		(void)!send(fd, "!", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	errno = saved;
}

enum umm_doorbell_state umm_doorbell_drain(int fd)
{
	char rings[64];
	for (int i = 0; i < DRAIN_READS; i++) {
		ssize_t got = recv(fd, rings, sizeof(rings), MSG_DONTWAIT);
		if (got == 0 || (got < 0 && errno == ECONNRESET))
			return UMM_DOORBELL_HUNG_UP;
		if (got < 0)
			break;
	}
	return UMM_DOORBELL_CONNECTED;
}

enum umm_doorbell_state umm_doorbell_look(int fd)
{
	struct pollfd look = { .fd = fd };
	if (fd < 0 || poll(&look, 1, 0) != 1)
		return UMM_DOORBELL_CONNECTED;
	return look.revents & (POLLHUP | POLLERR) ? UMM_DOORBELL_HUNG_UP : UMM_DOORBELL_CONNECTED;
}
