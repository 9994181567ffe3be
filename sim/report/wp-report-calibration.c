#include "sim/report/wp-report-calibration.h"

#include <json-glib/json-glib.h>
#include <math.h>
#include <stdlib.h>

#include "sim/base/wp-text.h"
#include "sim/trace/wp-json-add.h"
#include "sim/model/wp-calibration.h"
#include "sim/report/wp-format.h"
#include "sim/compare/wp-measurement.h"

#define CELL           WP_FORMAT_CELL
#define WINDOW_NS      (WP_NS_PER_S / 10)
#define FEWEST_WINDOWS 5
/* requests/s; at lower rates the HTTP stage is hardly the bottleneck, and the text leaves it out */
#define FULL_SPEED 2000

typedef struct {
  const WpMeasurement *measured;
  WpCalibration *database;
  gboolean in_groups; /* the service is batch:, not from: */
  char *service;      /* value of --service */
  char *formula;      /* the same without the spread, or NULL */
  /* requests/s over windows of 100 ms, median and maximum; NaN: too short */
  double rate, peak_rate;
  guint64 threads;     /* HTTP threads by the record's note; 1 without one */
  gint64 http_time_ns; /* thread time per request if the HTTP stage was saturated at @rate */
  GPtrArray *warnings; /* (element-type utf8) */
} Calibration;

static void
calibration_clear (Calibration *self)
{
  g_clear_pointer (&self->database, wp_calibration_free);
  g_free (self->service);
  g_free (self->formula);
  g_clear_pointer (&self->warnings, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Calibration, calibration_clear)

static int
compare_counts (gconstpointer a, gconstpointer b)
{
  guint one = *(const guint *) a, two = *(const guint *) b;

  return (one > two) - (one < two);
}

/* Rows are in order of arrival; the last window is incomplete. */
static void
measure_http_time (Calibration *self)
{
  g_autoptr (GArray) counts = g_array_new (FALSE, TRUE, sizeof (guint));
  const char *threads = wp_measurement_note (self->measured, "threads");
  gsize n_rows;
  const WpRow *rows = wp_measurement_rows (self->measured, &n_rows);

  self->rate = self->peak_rate = NAN;
  self->threads = threads ? MAX (1, g_ascii_strtoull (threads, NULL, 10)) : 1;
  for (gsize i = 0; i < n_rows; i++)
    {
      gint64 window = (rows[i].arrival_ns - rows[0].arrival_ns) / WINDOW_NS;

      if (window >= 10 * (gint64) n_rows) /* years without a request: the HTTP stage was idle */
        return;
      if (window >= counts->len)
        g_array_set_size (counts, (guint) window + 1);
      g_array_index (counts, guint, window)++;
    }
  if (counts->len < FEWEST_WINDOWS + 1)
    return;
  g_array_set_size (counts, counts->len - 1);
  g_array_sort (counts, compare_counts);
  self->rate = g_array_index (counts, guint, counts->len / 2) * (double) WP_NS_PER_S / WINDOW_NS;
  self->peak_rate = g_array_index (counts, guint, counts->len - 1) * (double) WP_NS_PER_S / WINDOW_NS;
  if (self->rate > 0)
    self->http_time_ns = llround ((double) self->threads * WP_NS_PER_S / self->rate);
}

static void
warn (Calibration *self, const char *message)
{
  g_ptr_array_add (self->warnings, g_strdup (message));
}

/* Rows per second in commits of @rows. */
static double
capacity (const WpCalibration *database, guint rows)
{
  return floor (1e9 * rows / (database->cost.fixed_ns + database->cost.row_ns * rows));
}

/* Larger commits than were measured may store more. */
static gboolean
is_least_capacity (const WpCalibration *database)
{
  return database->most_seen < database->cost.most_rows;
}

/* If no two updates overlapped, the record cannot show group commit; the database's name may. */
static void
choose_service (Calibration *self)
{
  const WpCalibration *database = self->database;
  const char *name = wp_measurement_note (self->measured, "database");
  gboolean is_group_committer = wp_commit_is_of (name);

  self->in_groups
      = database->n_commits > 1 && (database->in_groups || (is_group_committer && database->n_left == 0));
  self->service
      = g_strdup_printf ("%sfrom:%s", self->in_groups ? "batch:" : "", wp_measurement_path (self->measured));
  if (!self->in_groups)
    return;
  self->formula = g_strdup_printf ("batch:%.0fns:%.0fns:%u:%.0fns", database->cost.fixed_ns,
                                   database->cost.row_ns, database->cost.most_rows, database->cost.idle_ns);
  if (database->most_seen == 1)
    warn (self,
          "no commit had more than one row: the cost per row is unknown, and predictions for several workers "
          "are guesses; repeat the record with more workers and bursts");
  else if (database->cost.row_ns <= 0)
    warn (self, "larger commits did not take longer: the cost per row is smaller than the spread");
  if (!wp_measurement_note (self->measured, "commit-pace"))
    warn (self,
          "commits were not paced, so their cost depends on the load: predict loads like the record's, or "
          "record with wp-server --commit-pace");
  if (wp_calibration_explains_little (database))
    g_ptr_array_add (
        self->warnings,
        g_strdup_printf ("the fit explains little of the variance (R² %.2f): a prediction has the "
                         "spread of this record, whatever the commits' sizes",
                         database->r2));
  if (database->n_commits < WP_CALIBRATION_FEW_COMMITS)
    warn (self, "fewer than 1,000 commits: the predicted tail rests on a few of them");
  if (database->n_busy < WP_CALIBRATION_FEW_COMMITS / 10)
    warn (self, "the writer was almost always idle, so its speed under load is uncertain; "
                "repeat the record with a heavier load");
}

static void
add_commits (GString *text, const WpCalibration *database)
{
  char a[CELL], b[CELL], c[CELL];

  g_string_append_printf (text, "commit:      %s and %s per row",
                          wp_format_seconds (a, database->cost.fixed_ns / 1e9),
                          wp_format_seconds (b, database->cost.row_ns / 1e9));
  g_string_append_printf (text, "; an idle writer starts %s late\n",
                          wp_format_seconds (a, database->cost.idle_ns / 1e9));
  g_string_append_printf (text, "measured:    1 to %u rows, %s on average; a commit took %s on average\n",
                          database->most_seen,
                          wp_format_number (a, (double) database->n_updates / (double) database->n_commits),
                          wp_format_seconds (b, database->mean_ns / 1e9));
  g_string_append_printf (text, "fit:         half of the commits are within %s of it, 99 %% within %s",
                          wp_format_seconds (a, (double) database->off_p50_ns / 1e9),
                          wp_format_seconds (b, (double) database->off_p99_ns / 1e9));
  if (!isnan (database->r2))
    g_string_append_printf (text, "; it explains %s %% of the variance without outliers",
                            wp_format_number (c, 100 * database->r2));
  g_string_append_c (text, '\n');
  if (database->cost.row_ns > 0)
    g_string_append_printf (text, "capacity:    %s%s rows/s, in commits of %u, %s; %s in commits of 1\n",
                            is_least_capacity (database) ? "at least " : "",
                            wp_format_whole (a, capacity (database, database->most_seen)),
                            database->most_seen,
                            is_least_capacity (database) ? "the largest measured"
                                                         : "the largest that there are",
                            wp_format_whole (b, capacity (database, 1)));
}

static void
add_http_time (GString *text, const Calibration *self)
{
  char a[CELL], b[CELL];

  if (self->http_time_ns == 0)
    return;
  g_string_append_printf (text, "arrivals:    median %s/s, peak %s/s (over 100 ms)\n",
                          wp_format_whole (a, self->rate), wp_format_whole (b, self->peak_rate));
}

static void
add_warnings (GString *text, const GPtrArray *warnings)
{
  for (guint i = 0; i < warnings->len; i++)
    {
      g_string_append_printf (text, "%swarning: ", i == 0 ? "\n" : "");
      wp_text_append (text, g_ptr_array_index (warnings, i));
      g_string_append_c (text, '\n');
    }
}

static char *
to_text (const Calibration *self)
{
  GString *text = g_string_new (NULL);
  const WpCalibration *database = self->database;
  const char *name = wp_measurement_note (self->measured, "database");
  g_autofree char *quoted = wp_text_quote (self->service), *service = wp_text_escape (quoted);
  char a[CELL], b[CELL], c[CELL];

  wp_text_append (text, wp_measurement_path (self->measured));
  g_string_append_printf (text, ": %s updates in %s commits%s",
                          wp_format_whole (a, (double) database->n_updates),
                          wp_format_whole (b, (double) database->n_commits), name ? ", " : "");
  wp_text_append (text, name);
  g_string_append_c (text, '\n');
  if (self->in_groups)
    add_commits (text, database);
  else
    g_string_append_printf (text, "service:     %s on average, p50 %s, p99 %s; %s\n",
                            wp_format_seconds (a, database->service_mean_ns / 1e9),
                            wp_format_seconds (b, (double) database->service_p50_ns / 1e9),
                            wp_format_seconds (c, (double) database->service_p99_ns / 1e9),
                            database->n_left > 0
                                ? "updates run concurrently, so it is assumed independent of the load"
                                : "no two updates ran at once, so any dependence on the load is unknown");
  add_http_time (text, self);
  g_string_append_printf (text, "\npredict with --service=%s%s\n", service,
                          self->in_groups ? "" : " --service-always");
  if (self->formula)
    g_string_append_printf (text, "or, without the spread, --service=%s\n", self->formula);
  if (self->rate >= FULL_SPEED)
    g_string_append_printf (
        text,
        "if this run was at full speed (a closed loop, no request blocked), add --http-time=%" G_GINT64_FORMAT
        "ns --http-threads=%" G_GUINT64_FORMAT "\n",
        self->http_time_ns, self->threads);
  add_warnings (text, self->warnings);

  return g_string_free (text, FALSE);
}

static void
add_commit_json (JsonBuilder *builder, const WpCalibration *database)
{
  wp_json_begin_object (builder, "commit");
  wp_json_add_double (builder, "fixed", database->cost.fixed_ns / 1e9);
  wp_json_add_double (builder, "row", database->cost.row_ns / 1e9);
  wp_json_add_double (builder, "idle", database->cost.idle_ns / 1e9);
  wp_json_add_count (builder, "most_rows", database->cost.most_rows);
  wp_json_add_count (builder, "most_seen", database->most_seen);
  wp_json_add_double (builder, "mean", database->mean_ns / 1e9);
  wp_json_add_double (builder, "off_p50", (double) database->off_p50_ns / 1e9);
  wp_json_add_double (builder, "off_p99", (double) database->off_p99_ns / 1e9);
  wp_json_add_double (builder, "r2", database->r2);
  wp_json_add_double (builder, "capacity",
                      database->cost.row_ns > 0 ? capacity (database, database->most_seen) : NAN);
  wp_json_add_boolean (builder, "capacity_is_least", is_least_capacity (database));
  json_builder_end_object (builder);
}

static void
add_http_json (JsonBuilder *builder, const Calibration *self)
{
  wp_json_begin_object (builder, "arrivals");
  wp_json_add_double (builder, "rate_p50", self->rate);
  wp_json_add_double (builder, "rate_max", self->peak_rate);
  wp_json_add_double (builder, "http_time", self->http_time_ns > 0 ? (double) self->http_time_ns / 1e9 : NAN);
  wp_json_add_count (builder, "http_threads", self->threads);
  json_builder_end_object (builder);
}

static char *
to_json (const Calibration *self)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autofree char *text = NULL;

  json_builder_begin_object (builder);
  wp_json_add_string (builder, "file", wp_measurement_path (self->measured));
  wp_json_add_count (builder, "updates", self->database->n_updates);
  wp_json_add_count (builder, "commits", self->database->n_commits);
  wp_json_add_boolean (builder, "group_commit", self->in_groups);
  wp_json_add_string (builder, "service", self->service);
  if (self->in_groups)
    add_commit_json (builder, self->database);
  add_http_json (builder, self);
  wp_json_begin_array (builder, "warnings");
  for (guint i = 0; i < self->warnings->len; i++)
    json_builder_add_string_value (builder, g_ptr_array_index (self->warnings, i));
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  text = wp_json_text (builder, TRUE);

  return g_strconcat (text, "\n", NULL);
}

char *
wp_report_calibration (const char *path, gboolean as_json, GError **error)
{
  g_autoptr (WpMeasurement) measured = wp_measurement_load (path, FALSE, error);
  g_auto (Calibration) self = { .measured = measured };
  const WpRow *rows;
  gsize n_rows;

  if (!measured)
    return NULL;
  rows = wp_measurement_rows (measured, &n_rows);
  if (!(self.database = wp_calibration_new (path, rows, n_rows, error)))
    return NULL;
  self.warnings = g_ptr_array_new_with_free_func (g_free);
  choose_service (&self);
  measure_http_time (&self);

  return as_json ? to_json (&self) : to_text (&self);
}
