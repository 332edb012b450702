/* SPDX-License-Identifier: MIT */
/**
 * The broker: collections across processes. For those who start the processes (umm run, a daemon);
 * members need only umm/collection.h.
 *
 * It speaks umm's Wayland protocol (broker/umm-v1.xml) over socketpairs, allocates the memory,
 * sends each process its fds, and is out of the way after that: no frame passes through it. When a
 * process disconnects, what it held goes back. One thread at a time per broker, with all that is
 * its: clients, collections.
 */
#ifndef UMM_BROKER_H
#define UMM_BROKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <umm/collection.h>
#include <umm/macros.h>
#include <umm/queue.h>

UMM_BEGIN_DECLS

struct umm_broker;

/** A process that is connected. It belongs to the broker, and is valid until its disconnected event
 * returns. */
struct umm_client;

/** How a collection is to be; fill it with UMM_BROKER_COLLECTION_OPTS(). */
struct umm_broker_collection_opts {
	size_t struct_size;
	unsigned expected_members; /**< solve when this many have joined and sealed */
	enum umm_queue_mode mode;  /**< for members that join with UMM_QUEUE_DEFAULT */
	unsigned buffers;	   /**< exactly that many; 0: what the participants need */
	const char *const *heaps; /**< permitted heap names, the preferred first, NULL-terminated. A
				     heap that is not there or runs out is passed over, and the
				     notes say so. NULL: any */
	int64_t trial_timeout_ns; /**< a member whose trial takes longer is disconnected; 0: 30 s */
	bool no_cache; /**< neither use nor write down what trials teach, see umm-cache(5) */
	enum umm_content_check content_check;
	int64_t long_trial_timeout_ns; /**< the same of members whose trial may crash
					  (umm_trial_opts): drivers of GPUs compile; 0: 120 s */
};
#define UMM_BROKER_COLLECTION_OPTS(...)                                                            \
	(&(struct umm_broker_collection_opts){                                                     \
		.struct_size = sizeof(struct umm_broker_collection_opts), __VA_ARGS__ })

/** What happens, told from inside umm_broker_dispatch(); `disconnected` also from inside
 * umm_broker_destroy() and umm_broker_end_collection(). Any may be NULL. Texts and layouts hold
 * until the event returns. Inside of one the broker may be asked, and told to end collections, but
 * not dispatched nor destroyed. */
struct umm_broker_events {
	/** A collection has its layout; notes: what is worth telling (a heap that was passed over),
	 * "" if nothing. */
	void (*settled)(void *user, const char *token, const struct umm_layout *layout,
			const char *notes);
	/** There is no layout, or the pool could not be had; members get the same text. verdict:
	 * enum umm_verdict or -errno. */
	void (*refused)(void *user, const char *token, int verdict, const char *explanation);
	/** All members have started: frames flow. */
	void (*started)(void *user, const char *token);
	/** A process has gone, cleanly (it left all collections first) or not. */
	void (*disconnected)(void *user, struct umm_client *client, const char *label, bool clean);
};

/** Make a broker. `events` is copied, and may be NULL; `user` is kept, and handed to them. *out is
 * yours: umm_broker_destroy(). Returns 0 or -ENOMEM. Since 0.1. */
UMM_API UMM_MUST_CHECK int umm_broker_create(const struct umm_broker_events *events, void *user,
					     struct umm_broker **out);

/** Disconnect everybody and free. NULL is fine. Since 0.1. */
UMM_API void umm_broker_destroy(struct umm_broker *broker);

/** Offer a collection under `token` (1 to 63 bytes); it and `opts` are copied. The token stays
 * taken, also after the end of the collection. Returns 0; -EEXIST: a collection of that token;
 * -EINVAL: no such token, fewer than two members expected, more than UMM_MAX_BUFFERS, or no such
 * content_check; -ENOMEM. Since 0.1. */
UMM_API UMM_MUST_CHECK int umm_broker_add_collection(struct umm_broker *broker, const char *token,
						     const struct umm_broker_collection_opts *opts);

/**
 * Lend memory to buffers that move: `size_bytes` of huge pages, in whole pages. Where every member
 * of a collection has joined with .movable, and ordinary memory would do, its buffers come from
 * there, as long as there is room. When somebody demands contiguous memory (heap `arena` of this
 * process, and so any collection behind this broker), they move out of the way between accesses,
 * while frames flow.
 *
 * It is one file, and a process that may write one buffer of it could write all: only for a broker
 * whose processes trust each other, such as the parts of one user's one program. Without this call
 * buffers stay where they are.
 *
 * Returns 0; -EBUSY: done already; -EINVAL: size 0; -ENOMEM: not so many huge pages are free; or
 * what the kernel says. Since 0.1.
 */
UMM_API UMM_MUST_CHECK int umm_broker_lend_arena(struct umm_broker *broker, uint64_t size_bytes);

/** How often buffers of a collection have moved so far. Returns 0; -EOPNOTSUPP: they are not of the
 * kind that moves, or there are none yet; -ENOENT: no such token. Since 0.1. */
UMM_API UMM_MUST_CHECK int umm_broker_get_moves(const struct umm_broker *broker, const char *token,
						uint64_t *out);

/**
 * A socket for one process, for its umm_connection_open(): the caller owns *out_fd and hands it to
 * the process. `label` names the process in messages; it is copied, and cut to 63 bytes.
 * *out_client belongs to the broker; out_client may be NULL. Returns 0, -ENOMEM, or what
 * socketpair(2) says. Since 0.1.
 */
UMM_API UMM_MUST_CHECK int umm_broker_connect(struct umm_broker *broker, const char *label,
					      int *out_fd, struct umm_client **out_client);

/**
 * Answer for a process, as long as it is connected: that the devices it names in
 * umm_member_set_trial() are those it has, and that what it says of them is true. What its trials
 * teach from now on is kept for others, see umm-cache(5). The word of a process that nobody answers
 * for counts in the collection that it is given in, for itself. Since 0.1.
 */
UMM_API void umm_broker_vouch_for(struct umm_client *client);

/** Readable when umm_broker_dispatch() has something to do. Borrowed: never close it. Since 0.1. */
UMM_API int umm_broker_fd(const struct umm_broker *broker);

/** Serve what is pending, waiting at most timeout_ns for the first. Returns 0, also when the time
 * is up or a signal came, or what epoll_wait(2) says. Since 0.1. */
UMM_API UMM_MUST_CHECK int umm_broker_dispatch(struct umm_broker *broker, int64_t timeout_ns);

/** One member of a collection as the broker sees it. */
struct umm_broker_member_info {
	const char *name;  /**< this and `label` live until the next umm_broker_dispatch() */
	const char *label; /**< of its client */
	enum umm_role role;
	bool gone;		       /**< it left, or its process has gone */
	struct umm_member_stats stats; /**< read from shared memory: the member's own word */
};

/** Member `index` of a collection, from 0. Returns 0, -ENOENT (no such token or member). Costs no
 * message. Since 0.1. */
UMM_API int umm_broker_get_member(const struct umm_broker *broker, const char *token,
				  unsigned index, struct umm_broker_member_info *out);

/** A question to the solver and its answer, both as JSON, see umm-constraints(5). */
struct umm_broker_answer {
	const char *document; /**< all participants with what is known of them, and the heaps */
	const char *answer;   /**< what members get from umm_collection_answer_json() */
};

/** The last question that a collection put to the solver: the one its layout comes from, or its
 * refusal. Both texts live until the next umm_broker_dispatch(). Returns 0, -ENOENT (no such token,
 * or nothing asked yet). Since 0.1. */
UMM_API int umm_broker_get_answer(const struct umm_broker *broker, const char *token,
				  struct umm_broker_answer *out);

/** End a collection for all its members: they get -ECONNRESET, and its memory goes with its last
 * user. Does nothing where it has ended, or is not there. Since 0.1. */
UMM_API void umm_broker_end_collection(struct umm_broker *broker, const char *token);

UMM_END_DECLS

#endif
