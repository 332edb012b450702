/* SPDX-License-Identifier: MIT */
/*
 * Hints only: they save trials that would fail, and whatever a trial finds out outweighs them. So
 * an entry says for which kernels it was read or seen, and drivers that learn to do better need no
 * change here. Where a driver lies, only a trial that compares contents outweighs it
 * (share/content.h).
 */
#include "share/known_devices.h"

#include <errno.h>
#include <stdio.h>
#include <sys/utsname.h>

/* Everything but what comes out of the card itself. */
#define FOREIGN (0xff & ~UMM_HEAP_DRM)

static const struct known {
	const char *driver; /**< as the kernel names it */
	unsigned before[2]; /**< kernels older than that; 0: all */
	enum umm_finding_kind kind;
	uint32_t classes;
	const char *heap;
	int error;
	const char *source;
	bool lies; /**< return codes are good: only the content tells */
} known[] = {
	{ "virtio_gpu",
	  { 6, 13 },
	  UMM_FINDING_CLASSES,
	  FOREIGN,
	  "",
	  -ENODEV,
	  "virtgpu_gem_prime_import_sg_table() returns it, virtgpu_prime.c; seen on 6.12" },
	{ "bochs-drm",
	  { 6, 13 },
	  UMM_FINDING_CLASSES,
	  FOREIGN,
	  "",
	  -EINVAL,
	  "no gem_prime_import_sg_table(), drm_gem_prime_import_dev(); seen on 6.12" },
	/* These two map with vmap(). */
	{ "vivid",
	  { 0, 0 },
	  UMM_FINDING_HEAP,
	  UMM_HEAP_UDMABUF,
	  "udmabuf-hugetlb",
	  -EBADMSG,
	  "wrong pixels: vmap_udmabuf() takes the head page of each folio; seen on 6.12",
	  true },
	{ "vivid",
	  { 0, 0 },
	  UMM_FINDING_HEAP,
	  UMM_HEAP_UDMABUF,
	  "arena",
	  -EBADMSG,
	  "wrong pixels: vmap_udmabuf() takes the head page of each folio; where it is huge "
	  "pages",
	  true },
	{ "vivid",
	  { 0, 0 },
	  UMM_FINDING_HEAP,
	  UMM_HEAP_UDMABUF,
	  "arena-dma32",
	  -EBADMSG,
	  "wrong pixels: vmap_udmabuf() takes the head page of each folio; where it is huge "
	  "pages",
	  true },
	{ "cirrus",
	  { 0, 0 },
	  UMM_FINDING_HEAP,
	  UMM_HEAP_UDMABUF,
	  "udmabuf-hugetlb",
	  -EBADMSG,
	  "wrong pixels: vmap_udmabuf() takes the head page of each folio; seen on 6.12",
	  true },
	{ "cirrus",
	  { 0, 0 },
	  UMM_FINDING_HEAP,
	  UMM_HEAP_UDMABUF,
	  "arena",
	  -EBADMSG,
	  "wrong pixels: vmap_udmabuf() takes the head page of each folio; where it is huge "
	  "pages",
	  true },
	{ "cirrus",
	  { 0, 0 },
	  UMM_FINDING_HEAP,
	  UMM_HEAP_UDMABUF,
	  "arena-dma32",
	  -EBADMSG,
	  "wrong pixels: vmap_udmabuf() takes the head page of each folio; where it is huge "
	  "pages",
	  true },
	{ "atmel-isi",
	  { 0, 0 },
	  UMM_FINDING_CONTIGUOUS,
	  0,
	  "",
	  0,
	  "vb2_dma_contig_plane_dma_addr(), one address a frame, atmel-isi.c" },
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

static struct umm_finding finding_of(const struct known *entry)
{
	struct umm_finding finding = {
		.kind = entry->kind,
		.source = UMM_FINDING_TABLE,
		.error = entry->error,
		.classes = entry->classes,
		.lies = entry->lies,
	};
	snprintf(finding.who.driver, sizeof(finding.who.driver), "%s", entry->driver);
	snprintf(finding.heap, sizeof(finding.heap), "%s", entry->heap);
	snprintf(finding.why, sizeof(finding.why), "%s", entry->source);
	return finding;
}

int umm_known_devices(struct umm_findings *findings)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct umm_finding finding = finding_of(&known[i]);
		if (!kernel_is_before(known[i].before))
			continue;
		int ret = umm_findings_add(findings, &finding);
		if (ret < 0)
			return ret;
	}
	return 0;
}
