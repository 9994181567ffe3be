/* wp-read-buffer.h - what has been read of an input and not yet taken, in one piece of memory: whole rows are
 * found in it, not copied out. */
#pragma once

#include "sim/trace/wp-input.h"

#define WP_READ_BUFFER_CHUNK_BYTES (256 * 1024)
#define WP_READ_BUFFER_ROW_BYTES   (1024 * 1024) /* a longer row is an error */
#define WP_READ_BUFFER_SPARE_BYTES 16            /* readable behind the end, for eyes of 8 bytes at once */

/* The reader of rows moves @at forward and counts @line; it may write between @at and @end. */
typedef struct {
  char *at;        /* the next byte */
  char *end;       /* end of the bytes read; a line feed stands here, as a sentinel */
  gboolean at_eof; /* nothing comes after @end */
  guint64 line;    /* of @at, from 1 */

  char *buffer; /* private from here */
  gsize buffer_bytes;
  gsize chunk_bytes;
  WpInput *input; /* ours */
} WpReadBuffer;

/* Takes @input; @chunk_bytes are read at once (tests try small ones). */
void wp_read_buffer_init (WpReadBuffer *self, WpInput *input, gsize chunk_bytes);
void wp_read_buffer_clear (WpReadBuffer *self);

/* Reads one more chunk after @end, or sets @at_eof; what was at @at moves. FALSE with the input's error or
 * WP_ERROR_BAD_TRACE (a row that is too long), `FILE:LINE: ` before it; and the byte of the line, @at being
 * its first, where the input failed. */
gboolean wp_read_buffer_fill (WpReadBuffer *self, GError **error);

/* Begins again with the first byte. */
gboolean wp_read_buffer_rewind (WpReadBuffer *self, GError **error);

/* Puts `FILE:LINE: ` before the message. */
void wp_read_buffer_prefix (const WpReadBuffer *self, guint64 line, GError **error);

/* Fills until there is a whole line at @at. Returns the line feed that ends it, @end where the input ends;
 * NULL with @error. */
char *wp_read_buffer_find_line (WpReadBuffer *self, GError **error);

/* At the first byte: skips a mark of UTF-8. */
gboolean wp_read_buffer_skip_bom (WpReadBuffer *self, GError **error);
