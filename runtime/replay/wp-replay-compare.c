#include "runtime/replay/wp-replay-compare.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "sim/base/wp-error.h"
#include "sim/base/wp-options.h"
#include "sim/base/wp-text.h"
#include "sim/compare/wp-run-difference.h"
#include "sim/plot/wp-plot.h"
#include "sim/trace/wp-json-add.h"
#include "sim/trace/wp-trace-option-table.h"

#define DOUBTFUL_CORRELATION 0.3

typedef enum { TEXT, JSON } Format;

typedef struct {
  WpTraceOptions trace;
  Format format;
  char *plot; /* owned; NULL */
  guint64 seed;
} Options;

/* One file and its rows. */
typedef struct {
  WpTrace *trace;
  const WpRow *rows;
  gsize n_rows;
} Record;

static const char *const formats[] = { "text", "json", NULL };

#define FIELD(member) WP_FIELD (Options, member)

static const WpOption options[] = {
  { "format", 0, WP_OPTION_CHOICE, "FORMAT", FIELD (format), "text (default) or json", .names = formats },
  { "plot", 0, WP_OPTION_FILE, "FILE", FIELD (plot), "both runs' latency by percentile, as .svg or .png" },
  { "seed", 0, WP_OPTION_INTEGER, "N", FIELD (seed),
    "seed of random numbers: equal ones, equal intervals (1)", 0, G_MAXUINT64 },
  { NULL }
};

static const WpOptionGroup groups[] = { { "Files", wp_trace_options, G_STRUCT_OFFSET (Options, trace), 0 },
                                        { "Output", options, 0, 0 },
                                        { NULL, NULL, 0, 0 } };

const WpCommandLine wp_replay_compare_command_line = {
  "compare A B",
  "Compares two records of wp-replay -o, or logs: latency by percentile, the difference (B less A) with\n"
  "its interval of 95 % confidence, and the statuses. Exit status: 0; 2 bad usage, input or I/O.",
  groups
};

static gboolean
load (Record *self, const char *path, const WpTraceOptions *how, GError **error)
{
  self->trace = wp_trace_open (path, how, error);
  self->rows = self->trace ? wp_trace_load (self->trace, &self->n_rows, error) : NULL;
  if (!self->rows)
    return FALSE;
  if (wp_trace_has_column (self->trace, "ended") || wp_trace_has_column (self->trace, "response"))
    return TRUE;
  g_set_error (error, WP_ERROR, WP_ERROR_BAD_TRACE,
               "%s has no column \"ended\" or \"response\": it is no record of wp-replay -o", path);
  return FALSE;
}

static const char *
signed_time (char *text, double ns)
{
  char plain[WP_TIME_BUFFER];

  g_snprintf (text, WP_TIME_BUFFER + 2, "%s%s", ns < 0 ? "-" : "+",
              wp_time_format_people (plain, (gint64) round (fabs (ns))));
  return text;
}

static void
print_run (const char *letter, const Record *record, const WpMeasuredRun *run)
{
  g_autofree char *name = wp_text_escape (wp_trace_name (record->trace));
  char duration[WP_TIME_BUFFER];
  const char *separator = " (";

  printf ("%s: %s: %" PRIu64 " request%s in %s, %" PRIu64 " response%s", letter, name, run->n_requests,
          run->n_requests == 1 ? "" : "s", wp_time_format_people (duration, run->duration_ns),
          run->n_responses, run->n_responses == 1 ? "" : "s");
  for (guint status = 1; status < WP_RUN_STATUSES; status++)
    if (run->n_status[status] > 0)
      {
        printf ("%s%u: %" PRIu64, separator, status, run->n_status[status]);
        separator = ", ";
      }
  puts (separator[0] == ',' ? ")" : "");
}

static void
print_figure (const WpRunFigure *figure)
{
  double difference = figure->value_ns[1] - figure->value_ns[0];
  char texts[2][WP_TIME_BUFFER], by[WP_TIME_BUFFER + 2], low[WP_TIME_BUFFER + 2], high[WP_TIME_BUFFER + 2];
  double share = 100 * difference / figure->value_ns[0];

  if (isnan (difference))
    return;
  printf ("%-6s%12s%12s%12s", figure->name, wp_time_format_people (texts[0], (gint64) figure->value_ns[0]),
          wp_time_format_people (texts[1], (gint64) figure->value_ns[1]), signed_time (by, difference));
  if (isfinite (share))
    printf ("  %+6.1f %%", share);
  else
    printf ("  %8s", "");
  if (figure->has_interval)
    printf ("   %s to %s%s", signed_time (low, figure->low_ns), signed_time (high, figure->high_ns),
            wp_run_figure_differs (figure) ? "" : ": not significant");
  putchar ('\n');
}

static void
print_method (const WpRunDifference *self)
{
  char text[WP_TIME_BUFFER];

  if (self->n_blocks == 0)
    puts ("no intervals: a run has fewer than 100 responses");
  else if (self->is_paired)
    printf ("95 %% confidence: %" PRIu64 " requests paired by id, %u blocks of %s drawn 1,000 times\n",
            self->n_paired, self->n_blocks, wp_time_format_people (text, self->block_ns));
  else
    printf ("95 %% confidence: ids do not match, %u blocks of %s drawn 1,000 times from each run\n",
            self->n_blocks, wp_time_format_people (text, self->block_ns));
  if (self->n_blocks > 0 && self->correlation > DOUBTFUL_CORRELATION)
    printf (
        "warning: neighbouring blocks depend on each other (correlation %.2f): the intervals are too narrow; "
        "make the runs longer\n",
        self->correlation);
}

static void
print_text (const WpRunDifference *self, const Record records[2])
{
  print_run ("A", &records[0], &self->runs[0]);
  print_run ("B", &records[1], &self->runs[1]);
  printf ("%-6s%12s%12s%12s\n", "", "A", "B", "B - A");
  for (guint f = 0; f < WP_RUN_FIGURES; f++)
    print_figure (&self->figures[f]);
  print_method (self);
}

static void
add_run (JsonBuilder *json, const char *member, const Record *record, const WpRunDifference *self, guint i)
{
  const WpMeasuredRun *run = &self->runs[i];

  json_builder_set_member_name (json, member);
  json_builder_begin_object (json);
  wp_json_add_string (json, "file", wp_trace_name (record->trace));
  wp_json_add_count (json, "requests", run->n_requests);
  wp_json_add_count (json, "responses", run->n_responses);
  wp_json_add_seconds (json, "duration", run->duration_ns);
  json_builder_set_member_name (json, "statuses");
  json_builder_begin_object (json);
  for (guint status = 1; status < WP_RUN_STATUSES; status++)
    if (run->n_status[status] > 0)
      {
        char name[16];

        g_snprintf (name, sizeof name, "%u", status);
        wp_json_add_count (json, name, run->n_status[status]);
      }
  json_builder_end_object (json);
  json_builder_set_member_name (json, "latency");
  json_builder_begin_object (json);
  for (guint f = 0; f < WP_RUN_FIGURES; f++)
    wp_json_add_double (json, self->figures[f].name, self->figures[f].value_ns[i] / WP_NS_PER_S);
  json_builder_end_object (json);
  json_builder_end_object (json);
}

static void
add_difference (JsonBuilder *json, const WpRunFigure *figure)
{
  double difference = figure->value_ns[1] - figure->value_ns[0];

  json_builder_set_member_name (json, figure->name);
  json_builder_begin_object (json);
  wp_json_add_double (json, "seconds", difference / WP_NS_PER_S);
  wp_json_add_double (json, "relative", difference / figure->value_ns[0]);
  wp_json_add_double (json, "low", figure->has_interval ? figure->low_ns / WP_NS_PER_S : (double) NAN);
  wp_json_add_double (json, "high", figure->has_interval ? figure->high_ns / WP_NS_PER_S : (double) NAN);
  wp_json_add_boolean (json, "differs", wp_run_figure_differs (figure));
  json_builder_end_object (json);
}

static void
print_json (const WpRunDifference *self, const Record records[2])
{
  g_autoptr (JsonBuilder) json = json_builder_new ();
  g_autofree char *text = NULL;

  json_builder_begin_object (json);
  add_run (json, "a", &records[0], self, 0);
  add_run (json, "b", &records[1], self, 1);
  json_builder_set_member_name (json, "difference");
  json_builder_begin_object (json);
  for (guint f = 0; f < WP_RUN_FIGURES; f++)
    add_difference (json, &self->figures[f]);
  json_builder_end_object (json);
  wp_json_add_boolean (json, "paired", self->is_paired);
  wp_json_add_count (json, "pairs", self->n_paired);
  wp_json_add_count (json, "blocks", self->n_blocks);
  wp_json_add_double (json, "correlation", self->correlation);
  json_builder_end_object (json);
  text = wp_json_text (json, TRUE);
  puts (text);
}

static gboolean
draw_plot (const char *path, const WpRunDifference *self, const Record records[2], GError **error)
{
  const WpPlotFormat *format = wp_plot_format_find (path, error);
  g_autoptr (WpAtomicFile) output = format ? wp_atomic_file_new (path, FALSE, error) : NULL;
  g_autofree char *title = g_strdup_printf ("%s and %s: latency", wp_trace_name (records[0].trace),
                                            wp_trace_name (records[1].trace));
  const WpLatencyPlot plot = { title,
                               { wp_trace_name (records[0].trace), wp_trace_name (records[1].trace) },
                               { self->runs[0].latency, self->runs[1].latency } };

  if (!format)
    g_prefix_error (error, "--plot: ");
  return output && format->plot_latencies (&plot, output, error) && wp_atomic_file_commit (output, error);
}

static gboolean
compare (const Options *self, const Record records[2], GError **error)
{
  g_auto (WpRunDifference) difference = { .correlation = 0 };

  wp_run_difference_compute (&difference, (const WpRow *const[]){ records[0].rows, records[1].rows },
                             (const gsize[]){ records[0].n_rows, records[1].n_rows }, self->seed);
  if (self->plot && !draw_plot (self->plot, &difference, records, error))
    return FALSE;
  (self->format == JSON ? print_json : print_text) (&difference, records);
  if (fflush (stdout) == 0 && !ferror (stdout))
    return TRUE;
  g_set_error (error, WP_ERROR, WP_ERROR_IO, "cannot write the report: %s", g_strerror (errno));
  return FALSE;
}

static gboolean
check (const Options *self, char *const *words, GError **error)
{
  if (g_strv_length ((char **) words) != 3)
    return wp_fail (error, WP_ERROR_USAGE, "compare takes two records: wp-replay compare a.csv b.csv");
  if (g_str_equal (words[1], "-") && g_str_equal (words[2], "-"))
    return wp_fail (error, WP_ERROR_USAGE, "standard input can be read once only");
  for (guint i = 1; i <= 2; i++)
    if (wp_options_same_file (self->plot, words[i]))
      return wp_fail (error, WP_ERROR_USAGE, "--plot would overwrite %s, which is read", words[i]);

  return TRUE;
}

gboolean
wp_replay_compare (char **argv, GError **error)
{
  Options self = { .trace = WP_TRACE_OPTIONS_INIT, .seed = 1 };
  g_autofree char **words = wp_options_parse (&wp_replay_compare_command_line, &self, argv, error);
  Record records[2] = { { NULL, NULL, 0 }, { NULL, NULL, 0 } };
  gboolean good = FALSE;

  self.trace.reads_requests = TRUE;
  if (words && check (&self, words, error))
    good = load (&records[0], words[1], &self.trace, error)
           && load (&records[1], words[2], &self.trace, error) && compare (&self, records, error);
  wp_trace_free (records[0].trace);
  wp_trace_free (records[1].trace);
  wp_options_clear (&wp_replay_compare_command_line, &self);

  return good;
}
