#include "sim/base/wp-time.h"

#include <string.h>
#include <time.h>

#include "sim/base/wp-error.h"

typedef unsigned __int128 Wide;

/* More digits than 64 bits of nanoseconds can tell apart, and few enough that times 86400 * 10^9 they fit a Wide. */
#define MAX_DIGITS 24

#define EXPONENT_LIMIT 100000

typedef struct {
  gboolean negative;
  Wide digits;        /* the number is digits * 10^exponent */
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

/* Returns where the number ends, or NULL if there is none. */
static const char *
scan_decimal (Decimal *number, const char *text, const char *end)
{
  gboolean any = FALSE;
  int kept = 0;

  *number = (Decimal) { FALSE, 0, 0 };
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

  if (value == 0 || number->exponent < -38)   /* digits * unit < 10^38 */
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

static const struct {
  const char *name;
  gint64 ns;
} units[] = {
  { "", WP_NS_PER_S }, { "ns", 1 }, { "us", WP_NS_PER_US }, { "ms", WP_NS_PER_MS }, { "s", WP_NS_PER_S },
  { "m", 60 * WP_NS_PER_S }, { "min", 60 * WP_NS_PER_S }, { "h", 3600 * WP_NS_PER_S }, { "d", 86400 * WP_NS_PER_S },
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
    {
      g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "\"%s\" is not a time, such as 500ms or 2s", text);
      return FALSE;
    }
  if (*ns > WP_DURATION_MAX)
    {
      g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "\"%s\" is over 100 years", text);
      return FALSE;
    }

  return TRUE;
}

/* Days since 1970-01-01 of a date in the Gregorian calendar, and back; years count from March, so that the leap day comes last.
 * Source: Howard Hinnant, chrono-Compatible Low-Level Date Algorithms (2013). */
static gint64
days_from_date (int year, int month, int day)
{
  gint64 y = month <= 2 ? year - 1 : year;
  gint64 era = y / 400;
  gint64 year_of_era = y - era * 400;
  gint64 day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

  return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

static void
date_from_days (gint64 days, int *year, int *month, int *day)
{
  gint64 z = days + 719468;
  gint64 era = z / 146097;
  gint64 day_of_era = z - era * 146097;
  gint64 year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  gint64 day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  gint64 month_from_march = (5 * day_of_year + 2) / 153;

  *day = (int) (day_of_year - (153 * month_from_march + 2) / 5 + 1);
  *month = (int) (month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
  *year = (int) (year_of_era + era * 400 + (*month <= 2));
}

static int
days_in_month (int year, int month)
{
  static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
  gboolean leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

  return days[month - 1] + (month == 2 && leap);
}

/* @n digits, then @after (any of its characters; "" for none), which is consumed too. */
static gboolean
take_number (const char **text, const char *end, int n, const char *after, int *value)
{
  const char *p = *text;

  *value = 0;
  for (; n > 0; n--, p++)
    {
      if (p == end || !is_digit (*p))
        return FALSE;
      *value = *value * 10 + (*p - '0');
    }
  if (*after != '\0' && (p == end || *p == '\0' || strchr (after, *p++) == NULL))
    return FALSE;
  *text = p;

  return TRUE;
}

static gboolean
take_fraction (const char **text, const char *end, gint64 *ns)
{
  const char *p = *text;
  gint64 digit_ns = WP_NS_PER_S;

  *ns = 0;
  if (p == end || *p != '.')
    return TRUE;
  for (p++; p < end && is_digit (*p); p++)
    {
      digit_ns /= 10;
      if (digit_ns == 0)
        return FALSE;
      *ns += (*p - '0') * digit_ns;
    }
  *text = p;

  return digit_ns != WP_NS_PER_S;
}

/* All of what is left: nothing, Z, +01:00, +0100 or +01. */
static gboolean
take_zone (const char *text, const char *end, gint64 *offset_s)
{
  gboolean negative;
  int hours, minutes = 0;

  *offset_s = 0;
  if (text == end || (end - text == 1 && (*text == 'Z' || *text == 'z')))
    return TRUE;
  if (*text != '+' && *text != '-')
    return FALSE;
  negative = *text++ == '-';
  if (!take_number (&text, end, 2, "", &hours))
    return FALSE;
  if (end - text == 3 && *text == ':')
    text++;
  if (text < end && !take_number (&text, end, 2, "", &minutes))
    return FALSE;
  *offset_s = (negative ? -1 : 1) * (hours * 3600 + minutes * 60);

  return text == end && hours < 24 && minutes < 60;
}

gboolean
wp_time_parse_iso8601 (const char *text, gsize len, gint64 *ns)
{
  const char *end = text + len;
  int year, month, day, hour, minute, second;
  gint64 fraction_ns, offset_s;

  trim (&text, &end);
  if (!take_number (&text, end, 4, "-", &year) || !take_number (&text, end, 2, "-", &month)
      || !take_number (&text, end, 2, "Tt ", &day) || !take_number (&text, end, 2, ":", &hour)
      || !take_number (&text, end, 2, ":", &minute) || !take_number (&text, end, 2, "", &second)
      || !take_fraction (&text, end, &fraction_ns) || !take_zone (text, end, &offset_s))
    return FALSE;
  if (year < 1678 || year > 2261 || month < 1 || month > 12 || day < 1 || day > days_in_month (year, month)
      || hour > 23 || minute > 59 || second > 59)
    return FALSE;
  *ns = (days_from_date (year, month, day) * 86400 + hour * 3600 + minute * 60 + second - offset_s) * WP_NS_PER_S + fraction_ns;

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

const char *
wp_time_format_iso8601 (char buffer[WP_TIME_BUFFER], gint64 unix_ns)
{
  gint64 seconds = unix_ns / WP_NS_PER_S - (unix_ns % WP_NS_PER_S < 0);
  gint64 days = seconds / 86400 - (seconds % 86400 < 0);
  guint64 of_day = (guint64) (seconds - days * 86400);
  int year, month, day;

  date_from_days (days, &year, &month, &day);
  g_snprintf (buffer, WP_TIME_BUFFER, "%04d-%02d-%02dT%02u:%02u:%02u.%09uZ", year, month, day, (guint) (of_day / 3600),
              (guint) (of_day / 60 % 60), (guint) (of_day % 60), (guint) ((guint64) unix_ns - (guint64) seconds * 1000000000u));

  return buffer;
}

/* Under a minute, @ns already rounded to three digits. */
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
