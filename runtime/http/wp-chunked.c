#include "runtime/http/wp-chunked.h"

#include <string.h>

#include "runtime/http/wp-octets.h"

#define MAX_EXTRA_BYTES 8192

typedef enum {
  SIZE_FIRST,
  SIZE,
  SIZE_LF,
  BEFORE_SEMICOLON, /* after blanks, only another extension may follow */
  NAME_FIRST,
  NAME,
  AFTER_NAME,
  VALUE_FIRST,
  VALUE,
  QUOTED,
  ESCAPED,
  AFTER_QUOTED, /* of an extension */
  DATA,
  DATA_CR,
  DATA_LF,
  TRAILER_FIRST,
  TRAILER_NAME,
  TRAILER,
  TRAILER_LF,
  END_LF,
  DONE,
  BAD,
  TOO_LARGE
} State;

/* Skips a byte. */
static State
extra (WpChunked *self, State next)
{
  return ++self->extra_bytes > MAX_EXTRA_BYTES ? TOO_LARGE : next;
}

static gboolean
is_blank (char byte)
{
  return byte == ' ' || byte == '\t';
}

/* After a size or a complete extension. */
static State
after_extension (WpChunked *self, char byte)
{
  if (byte == ';')
    return extra (self, NAME_FIRST);
  if (is_blank (byte))
    return extra (self, BEFORE_SEMICOLON);
  return byte == '\r' && self->state != BEFORE_SEMICOLON ? SIZE_LF : BAD;
}

/* chunk-ext = *( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] ) */
static State
extension_byte (WpChunked *self, char byte)
{
  switch (self->state)
    {
    case NAME_FIRST:
      return is_blank (byte)                      ? extra (self, NAME_FIRST)
             : wp_octet_is (byte, WP_OCTET_TOKEN) ? extra (self, NAME)
                                                  : BAD;
    case NAME:
      if (wp_octet_is (byte, WP_OCTET_TOKEN))
        return extra (self, NAME);
      return byte == '='       ? extra (self, VALUE_FIRST)
             : is_blank (byte) ? extra (self, AFTER_NAME)
                               : after_extension (self, byte);
    case AFTER_NAME:
      return is_blank (byte) ? extra (self, AFTER_NAME)
             : byte == '='   ? extra (self, VALUE_FIRST)
             : byte == ';'   ? extra (self, NAME_FIRST)
                             : BAD;
    case VALUE_FIRST:
      if (is_blank (byte))
        return extra (self, VALUE_FIRST);
      return byte == '"'                          ? extra (self, QUOTED)
             : wp_octet_is (byte, WP_OCTET_TOKEN) ? extra (self, VALUE)
                                                  : BAD;
    case VALUE:
      return wp_octet_is (byte, WP_OCTET_TOKEN) ? extra (self, VALUE) : after_extension (self, byte);
    case QUOTED:
      if (byte == '"' || byte == '\\')
        return extra (self, byte == '"' ? AFTER_QUOTED : ESCAPED);
      return wp_octet_is (byte, WP_OCTET_QUOTED) ? extra (self, QUOTED) : BAD;
    case ESCAPED:
      return wp_octet_is (byte, WP_OCTET_VALUE) ? extra (self, QUOTED) : BAD;
    default:
      return after_extension (self, byte);
    }
}

static State
size_byte (WpChunked *self, char byte)
{
  if (!g_ascii_isxdigit (byte))
    return self->state == SIZE_FIRST ? BAD : after_extension (self, byte);
  self->left_bytes
      = (self->state == SIZE_FIRST ? 0 : self->left_bytes << 4) + (guint64) g_ascii_xdigit_value (byte);
  if (self->left_bytes > self->max_bytes - self->body_bytes)
    return TOO_LARGE;
  return self->left_bytes > 0 ? SIZE : extra (self, SIZE); /* limits leading zeros */
}

/* A field line (RFC 9112, 5), or the empty line that ends the body. */
static State
trailer_byte (WpChunked *self, char byte)
{
  if (self->state == TRAILER_FIRST && byte == '\r')
    return END_LF;
  if (self->state == TRAILER)
    return byte == '\r' ? TRAILER_LF : wp_octet_is (byte, WP_OCTET_VALUE) ? extra (self, TRAILER) : BAD;
  if (self->state == TRAILER_NAME && byte == ':')
    return extra (self, TRAILER);
  return wp_octet_is (byte, WP_OCTET_TOKEN) ? extra (self, TRAILER_NAME) : BAD;
}

static State
next_state (WpChunked *self, char byte)
{
  switch (self->state)
    {
    case SIZE_FIRST:
    case SIZE:
      return size_byte (self, byte);
    case SIZE_LF:
      return byte != '\n' ? BAD : self->left_bytes > 0 ? DATA : TRAILER_FIRST;
    case DATA_CR:
      return byte == '\r' ? DATA_LF : BAD;
    case DATA_LF:
      return byte == '\n' ? SIZE_FIRST : BAD;
    case TRAILER_FIRST:
    case TRAILER_NAME:
    case TRAILER:
      return trailer_byte (self, byte);
    case TRAILER_LF:
      return byte == '\n' ? TRAILER_FIRST : BAD;
    case END_LF:
      return byte == '\n' ? DONE : BAD;
    default:
      return extension_byte (self, byte);
    }
}

/* Moves the available bytes of the chunk to @to. Returns: their number. */
static gsize
take_data (WpChunked *self, char *to, const char *bytes, gsize len)
{
  gsize n = MIN (len, self->left_bytes);

  memmove (to, bytes, n);
  self->body_bytes += n;
  self->left_bytes -= n;
  if (self->left_bytes == 0)
    self->state = DATA_CR;
  return n;
}

WpChunkedState
wp_chunked_feed (WpChunked *self, char *bytes, gsize len, gsize *used, gsize *n_body)
{
  gsize pos = 0, n = 0, got;

  while (pos < len && self->state < DONE)
    if (self->state == DATA)
      {
        got = take_data (self, bytes + n, bytes + pos, len - pos);
        pos += got;
        n += got;
      }
    else
      self->state = next_state (self, bytes[pos++]);
  *used = pos;
  *n_body = n;

  return self->state < DONE    ? WP_CHUNKED_MORE
         : self->state == DONE ? WP_CHUNKED_DONE
         : self->state == BAD  ? WP_CHUNKED_BAD
                               : WP_CHUNKED_TOO_LARGE;
}
