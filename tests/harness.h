/* SPDX-License-Identifier: MIT */
/**
 * A small forking test runner.
 *
 *	TEST(arena_give_rejoins_both_neighbours)
 *	{
 *		CHECK(1 + 1 == 2);
 *	}
 *
 * Each test runs in a process of its own, in a fresh directory, with a time limit (60 s, or
 * UMM_TEST_TIMEOUT seconds), and fails on a leaked fd. SKIP("reason") ends it as skipped. The
 * executable runs the tests named by its arguments, or all;
 * --list prints their names. Exit status: 0 passed, 1 failed, 77 skipped.
 */
#ifndef UMM_TESTS_HARNESS_H
#define UMM_TESTS_HARNESS_H

#ifdef NDEBUG
#error "tests need assertions"
#endif

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct test {
	const char *name;
	void (*run)(void);
	struct test *next;
};

void test_register(struct test *test);
void test_fail(const char *file, int line, const char *format, ...)
	__attribute__((noreturn, format(printf, 3, 4)));
void test_skip(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

#define TEST(test_name)                                                                            \
	static void test_name(void);                                                               \
	static struct test test_name##_test = { .name = #test_name, .run = test_name };            \
	__attribute__((constructor)) static void test_name##_register(void)                        \
	{                                                                                          \
		test_register(&test_name##_test);                                                  \
	}                                                                                          \
	static void test_name(void)

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition))                                                                  \
			test_fail(__FILE__, __LINE__, "%s", #condition);                           \
	} while (0)

#define CHECK_INT(actual, expected)                                                                \
	do {                                                                                       \
		long long actual_ = (long long)(actual), expected_ = (long long)(expected);        \
		if (actual_ != expected_)                                                          \
			test_fail(__FILE__, __LINE__, "%s is %lld, expected %lld", #actual,        \
				  actual_, expected_);                                             \
	} while (0)

#define CHECK_STR(actual, expected)                                                                \
	do {                                                                                       \
		const char *actual_ = (actual), *expected_ = (expected);                           \
		if (actual_ == NULL || strcmp(actual_, expected_) != 0)                            \
			test_fail(__FILE__, __LINE__, "%s is \"%s\", expected \"%s\"", #actual,    \
				  actual_ ? actual_ : "(null)", expected_);                        \
	} while (0)

#define SKIP(...) test_skip(__VA_ARGS__)

/** A sanitizer watches: its shadow memory faults, its allocator takes its time. */
#ifndef __has_feature
#define __has_feature(feature) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||                               \
	__has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TEST_SANITIZED 1
#else
#define TEST_SANITIZED 0
#endif

/** Somebody watches every access, a sanitizer or valgrind: page faults are not ours alone. */
static inline bool test_is_watched(void)
{
	const char *preloaded = getenv("LD_PRELOAD");
	return TEST_SANITIZED || (preloaded != NULL && strstr(preloaded, "vgpreload") != NULL);
}

#endif
