#include "tests/unit/drawn-server.h"

#include <math.h>

/* A heap of jobs by @times, least first. */
typedef struct {
  GArray *times; /* of double */
  GArray *jobs;  /* of gsize */
} Heap;

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

static double
heap_least (const Heap *self)
{
  return self->times->len > 0 ? g_array_index (self->times, double, 0) : INFINITY;
}

static gsize
heap_pop (Heap *self)
{
  gsize job = g_array_index (self->jobs, gsize, 0);
  guint n = self->times->len - 1;

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

/* Its clock is virtual time: it runs at the speed of each job in service. */
typedef struct {
  Heap busy;                   /* by virtual time of their end */
  GArray *waiting, *preferred; /* of gsize */
  double now, clock;
} Pool;

typedef struct {
  const DrawnServer *server;
  WpRandom *random;
  DrawnJob *jobs;
  gsize n, next; /* the job that arrives next */
  Heap clients;  /* when each sends its next request */
  Pool pools[DRAWN_MAX_POOLS];
  gsize turn; /* round robin */
} Run;

static double
speed_of (const DrawnPool *pool, const Pool *self)
{
  guint busy = self->busy.times->len;

  return pool->speed * (busy <= pool->cores ? 1 : (double) pool->cores / busy);
}

static double
next_end (const DrawnPool *pool, const Pool *self)
{
  return self->now + (heap_least (&self->busy) - self->clock) / speed_of (pool, self);
}

static void
advance (const DrawnPool *pool, Pool *self, double now)
{
  self->clock += (now - self->now) * speed_of (pool, self);
  self->now = now;
}

static guint
workers_of (const Run *self, guint pool, double now)
{
  const DrawnServer *server = self->server;
  guint workers = server->pools[pool].workers;

  if (server->factors == NULL)
    return workers;

  return MAX (1,
              (guint) lround (
                  workers
                  * server->factors[MIN (server->n_factors - 1, (guint) (now / (double) server->step_ns))]));
}

static gsize
take_next (Run *self, Pool *pool)
{
  GArray *from = pool->preferred->len > 0 ? pool->preferred : pool->waiting;
  guint at = self->server->order == DRAWN_LAST_COME   ? from->len - 1
             : self->server->order == DRAWN_ANY_ORDER ? (guint) wp_random_below (self->random, from->len)
                                                      : 0;
  gsize job = g_array_index (from, gsize, at);

  if (self->server->order == DRAWN_ANY_ORDER)
    g_array_remove_index_fast (from, at);
  else
    g_array_remove_index (from, at);

  return job;
}

static void
finish (Run *self, gsize job, double now)
{
  self->jobs[job].end = (gint64) now;
  if (self->server->clients > 0)
    heap_push (&self->clients, now + self->server->think * wp_random_exponential (self->random), 0);
}

static void
start (Run *self, guint at, double now)
{
  Pool *pool = &self->pools[at];
  guint workers = workers_of (self, at, now);

  while (pool->waiting->len + pool->preferred->len > 0 && pool->busy.times->len < workers)
    {
      gsize next = take_next (self, pool);
      DrawnJob *job = &self->jobs[next];
      gint64 patience = self->server->patience;

      if (patience > 0 && now > (double) (job->arrival + patience))
        {
          finish (self, next, (double) (job->arrival + patience));
          continue;
        }
      if (self->server->slowed > 0)
        job->service
            = (gint64) ((double) job->service
                        * (1 + self->server->slowed * pool->busy.times->len / self->server->slow_jobs));
      heap_push (&pool->busy, pool->clock + (double) job->service, next);
    }
}

static double
connections (const Run *self, guint at)
{
  const Pool *pool = &self->pools[at];

  return (double) (pool->busy.times->len + pool->waiting->len + pool->preferred->len)
         / self->server->pools[at].cores;
}

/* By chance: as many as its cores can do. */
static guint
choose (Run *self)
{
  const DrawnServer *server = self->server;
  double sum = 0, at;
  guint pool = 0;

  if (server->n_pools == 1)
    return 0;
  if (server->balance == DRAWN_ROUND_ROBIN)
    return (guint) (self->turn++ % server->n_pools);
  if (server->balance == DRAWN_LEAST_CONNECTIONS)
    {
      pool = (guint) wp_random_below (self->random, server->n_pools);
      for (guint i = 0; i < server->n_pools; i++)
        if (connections (self, i) < connections (self, pool))
          pool = i;
      return pool;
    }
  for (guint i = 0; i < server->n_pools; i++)
    sum += server->pools[i].cores * server->pools[i].speed;
  at = sum * wp_random_uniform (self->random);
  while (pool + 1 < server->n_pools && at >= server->pools[pool].cores * server->pools[pool].speed)
    {
      at -= server->pools[pool].cores * server->pools[pool].speed;
      pool++;
    }

  return pool;
}

static void
arrive (Run *self, double now)
{
  guint at = choose (self);
  Pool *pool = &self->pools[at];
  gboolean preferred = self->server->order == DRAWN_PRIORITY_FIRST
                       && wp_random_uniform (self->random) < self->server->priority_share;

  if (self->server->clients > 0)
    {
      heap_pop (&self->clients);
      self->jobs[self->next].arrival = (gint64) now;
    }
  advance (&self->server->pools[at], pool, now);
  g_array_append_val (preferred ? pool->preferred : pool->waiting, self->next);
  self->next++;
  start (self, at, now);
}

static gboolean
step (Run *self)
{
  double arrival = self->next >= self->n       ? INFINITY
                   : self->server->clients > 0 ? heap_least (&self->clients)
                                               : (double) self->jobs[self->next].arrival;
  double end = INFINITY;
  guint at = 0;

  for (guint i = 0; i < self->server->n_pools; i++)
    if (next_end (&self->server->pools[i], &self->pools[i]) < end)
      {
        at = i;
        end = next_end (&self->server->pools[i], &self->pools[i]);
      }
  if (isinf (arrival) && isinf (end))
    return FALSE;
  if (end > arrival)
    arrive (self, arrival);
  else
    {
      advance (&self->server->pools[at], &self->pools[at], end);
      finish (self, heap_pop (&self->pools[at].busy), end);
      start (self, at, end);
    }

  return TRUE;
}

void
drawn_server_run (const DrawnServer *server, DrawnJob *jobs, gsize n, WpRandom *random)
{
  Run self = { .server = server, .random = random, .jobs = jobs, .n = n };

  heap_init (&self.clients);
  for (guint i = 0; i < server->clients; i++)
    heap_push (&self.clients, server->stagger * wp_random_uniform (random), 0);
  for (guint i = 0; i < server->n_pools; i++)
    {
      heap_init (&self.pools[i].busy);
      self.pools[i].waiting = g_array_new (FALSE, FALSE, sizeof (gsize));
      self.pools[i].preferred = g_array_new (FALSE, FALSE, sizeof (gsize));
    }
  while (step (&self))
    ;
  for (guint i = 0; i < server->n_pools; i++)
    {
      heap_clear (&self.pools[i].busy);
      g_array_unref (self.pools[i].waiting);
      g_array_unref (self.pools[i].preferred);
    }
  heap_clear (&self.clients);
}
