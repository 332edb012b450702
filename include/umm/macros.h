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
