/* SPDX-License-Identifier: MIT */
/**
 * Macros every public header uses. Nothing here has run-time meaning.
 *
 * How results are told everywhere in libumm:
 *
 *	0			done
 *	a negative errno	"could not": -ENOMEM, -EINVAL, -ETIMEDOUT, ...; what the
 *				kernel says is passed up unchanged
 *	a positive verdict	an answer, not a failure (enum umm_verdict), listed in the
 *				comment of each call that gives it
 *
 * Results leave through `out` parameters, which are written on success only.
 *
 * Pointers: what a call is given it uses until it returns, and no longer, unless its comment says
 * that it is copied, kept, or taken (an fd named take_...: the library closes it, also on failure).
 * What a call returns belongs to the object that was asked and lives as long as that, unless its
 * comment says otherwise; what arrives in `out` is yours where the comment names the call that
 * destroys it. NULL is allowed where a comment says so.
 *
 * Threads: one at a time per object, and different objects are independent, unless a comment says
 * more ("thread-safe": any number of threads at once) or less. Reading counts, too. The library
 * makes no threads.
 */
#ifndef UMM_MACROS_H
#define UMM_MACROS_H

#ifdef __cplusplus
#define UMM_BEGIN_DECLS extern "C" {
#define UMM_END_DECLS	}
#else
#define UMM_BEGIN_DECLS
#define UMM_END_DECLS
#endif

#if defined(__GNUC__)
#define UMM_API				__attribute__((__visibility__("default")))
#define UMM_PRINTF(string_index, first) __attribute__((__format__(__printf__, string_index, first)))
#define UMM_MUST_CHECK			__attribute__((__warn_unused_result__))
#else
#define UMM_API
#define UMM_PRINTF(string_index, first)
#define UMM_MUST_CHECK
#endif

/** Answers that are not failures. Since 0.1. */
enum umm_verdict {
	UMM_OK = 0,
	UMM_CONFLICT = 1, /**< no layout serves all participants; the explanation names who clashes
			     on what */
	UMM_INVALID = 2, /**< a constraint document breaks the contract; the explanation lists every
			    violation */
	UMM_END = 3,	 /**< the stream has ended: no further frame will come */
};

/** Wait without a limit, for every parameter named timeout_ns. 0 does not wait at all. */
#define UMM_FOREVER (-1)

#endif
