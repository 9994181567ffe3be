#include "sim/model/wp-logged-sample.h"

#include <math.h>
#include <stdlib.h>

#include "sim/base/wp-time.h"

#define MIN_GROUP   8    /* fewer are too few to decide */
#define MAX_E       0.03 /* of a mean rank, where its z is over MAX_Z */
#define MAX_Z       3.5
#define MAX_D       0.05 /* of a distribution, where its lambda is over MAX_LAMBDA */
#define MAX_LAMBDA  2.5
#define MAX_R       0.3  /* of ranks' correlation */
#define MAX_SHORTER 0.08 /* of a mean rank, too */
#define BLOCK_ROWS  100

static int
compare_counts (const void *a, const void *b)
{
  guint32 left = *(const guint32 *) a, right = *(const guint32 *) b;

  return (left > right) - (left < right);
}

void
wp_logged_sample_clear (WpLoggedSample *self)
{
  g_free (self->ranks);
  g_free (self->in_system);
  g_free (self->waited);
  g_free (self->gaps);
}

guint
wp_logged_window_edge (const WpLoggedWindow *self)
{
  return MIN (3 * (self->peak + 1), (self->end - self->first) / 20);
}

static void
put_waited (WpLoggedSample *self, const WpLoggedSearch *search)
{
  guint at = 0;

  for (guint i = 0; i < search->n_windows; i++)
    {
      const WpLoggedWindow *window = &search->windows[i];
      guint edge = wp_logged_window_edge (window);

      for (guint row = window->first + edge, end; row < window->end - edge; row = end)
        {
          gboolean some = FALSE;

          for (end = row + 1; end < window->end - edge && window->arrivals[end] == window->arrivals[row];
               end++)
            some = some || window->waited[end] != window->waited[row];
          for (guint j = row; j < end; j++)
            {
              self->gaps[at]
                  = end == row + 1 && row > 0 ? window->arrivals[row] - window->arrivals[row - 1] : -1;
              self->waited[at++] = some                  ? WP_LOGGED_WAITED_SOME
                                   : window->waited[row] ? WP_LOGGED_WAITED
                                                         : WP_LOGGED_WAITED_NOT;
            }
        }
    }
}

void
wp_logged_sample_init (WpLoggedSample *self, const WpLoggedSearch *search, gboolean services, gint64 dither)
{
  g_autofree WpLoggedKey *keys = NULL, *spare = NULL;

  *self = (WpLoggedSample){ 0 };
  for (guint i = 0; i < search->n_windows; i++)
    self->n += search->windows[i].end - search->windows[i].first
               - 2 * wp_logged_window_edge (&search->windows[i]);
  self->ranks = g_new (double, self->n);
  self->in_system = g_new (guint32, self->n);
  self->waited = g_new (guint8, self->n);
  self->gaps = g_new (gint64, self->n);
  keys = g_new (WpLoggedKey, self->n);
  spare = g_new (WpLoggedKey, self->n);
  self->n = 0;
  for (guint i = 0; i < search->n_windows; i++)
    for (guint edge = wp_logged_window_edge (&search->windows[i]), row = search->windows[i].first + edge;
         row < search->windows[i].end - edge; row++)
      {
        const WpLoggedWindow *window = &search->windows[i];
        gint64 time = services ? window->services[row] : window->departures[row] - window->arrivals[row];

        self->mean += (double) time;
        self->in_system[self->n] = window->in_system[row];
        keys[self->n]
            = (WpLoggedKey){ (guint64) (time + dither * window->dither[row]) ^ G_GUINT64_CONSTANT (1) << 63,
                             self->n };
        self->n++;
      }
  self->mean /= self->n;
  put_waited (self, search);
  wp_logged_sort_keys (&keys, &spare, self->n);
  for (guint i = 0; i < self->n; i++)
    self->ranks[keys[i].row] = (i + 0.5) / self->n;
}

/* The comparison: rows of one set against those of another. */
typedef struct {
  double e, z; /* of the mean ranks: their difference, and that over its standard deviation */
} Difference;

enum { IN_NONE, IN_ONE, IN_OTHER };

static const guint8 by_waiting[]
    = { [WP_LOGGED_WAITED_NOT] = IN_OTHER, [WP_LOGGED_WAITED] = IN_ONE, [WP_LOGGED_WAITED_SOME] = IN_NONE };

static Difference
compare (const WpLoggedSample *self, const guint8 *sets)
{
  double sums[3] = { 0 }, n[3] = { 0 };
  Difference difference = { 0, 0 };

  for (guint i = 0; i < self->n; i++)
    {
      sums[sets[i]] += self->ranks[i];
      n[sets[i]]++;
    }
  if (n[IN_ONE] < MIN_GROUP || n[IN_OTHER] < MIN_GROUP)
    return difference;
  difference.e = sums[IN_ONE] / n[IN_ONE] - sums[IN_OTHER] / n[IN_OTHER];
  difference.z = difference.e / sqrt ((1 / n[IN_ONE] + 1 / n[IN_OTHER]) / 12);

  return difference;
}

/* Of the limits: over 1 if both are passed. */
static double
excess (Difference difference, double most_e, double most_z)
{
  return MIN (fabs (difference.e) / most_e, fabs (difference.z) / most_z);
}

gboolean
wp_logged_sample_is_distributed_alike (const WpLoggedSample *self)
{
  g_autofree guint8 *sets = g_new (guint8, self->n);
  double n[3] = { 0 }, seen[3] = { 0 }, most = 0;

  for (guint i = 0; i < self->n; i++)
    {
      guint8 set = by_waiting[self->waited[i]];

      sets[(guint) (self->ranks[i] * self->n)] = set;
      n[set]++;
    }
  if (n[IN_ONE] < MIN_GROUP || n[IN_OTHER] < MIN_GROUP)
    return TRUE;
  for (guint i = 0; i < self->n; i++)
    {
      seen[sets[i]]++;
      most = MAX (most, fabs (seen[IN_ONE] / n[IN_ONE] - seen[IN_OTHER] / n[IN_OTHER]));
    }

  return most <= MAX_D || most * sqrt (n[IN_ONE] * n[IN_OTHER] / (n[IN_ONE] + n[IN_OTHER])) <= MAX_LAMBDA;
}

guint32
wp_logged_sample_quantile (const WpLoggedSample *self, double share, int waited)
{
  g_autofree guint32 *sorted = g_new (guint32, self->n + 1);
  guint n = 0;

  sorted[0] = 0;
  for (guint i = 0; i < self->n; i++)
    if (waited < 0 || self->waited[i] == waited)
      sorted[n++] = self->in_system[i];
  qsort (sorted, n, sizeof *sorted, compare_counts);

  return sorted[(guint) (share * (n > 0 ? n - 1 : 0))];
}

double
wp_logged_sample_compare_numbers (const WpLoggedSample *self, int waited, double *most)
{
  static const double shares[] = { 0.02, 0.05, 0.10, 0.25, 0.50 };
  g_autofree guint8 *sets = g_new (guint8, self->n);
  guint32 median = wp_logged_sample_quantile (self, 0.5, waited);
  double largest = 0;

  *most = 0;
  for (guint i = 0; i < G_N_ELEMENTS (shares); i++)
    {
      guint32 many = MAX (wp_logged_sample_quantile (self, 1 - shares[i], waited), median + 1);
      Difference difference;

      for (guint j = 0; j < self->n; j++)
        sets[j] = (waited >= 0 && self->waited[j] != waited) ? IN_NONE
                  : self->in_system[j] >= many               ? IN_ONE
                  : self->in_system[j] <= median             ? IN_OTHER
                                                             : IN_NONE;
      difference = compare (self, sets);
      largest = MAX (largest, excess (difference, MAX_E, MAX_Z));
      if (fabs (difference.e) > fabs (*most))
        *most = difference.e;
    }

  return largest;
}

double
wp_logged_sample_compare_waiting (const WpLoggedSample *self)
{
  g_autofree guint8 *sets = g_new (guint8, self->n);
  double most, among_others = wp_logged_sample_compare_numbers (self, 0, &most),
               among_waited = wp_logged_sample_compare_numbers (self, 1, &most);

  for (guint i = 0; i < self->n; i++)
    sets[i] = by_waiting[self->waited[i]];

  return MAX (excess (compare (self, sets), MAX_E, MAX_Z), MAX (among_others, among_waited));
}

double
wp_logged_sample_compare_gaps (const WpLoggedSample *self)
{
  g_autofree guint8 *sets = g_new (guint8, self->n);
  g_autofree gint64 *sorted = g_new (gint64, self->n);
  guint n = 0;

  for (guint i = 0; i < self->n; i++)
    if (self->gaps[i] >= 0)
      sorted[n++] = self->gaps[i];
  qsort (sorted, n, sizeof *sorted, wp_time_compare);
  for (guint i = 0; i < self->n; i++)
    sets[i] = self->gaps[i] < 0 ? IN_NONE : self->gaps[i] > sorted[n / 2] ? IN_ONE : IN_OTHER;

  return excess (compare (self, sets), MAX_E, MAX_Z);
}

gboolean
wp_logged_sample_is_independent_of_earlier (const WpLoggedSample *self, guint from, guint to)
{
  for (guint lag = from; lag <= MIN (to, self->n / 4); lag++)
    {
      double sum = 0;

      for (guint i = lag; i < self->n; i++)
        sum += (self->ranks[i] - 0.5) * (self->ranks[i - lag] - 0.5);
      if (fabs (12 * sum) > MAX_R * (self->n - lag))
        return FALSE;
    }

  return TRUE;
}

gboolean
wp_logged_sample_is_steady (const WpLoggedSample *self)
{
  g_autofree guint8 *sets = g_new (guint8, self->n);

  for (guint quarter = 0; quarter < 4; quarter++)
    {
      guint from = self->n / 4 * quarter, end = quarter == 3 ? self->n : self->n / 4 * (quarter + 1);

      for (guint i = 0; i < self->n; i++)
        sets[i] = i < from || i >= end ? IN_NONE : by_waiting[self->waited[i]];
      if (excess (compare (self, sets), 0.1, MAX_Z) > 1)
        return FALSE;
      for (guint i = 0; i < self->n; i++)
        sets[i] = i >= from && i < end ? IN_ONE : IN_OTHER;
      if (excess (compare (self, sets), 0.1, 9) > 1)
        return FALSE;
    }

  return TRUE;
}

gboolean
wp_logged_sample_has_alike_blocks (const WpLoggedSample *self)
{
  guint n_blocks = self->n / BLOCK_ROWS;
  double between = 0, within = 0, most;

  for (guint block = 0; block < n_blocks; block++)
    {
      double sum = 0, squares = 0;

      for (guint i = block * BLOCK_ROWS; i < (block + 1) * BLOCK_ROWS; i++)
        {
          sum += self->ranks[i] - 0.5;
          squares += (self->ranks[i] - 0.5) * (self->ranks[i] - 0.5);
        }
      between += sum * sum / BLOCK_ROWS / n_blocks;
      within += (squares - sum * sum / BLOCK_ROWS) / (n_blocks * (BLOCK_ROWS - 1.0));
    }

  /* that of blocks whose means differ by MAX_E, as the variance of ranks is 1 / 12, and what is chance */
  most = 12 * MAX_E * MAX_E + MAX_Z * sqrt (2.0 / n_blocks) / BLOCK_ROWS;

  return between - within <= most * (between + (BLOCK_ROWS - 1) * within);
}

void
wp_logged_sample_fold (WpLoggedSample *self)
{
  for (guint i = 0; i < self->n; i++)
    self->ranks[i] = fabs (2 * self->ranks[i] - 1);
}

/* The services of rows before the first that is compared which did not wait, or of compared ones that did.
 * To be freed. */
static gint64 *
collect (const WpLoggedWindow *window, guint8 waited, guint *n)
{
  guint compared = window->first + wp_logged_window_edge (window);
  guint from = waited ? compared : 0, end = waited ? window->end : compared;
  gint64 *services = g_new (gint64, end - from + 1);

  *n = 0;
  for (guint row = from; row < end; row++)
    if (window->waited[row] == waited)
      services[(*n)++] = window->services[row];

  return services;
}

gboolean
wp_logged_search_begins_shorter (const WpLoggedSearch *self)
{
  double ranks = 0, n = 0, e;

  for (guint i = 0; i < self->n_windows; i++)
    {
      guint n_first, n_waited;
      g_autofree gint64 *first = collect (&self->windows[i], FALSE, &n_first);
      g_autofree gint64 *waited = collect (&self->windows[i], TRUE, &n_waited);

      if (n_first < MIN_GROUP || n_waited < MIN_GROUP)
        continue;
      qsort (first, n_first, sizeof *first, wp_time_compare);
      qsort (waited, n_waited, sizeof *waited, wp_time_compare);
      for (guint j = 0, below = 0, to = 0; j < n_first; j++)
        {
          while (below < n_waited && waited[below] < first[j])
            below++;
          while (to < n_waited && waited[to] <= first[j])
            to++;
          ranks += (below + to) / 2.0 / n_waited;
        }
      n += n_first;
    }
  e = n > 0 ? 0.5 - ranks / n : 0;

  return e > MAX_SHORTER && e * sqrt (12 * n) > MAX_Z;
}
