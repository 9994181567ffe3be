/* random-load.h - small random traces full of ties, and random policies, for the property tests. */
#pragma once

#include "sim/base/wp-policy.h"
#include "sim/stats/wp-random.h"
#include "sim/trace/wp-trace.h"

#define RANDOM_LOAD_MAX 40

typedef struct {
  WpPolicy policy;
  gint64 patience_ns;
  WpRow rows[RANDOM_LOAD_MAX];
  gint64 services_ns[RANDOM_LOAD_MAX];
  gsize n_rows;
} RandomLoad;

static inline gint64
random_load_maybe (WpRandom *random, guint most)
{
  return wp_random_below (random, 2) ? (gint64) wp_random_below (random, most + 1) : WP_TIME_NONE;
}

static inline void
random_load_policy (RandomLoad *self, WpRandom *random)
{
  wp_policy_init (&self->policy, (WpModeKind) wp_random_below (random, WP_N_MODES));
  self->policy.queue_jobs = (guint) wp_random_below (random, 6);
  self->policy.workers = 1 + (guint) wp_random_below (random, wp_random_below (random, 4) == 0 ? 25 : 4);
  self->policy.dispatcher = wp_random_below (random, 4) == 0 ? WP_DISPATCHER_SPAWNING : WP_DISPATCHER_BOUNDED;
  self->policy.when_full = wp_random_below (random, 4) == 0 ? WP_WHEN_FULL_REJECT : WP_WHEN_FULL_BLOCK;
  if (self->policy.when_full == WP_WHEN_FULL_BLOCK)
    self->policy.block_timeout_ns = random_load_maybe (random, 8);
  self->patience_ns = random_load_maybe (random, wp_random_below (random, 3) == 0 ? 25 : 8);
  self->policy.ack = wp_random_below (random, 2) ? WP_ACK_STORED : WP_ACK_ACCEPTED;
  self->policy.keep_abandoned = wp_random_below (random, 4) == 0;
}

/* Every time stays below 1024 ns, where percentiles are exact, also with a dispatch of 4 ns for each job. */
static inline void
random_load_make (RandomLoad *self, WpRandom *random)
{
  guint gap = 1 + (guint) wp_random_below (random, 5),
        service = 1 + (guint) wp_random_below (random, wp_random_below (random, 3) == 0 ? 20 : 12);
  gboolean constant = wp_random_below (random, 4) == 0;
  gint64 now_ns = 0;

  random_load_policy (self, random);
  self->n_rows = 1 + wp_random_below (random, RANDOM_LOAD_MAX);
  for (gsize i = 0; i < self->n_rows; i++)
    {
      self->rows[i] = (WpRow){ .arrival_ns = now_ns, .bytes = -1, .blocked = -1 };
      self->services_ns[i] = constant ? service : (gint64) wp_random_below (random, service);
      now_ns += (gint64) wp_random_below (random, gap);
    }
}
