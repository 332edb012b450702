/* SPDX-License-Identifier: MIT */
#include "share/guard.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

/* The handler reads this table without a lock: entries are published and cleared by single stores.
 */
#define MAX_GUARDS 4096
static struct umm_guard *_Atomic guards[MAX_GUARDS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct sigaction previous;
static bool installed;

static void write_text(const char *text)
{
	ssize_t ignored = write(STDERR_FILENO, text, strlen(text));
	(void)ignored;
}

/* Only calls that signal-safety(7) allows. One write per word would interleave, so the line is
 * built first. */
static void report(const struct umm_guard *guard, const char *direction)
{
	char line[512] = "umm: guard: stray ";
	const char *parts[] = {
		direction,
		" of buffer ",
		guard->buffer,
		" by '",
		guard->owner,
		"' outside an access (open: ",
		umm_access_name(umm_access_open(guard->book)),
		" access",
		guard->writable ? ")" : "; this member may only read)",
		": call umm_buffer_begin_access() first\n",
	};
	size_t used = strlen(line);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		size_t size = strlen(parts[i]);
		if (size > sizeof(line) - 1 - used)
			size = sizeof(line) - 1 - used;
		memcpy(line + used, parts[i], size);
		used += size;
	}
	line[used] = '\0';
	write_text(line);
}

static const char *fault_direction(const void *context)
{
#if defined(__x86_64__)
	/* Bit 1 of the page-fault error code: the access was a write (Intel SDM vol. 3, 4.7). */
	const ucontext_t *machine = context;
	return machine->uc_mcontext.gregs[REG_ERR] & 2 ? "write" : "read";
#else
	(void)context;
	return "access";
#endif
}

static const struct umm_guard *find_guard(uintptr_t address)
{
	for (int i = 0; i < MAX_GUARDS; i++) {
		const struct umm_guard *guard = atomic_load(&guards[i]);
		if (guard != NULL && address - (uintptr_t)guard->map < guard->size)
			return guard;
	}
	return NULL;
}

static void handle_fault(int number, siginfo_t *info, void *context)
{
	const struct umm_guard *guard = find_guard((uintptr_t)info->si_addr);
	if (guard == NULL && (previous.sa_flags & SA_SIGINFO)) {
		previous.sa_sigaction(number, info, context);
		return;
	}
	if (guard == NULL && previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) {
		previous.sa_handler(number);
		return;
	}
	if (guard != NULL)
		report(guard, fault_direction(context));

	/* Returning repeats the access, which now ends the process as if nobody had looked. */
	struct sigaction fatal = { .sa_handler = SIG_DFL };
	sigaction(number, &fatal, NULL);
}

static int install_handler(void)
{
	if (installed)
		return 0;
	struct sigaction action = { .sa_sigaction = handle_fault,
				    .sa_flags = SA_SIGINFO | SA_NODEFER };
	if (sigaction(SIGSEGV, &action, &previous) < 0)
		return -errno;
	installed = true;
	return 0;
}

static int take_slot(struct umm_guard *guard)
{
	for (int i = 0; i < MAX_GUARDS; i++) {
		if (atomic_load(&guards[i]) != NULL)
			continue;
		guard->slot = i;
		atomic_store(&guards[i], guard);
		return 0;
	}
	return -ENOSPC;
}

int umm_guard_init(struct umm_guard *guard)
{
	pthread_mutex_lock(&lock);
	int ret = install_handler();
	if (ret == 0)
		ret = take_slot(guard);
	pthread_mutex_unlock(&lock);
	if (ret < 0)
		return ret;

	if (mprotect(guard->map, guard->size, PROT_NONE) < 0) {
		ret = -errno;
		atomic_store(&guards[guard->slot], NULL);
		return ret;
	}
	guard->protection = 0;
	return 0;
}

void umm_guard_finish(struct umm_guard *guard)
{
	atomic_store(&guards[guard->slot], NULL);
}

int umm_guard_update(struct umm_guard *guard)
{
	int ret = 0;
	pthread_mutex_lock(&lock);
	unsigned open = umm_access_open(guard->book);
	if (open != guard->protection) {
		/* No machine here has write-only pages: a write access may be read under guard. */
		int protection = open == 0		   ? PROT_NONE
				 : open & UMM_ACCESS_WRITE ? PROT_READ | PROT_WRITE
							   : PROT_READ;
		if (mprotect(guard->map, guard->size, protection) < 0)
			ret = -errno;
		else
			guard->protection = open;
	}
	pthread_mutex_unlock(&lock);
	return ret;
}
