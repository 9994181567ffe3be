#include "sim/trace/wp-field-time.h"

#include <string.h>

#include "sim/base/wp-time.h"
#include "sim/trace/wp-csv-fast.h"
#include "sim/trace/wp-number.h"

#define LOG_DATE_BYTES 20 /* 10/Oct/2000:13:55:36 */

static WpField
trim (WpField field)
{
  while (field.len > 0 && (*field.text == ' ' || *field.text == '\t'))
    {
      field.text++;
      field.len--;
    }
  while (field.len > 0 && (field.text[field.len - 1] == ' ' || field.text[field.len - 1] == '\t'))
    field.len--;

  return field;
}

/* Moves *@at behind the next member of a list and what separates it from the one after: nginx writes a comma
 * between the servers of a group, and a colon between groups. A blank must follow, as 1,5 is a decimal comma
 * elsewhere, and 10:30 a time of day. */
static WpField
take_member (const char **at, const char *end)
{
  const char *start = *at, *p = start;

  while (p < end && !((*p == ',' || *p == ':') && p + 1 < end && p[1] == ' '))
    p++;
  *at = p < end ? p + 2 : end;

  return trim ((WpField){ start, (gsize) (p - start) });
}

static gboolean
is_missing_word (WpField field)
{
  /* of logs; of JSON and SQL; of spreadsheets; of Python, R and the exports of databases */
  static const char *const words[] = { "-", "\"-\"", "null", "n/a", "#n/a", "nan", "none", "na", "\\n" };

  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    if (strlen (words[i]) == field.len && g_ascii_strncasecmp (field.text, words[i], field.len) == 0)
      return TRUE;

  return FALSE;
}

gboolean
wp_field_is_missing (WpField field)
{
  const char *at, *end;

  field = trim (field);
  at = field.text;
  end = at + field.len;
  while (at < end)
    if (!is_missing_word (take_member (&at, end)))
      return FALSE;

  return TRUE;
}

static int
find_month (const char *text)
{
  static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

  for (int i = 0; i < 12; i++)
    if (g_ascii_strncasecmp (months + 3 * i, text, 3) == 0)
      return i + 1;

  return 0;
}

/* 10/Oct/2000:13:55:36 -0700, as ISO 8601 says it. */
static gboolean
parse_log_date (WpField field, gint64 *ns)
{
  char iso[64];
  const char *text = field.text;
  int month, n;

  if (field.len < LOG_DATE_BYTES || field.len >= sizeof ((WpDateCache *) NULL)->text || text[2] != '/'
      || text[6] != '/' || text[11] != ':' || (month = find_month (text + 3)) == 0)
    return FALSE;
  n = g_snprintf (iso, sizeof iso, "%.4s-%02d-%.2sT%.*s", text + 7, month, text, (int) (field.len - 12),
                  text + 12);

  return wp_time_parse_iso8601 (iso, (gsize) n, ns);
}

/* 2026/11/29 15:05:01.5, of Go, PHP and nginx's error log. */
static gboolean
parse_slashed_date (WpField field, gint64 *ns)
{
  char iso[64];

  if (field.len < strlen ("2026/11/29") || field.len > sizeof iso || field.text[4] != '/'
      || field.text[7] != '/')
    return FALSE;
  memcpy (iso, field.text, field.len);
  iso[4] = iso[7] = '-';

  return wp_time_parse_iso8601 (iso, field.len, ns);
}

gboolean
wp_field_parse_date (WpField field, WpDateCache *cache, gint64 *ns)
{
  if (cache != NULL && field.len == cache->len && field.len > 0
      && memcmp (field.text, cache->text, field.len) == 0)
    {
      *ns = cache->ns;
      return TRUE;
    }
  if (field.len >= 2 && *field.text == '[' && field.text[field.len - 1] == ']')
    return wp_field_parse_date ((WpField){ field.text + 1, field.len - 2 }, cache, ns);
  if (!parse_log_date (field, ns))
    return parse_slashed_date (field, ns) || wp_time_parse_iso8601 (field.text, field.len, ns);
  if (cache != NULL)
    {
      memcpy (cache->text, field.text, field.len);
      cache->len = field.len;
      cache->ns = *ns;
    }

  return TRUE;
}

gboolean
wp_field_parse_seconds (WpField field, gint64 *ns)
{
  return wp_csv_fast_seconds (field.text, ns) == field.text + field.len
         || wp_time_parse_seconds (field.text, field.len, ns);
}

gboolean
wp_field_parse_epoch (WpField field, gint64 *ns, const char **unit)
{
  static const struct {
    const char *name;
    long double from, below, ns; /* from such a number on; of one */
  } units[WP_EPOCH_UNITS] = { { "milliseconds", 1e11L, 1e14L, 1e6L },
                              { "microseconds", 1e14L, 1e17L, 1e3L },
                              { "nanoseconds", 1e18L, 0x1p63L, 1 } };
  long double value;

  if (!wp_number_parse (field.text, field.len, &value))
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (units); i++)
    if (value >= units[i].from && value < units[i].below && value * units[i].ns + 0.5L < 0x1p63L)
      {
        *unit = units[i].name;
        *ns = (gint64) (value * units[i].ns + 0.5L);
        return TRUE;
      }

  return FALSE;
}

static gboolean
is_time_of_day (WpField field)
{
  return field.len >= strlen ("10:00:01") && field.text[2] == ':' && field.text[5] == ':';
}

gboolean
wp_field_parse_date_part (WpField field, gint64 *ns)
{
  gboolean is_day = field.len == strlen ("2026-11-29") && (field.text[4] == '-' || field.text[4] == '/');
  char iso[64];
  int n;

  if (!is_day && !(is_time_of_day (field) && field.len < sizeof iso / 2))
    return FALSE;
  n = g_snprintf (iso, sizeof iso, "%s%.*s%s", is_day ? "" : "1970-01-01T", (int) field.len, field.text,
                  is_day ? "T00:00:00" : "");

  return wp_field_parse_date ((WpField){ iso, (gsize) n }, NULL, ns);
}

/* Counts of 100 ns, since 1601 and since the year 1. */
static const char *
name_ticks (WpField field)
{
  long double value;

  if (!wp_number_parse (field.text, field.len, &value) || value < 1e17L || value >= 1e18L)
    return NULL;

  return value < 3e17L
             ? "has the size of a file time of Windows: say --columns "
               "'arrival=([NAME]-116444736000000000)/1e7'"
             : "has the size of .NET's ticks: say --columns 'arrival=([NAME]-621355968000000000)/1e7'";
}

const char *
wp_field_why_no_time (WpField field)
{
  const char *ticks = name_ticks (field);

  if (ticks != NULL)
    return ticks;
  if (wp_time_is_far_seconds (field.text, field.len))
    return "is more than 292 years";
  if (is_time_of_day (field))
    return "is a time of day: --columns 'arrival=[DATE]+[NAME]' adds its date, 'arrival=0+[NAME]' is for "
           "one day";

  return wp_time_is_far_iso8601 (field.text, field.len) ? "is not from 1678 to 2261" : "is not a time";
}

/* 12ms; \xc2\xb5 and \xce\xbc are both Greek. */
static gboolean
parse_with_unit (WpField field, gint64 *ns)
{
  static const struct {
    const char *unit;
    long double ns;
  } units[] = { { "ms", 1e6L },        { "us", 1e3L }, { "\xc2\xb5s", 1e3L },
                { "\xce\xbcs", 1e3L }, { "ns", 1 },    { "s", 1e9L } };

  for (gsize i = 0; i < G_N_ELEMENTS (units); i++)
    {
      gsize len = strlen (units[i].unit);
      long double value;

      if (field.len <= len || memcmp (field.text + field.len - len, units[i].unit, len) != 0)
        continue;
      if (!wp_number_parse (field.text, trim ((WpField){ field.text, field.len - len }).len, &value)
          || !(value < 0x1p63L / units[i].ns) || value <= -0x1p63L / units[i].ns)
        return FALSE;
      value *= units[i].ns;
      *ns = (gint64) (value < 0 ? value - 0.5L : value + 0.5L);
      return TRUE;
    }

  return FALSE;
}

/* A list with a value. */
static gboolean
parse_list (WpField field, gint64 *ns)
{
  const char *at = field.text, *end = at + field.len;
  gboolean any = FALSE;
  guint n_members = 0;
  gint64 one_ns;

  *ns = 0;
  for (; at < end; n_members++)
    {
      WpField member = take_member (&at, end);

      if (is_missing_word (member))
        continue;
      if (!wp_time_parse_seconds (member.text, member.len, &one_ns)
          || __builtin_add_overflow (*ns, one_ns, ns))
        return FALSE;
      any = TRUE;
    }

  return any && n_members > 1;
}

gboolean
wp_field_parse_amount (WpField field, gint64 *ns)
{
  field = trim (field);

  return parse_with_unit (field, ns) || parse_list (field, ns);
}

gboolean
wp_field_parse_value (WpField field, long double *value)
{
  gint64 ns;

  if (wp_number_parse (field.text, field.len, value))
    return TRUE;
  if (!wp_field_parse_date (field, NULL, &ns) && !wp_field_parse_amount (field, &ns))
    return FALSE;
  *value = (long double) ns / WP_NS_PER_S;

  return TRUE;
}
