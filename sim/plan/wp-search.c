#include "sim/plan/wp-search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/plan/wp-lanes.h"

#define SCAN_ROWS (G_GUINT64_CONSTANT (1) << 27)   /* simulated one size after another, before bisection takes over: a second or two */
#define SCAN_PASSES 8                              /* ... or that many times the trace */
#define SCAN_QUEUES 4096                           /* from one line, or that many passes */
#define SAMPLE_ROWS (1 << 20)                      /* a longer trace has its first part searched for a guess */
#define SAMPLE_PART 16
#define UNLIMITED (G_MAXUINT - 1)

typedef enum { ALL, RISING_WITH_WORKERS, RISING_WITH_QUEUE } Which;

/* What is known of a number of workers. */
typedef struct {
  WpLine *line;             /* NULL: it fails with a queue of that size or a smaller one */
  guint lost_queue;
  const WpSlo *lost_slo;
} Known;

struct _WpSearch {
  WpSearchSetup setup;
  double scale;
  guint64 rows;             /* of the tape */
  guint64 limit;
  gboolean by_lines;        /* one pass answers every queue */
  gboolean no_blocking;     /* because nobody is to be blocked */
  gboolean quick;           /* no objective asks for more than a partial line has */
  gboolean watches;         /* an objective asks for blocked times, which a line knows of chosen queues only */
  guint parts;
  guint ample_workers;      /* so many are never all busy; G_MAXUINT: not known */
  GHashTable *lines;        /* workers to Known */
  GHashTable *points;       /* workers and queue to WpFigures; NULL: lost */
  guint64 spent_rows;
  double load;              /* NaN: not known */
  gint64 found_workers;     /* the last answer, and its queue; 0: none yet */
  guint found_queue;
  WpSearch *sample;         /* the first part of a long trace; NULL: not yet */
  gboolean assumed;
  GError *error;
};

static void
known_free (gpointer data)
{
  Known *self = data;

  g_clear_pointer (&self->line, wp_line_free);
  g_free (self);
}

static gboolean
asks_for (const GPtrArray *slos, const char *prefix)
{
  for (guint i = 0; i < slos->len; i++)
    if (g_str_has_prefix (((const WpSlo *) g_ptr_array_index (slos, i))->metric->name, prefix))
      return TRUE;

  return FALSE;
}

static gboolean
forbids (const GPtrArray *slos, const char *metric)
{
  for (guint i = 0; i < slos->len; i++)
    {
      const WpSlo *slo = g_ptr_array_index (slos, i);

      if (g_str_equal (slo->metric->name, metric) && slo->bound == 0 && (slo->op == WP_SLO_EQUAL || slo->op == WP_SLO_AT_MOST))
        return TRUE;
    }

  return FALSE;
}

/* Waiting, but for its mean, and that nobody is blocked. */
static gboolean
is_quick (const GPtrArray *slos)
{
  static const char *const known[] = { "requests", "accepted", "rejected", "timed_out", "abandoned", "wait.p50", "wait.p90", "wait.p99", "wait.p999",
                                       "wait.max", "blocked_peak", NULL };

  for (guint i = 0; i < slos->len; i++)
    {
      const WpSlo *slo = g_ptr_array_index (slos, i);
      gboolean nobody = g_str_equal (slo->metric->name, "blocked") && slo->bound == 0 && (slo->op == WP_SLO_EQUAL || slo->op == WP_SLO_AT_MOST);

      if (!nobody && !g_strv_contains (known, slo->metric->name))
        return FALSE;
    }

  return TRUE;
}

static guint64
point_key (guint workers, guint queue_jobs)
{
  return (guint64) workers << 32 | queue_jobs;
}

WpSearch *
wp_search_new (const WpSearchSetup *setup, double scale, guint64 limit)
{
  WpSearch *self = g_new0 (WpSearch, 1);
  WpLayout layout;
  gboolean patient;

  self->setup = *setup;
  self->scale = scale;
  self->rows = wp_tape_length (setup->tape);
  self->limit = limit > 0 ? MIN (limit, self->rows) : self->rows;
  wp_policy_layout (&setup->policy, &layout);
  patient = !layout.rejects && layout.block_timeout_ns == WP_TIME_NONE && setup->patience_ns == WP_TIME_NONE;
  self->no_blocking = !patient && forbids (setup->slos, layout.rejects ? "rejected" : "blocked");   /* who is rejected was not blocked */
  self->by_lines = patient || self->no_blocking;
  self->watches = self->by_lines && !self->no_blocking && (asks_for (setup->slos, "blocked_time.") || asks_for (setup->slos, "accept_latency."));
  if (asks_for (setup->slos, "response."))
    self->parts |= WP_LINE_RESPONSE;
  if (asks_for (setup->slos, "depth.") || asks_for (setup->slos, "time_full") || asks_for (setup->slos, "first_full"))
    self->parts |= WP_LINE_TIME;
  self->quick = self->by_lines && is_quick (setup->slos);
  self->ample_workers = G_MAXUINT;
  self->load = NAN;
  self->lines = g_hash_table_new_full (g_direct_hash, g_direct_equal, NULL, known_free);
  self->points = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);

  return self;
}

void
wp_search_free (WpSearch *self)
{
  g_clear_pointer (&self->sample, wp_search_free);
  g_hash_table_unref (self->lines);
  g_hash_table_unref (self->points);
  g_clear_error (&self->error);
  g_free (self);
}

gboolean
wp_search_assumed (const WpSearch *self)
{
  return self->assumed;
}

gboolean
wp_search_check (WpSearch *self, GError **error)
{
  if (!self->error)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&self->error));

  return FALSE;
}

static void
set_up_trial (const WpSearch *self, WpTrial *trial, guint workers, guint queue_jobs)
{
  *trial = (WpTrial) {
    .policy = self->setup.policy, .patience_ns = self->setup.patience_ns, .scale = self->scale, .limit = self->limit,
    .as_line = self->by_lines, .quick = self->quick, .parts = self->parts, .slos = self->setup.slos
  };
  trial->policy.workers = workers;
  trial->policy.queue_jobs = queue_jobs;
}

static gboolean
run_trials (WpSearch *self, WpTrial *trials, guint n)
{
  if (self->error || !wp_trials_run (self->setup.tape, trials, n, self->setup.threads, NULL, NULL, &self->error))
    return FALSE;
  self->spent_rows += n * self->limit;

  return TRUE;
}

static Known *
find_known (const WpSearch *self, guint workers)
{
  return g_hash_table_lookup (self->lines, GUINT_TO_POINTER (MIN (workers, self->ample_workers)));
}

static gboolean
knows_line (const WpSearch *self, guint workers, guint queue_jobs)
{
  const Known *known = find_known (self, workers);

  return known && (known->line || queue_jobs <= known->lost_queue);
}

static void
remember_line (WpSearch *self, WpTrial *trial)
{
  Known *known = g_new0 (Known, 1);
  guint workers = trial->policy.workers;

  known->lost_queue = trial->policy.queue_jobs;
  known->lost_slo = trial->lost_slo;
  if (!trial->lost)
    {
      known->line = g_steal_pointer (&trial->line);
      if (!wp_line_fills (known->line, 0))
        {
          workers = MIN (workers, wp_line_busiest (known->line) + 1);   /* which makes no difference to the line */
          self->ample_workers = MIN (self->ample_workers, workers);
        }
    }
  g_hash_table_replace (self->lines, GUINT_TO_POINTER (workers), known);
}

/* Lines of those numbers of workers, all at once; given up where a queue of that size can't do, unless @in_full. */
static void
find_lines (WpSearch *self, const guint *workers, guint n, guint queue_jobs, gboolean in_full)
{
  g_autofree WpTrial *trials = g_new (WpTrial, n);
  guint n_trials = 0;

  for (guint i = 0; i < n; i++)
    {
      const Known *known = find_known (self, workers[i]);

      if (workers[i] == 0 || (in_full ? known && known->line : knows_line (self, workers[i], queue_jobs)))
        continue;
      set_up_trial (self, &trials[n_trials], workers[i], queue_jobs);
      if (in_full)
        trials[n_trials].slos = NULL;
      n_trials++;
    }
  if (n_trials > 0 && run_trials (self, trials, n_trials))
    for (guint i = 0; i < n_trials; i++)
      remember_line (self, &trials[i]);
  for (guint i = 0; i < n_trials; i++)
    wp_trial_clear (&trials[i]);
}

/* NULL: it is lost. */
static const WpLine *
find_line (WpSearch *self, guint workers, guint queue_jobs, gboolean in_full)
{
  const Known *known;

  find_lines (self, &workers, 1, queue_jobs, in_full);
  known = find_known (self, workers);

  return known ? known->line : NULL;
}

/* In place of one that does not know how many a queue of that size blocks. */
static const WpLine *
find_whole_line (WpSearch *self, guint workers, guint queue_jobs)
{
  Known *known = find_known (self, workers);
  WpTrial trial;

  set_up_trial (self, &trial, workers, queue_jobs);
  trial.quick = FALSE;
  trial.slos = NULL;
  if (run_trials (self, &trial, 1))
    {
      wp_line_free (known->line);
      known->line = g_steal_pointer (&trial.line);
    }
  wp_trial_clear (&trial);

  return self->error ? NULL : known->line;
}

static void
remember_point (WpSearch *self, guint workers, guint queue_jobs, const WpFigures *figures)
{
  guint64 *key = g_new (guint64, 1);

  *key = point_key (workers, queue_jobs);
  g_hash_table_replace (self->points, key, figures ? g_memdup2 (figures, sizeof *figures) : NULL);
}

static gboolean
find_point (const WpSearch *self, guint workers, guint queue_jobs, const WpFigures **figures)
{
  guint64 key = point_key (workers, queue_jobs);

  return g_hash_table_lookup_extended (self->points, &key, NULL, (gpointer *) figures);
}

/* By a line that watches the blocked times of these queues. */
static void
simulate_watched (WpSearch *self, guint workers, const guint *queues, guint n_queues)
{
  WpFigures figures;
  WpTrial trial;

  set_up_trial (self, &trial, workers, UNLIMITED);
  trial.quick = FALSE;
  trial.queues = queues;
  trial.n_queues = n_queues;
  trial.slos = NULL;
  if (run_trials (self, &trial, 1))
    for (guint i = 0; i < n_queues; i++)
      {
        wp_line_figures (trial.line, queues[i], &figures);
        remember_point (self, workers, queues[i], &figures);
      }
  wp_trial_clear (&trial);
}

/* Systems that turn requests away, all at once. */
static void
simulate_points (WpSearch *self, const guint *workers, const guint *queues, guint n, gboolean in_full)
{
  g_autofree WpTrial *trials = g_new (WpTrial, n);
  guint n_trials = 0;

  for (guint i = 0; i < n; i++)
    {
      const WpFigures *known = NULL;

      if (find_point (self, workers[i], queues[i], &known) && (known || !in_full))
        continue;
      set_up_trial (self, &trials[n_trials], workers[i], queues[i]);
      trials[n_trials].as_line = trials[n_trials].quick = FALSE;
      if (in_full)
        trials[n_trials].slos = NULL;
      n_trials++;
    }
  if (n_trials > 0 && run_trials (self, trials, n_trials))
    for (guint i = 0; i < n_trials; i++)
      remember_point (self, trials[i].policy.workers, trials[i].policy.queue_jobs, trials[i].lost ? NULL : &trials[i].figures);
}

/* What more workers than are ever busy change. */
static void
spread_over (WpFigures *figures, guint workers)
{
  figures->utilisation = figures->busy_mean / workers;
}

/* FALSE: lost, or an error. */
static gboolean
look_up (WpSearch *self, guint workers, guint queue_jobs, gboolean in_full, WpFigures *figures)
{
  guint simulated = MIN (workers, self->ample_workers);
  const WpFigures *known = NULL;

  if (self->by_lines && !self->watches)
    {
      const WpLine *line = find_line (self, simulated, queue_jobs, in_full);

      if (!line)
        return FALSE;
      if (in_full && !wp_line_knows (line, queue_jobs))
        line = find_whole_line (self, simulated, queue_jobs);
      if (!line)
        return FALSE;
      wp_line_figures (line, queue_jobs, figures);
    }
  else
    {
      if (self->watches && !find_point (self, simulated, queue_jobs, &known))
        simulate_watched (self, simulated, &queue_jobs, 1);
      else if (!self->watches)
        simulate_points (self, &simulated, &queue_jobs, 1, in_full);
      if (!find_point (self, simulated, queue_jobs, &known) || !known)
        return FALSE;
      *figures = *known;
      if (figures->busy_max < (gint64) simulated)
        self->ample_workers = MIN (simulated, self->ample_workers);
    }
  spread_over (figures, workers);

  return TRUE;
}

static gboolean
counts (const WpSlo *slo, Which which)
{
  return which == ALL || (which == RISING_WITH_WORKERS ? wp_slo_trend_in_workers (slo) : wp_slo_trend_in_queue (slo)) != WP_TREND_WORSE;
}

static gboolean
meets (WpSearch *self, guint workers, guint queue_jobs, Which which)
{
  WpFigures figures;

  if (self->error || !look_up (self, workers, queue_jobs, FALSE, &figures))
    return FALSE;
  for (guint i = 0; i < self->setup.slos->len; i++)
    {
      const WpSlo *slo = g_ptr_array_index (self->setup.slos, i);

      if (counts (slo, which) && !wp_slo_is_met (slo, &figures))
        return FALSE;
    }

  return !self->no_blocking || figures.blocked == 0;
}

const WpSlo *
wp_search_failure (WpSearch *self, guint workers, guint queue_jobs)
{
  const Known *known;
  WpFigures figures;

  if (meets (self, workers, queue_jobs, ALL) || self->error)
    return NULL;
  known = find_known (self, workers);
  if (known && known->lost_slo)
    return known->lost_slo;
  wp_search_figures (self, workers, queue_jobs, &figures);

  return wp_slos_first_failure (self->setup.slos, &figures);
}

guint
wp_search_ample (const WpSearch *self)
{
  return self->ample_workers;
}

gboolean
wp_search_is_quick (const WpSearch *self)
{
  return self->quick && self->limit > SAMPLE_ROWS;
}

static int
compare_trials (gconstpointer a, gconstpointer b)
{
  guint one = ((const WpTrial *) a)->policy.workers, other = ((const WpTrial *) b)->policy.workers;

  return (one > other) - (one < other);
}

void
wp_search_prepare (WpSearch *self, const guint *workers, guint n, guint queue_jobs)
{
  g_autofree WpTrial *trials = g_new (WpTrial, n);
  guint n_trials = 0;

  for (guint i = 0; i < n; i++)
    {
      gboolean known = workers[i] == 0 || workers[i] > self->ample_workers || knows_line (self, workers[i], UNLIMITED);

      for (guint j = 0; j < n_trials; j++)
        known |= trials[j].policy.workers == workers[i];
      if (known || (i == n - 1 && n_trials > 0 && n_trials % WP_LANES == 0))   /* it may not be needed, and would be alone */
        continue;
      set_up_trial (self, &trials[n_trials], workers[i], UNLIMITED);
      trials[n_trials].watched = queue_jobs;
      trials[n_trials].slos = NULL;
      n_trials++;
    }
  qsort (trials, n_trials, sizeof *trials, compare_trials);   /* side by side they take as long as the one with the most */
  if (n_trials > 0 && run_trials (self, trials, n_trials))
    for (guint i = 0; i < n_trials; i++)
      remember_line (self, &trials[i]);
  for (guint i = 0; i < n_trials; i++)
    wp_trial_clear (&trials[i]);
}

gboolean
wp_search_fills (WpSearch *self, guint workers, guint queue_jobs)
{
  const Known *known;
  WpTrial trial;
  gboolean fills;

  if (workers >= self->ample_workers)
    return FALSE;
  known = find_known (self, workers);
  if (known && known->line)
    return wp_line_fills (known->line, queue_jobs);
  set_up_trial (self, &trial, workers, queue_jobs);
  trial.as_line = TRUE;
  trial.slos = NULL;
  trial.until_full = TRUE;
  fills = run_trials (self, &trial, 1) && trial.lost;
  if (!self->error && !fills && self->by_lines && !self->watches)
    remember_line (self, &trial);
  wp_trial_clear (&trial);

  return fills;
}

void
wp_search_figures (WpSearch *self, guint workers, guint queue_jobs, WpFigures *figures)
{
  const WpFigures *known = NULL;

  wp_figures_init (figures);
  if (!look_up (self, workers, queue_jobs, TRUE, figures))
    return;
  if (!self->no_blocking || figures->blocked == 0)
    return;
  simulate_points (self, &workers, &queue_jobs, 1, TRUE);   /* somebody is turned away */
  if (find_point (self, workers, queue_jobs, &known) && known)
    *figures = *known;
}

double
wp_search_load (WpSearch *self)
{
  g_autoptr(WpTapeReader) reader = wp_tape_reader_new (self->setup.tape, 1.0, self->limit);
  const gint64 *arrivals_ns, *services_ns;
  gint64 first_ns = WP_TIME_NONE, last_ns = 0;
  double service_ns = 0;
  gssize n;

  if (!isnan (self->load) || self->error)
    return self->load;
  while ((n = wp_tape_reader_next (reader, &arrivals_ns, &services_ns, &self->error)) > 0)
    {
      first_ns = first_ns == WP_TIME_NONE ? arrivals_ns[0] : first_ns;
      last_ns = arrivals_ns[n - 1];
      for (gssize i = 0; i < n; i++)
        service_ns += (double) services_ns[i];
    }
  self->load = last_ns > first_ns ? service_ns / (double) (last_ns - first_ns) * self->scale : (double) self->limit;

  return self->load;
}

static gboolean
is_monotone (const WpSearch *self, WpTrend (*trend) (const WpSlo *))
{
  for (guint i = 0; i < self->setup.slos->len; i++)
    if (trend (g_ptr_array_index (self->setup.slos, i)) == WP_TREND_UNKNOWN)
      return FALSE;

  return self->by_lines;
}

static gboolean
is_ample (const WpSearch *self, gint64 workers)
{
  return workers >= self->ample_workers;
}

static gboolean
is_long (const WpSearch *self)
{
  return self->limit > SAMPLE_ROWS;
}

guint
wp_search_guess (WpSearch *self, guint queue_jobs)
{
  double load = wp_search_load (self);
  gint64 found = WP_SEARCH_NONE;

  if (is_long (self) && !self->sample)
    self->sample = wp_search_new (&self->setup, self->scale, self->limit / SAMPLE_PART);
  if (self->sample)
    found = wp_search_workers (self->sample, queue_jobs);

  return found > 0 ? (guint) found : (guint) CLAMP (ceil (load), 1, 1e9);
}

static void
look_ahead (WpSearch *self, guint one, guint two, guint queue_jobs, gboolean in_full)
{
  guint workers[] = { MIN (one, self->ample_workers), MIN (two, self->ample_workers) };

  if (self->by_lines && !self->watches && self->setup.threads > 1)
    find_lines (self, workers, workers[0] == workers[1] ? 1 : 2, queue_jobs, in_full);
}

static gint64
bisect_workers (WpSearch *self, gint64 fails, gint64 does, guint queue_jobs)
{
  while (does - fails > 1 && !self->error)
    {
      gint64 middle = fails + (does - fails) / 2;

      look_ahead (self, (guint) middle, (guint) (fails + (does - fails) * 3 / 4), queue_jobs, FALSE);
      *(meets (self, (guint) middle, queue_jobs, RISING_WITH_WORKERS) ? &does : &fails) = middle;
    }

  return does;
}

/* With no limit to the workers nobody waits: one more than were then busy is ample. */
static void
find_ample (WpSearch *self)
{
  WpTrial trial;

  if (self->ample_workers < G_MAXUINT)
    return;
  set_up_trial (self, &trial, G_MAXUINT - 1, UNLIMITED);
  trial.as_line = TRUE;
  trial.quick = FALSE;
  trial.slos = NULL;
  if (run_trials (self, &trial, 1))
    {
      remember_line (self, &trial);
    }
  wp_trial_clear (&trial);
}

/* From @from on, where @from - 1 fails. */
static gint64
gallop_up (WpSearch *self, gint64 from, guint queue_jobs)
{
  gint64 fails = from - 1;

  for (gint64 step = 1, probe = from; !self->error; probe = MIN (probe + step, G_MAXUINT - 2), step *= 2)
    {
      if (meets (self, (guint) probe, queue_jobs, RISING_WITH_WORKERS))
        return bisect_workers (self, fails, probe, queue_jobs);
      if (is_ample (self, probe) || probe >= G_MAXUINT - 2)
        return WP_SEARCH_NONE;
      fails = probe;
      if (step >= 8)
        find_ample (self);
    }

  return WP_SEARCH_NONE;
}

static gint64
gallop_down (WpSearch *self, gint64 does, guint queue_jobs)
{
  for (gint64 step = 1; does > 1 && !self->error; step *= 2)
    {
      gint64 probe = MAX (1, does - step);

      if (!meets (self, (guint) probe, queue_jobs, RISING_WITH_WORKERS))
        return bisect_workers (self, probe, does, queue_jobs);
      does = probe;
    }

  return does;
}

static gint64
search_workers (WpSearch *self, gint64 from, guint queue_jobs)
{
  guint guess = self->found_workers > 0 && queue_jobs >= self->found_queue ? (guint) self->found_workers : wp_search_guess (self, queue_jobs);
  gint64 found;

  guess = (guint) MAX (guess, from);
  if (guess > from)
    look_ahead (self, guess - 1, guess, queue_jobs, is_long (self));   /* of a good guess both are wanted in full */
  if (guess > from && meets (self, guess - 1, queue_jobs, RISING_WITH_WORKERS))
    found = gallop_down (self, guess - 1, queue_jobs);
  else
    found = gallop_up (self, guess, queue_jobs);

  if (found <= 0 || self->error || !meets (self, (guint) found, queue_jobs, ALL))
    return WP_SEARCH_NONE;
  self->found_workers = found;
  self->found_queue = queue_jobs;

  return found;
}

static void
simulate_ahead (WpSearch *self, gint64 from, guint queue_jobs)
{
  g_autofree guint *workers = g_new (guint, self->setup.threads);
  g_autofree guint *queues = g_new (guint, self->setup.threads);

  for (guint i = 0; i < self->setup.threads; i++)
    {
      workers[i] = (guint) MIN (from + i, self->ample_workers);
      queues[i] = queue_jobs;
    }
  if (self->by_lines && !self->watches)
    find_lines (self, workers, self->setup.threads, queue_jobs, FALSE);
  else if (!self->by_lines)
    simulate_points (self, workers, queues, self->setup.threads, FALSE);
}

static guint64
scan_until (const WpSearch *self)
{
  return self->spent_rows + MAX (SCAN_ROWS, SCAN_PASSES * self->limit);
}

/* With more workers than were ever needed only their utilisation falls. */
static gint64
scan_ample (WpSearch *self, gint64 from, guint queue_jobs)
{
  WpFigures figures;
  gint64 until = from + 1;

  if (!look_up (self, (guint) from, queue_jobs, FALSE, &figures))
    return WP_SEARCH_NONE;
  for (guint i = 0; i < self->setup.slos->len; i++)
    {
      const WpSlo *slo = g_ptr_array_index (self->setup.slos, i);

      if (g_str_equal (slo->metric->name, "utilisation") && slo->bound > 0 && !isnan (figures.busy_mean))
        until = MAX (until, (gint64) MIN (figures.busy_mean / slo->bound + 2, 1e9));
    }
  for (gint64 workers = from; workers <= until; workers++)
    {
      spread_over (&figures, (guint) workers);
      if (!wp_slos_first_failure (self->setup.slos, &figures))
        return workers;
    }

  return WP_SEARCH_NONE;
}

static gint64
scan_workers (WpSearch *self, guint queue_jobs)
{
  guint64 until = scan_until (self);
  gint64 workers;

  find_ample (self);
  for (workers = 1; self->spent_rows <= until && !self->error && !is_ample (self, workers); workers++)
    {
      if ((workers - 1) % self->setup.threads == 0)
        simulate_ahead (self, workers, queue_jobs);
      if (meets (self, (guint) workers, queue_jobs, ALL))
        return workers;
    }
  if (self->error)
    return WP_SEARCH_NONE;
  if (is_ample (self, workers))
    return scan_ample (self, workers, queue_jobs);
  self->assumed = TRUE;

  return search_workers (self, workers, queue_jobs);
}

gint64
wp_search_workers (WpSearch *self, guint queue_jobs)
{
  return is_monotone (self, wp_slo_trend_in_workers) ? search_workers (self, 1, queue_jobs) : scan_workers (self, queue_jobs);
}

static gint64
bisect_queue (WpSearch *self, guint workers, gint64 fails, gint64 does)
{
  while (does - fails > 1 && !self->error)
    {
      gint64 middle = fails + (does - fails) / 2;

      *(meets (self, workers, (guint) middle, RISING_WITH_QUEUE) ? &does : &fails) = middle;
    }

  return self->error || !meets (self, workers, (guint) does, ALL) ? WP_SEARCH_NONE : does;
}

static void
watch_ahead (WpSearch *self, guint workers, gint64 from, gint64 until)
{
  guint queues[32], n = 0;

  while (n < G_N_ELEMENTS (queues) && from + n <= until)
    {
      queues[n] = (guint) (from + n);
      n++;
    }
  simulate_watched (self, MIN (workers, self->ample_workers), queues, n);
}

/* A queue of @ample_jobs is as good as any larger one. */
static gint64
scan_queue (WpSearch *self, guint workers, gint64 ample_jobs)
{
  guint64 until = scan_until (self);
  gint64 queue_jobs;

  for (queue_jobs = 0; queue_jobs <= ample_jobs && queue_jobs < SCAN_QUEUES && self->spent_rows <= until && !self->error; queue_jobs++)
    {
      if (self->watches && queue_jobs % 32 == 0)
        watch_ahead (self, workers, queue_jobs, ample_jobs);
      if (meets (self, workers, (guint) queue_jobs, ALL))
        return queue_jobs;
    }
  if (queue_jobs > ample_jobs || self->error)
    return WP_SEARCH_NONE;
  self->assumed = TRUE;

  return meets (self, workers, (guint) ample_jobs, ALL) ? bisect_queue (self, workers, queue_jobs - 1, ample_jobs) : WP_SEARCH_NONE;
}

/* The longest line that these workers ever have before them, were nobody turned away; -1 if even a queue for all of it does not do. */
static gint64
find_longest (WpSearch *self, guint workers)
{
  gint64 longest = -1;
  WpTrial trial;

  if (self->by_lines)
    {
      const WpLine *line = find_line (self, MIN (workers, self->ample_workers), UNLIMITED, FALSE);

      return line ? (gint64) wp_line_longest (line) : -1;
    }
  set_up_trial (self, &trial, workers, UNLIMITED);
  trial.as_line = TRUE;
  trial.quick = FALSE;
  trial.slos = NULL;
  if (run_trials (self, &trial, 1))
    longest = (gint64) wp_line_longest (trial.line);
  wp_trial_clear (&trial);

  return longest;
}

gint64
wp_search_queue (WpSearch *self, guint workers)
{
  gint64 ample_jobs = find_longest (self, workers) + 1;   /* it is never full, then */

  if (ample_jobs == 0 || self->error)
    return WP_SEARCH_NONE;
  if (!is_monotone (self, wp_slo_trend_in_queue))
    return scan_queue (self, workers, ample_jobs);
  if (!meets (self, workers, (guint) ample_jobs, RISING_WITH_QUEUE))
    return WP_SEARCH_NONE;

  return bisect_queue (self, workers, -1, ample_jobs);
}
