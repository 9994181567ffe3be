#include "sim/compare/wp-measurement.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sim/base/wp-error.h"
#include "sim/model/wp-summary.h"
#include "sim/run/wp-job-output.h"

/* Share of the time in which a task waited for a processor. The quick start's pool beside others in real
 * time: 0.02 agreed; 0.03 and 0.05 agreed only as replayed; 0.13 and 0.27 did not agree (8 runs of 17 s, 2
 * cores). */
#define DISTURBED 0.1

struct _WpMeasurement {
  char *path;
  GHashTable *lines; /* id -> its line, while the rows are read */
  WpTrace *trace;
  const WpRow *rows;
  gsize n_rows;
  WpRow *merged; /* the rows of several records; @trace is the first one's, and not owned; or NULL */
  gboolean is_worker;
  gboolean is_disturbed;
  GArray *changes; /* (element-type WpSizeChange): of the sizes; filled once they are needed */
};

/* An id has one line, which is seen twice where the trace is sorted. */
static gboolean
check_row (gpointer data, const WpRow *row, guint64 line, GError **error)
{
  WpMeasurement *self = data;
  gpointer first;

  if (!wp_summary_check_row (row, error))
    return FALSE;
  if (!row->id || !self->lines)
    return TRUE;
  first = g_hash_table_lookup (self->lines, row->id);
  if (!first)
    g_hash_table_insert (self->lines, g_strdup (row->id), (gpointer) (guintptr) line);
  else if ((guintptr) first != line)
    {
      g_autofree char *id = g_strescape (row->id, NULL);

      return wp_fail (error, WP_ERROR_BAD_TRACE, "request %.60s is on line %" G_GUINTPTR_FORMAT " too", id,
                      (guintptr) first);
    }

  return TRUE;
}

/* A worker's record, if @self is one that is read as it is. */
static void
open_worker (WpMeasurement *self)
{
  WpTraceOptions options = WP_TRACE_OPTIONS_INIT;
  WpTrace *worker;

  options.columns = "accepted=enqueued";
  if (wp_trace_has_column (self->trace, "accepted") || !(worker = wp_trace_open (self->path, &options, NULL)))
    return;
  wp_trace_free (self->trace);
  self->trace = worker;
  self->is_worker = TRUE;
}

static gboolean
load (WpMeasurement *self, gboolean unique_ids, GError **error)
{
  self->trace = wp_trace_open (self->path, NULL, error);
  if (!self->trace)
    return FALSE;
  open_worker (self);
  if (!wp_trace_has_column (self->trace, "accepted") || !wp_trace_has_column (self->trace, "outcome"))
    return wp_fail (error, WP_ERROR_BAD_TRACE,
                    "%s: no columns \"accepted\" and \"outcome\": it is not a record of wp-server",
                    wp_trace_name (self->trace));
  if (unique_ids && !self->is_worker)
    self->lines = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  if (!self->is_worker)
    wp_trace_check_rows (self->trace, check_row, self);
  self->rows = wp_trace_load (self->trace, &self->n_rows, error);
  g_clear_pointer (&self->lines, g_hash_table_unref);

  return self->rows != NULL;
}

WpMeasurement *
wp_measurement_load (const char *path, gboolean unique_ids, GError **error)
{
  g_autoptr (WpMeasurement) self = g_new0 (WpMeasurement, 1);

  self->path = g_strdup (path);
  self->changes = g_array_new (FALSE, FALSE, sizeof (WpSizeChange));

  return load (self, unique_ids, error) ? g_steal_pointer (&self) : NULL;
}

static void
add_ns (gint64 *time_ns, gint64 shift_ns)
{
  if (*time_ns != WP_TIME_NONE)
    *time_ns += shift_ns;
}

static WpRow
shift_row (WpRow row, gint64 shift_ns)
{
  add_ns (&row.arrival_ns, shift_ns);
  add_ns (&row.accepted_ns, shift_ns);
  add_ns (&row.started_ns, shift_ns);
  add_ns (&row.finished_ns, shift_ns);
  add_ns (&row.ended_ns, shift_ns);

  return row;
}

WpMeasurement *
wp_measurement_new_of (const GPtrArray *parts, WpRow *rows, gsize n_rows)
{
  WpMeasurement *self = g_new0 (WpMeasurement, 1);
  g_autoptr (GString) names = g_string_new (NULL);

  self->trace = ((WpMeasurement *) parts->pdata[0])->trace;
  for (guint i = 0; i < parts->len; i++)
    {
      const WpMeasurement *part = parts->pdata[i];

      g_string_append_printf (names, "%s%s", i > 0 ? " " : "", wp_measurement_path (part));
      self->is_disturbed |= wp_measurement_is_disturbed (part);
    }
  qsort (rows, n_rows, sizeof *rows, wp_time_compare);
  self->rows = self->merged = rows;
  self->n_rows = n_rows;
  self->path = g_string_free (g_steal_pointer (&names), FALSE);

  return self;
}

WpMeasurement *
wp_measurement_merge (const GPtrArray *parts, const gint64 *shifts_ns)
{
  gsize n_rows = 0, at = 0;
  WpRow *rows;

  for (guint i = 0; i < parts->len; i++)
    n_rows += ((WpMeasurement *) parts->pdata[i])->n_rows;
  rows = g_new (WpRow, n_rows + 1);
  for (guint i = 0; i < parts->len; i++)
    {
      const WpMeasurement *part = parts->pdata[i];

      for (gsize j = 0; j < part->n_rows; j++)
        rows[at++] = shift_row (part->rows[j], shifts_ns[i]);
    }

  return wp_measurement_new_of (parts, rows, n_rows);
}

void
wp_measurement_free (WpMeasurement *self)
{
  if (!self->merged)
    g_clear_pointer (&self->trace, wp_trace_free);
  g_free (self->merged);
  g_clear_pointer (&self->lines, g_hash_table_unref);
  g_clear_pointer (&self->changes, g_array_unref);
  g_free (self->path);
  g_free (self);
}

gboolean
wp_measurement_is_worker (const WpMeasurement *self)
{
  return self->is_worker;
}

gboolean
wp_measurement_is_front (const WpMeasurement *self)
{
  return !self->is_worker && !wp_trace_has_column (self->trace, "finished");
}

const WpRow *
wp_measurement_rows (const WpMeasurement *self, gsize *n_rows)
{
  *n_rows = self->n_rows;

  return self->rows;
}

const char *
wp_measurement_path (const WpMeasurement *self)
{
  return self->merged ? self->path : wp_trace_name (self->trace);
}

const char *
wp_measurement_note (const WpMeasurement *self, const char *key)
{
  return wp_trace_note (self->trace, key);
}

static gboolean
set_from_note (const WpTrace *trace, WpPolicy *policy, const char *key, const char *note, GError **error)
{
  if (wp_policy_set (policy, key, note, error))
    return TRUE;
  g_prefix_error (error, "%s: note \"%s\": ", wp_trace_name (trace), key);

  return FALSE;
}

/* A record without a note on abandoned jobs is of version 0.1.0, which kept them. */
static void
assume_kept (const WpTrace *trace, WpPolicy *policy)
{
  if (!(policy->given & WP_POLICY_KEEP_ABANDONED) && wp_trace_note (trace, "ack")
      && !wp_trace_note (trace, "keep-abandoned"))
    policy->keep_abandoned = TRUE;
}

gboolean
wp_measurement_take_ack (const WpTrace *trace, WpPolicy *policy, GError **error)
{
  guint wanted = (WP_POLICY_ACK | WP_POLICY_KEEP_ABANDONED) & ~policy->given;

  for (const WpOption *field = wp_policy_options; field->name; field++)
    {
      const char *note = field->given & wanted ? wp_trace_note (trace, field->name) : NULL;

      if (note && !set_from_note (trace, policy, field->name, note, error))
        return FALSE;
    }
  assume_kept (trace, policy);

  return TRUE;
}

/* Warns if the measurement used another value than the given one. */
static gboolean
warn_of_contradiction (const WpMeasurement *self, const WpPolicy *policy, const char *key, const char *note,
                       GPtrArray *warnings, GError **error)
{
  WpPolicy noted = *policy;
  g_autofree char *given = wp_policy_get (policy, key);
  g_autofree char *measured = NULL;

  if (!set_from_note (self->trace, &noted, key, note, error))
    return FALSE;
  measured = wp_policy_get (&noted, key);
  if (!g_str_equal (given, measured))
    g_ptr_array_add (warnings, g_strdup_printf ("the prediction uses %s %s, the measurement used %s", key,
                                                given, measured));

  return TRUE;
}

static gboolean
complete_field (const WpMeasurement *self, WpPolicy *policy, guint given, const WpOption *field,
                GPtrArray *warnings, GError **error)
{
  const char *note = wp_trace_note (self->trace, field->name);
  const guint refusal = WP_POLICY_WHEN_FULL | WP_POLICY_BLOCK_TIMEOUT;
  gboolean is_given = (given & field->given) != 0;

  if (!wp_policy_uses (policy, field->given))
    return TRUE;
  if (note && is_given)
    return warn_of_contradiction (self, policy, field->name, note, warnings, error);
  /* one of these two options decides on both */
  if (is_given || ((field->given & refusal) && (given & refusal)))
    return TRUE;
  if (note)
    return set_from_note (self->trace, policy, field->name, note, error);
  if (field->given & (WP_POLICY_QUEUE | WP_POLICY_WORKERS))
    {
      g_autofree char *assumed = wp_policy_get (policy, field->name);

      g_ptr_array_add (warnings, g_strdup_printf ("%s has no note \"%s\": %s is assumed",
                                                  wp_measurement_path (self), field->name, assumed));
    }

  return TRUE;
}

const WpTraceMoments *
wp_measurement_moments (const WpMeasurement *self, gint64 *origin_ns)
{
  return wp_trace_moments (self->trace, origin_ns);
}

gboolean
wp_measurement_is_later_part (const WpMeasurement *self, gint64 *begins_ns)
{
  wp_measurement_moments (self, begins_ns);

  return !self->merged && *begins_ns > 0 && wp_measurement_note (self, "started");
}

gboolean
wp_measurement_changes (const WpMeasurement *self)
{
  gint64 origin_ns;

  return !self->merged && wp_measurement_moments (self, &origin_ns)->sizes->len > 0;
}

static int
compare_changes (gconstpointer a, gconstpointer b)
{
  return wp_time_compare (&((const WpSizeChange *) a)->at_ns, &((const WpSizeChange *) b)->at_ns);
}

/* Computes them once: policies have pointers to them. */
static gboolean
compute_changes (const WpMeasurement *self, const WpPolicy *policy, GError **error)
{
  gint64 origin_ns;
  const GArray *all = wp_measurement_moments (self, &origin_ns)->sizes;
  WpPolicy now = *policy;

  for (guint i = 0; i < all->len && self->changes->len == i; i++)
    {
      const WpTraceSizes *sizes = &g_array_index (all, WpTraceSizes, i);
      WpLayout layout;
      WpSizeChange change;

      if (!wp_policy_set_words (&now, sizes->sizes, WP_POLICY_SIZES, error))
        {
          g_prefix_error (error, "%s: a line \"# at=...\": ", wp_measurement_path (self));
          return FALSE;
        }
      wp_policy_layout (&now, &layout);
      change = (WpSizeChange){ sizes->at_ns - origin_ns, layout.queue_jobs, layout.workers, layout.rejects,
                               layout.block_timeout_ns };
      g_array_append_val (self->changes, change);
    }
  g_array_sort (self->changes, compare_changes);

  return TRUE;
}

/* @given: the fields that the command line set */
static gboolean
take_changes (const WpMeasurement *self, WpPolicy *policy, guint given, GPtrArray *warnings, GError **error)
{
  policy->changes = NULL;
  policy->n_changes = 0;
  if (!wp_measurement_changes (self) || policy->mode == WP_MODE_DEFAULT)
    return TRUE;
  if (given & WP_POLICY_SIZES)
    {
      g_ptr_array_add (warnings,
                       g_strdup_printf ("the sizes of %s changed while it was written, and those of the "
                                        "prediction, which are given, do not",
                                        wp_measurement_path (self)));
      return TRUE;
    }
  if (!compute_changes (self, policy, error))
    return FALSE;
  policy->changes = (const WpSizeChange *) self->changes->data;
  policy->n_changes = self->changes->len;

  return TRUE;
}

gboolean
wp_measurement_complete (const WpMeasurement *self, WpPolicy *policy, GPtrArray *warnings, GError **error)
{
  guint given = policy->given;

  if (given & WP_POLICY_MODE ? policy->mode == WP_MODE_ALL : !wp_trace_note (self->trace, "mode"))
    return wp_fail (error, WP_ERROR_USAGE, "--against compares one mode: select it with --mode%s%s%s",
                    given & WP_POLICY_MODE ? "" : " (",
                    given & WP_POLICY_MODE ? "" : wp_measurement_path (self),
                    given & WP_POLICY_MODE ? "" : " has no note \"mode\")");
  for (const WpOption *field = wp_policy_options; field->name; field++)
    if (!complete_field (self, policy, given, field, warnings, error))
      return FALSE;
  assume_kept (self->trace, policy);

  return take_changes (self, policy, given, warnings, error);
}

static gboolean
same_file (const char *one, const char *two)
{
  struct stat a, b;

  return stat (one, &a) == 0 && stat (two, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

gboolean
wp_measurement_is_disturbed (const WpMeasurement *self)
{
  WpTracePressure pressure = wp_trace_pressure (self->trace);

  if (self->merged)
    return self->is_disturbed;

  return pressure.n > 0 && pressure.sum / pressure.n > DISTURBED;
}

static char *
describe_disturbance (const WpMeasurement *self)
{
  WpTracePressure pressure = wp_trace_pressure (self->trace);

  return g_strdup_printf (
      "the run of %s was disturbed: a task waited for a processor in %.0f %% of its time, %.0f "
      "%% in the worst second; measure again on a quiet machine",
      wp_measurement_path (self), 100 * pressure.sum / pressure.n, 100 * pressure.max);
}

void
wp_measurement_warn (const WpMeasurement *self, const WpTrace *trace, const char *path, GPtrArray *warnings)
{
  const char *started = wp_trace_note (self->trace, "started");
  const char *source = wp_trace_note (self->trace, "source");
  char begins[WP_TIME_BUFFER];
  gint64 begins_ns;

  if (same_file (self->path, path) || (started && g_strcmp0 (started, wp_trace_note (trace, "started")) == 0))
    g_ptr_array_add (
        warnings,
        g_strdup_printf (
            "%s is both the input and the measurement: this checks the model, not the prediction of "
            "another run",
            wp_measurement_path (self)));
  if (g_strcmp0 (source, WP_JOB_OUTPUT_SOURCE) == 0)
    g_ptr_array_add (warnings, g_strdup_printf ("%s is a prediction by wp-sim, not a measurement",
                                                wp_measurement_path (self)));
  if (wp_measurement_is_later_part (self, &begins_ns))
    g_ptr_array_add (warnings,
                     g_strdup_printf ("%s begins %s after the first request of its run: it is the later "
                                      "part of a record; put the parts together, the first one first",
                                      wp_measurement_path (self), wp_time_format_people (begins, begins_ns)));
  if (wp_trace_is_cut (self->trace))
    g_ptr_array_add (warnings, g_strdup_printf ("the last line of %s is cut, and was left out",
                                                wp_measurement_path (self)));
  if (wp_measurement_is_disturbed (self))
    g_ptr_array_add (warnings, describe_disturbance (self));
}
