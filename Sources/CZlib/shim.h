#pragma once
#include <zlib.h>

/* Begins to undo gzip or zlib, whichever comes; 15 bits of window, 32 to tell which. */
static inline int diatom_inflate_begin(z_stream *stream) { return inflateInit2(stream, 15 + 32); }
