#include "tests/unit/drawn-serve.h"

#include <math.h>

#include "sim/base/wp-time.h"
#include "sim/model/wp-model.h"

static void
serve_fifo (DrawnJob *const *jobs, gsize n, guint workers)
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

/* Jobs of one part only, or of all without @part_of. */
static void
serve_part (DrawnWork *self, const guint8 *part_of, guint part, guint workers)
{
  g_autofree DrawnJob **jobs = g_new (DrawnJob *, self->n);
  gsize n = 0;

  for (gsize i = 0; i < self->n; i++)
    if (part_of == NULL || part_of[i] == part)
      jobs[n++] = &self->jobs[i];
  serve_fifo (jobs, n, workers);
}

/* Two pools, or two halves. */
static void
serve_two (DrawnWork *self, guint first_workers, guint second_workers, gboolean halves)
{
  g_autofree guint8 *part_of = g_new (guint8, self->n);

  for (gsize i = 0; i < self->n; i++)
    part_of[i] = halves ? i >= self->n / 2
                        : wp_random_below (&self->random, first_workers + second_workers) >= first_workers;
  serve_part (self, part_of, 0, first_workers);
  serve_part (self, part_of, 1, second_workers);
}

/* Static files of about a millisecond never reach the pool. */
static void
serve_static (DrawnWork *self, double share)
{
  g_autofree guint8 *part_of = g_new (guint8, self->n);

  for (gsize i = 0; i < self->n; i++)
    {
      part_of[i] = wp_random_uniform (&self->random) < share;
      if (part_of[i])
        {
          self->jobs[i].service = (gint64) (wp_random_exponential (&self->random) * WP_NS_PER_MS);
          self->jobs[i].end = self->jobs[i].arrival + self->jobs[i].service;
        }
    }
  serve_part (self, part_of, 0, self->setup->workers);
}

/* From the middle on nothing is served for a while: what is in the server then is lost, or answered at once
 * with an error, as is what arrives. */
static void
serve_restart (DrawnWork *self)
{
  g_autofree guint8 *part_of = g_new (guint8, self->n);
  gint64 stop = self->jobs[self->n / 2].arrival;
  gint64 go = stop + (gint64) (self->setup->extent * WP_NS_PER_S);
  gboolean is_lost = self->setup->parts == 1;

  for (gsize i = 0; i < self->n; i++)
    part_of[i] = self->jobs[i].arrival < stop ? 0 : self->jobs[i].arrival < go ? 1 : 2;
  serve_part (self, part_of, 0, self->setup->workers);
  serve_part (self, part_of, 2, self->setup->workers);
  for (gsize i = 0; i < self->n; i++)
    if (part_of[i] == 1 || (part_of[i] == 0 && self->jobs[i].end > stop))
      self->jobs[i].end = is_lost ? -1 : MAX (stop, self->jobs[i].arrival + WP_NS_PER_MS);
}

/* The client has gone: the row ends then, but the worker is busy until its service ends; with two parts, one
 * that still waits leaves. */
static void
serve_timeout (DrawnWork *self)
{
  gint64 patience = (gint64) (self->setup->extent * self->setup->mean_s * WP_NS_PER_S);
  DrawnServer server = { .pools = { { self->setup->workers, self->setup->workers, 1 } },
                         .n_pools = 1,
                         .patience = self->setup->parts == 2 ? patience : 0 };

  drawn_server_run (&server, self->jobs, self->n, &self->random);
  for (gsize i = 0; i < self->n; i++)
    self->jobs[i].end = MIN (self->jobs[i].end, self->jobs[i].arrival + patience);
}

/* Some clients are slow to take their answers, while no worker is busy with them. */
static void
serve_slow_clients (DrawnWork *self)
{
  serve_part (self, NULL, 0, self->setup->workers);
  for (gsize i = 0; i < self->n; i++)
    if (wp_random_uniform (&self->random) < self->setup->extent)
      self->jobs[i].end += (gint64) (self->setup->mean_s * WP_NS_PER_S
                                     * pow (1 - wp_random_uniform (&self->random), -1 / 1.5));
}

/* Equal ones, but for a remainder; or a first one that has a share of the workers. */
static void
make_pools (const DrawnSetup *setup, DrawnServer *server)
{
  guint workers = MAX (setup->workers, setup->parts), left = workers;

  server->n_pools = setup->parts;
  for (guint i = 0; i < setup->parts; i++)
    {
      guint others = setup->parts - 1 - i;
      guint mine = left / (others + 1);

      if (setup->kind == DRAWN_POOLS_UNEQUAL && i == 0)
        mine = CLAMP ((guint) lround (setup->extent * workers), 1, left - others);
      server->pools[i] = (DrawnPool){ mine, mine, 1 };
      left -= mine;
    }
  if (setup->kind == DRAWN_POOLS_SPEEDS)
    server->pools[0].speed = setup->extent;
}

static void
set_order (const DrawnSetup *setup, DrawnServer *server)
{
  switch ((guint) setup->kind)
    {
    case DRAWN_LIFO:
    case DRAWN_CLOSED_LIFO:
      server->order = DRAWN_LAST_COME;
      break;
    case DRAWN_RANDOM:
    case DRAWN_CLOSED_RANDOM:
      server->order = DRAWN_ANY_ORDER;
      break;
    case DRAWN_PRIORITY:
      server->order = DRAWN_PRIORITY_FIRST;
      server->priority_share = setup->extent;
      break;
    default:
      break;
    }
}

static void
set_balance (const DrawnSetup *setup, DrawnServer *server)
{
  gboolean is_open = setup->kind >= DRAWN_POOLS_UNEQUAL && setup->kind <= DRAWN_POOLS_SPEEDS;

  if (setup->kind == DRAWN_POOLS_ROUND || setup->kind == DRAWN_POOLS_OF_ONE_ROUND)
    server->balance = DRAWN_ROUND_ROBIN;
  else if (setup->kind == DRAWN_POOLS_LEAST)
    server->balance = DRAWN_LEAST_CONNECTIONS;
  if (is_open || setup->kind == DRAWN_CLOSED_POOLS)
    make_pools (setup, server);
}

/* What those in service share, and how long it takes them. */
static void
set_cores (const DrawnSetup *setup, DrawnServer *server)
{
  DrawnPool *pool = &server->pools[0];

  switch ((guint) setup->kind)
    {
    case DRAWN_SHARING:
    case DRAWN_CLOSED_SHARING:
      pool->workers = G_MAXUINT;
      break;
    case DRAWN_LIMITED_SHARING:
      pool->cores = MAX (1, (guint) (setup->extent * setup->workers));
      pool->speed = (double) setup->workers / pool->cores;
      break;
    case DRAWN_SLOWED:
    case DRAWN_INFINITE_SLOWED:
      server->slowed = setup->extent;
      server->slow_jobs = setup->workers;
      break;
    default:
      break;
    }
  if (setup->kind == DRAWN_SLOWED)
    pool->speed = 1 + setup->extent;
  if (setup->kind == DRAWN_INFINITE_SLOWED || setup->kind == DRAWN_CLOSED_INFINITE)
    pool->workers = pool->cores = G_MAXUINT;
}

/* @factors: of the workers, in each part of the log */
static void
set_changes (DrawnWork *self, DrawnServer *server, double *factors)
{
  const DrawnSetup *setup = self->setup;
  gboolean by_one = setup->kind == DRAWN_CHANGED_BY_ONE;

  if (!by_one && setup->kind != DRAWN_CHANGES)
    return;
  server->n_factors = by_one ? 2 : setup->parts;
  for (guint i = 0; i < server->n_factors; i++)
    factors[i] = by_one ? (setup->workers + i) / (double) setup->workers
                        : (i % 2 ? 0.6 : 1.1) + 0.3 * wp_random_uniform (&self->random);
  server->pools[0].cores = 2 * setup->workers; /* as many as there may be */
  server->factors = factors;
  server->step_ns = self->jobs[self->n - 1].arrival / server->n_factors + 1;
}

static void
serve_simulated (DrawnWork *self)
{
  const DrawnSetup *setup = self->setup;
  double factors[8];
  DrawnServer server = { .pools = { { setup->workers, setup->workers, 1 } }, .n_pools = 1 };

  set_order (setup, &server);
  set_balance (setup, &server);
  set_cores (setup, &server);
  set_changes (self, &server, factors);
  if (setup->kind >= DRAWN_CLOSED_FIFO && setup->kind <= DRAWN_CLOSED_INFINITE)
    {
      server.clients = (guint) (setup->workers * setup->extent) + 1;
      server.stagger = setup->extent * setup->mean_s * WP_NS_PER_S;
      server.think = setup->parts == 1 ? 0 : setup->mean_s * WP_NS_PER_S;
    }
  drawn_server_run (&server, self->jobs, self->n, &self->random);
}

double
drawn_rate_factor (const DrawnWork *self, gsize job)
{
  const DrawnSetup *setup = self->setup;
  double at = (double) job / (double) self->n;

  if (setup->kind == DRAWN_DAYS)
    return 1 + setup->extent * sin (2 * G_PI * setup->parts * at);

  return 1;
}

/* Services that depend on the time, or on each other. */
static void
vary_services (DrawnWork *self)
{
  const DrawnSetup *setup = self->setup;
  double factor = 1;

  for (gsize i = 0; i < self->n; i++)
    {
      if (setup->kind == DRAWN_BATCHES && i % setup->parts == 0)
        factor = exp (setup->extent * wp_random_normal (&self->random) - setup->extent * setup->extent / 2);
      else if (setup->kind == DRAWN_HOURS || setup->kind == DRAWN_INFINITE_HOURS)
        factor = 1 + setup->extent * sin (2 * G_PI * setup->parts * (double) i / (double) self->n);
      self->jobs[i].service = MAX (1, (gint64) (factor * (double) self->jobs[i].service));
    }
}

void
drawn_serve (DrawnWork *self)
{
  guint workers = self->setup->workers;

  vary_services (self);
  switch ((guint) self->setup->kind)
    {
    case DRAWN_POOLS:
      serve_two (self, MAX (1, workers / 2), MAX (1, workers - workers / 2), FALSE);
      break;
    case DRAWN_CHANGED:
      serve_two (self, workers, MAX (workers + 1, workers * 3 / 2), TRUE);
      break;
    case DRAWN_STATIC:
    case DRAWN_STATIC_SHARE:
      serve_static (self, self->setup->kind == DRAWN_STATIC ? 1.0 / 3 : self->setup->extent);
      break;
    case DRAWN_INFINITE:
    case DRAWN_INFINITE_HEAVY:
    case DRAWN_INFINITE_HOURS:
      for (gsize i = 0; i < self->n; i++)
        self->jobs[i].end = self->jobs[i].arrival + self->jobs[i].service;
      break;
    case DRAWN_RESTART:
      serve_restart (self);
      break;
    case DRAWN_TIMEOUT:
      serve_timeout (self);
      break;
    case DRAWN_SLOW_CLIENTS:
      serve_slow_clients (self);
      break;
    case DRAWN_FIFO:
    case DRAWN_DAYS:
    case DRAWN_HOURS:
    case DRAWN_BATCHES:
    case DRAWN_END_LOGGED:
      serve_part (self, NULL, 0, workers);
      break;
    default:
      serve_simulated (self);
    }
}
