#include "runtime/forecast/wp-traffic-window.h"

#include <math.h>
#include <string.h>

#include "runtime/forecast/wp-score.h"
#include "sim/base/wp-time.h"

#define MOST_SAMPLES     20000
#define LEAST_SAMPLES    100  /* older ones are taken until there are so many */
#define OBSERVATIONS     1024 /* of 15 minutes */
#define AHEAD_S          10
#define BLOCKS           10 /* of services: their means show a drift, which the spread of single ones hides */
#define GROWTH_BLOCKS    12 /* of the rate, each so long: */
#define SHORTEST_BLOCK_S 2.5
#define LONGEST_BLOCK_S  5
#define GROWTH_SIGMAS    4
#define STEP_PART        0.5 /* a step that leaves less of the residues is no growth */
#define LEAST_GROWTH     0.1 /* of the rate, in the time of all blocks */

static const guint windows_s[] = { 10, 30, 100, 300 }; /* the first is the measure of what came true */

#define N_WINDOWS    G_N_ELEMENTS (windows_s)
#define FIRST_CHOICE 1 /* before any has come true */

typedef struct {
  double service_ns; /* mean */
  guint n;           /* samples that it is of */
} Services;

struct _WpTrafficWindow {
  WpTrafficMark observations[OBSERVATIONS];
  guint64 n_observations; /* so far; the latest is at (n - 1) % OBSERVATIONS */
  gint64 gaps_ns[MOST_SAMPLES], services_ns[MOST_SAMPLES];
  guint n_samples;
  Services services[N_WINDOWS];
  WpScore scores[N_WINDOWS];
  guint choice;
};

WpTrafficWindow *
wp_traffic_window_new (void)
{
  WpTrafficWindow *self = g_new0 (WpTrafficWindow, 1);

  self->choice = FIRST_CHOICE;
  return self;
}

void
wp_traffic_window_free (WpTrafficWindow *self)
{
  g_free (self);
}

/* @back: 0 for the latest. */
static const WpTrafficMark *
observation (const WpTrafficWindow *self, guint64 back)
{
  return &self->observations[(self->n_observations - 1 - back) % OBSERVATIONS];
}

static guint64
count_observations (const WpTrafficWindow *self)
{
  return MIN (self->n_observations, OBSERVATIONS);
}

/* The latest observation that is @age_s old; the oldest if none is. */
static guint64
find_age (const WpTrafficWindow *self, double age_s)
{
  gint64 before_ns = observation (self, 0)->at_ns - (gint64) (age_s * WP_NS_PER_S);
  guint64 back = 0, oldest = count_observations (self) - 1;

  while (back < oldest && observation (self, back)->at_ns > before_ns)
    back++;
  return back;
}

static double
span_between (const WpTrafficMark *from, const WpTrafficMark *until)
{
  return (double) (until->at_ns - from->at_ns) / WP_NS_PER_S;
}

static double
rate_between (const WpTrafficMark *from, const WpTrafficMark *until)
{
  double span_s = span_between (from, until);

  return span_s > 0 ? (double) (until->arrived - from->arrived) / span_s : 0;
}

const WpTrafficMark *
wp_traffic_window_begin (const WpTrafficWindow *self)
{
  guint64 back = find_age (self, WP_SAMPLE_RING_SPAN_S), arrived = observation (self, 0)->arrived,
          fresh = back > 0 ? arrived - observation (self, 1)->arrived : 0;

  while (back > 0 && arrived + fresh - observation (self, back)->arrived > WP_SAMPLE_RING_REQUESTS)
    back--;
  return observation (self, back);
}

/* Notes the mean service for each window that ends before @arrival_ns. Returns: windows that are done. */
static guint
close_windows (WpTrafficWindow *self, guint n_closed, gint64 now_ns, gint64 arrival_ns, double sum_ns)
{
  while (n_closed < N_WINDOWS && self->n_samples >= LEAST_SAMPLES
         && arrival_ns < now_ns - windows_s[n_closed] * WP_NS_PER_S)
    self->services[n_closed++] = (Services){ sum_ns / self->n_samples, self->n_samples };
  return n_closed;
}

static void
collect_samples (WpTrafficWindow *self, const WpSampleRing *ring)
{
  guint64 first = wp_traffic_window_begin (self)->arrived, arrived = observation (self, 0)->arrived;
  gint64 now_ns = observation (self, 0)->at_ns, later_ns = now_ns;
  double sum_ns = 0;
  guint n_closed = 0;
  WpSample sample;

  self->n_samples = 0;
  for (guint64 seq = arrived; seq-- > first && self->n_samples < MOST_SAMPLES && n_closed < N_WINDOWS;)
    {
      if (!wp_sample_ring_get (ring, seq, now_ns, &sample) || sample.service_ns == WP_TIME_NONE)
        continue;
      n_closed = close_windows (self, n_closed, now_ns, sample.arrival_ns, sum_ns);
      self->gaps_ns[self->n_samples] = MAX (0, later_ns - sample.arrival_ns);
      self->services_ns[self->n_samples++] = sample.service_ns;
      later_ns = sample.arrival_ns;
      sum_ns += (double) sample.service_ns;
    }
  for (; n_closed < N_WINDOWS; n_closed++)
    self->services[n_closed]
        = (Services){ self->n_samples > 0 ? sum_ns / self->n_samples : 0, self->n_samples };
}

/* In erlangs. */
static double
work_of (const WpTrafficWindow *self, guint window)
{
  const WpTrafficMark *from = observation (self, find_age (self, windows_s[window]));

  return rate_between (from, observation (self, 0)) * self->services[window].service_ns / WP_NS_PER_S;
}

static void
choose_window (WpTrafficWindow *self, gint64 now_ns)
{
  double actual = work_of (self, 0), least = INFINITY;

  for (guint i = 0; i < N_WINDOWS; i++)
    {
      double work = work_of (self, i), error;

      wp_score_observe (&self->scores[i], now_ns, actual);
      wp_score_predict (&self->scores[i], now_ns + AHEAD_S * WP_NS_PER_S, work, actual);
      error = wp_score_error (&self->scores[i]);
      if (error < least)
        {
          least = error;
          self->choice = i;
        }
    }
}

void
wp_traffic_window_observe (WpTrafficWindow *self, const WpTrafficMark *mark, const WpSampleRing *ring)
{
  self->observations[self->n_observations++ % OBSERVATIONS] = *mark;
  collect_samples (self, ring);
  choose_window (self, mark->at_ns);
}

/* The standard error of the mean rate, as a share: that of the observations' own rates, and not less than a
 * Poisson process has. */
static double
rate_error (const WpTrafficWindow *self, guint64 back, double rate, double requests)
{
  double sum = 0, poisson = 1 / sqrt (MAX (requests, 1));

  if (back < 5 || rate <= 0)
    return MAX (poisson, 0.25);
  for (guint64 i = 0; i < back; i++)
    sum += pow (rate_between (observation (self, i + 1), observation (self, i)) - rate, 2);
  return MAX (poisson, sqrt (sum / (double) (back * (back - 1))) / rate);
}

static double
service_error (const WpTrafficWindow *self, guint n, double mean_ns)
{
  guint each = n / BLOCKS;
  double sum = 0;

  if (each < 2 || mean_ns <= 0)
    return 0.25;
  for (guint block = 0; block < BLOCKS; block++)
    {
      double of_block = 0;

      for (guint i = block * each; i < (block + 1) * each; i++)
        of_block += (double) self->services_ns[i];
      sum += pow (of_block / each - mean_ns, 2);
    }
  return sqrt (sum / (BLOCKS * (BLOCKS - 1))) / mean_ns;
}

/* Requests that had arrived @age_s ago, between two observations by proportion. */
static double
arrived_at (const WpTrafficWindow *self, double age_s)
{
  guint64 back = find_age (self, age_s);
  const WpTrafficMark *before = observation (self, back),
                      *after = observation (self, back > 0 ? back - 1 : 0);
  double past_s = span_between (before, observation (self, 0)) - age_s;

  return (double) before->arrived + MAX (0, past_s) * rate_between (before, after);
}

/* The rates of the last blocks, oldest first. Returns: the length of each; 0: too few observations */
static double
read_blocks (const WpTrafficWindow *self, double rates[GROWTH_BLOCKS])
{
  double span_s = span_between (observation (self, count_observations (self) - 1), observation (self, 0)),
         block_s = MIN (span_s / GROWTH_BLOCKS, LONGEST_BLOCK_S);

  if (block_s < SHORTEST_BLOCK_S)
    return 0;
  for (guint i = 0; i < GROWTH_BLOCKS; i++)
    {
      double age_s = (GROWTH_BLOCKS - i) * block_s;

      rates[i] = (arrived_at (self, age_s - block_s) - arrived_at (self, age_s)) / block_s;
    }
  return block_s;
}

/* The squares that are left of the rates if they went from one level to another at once, at the best moment.
 */
static double
residues_of_step (const double rates[GROWTH_BLOCKS])
{
  double least = INFINITY;

  for (guint n = 1; n < GROWTH_BLOCKS; n++)
    {
      double sums[2] = { 0, 0 }, squares = 0;

      for (guint i = 0; i < GROWTH_BLOCKS; i++)
        {
          sums[i >= n] += rates[i];
          squares += rates[i] * rates[i];
        }
      least = MIN (least, squares - sums[0] * sums[0] / n - sums[1] * sums[1] / (GROWTH_BLOCKS - n));
    }
  return least;
}

/* The slope of a straight line through the rates of the last blocks, if it is significant; else 0. @now:
 * (out): its end */
static double
find_growth (const WpTrafficWindow *self, double *now)
{
  double rates[GROWTH_BLOCKS], mean = 0, slope = 0, squares = 0, residues = 0,
                               middle = (GROWTH_BLOCKS - 1) / 2.0, block_s = read_blocks (self, rates),
                               growth;

  if (block_s == 0)
    return 0;
  for (guint i = 0; i < GROWTH_BLOCKS; i++)
    {
      mean += rates[i] / GROWTH_BLOCKS;
      slope += (i - middle) * rates[i];
      squares += (i - middle) * (i - middle);
    }
  slope /= squares;
  for (guint i = 0; i < GROWTH_BLOCKS; i++)
    residues += pow (rates[i] - mean - slope * (i - middle), 2);
  growth = slope * GROWTH_BLOCKS;
  *now = mean + growth / 2;
  if (growth < LEAST_GROWTH * mean || slope < GROWTH_SIGMAS * sqrt (residues / (GROWTH_BLOCKS - 2) / squares)
      || residues_of_step (rates) < STEP_PART * residues)
    return 0;

  return slope / block_s;
}

void
wp_traffic_window_get_load (const WpTrafficWindow *self, WpOfferedLoad *load)
{
  const Services *services = &self->services[self->choice];
  guint64 back = find_age (self, windows_s[self->choice]);
  const WpTrafficMark *from = observation (self, back), *now = observation (self, 0);
  double rate_now;

  *load = (WpOfferedLoad){
    .span_s = span_between (from, now),
    .requests = now->arrived - from->arrived,
    .rate = rate_between (from, now),
    .service_s = services->service_ns / WP_NS_PER_S,
    .service_error = service_error (self, services->n, services->service_ns),
  };
  load->rate_error = rate_error (self, back, load->rate, (double) load->requests);
  load->growth = find_growth (self, &rate_now);
  if (load->growth > 0)
    load->rate = rate_now;
}

guint
wp_traffic_window_get_samples (const WpTrafficWindow *self, const gint64 **gaps_ns,
                               const gint64 **services_ns)
{
  *gaps_ns = self->gaps_ns;
  *services_ns = self->services_ns;

  return self->services[self->choice].n;
}
