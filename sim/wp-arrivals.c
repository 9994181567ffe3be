#include "sim/wp-arrivals.h"

#include <math.h>
#include <string.h>

#include "sim/wp-error.h"
#include "sim/wp-options.h"
#include "sim/wp-random-inline.h"
#include "sim/wp-service.h"

#define MOST_STATES 16

/* The clock counts in 1/1024 ns, so that gaps of a few ns keep their mean. */
#define TICKS_PER_NS 1024

__extension__ typedef unsigned __int128 Ticks;

typedef enum {
  KEY_RATE = 1 << 0, KEY_RATES = 1 << 1, KEY_SOJOURNS = 1 << 2, KEY_AMPLITUDE = 1 << 3, KEY_PERIOD = 1 << 4,
  KEY_DURATION = 1 << 5, KEY_N = 1 << 6
} Key;

typedef struct {
  const char *name;
  guint needed;            /* keys, beside duration and n */
  gsize (*draw) (WpArrivals *self, gint64 *arrivals_ns, gsize most);   /* up to @end_ns */
} Kind;

struct _WpArrivals {
  const Kind *kind;
  guint given;
  double rate;             /* a second */
  double rates[MOST_STATES], sojourns_ns[MOST_STATES];
  guint n_rates, n_sojourns;
  double amplitude;
  gint64 period_ns, end_ns;
  guint64 n_most;

  guint64 seed;
  WpRandom random;
  Ticks now;               /* the last arrival, or candidate for one */
  guint64 n_drawn;
  gboolean over;
  gint64 last_ns;
  guint state;             /* of an MMPP, until @state_ends */
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

/* Exact: the k-th is rounded from k / rate, and no error adds up. */
static gsize
draw_constant (WpArrivals *self, gint64 *arrivals_ns, gsize most)
{
  long double gap_ns = (long double) WP_NS_PER_S / self->rate;
  gsize n = 0;

  for (; n < most; n++)
    {
      long double ns = gap_ns * (self->n_drawn + n);

      if (ns + 0.5L >= self->end_ns)
        break;
      arrivals_ns[n] = (gint64) (ns + 0.5L);
    }

  return n;
}

/* Every gap is under 2^53 ticks (three months): many of them add up in 64 bits. */
#define GAP_TICKS_MOST 0x1p53
#define GAPS_MOST 512

/* The first @n gaps after the last arrival. FALSE: one of them is too long for this; nothing has been drawn. */
static gboolean
add_gaps (WpArrivals *self, gint64 *arrivals_ns, gsize n)
{
  double mean = ticks_per_arrival (self->rate), longest = 0;
  guint64 ticks = (guint64) (self->now % TICKS_PER_NS);
  gint64 base_ns = (gint64) (self->now / TICKS_PER_NS);
  WpRandom random = self->random;   /* a copy, so that it stays in registers */

  for (gsize i = 0; i < n; i++)
    {
      double gap = mean * wp_random_exponential_inline (&random);

      longest = MAX (longest, gap);
      ticks += (guint64) (gint64) (gap + 0.5);
      arrivals_ns[i] = base_ns + (gint64) (ticks / TICKS_PER_NS);
    }
  if (!(longest < GAP_TICKS_MOST))
    return FALSE;
  self->random = random;
  self->now += ticks - (guint64) (self->now % TICKS_PER_NS);

  return TRUE;
}

static gsize
draw_poisson (WpArrivals *self, gint64 *arrivals_ns, gsize most)
{
  double mean = ticks_per_arrival (self->rate);
  Ticks end = (Ticks) self->end_ns * TICKS_PER_NS;
  gsize n = 0;

  while (n < most && self->now < end)
    {
      gsize some = MIN (most - n, GAPS_MOST);

      if (!add_gaps (self, arrivals_ns + n, some))
        {
          some = 1;
          self->now += to_ticks (mean * wp_random_exponential_inline (&self->random));
          arrivals_ns[n] = (gint64) MIN (self->now / TICKS_PER_NS, (Ticks) G_MAXINT64);
        }
      n += some;
    }
  while (n > 0 && arrivals_ns[n - 1] >= self->end_ns)
    n--;

  return n;
}

/* How long a state lasts is drawn when it is entered; a gap that does not end in it is drawn anew, for it has no memory. */
static void
enter_state (WpArrivals *self, guint state)
{
  self->state = state;
  self->state_ends = self->now + to_ticks (self->sojourns_ns[state] * TICKS_PER_NS * wp_random_exponential_inline (&self->random));
}

static gsize
draw_mmpp (WpArrivals *self, gint64 *arrivals_ns, gsize most)
{
  Ticks end = (Ticks) self->end_ns * TICKS_PER_NS;
  gsize n = 0;

  while (n < most && self->now < end)
    {
      double rate = self->rates[self->state];
      Ticks next = rate > 0 ? self->now + to_ticks (ticks_per_arrival (rate) * wp_random_exponential_inline (&self->random)) : end;

      if (next >= self->state_ends)
        {
          guint other = (guint) wp_random_below (&self->random, self->n_rates - 1);

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

/* Candidates at the highest rate, each kept with the share of it that the rate is then.
 * Source: Lewis and Shedler, Simulation of nonhomogeneous Poisson processes by thinning, Naval Research Logistics 26 (1979). */
static gsize
draw_diurnal (WpArrivals *self, gint64 *arrivals_ns, gsize most)
{
  double mean = ticks_per_arrival (self->rate * (1 + self->amplitude));
  Ticks end = (Ticks) self->end_ns * TICKS_PER_NS;
  gsize n = 0;

  while (n < most && self->now < end)
    {
      gint64 now_ns;
      double wave;

      self->now += to_ticks (mean * wp_random_exponential_inline (&self->random));
      now_ns = self->now < end ? (gint64) (self->now / TICKS_PER_NS) : self->end_ns;
      wave = 1 + self->amplitude * sin (2 * G_PI * (double) (now_ns % self->period_ns) / (double) self->period_ns);
      if (wp_random_uniform (&self->random) * (1 + self->amplitude) < wave && self->now < end)
        arrivals_ns[n++] = now_ns;
    }

  return n;
}

static const Kind kinds[] = {
  { "constant", KEY_RATE, draw_constant },
  { "poisson", KEY_RATE, draw_poisson },
  { "mmpp", KEY_RATES | KEY_SOJOURNS, draw_mmpp },
  { "diurnal", KEY_RATE | KEY_AMPLITUDE | KEY_PERIOD, draw_diurnal },
};

static gboolean
parse_rate (const char *value, double *rate, GError **error)
{
  if (!wp_options_parse_positive (value, rate, error))
    return FALSE;
  if (*rate <= WP_NS_PER_S)
    return TRUE;
  g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "\"%s\" is more than one request a nanosecond", value);

  return FALSE;
}

static gboolean
set_rate (WpArrivals *self, const char *value, GError **error)
{
  return parse_rate (value, &self->rate, error);
}

static gboolean
fail_states (const char *value, GError **error)
{
  g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "\"%s\" is not a list of 2 to %d states, such as A:B", value, MOST_STATES);

  return FALSE;
}

/* A rate of 0 is a state in which nothing arrives. */
static gboolean
set_rates (WpArrivals *self, const char *value, GError **error)
{
  g_auto(GStrv) parts = g_strsplit (value, ":", -1);

  self->n_rates = g_strv_length (parts);
  if (self->n_rates < 2 || self->n_rates > MOST_STATES)
    return fail_states (value, error);
  for (guint i = 0; i < self->n_rates; i++)
    if (!g_str_equal (parts[i], "0") && !parse_rate (parts[i], &self->rates[i], error))
      return FALSE;

  return TRUE;
}

static gboolean
parse_positive_time (const char *value, gint64 *ns, GError **error)
{
  if (!wp_time_parse_duration (value, ns, error))
    return FALSE;
  if (*ns > 0)
    return TRUE;
  g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "\"%s\" is no time above 0", value);

  return FALSE;
}

static gboolean
set_sojourns (WpArrivals *self, const char *value, GError **error)
{
  g_auto(GStrv) parts = g_strsplit (value, ":", -1);
  gint64 ns;

  self->n_sojourns = g_strv_length (parts);
  if (self->n_sojourns < 2 || self->n_sojourns > MOST_STATES)
    return fail_states (value, error);
  for (guint i = 0; i < self->n_sojourns; i++)
    {
      if (!parse_positive_time (parts[i], &ns, error))
        return FALSE;
      self->sojourns_ns[i] = (double) ns;
    }

  return TRUE;
}

static gboolean
set_amplitude (WpArrivals *self, const char *value, GError **error)
{
  if (g_str_equal (value, "0"))
    return TRUE;
  if (!wp_options_parse_positive (value, &self->amplitude, error))
    return FALSE;
  if (self->amplitude <= 1)
    return TRUE;
  g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "\"%s\" is more than 1: the rate would fall below 0", value);

  return FALSE;
}

static gboolean
set_period (WpArrivals *self, const char *value, GError **error)
{
  return parse_positive_time (value, &self->period_ns, error);
}

static gboolean
set_duration (WpArrivals *self, const char *value, GError **error)
{
  return parse_positive_time (value, &self->end_ns, error);
}

static gboolean
set_n (WpArrivals *self, const char *value, GError **error)
{
  return wp_options_parse_uint (value, 1, G_MAXUINT64, &self->n_most, error);
}

static const struct {
  const char *name;
  Key key;
  gboolean (*set) (WpArrivals *self, const char *value, GError **error);
} keys[] = {
  { "rate", KEY_RATE, set_rate },
  { "rates", KEY_RATES, set_rates },
  { "sojourns", KEY_SOJOURNS, set_sojourns },
  { "amplitude", KEY_AMPLITUDE, set_amplitude },
  { "period", KEY_PERIOD, set_period },
  { "duration", KEY_DURATION, set_duration },
  { "n", KEY_N, set_n },
};

static gboolean
fail_key (const WpArrivals *self, const char *name, GError **error)
{
  const char *names[G_N_ELEMENTS (keys) + 1];
  guint n = 0;
  const char *nearest;

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    if ((self->kind->needed | KEY_DURATION | KEY_N) & keys[i].key)
      names[n++] = keys[i].name;
  names[n] = NULL;
  nearest = wp_options_nearest (name, names);
  if (nearest)
    g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "%s has no \"%s\"; did you mean \"%s\"?", self->kind->name, name, nearest);
  else
    g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "%s has no \"%s\"", self->kind->name, name);

  return FALSE;
}

static gboolean
parse_pair (WpArrivals *self, char *pair, GError **error)
{
  char *value = strchr (pair, '=');

  if (!value)
    {
      g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "\"%s\" is not of the form key=value", pair);
      return FALSE;
    }
  *value++ = '\0';
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    if (g_str_equal (pair, keys[i].name) && ((self->kind->needed | KEY_DURATION | KEY_N) & keys[i].key))
      {
        if (self->given & keys[i].key)
          {
            g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "\"%s\" is given twice", pair);
            return FALSE;
          }
        self->given |= keys[i].key;
        if (keys[i].set (self, value, error))
          return TRUE;
        g_prefix_error (error, "%s: ", pair);
        return FALSE;
      }

  return fail_key (self, pair, error);
}

static gboolean
check (const WpArrivals *self, gboolean endless, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    if (self->kind->needed & ~self->given & keys[i].key)
      {
        g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "no \"%s\"", keys[i].name);
        return FALSE;
      }
  if (!endless && !(self->given & (KEY_DURATION | KEY_N)))
    g_set_error_literal (error, WP_ERROR, WP_ERROR_BAD_VALUE, "no end: give \"duration\" or \"n\"");
  else if (self->n_rates != self->n_sojourns)
    g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "%u rates, but %u sojourns", self->n_rates, self->n_sojourns);
  else if (self->kind->draw == draw_mmpp && wp_arrivals_rate (self) == 0)
    g_set_error_literal (error, WP_ERROR, WP_ERROR_BAD_VALUE, "every rate is 0");
  else
    return TRUE;

  return FALSE;
}

static gboolean
parse (WpArrivals *self, const char *spec, gboolean endless, GError **error)
{
  gsize length = strcspn (spec, ":");
  g_auto(GStrv) pairs = g_strsplit (spec[length] ? spec + length + 1 : "", ",", -1);

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (strlen (kinds[i].name) == length && g_ascii_strncasecmp (spec, kinds[i].name, length) == 0)
      self->kind = &kinds[i];
  if (!self->kind)
    {
      g_set_error_literal (error, WP_ERROR, WP_ERROR_BAD_VALUE, "arrivals are constant:, poisson:, mmpp: or diurnal:, such as poisson:rate=100,duration=60s");
      return FALSE;
    }
  for (char **pair = pairs; *pair; pair++)
    if (!parse_pair (self, *pair, error))
      return FALSE;

  return check (self, endless, error);
}

WpArrivals *
wp_arrivals_new (const char *spec, guint64 seed, gboolean endless, GError **error)
{
  g_autoptr(WpArrivals) self = g_new0 (WpArrivals, 1);

  self->end_ns = G_MAXINT64;
  self->n_most = G_MAXUINT64;
  if (!parse (self, spec, endless, error))
    {
      g_prefix_error (error, "\"%s\": ", spec);
      return NULL;
    }
  wp_arrivals_reseed (self, seed);

  return g_steal_pointer (&self);
}

void
wp_arrivals_free (WpArrivals *self)
{
  g_free (self);
}

gsize
wp_arrivals_next (WpArrivals *self, gint64 *arrivals_ns, gsize most)
{
  gsize wanted = (gsize) MIN (most, self->n_most - self->n_drawn);
  gsize n = self->over ? 0 : self->kind->draw (self, arrivals_ns, wanted);

  if (n < most && !self->over)
    {
      self->over = TRUE;
      if (n < wanted && self->end_ns == G_MAXINT64)
        arrivals_ns[n++] = G_MAXINT64;   /* not the end that was asked for: those who read it have an error */
    }
  self->n_drawn += n;
  if (n > 0)
    self->last_ns = arrivals_ns[n - 1];

  return n;
}

/* States are entered alike often, so that the share of time in each is that of its sojourn. */
static void
enter_first_state (WpArrivals *self)
{
  double total = 0, at;
  guint state = 0;

  for (guint i = 0; i < self->n_sojourns; i++)
    total += self->sojourns_ns[i];
  at = wp_random_uniform (&self->random) * total;
  for (; state + 1 < self->n_sojourns && at >= self->sojourns_ns[state]; state++)
    at -= self->sojourns_ns[state];
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
  if (self->n_rates > 0)
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
  double by_n = self->given & KEY_N ? (double) self->n_drawn / (double) self->n_most : -1;
  double by_time = self->given & KEY_DURATION ? (double) self->last_ns / (double) self->end_ns : -1;

  return MAX (by_n, by_time);
}

double
wp_arrivals_rate (const WpArrivals *self)
{
  double requests = 0, total_ns = 0;

  if (self->n_rates == 0)
    return self->rate;
  for (guint i = 0; i < self->n_rates; i++)
    {
      requests += self->rates[i] * self->sojourns_ns[i];
      total_ns += self->sojourns_ns[i];
    }

  return requests / total_ns;
}

gboolean
wp_arrivals_is_poisson (const WpArrivals *self)
{
  return self->kind->draw == draw_poisson;
}

gboolean
wp_arrivals_is_constant (const WpArrivals *self)
{
  return self->kind->draw == draw_constant;
}
