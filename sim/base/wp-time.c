#include "sim/base/wp-time.h"

#include <string.h>
#include <time.h>

#include "sim/base/wp-error.h"

typedef unsigned __int128 Wide;

/* More digits than 64-bit nanoseconds distinguish; times 86400 * 10^9 they still fit a Wide. */
#define MAX_DIGITS 24

#define EXPONENT_LIMIT 100000

typedef struct {
  gboolean negative;
  Wide digits; /* the number is digits * 10^exponent */
  gint64 exponent;
} Decimal;

static gboolean
is_digit (char c)
{
  return c >= '0' && c <= '9';
}

static gboolean
is_blank (char c)
{
  return c == ' ' || c == '\t';
}

static void
trim (const char **text, const char **end)
{
  while (*text < *end && is_blank (**text))
    (*text)++;
  while (*text < *end && is_blank ((*end)[-1]))
    (*end)--;
}

static void
decimal_add_digit (Decimal *number, char digit, int *kept, gboolean fraction)
{
  if (*kept < MAX_DIGITS)
    {
      number->digits = number->digits * 10 + (Wide) (digit - '0');
      if (number->digits != 0)
        (*kept)++;
      number->exponent -= fraction;
    }
  else
    number->exponent += !fraction;
}

static const char *
scan_exponent (Decimal *number, const char *text, const char *end)
{
  const char *p = text + 1;
  gboolean negative = FALSE;
  gint64 exponent = 0;

  if (p < end && (*p == '+' || *p == '-'))
    negative = *p++ == '-';
  if (p == end || !is_digit (*p))
    return text;
  for (; p < end && is_digit (*p); p++)
    exponent = MIN (exponent * 10 + (*p - '0'), EXPONENT_LIMIT);
  number->exponent += negative ? -exponent : exponent;

  return p;
}

/* Returns the end of the number, or NULL if there is none. */
static const char *
scan_decimal (Decimal *number, const char *text, const char *end)
{
  gboolean any = FALSE;
  int kept = 0;

  *number = (Decimal){ FALSE, 0, 0 };
  if (text < end && (*text == '+' || *text == '-'))
    number->negative = *text++ == '-';
  for (; text < end && is_digit (*text); text++, any = TRUE)
    decimal_add_digit (number, *text, &kept, FALSE);
  if (text < end && *text == '.')
    for (text++; text < end && is_digit (*text); text++, any = TRUE)
      decimal_add_digit (number, *text, &kept, TRUE);
  if (!any)
    return NULL;
  if (text < end && (*text == 'e' || *text == 'E'))
    text = scan_exponent (number, text, end);

  return text;
}

/* @unit_ns <= one day. Halves round away from zero. */
static gboolean
decimal_to_ns (const Decimal *number, gint64 unit_ns, gint64 *ns)
{
  Wide value = number->digits * (Wide) unit_ns;
  Wide divisor = 1;

  if (value == 0 || number->exponent < -38) /* digits * unit < 10^38 */
    {
      *ns = 0;
      return TRUE;
    }
  for (gint64 i = number->exponent; i > 0; i--)
    {
      if (value > G_MAXINT64)
        return FALSE;
      value *= 10;
    }
  for (gint64 i = number->exponent; i < 0; i++)
    divisor *= 10;
  value = (value + divisor / 2) / divisor;
  if (value > G_MAXINT64)
    return FALSE;
  *ns = number->negative ? -(gint64) value : (gint64) value;

  return TRUE;
}

gboolean
wp_time_parse_seconds (const char *text, gsize len, gint64 *ns)
{
  const char *end = text + len;
  Decimal number;

  trim (&text, &end);

  return scan_decimal (&number, text, end) == end && text < end && decimal_to_ns (&number, WP_NS_PER_S, ns);
}

gboolean
wp_time_is_far_seconds (const char *text, gsize len)
{
  const char *end = text + len;
  Decimal number;
  gint64 ns;

  trim (&text, &end);

  return scan_decimal (&number, text, end) == end && text < end && !decimal_to_ns (&number, WP_NS_PER_S, &ns);
}

static const struct {
  const char *name;
  gint64 ns;
} units[] = {
  { "", WP_NS_PER_S },          { "ns", 1 },
  { "us", WP_NS_PER_US },       { "ms", WP_NS_PER_MS },
  { "s", WP_NS_PER_S },         { "m", 60 * WP_NS_PER_S },
  { "min", 60 * WP_NS_PER_S },  { "h", 3600 * WP_NS_PER_S },
  { "d", 86400 * WP_NS_PER_S },
};

static gint64
find_unit (const char *name, gsize len)
{
  for (gsize i = 0; i < G_N_ELEMENTS (units); i++)
    if (strlen (units[i].name) == len && memcmp (units[i].name, name, len) == 0)
      return units[i].ns;

  return 0;
}

gboolean
wp_time_parse_duration (const char *text, gint64 *ns, GError **error)
{
  const char *start = text;
  const char *end = text + strlen (text);
  const char *unit;
  Decimal number;
  gint64 unit_ns = 0;

  trim (&start, &end);
  unit = scan_decimal (&number, start, end);
  if (unit != NULL)
    {
      while (unit < end && is_blank (*unit))
        unit++;
      unit_ns = find_unit (unit, (gsize) (end - unit));
    }
  if (unit_ns == 0 || number.negative || !decimal_to_ns (&number, unit_ns, ns))
    return wp_fail (error, WP_ERROR_BAD_VALUE, "\"%s\" is not a time, such as 500ms or 2s", text);
  if (*ns > WP_DURATION_MAX)
    return wp_fail (error, WP_ERROR_BAD_VALUE, "\"%s\" is over 100 years", text);

  return TRUE;
}

static char *
put_digits (char *at, guint64 value, int n)
{
  for (int i = n - 1; i >= 0; i--, value /= 10)
    at[i] = (char) ('0' + value % 10);

  return at + n;
}

const char *
wp_time_format_seconds (char buffer[WP_TIME_BUFFER], gint64 ns)
{
  guint64 size = ns < 0 ? -(guint64) ns : (guint64) ns;
  guint64 seconds = size / (guint64) WP_NS_PER_S;
  char *at = buffer;
  int n_digits = 1;

  if (ns == WP_TIME_NONE)
    {
      *at = '\0';
      return buffer;
    }
  if (ns < 0)
    *at++ = '-';
  for (guint64 rest = seconds / 10; rest > 0; rest /= 10)
    n_digits++;
  at = put_digits (at, seconds, n_digits);
  *at++ = '.';
  at = put_digits (at, size % (guint64) WP_NS_PER_S, 9);
  *at = '\0';

  return buffer;
}

/* @ns: under a minute, rounded to three digits. */
static void
format_short (char *at, gsize size, guint64 ns)
{
  static const char *const names[] = { "ns", "us", "ms", "s" };
  guint64 unit_ns = 1;
  guint unit = 0;
  int decimals;

  for (; unit < 3 && ns >= unit_ns * 1000; unit++)
    unit_ns *= 1000;
  decimals = unit == 0 || ns >= 100 * unit_ns ? 0 : ns >= 10 * unit_ns ? 1 : 2;
  if (decimals == 0)
    g_snprintf (at, size, "%" G_GUINT64_FORMAT " %s", ns / unit_ns, names[unit]);
  else
    g_snprintf (at, size, "%" G_GUINT64_FORMAT ".%0*u %s", ns / unit_ns, decimals,
                (guint) (ns % unit_ns / (unit_ns / (decimals == 1 ? 10 : 100))), names[unit]);
}

static void
format_long (char *at, gsize size, guint64 ns)
{
  guint64 seconds = (ns + 500000000) / 1000000000;
  guint64 minutes = (seconds + 30) / 60;
  guint64 hours = (minutes + 30) / 60;

  if (seconds < 3600)
    g_snprintf (at, size, "%u min %u s", (guint) (seconds / 60), (guint) (seconds % 60));
  else if (minutes < 24 * 60)
    g_snprintf (at, size, "%u h %u min", (guint) (minutes / 60), (guint) (minutes % 60));
  else
    g_snprintf (at, size, "%u d %u h", (guint) (hours / 24), (guint) (hours % 24));
}

const char *
wp_time_format_people (char buffer[WP_TIME_BUFFER], gint64 ns)
{
  guint64 size = ns < 0 ? -(guint64) ns : (guint64) ns;
  guint64 rounded, step = 1;
  char *at = buffer;

  if (ns == WP_TIME_NONE || ns == 0)
    return strcpy (buffer, ns == 0 ? "0 s" : "-");
  if (ns < 0)
    *at++ = '-';
  while (size / step >= 1000)
    step *= 10;
  rounded = (size + step / 2) / step * step;
  if (rounded < 60000000000)
    format_short (at, WP_TIME_BUFFER - 1, rounded);
  else
    format_long (at, WP_TIME_BUFFER - 1, size);

  return buffer;
}

gint64
wp_time_monotonic (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);

  return now.tv_sec * WP_NS_PER_S + now.tv_nsec;
}

int
wp_time_compare (gconstpointer a, gconstpointer b)
{
  gint64 one = *(const gint64 *) a, two = *(const gint64 *) b;

  return (one > two) - (one < two);
}
