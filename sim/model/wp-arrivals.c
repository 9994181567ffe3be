#include "sim/model/wp-arrivals.h"

#include <math.h>

#include "sim/model/wp-arrivals-spec.h"
#include "sim/stats/wp-random.h"
#include "sim/model/wp-service-time.h"

/* The clock's unit is 1/1024 ns: the mean of gaps of a few ns stays exact. */
#define TICKS_PER_NS 1024

__extension__ typedef unsigned __int128 Ticks;

struct _WpArrivals {
  WpArrivalsSpec spec;

  guint64 seed;
  WpRandom random;
  Ticks now; /* the last arrival, or candidate arrival of thinning */
  guint64 n_drawn;
  gboolean over;
  gint64 last_ns;
  guint state; /* of an MMPP, until @state_ends */
  Ticks state_ends;
};

static inline Ticks
to_ticks (double ticks)
{
  return G_LIKELY (ticks < 0x1p63) ? (Ticks) (gint64) (ticks + 0.5) : (Ticks) ticks;
}

static inline double
ticks_per_arrival (double rate)
{
  return (double) WP_NS_PER_S * TICKS_PER_NS / rate;
}

/* Exact: the k-th arrival is k / rate, rounded, so that errors do not accumulate. */
static gsize
draw_constant (WpArrivals *self, gint64 *arrivals_ns, gsize most)
{
  long double gap_ns = (long double) WP_NS_PER_S / self->spec.rate;
  gsize n = 0;

  for (; n < most; n++)
    {
      long double ns = gap_ns * (self->n_drawn + n);

      if (ns + 0.5L >= self->spec.end_ns)
        break;
      arrivals_ns[n] = (gint64) (ns + 0.5L);
    }

  return n;
}

/* A gap of fewer than 2^53 ticks (three months): the sum of GAPS_MAX such gaps fits 64 bits. */
#define GAP_TICKS_MAX 0x1p53
#define GAPS_MAX      512

/* Draws the next @n arrivals. FALSE: a gap is too long for this method; nothing was drawn. */
static gboolean
add_gaps (WpArrivals *self, gint64 *arrivals_ns, gsize n)
{
  double mean = ticks_per_arrival (self->spec.rate), longest = 0;
  guint64 ticks = (guint64) (self->now % TICKS_PER_NS);
  gint64 base_ns = (gint64) (self->now / TICKS_PER_NS);
  WpRandom random = self->random; /* a copy, which stays in registers */

  for (gsize i = 0; i < n; i++)
    {
      double gap = mean * wp_random_exponential (&random);

      longest = MAX (longest, gap);
      ticks += (guint64) (gint64) (gap + 0.5);
      arrivals_ns[i] = base_ns + (gint64) (ticks / TICKS_PER_NS);
    }
  if (!(longest < GAP_TICKS_MAX))
    return FALSE;
  self->random = random;
  self->now += ticks - (guint64) (self->now % TICKS_PER_NS);

  return TRUE;
}

static gsize
draw_poisson (WpArrivals *self, gint64 *arrivals_ns, gsize most)
{
  double mean = ticks_per_arrival (self->spec.rate);
  Ticks end = (Ticks) self->spec.end_ns * TICKS_PER_NS;
  gsize n = 0;

  while (n < most && self->now < end)
    {
      gsize some = MIN (most - n, GAPS_MAX);

      if (!add_gaps (self, arrivals_ns + n, some))
        {
          some = 1;
          self->now += to_ticks (mean * wp_random_exponential (&self->random));
          arrivals_ns[n] = (gint64) MIN (self->now / TICKS_PER_NS, (Ticks) G_MAXINT64);
        }
      n += some;
    }
  while (n > 0 && arrivals_ns[n - 1] >= self->spec.end_ns)
    n--;

  return n;
}

/* Draws the sojourn. A gap that extends beyond the state's end is redrawn in the next state: exponential gaps
 * are memoryless. */
static void
enter_state (WpArrivals *self, guint state)
{
  self->state = state;
  self->state_ends
      = self->now
        + to_ticks (self->spec.sojourns_ns[state] * TICKS_PER_NS * wp_random_exponential (&self->random));
}

static gsize
draw_mmpp (WpArrivals *self, gint64 *arrivals_ns, gsize most)
{
  Ticks end = (Ticks) self->spec.end_ns * TICKS_PER_NS;
  gsize n = 0;

  while (n < most && self->now < end)
    {
      double rate = self->spec.rates[self->state];
      Ticks next
          = rate > 0 ? self->now + to_ticks (ticks_per_arrival (rate) * wp_random_exponential (&self->random))
                     : end;

      if (next >= self->state_ends)
        {
          guint other = (guint) wp_random_below (&self->random, self->spec.n_rates - 1);

          self->now = self->state_ends;
          enter_state (self, other + (other >= self->state));
          continue;
        }
      self->now = next;
      if (next < end)
        arrivals_ns[n++] = (gint64) (next / TICKS_PER_NS);
    }

  return n;
}

/* Draws candidates at the highest rate and keeps each with probability rate (t) / highest rate.
 * Source: Lewis and Shedler, Simulation of nonhomogeneous Poisson processes by thinning, Naval Research
 * Logistics 26 (1979). */
static gsize
draw_diurnal (WpArrivals *self, gint64 *arrivals_ns, gsize most)
{
  double mean = ticks_per_arrival (self->spec.rate * (1 + self->spec.amplitude));
  Ticks end = (Ticks) self->spec.end_ns * TICKS_PER_NS;
  gsize n = 0;

  while (n < most && self->now < end)
    {
      gint64 now_ns;
      double wave;

      self->now += to_ticks (mean * wp_random_exponential (&self->random));
      now_ns = self->now < end ? (gint64) (self->now / TICKS_PER_NS) : self->spec.end_ns;
      wave
          = 1
            + self->spec.amplitude
                  * sin (2 * G_PI * (double) (now_ns % self->spec.period_ns) / (double) self->spec.period_ns);
      if (wp_random_uniform (&self->random) * (1 + self->spec.amplitude) < wave && self->now < end)
        arrivals_ns[n++] = now_ns;
    }

  return n;
}

/* In the order of WpArrivalsKind. */
static gsize (*const draws[]) (WpArrivals *self, gint64 *arrivals_ns, gsize most)
    = { draw_constant, draw_poisson, draw_mmpp, draw_diurnal };

WpArrivals *
wp_arrivals_new (const char *spec, guint64 seed, gboolean endless, GError **error)
{
  g_autoptr (WpArrivals) self = g_new0 (WpArrivals, 1);

  if (!wp_arrivals_spec_parse (&self->spec, spec, endless, error))
    return NULL;
  wp_arrivals_reseed (self, seed);

  return g_steal_pointer (&self);
}

void
wp_arrivals_free (WpArrivals *self)
{
  g_free (self);
}

/* A ramp is drawn at its mean rate, and each arrival is moved to where as many have come at the rate that
 * changes: from t + (to - from) / end t^2 / 2 = mean * @ns, solved for t without a difference of near
 * numbers. Source: inversion of the rate's integral, Cinlar, Introduction to Stochastic Processes (1975). */
static gint64
warp (const WpArrivalsSpec *spec, gint64 ns)
{
  double end_s = (double) spec->end_ns / (double) WP_NS_PER_S;
  double growth = (spec->rate_to - spec->rate_from) / end_s;
  double n = spec->rate * ((double) ns / (double) WP_NS_PER_S);
  double root = sqrt (MAX (spec->rate_from * spec->rate_from + 2 * growth * n, 0));

  return (gint64) (2 * n / (spec->rate_from + root) * (double) WP_NS_PER_S);
}

static void
bend (const WpArrivals *self, gint64 *arrivals_ns, gsize n)
{
  gint64 last_ns = self->last_ns;

  for (gsize i = 0; i < n; i++) /* in order, and before the end, however it is rounded */
    arrivals_ns[i] = last_ns = CLAMP (warp (&self->spec, arrivals_ns[i]), last_ns, self->spec.end_ns - 1);
}

gsize
wp_arrivals_next (WpArrivals *self, gint64 *arrivals_ns, gsize most)
{
  gsize wanted = (gsize) MIN (most, self->spec.n_most - self->n_drawn);
  gsize n = self->over ? 0 : draws[self->spec.kind](self, arrivals_ns, wanted);

  if (n < most && !self->over)
    {
      self->over = TRUE;
      if (n < wanted && self->spec.end_ns == G_MAXINT64)
        arrivals_ns[n++] = G_MAXINT64; /* an overflow, not the requested end: the reader reports an error */
    }
  self->n_drawn += n;
  if (self->spec.rate_from > 0)
    bend (self, arrivals_ns, n);
  if (n > 0)
    self->last_ns = arrivals_ns[n - 1];

  return n;
}

/* All states are entered equally often, so the share of time in a state is proportional to its mean sojourn.
 */
static void
enter_first_state (WpArrivals *self)
{
  double total = 0, at;
  guint state = 0;

  for (guint i = 0; i < self->spec.n_sojourns; i++)
    total += self->spec.sojourns_ns[i];
  at = wp_random_uniform (&self->random) * total;
  for (; state + 1 < self->spec.n_sojourns && at >= self->spec.sojourns_ns[state]; state++)
    at -= self->spec.sojourns_ns[state];
  enter_state (self, state);
}

void
wp_arrivals_restart (WpArrivals *self)
{
  wp_random_init (&self->random, self->seed, WP_ARRIVAL_STREAM);
  self->now = 0;
  self->n_drawn = 0;
  self->over = FALSE;
  self->last_ns = 0;
  if (self->spec.n_rates > 0)
    enter_first_state (self);
}

void
wp_arrivals_reseed (WpArrivals *self, guint64 seed)
{
  self->seed = seed;
  wp_arrivals_restart (self);
}

double
wp_arrivals_progress (const WpArrivals *self)
{
  double by_n = self->spec.has_n ? (double) self->n_drawn / (double) self->spec.n_most : -1;
  double by_time = self->spec.has_duration ? (double) self->last_ns / (double) self->spec.end_ns : -1;

  return MAX (by_n, by_time);
}

double
wp_arrivals_rate (const WpArrivals *self)
{
  return wp_arrivals_spec_rate (&self->spec);
}

gboolean
wp_arrivals_is_poisson (const WpArrivals *self)
{
  return self->spec.kind == WP_ARRIVALS_POISSON && self->spec.rate_from == 0;
}

gboolean
wp_arrivals_is_constant (const WpArrivals *self)
{
  return self->spec.kind == WP_ARRIVALS_CONSTANT && self->spec.rate_from == 0;
}
