/* SPDX-License-Identifier: MIT */
/*
 * A table is written once and drivers change, so nothing here decides what a trial can tell:
 *
 *	classes that are refused   are tried all the same, memory by memory, in the order the solver
 *				   likes them: the attach costs next to nothing and harms nothing.
 *The entry says why the driver's errno is no riddle one run is needed	   is believed once
 *scattered memory was refused, until any is taken (share/teach.h): it leads to heaps that give runs
 *when asked to the driver lies		   is believed, because return codes cannot tell; contents
 *outweigh it where they can be compared (share/content.h)
 *
 * An entry says for which kernels it was read or seen. One whose trial would harm (a WARN of the
 * kernel, a hang) has not been met; trials that may crash the process run in a child anyway.
 */
#include "share/known_devices.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

/* Everything but what comes out of the card itself. */
#define FOREIGN (0xff & ~UMM_HEAP_DRM)

/* By class, or all. */
static const char *const unnamed[] = { "", NULL };

/* Those in huge pages, always or where there are some. */
static const char *const huge[] = { "udmabuf-hugetlb", "arena", "arena-dma32", NULL };

static const char huge_why[] = "wrong pixels: vmap_udmabuf() takes the head page of each folio, "
			       "which huge pages are; seen on 6.12";

/* A driver that asks for a kernel address of the buffer, with vmap(). */
#define MAPS_WITH_VMAP(name)                                                                       \
	{                                                                                          \
		.driver = (name), .kind = UMM_FINDING_HEAP, .classes = UMM_HEAP_UDMABUF,           \
		.heaps = huge, .error = -EBADMSG, .source = huge_why, .lies = true                 \
	}

static const struct known {
	const char *driver; /**< as the kernel names it */
	unsigned before[2]; /**< kernels older than that; 0: all */
	enum umm_finding_kind kind;
	uint32_t classes;
	const char *const *heaps; /**< NULL behind the last */
	int error;
	const char *source;
	bool lies; /**< return codes are good: only the content tells */
} known[] = {
	{ .driver = "virtio_gpu",
	  .before = { 6, 13 },
	  .kind = UMM_FINDING_CLASSES,
	  .classes = FOREIGN,
	  .heaps = unnamed,
	  .error = -ENODEV,
	  .source =
		  "virtgpu_gem_prime_import_sg_table() returns it, virtgpu_prime.c; seen on 6.12" },
	{ .driver = "bochs-drm",
	  .before = { 6, 13 },
	  .kind = UMM_FINDING_CLASSES,
	  .classes = FOREIGN,
	  .heaps = unnamed,
	  .error = -EINVAL,
	  .source = "no gem_prime_import_sg_table(), drm_gem_prime_import_dev(); seen on 6.12" },
	MAPS_WITH_VMAP("vivid"),
	MAPS_WITH_VMAP("cirrus"),
	MAPS_WITH_VMAP("vim2m"),
	{ .driver = "atmel-isi",
	  .kind = UMM_FINDING_CONTIGUOUS,
	  .heaps = unnamed,
	  .source = "vb2_dma_contig_plane_dma_addr(), one address a frame, atmel-isi.c" },
};

static bool kernel_is_before(const unsigned limit[2])
{
	struct utsname name;
	unsigned major, minor;
	if (limit[0] == 0)
		return true;
	if (uname(&name) < 0 || sscanf(name.release, "%u.%u", &major, &minor) != 2)
		return false;
	return major < limit[0] || (major == limit[0] && minor < limit[1]);
}

static struct umm_finding finding_of(const struct known *entry, const char *heap)
{
	struct umm_finding finding = {
		.kind = entry->kind,
		.source = UMM_FINDING_TABLE,
		.error = entry->error,
		.classes = entry->classes,
		.lies = entry->lies,
	};
	snprintf(finding.who.driver, sizeof(finding.who.driver), "%s", entry->driver);
	snprintf(finding.heap, sizeof(finding.heap), "%s", heap);
	snprintf(finding.why, sizeof(finding.why), "%s", entry->source);
	return finding;
}

static int add(struct umm_findings *findings, const struct known *entry)
{
	int ret = 0;
	for (const char *const *heap = entry->heaps; *heap != NULL && ret >= 0; heap++) {
		struct umm_finding finding = finding_of(entry, *heap);
		ret = umm_findings_add(findings, &finding);
	}
	return ret < 0 ? ret : 0;
}

int umm_known_devices(struct umm_findings *findings)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		int ret = kernel_is_before(known[i].before) ? add(findings, &known[i]) : 0;
		if (ret < 0)
			return ret;
	}
	return 0;
}

static bool is_reason_for(const struct known *entry, const struct umm_finding *refusal)
{
	return entry->kind == UMM_FINDING_CLASSES && entry->error == refusal->error &&
	       (entry->classes & refusal->classes) != 0 &&
	       strcmp(entry->driver, refusal->who.driver) == 0 && kernel_is_before(entry->before);
}

void umm_known_devices_explain(struct umm_finding *refusal)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		size_t length = strlen(refusal->why);
		if (is_reason_for(&known[i], refusal))
			snprintf(refusal->why + length, sizeof(refusal->why) - length,
				 length > 0 ? " (%s)" : "%s", known[i].source);
	}
}
