/* SPDX-License-Identifier: MIT */
/**
 * The words that name a kind of stage, in the order of help. They are known without the module, so
 * that a command line can be read before anything is loaded: `umm explain` takes boards and files,
 * too, and a word of this list is never one of those.
 */
#ifndef UMM_STAGE_KINDS_H
#define UMM_STAGE_KINDS_H

#define STAGE_KINDS(EACH)                                                                          \
	EACH(test)                                                                                 \
	EACH(file)                                                                                 \
	EACH(compose)                                                                              \
	EACH(png)                                                                                  \
	EACH(null)                                                                                 \
	EACH(framemd5)                                                                             \
	EACH(wayland)                                                                              \
	EACH(v4l2)                                                                                 \
	EACH(v4l2out)                                                                              \
	EACH(m2m)                                                                                  \
	EACH(kms)                                                                                  \
	EACH(exec)                                                                                 \
	EACH(gl)

#endif
