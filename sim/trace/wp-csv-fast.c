#include "sim/trace/wp-csv-fast.h"

#include <string.h>

#define MAX_DIGITS 8 /* of seconds, 3 years: more may count from 1970, which is not looked at here */

static inline gboolean
is_digit (char c)
{
  return (guchar) (c - '0') <= 9;
}

const char *
wp_csv_fast_seconds_scalar (const char *text, gint64 *ns)
{
  const char *p = text;
  gint64 seconds = 0, fraction = 0;
  gint64 digit_ns = WP_NS_PER_S;

  for (; is_digit (*p); p++)
    {
      if (p == text + MAX_DIGITS)
        return NULL;
      seconds = seconds * 10 + (*p - '0');
    }
  if (p == text)
    return NULL;
  if (*p == '.')
    {
      for (p++; is_digit (*p); p++)
        {
          digit_ns /= 10;
          if (digit_ns == 0)
            return NULL;
          fraction += (*p - '0') * digit_ns;
        }
      if (digit_ns == WP_NS_PER_S)
        return NULL;
    }
  *ns = seconds * WP_NS_PER_S + fraction;

  return p;
}

#if G_BYTE_ORDER == G_LITTLE_ENDIAN

/* Eight bytes at once, the first one lowest. Source: Langdale and Lemire, Parsing Gigabytes of JSON per
 * Second (2019), section 3.1.4; Lemire, Quickly parsing eight digits (2018). */
static inline guint64
load (const char *text)
{
  guint64 bytes;

  memcpy (&bytes, text, sizeof bytes);

  return bytes ^ 0x3030303030303030; /* digits become 0 to 9 */
}

/* The high bit of each byte that is no digit, right for the first of them: a carry only goes up. */
static inline guint64
find_others (guint64 bytes)
{
  return ((bytes + 0x7676767676767676) | bytes) & 0x8080808080808080;
}

/* Eight decimal digits of one byte each, the lowest byte the most significant digit. */
static inline gint64
join_digits (guint64 digits)
{
  digits = (digits * 10 + (digits >> 8)) & 0x00ff00ff00ff00ff;
  digits = (digits * 100 + (digits >> 16)) & 0x0000ffff0000ffff;
  digits = (digits * 10000 + (digits >> 32)) & 0xffffffff;

  return (gint64) digits;
}

/* Where a number ends is found by branches wherever its length seldom changes (whole seconds, nine digits of
 * fraction), and not computed from its bytes: predicted branches let the next number begin before this one is
 * done. */
G_ALWAYS_INLINE static inline const char *
seconds_at_once (const char *text, gint64 *ns)
{
  const char *p = text;
  gint64 seconds = 0;
  guint64 bytes, others;

  for (; is_digit (*p); p++)
    {
      if (p == text + MAX_DIGITS)
        return NULL;
      seconds = seconds * 10 + (*p - '0');
    }
  if (p == text)
    return NULL;
  if (*p != '.')
    {
      *ns = seconds * WP_NS_PER_S;
      return p;
    }
  bytes = load (++p);
  others = find_others (bytes);
  if (others == 0)
    {
      *ns = seconds * WP_NS_PER_S + join_digits (bytes) * 10;
      if (!is_digit (p[8]))
        return p + 8;
      *ns += p[8] - '0';
      return is_digit (p[9]) ? NULL : p + 9;
    }
  if (others & 0x80)
    return NULL;
  /* further digits count as zeros */
  *ns = seconds * WP_NS_PER_S + join_digits (bytes & (((others & -others) >> 7) - 1)) * 10;
  while (is_digit (*p))
    p++;

  return p;
}

#else
#define seconds_at_once wp_csv_fast_seconds_scalar
#endif

const char *
wp_csv_fast_seconds (const char *text, gint64 *ns)
{
  return seconds_at_once (text, ns);
}

/* The line feed at or after a carriage return; @text if there is neither. */
static inline const char *
skip_return (const char *text)
{
  return text[0] == '\r' && text[1] == '\n' ? text + 1 : text;
}

gsize
wp_csv_fast_rows (WpReadBuffer *window, WpColumn second, WpRow *rows, gsize max_rows)
{
  const char *at = window->at;
  const char *end = window->end;
  gsize n = 0;

  for (; n < max_rows; n++)
    {
      gint64 arrival_ns, second_ns = WP_TIME_NONE;
      const char *p = seconds_at_once (at, &arrival_ns);

      if (p == NULL)
        break;
      if (second != WP_COLUMN_ARRIVAL)
        {
          if (*p != ',')
            break;
          p = seconds_at_once (p + 1, &second_ns);
          if (p == NULL)
            break;
        }
      if (*p != '\n')
        p = skip_return (p);
      if (*p != '\n' || p >= end) /* the sentinel is not the row's own end */
        break;
      rows[n].arrival_ns = arrival_ns;
      if (second == WP_COLUMN_RESPONSE)
        rows[n].response_ns = second_ns;
      else
        rows[n].service_ns = second_ns;
      at = p + 1;
    }
  window->at += at - window->at;
  window->line += n;

  return n;
}
