/* wp-octets.h - what a byte of HTTP may be part of. Source: RFC 9110 (5.5, 5.6) and RFC 3986 (3.2.2, 3.3). */
#pragma once

#include <glib.h>

typedef enum {
  WP_OCTET_TOKEN = 1,  /* RFC 9110, 5.6.2 */
  WP_OCTET_VALUE = 2,  /* a field's value (5.5): what is visible, blanks, bytes above 0x7f */
  WP_OCTET_TARGET = 4, /* a target (RFC 3986, and what clients leave unescaped), no "#", "%" apart */
  WP_OCTET_HOST = 8,   /* a host's name (RFC 3986, 3.2.2), "%" apart */
  WP_OCTET_QUOTED = 16 /* a value's but the quote and the backslash (RFC 9110, 5.6.4) */
} WpOctet;

extern const guint8 wp_octets[256];

static inline gboolean
wp_octet_is (char byte, guint8 classes)
{
  return (wp_octets[(guint8) byte] & classes) != 0;
}

/* The first byte from @at on that is none of those. */
static inline const char *
wp_octets_skip (const char *at, const char *end, guint8 classes)
{
  while (at < end && wp_octet_is (*at, classes))
    at++;
  return at;
}
