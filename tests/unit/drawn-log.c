#include "tests/unit/drawn-log.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/model/wp-model.h"
#include "sim/stats/wp-random.h"

/* One request; end: of its service, then of its response. */
typedef struct {
  gint64 arrival, service, end;
} Job;

typedef struct {
  const DrawnSetup *setup;
  WpRandom random;
  Job *jobs;
  gsize n;
} Draw;

static double
draw_service (Draw *self)
{
  double mean = self->setup->mean_s * WP_NS_PER_S;
  const double sigma = 1, alpha = 2.2;

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
draw_jobs (Draw *self)
{
  double rate = self->setup->load * self->setup->workers / self->setup->mean_s, now = 0;
  gsize phase = MAX (100, self->n / 20);

  for (gsize i = 0; i < self->n; i++)
    {
      double factor = !self->setup->bursty ? 1 : i / phase % 2 ? 0.5 : 1.5;

      now += wp_random_exponential (&self->random) / (rate * factor);
      self->jobs[i].arrival = (gint64) (now * WP_NS_PER_S);
      self->jobs[i].service = MAX (1, (gint64) draw_service (self));
    }
}

static void
serve_fifo (Job *const *jobs, gsize n, guint workers)
{
  WpPolicy policy;
  WpLayout layout;
  g_autoptr (WpModel) model = NULL;

  wp_policy_init (&policy, WP_MODE_WORKER_POOL);
  policy.workers = workers;
  policy.queue_jobs = G_MAXINT32;
  wp_policy_layout (&policy, &layout);
  model = wp_model_new (&layout, WP_TIME_NONE);
  for (gsize i = 0; i < n; i++)
    {
      WpRow row = WP_ROW_INIT;
      WpRequestResult result;

      row.arrival_ns = jobs[i]->arrival;
      g_assert_true (wp_model_offer (model, &row, &jobs[i]->service, 1, &result));
      jobs[i]->end = result.finished_ns;
    }
}

/* Jobs of one part only, or of all with @parts 1. */
static void
serve_part (Draw *self, guint8 *part_of, guint part, guint workers)
{
  g_autofree Job **jobs = g_new (Job *, self->n);
  gsize n = 0;

  for (gsize i = 0; i < self->n; i++)
    if (part_of == NULL || part_of[i] == part)
      jobs[n++] = &self->jobs[i];
  serve_fifo (jobs, n, workers);
}

/* Two pools, or two halves. */
static void
serve_two (Draw *self, guint first_workers, guint second_workers, gboolean halves)
{
  g_autofree guint8 *part_of = g_new (guint8, self->n);

  for (gsize i = 0; i < self->n; i++)
    part_of[i] = halves ? i >= self->n / 2
                        : wp_random_below (&self->random, first_workers + second_workers) >= first_workers;
  serve_part (self, part_of, 0, first_workers);
  serve_part (self, part_of, 1, second_workers);
}

static void
serve_static (Draw *self)
{
  g_autofree guint8 *part_of = g_new (guint8, self->n);

  for (gsize i = 0; i < self->n; i++)
    {
      part_of[i] = wp_random_uniform (&self->random) < 1.0 / 3;
      if (part_of[i])
        {
          self->jobs[i].service = (gint64) (wp_random_exponential (&self->random) * WP_NS_PER_MS);
          self->jobs[i].end = self->jobs[i].arrival + self->jobs[i].service;
        }
    }
  serve_part (self, part_of, 0, self->setup->workers);
}

/* A heap by @times, least first. */
typedef struct {
  GArray *times; /* of double */
  GArray *jobs;  /* of gsize */
} Heap;

static void
heap_swap (Heap *self, guint a, guint b)
{
  double time = g_array_index (self->times, double, a);
  gsize job = g_array_index (self->jobs, gsize, a);

  g_array_index (self->times, double, a) = g_array_index (self->times, double, b);
  g_array_index (self->jobs, gsize, a) = g_array_index (self->jobs, gsize, b);
  g_array_index (self->times, double, b) = time;
  g_array_index (self->jobs, gsize, b) = job;
}

static void
heap_push (Heap *self, double time, gsize job)
{
  g_array_append_val (self->times, time);
  g_array_append_val (self->jobs, job);
  for (guint i = self->times->len - 1; i > 0; i = (i - 1) / 2)
    {
      if (g_array_index (self->times, double, i) >= g_array_index (self->times, double, (i - 1) / 2))
        break;
      heap_swap (self, i, (i - 1) / 2);
    }
}

static gsize
heap_pop (Heap *self, double *time)
{
  gsize job = g_array_index (self->jobs, gsize, 0);
  guint n = self->times->len - 1;

  *time = g_array_index (self->times, double, 0);
  heap_swap (self, 0, n);
  g_array_set_size (self->times, n);
  g_array_set_size (self->jobs, n);
  for (guint i = 0, child; (child = 2 * i + 1) < n; i = child)
    {
      if (child + 1 < n
          && g_array_index (self->times, double, child + 1) < g_array_index (self->times, double, child))
        child++;
      if (g_array_index (self->times, double, i) <= g_array_index (self->times, double, child))
        break;
      heap_swap (self, i, child);
    }

  return job;
}

static void
heap_init (Heap *self)
{
  self->times = g_array_new (FALSE, FALSE, sizeof (double));
  self->jobs = g_array_new (FALSE, FALSE, sizeof (gsize));
}

static void
heap_clear (Heap *self)
{
  g_array_unref (self->times);
  g_array_unref (self->jobs);
}

/* Each job gets min (1, workers / jobs) of a worker: virtual time runs at that speed. */
static void
serve_sharing (Draw *self)
{
  double now = 0, clock = 0;
  Heap heap;

  heap_init (&heap);
  for (gsize i = 0; i < self->n || heap.times->len > 0;)
    {
      guint n = heap.times->len;
      double speed = n == 0 ? 1 : MIN (1, (double) self->setup->workers / n);
      double end = n == 0 ? INFINITY : now + (g_array_index (heap.times, double, 0) - clock) / speed;
      double arrival = i < self->n ? (double) self->jobs[i].arrival : INFINITY;

      clock += (MIN (end, arrival) - now) * speed;
      now = MIN (end, arrival);
      if (end <= arrival)
        self->jobs[heap_pop (&heap, &clock)].end = (gint64) now;
      else
        {
          heap_push (&heap, clock + (double) self->jobs[i].service, i);
          i++;
        }
    }
  heap_clear (&heap);
}

/* The last of those that wait is next, or any. */
static void
serve_unfair (Draw *self, gboolean any)
{
  g_autoptr (GArray) waiting = g_array_new (FALSE, FALSE, sizeof (gsize));
  Heap busy;

  heap_init (&busy);
  for (gsize i = 0; i < self->n || busy.times->len > 0;)
    {
      double end = busy.times->len > 0 ? g_array_index (busy.times, double, 0) : INFINITY;
      double now = MIN (end, i < self->n ? (double) self->jobs[i].arrival : INFINITY);

      if (end > now)
        {
          g_array_append_val (waiting, i);
          i++;
        }
      else
        heap_pop (&busy, &end);
      while (waiting->len > 0 && busy.times->len < self->setup->workers)
        {
          guint at = any ? (guint) wp_random_below (&self->random, waiting->len) : waiting->len - 1;
          gsize next = g_array_index (waiting, gsize, at);

          g_array_remove_index_fast (waiting, at);
          self->jobs[next].end = (gint64) now + self->jobs[next].service;
          heap_push (&busy, (double) self->jobs[next].end, next);
        }
    }
  heap_clear (&busy);
}

static void
serve (Draw *self)
{
  guint workers = self->setup->workers;

  switch (self->setup->kind)
    {
    case DRAWN_SHARING:
      serve_sharing (self);
      break;
    case DRAWN_LIFO:
    case DRAWN_RANDOM:
      serve_unfair (self, self->setup->kind == DRAWN_RANDOM);
      break;
    case DRAWN_POOLS:
      serve_two (self, MAX (1, workers / 2), MAX (1, workers - workers / 2), FALSE);
      break;
    case DRAWN_CHANGED:
      serve_two (self, workers, MAX (workers + 1, workers * 3 / 2), TRUE);
      break;
    case DRAWN_STATIC:
      serve_static (self);
      break;
    case DRAWN_INFINITE:
      for (gsize i = 0; i < self->n; i++)
        self->jobs[i].end = self->jobs[i].arrival + self->jobs[i].service;
      break;
    case DRAWN_FIFO:
    case N_DRAWN_KINDS:
    default:
      serve_part (self, NULL, 0, workers);
    }
}

static int
compare_ends (const void *a, const void *b)
{
  const Job *left = a, *right = b;

  return (left->end > right->end) - (left->end < right->end);
}

static int
compare_arrivals (const void *a, const void *b)
{
  const Job *left = a, *right = b;

  if (left->arrival != right->arrival)
    return left->arrival < right->arrival ? -1 : 1;

  return compare_ends (a, b);
}

/* Ends of whole seconds, the k-th of n of a second at (k - 1/2) / n, and request times of milliseconds. */
static void
spread (Draw *self)
{
  for (gsize i = 0, n; i < self->n; i += n)
    {
      gint64 second = self->jobs[i].end / WP_NS_PER_S;

      for (n = 1; i + n < self->n && self->jobs[i + n].end / WP_NS_PER_S == second; n++)
        ;
      for (gsize k = 0; k < n; k++)
        {
          Job *job = &self->jobs[i + k];
          gint64 response = (job->end - job->arrival) / WP_NS_PER_MS * WP_NS_PER_MS;

          job->end = second * WP_NS_PER_S + (gint64) ((2 * k + 1) * WP_NS_PER_S / (2 * n));
          job->arrival = job->end - response;
        }
    }
}

/* As a log has it: by end; then as its reader has it: by arrival, what is equal as it was. */
static void
stamp (Draw *self)
{
  gint64 unit = self->setup->stamp_ns;
  gsize kept = 0, edge = self->setup->is_cut ? self->n / 10 : 0;

  for (gsize i = 0; i < self->n; i++)
    self->jobs[i].end
        += (gint64) (self->setup->transfer_s * WP_NS_PER_S * wp_random_exponential (&self->random));
  qsort (self->jobs, self->n, sizeof (Job), compare_ends);
  for (gsize i = edge; i < self->n - edge; i++)
    self->jobs[kept++] = self->jobs[i];
  self->n = kept;
  if (unit == WP_NS_PER_S)
    spread (self);
  else
    for (gsize i = 0; i < self->n; i++)
      {
        self->jobs[i].arrival -= self->jobs[i].arrival % unit;
        self->jobs[i].end -= self->jobs[i].end % unit;
      }
  qsort (self->jobs, self->n, sizeof (Job), compare_arrivals);
}

static double
between (WpRandom *random, double least, double most)
{
  return least * pow (most / least, wp_random_uniform (random));
}

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
}

const char *
drawn_setup_describe (const DrawnSetup *self, char *text, gsize size)
{
  static const char *const kinds[]
      = { "fifo", "sharing", "lifo", "random", "pools", "infinite", "changed", "static" };
  static const char *const services[] = { "exponential", "lognormal", "constant", "heavy" };

  g_snprintf (text, size,
              "seed %" G_GUINT64_FORMAT ": %s, %u workers, load %.2f, %s %.0f ms, +%.1f ms, %u rows, "
              "stamps of %" G_GINT64_FORMAT " ns%s%s",
              self->seed, kinds[self->kind], self->workers, self->load, services[self->service],
              self->mean_s * 1e3, self->transfer_s * 1e3, self->rows, self->stamp_ns,
              self->bursty ? ", bursty" : "", self->is_cut ? ", cut" : "");

  return text;
}

DrawnLog *
drawn_log_new (const DrawnSetup *setup)
{
  Draw draw = { .setup = setup, .n = setup->rows };
  DrawnLog *self = g_new0 (DrawnLog, 1);
  g_autofree Job *jobs = draw.jobs = g_new0 (Job, draw.n);

  wp_random_init (&draw.random, setup->seed, 1);
  draw_jobs (&draw);
  serve (&draw);
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
