#include "runtime/http/wp-chunked.h"

#include <string.h>

#define MAX_EXTRA_BYTES 8192     /* of sizes, extensions and trailers beside each data byte's due */

typedef enum {
  SIZE_FIRST, SIZE, SIZE_BLANK, EXTENSION, SIZE_LF, DATA, DATA_CR, DATA_LF, TRAILER_FIRST, TRAILER_NAME, TRAILER, TRAILER_LF, END_LF, DONE, BAD, TOO_LARGE
} State;

struct _WpChunked {
  State state;
  guint64 max_bytes;
  guint64 left_bytes;        /* of this chunk */
  gsize extra_bytes;         /* seen of extensions and trailers */
  GByteArray *body;
};

WpChunked *
wp_chunked_new (guint64 max_bytes)
{
  WpChunked *self = g_new0 (WpChunked, 1);

  self->max_bytes = max_bytes;
  self->body = g_byte_array_new ();

  return self;
}

void
wp_chunked_free (WpChunked *self)
{
  g_byte_array_unref (self->body);
  g_free (self);
}

/* A line's byte that we only skip. */
static State
skip_byte (WpChunked *self, guint8 byte, State same, State line_feed)
{
  if (byte == '\r')
    return line_feed;
  if ((byte < ' ' && byte != '\t') || byte == 0x7f)
    return BAD;
  return ++self->extra_bytes > MAX_EXTRA_BYTES ? TOO_LARGE : same;
}

/* After a size, or blanks after it. */
static State
blank_byte (WpChunked *self, guint8 byte)
{
  if (byte == ';')
    return EXTENSION;
  if (byte == ' ' || byte == '\t')
    return skip_byte (self, byte, SIZE_BLANK, BAD);
  return byte == '\r' ? SIZE_LF : BAD;
}

static State
size_byte (WpChunked *self, guint8 byte)
{
  if (g_ascii_isxdigit (byte))
    {
      self->left_bytes = (self->state == SIZE_FIRST ? 0 : self->left_bytes << 4) + g_ascii_xdigit_value (byte);
      if (self->left_bytes > self->max_bytes - self->body->len)
        return TOO_LARGE;
      return self->left_bytes == 0 && ++self->extra_bytes > MAX_EXTRA_BYTES ? TOO_LARGE : SIZE;   /* noughts without end */
    }
  if (self->state == SIZE_FIRST)
    return BAD;
  return blank_byte (self, byte);
}

static State
trailer_name_byte (WpChunked *self, guint8 byte)
{
  if (byte == ':')
    return self->state == TRAILER_FIRST ? BAD : TRAILER;
  if (!g_ascii_isalnum (byte) && (byte == 0 || !strchr ("!#$%&'*+-.^_`|~", byte)))
    return BAD;
  return skip_byte (self, byte, TRAILER_NAME, BAD);
}

static State
next_state (WpChunked *self, guint8 byte)
{
  switch (self->state)
    {
    case SIZE_FIRST:
    case SIZE:
      return size_byte (self, byte);
    case SIZE_BLANK:
      return blank_byte (self, byte);
    case EXTENSION:
      return skip_byte (self, byte, EXTENSION, SIZE_LF);
    case SIZE_LF:
      return byte != '\n' ? BAD : self->left_bytes > 0 ? DATA : TRAILER_FIRST;
    case DATA_CR:
      return byte == '\r' ? DATA_LF : BAD;
    case DATA_LF:
      return byte == '\n' ? SIZE_FIRST : BAD;
    case TRAILER_FIRST:
      return byte == '\r' ? END_LF : trailer_name_byte (self, byte);
    case TRAILER_NAME:
      return trailer_name_byte (self, byte);
    case TRAILER:
      return skip_byte (self, byte, TRAILER, TRAILER_LF);
    case TRAILER_LF:
      return byte == '\n' ? TRAILER_FIRST : BAD;
    case END_LF:
      return byte == '\n' ? DONE : BAD;
    case DATA:
    case DONE:
    case BAD:
    case TOO_LARGE:
      break;
    }
  return self->state;
}

static gsize
take_data (WpChunked *self, const char *bytes, gsize len)
{
  gsize n = MIN (len, self->left_bytes);

  g_byte_array_append (self->body, (const guint8 *) bytes, n);
  self->left_bytes -= n;
  if (self->left_bytes == 0)
    self->state = DATA_CR;
  return n;
}

WpChunkedState
wp_chunked_feed (WpChunked *self, const char *bytes, gsize len, gsize *used)
{
  gsize at = 0;

  while (at < len && self->state < DONE)
    if (self->state == DATA)
      at += take_data (self, bytes + at, len - at);
    else
      self->state = next_state (self, bytes[at++]);
  *used = at;

  return self->state < DONE ? WP_CHUNKED_MORE : self->state == DONE ? WP_CHUNKED_DONE : self->state == BAD ? WP_CHUNKED_BAD : WP_CHUNKED_TOO_LARGE;
}

gsize
wp_chunked_size (const WpChunked *self)
{
  return self->body ? self->body->len : 0;
}

GBytes *
wp_chunked_steal_body (WpChunked *self)
{
  GByteArray *body = self->body;

  self->body = g_byte_array_new ();
  if (body->len > 0)
    return g_byte_array_free_to_bytes (body);
  g_byte_array_unref (body);
  return NULL;
}
