/* SPDX-License-Identifier: MIT */
/**
 * Wire requests as a stranger may send them: bytes, and files beside them.
 *
 * The input is a list of messages: [0] how many bytes follow (0 ends), [1] which file goes along
 * (0 none, 1 a valid document, 2 a document that is not sealed, 3 /dev/null), then the bytes. A
 * second, well-behaved part of the protocol is in the corpus, so that the fuzzer gets past the
 * first request.
 */
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <umm/broker.h>

#include "os/memfd.h"

static const char document[] =
	"{\"name\":\"a\",\"usage\":[\"cpu_read\"],\"formats\":[{\"format\":\"R8\"}]}";

static int file_of(unsigned kind)
{
	int fd = -1;
	switch (kind & 3) {
	case 1:
		return umm_memfd_from_data("doc", document, sizeof(document) - 1, &fd) == 0 ? fd
											    : -1;
	case 2:
		fd = memfd_create("loose", MFD_CLOEXEC);
		return fd >= 0 && write(fd, document, sizeof(document) - 1) > 0 ? fd : -1;
	case 3:
		return open("/dev/null", O_RDWR | O_CLOEXEC);
	default:
		return -1;
	}
}

static void send_message(int socket, const uint8_t *bytes, size_t size, int fd)
{
	union {
		char buffer[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec iov = { .iov_base = (void *)bytes, .iov_len = size };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
	if (fd >= 0) {
		message.msg_control = control.buffer;
		message.msg_controllen = sizeof(control.buffer);
		struct cmsghdr *header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	}
	ssize_t ignored = sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	(void)ignored;
}

static void drain(int socket)
{
	char bytes[4096];
	while (recv(socket, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
}

static void play(struct umm_broker *broker, int socket, const uint8_t *data, size_t size)
{
	while (size > 2 && data[0] != 0) {
		size_t length = data[0] < size - 2 ? data[0] : size - 2;
		int fd = file_of(data[1]);
		send_message(socket, data + 2, length, fd);
		if (fd >= 0)
			close(fd);
		if (umm_broker_dispatch(broker, 0) < 0)
			return;
		drain(socket);
		data += 2 + length;
		size -= 2 + length;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct umm_broker *broker;
	int socket;
	if (umm_broker_create(NULL, NULL, &broker) < 0)
		return 0;
	if (umm_broker_add_collection(broker, "e",
				      UMM_BROKER_COLLECTION_OPTS(.expected_members = 2)) == 0 &&
	    umm_broker_connect(broker, "stranger", &socket, NULL) == 0) {
		play(broker, socket, data, size);
		close(socket);
	}
	umm_broker_destroy(broker);
	return 0;
}
