/* SPDX-License-Identifier: MIT */
/* What is invalid, and that all of it is found with its path. */
#include "tests/unit/question.h"

/** A participant with these further fields is refused at `field`. */
static void refused(const char *fields, const char *field)
{
	char document[1024], expected[256];
	snprintf(document, sizeof(document), "{'name':'a','usage':['dma'],%s}", fields);
	CHECK_INT(ask_participants(document), UMM_INVALID);
	snprintf(expected, sizeof(expected), "'%s'", field);
	CHECK_AT("errors[0].participant", "'a'");
	CHECK_AT("errors[0].field", expected);
}

static void entry_refused(const char *entry, const char *field)
{
	char fields[512], path[256];
	snprintf(fields, sizeof(fields), "'formats':[%s]", entry);
	snprintf(path, sizeof(path), "formats[0].%s", field);
	refused(fields, path);
}

TEST(zero_is_no_limit_alignment_or_divisor)
{
	refused("'buffers':{'max':0}", "buffers.max");
	refused("'memory':{'size_bytes':{'max':0}}", "memory.size_bytes.max");
	refused("'memory':{'size_bytes':{'min':0}}", "memory.size_bytes.min");
	refused("'memory':{'address':{'align':0}}", "memory.address.align");
	refused("'memory':{'segments':{'max_count':0}}", "memory.segments.max_count");
	refused("'memory':{'segments':{'boundary_bytes':0}}", "memory.segments.boundary_bytes");
	entry_refused("{'format':'NV12','stride':{'divisor_bytes':0}}", "stride.divisor_bytes");
	entry_refused("{'format':'NV12','size':{'area_max':0}}", "size.area_max");
	entry_refused("{'format':'NV12','size':{'max':[1,0]}}", "size.max[1]");
	entry_refused("{'format':'NV12','required_sizes':[[0,1]]}", "required_sizes[0][0]");
	entry_refused("{'format':'NV12','planes':[{'offset_divisor_bytes':0}]}",
		      "planes[0].offset_divisor_bytes");
}

TEST(powers_of_two_are_checked)
{
	refused("'memory':{'address':{'align':48}}", "memory.address.align");
	entry_refused("{'format':'NV12','size':{'align':[3,1]}}", "size.align[0]");
	entry_refused("{'format':'NV12','rows_align':6}", "rows_align");
	entry_refused("{'format':'NV12','offset_divisor_bytes':6}", "offset_divisor_bytes");
}

TEST(ranges_are_checked_as_written)
{
	refused("'buffers':{'min':3,'max':2}", "buffers.min");
	refused("'memory':{'size_bytes':{'min':3,'max':2}}", "memory.size_bytes.min");
	entry_refused("{'format':'NV12','size':{'min':[9,1],'max':[8,8]}}", "size.min[0]");
	entry_refused("{'format':'NV12','stride':{'min_bytes':9,'max_bytes':8}}",
		      "stride.min_bytes");
}

TEST(lists_are_not_empty_and_repeat_nothing)
{
	refused("'memory':{'coherency':[]}", "memory.coherency");
	refused("'memory':{'heaps':[]}", "memory.heaps");
	refused("'memory':{'imports':['drm','drm']}", "memory.imports[1]");
	entry_refused("{'format':[]}", "format");
	entry_refused("{'format':['NV12','NV12']}", "format");
	entry_refused("{'format':['NV12','any']}", "format");
	entry_refused("{'format':'NV12','modifier':['LINEAR',0]}", "modifier");
	entry_refused("{'format':'NV12','color_spaces':['any','srgb']}", "color_spaces");
}

TEST(cpu_usage_and_protected_memory_exclude_each_other)
{
	CHECK_INT(ask_participants("{'name':'a','usage':['cpu_read'],"
				   "'memory':{'coherency':['inaccessible']}}"),
		  UMM_INVALID);
	CHECK_INT(ask_participants("{'name':'a','usage':['cpu_write'],'memory':{'secure':true}}"),
		  UMM_INVALID);
	refused("'memory':{'secure':true,'coherency':['ram']}", "memory.coherency");
}

TEST(entries_of_one_participant_do_not_overlap)
{
	refused("'formats':[{'format':'NV12'},{'format':['XR24','NV12']}]", "formats[1]");
	refused("'formats':[{'format':'NV12'},{'format':'any'}]", "formats[1]");
	refused("'formats':[{'format':'NV12','modifier':'any'},{'format':'any','modifier':5}]",
		"formats[1]");
	CHECK_INT(ask_formats("{'format':'NV12'},{'format':'NV12','modifier':5}", NULL), UMM_OK);
}

TEST(formats_and_modifiers_are_known)
{
	entry_refused("{'format':'ABCD'}", "format");
	entry_refused("{'format':'NV12','modifier':'INVALID'}", "modifier");
	entry_refused("{'modifier':'LINEAR'}", "format");
}

TEST(numbers_are_whole_and_fit_in_63_bits)
{
	refused("'buffers':{'camping':1.5}", "buffers.camping");
	refused("'buffers':{'camping':-1}", "buffers.camping");
	refused("'buffers':{'camping':'0x8000000000000000'}", "buffers.camping");
	CHECK_INT(ask_participants("{'name':'a','usage':['dma'],'buffers':{'min':'0x0010'}}"),
		  UMM_OK);
	CHECK_AT("buffers", "16");
	CHECK_INT(ask("{'participants':[{'name':'a','usage':['dma'],"
		      "'buffers':{'min':9223372036854775808}}]}"),
		  UMM_INVALID);
}

TEST(a_participant_that_states_anything_needs_a_usage)
{
	CHECK_INT(ask_participants("{'name':'a','memory':{}}"), UMM_INVALID);
	CHECK_INT(ask_participants("{'name':'a','attach':'late','comment':'just looks'}"), UMM_OK);
	CHECK_INT(ask_participants("{'name':'a','usage':['none','dma']}"), UMM_INVALID);
}

TEST(names_are_unique_in_the_whole_document)
{
	CHECK_INT(ask_participants("{'name':'g','one_of':[[{'name':'use','usage':['dma']}]]}"),
		  UMM_INVALID);
	CHECK_INT(ask_participants("{'name':'use','one_of':[[]]}"), UMM_INVALID);
	CHECK_INT(ask_participants("{'name':'g','one_of':[[]]}"), UMM_OK);
	CHECK_AT("participants", "['use']");
	CHECK_INT(ask_participants("{'name':'g','one_of':[]}"), UMM_INVALID);
}

TEST(without_a_name_paths_start_at_the_top)
{
	CHECK_INT(ask("{'participants':[{},{'name':7,'usage':['dma'],'memory':{'x':1}}]}"),
		  UMM_INVALID);
	CHECK_AT("errors[0].participant", "null");
	CHECK_AT("errors[0].field", "'participants[0].name'");
	CHECK_AT("errors[1].field", "'participants[1].name'");
	CHECK_AT("errors[2].field", "'participants[1].memory.x'");
}

TEST(heaps_are_validated)
{
	CHECK_INT(ask("{'heaps':[{'class':'memfd'}]}"), UMM_INVALID);
	CHECK_INT(ask("{'heaps':[{'name':'a','class':'ram'}]}"), UMM_INVALID);
	CHECK_INT(ask("{'heaps':[{'name':'a','class':'drm'},{'name':'a','class':'drm'}]}"),
		  UMM_INVALID);
	CHECK_INT(ask("{'heaps':[{'name':'a','class':'drm','contiguous':true,"
		      "'contiguous_max_bytes':4096}]}"),
		  UMM_INVALID);
	CHECK_INT(ask("{'heaps':[{'name':'a','class':'drm','free_bytes':0}],"
		      "'participants':[{'name':'p','usage':['dma'],'buffers':{'min':1}}]}"),
		  UMM_CONFLICT);
}

TEST(malformed_text_is_invalid)
{
	CHECK_INT(ask(""), UMM_INVALID);
	CHECK_INT(ask("[]"), UMM_INVALID);
	CHECK_INT(ask("{'heaps':[],'heaps':[]}"), UMM_INVALID);
	CHECK_INT(ask("{'comment':'\xff'}"), UMM_INVALID);
	CHECK_AT("errors[0].participant", "null");
}

TEST(deep_nesting_is_refused_before_it_is_parsed)
{
	size_t depth = 1000000;
	char *text = malloc(depth + 1);
	CHECK(text != NULL);
	memset(text, '[', depth);
	text[depth] = '\0';
	CHECK_INT(ask(text), UMM_INVALID);
	free(text);
}
