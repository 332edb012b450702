/* SPDX-License-Identifier: MIT */
/** EGL and OpenGL ES as they are found at run time, for the same reason as GBM is (os/gbm.h). */
#ifndef UMM_DEVICE_GL_API_H
#define UMM_DEVICE_GL_API_H

#include <stdbool.h>

#include <EGL/egl.h>
#include <EGL/eglext.h>
#include <GLES2/gl2.h>
#include <GLES2/gl2ext.h>

#include "os/gbm.h"

/* Name of a function in its library; the prototype is that of its header. */
#define UMM_GL_OF_EGL(_)                                                                           \
	_(eglGetProcAddress)                                                                       \
	_(eglInitialize)                                                                           \
	_(eglTerminate)                                                                            \
	_(eglBindAPI)                                                                              \
	_(eglGetError)                                                                             \
	_(eglQueryString)                                                                          \
	_(eglCreateContext)                                                                        \
	_(eglDestroyContext)                                                                       \
	_(eglMakeCurrent)

#define UMM_GL_OF_GL(_)                                                                            \
	_(glActiveTexture)                                                                         \
	_(glAttachShader)                                                                          \
	_(glBindAttribLocation)                                                                    \
	_(glBindFramebuffer)                                                                       \
	_(glBindTexture)                                                                           \
	_(glBlendFunc)                                                                             \
	_(glCheckFramebufferStatus)                                                                \
	_(glCompileShader)                                                                         \
	_(glCreateProgram)                                                                         \
	_(glCreateShader)                                                                          \
	_(glDeleteFramebuffers)                                                                    \
	_(glDeleteProgram)                                                                         \
	_(glDeleteShader)                                                                          \
	_(glDeleteTextures)                                                                        \
	_(glDisable)                                                                               \
	_(glDrawArrays)                                                                            \
	_(glEnable)                                                                                \
	_(glEnableVertexAttribArray)                                                               \
	_(glFinish)                                                                                \
	_(glFlush)                                                                                 \
	_(glFramebufferTexture2D)                                                                  \
	_(glGenFramebuffers)                                                                       \
	_(glGenTextures)                                                                           \
	_(glGetError)                                                                              \
	_(glGetIntegerv)                                                                           \
	_(glGetProgramiv)                                                                          \
	_(glGetShaderInfoLog)                                                                      \
	_(glGetShaderiv)                                                                           \
	_(glGetString)                                                                             \
	_(glGetUniformLocation)                                                                    \
	_(glLinkProgram)                                                                           \
	_(glReadPixels)                                                                            \
	_(glShaderSource)                                                                          \
	_(glTexImage2D)                                                                            \
	_(glTexParameteri)                                                                         \
	_(glUniform1i)                                                                             \
	_(glUniform2f)                                                                             \
	_(glUniform3fv)                                                                            \
	_(glUniform4f)                                                                             \
	_(glUniformMatrix3fv)                                                                      \
	_(glUseProgram)                                                                            \
	_(glVertexAttribPointer)                                                                   \
	_(glViewport)

/** Every function under its own name; those of extensions under theirs, NULL where it is not there.
 */
struct umm_gl_api {
	const struct umm_gbm *gbm;
/* A declaration: no parentheses. */
#define UMM_GL_MEMBER(name) __typeof__(name) *name; // NOLINT(bugprone-macro-parentheses)
	UMM_GL_OF_EGL(UMM_GL_MEMBER)
	UMM_GL_OF_GL(UMM_GL_MEMBER)
#undef UMM_GL_MEMBER
	PFNEGLGETPLATFORMDISPLAYEXTPROC eglGetPlatformDisplayEXT;
	PFNEGLCREATEIMAGEKHRPROC eglCreateImageKHR;
	PFNEGLDESTROYIMAGEKHRPROC eglDestroyImageKHR;
	PFNEGLQUERYDMABUFFORMATSEXTPROC eglQueryDmaBufFormatsEXT;
	PFNEGLQUERYDMABUFMODIFIERSEXTPROC eglQueryDmaBufModifiersEXT;
	PFNEGLCREATESYNCKHRPROC eglCreateSyncKHR;
	PFNEGLDESTROYSYNCKHRPROC eglDestroySyncKHR;
	PFNEGLDUPNATIVEFENCEFDANDROIDPROC eglDupNativeFenceFDANDROID;
	PFNEGLGETDISPLAYDRIVERNAMEPROC eglGetDisplayDriverName;
	PFNGLEGLIMAGETARGETTEXTURE2DOESPROC glEGLImageTargetTexture2DOES;
};

/**
 * The functions, loaded at the first call and then kept. *out is static. Returns 0, or -ENOENT with
 * the missing library in *missing (static text).
 */
int umm_gl_api_load(const struct umm_gl_api **out, const char **missing);

/** Is `name` one of the words of `list`? */
bool umm_gl_has_word(const char *list, const char *name);

#endif
