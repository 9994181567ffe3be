#include "sim/trace/wp-stamp.h"

#include <math.h>
#include <string.h>

#include "sim/base/wp-time.h"

#define DATED_NS                                                                                             \
  (100000000 * WP_NS_PER_S) /* as seconds since 1970 that is 1973, as a trace's own clock 3 years */
#define FAR_NS (10 * 365 * 86400 * WP_NS_PER_S) /* no trace lasts that long */

#define HOUR_NS      (3600 * WP_NS_PER_S)
#define HOUR_LESS_NS (300 * WP_NS_PER_S) /* between two rows, before and after a clock is put back */

static gboolean
counts_from_own_origin (WpStamp stamp)
{
  return !stamp.is_dated && stamp.ns >= 0;
}

/* Is the stamp since 1970, and the first one not, or the other way round? */
static const char *
check_origin (WpStamps *self)
{
  WpStamp first = self->first, stamp = self->stamp;

  if (!self->has_first)
    {
      self->has_first = TRUE;
      self->first = stamp;
      return NULL;
    }
  if (first.is_dated && counts_from_own_origin (stamp) && first.ns - stamp.ns > FAR_NS)
    return "does not count from 1970, as the first arrival does";

  return stamp.is_dated && counts_from_own_origin (first) && stamp.ns - first.ns > FAR_NS
             ? "counts from 1970, and the first arrival does not"
             : NULL;
}

/* Z, UTC or +0100, behind a date. */
static gboolean
has_zone (WpField field)
{
  for (gsize i = strlen ("2026-11-02T"); i < field.len; i++)
    if (g_ascii_isalpha (field.text[i]) || field.text[i] == '+' || field.text[i] == '-')
      return TRUE;

  return FALSE;
}

static void
add_unit (WpStamps *self, const char *unit)
{
  const char **place = self->units;

  while (*place != NULL && *place != unit)
    place++;
  *place = unit;
}

/* A stamp is a date, or a number: seconds, or since 1970 in other units. */
static gboolean
parse (WpStamps *self, WpField field)
{
  WpStamp *stamp = &self->stamp;
  gboolean looks_dated
      = field.len > 4 && (field.text[4] == '-' || field.text[4] == '/' || field.text[2] == '/');
  const char *unit = NULL;

  stamp->is_dated = looks_dated && wp_field_parse_date (field, &self->dates, &stamp->ns);
  if (!stamp->is_dated && wp_field_parse_seconds (field, &stamp->ns))
    {
      stamp->is_dated = stamp->ns >= DATED_NS;
      return TRUE;
    }
  if (!stamp->is_dated)
    stamp->is_dated = (!looks_dated && wp_field_parse_date (field, &self->dates, &stamp->ns))
                      || wp_field_parse_epoch (field, &stamp->ns, &unit);
  if (unit != NULL)
    add_unit (self, unit);

  return stamp->is_dated;
}

const char *
wp_stamps_read (WpStamps *self, WpField field)
{
  WpStamp before = self->stamp;

  if (!parse (self, field))
    return wp_field_why_no_time (field);
  if (before.is_dated && self->stamp.ns < before.ns - (HOUR_NS - HOUR_LESS_NS)
      && self->stamp.ns > before.ns - (HOUR_NS + HOUR_LESS_NS) && !has_zone (field))
    self->n_turned_back++;

  return check_origin (self);
}

void
wp_stamps_restart (WpStamps *self)
{
  self->stamp = (WpStamp){ 0 };
  self->n_turned_back = 0;
}

const char *
wp_stamps_compute (WpStamps *self, long double seconds)
{
  self->stamp.ns = llroundl (seconds * WP_NS_PER_S);
  self->stamp.is_dated = self->stamp.ns >= DATED_NS;

  return check_origin (self);
}

void
wp_stamps_append_notes (const WpStamps *self, GPtrArray *lines)
{
  g_autofree char *units = g_strjoinv (" and ", (char **) self->units);

  if (*units != '\0')
    g_ptr_array_add (lines, g_strdup_printf ("arrivals are %s since 1970, by their size", units));
  if (self->n_turned_back == 1)
    g_ptr_array_add (lines,
                     g_strdup ("stamps without a zone go back by an hour: where summer time ended, two "
                               "hours are read as one (log UTC, or the offset from it)"));
}
