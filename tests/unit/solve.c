/* SPDX-License-Identifier: MIT */
/* Merge, heaps, choice and late participants, rule by rule. */
#include "tests/unit/question.h"

#include <stdlib.h>

TEST(buffers_are_the_sums_and_the_greatest_shared_slack)
{
	CHECK_INT(ask_participants(
			  "{'name':'a','usage':['dma'],'buffers':{'camping':2,'shared_slack':1}},"
			  "{'name':'b','usage':['dma'],'buffers':{'dedicated_slack':1,"
			  "'shared_slack':2}}"),
		  UMM_OK);
	CHECK_AT("buffers", "6");
	CHECK_INT(ask_participants("{'name':'a','usage':['dma'],'buffers':{'min':9}}"), UMM_OK);
	CHECK_AT("buffers", "9");
	CHECK_INT(ask_participants("{'name':'a','usage':['dma'],'buffers':{'min':9}},"
				   "{'name':'b','usage':['dma'],'buffers':{'max':8}}"),
		  UMM_CONFLICT);
}

TEST(somebody_must_be_specific)
{
	CHECK_INT(ask_formats("{'format':'NV12','modifier':'any'}", "{'format':'any'}", NULL),
		  UMM_CONFLICT);
	CHECK_INT(ask_formats("{'format':'NV12','modifier':'any'}",
			      "{'format':'any','modifier':'I915_X_TILED'}", NULL),
		  UMM_OK);
	CHECK_AT("image.modifier", "'I915_X_TILED'");
	CHECK_INT(ask_formats("{'format':'NV12','color_spaces':['any']}",
			      "{'format':'NV12','color_spaces':['srgb','rec709']}", NULL),
		  UMM_OK);
	CHECK_AT("image.color_space", "'srgb'");
}

TEST(a_modifier_defaults_to_linear)
{
	CHECK_INT(ask_formats("{'format':'NV12'}", "{'format':'NV12','modifier':'any'}", NULL),
		  UMM_OK);
	CHECK_AT("image.modifier", "'LINEAR'");
}

TEST(exact_strides_clash_unless_a_third_one_widens_the_image)
{
	const char *a = "{'format':'R8','required_sizes':[[100,1]],"
			"'stride':{'divisor_bytes':48,'exact':true}}";
	const char *b = "{'format':'R8','stride':{'divisor_bytes':64,'exact':true}}";
	CHECK_INT(ask_formats(a, b, NULL), UMM_CONFLICT);
	CHECK_INT(ask_formats(a, b, "{'format':'R8','size':{'min':[192,1]}}", NULL), UMM_OK);
	CHECK_AT("image.planes[0].stride_bytes", "192");
	CHECK_INT(ask_formats("{'format':'R8','required_sizes':[[100,1]],"
			      "'stride':{'divisor_bytes':16,'exact':true}}",
			      "{'format':'R8','stride':{'divisor_bytes':64}}", NULL),
		  UMM_CONFLICT);
	CHECK_INT(ask_formats("{'format':'R8','required_sizes':[[100,1]],"
			      "'stride':{'divisor_bytes':16,'exact':true}}",
			      "{'format':'R8','size':{'align':[64,1]},"
			      "'stride':{'divisor_bytes':64}}",
			      NULL),
		  UMM_OK);
	CHECK_AT("image.planes[0].stride_bytes", "128");
}

TEST(a_search_over_alternatives_does_not_miss_the_repair)
{
	CHECK_INT(
		ask_participants(
			"{'name':'a','usage':['dma'],'formats':[{'format':'R8',"
			"'required_sizes':[[100,1]],'stride':{'divisor_bytes':48,'exact':true}}]},"
			"{'name':'b','usage':['dma'],'formats':[{'format':'R8',"
			"'stride':{'divisor_bytes':64,'exact':true}}]},"
			"{'name':'g','one_of':[[],[{'name':'c','usage':['dma'],'formats':["
			"{'format':'R8','size':{'min':[192,1]}}]}]]}"),
		UMM_OK);
	CHECK_AT("participants", "['a','b','c','use']");
}

TEST(sizes_round_to_the_alignment)
{
	CHECK_INT(ask_formats("{'format':'NV12','size':{'min':[3,3],'max':[101,101],"
			      "'align':[8,1]}}",
			      NULL),
		  UMM_OK);
	CHECK_AT("image.size_min", "[8,4]");
	CHECK_AT("image.size_max", "[96,100]");
	CHECK_INT(ask_formats("{'format':'R8','required_sizes':[[100,1]],"
			      "'size':{'max':[101,9],'align':[16,1]}}",
			      NULL),
		  UMM_CONFLICT);
}

TEST(required_min_size_must_stay_allowed)
{
	const char *wish = "{'format':'R8','required_min_size':[64,64]}";
	CHECK_INT(ask_formats(wish, "{'format':'R8','size':{'min':[64,64]}}", NULL), UMM_OK);
	CHECK_INT(ask_formats(wish, "{'format':'R8','size':{'min':[65,1]}}", NULL), UMM_CONFLICT);
	CHECK_INT(ask_formats(wish, "{'format':'R8','size':{'max':[64,63]}}", NULL), UMM_CONFLICT);
}

TEST(area_counts_for_every_required_size)
{
	CHECK_INT(ask_formats("{'format':'R8','size':{'area_max':100},"
			      "'required_sizes':[[10,10],[1,100]]}",
			      NULL),
		  UMM_OK);
	CHECK_INT(ask_formats("{'format':'R8','size':{'area_max':100},'required_sizes':[[10,11]]}",
			      NULL),
		  UMM_CONFLICT);
}

TEST(alpha_clashes_and_survives_only_where_there_is_a_channel)
{
	CHECK_INT(ask_formats("{'format':'XR24','alpha':true}", "{'format':'XR24'}", NULL), UMM_OK);
	CHECK_AT("image.alpha", "true");
	CHECK_INT(ask_formats("{'format':'NV12','alpha':true}", NULL), UMM_OK);
	CHECK_AT("image.alpha", "null");
	CHECK_INT(ask_formats("{'format':'NV12','alpha':true}", "{'format':'NV12','alpha':false}",
			      NULL),
		  UMM_CONFLICT);
}

TEST(handles_are_one_unless_somebody_demands_otherwise)
{
	CHECK_INT(ask_formats("{'format':'NV12'}", NULL), UMM_OK);
	CHECK_AT("image.handles", "'one'");
	CHECK_INT(ask_formats("{'format':'NV12','handles':'per_plane'}",
			      "{'format':'NV12','handles':'one'}", NULL),
		  UMM_CONFLICT);
}

/* ---- memory ---- */

static int ask_memory(const char *heap, const char *memory)
{
	char document[2048];
	snprintf(
		document, sizeof(document),
		"{'heaps':[{'name':'h','class':'dma_heap'%s}],'participants':[{'name':'a',"
		"'usage':['dma'],'buffers':{'camping':2},'memory':{'size_bytes':{'min':8192}%s}}]}",
		heap, memory);
	return ask(document);
}

TEST(contiguous_needs_a_heap_that_gives_runs)
{
	CHECK_INT(ask_memory("", ",'contiguous':true"), UMM_CONFLICT);
	CHECK_INT(ask_memory("", ",'contiguous':true,'iommu':true"), UMM_OK);
	CHECK_AT("contiguous", "false");
	CHECK_INT(ask_memory(",'contiguous_max_bytes':8192", ",'contiguous':true"), UMM_OK);
	CHECK_INT(ask_memory(",'contiguous_max_bytes':8191", ",'contiguous':true"), UMM_CONFLICT);
	CHECK_INT(ask_memory(",'contiguous':true,'largest_free_bytes':8191", ""), UMM_CONFLICT);
	CHECK_INT(ask_memory(",'largest_free_bytes':8191", ""), UMM_OK);
}

TEST(an_address_limit_needs_a_heap_that_states_one)
{
	CHECK_INT(ask_memory("", ",'address':{'max':4294967295}"), UMM_CONFLICT);
	CHECK_INT(ask_memory(",'address_max':4294967295", ",'address':{'max':4294967295}"), UMM_OK);
	CHECK_INT(ask_memory(",'address_max':4294967296", ",'address':{'max':4294967295}"),
		  UMM_CONFLICT);
	CHECK_INT(ask_memory("", ",'address':{'max':4294967295},'iommu':true"), UMM_OK);
	CHECK_INT(ask_memory("", ",'address':{'align':65536},'iommu':true"), UMM_OK);
	CHECK_AT("address_align", "65536");
}

TEST(heaps_have_limits)
{
	CHECK_INT(ask_memory(",'size_max_bytes':8191", ""), UMM_CONFLICT);
	CHECK_INT(ask_memory(",'free_bytes':16384", ""), UMM_OK);
	CHECK_INT(ask_memory(",'free_bytes':16383", ""), UMM_CONFLICT);
	CHECK_INT(ask_memory("", ",'imports':['carveout','memfd']"), UMM_CONFLICT);
	CHECK_INT(ask_memory("", ",'imports':['dma_heap']"), UMM_OK);
}

TEST(protected_memory_is_for_those_who_want_it_and_only_them)
{
	CHECK_INT(ask_memory(",'secure':true", ""), UMM_CONFLICT);
	CHECK_INT(ask_memory("", ",'secure':true"), UMM_CONFLICT);
	CHECK_INT(ask_memory(",'secure':true", ",'secure':true"), UMM_OK);
	CHECK_AT("coherency", "'inaccessible'");
}

TEST(segments_are_pages_unless_the_buffer_is_a_run)
{
	CHECK_INT(ask_memory("", ",'segments':{'max_count':2}"), UMM_OK);
	CHECK_INT(ask_memory("", ",'segments':{'max_count':1}"), UMM_CONFLICT);
	CHECK_INT(ask_memory(",'contiguous':true", ",'segments':{'max_count':1}"), UMM_OK);
	CHECK_INT(ask_memory(",'contiguous_max_bytes':8192", ",'segments':{'max_count':1}"),
		  UMM_OK);
	CHECK_INT(ask_memory(",'contiguous':true", ",'segments':{'max_count':1,'max_bytes':4096}"),
		  UMM_CONFLICT);
	CHECK_INT(ask_memory("", ",'segments':{'max_count':3,'boundary_bytes':2048}"),
		  UMM_CONFLICT);
	CHECK_INT(ask_memory("", ",'segments':{'max_bytes':1}"), UMM_OK);
}

TEST(cpu_usage_narrows_the_default_coherency)
{
	CHECK_INT(ask_participants("{'name':'a','usage':['cpu_read']}"), UMM_OK);
	CHECK_AT("coherency", "'cpu'");
	CHECK_INT(ask_participants("{'name':'a','usage':['cpu_read'],"
				   "'memory':{'coherency':['ram']}}"),
		  UMM_OK);
	CHECK_AT("coherency", "'ram'");
}

/* ---- choice ---- */

TEST(earlier_groups_and_earlier_alternatives_are_preferred)
{
	CHECK_INT(ask_participants("{'name':'g','one_of':[[{'name':'a','usage':['dma'],'memory':"
				   "{'heaps':['system']}}],[{'name':'b','usage':['dma']}]]},"
				   "{'name':'h','one_of':[[{'name':'c','usage':['dma'],'memory':"
				   "{'heaps':['cma']}}],[{'name':'d','usage':['dma']}]]}"),
		  UMM_OK);
	CHECK_AT("participants", "['a','d','use']");
}

TEST(groups_nest)
{
	CHECK_INT(ask_participants(
			  "{'name':'g','one_of':[[{'name':'a','usage':['dma'],'memory':"
			  "{'heaps':['nowhere']}}],[{'name':'h','one_of':[[{'name':'b','usage':"
			  "['dma'],'memory':{'heaps':['elsewhere']}}],"
			  "[{'name':'c','usage':['dma']}]]}]]}"),
		  UMM_OK);
	CHECK_AT("participants", "['c','use']");
}

TEST(cost_decides_before_coherency_and_heaps)
{
	CHECK_INT(ask_formats("{'format':'NV12','cost':2},{'format':'XR24','cost':1}",
			      "{'format':['NV12','XR24']}", NULL),
		  UMM_OK);
	CHECK_AT("image.format", "'XR24'");
}

TEST(a_wish_for_a_mapping_costs_one)
{
	CHECK_INT(ask("{'heaps':[{'name':'a','class':'memfd'},"
		      "{'name':'b','class':'memfd','cache':'write_combined'}],"
		      "'participants':[{'name':'p','usage':['dma'],'buffers':{'min':1},"
		      "'memory':{'cache':'write_combined'}}]}"),
		  UMM_OK);
	CHECK_AT("heap", "'b'");
}

TEST(a_display_prefers_ram)
{
	CHECK_INT(ask_participants("{'name':'a','usage':['gpu']}"), UMM_OK);
	CHECK_AT("coherency", "'cpu'");
	CHECK_INT(ask_participants("{'name':'a','usage':['display']}"), UMM_OK);
	CHECK_AT("coherency", "'ram'");
	CHECK_INT(ask_participants("{'name':'a','usage':['display'],'attach':'late'}"), UMM_OK);
	CHECK_AT("coherency", "'cpu'");
}

TEST(scarce_heaps_are_for_those_who_need_them)
{
	const char *document = "{'heaps':[{'name':'c','class':'drm','contiguous':true},"
			       "{'name':'m','class':'drm','contiguous_max_bytes':4096},"
			       "{'name':'low','class':'drm','address_max':4294967295},"
			       "{'name':'dear','class':'drm','cost':2},"
			       "{'name':'y','class':'drm'},{'name':'x','class':'drm'}],"
			       "'participants':[{'name':'p','usage':['dma'],'buffers':{'min':1}"
			       "%s}]}";
	char text[1024];
	snprintf(text, sizeof(text), document, "");
	CHECK_INT(ask(text), UMM_OK);
	CHECK_AT("heap", "'x'");
	snprintf(text, sizeof(text), document, ",'memory':{'contiguous':true}");
	CHECK_INT(ask(text), UMM_OK);
	CHECK_AT("heap", "'m'");
}

TEST(compressed_comes_before_tiled_before_linear)
{
	CHECK_INT(ask_formats("{'format':'XR24','modifier':['LINEAR','I915_X_TILED',"
			      "'I915_Y_TILED','I915_Y_TILED_CCS','I915_4_TILED']}",
			      NULL),
		  UMM_OK);
	CHECK_AT("image.modifier", "'I915_Y_TILED_CCS'");
	CHECK_INT(ask_formats("{'format':['XR24','AR24'],'modifier':['LINEAR','I915_X_TILED',"
			      "'I915_Y_TILED']}",
			      NULL),
		  UMM_OK);
	CHECK_AT("image.modifier", "'I915_Y_TILED'");
	CHECK_AT("image.format", "'AR24'");
}

TEST(colours_have_an_order)
{
	CHECK_INT(ask_formats("{'format':'NV12','color_spaces':['passthrough','rec601_ntsc',"
			      "'rec601_pal','rec601_pal_full']}",
			      NULL),
		  UMM_OK);
	CHECK_AT("image.color_space", "'rec601_pal_full'");
}

TEST(nothing_depends_on_the_order_of_the_document)
{
	char first[4096];
	CHECK_INT(ask("{'heaps':[{'name':'a','class':'drm'},{'name':'b','class':'drm'}],"
		      "'participants':[{'name':'p','usage':['dma'],'buffers':{'min':1},"
		      "'formats':[{'format':'NV12'},{'format':'XR24'}]},"
		      "{'name':'q','usage':['gpu'],'formats':[{'format':'any'}]}]}"),
		  UMM_OK);
	snprintf(first, sizeof(first), "%s", at(""));
	CHECK_INT(ask("{'heaps':[{'name':'b','class':'drm'},{'name':'a','class':'drm'}],"
		      "'participants':[{'name':'q','usage':['gpu'],'formats':[{'format':'any'}]},"
		      "{'name':'p','usage':['dma'],'buffers':{'min':1},"
		      "'formats':[{'format':'XR24'},{'format':'NV12'}]}]}"),
		  UMM_OK);
	CHECK_STR(at(""), first);
}

/* ---- late ---- */

TEST(late_ones_are_admitted_if_they_change_nothing)
{
	CHECK_INT(ask_participants("{'name':'l','usage':['dma'],'attach':'late'}"), UMM_OK);
	CHECK_AT("participants", "['l','use']");
	CHECK_INT(ask_participants("{'name':'l','usage':['dma'],'attach':'late',"
				   "'buffers':{'camping':1}}"),
		  UMM_OK);
	CHECK_AT("refused", "['l']");
	CHECK_AT("buffers", "1");
	CHECK_INT(ask_participants("{'name':'l','usage':['dma'],'attach':'late',"
				   "'memory':{'contiguous':true}}"),
		  UMM_OK);
	CHECK_AT("heap", "'system'");
	CHECK_AT("refused", "['l']");
}

TEST(a_settled_null_colour_stays_null)
{
	CHECK_INT(ask_participants("{'name':'a','usage':['dma'],'formats':[{'format':'NV12'}]},"
				   "{'name':'l','usage':['dma'],'attach':'late','formats':["
				   "{'format':'NV12','color_spaces':['rec709']}]}"),
		  UMM_OK);
	CHECK_AT("refused", "['l']");
	CHECK_AT("image.color_space", "null");
}

TEST(late_ones_never_count_as_specific_or_as_users)
{
	CHECK_INT(ask_participants("{'name':'a','usage':['dma'],'formats':[{'format':'any'}]},"
				   "{'name':'l','usage':['dma'],'attach':'late','formats':["
				   "{'format':'NV12'}]}"),
		  UMM_CONFLICT);
	CHECK_INT(ask("{'heaps':[{'name':'a','class':'drm'}],'participants':[{'name':'l',"
		      "'usage':['dma'],'attach':'late','buffers':{'min':1}}]}"),
		  UMM_CONFLICT);
}

/* ---- proofs ---- */

/** 64 groups of two, each alternative stating `first` or `second`. Returns the verdict. */
static int ask_siblings(const char *common, const char *first, const char *second)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);
	CHECK(to != NULL);
	fputs(common, to);
	for (int i = 0; i < 64; i++)
		fprintf(to,
			",{'name':'g%d','one_of':[[{'name':'a%d','usage':['dma'],%s}],"
			"[{'name':'b%d','usage':['dma'],%s}]]}",
			i, i, first, i, second);
	fclose(to);
	int verdict = ask_participants(text);
	free(text);
	return verdict;
}

TEST(sixty_four_groups_end_with_an_answer)
{
	const char *one = "'buffers':{'camping':1}", *two = "'buffers':{'camping':2}";
	CHECK_INT(ask_siblings("{'name':'m','usage':['dma'],'buffers':{'max':100}}", two, one),
		  UMM_OK);
	CHECK_AT("buffers", "100");
	CHECK_INT(ask_siblings("{'name':'m','usage':['dma'],'buffers':{'max':64}}", two, one),
		  UMM_CONFLICT);
	CHECK_INT(ask_siblings("{'name':'m','usage':['dma'],'memory':{'heaps':['cma']}}",
			       "'memory':{'heaps':['system']}", "'memory':{'heaps':['nowhere']}"),
		  UMM_CONFLICT);
}
