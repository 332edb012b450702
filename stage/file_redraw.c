/* SPDX-License-Identifier: MIT */
/**
 * Old and screen codecs store only what has changed since the last picture, and libavcodec's
 * decoders for them draw that over it. They can write into buffers of others, but a picture that
 * was passed on belongs to the consumers: nobody may draw on it. libavcodec would see that it is
 * read-only, take another buffer and copy the whole last picture into it, unseen by our counter.
 * Such a decoder keeps its one picture in memory of its own instead, and every frame is a copy that
 * is asked for and counted.
 *
 * No flag of a codec tells. The list is of the decoders that get their picture back in libavcodec
 * 59 rather than a new one; one that is missing here still decodes rightly, with a hidden copy.
 */
#include "stage/file_redraw.h"

bool file_redraws(enum AVCodecID codec)
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
