/* SPDX-License-Identifier: MIT */
/**
 * The first process of a test machine: mounts what programs expect, then runs commands for the
 *host.
 *
 * A shell and a service manager would take longer than most tests do, so this is one static
 * program. The host speaks through one virtio-serial port named "umm"; every message, both ways,
 * is a header of nine bytes and its payload:
 *
 *	type (1), job (4, little endian), length of the payload (4, little endian)
 *
 *	host to guest	'R' run: "NAME=value" strings, an empty string, the arguments, each with
 *			    its NUL
 *			'S' send the signal in the payload's first byte to the job's process group
 *			'Q' end the machine
 *	guest to host	'H' here I am: the kernel's version
 *			'O' 'E' what the job wrote to stdout, to stderr
 *			'X' the job has ended: its status of wait(2), 4 bytes
 *
 * Jobs are numbered by the host, each is a session of its own, and several run at a time. When a
 * job's first process ends, what is left of its group is killed. When none of that is there any
 * more, what its pipes still hold is sent, and then its status: whoever hears that a job has ended
 * finds the devices and the memory it had as free as they will ever be.
 *
 * The same executable is the kernel's module loader (/proc/sys/kernel/modprobe): the root file
 * system is the host's and has no modules of this kernel, so modprobe must be told where they are.
 * Kernel parameters: umm.modules=DIRECTORY for that, umm.keep=DIRECTORY (repeated) for what must
 * stay visible when a fresh file system covers the place it is in.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_JOBS    16
#define MAX_KEPT    8
#define MAX_WORDS   256
#define MAX_MESSAGE (256 * 1024)
#define CHUNK	    16384
#define DYING_MS    20 /* between two looks at who is dying */

struct job {
	uint32_t id;
	pid_t pid;    /* 0: the entry is free */
	int out, err; /* -1 when at their end */
	bool ended;   /* its first process has; others of its group may still be dying */
	int status;
};

static struct job jobs[MAX_JOBS];
static char cmdline[4096], modules_dir[1024];
static int port = -1;

/* Nobody reads a return value of the first process: say it on the console and stop the machine. */
static void die(const char *what)
{
	fprintf(stderr, "umm-vm: init: %s: %s\n", what, strerror(errno));
	sync();
	reboot(RB_AUTOBOOT);
	_exit(1);
}

/* ---- the machine ---- */

static void read_cmdline(void)
{
	int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, cmdline, sizeof(cmdline) - 1);
	if (n < 0)
		die("/proc/cmdline");
	close(fd);
	cmdline[n] = '\0';
	cmdline[strcspn(cmdline, "\n")] = '\0';
}

/* The next value of a parameter after *at, which moves on; false when there is none. */
static bool next_parameter(const char **at, const char *name, char *out, size_t size)
{
	size_t length = strlen(name);
	while (**at != '\0') {
		const char *word = *at + strspn(*at, " ");
		size_t n = strcspn(word, " ");
		*at = word + n;
		if (n >= length && strncmp(word, name, length) == 0 && n - length < size) {
			memcpy(out, word + length, n - length);
			out[n - length] = '\0';
			return true;
		}
	}
	return false;
}

static void mount_or_warn(const char *type, const char *where, const char *options)
{
	mkdir(where, 0755);
	if (mount(type, where, type, 0, options) < 0 && errno != EBUSY)
		fprintf(stderr, "umm-vm: init: %s on %s: %s\n", type, where, strerror(errno));
}

static void make_directories(const char *path)
{
	char copy[1024];
	snprintf(copy, sizeof(copy), "%s", path);
	for (char *slash = strchr(copy + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(copy, 0755);
		*slash = '/';
	}
	mkdir(copy, 0755);
}

/* Fresh writable places. What must stay visible is held open across that and bound back. */
static void cover_writable_places(void)
{
	static const char *const places[] = { "/tmp", "/run", "/var/tmp", "/var/cache", "/mnt" };
	char kept[MAX_KEPT][1024], link[64];
	int fds[MAX_KEPT], n = 0;
	const char *at = cmdline;
	while (n < MAX_KEPT && next_parameter(&at, "umm.keep=", kept[n], sizeof(kept[n]))) {
		fds[n] = open(kept[n], O_PATH | O_DIRECTORY | O_CLOEXEC);
		n++;
	}
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (access(places[i], F_OK) == 0)
			mount_or_warn("tmpfs", places[i], "mode=1777");
	for (int i = 0; i < n; i++) {
		if (access(kept[i], F_OK) < 0 && fds[i] >= 0) {
			make_directories(kept[i]);
			snprintf(link, sizeof(link), "/proc/self/fd/%d", fds[i]);
			if (mount(link, kept[i], NULL, MS_BIND | MS_REC, NULL) < 0)
				die(kept[i]);
		}
		close(fds[i]);
	}
}

static void bring_loopback_up(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		fprintf(stderr, "umm-vm: init: loopback: %s\n", strerror(errno));
	close(fd);
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		fprintf(stderr, "umm-vm: init: %s: %s\n", path, strerror(errno));
	close(fd);
}

static void set_up(const char *self)
{
	mount_or_warn("proc", "/proc", NULL);
	mount_or_warn("sysfs", "/sys", NULL);
	mount_or_warn("devtmpfs", "/dev", NULL);
	read_cmdline();
	cover_writable_places();
	mount_or_warn("devpts", "/dev/pts", "ptmxmode=0666");
	mount_or_warn("tmpfs", "/dev/shm", "mode=1777");
	mount_or_warn("debugfs", "/sys/kernel/debug", NULL);
	mount_or_warn("hugetlbfs", "/dev/hugepages", NULL);
	if (symlink("/proc/self/fd", "/dev/fd") < 0 && errno != EEXIST)
		fprintf(stderr, "umm-vm: init: /dev/fd: %s\n", strerror(errno));
	mkdir("/run/user", 0755);
	bring_loopback_up();
	sethostname("umm-vm", 6);
	write_file("/proc/sys/kernel/modprobe", self);

	const char *at = cmdline;
	next_parameter(&at, "umm.modules=", modules_dir, sizeof(modules_dir));
	char options[1100];
	snprintf(options, sizeof(options), "-d %s", modules_dir);
	setenv("MODPROBE_OPTIONS", options, 1);
	setenv("HOME", "/tmp", 1);
	/* Where Mesa keeps what it has compiled; else in the home of /etc/passwd: read-only. */
	setenv("XDG_CACHE_HOME", "/tmp/.cache", 1);
	/* With vectors of 256 bits Mesa's software GPU interpolates wrongly on an emulated
	   processor: one of two neighbours counts as black (Mesa 22.3 on QEMU 7.2). */
	setenv("LP_NATIVE_VECTOR_WIDTH", "128", 1);
	setenv("XDG_RUNTIME_DIR", "/run/user", 1);
	setenv("TERM", "dumb", 1);
	setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
}

/* Called by the kernel with no environment to speak of: SELF -q -- MODULE. */
static int load_module(char **argv)
{
	read_cmdline();
	const char *at = cmdline;
	next_parameter(&at, "umm.modules=", modules_dir, sizeof(modules_dir));
	execl("/sbin/modprobe", "modprobe", "-q", "-d", modules_dir, "--", argv[3], (char *)NULL);
	return 1;
}

/* ---- messages ---- */

static void put_number(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

static uint32_t get_number(const uint8_t *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static void write_all(const void *data, size_t size)
{
	for (const char *at = data; size > 0;) {
		ssize_t n = write(port, at, size);
		if (n < 0 && errno != EINTR)
			die("write to the host");
		if (n > 0)
			at += n, size -= (size_t)n;
	}
}

static void send_message(char type, uint32_t job, const void *payload, size_t size)
{
	static uint8_t message[9 + CHUNK];
	message[0] = (uint8_t)type;
	put_number(message + 1, job);
	put_number(message + 5, (uint32_t)size);
	memcpy(message + 9, payload, size);
	write_all(message, 9 + size);
}

static void read_all(void *data, size_t size)
{
	for (char *at = data; size > 0;) {
		ssize_t n = read(port, at, size);
		if (n == 0)
			die("the host has gone");
		if (n < 0 && errno != EINTR)
			die("read from the host");
		if (n > 0)
			at += n, size -= (size_t)n;
	}
}

/* The port is found by its name; its number depends on what else the machine has. */
static int open_port(void)
{
	char path[300], name[64];
	for (int attempt = 0; attempt < 1000; attempt++, usleep(10000)) {
		DIR *dir = opendir("/sys/class/virtio-ports");
		for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
			snprintf(path, sizeof(path), "/sys/class/virtio-ports/%.200s/name",
				 entry->d_name);
			FILE *file = fopen(path, "re");
			bool ours = file != NULL && fgets(name, sizeof(name), file) != NULL &&
				    strcmp(name, "umm\n") == 0;
			if (file != NULL)
				fclose(file);
			if (!ours)
				continue;
			snprintf(path, sizeof(path), "/dev/%.200s", entry->d_name);
			closedir(dir);
			return open(path, O_RDWR | O_CLOEXEC);
		}
		if (dir != NULL)
			closedir(dir);
	}
	errno = ENODEV;
	return -1;
}

/* ---- jobs ---- */

static void run_child(char *payload, size_t size, int out, int err)
{
	char *words[MAX_WORDS + 1];
	int n = 0;
	char *at = payload, *end = payload + size;
	for (; at < end && *at != '\0'; at += strlen(at) + 1)
		putenv(at);
	for (at++; at < end && n < MAX_WORDS; at += strlen(at) + 1)
		words[n++] = at;
	words[n] = NULL;

	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	const char *directory = getenv("PWD");
	if (n == 0 || (directory != NULL && chdir(directory) < 0))
		_exit(127);
	execvp(words[0], words);
	fprintf(stderr, "%s: %s\n", words[0], strerror(errno));
	_exit(127);
}

static struct job *find_job(uint32_t id)
{
	for (int i = 0; i < MAX_JOBS; i++)
		if (jobs[i].pid != 0 && jobs[i].id == id)
			return &jobs[i];
	return NULL;
}

static struct job *free_job(void)
{
	for (int i = 0; i < MAX_JOBS; i++)
		if (jobs[i].pid == 0)
			return &jobs[i];
	return NULL;
}

static void send_status(uint32_t id, int status)
{
	uint8_t number[4];
	put_number(number, (uint32_t)status);
	send_message('X', id, number, sizeof(number));
}

static void run_job(uint32_t id, char *payload, size_t size)
{
	struct job *job = free_job();
	int out[2], err[2];
	if (job == NULL || pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0) {
		send_status(id, 127 << 8);
		return;
	}
	pid_t pid = fork();
	if (pid == 0)
		run_child(payload, size, out[1], err[1]);
	close(out[1]);
	close(err[1]);
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	fcntl(err[0], F_SETFL, O_NONBLOCK);
	*job = (struct job){ .id = id, .pid = pid, .out = out[0], .err = err[0] };
}

/* Send what a pipe holds now; close it at its end. */
static void forward(struct job *job, char type, int *fd)
{
	static char data[CHUNK];
	while (*fd >= 0) {
		ssize_t n = read(*fd, data, sizeof(data));
		if (n > 0) {
			send_message(type, job->id, data, (size_t)n);
			continue;
		}
		if (n < 0 && errno == EAGAIN)
			return;
		close(*fd);
		*fd = -1;
	}
}

static void end_job(struct job *job)
{
	forward(job, 'O', &job->out);
	forward(job, 'E', &job->err);
	if (job->out >= 0)
		close(job->out);
	if (job->err >= 0)
		close(job->err);
	send_status(job->id, job->status);
	job->pid = 0;
}

/* The number of a group is nobody else's as long as it has a member, though its first has gone. */
static bool group_is_gone(const struct job *job)
{
	return kill(-job->pid, SIGKILL) < 0 && errno == ESRCH;
}

/* Returns whether somebody is still dying. */
static bool end_jobs(void)
{
	bool dying = false;
	for (int i = 0; i < MAX_JOBS; i++) {
		if (jobs[i].pid == 0 || !jobs[i].ended)
			continue;
		if (group_is_gone(&jobs[i]))
			end_job(&jobs[i]);
		else
			dying = true;
	}
	return dying;
}

/* Also those nobody else waits for. */
static void reap(void)
{
	int status;
	for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
		for (int i = 0; i < MAX_JOBS; i++)
			if (jobs[i].pid == pid) {
				jobs[i].ended = true;
				jobs[i].status = status;
			}
}

static void obey(void)
{
	static char payload[MAX_MESSAGE + 1];
	uint8_t header[9];
	read_all(header, sizeof(header));
	uint32_t id = get_number(header + 1), size = get_number(header + 5);
	if (size > MAX_MESSAGE) {
		errno = EMSGSIZE;
		die("message of the host");
	}
	read_all(payload, size);
	payload[size] = '\0';
	struct job *job = find_job(id);
	if (header[0] == 'R')
		run_job(id, payload, size);
	else if (header[0] == 'S' && job != NULL && size > 0)
		kill(-job->pid, payload[0]);
	else if (header[0] == 'Q')
		reboot(RB_AUTOBOOT);
}

static void serve(int signals)
{
	struct pollfd fds[2 + 2 * MAX_JOBS] = {
		{ .fd = port, .events = POLLIN },
		{ .fd = signals, .events = POLLIN },
	};
	for (;;) {
		int timeout_ms = end_jobs() ? DYING_MS : -1; /* not all of them are our children */
		for (int i = 0; i < MAX_JOBS; i++) {
			bool used = jobs[i].pid != 0;
			fds[2 + 2 * i] = (struct pollfd){ used ? jobs[i].out : -1, POLLIN, 0 };
			fds[3 + 2 * i] = (struct pollfd){ used ? jobs[i].err : -1, POLLIN, 0 };
		}
		if (poll(fds, sizeof(fds) / sizeof(fds[0]), timeout_ms) < 0 && errno != EINTR)
			die("poll");
		for (int i = 0; i < MAX_JOBS; i++) {
			if (fds[2 + 2 * i].revents != 0)
				forward(&jobs[i], 'O', &jobs[i].out);
			if (fds[3 + 2 * i].revents != 0)
				forward(&jobs[i], 'E', &jobs[i].err);
		}
		if (fds[1].revents != 0) {
			struct signalfd_siginfo info;
			if (read(signals, &info, sizeof(info)) > 0)
				reap();
		}
		if (fds[0].revents & POLLHUP && !(fds[0].revents & POLLIN))
			die("the host has gone");
		if (fds[0].revents & POLLIN)
			obey();
	}
}

int main(int argc, char **argv)
{
	if (getpid() != 1)
		return argc == 4 && strcmp(argv[1], "-q") == 0 ? load_module(argv) : 1;
	set_up(argv[0]);
	sigset_t child;
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	int signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	port = open_port();
	if (port < 0)
		die("no virtio-serial port named umm");
	struct utsname system;
	uname(&system);
	send_message('H', 0, system.release, strlen(system.release));
	if (signals < 0)
		die("signalfd");
	serve(signals);
}
