/* SPDX-License-Identifier: MIT */
/** A process's line to the broker, as broker/client.c uses it. */
#ifndef UMM_BROKER_CONNECTION_H
#define UMM_BROKER_CONNECTION_H

#include <umm/collection.h>

struct umm_collection_v1;

/** A collection object for `token`, or NULL. Its owner destroys it with
 * umm_collection_v1_destroy(). */
struct umm_collection_v1 *umm_connection_open_collection(struct umm_connection *connection,
							 const char *token);

/** Send what is queued and handle events, waiting for at least one. Returns 0 or -ECONNRESET. */
int umm_connection_wait(struct umm_connection *connection);

/** Handle what has arrived, without waiting. Returns 0 or -ECONNRESET. */
int umm_connection_poll(struct umm_connection *connection);

/** Readable when umm_connection_poll() has something to do. Borrowed. */
int umm_connection_fd(const struct umm_connection *connection);

/** Wait until the broker has handled all that was sent. Returns 0 or -ECONNRESET. */
int umm_connection_roundtrip(struct umm_connection *connection);

/** Send what is queued. Returns 0 or -ECONNRESET. */
int umm_connection_flush(struct umm_connection *connection);

#endif
