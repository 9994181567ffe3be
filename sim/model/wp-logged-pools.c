#include "sim/model/wp-logged-pools.h"

#include <math.h>
#include <stdlib.h>

#include "sim/model/wp-logged-sample.h"
#include "sim/model/wp-server-times.h"
#include "sim/stats/wp-random.h"

#define RANDOM_STREAM 78
#define LEARNT        4  /* logs of two pools */
#define TRIED         2  /* logs of each, whose mean is taken */
#define PRIOR_ROWS    30 /* of a cell, with uniform ranks */
#define LEAST_APART   50 /* nats, one pool from two */
#define N_CELLS       (2 * G_N_ELEMENTS (busy))
#define N_RANKS       (G_N_ELEMENTS (rank_edges) - 1)

/* Cells: up to so many more in the system than workers, in roots of their number. Longer queues are left out:
 * how far the pools' backlogs are apart then is chance. */
static const double busy[] = { -2.5, -1.8, -1.3, -0.9, -0.5, -0.2, 0.5, 1.5, 4 };

/* Finer for the shortest services, which show most. */
static const double rank_edges[] = { 0, 0.003, 0.01, 0.02, 0.04, 0.08, 0.14, 0.22, 0.35, 0.5, 0.7, 0.88, 1 };

typedef struct {
  gint64 arrival, departure;
} Row;

/* Of each cell: rows by rank; then the logarithm of the likelihood of each, over that of one pool. */
typedef double Ranks[2 * G_N_ELEMENTS (busy)][G_N_ELEMENTS (rank_edges) - 1];

static int
compare_rows (const void *a, const void *b)
{
  const Row *left = a, *right = b;

  if (left->arrival != right->arrival)
    return left->arrival < right->arrival ? -1 : 1;

  return (left->departure > right->departure) - (left->departure < right->departure);
}

/* The services of @log in another order. */
static gint64 *
shuffle (const WpLoggedWindow *log, WpRandom *random)
{
  gint64 *services = g_memdup2 (log->services, log->n * sizeof *services);

  for (guint i = log->n; i > 1; i--)
    {
      guint other = (guint) wp_random_below (random, i);
      gint64 service = services[other];

      services[other] = services[i - 1];
      services[i - 1] = service;
    }

  return services;
}

/* Rows as a log has them, of requests that go to one of the pools, by chance. */
static Row *
serve (const WpLoggedWindow *log, guint workers, guint n_pools, WpRandom *random)
{
  g_autofree gint64 *services = shuffle (log, random);
  Row *rows = g_new (Row, log->n);
  WpServerTimes pools[2];

  wp_server_times_init (&pools[0], n_pools == 1 ? workers : workers / 2);
  wp_server_times_init (&pools[1], workers - workers / 2);
  for (guint i = 0; i < log->n; i++)
    {
      WpServerTimes *pool = &pools[n_pools > 1 && wp_random_below (random, workers) >= workers / 2];
      gint64 start = wp_server_times_next (pool, log->arrivals[i]);

      rows[i] = (Row){ log->arrivals[i], start + MAX (services[i], 0) };
      wp_server_times_take (pool, start, rows[i].departure);
    }
  wp_server_times_clear (&pools[0]);
  wp_server_times_clear (&pools[1]);
  qsort (rows, log->n, sizeof *rows, compare_rows);

  return rows;
}

static void
draw_window (WpLoggedWindow *self, const WpLoggedWindow *log, guint workers, guint n_pools, WpRandom *random)
{
  g_autofree Row *rows = serve (log, workers, n_pools, random);

  *self = (WpLoggedWindow){ .n = log->n,
                            .first = log->first,
                            .end = log->end,
                            .arrivals = g_new (gint64, log->n),
                            .departures = g_new (gint64, log->n),
                            .dither = g_memdup2 (log->dither, log->n * sizeof *log->dither),
                            .services = g_new (gint64, log->n),
                            .waited = g_new (guint8, log->n) };
  for (guint i = 0; i < log->n; i++)
    {
      self->arrivals[i] = rows[i].arrival;
      self->departures[i] = rows[i].departure;
    }
  wp_logged_window_count (self);
  wp_logged_window_recover (self, workers);
}

static void
draw (const WpLoggedSearch *log, guint workers, guint n_pools, WpRandom *random, WpLoggedSample *sample)
{
  g_auto (WpLoggedSearch) drawn = { .n_windows = log->n_windows };

  for (guint i = 0; i < log->n_windows; i++)
    draw_window (&drawn.windows[i], &log->windows[i], workers, n_pools, random);
  wp_logged_sample_init (sample, &drawn, TRUE, 1);
}

/* N_CELLS: none */
static guint
cell_of (const WpLoggedSample *sample, guint row, guint workers)
{
  double more = ((double) sample->in_system[row] - workers) / sqrt (workers);
  guint at = 0;

  if (sample->waited[row] == WP_LOGGED_WAITED_SOME)
    return N_CELLS;
  while (at < G_N_ELEMENTS (busy) && more > busy[at])
    at++;
  if (at == G_N_ELEMENTS (busy))
    return N_CELLS;

  return 2 * at + (sample->waited[row] == WP_LOGGED_WAITED);
}

static guint
rank_of (double rank)
{
  guint at = 0;

  while (at + 1 < N_RANKS && rank > rank_edges[at + 1])
    at++;

  return at;
}

static void
count (Ranks ranks, const WpLoggedSample *sample, guint workers)
{
  for (guint i = 0; i < sample->n; i++)
    {
      guint cell = cell_of (sample, i, workers);

      if (cell < N_CELLS)
        ranks[cell][rank_of (sample->ranks[i])]++;
    }
}

static void
learn (const WpLoggedSearch *self, guint workers, WpRandom *random, Ranks ranks)
{
  for (guint i = 0; i < LEARNT; i++)
    {
      g_auto (WpLoggedSample) sample = { 0 };

      draw (self, workers, 2, random, &sample);
      count (ranks, &sample, workers);
    }
  for (guint cell = 0; cell < N_CELLS; cell++)
    {
      double rows = PRIOR_ROWS;

      for (guint rank = 0; rank < N_RANKS; rank++)
        rows += ranks[cell][rank];
      for (guint rank = 0; rank < N_RANKS; rank++)
        {
          double width = rank_edges[rank + 1] - rank_edges[rank];

          ranks[cell][rank] = log ((ranks[cell][rank] + PRIOR_ROWS * width) / (rows * width));
        }
    }
}

/* Of each cell: its rows, and the sum of their logarithms. */
typedef struct {
  double rows[N_CELLS], nats[N_CELLS];
} Sums;

static void
add (const WpLoggedSample *sample, guint workers, Ranks ranks, Sums *sums)
{
  for (guint i = 0; i < sample->n; i++)
    {
      guint cell = cell_of (sample, i, workers);

      if (cell < N_CELLS)
        {
          sums->rows[cell]++;
          sums->nats[cell] += ranks[cell][rank_of (sample->ranks[i])];
        }
    }
}

static void
add_drawn (const WpLoggedSearch *log, guint workers, guint n_pools, WpRandom *random, Ranks ranks, Sums *sums)
{
  for (guint i = 0; i < TRIED; i++)
    {
      g_auto (WpLoggedSample) sample = { 0 };

      draw (log, workers, n_pools, random, &sample);
      add (&sample, workers, ranks, sums);
    }
}

/* How far the log is on the way from one pool to two. What is drawn has as many rows in each cell as the log:
 * by chance its queues may be longer or shorter. */
static double
likeness (const Sums *log, const Sums *one, const Sums *two)
{
  double way = 0, gone = 0;

  for (guint cell = 0; cell < N_CELLS; cell++)
    if (log->rows[cell] > 0 && one->rows[cell] > 0 && two->rows[cell] > 0)
      {
        double of_one = log->rows[cell] / one->rows[cell] * one->nats[cell];

        way += log->rows[cell] / two->rows[cell] * two->nats[cell] - of_one;
        gone += log->nats[cell] - of_one;
      }

  return way >= LEAST_APART ? gone / way : INFINITY;
}

double
wp_logged_pools_likeness (WpLoggedSearch *self, guint workers)
{
  g_auto (WpLoggedSample) sample = { 0 };
  Ranks ranks = { { 0 } };
  Sums log = { { 0 } }, one = { { 0 } }, two = { { 0 } };
  WpRandom random;

  wp_random_init (&random, 1, RANDOM_STREAM);
  for (guint i = 0; i < self->n_windows; i++)
    wp_logged_window_recover (&self->windows[i], workers);
  wp_logged_sample_init (&sample, self, TRUE, 1);
  learn (self, workers, &random, ranks);
  add (&sample, workers, ranks, &log);
  add_drawn (self, workers, 1, &random, ranks, &one);
  add_drawn (self, workers, 2, &random, ranks, &two);

  return likeness (&log, &one, &two);
}
