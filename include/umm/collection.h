/* SPDX-License-Identifier: MIT */
/**
 * A collection: one negotiation about memory, and the pool of buffers that comes out of it.
 *
 *	create or open  ->  join (each participant)  ->  seal  ->  start  ->  frames (umm/queue.h)
 *						        |
 *			  solve -> one buffer on trial -> allocate the pool
 *
 * In one process the collection is an object made by umm_collection_create(); all members join it
 * there, and fork() after the start gives each member to its own process. Between processes that
 * only share a socket it sits behind a broker (umm/broker.h): each process opens it by its token
 * with umm_collection_open() and joins for itself. The calls after that are the same. The library
 * makes no threads.
 *
 * Why seal and start are two calls: after umm_collection_seal() the memory is allocated and the
 * members that write have mapped it, but new writable mappings are still possible. This is the
 * moment to hand umm_buffer_fd() to somebody who maps it for writing (wl_shm, VFIO, udmabuf).
 * umm_collection_start() ends it: F_SEAL_FUTURE_WRITE is set, and from then on the memory can be
 * neither resized, nor hole-punched, nor newly mapped for writing (fcntl(2), memfd_create(2)).
 *
 * One thread at a time per collection, with all its members, until it has started; then per member
 * (umm/queue.h). Collections behind one connection share its thread. What a collection or member
 * returns lives until umm_collection_destroy(), members themselves included.
 */
#ifndef UMM_COLLECTION_H
#define UMM_COLLECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <umm/buffer.h>
#include <umm/constraints.h>
#include <umm/macros.h>
#include <umm/solve.h>

UMM_BEGIN_DECLS

/** A process's line to a broker. */
struct umm_connection;

/** One negotiation. */
struct umm_collection;

/** One participant in it, as seen by the process that joined. Owned by its collection: there is no
 * call to destroy it. */
struct umm_member;

/** Most consumers of one producer. */
#define UMM_MAX_CONSUMERS 32

/** Most buffers of one pool. */
#define UMM_MAX_BUFFERS 256

/** Which end of the queue a member is. A collection has exactly one producer; an observer takes no
 * frames. */
enum umm_role { UMM_PRODUCER, UMM_CONSUMER, UMM_OBSERVER };

/** What happens when a consumer is slower than the producer. */
enum umm_queue_mode {
	UMM_QUEUE_DEFAULT, /**< what the collection says; fifo where it says nothing */
	UMM_QUEUE_FIFO,	   /**< it gets every frame, the producer waits */
	UMM_QUEUE_LATEST,  /**< it gets the newest, the ones it missed are counted as dropped */
};

/** How to join; zero is a good default, fill it with UMM_JOIN_OPTS(). */
struct umm_join_opts {
	size_t struct_size; /**< filled by UMM_JOIN_OPTS(); lets old callers meet new libraries */
	enum umm_role role;
	enum umm_queue_mode mode; /**< consumers only */
	bool foreign_writer; /**< a consumer whose buffers somebody else maps for writing between
				seal and start: its fds arrive before the final seal, and its own
				mapping stays read-only */
	bool memory_file;    /**< a driver in user space: it also gets the memory file behind each
				dma-buf, umm_buffer_memory_fd() */
	bool movable; /**< it touches buffers inside accesses only (umm_buffer_begin_access()), and
			 needs no umm_buffer_fd(): -1. If all members say so, a broker that lends an
			 arena moves buffers about between accesses; their addresses stay */
};
#define UMM_JOIN_OPTS(...)                                                                         \
	(&(struct umm_join_opts){ .struct_size = sizeof(struct umm_join_opts), __VA_ARGS__ })

/**
 * Connect to a broker over a socket that is already connected to it. Takes the fd, also on failure.
 *
 * *out is yours: umm_connection_close(), after the collections opened through it are destroyed.
 * Waits for the broker's first answer. Returns 0, -ECONNRESET (nobody speaks there, or not this
 * protocol), -ENOMEM, or what fcntl(2) says of the fd. Since 0.1.
 */
UMM_API UMM_MUST_CHECK int umm_connection_open(int take_fd, struct umm_connection **out);

/** Close; NULL is fine. Whatever members of this process still held goes back. Waits until the
 * broker has heard of it, at most a second. Since 0.1. */
UMM_API void umm_connection_close(struct umm_connection *connection);

/** A collection inside this process. `name` (1 to 63 bytes) is copied. *out is yours:
 * umm_collection_destroy(). Returns 0, -EINVAL (no such name), -ENOMEM. Since 0.1. */
UMM_API UMM_MUST_CHECK int umm_collection_create(const char *name, struct umm_collection **out);

/**
 * A collection the broker holds under `token`. *out is yours: umm_collection_destroy(), before the
 * connection is closed. Returns 0, -EINVAL (not 1 to 63 bytes), -ENOENT (the broker knows no such
 * token), -ECONNRESET (the broker is gone), -ENOMEM. Since 0.1.
 */
UMM_API UMM_MUST_CHECK int umm_collection_open(struct umm_connection *connection, const char *token,
					       struct umm_collection **out);

/** Leave and destroy: members and the queue go, buffers live until their last reference. NULL is
 * fine. Since 0.1. */
UMM_API void umm_collection_destroy(struct umm_collection *collection);

/**
 * Take part. The constraints are copied. *out belongs to the collection.
 *
 * Returns 0; -EEXIST: a member of that name, or a second producer; -EBUSY: already sealed, or,
 * behind a broker, this process has joined already; -E2BIG: more than UMM_MAX_CONSUMERS, or than
 * the broker expects; -EINVAL: no such role or mode, or a name of more than 63 bytes; -ECONNRESET:
 * the broker is gone; -EPROTO: it sent nonsense; -ENOMEM. Since 0.1.
 */
UMM_API UMM_MUST_CHECK int umm_collection_join(struct umm_collection *collection,
					       const struct umm_constraints *constraints,
					       const struct umm_join_opts *opts,
					       struct umm_member **out);

/** When trials compare contents. A driver may accept memory and then write or read other pages than
 * everybody else: no return code tells, only the bytes do. */
enum umm_content_check {
	UMM_CONTENT_AUTO,   /**< memory that the library's table says a driver gets wrong: if the
				 bytes are right, the table is overruled; where they cannot be
				 compared, it is believed */
	UMM_CONTENT_ALWAYS, /**< every first buffer on trial, of every device that can */
	UMM_CONTENT_NEVER,  /**< the table is a hint, and dropped where it leaves no layout */
};

/**
 * Say when contents are compared, before the seal; UMM_CONTENT_AUTO otherwise. Behind a broker that
 * is for its owner to say (umm_broker_collection_opts). Returns 0; -EBUSY: already sealed; -EINVAL:
 * no such wish; -EOPNOTSUPP: behind a broker. Since 0.1.
 */
UMM_API UMM_MUST_CHECK int umm_collection_set_content_check(struct umm_collection *collection,
							    enum umm_content_check wish);

/** A trial's answer: attached, but contents could not be compared. */
#define UMM_TRIAL_UNCHECKED 1

/** Longest reason of a trial. */
#define UMM_TRIAL_WHY_MAX 256

/** How a member is tried; fill it with UMM_TRIAL_OPTS(). */
struct umm_trial_opts {
	size_t struct_size;

	/**
	 * Attach `buffer` as it would be attached in earnest, and detach it. Called inside
	 * umm_collection_seal(), once for each layout and memory that may be the one, in the
	 * process that joined. The buffer is borrowed and shared by all that try it; its content is
	 * thrown away.
	 *
	 * Returns 0; -EOPNOTSUPP: not this layout, whatever the memory; or another negative errno:
	 * not this memory, whatever the layout. `why` (UMM_TRIAL_WHY_MAX bytes, "" before) gets one
	 * line that says which call refused it: "PRIME import".
	 */
	int (*attach)(void *user, struct umm_buffer *buffer, char *why);
	void *user; /**< kept until umm_collection_seal() has returned */

	/** Who it is, for what is kept beyond this collection: "virtio_gpu" and
	 * "kms:/dev/dri/card0". Copied. NULL: nothing is kept. */
	const char *driver, *device;

	/** Make the trial in a child process: it may crash, or never end. */
	bool may_crash;

	/**
	 * Called instead of `attach` where contents are to be compared, see
	 * umm_collection_set_content_check(): attach `buffer`, write it through one side, read it
	 * through the other, and detach it. NULL: this device has no way to tell.
	 *
	 * Returns 0: the other side reads what was written; UMM_TRIAL_UNCHECKED: attached, but
	 * there was nothing to compare, and `why` says why; -EBADMSG: attached, but the content is
	 * wrong, and `why` says where; else as `attach`.
	 */
	int (*check)(void *user, struct umm_buffer *buffer, char *why);
};
#define UMM_TRIAL_OPTS(...)                                                                        \
	(&(struct umm_trial_opts){ .struct_size = sizeof(struct umm_trial_opts), __VA_ARGS__ })

/**
 * Have the member attach one buffer before the pool is allocated. What drivers say then outweighs
 * what was stated: a refusal is learned, and the search goes on without what was refused. When
 * nothing is left, umm_collection_explain() tells who refused what.
 *
 * What trials teach is kept for later runs, see umm-cache(5).
 *
 * A second call replaces the first. Returns 0; -EBUSY: already sealed; -EINVAL: no attach function;
 * -ECONNRESET: the broker is gone, -EPROTO: it sent nonsense. Since 0.1.
 */
UMM_API UMM_MUST_CHECK int umm_member_set_trial(struct umm_member *member,
						const struct umm_trial_opts *opts);

/**
 * Join with the constraints as JSON text, a PARTICIPANT or GROUP of the constraint document: the
 * short way.
 *
 * `participant` is NUL-terminated. Everything else as umm_collection_join() with default options.
 * Returns what that returns, and -EBADMSG (not JSON), -EINVAL (no name). Since 0.1.
 */
UMM_API UMM_MUST_CHECK int umm_collection_join_json(struct umm_collection *collection,
						    enum umm_role role, const char *participant,
						    struct umm_member **out);

/**
 * Join as program code with pictures of one format and size, one in its hands at a time: reading
 * and writing them as a producer, reading as a consumer. The shortest way.
 *
 * Everything else as umm_collection_join() with default options. Returns what that returns, and
 * -EINVAL (no name, a fourcc that is not known, a size of 0, or an observer, which touches
 * nothing). Since 0.1.
 */
UMM_API UMM_MUST_CHECK int umm_collection_join_cpu(struct umm_collection *collection,
						   enum umm_role role, const char *name,
						   uint32_t fourcc, struct umm_size size,
						   struct umm_member **out);

/**
 * No more members from here: find the layout, allocate the pool, map it.
 *
 * Behind a broker this waits until every process that is expected has sealed too.
 * Returns 0; UMM_CONFLICT or UMM_INVALID (umm_collection_explain() says why); -EPROTO: no producer
 * or no consumer, or the broker sent nonsense; -EBUSY: already sealed; -ECONNRESET: the broker is
 * gone or ended the collection; -ENOMEM and other errnos of the heap. Unless it is 0 or -EBUSY the
 * collection can do no more than explain itself: destroy it. Since 0.1.
 */
UMM_API UMM_MUST_CHECK int umm_collection_seal(struct umm_collection *collection);

/**
 * All mappings exist: seal the memory for good and let frames flow. Behind a broker it waits for
 * the others. Returns 0; -EINVAL: not sealed, or started already; -ECONNRESET: the broker is gone
 * or ended the collection; -EPROTO: it sent nonsense; or what fcntl(2) and mmap(2) say. Since 0.1.
 */
UMM_API UMM_MUST_CHECK int umm_collection_start(struct umm_collection *collection);

/** Why the answer is what it is, for people; "" before the seal, and for NULL. Where a broker
 * ended the collection before that, its reason. Since 0.1. */
UMM_API const char *umm_collection_explain(const struct umm_collection *collection);

/** The solver's whole answer as the contract's JSON (umm-constraints(5)). NULL: there is none,
 * before the seal; and of a refusal behind a broker, which sends its members the explanation alone.
 * Since 0.1. */
UMM_API const char *umm_collection_answer_json(const struct umm_collection *collection);

/** The agreed layout, or NULL before a successful seal. Since 0.1. */
UMM_API const struct umm_layout *umm_collection_layout(const struct umm_collection *collection);

/** The member's name. Since 0.1. */
UMM_API const char *umm_member_name(const struct umm_member *member);

/** How many buffers the pool has; 0 before the seal. Since 0.1. */
UMM_API unsigned umm_member_buffer_count(const struct umm_member *member);

/** Buffer `index` as this member maps it, or NULL: there is none. Borrowed: umm_buffer_ref() to
 * keep it longer than the collection. Since 0.1. */
UMM_API struct umm_buffer *umm_member_buffer(const struct umm_member *member, unsigned index);

/**
 * In-process collections: tell the others that this member's process has died. What it held goes
 * back, consumers of a dead producer get -EOWNERDEAD. Seldom needed: who waits for a process that
 * has died after its first call on its member notices by itself (umm/queue.h), and a broker when it
 * disconnects. What nobody notices is a child that dies before that. Does nothing before the seal,
 * and behind a broker. Since 0.1.
 */
UMM_API void umm_member_bury(struct umm_member *member);

UMM_END_DECLS

#endif
