/* SPDX-License-Identifier: MIT */
/**
 * Most decoders write each picture into the buffer they are given and never touch it again, except
 * to read. Three kinds do not, and no flag of a codec tells:
 *
 * Old and screen codecs store only what has changed since the last picture, and libavcodec's
 * decoders for them draw that over it. They can write into buffers of others, but a picture that
 * was passed on belongs to the consumers: nobody may draw on it. libavcodec would see that it is
 * read-only, take another buffer and copy the whole last picture into it, unseen by our counter.
 * Such a decoder keeps its one picture in memory of its own instead, and every frame is a copy that
 * is asked for and counted.
 *
 * Others do that by themselves: they unpack a whole picture into memory of their own, or begin with
 * a copy of the one before, and copy it into the buffer they are given. It is one copy a frame that
 * nobody can take out of them, so it is only counted: as a whole picture, though some spare those
 * parts that have changed. A row or a strip that is unpacked and then written out is decoding, and
 * so are blocks that are predicted from another picture, and what comes out in another form than it
 * was kept in.
 *
 * Wrappers of other libraries copy what those libraries have decoded into memory of theirs. Those
 * few that do not (libdav1d) do not take buffers of others, either.
 *
 * The lists are of libavcodec 59's decoders: the first of those that get their picture back rather
 * than a new one, the second found by reading. One that is missing here still decodes rightly, with
 * a hidden copy.
 */
#include "stage/file_way.h"

#include <stdbool.h>

static bool redraws(enum AVCodecID codec)
{
	switch (codec) {
	case AV_CODEC_ID_AASC:
	case AV_CODEC_ID_ANM:
	case AV_CODEC_ID_ANSI:
	case AV_CODEC_ID_ARGO:
	case AV_CODEC_ID_AVS:
	case AV_CODEC_ID_BETHSOFTVID:
	case AV_CODEC_ID_BINKVIDEO:
	case AV_CODEC_ID_C93:
	case AV_CODEC_ID_CDGRAPHICS:
	case AV_CODEC_ID_CDTOONS:
	case AV_CODEC_ID_CINEPAK:
	case AV_CODEC_ID_CLEARVIDEO:
	case AV_CODEC_ID_CPIA:
	case AV_CODEC_ID_CSCD:
	case AV_CODEC_ID_DSICINVIDEO:
	case AV_CODEC_ID_FIC:
	case AV_CODEC_ID_FLASHSV:
	case AV_CODEC_ID_FLASHSV2:
	case AV_CODEC_ID_FLIC:
	case AV_CODEC_ID_GIF:
	case AV_CODEC_ID_INDEO2:
	case AV_CODEC_ID_JV:
	case AV_CODEC_ID_LSCR:
	case AV_CODEC_ID_MMVIDEO:
	case AV_CODEC_ID_MOBICLIP:
	case AV_CODEC_ID_MOTIONPIXELS:
	case AV_CODEC_ID_MSA1:
	case AV_CODEC_ID_MSRLE:
	case AV_CODEC_ID_MSS1:
	case AV_CODEC_ID_MSS2:
	case AV_CODEC_ID_MSVIDEO1:
	case AV_CODEC_ID_MTS2:
	case AV_CODEC_ID_MVDV:
	case AV_CODEC_ID_NUV:
	case AV_CODEC_ID_PAF_VIDEO:
	case AV_CODEC_ID_QTRLE:
	case AV_CODEC_ID_ROQ:
	case AV_CODEC_ID_RPZA:
	case AV_CODEC_ID_RSCC:
	case AV_CODEC_ID_SCPR:
	case AV_CODEC_ID_SCREENPRESSO:
	case AV_CODEC_ID_SIMBIOSIS_IMX:
	case AV_CODEC_ID_SMACKVIDEO:
	case AV_CODEC_ID_SMC:
	case AV_CODEC_ID_TIERTEXSEQVIDEO:
	case AV_CODEC_ID_TRUEMOTION1:
	case AV_CODEC_ID_TRUEMOTION2:
	case AV_CODEC_ID_TSCC:
	case AV_CODEC_ID_TSCC2:
	case AV_CODEC_ID_ULTI:
	case AV_CODEC_ID_VMNC:
	case AV_CODEC_ID_WCMV:
	case AV_CODEC_ID_WS_VQA:
	case AV_CODEC_ID_XAN_WC4:
	case AV_CODEC_ID_YOP:
		return true;
	default:
		return false;
	}
}

static bool has_private_picture(enum AVCodecID codec)
{
	switch (codec) {
	case AV_CODEC_ID_4XM:
	case AV_CODEC_ID_AGM:
	case AV_CODEC_ID_APNG:
	case AV_CODEC_ID_ARBC:
	case AV_CODEC_ID_BFI:
	case AV_CODEC_ID_BMV_VIDEO:
	case AV_CODEC_ID_DFA:
	case AV_CODEC_ID_DXA:
	case AV_CODEC_ID_FMVC:
	case AV_CODEC_ID_G2M:
	case AV_CODEC_ID_GDV:
	case AV_CODEC_ID_HNM4_VIDEO:
	case AV_CODEC_ID_KGV1:
	case AV_CODEC_ID_KMVC:
	case AV_CODEC_ID_MSCC:
	case AV_CODEC_ID_MSZH:
	case AV_CODEC_ID_PSD:
	case AV_CODEC_ID_RASC:
	case AV_CODEC_ID_RL2:
	case AV_CODEC_ID_SANM:
	case AV_CODEC_ID_SRGC:
	case AV_CODEC_ID_TDSC:
	case AV_CODEC_ID_TGV:
	case AV_CODEC_ID_VB:
	case AV_CODEC_ID_VMDVIDEO:
	case AV_CODEC_ID_ZLIB:
	case AV_CODEC_ID_ZMBV:
		return true;
	default:
		return false;
	}
}

enum file_way file_way_of(const AVCodec *codec)
{
	if (!(codec->capabilities & AV_CODEC_CAP_DR1))
		return FILE_WAY_APART;
	if (redraws(codec->id))
		return FILE_WAY_REDRAWN;
	if (codec->wrapper_name != NULL || has_private_picture(codec->id))
		return FILE_WAY_PRIVATE;
	return FILE_WAY_DIRECT;
}

const char *file_way_text(enum file_way way)
{
	switch (way) {
	case FILE_WAY_APART:
		return "cannot write into buffers of others";
	case FILE_WAY_REDRAWN:
		return "draws each picture over the last one, which others still read";
	case FILE_WAY_PRIVATE:
		return "keeps its pictures in memory of its own and copies them from there";
	case FILE_WAY_DIRECT:
		break;
	}
	return "writes into buffers of others";
}
