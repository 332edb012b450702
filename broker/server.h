/* SPDX-License-Identifier: MIT */
/**
 * Inside the broker, each in the file of its name:
 *
 *	server			umm_broker --< umm_client	a process
 *	server_collection	umm_broker --< collection	a negotiation
 *	server_trial				       its trials
 *	server_stir				       those who sleep when a member has gone
 *	server_seat		collection --< seat	a process's part in it: one wl_resource
 *
 * A seat outlives neither its client nor its resource; a collection outlives all its seats, so that
 * the counters of those who left can still be read.
 */
#ifndef UMM_BROKER_SERVER_H
#define UMM_BROKER_SERVER_H

#include <stdbool.h>

#include <wayland-server-core.h>

#include <umm/broker.h>

#include "share/negotiation.h"
#include "share/pool.h"
#include "share/settle.h"

/** Largest document a process may send. */
#define MAX_DOCUMENT_BYTES (1u << 20)

/** Most collections one process may have open. */
#define MAX_SEATS_PER_CLIENT 64

struct umm_broker {
	struct wl_display *display;
	struct wl_global *global;
	struct umm_broker_events events;
	void *user;
	struct wl_list clients;	      /* umm_client.link */
	struct wl_list collections;   /* collection.link */
	bool serving;		      /* in umm_broker_dispatch() */
	bool unsent;		      /* there may be something to send */
	struct umm_arena *arena;      /**< lent to buffers that move; borrowed, NULL: none */
	struct umm_arena *own_arena;  /* the same, or NULL */
	struct umm_learned learned;   /**< by trials, of all collections; also in the file */
	struct umm_learned unwritten; /**< the same of those that are not to use the file */
};

struct umm_client {
	struct wl_list link; /* umm_broker.clients */
	struct umm_broker *broker;
	struct wl_client *wl_client;
	struct wl_listener destroyed;
	struct wl_list seats; /* seat.client_link: those that have not left */
	unsigned n_seats;
	bool vouched_for;
	char label[64];
};

/** The steps of umm-v1.xml. */
enum collection_step {
	STEP_JOINING,
	STEP_MAPPING, /**< writers map; ends with the final seal */
	STEP_READING, /**< readers map */
	STEP_RUNNING,
	STEP_ENDED,
};

/** What the collection remembers of a member; index as in the negotiation. */
struct member_record {
	struct seat *seat; /* NULL once it left */
	char label[64];
	unsigned said;	/**< steps it has finished: 1 sealed, 2 mapped, 3 ready */
	unsigned asked; /**< buffers on trial it did not answer to yet */
	bool to_check;	/**< it is to compare contents in this round, when it is its turn */
};

struct collection {
	struct wl_list link; /* umm_broker.collections */
	struct umm_broker *broker;
	char token[64];
	unsigned expected;
	enum collection_step step;
	struct umm_negotiation negotiation;
	struct umm_settle settle;
	struct trial_round {
		uint32_t serial; /**< of the last try; 0: none yet */
		unsigned unanswered;
		int64_t timeout_ns, long_timeout_ns; /**< of ordinary members, of those that may
							crash */
		int64_t began_ns;		     /**< when they were asked */
		struct wl_event_source *timer;	     /* NULL: nobody is asked */
	} round;
	struct {
		struct wl_event_source *timer; /* NULL: nobody has left */
		int pause_ms;
	} stir;
	struct umm_pool *pool; /* NULL until settled */
	struct member_record *records;
	struct wl_list seats; /* seat.collection_link: all that opened it, joined or not */
};

struct seat {
	struct wl_resource *resource;
	struct umm_client *client;     /* NULL once it left */
	struct collection *collection; /* NULL: unknown token, or left */
	struct wl_list client_link, collection_link;
	int index; /* in the negotiation; -1 until joined */
};

/* server_collection.c */
int collection_create(struct umm_broker *broker, const char *token,
		      const struct umm_broker_collection_opts *opts, struct collection **out);
void collection_destroy(struct collection *collection);
struct collection *collection_find(const struct umm_broker *broker, const char *token);
/** Take a member in; 0 or a negative errno for the joined event. */
int collection_join(struct collection *collection, struct seat *seat,
		    const struct umm_constraints *constraints, const struct umm_join_opts *opts);
/** A member has said something: go on to the next step if all have. */
void collection_advance(struct collection *collection);
/** A member has gone. */
void collection_leave(struct collection *collection, struct seat *seat);
/** Wake who may sleep on and on since a member has gone (server_stir.c), until nobody is left. */
void stir_start(struct collection *collection);
void stir_stop(struct collection *collection);
/** Over for everybody. */
void collection_end(struct collection *collection, const char *reason);
/** The search has ended: with a pool (verdict 0), or without. */
void collection_settled(struct collection *collection, int verdict);

/* server_trial.c */
/** Search a layout that all attach; ends in collection_settled(), now or with the last answer. */
void trial_begin(struct collection *collection);
/** A member's answer. -EPROTO: to a question that was not asked. */
int trial_hear(struct collection *collection, unsigned index, uint32_t serial, int result,
	       const char *why);
/** No more questions; what was learned is kept. */
void trial_end(struct collection *collection);

/* server_seat.c */
int seat_create(struct umm_client *client, uint32_t id, const char *token);
/** Leave collection and client; the resource may live on for a moment. */
void seat_leave(struct seat *seat);
/** The events of one step; each returns 0 or -ENOMEM or an errno of fcntl. */
int seat_send_try(struct seat *seat, const struct umm_heap_memory *memory);
int seat_send_settled(struct seat *seat);
int seat_send_refused(struct seat *seat, int verdict, const char *explanation);
void seat_send_writable(struct seat *seat);
void seat_send_readable(struct seat *seat);
void seat_send_started(struct seat *seat);
void seat_send_ended(struct seat *seat, const char *reason);

#endif
