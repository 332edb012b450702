/* SPDX-License-Identifier: MIT */
/**
 * A doorbell: one end of a socketpair (SOCK_STREAM or SOCK_SEQPACKET), rung to wake a peer that
 * sleeps in poll(2).
 *
 * Not an eventfd: both sides share its open file description, so that a hostile peer can clear
 * O_NONBLOCK and fill the counter, and our write() would then block for ever. send(2) takes
 * MSG_DONTWAIT per call.
 */
#ifndef UMM_SHARE_DOORBELL_H
#define UMM_SHARE_DOORBELL_H

enum umm_doorbell_state { UMM_DOORBELL_CONNECTED, UMM_DOORBELL_HUNG_UP };

/** Wake the peer. Never blocks, never raises SIGPIPE; a full or closed socket is fine. -1 is fine.
 */
void umm_doorbell_ring(int fd);

/** Take what was rung. Bounded work, however fast the peer rings. */
enum umm_doorbell_state umm_doorbell_drain(int fd);

/** Whether the peer's end is closed; consumes nothing. */
enum umm_doorbell_state umm_doorbell_look(int fd);

#endif
