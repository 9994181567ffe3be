#include "tests/unit/drawn-log.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/wp-time.h"
#include "sim/stats/wp-random.h"
#include "tests/unit/drawn-serve.h"

static double
draw_service (DrawnWork *self)
{
  double mean = self->setup->mean_s * WP_NS_PER_S;
  const double sigma = 1, alpha = self->setup->kind == DRAWN_INFINITE_HEAVY ? 1.2 : 2.2;

  switch (self->setup->service)
    {
    case DRAWN_EXPONENTIAL:
      return mean * wp_random_exponential (&self->random);
    case DRAWN_LOGNORMAL:
      return mean * exp (sigma * wp_random_normal (&self->random) - sigma * sigma / 2);
    case DRAWN_HEAVY: /* Pareto */
      return mean * (alpha - 1) / alpha * pow (1 - wp_random_uniform (&self->random), -1 / alpha);
    case DRAWN_CONSTANT:
    case N_DRAWN_SERVICES:
      break;
    }

  return mean;
}

static void
draw_jobs (DrawnWork *self)
{
  double rate = self->setup->load * self->setup->workers / self->setup->mean_s, now = 0;
  gsize phase = MAX (100, self->n / 20);

  for (gsize i = 0; i < self->n; i++)
    {
      double factor = drawn_rate_factor (self, i) * (!self->setup->bursty ? 1 : i / phase % 2 ? 0.5 : 1.5);

      now += wp_random_exponential (&self->random) / (rate * factor);
      self->jobs[i].arrival = (gint64) (now * WP_NS_PER_S);
      self->jobs[i].service = MAX (1, (gint64) draw_service (self));
    }
}

static int
compare_ends (const void *a, const void *b)
{
  const DrawnJob *left = a, *right = b;

  return (left->end > right->end) - (left->end < right->end);
}

static int
compare_arrivals (const void *a, const void *b)
{
  const DrawnJob *left = a, *right = b;

  if (left->arrival != right->arrival)
    return left->arrival < right->arrival ? -1 : 1;

  return compare_ends (a, b);
}

/* Ends of whole seconds, the k-th of n of a second at (k - 1/2) / n, and request times of milliseconds. */
static void
spread (DrawnWork *self)
{
  for (gsize i = 0, n; i < self->n; i += n)
    {
      gint64 second = self->jobs[i].end / WP_NS_PER_S;

      for (n = 1; i + n < self->n && self->jobs[i + n].end / WP_NS_PER_S == second; n++)
        ;
      for (gsize k = 0; k < n; k++)
        {
          DrawnJob *job = &self->jobs[i + k];
          gint64 response = (job->end - job->arrival) / WP_NS_PER_MS * WP_NS_PER_MS;

          job->end = second * WP_NS_PER_S + (gint64) ((2 * k + 1) * WP_NS_PER_S / (2 * n));
          job->arrival = job->end - response;
        }
    }
}

/* As a log has it: by end; then as its reader has it: by arrival, what is equal as it was. */
static void
stamp (DrawnWork *self)
{
  gint64 unit = self->setup->stamp_ns;
  gsize kept = 0, edge = self->setup->is_cut ? self->n / 10 : 0;

  for (gsize i = 0; i < self->n; i++)
    if (self->jobs[i].end >= 0)
      self->jobs[i].end
          += (gint64) (self->setup->transfer_s * WP_NS_PER_S * wp_random_exponential (&self->random));
  qsort (self->jobs, self->n, sizeof (DrawnJob), compare_ends);
  for (gsize i = edge; i < self->n - edge; i++)
    if (self->jobs[i].end >= 0)
      self->jobs[kept++] = self->jobs[i];
  self->n = kept;
  if (unit == WP_NS_PER_S)
    spread (self);
  else if (self->setup->kind == DRAWN_END_LOGGED)
    for (gsize i = 0; i < self->n; i++)
      {
        gint64 response = (self->jobs[i].end - self->jobs[i].arrival + unit / 2) / unit * unit;

        self->jobs[i].end -= self->jobs[i].end % unit;
        self->jobs[i].arrival = self->jobs[i].end - response;
      }
  else
    for (gsize i = 0; i < self->n; i++)
      {
        self->jobs[i].arrival -= self->jobs[i].arrival % unit;
        self->jobs[i].end -= self->jobs[i].end % unit;
      }
  qsort (self->jobs, self->n, sizeof (DrawnJob), compare_arrivals);
}

static double
between (WpRandom *random, double least, double most)
{
  return least * pow (most / least, wp_random_uniform (random));
}

/* A kind, and what it is varied by. */
static const struct {
  const char *name;
  double least_extent, most_extent;
  guint least_parts, most_parts; /* 0, 0: none */
} kinds[N_DRAWN_KINDS] = {
  [DRAWN_FIFO] = { "fifo", 0, 0, 0, 0 },
  [DRAWN_SHARING] = { "sharing", 0, 0, 0, 0 },
  [DRAWN_LIFO] = { "lifo", 0, 0, 0, 0 },
  [DRAWN_RANDOM] = { "random", 0, 0, 0, 0 },
  [DRAWN_POOLS] = { "pools", 0, 0, 0, 0 },
  [DRAWN_INFINITE] = { "infinite", 0, 0, 0, 0 },
  [DRAWN_CHANGED] = { "changed", 0, 0, 0, 0 },
  [DRAWN_STATIC] = { "static", 0, 0, 0, 0 },
  [DRAWN_POOLS_UNEQUAL] = { "unequal pools", 0.05, 0.4, 2, 2 },
  [DRAWN_POOLS_SEVERAL] = { "several pools", 0, 0, 3, 8 },
  [DRAWN_POOLS_OF_ONE] = { "pools of one", 0, 0, 2, 64 },
  [DRAWN_POOLS_ROUND] = { "pools, round robin", 0, 0, 2, 8 },
  [DRAWN_POOLS_OF_ONE_ROUND] = { "pools of one, round robin", 0, 0, 2, 64 },
  [DRAWN_POOLS_LEAST] = { "pools, least connections", 0, 0, 2, 8 },
  [DRAWN_POOLS_SPEEDS] = { "pools of two speeds", 0.1, 0.9, 2, 2 },
  [DRAWN_LIMITED_SHARING] = { "limited sharing", 0.2, 0.9, 0, 0 },
  [DRAWN_PRIORITY] = { "priority", 0.05, 0.5, 0, 0 },
  [DRAWN_SLOWED] = { "slowed", 0.2, 2, 0, 0 },
  [DRAWN_HOURS] = { "hours", 0.2, 0.8, 1, 6 },
  [DRAWN_BATCHES] = { "batches", 0.2, 1, 10, 1000 },
  [DRAWN_RESTART] = { "restart", 0.1, 30, 1, 2 },
  [DRAWN_CHANGES] = { "changes", 0, 0, 2, 6 },
  [DRAWN_CHANGED_BY_ONE] = { "changed by one", 0, 0, 0, 0 },
  [DRAWN_TIMEOUT] = { "timeout", 3, 30, 1, 2 },
  [DRAWN_STATIC_SHARE] = { "static share", 0.01, 0.5, 0, 0 },
  [DRAWN_SLOW_CLIENTS] = { "slow clients", 0.01, 0.3, 0, 0 },
  [DRAWN_DAYS] = { "days", 0.3, 0.9, 1, 6 },
  [DRAWN_END_LOGGED] = { "end logged", 0, 0, 0, 0 },
  [DRAWN_INFINITE_HEAVY] = { "infinite, heavy", 0, 0, 0, 0 },
  [DRAWN_INFINITE_HOURS] = { "infinite, hours", 0.2, 0.8, 1, 6 },
  [DRAWN_INFINITE_SLOWED] = { "infinite, slowed", 0.05, 0.5, 0, 0 },
  [DRAWN_CLOSED_FIFO] = { "closed fifo", 0.5, 8, 1, 2 },
  [DRAWN_CLOSED_SHARING] = { "closed sharing", 0.5, 8, 1, 2 },
  [DRAWN_CLOSED_RANDOM] = { "closed random", 0.5, 8, 1, 2 },
  [DRAWN_CLOSED_LIFO] = { "closed lifo", 0.5, 8, 1, 2 },
  [DRAWN_CLOSED_POOLS] = { "closed pools", 0.5, 8, 2, 2 },
  [DRAWN_CLOSED_INFINITE] = { "closed infinite", 0.5, 8, 1, 2 },
};

void
drawn_setup_draw (DrawnSetup *self, DrawnKind kind, guint64 seed)
{
  WpRandom random;

  wp_random_init (&random, seed, 2);
  *self = (DrawnSetup){ .kind = kind,
                        .service = (DrawnService) wp_random_below (&random, N_DRAWN_SERVICES),
                        .workers = (guint) between (&random, 1, 201),
                        .load = between (&random, 0.7, 1.2),
                        .mean_s = between (&random, 0.02, 0.2),
                        .bursty = wp_random_below (&random, 3) == 0,
                        .is_cut = wp_random_below (&random, 3) == 0,
                        .rows = (guint) between (&random, 6500, 50000),
                        .stamp_ns = wp_random_below (&random, 2) == 0 ? 1 : WP_NS_PER_MS,
                        .seed = seed };
  if (kinds[kind].most_extent > 0)
    self->extent = between (&random, kinds[kind].least_extent, kinds[kind].most_extent);
  if (kinds[kind].most_parts > 0)
    self->parts = (guint) between (&random, kinds[kind].least_parts, kinds[kind].most_parts + 1);
  if (kind == DRAWN_CHANGES)
    self->workers = MAX (self->workers, 5);
  if (kind == DRAWN_INFINITE_HEAVY)
    self->service = DRAWN_HEAVY;
  if (kind == DRAWN_END_LOGGED)
    self->stamp_ns = WP_NS_PER_MS;
  if (kind == DRAWN_POOLS_OF_ONE || kind == DRAWN_POOLS_OF_ONE_ROUND)
    self->workers = self->parts;
  else if (kind >= DRAWN_POOLS_UNEQUAL && kind <= DRAWN_POOLS_SPEEDS)
    self->workers = MAX (self->workers, self->parts);
}

const char *
drawn_setup_describe (const DrawnSetup *self, char *text, gsize size)
{
  static const char *const services[] = { "exponential", "lognormal", "constant", "heavy" };

  g_snprintf (text, size,
              "seed %" G_GUINT64_FORMAT
              ": %s (%.2f, %u), %u workers, load %.2f, %s %.0f ms, +%.1f ms, %u rows, "
              "stamps of %" G_GINT64_FORMAT " ns%s%s",
              self->seed, kinds[self->kind].name, self->extent, self->parts, self->workers, self->load,
              services[self->service], self->mean_s * 1e3, self->transfer_s * 1e3, self->rows, self->stamp_ns,
              self->bursty ? ", bursty" : "", self->is_cut ? ", cut" : "");

  return text;
}

DrawnLog *
drawn_log_new (const DrawnSetup *setup)
{
  DrawnWork draw = { .setup = setup, .n = setup->rows };
  DrawnLog *self = g_new0 (DrawnLog, 1);
  g_autofree DrawnJob *jobs = draw.jobs = g_new0 (DrawnJob, draw.n);

  wp_random_init (&draw.random, setup->seed, 1);
  draw_jobs (&draw);
  drawn_serve (&draw);
  stamp (&draw);
  self->n = draw.n;
  self->arrivals_ns = g_new (gint64, self->n);
  self->responses_ns = g_new (gint64, self->n);
  self->services_ns = g_new (gint64, self->n);
  for (gsize i = 0; i < self->n; i++)
    {
      self->arrivals_ns[i] = jobs[i].arrival - jobs[0].arrival;
      self->responses_ns[i] = jobs[i].end - jobs[i].arrival;
      self->services_ns[i] = jobs[i].service;
    }

  return self;
}

void
drawn_log_free (DrawnLog *self)
{
  g_free (self->arrivals_ns);
  g_free (self->responses_ns);
  g_free (self->services_ns);
  g_free (self);
}
