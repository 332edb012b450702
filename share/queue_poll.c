/* SPDX-License-Identifier: MIT */
/**
 * The fd for event loops: the doorbell itself, or an epoll over all that may ring: a producer's
 * doorbells, and the line to a broker, whose end is news as well.
 *
 * After umm_queue_end_arm() a ring stays in the socket until the next arm takes it out, which makes
 * the fd level-triggered. A peer that hung up leaves the fd readable: the next acquire says why.
 */
#include "share/queue_end_private.h"

#include <errno.h>
#include <sys/epoll.h>

#include "os/cleanup.h"
#include "share/doorbell.h"

static int add_to_epoll(int epoll, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };
	return fd < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : -errno;
}

static int make_epoll(struct umm_queue_end *end)
{
	umm_autofd fd = epoll_create1(EPOLL_CLOEXEC);
	if (fd < 0)
		return -errno;
	int ret = end->alive_fd != NULL ? add_to_epoll(fd, end->alive_fd(end->user)) : 0;
	for (unsigned i = 0; i < end->n_doorbells && ret == 0; i++)
		ret = add_to_epoll(fd, end->doorbells[i]);
	return ret < 0 ? ret : umm_fd_steal(&fd);
}

int umm_queue_end_fd(struct umm_queue_end *end)
{
	if (end->n_doorbells == 0 || (end->n_doorbells == 1 && end->doorbells[0] < 0))
		return -EOPNOTSUPP;
	if (end->n_doorbells == 1 && end->alive_fd == NULL)
		return end->doorbells[0];
	if (end->poll_fd < 0) {
		int fd = make_epoll(end);
		if (fd < 0)
			return fd;
		end->poll_fd = fd;
	}
	return end->poll_fd;
}

/* A doorbell without a peer is readable for ever: the other consumers' must still be waited for. */
void umm_queue_note_hang_up(struct umm_queue_end *end, unsigned doorbell)
{
	if (end->role == UMM_CONSUMER) {
		umm_ring_consumer_orphan(&end->consumer);
		return;
	}
	umm_ring_producer_forget(&end->producer, doorbell);
	if (end->poll_fd >= 0)
		epoll_ctl(end->poll_fd, EPOLL_CTL_DEL, end->doorbells[doorbell], NULL);
}

static void answer_doorbells(struct umm_queue_end *end)
{
	for (unsigned i = 0; i < end->n_doorbells; i++)
		if (end->doorbells[i] >= 0 &&
		    umm_doorbell_drain(end->doorbells[i]) == UMM_DOORBELL_HUNG_UP)
			umm_queue_note_hang_up(end, i);
	end->armed = false;
}

static bool is_ready(struct umm_queue_end *end)
{
	return end->role == UMM_PRODUCER ? umm_ring_producer_ready(&end->producer)
					 : umm_ring_consumer_ready(&end->consumer);
}

/* Nobody compares the bells for a poller as the kernel does for a sleeper: that look is here. */
static bool bells_rest(const struct umm_ring_bell *bells, unsigned n_bells)
{
	for (unsigned i = 0; i < n_bells; i++)
		if (atomic_load_explicit(bells[i].word, memory_order_seq_cst) != bells[i].value)
			return false;
	return true;
}

/* An honest peer makes news at most a few times before there is something to acquire. */
#define ARM_TRIES 16

int umm_queue_end_arm(struct umm_queue_end *end)
{
	int ret = umm_queue_end_fd(end);
	if (ret < 0)
		return ret;
	umm_queue_own(end);
	if (end->armed)
		answer_doorbells(end);
	/* What made that fd readable is to be taken out of it, or it would stay so. */
	ret = end->alive_fd != NULL ? end->alive(end->user) : umm_queue_look_if_due(end);
	end->lost = ret;
	if (ret < 0)
		return ret;
	for (int i = 0; i < ARM_TRIES; i++) {
		struct umm_ring_bell bells[UMM_MAX_CONSUMERS];
		unsigned n_bells =
			umm_queue_expect(end, umm_queue_end_role(end), UMM_RING_ARMED, bells);
		if (is_ready(end))
			break;
		if (bells_rest(bells, n_bells)) {
			end->armed = true;
			return 0;
		}
	}
	umm_queue_relax(end, umm_queue_end_role(end));
	return 1;
}
