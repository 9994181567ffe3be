/* bench-forecast.c - the forecast on a trace, second by second: how often the verdict warned before the queue
 * was full, and how early.
 *
 *   bench-forecast TRACE [SCALE [SERVICE_SCALE]]
 *
 * For each number of workers and each queue. An episode is a time in which the queue is full, those with less
 * than a minute between them being one; a warning is a time in which the verdict is "too_few", with less than
 * 10 s between two. A hit is an episode with a warning that began before it and at most 300 s ago or still
 * stood; the lead is from the warning's beginning. A false alarm is a warning without an episode until 300 s
 * after its end. Skill is that of all forecasts, and of those that were shown. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/trace/wp-trace.h"
#include "tests/unit/forecast-run.h"

#define VALID_S   300
#define EPISODE_S 60
#define WARNING_S 10

typedef struct {
  guint from_s, until_s;
} Span;

typedef struct {
  GArray *warnings, *episodes;      /* (element-type Span) */
  GArray *depths;                   /* (element-type double): of each second */
  GArray *forecasts[WP_N_HORIZONS]; /* (element-type double): made then; NaN: none */
  GArray *shown[WP_N_HORIZONS];     /* (element-type double): the same, but NaN where its skill was not > 0 */
} Log;

static void
note (GArray *spans, guint now_s, gboolean is_on, guint gap_s)
{
  Span *last = spans->len > 0 ? &g_array_index (spans, Span, spans->len - 1) : NULL;
  Span now = { now_s, now_s };

  if (!is_on)
    return;
  if (last && now_s - last->until_s <= gap_s)
    last->until_s = now_s;
  else
    g_array_append_val (spans, now);
}

static void
observe (Log *log, ForecastRun *run, guint now_s)
{
  WpServerState state;
  const WpOutlook *outlook = forecast_run_step (run, &state);
  double depth = (double) state.queued, none = NAN;

  note (log->warnings, now_s, outlook->capacity.verdict == WP_CAPACITY_TOO_FEW, WARNING_S);
  note (log->episodes, now_s, state.parked > 0, EPISODE_S);
  g_array_append_val (log->depths, depth);
  for (guint i = 0; i < WP_N_HORIZONS; i++)
    {
      const WpHorizon *horizon = &outlook->horizons[i];

      g_array_append_val (log->forecasts[i], horizon->at.depth);
      g_array_append_vals (log->shown[i], horizon->shows ? &horizon->at.depth : &none, 1);
    }
}

static double
skill (const GArray *forecasts, const GArray *depths, guint ahead_s, guint *n)
{
  double error = 0, persistent = 0;

  *n = 0;
  for (guint i = 0; i + ahead_s < depths->len; i++)
    {
      double actual = g_array_index (depths, double, i + ahead_s),
             forecast = g_array_index (forecasts, double, i);

      if (isnan (forecast))
        continue;
      (*n)++;
      error += fabs (forecast - actual);
      persistent += fabs (g_array_index (depths, double, i) - actual);
    }
  return persistent > 0 ? 1 - error / persistent : NAN;
}

static int
compare (gconstpointer a, gconstpointer b)
{
  return *(const int *) a - *(const int *) b;
}

static void
report (const Log *log, guint workers, guint queue, double load)
{
  g_autoptr (GArray) leads = g_array_new (FALSE, FALSE, sizeof (int));
  guint false_alarms = 0, early = 0, n;

  for (guint i = 0; i < log->episodes->len; i++)
    for (guint j = log->warnings->len; j-- > 0;)
      {
        const Span *episode = &g_array_index (log->episodes, Span, i),
                   *warning = &g_array_index (log->warnings, Span, j);
        int lead_s = (int) episode->from_s - (int) warning->from_s;

        if (lead_s <= 0 || episode->from_s > warning->until_s + VALID_S)
          continue;
        g_array_append_val (leads, lead_s);
        early += lead_s >= 30;
        break;
      }
  for (guint j = 0; j < log->warnings->len; j++)
    {
      const Span *warning = &g_array_index (log->warnings, Span, j);
      gboolean right = FALSE;

      for (guint i = 0; i < log->episodes->len; i++)
        {
          const Span *episode = &g_array_index (log->episodes, Span, i);

          right |= episode->until_s >= warning->from_s && episode->from_s <= warning->until_s + VALID_S;
        }
      false_alarms += !right;
    }
  g_array_sort (leads, compare);
  printf ("%7u %5u %5.2f %8u %5u %6u %7u %6d %6d %12u", workers, queue, load, log->episodes->len, leads->len,
          log->episodes->len - leads->len, early,
          leads->len > 0 ? g_array_index (leads, int, leads->len / 2) : 0,
          leads->len > 0 ? g_array_index (leads, int, leads->len - 1) : 0, false_alarms);
  for (guint i = 0; i < WP_N_HORIZONS; i++)
    {
      printf (" %6.2f", skill (log->forecasts[i], log->depths, wp_horizons_s[i], &n));
      printf (" %6.2f", skill (log->shown[i], log->depths, wp_horizons_s[i], &n));
      printf (" %4.0f%%", 100.0 * n / MAX (log->depths->len, 1));
    }
  printf ("\n");
}

static void
simulate (const WpRow *rows, gsize n_rows, guint workers, guint queue)
{
  Log log = { g_array_new (FALSE, FALSE, sizeof (Span)), g_array_new (FALSE, FALSE, sizeof (Span)),
              g_array_new (FALSE, FALSE, sizeof (double)) };
  double work_s = 0, span_s = (double) rows[n_rows - 1].arrival_ns / 1e9;
  ForecastRun run;

  for (guint i = 0; i < WP_N_HORIZONS; i++)
    {
      log.forecasts[i] = g_array_new (FALSE, FALSE, sizeof (double));
      log.shown[i] = g_array_new (FALSE, FALSE, sizeof (double));
    }
  forecast_run_init (&run, workers, queue);
  run.simulates = TRUE;
  for (gsize i = 0; i < n_rows; i++)
    {
      forecast_run_add (&run, rows[i].arrival_ns, rows[i].service_ns);
      work_s += (double) rows[i].service_ns / 1e9;
    }
  for (guint now_s = 1; now_s <= span_s; now_s++)
    observe (&log, &run, now_s);
  report (&log, workers, queue, work_s / span_s / workers);
  forecast_run_clear (&run);
  g_array_unref (log.warnings);
  g_array_unref (log.episodes);
  g_array_unref (log.depths);
  for (guint i = 0; i < WP_N_HORIZONS; i++)
    {
      g_array_unref (log.forecasts[i]);
      g_array_unref (log.shown[i]);
    }
}

int
main (int argc, char **argv)
{
  static const guint workers[] = { 1, 2, 3, 4, 6, 8 }, queues[] = { 10, 50, 200 };
  WpTraceOptions options = { .scale = argc > 2 ? g_ascii_strtod (argv[2], NULL) : 1,
                             .service_scale = argc > 3 ? g_ascii_strtod (argv[3], NULL) : 1 };
  g_autoptr (GError) error = NULL;
  g_autoptr (WpTrace) trace = argc > 1 ? wp_trace_open (argv[1], &options, &error) : NULL;
  gsize n_rows = 0;
  const WpRow *rows = trace ? wp_trace_load (trace, &n_rows, &error) : NULL;

  if (!rows)
    {
      fprintf (stderr, "%s\n",
               error ? error->message : "usage: bench-forecast TRACE [SCALE [SERVICE_SCALE]]");
      return 2;
    }
  printf (
      "workers queue  load episodes  hits misses leads>30 median    max false alarms  skill10 shown share  "
      "skill60 shown share\n");
  for (guint i = 0; i < G_N_ELEMENTS (workers); i++)
    for (guint j = 0; j < G_N_ELEMENTS (queues); j++)
      simulate (rows, n_rows, workers[i], queues[j]);

  return 0;
}
