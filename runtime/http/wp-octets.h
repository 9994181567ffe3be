/* wp-octets.h - character classes of HTTP. Source: RFC 9110 (5.5, 5.6) and RFC 3986 (3.2.2, 3.3). */
#pragma once

#include <glib.h>

typedef enum {
  WP_OCTET_TOKEN = 1,  /* RFC 9110, 5.6.2 */
  WP_OCTET_VALUE = 2,  /* field value (5.5): visible bytes, blanks, bytes above 0x7f */
  WP_OCTET_TARGET = 4, /* target (RFC 3986, and bytes that clients leave unescaped), without "#" and "%" */
  WP_OCTET_HOST = 8,   /* host name (RFC 3986, 3.2.2), without "%" */
  WP_OCTET_QUOTED = 16 /* quoted string, without quote and backslash (RFC 9110, 5.6.4) */
} WpOctet;

extern const guint8 wp_octets[256];

static inline gboolean
wp_octet_is (char byte, guint8 classes)
{
  return (wp_octets[(guint8) byte] & classes) != 0;
}

/* Returns: the first byte from @at on that is in none of @classes. */
static inline const char *
wp_octets_skip (const char *at, const char *end, guint8 classes)
{
  while (at < end && wp_octet_is (*at, classes))
    at++;
  return at;
}
