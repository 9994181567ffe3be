#include "sim/model/wp-logged-search.h"

#include <math.h>
#include <stdlib.h>

#include "sim/base/wp-time.h"
#include "sim/model/wp-server-times.h"
#include "sim/stats/wp-random.h"

#define MAX_ROWS      60000 /* more are looked at in windows */
#define WINDOW_ROWS   20000
#define WARM_UP_ROWS  5000 /* before a window, so that its workers are busy with earlier requests */
#define MIN_GROUP     8    /* fewer are too few to decide */
#define NEAR_GAIN     10.0 /* nats: numbers within this range explain the log nearly as well */
#define DITHER_STREAM 77
#define DIGIT_BITS    11
#define MINIMA        3 /* of the coarse search, that are looked at more closely */

/* Shorter services may look constant behind any number of workers. */
#define CONSTANT_STAMPS 10
#define WAITED_ALIKE    0.98 /* of the rows that waited: as much as shows a constant service */
#define OTHERS_ALIKE    0.9  /* of those that did not, but the first after the log was cut */

/* By value; least significant digits first. The sorted keys may end in @spare, with which @keys is
 * exchanged. */
void
wp_logged_sort_keys (WpLoggedKey **keys, WpLoggedKey **spare, guint n)
{
  guint64 used = 0;

  for (guint i = 0; i < n; i++)
    used |= (*keys)[i].value;
  for (guint shift = 0; shift < 64 && used >> shift != 0; shift += DIGIT_BITS)
    {
      guint32 places[(1 << DIGIT_BITS) + 1] = { 0 };
      const guint mask = (1 << DIGIT_BITS) - 1;
      WpLoggedKey *from = *keys, *to = *spare;

      for (guint i = 0; i < n; i++)
        places[(from[i].value >> shift & mask) + 1]++;
      for (guint i = 0; i < mask; i++)
        places[i + 1] += places[i];
      for (guint i = 0; i < n; i++)
        to[places[from[i].value >> shift & mask]++] = from[i];
      *keys = to;
      *spare = from;
    }
}

/* Keys of the rows that are looked at, by @times with their dither. */
static void
sort_times (WpLoggedWindow *self, const gint64 *times)
{
  gint64 least = G_MAXINT64;
  guint n = self->end - self->first;

  for (guint i = self->first; i < self->end; i++)
    least = MIN (least, times[i] + self->dither[i]);
  for (guint i = 0; i < n; i++)
    {
      guint row = self->first + i;

      self->keys[i] = (WpLoggedKey){ (guint64) (times[row] + self->dither[row] - least), row };
    }
  wp_logged_sort_keys (&self->keys, &self->spare, n);
}

void
wp_logged_window_recover (WpLoggedWindow *self, guint workers)
{
  WpServerTimes free_at;

  wp_server_times_init (&free_at, workers);
  for (guint i = 0; i < self->n; i++)
    {
      gint64 start = wp_server_times_next (&free_at, self->arrivals[i]);

      self->services[i] = self->departures[i] - start;
      self->waited[i] = start > self->arrivals[i];
      if (self->services[i] >= 0) /* else the latest departures are unchanged */
        wp_server_times_take (&free_at, start, self->departures[i]);
    }
  wp_server_times_clear (&free_at);
}

/* Of the sorted keys, in nats of ns. */
static double
entropy (const WpLoggedWindow *self, double resolution)
{
  guint n = self->end - self->first, m = MAX (1, (guint) (sqrt (n) / 2));
  double least = resolution * m / n, sum = 0;

  for (guint i = 0; i + m < n; i++)
    sum += log (MAX ((double) (self->keys[i + m].value - self->keys[i].value), least));

  return sum / (n - m) + log ((n + 1.0) / m);
}

/* Do the sorted keys differ by no more than stamps and dither? */
static gboolean
is_constant (const WpLoggedWindow *self, double resolution)
{
  guint n = self->end - self->first, twentieth = n / 20;

  return (double) (self->keys[n - 1 - twentieth].value - self->keys[twentieth].value) <= 3 * resolution
         && (double) self->services[self->keys[n / 2].row] >= CONSTANT_STAMPS * resolution;
}

/* Of the rows that @waited, or of those that did not, the share that takes as long as the median of the
 * sorted keys; -1: too few. The edges count: those before the first wait may be all that did not. */
static double
share_of_median (const WpLoggedWindow *self, guint8 waited, double resolution)
{
  gint64 median = self->services[self->keys[(self->end - self->first) / 2].row];
  guint n = 0, alike = 0;

  for (guint row = 0; row < self->end; row++)
    if (self->waited[row] == waited)
      {
        n++;
        alike += fabs ((double) (self->services[row] - median)) <= 1.5 * resolution;
      }

  return n >= MIN_GROUP ? (double) alike / n : -1;
}

/* What a constant service shows of @point's number of workers, in a window whose keys are sorted. */
static void
look_at_constant (const WpLoggedWindow *self, double resolution, WpLoggedPoint *point)
{
  double waited, others;

  point->is_constant = point->is_constant && is_constant (self, resolution);
  if (!point->is_constant)
    return;
  waited = share_of_median (self, TRUE, resolution);
  others = share_of_median (self, FALSE, resolution);
  point->is_ordered = point->is_ordered && (waited < 0 || waited >= WAITED_ALIKE);
  point->is_shown = point->is_shown || (waited >= WAITED_ALIKE && others >= OTHERS_ALIKE);
}

/* Mann and Whitney's statistic of the sorted keys: are those that waited longer than the others? */
static double
waited_z (const WpLoggedWindow *self)
{
  guint n = self->end - self->first, n_waited = 0;
  double ranks = 0;

  for (guint i = 0; i < n; i++)
    if (self->waited[self->keys[i].row])
      {
        n_waited++;
        ranks += i + 1;
      }
  if (n_waited < MIN_GROUP || n - n_waited < MIN_GROUP)
    return 0;

  return (ranks - n_waited * (n + 1.0) / 2) / sqrt ((double) n_waited * (n - n_waited) * (n + 1.0) / 12);
}

WpLoggedPoint
wp_logged_search_measure (WpLoggedSearch *self, guint workers)
{
  WpLoggedPoint point = { workers, 0, 0, { 0 }, TRUE, TRUE, FALSE };

  for (guint i = 0; i < self->points->len; i++)
    if (g_array_index (self->points, WpLoggedPoint, i).workers == workers)
      return g_array_index (self->points, WpLoggedPoint, i);
  for (guint i = 0; i < self->n_windows; i++)
    {
      WpLoggedWindow *window = &self->windows[i];
      double z;

      wp_logged_window_recover (window, workers);
      sort_times (window, window->services);
      look_at_constant (window, self->resolution, &point);
      z = waited_z (window);
      point.scores[i] = (window->end - window->first) * entropy (window, self->resolution) + z * z / 2;
      point.score += point.scores[i];
      point.z += z;
    }
  point.is_ordered = point.is_ordered && point.is_constant;
  point.is_shown = point.is_shown && point.is_ordered;
  g_array_append_val (self->points, point);

  return point;
}

/* The least number at which those that waited are not shorter than the others. */
static guint
zero_crossing (WpLoggedSearch *self)
{
  guint low = 1, high = self->peak;

  while (low < high)
    {
      guint middle = low + (high - low) / 2;

      if (wp_logged_search_measure (self, middle).z < 0)
        low = middle + 1;
      else
        high = middle;
    }

  return low;
}

static WpLoggedPoint
best_point (const WpLoggedSearch *self)
{
  WpLoggedPoint best = g_array_index (self->points, WpLoggedPoint, 0);

  for (guint i = 1; i < self->points->len; i++)
    {
      WpLoggedPoint point = g_array_index (self->points, WpLoggedPoint, i);

      if (point.is_shown != best.is_shown
              ? point.is_shown
              : point.score < best.score || (!(best.score < point.score) && point.workers < best.workers))
        best = point;
    }

  return best;
}

/* @share of @workers to both sides, in steps of a @parts-th of that. */
static void
measure_around (WpLoggedSearch *self, guint workers, double share, guint parts)
{
  guint reach = MAX (2, (guint) lround (share * workers)), step = MAX (1, reach / parts);
  guint from = workers > reach ? workers - reach : 1;

  for (guint i = from; i <= MIN (workers + reach, self->peak); i += step)
    wp_logged_search_measure (self, i);
}

static gint
compare_workers (gconstpointer a, gconstpointer b)
{
  const WpLoggedPoint *left = a, *right = b;

  return (left->workers > right->workers) - (left->workers < right->workers);
}

/* Around the best of the local minima. For a constant service the score falls only near the right number,
 * where no point may have been measured yet, below that of a single worker with the gaps between departures.
 */
static void
measure_around_minima (WpLoggedSearch *self)
{
  g_autoptr (GArray) minima = g_array_new (FALSE, FALSE, sizeof (WpLoggedPoint));

  g_array_sort (self->points, compare_workers);
  for (guint i = 0; i < self->points->len; i++)
    {
      WpLoggedPoint *point = &g_array_index (self->points, WpLoggedPoint, i);
      guint at = 0;

      if ((i > 0 && point[-1].score <= point->score)
          || (i + 1 < self->points->len && point[1].score < point->score))
        continue;
      while (at < minima->len && g_array_index (minima, WpLoggedPoint, at).score <= point->score)
        at++;
      g_array_insert_val (minima, at, *point);
    }
  for (guint i = 0; i < MIN (minima->len, MINIMA); i++)
    measure_around (self, g_array_index (minima, WpLoggedPoint, i).workers, 0.1, 5);
}

/* In overload a service that is always the same is explained as well by a multiple of it behind as many times
 * the workers; how its fraction of a stamp is rounded would decide. */
static gboolean
is_multiple (const WpLoggedPoint *point, guint workers)
{
  return point->is_constant && point->workers > workers && point->workers % workers == 0;
}

/* Does @point explain the log by other means than @best, if at all? */
static gboolean
is_rival (const WpLoggedPoint *point, const WpLoggedPoint *best)
{
  return !is_multiple (point, best->workers) && (point->is_shown || !best->is_shown);
}

/* The fewest workers of which @point has a multiple. */
static WpLoggedPoint
fewest_constant (WpLoggedSearch *self, WpLoggedPoint point)
{
  for (guint k = point.workers; point.is_constant && !point.is_shown && k > 1; k--)
    {
      WpLoggedPoint part;

      if (point.workers % k != 0)
        continue;
      part = wp_logged_search_measure (self, point.workers / k);
      if (part.is_constant)
        return part;
    }

  return point;
}

guint
wp_logged_search_run (WpLoggedSearch *self, guint *low, guint *high, double *gain)
{
  double nobody_waits = wp_logged_search_measure (self, self->peak).score;
  WpLoggedPoint best;

  for (double workers = 1; workers < self->peak; workers = workers < 16 ? workers + 1 : workers * 1.1)
    wp_logged_search_measure (self, (guint) workers);
  measure_around (self, zero_crossing (self), 0.08, 4);
  measure_around_minima (self);
  for (guint workers = best_point (self).workers, k = 2; k <= MIN (workers, WP_LOGGED_MAX_PARTS); k++)
    wp_logged_search_measure (self, (workers + k / 2) / k);
  measure_around (self, best_point (self).workers, 0.02, G_MAXUINT);
  best = fewest_constant (self, best_point (self));
  *low = *high = best.workers;
  *gain = nobody_waits - best.score;
  for (guint i = 0; i < self->points->len; i++)
    {
      WpLoggedPoint point = g_array_index (self->points, WpLoggedPoint, i);

      if (!is_rival (&point, &best))
        continue;
      if (point.score < best.score + NEAR_GAIN)
        {
          *low = MIN (*low, point.workers);
          *high = MAX (*high, point.workers);
        }
    }

  return best.workers;
}

/* The difference up to which two numbers of workers count as the same. */
guint
wp_logged_tolerance (guint workers)
{
  return MAX (1, workers / 10);
}

/* Do all windows that allow a decision agree on this number, or nearly? */
gboolean
wp_logged_search_agrees (WpLoggedSearch *self, guint workers)
{
  WpLoggedPoint best = wp_logged_search_measure (self, workers);

  for (guint i = 0; i < self->n_windows; i++)
    {
      double nobody = 0, near = INFINITY, any = INFINITY;

      for (guint j = 0; j < self->points->len; j++)
        {
          const WpLoggedPoint *point = &g_array_index (self->points, WpLoggedPoint, j);

          if (point->workers == self->peak)
            nobody = point->scores[i];
          if (!is_rival (point, &best))
            continue;
          if ((guint) ABS ((int) point->workers - (int) workers) <= wp_logged_tolerance (workers))
            near = MIN (near, point->scores[i]);
          any = MIN (any, point->scores[i]);
        }
      if (nobody - any >= WP_LOGGED_LEAST_GAIN && near >= any + NEAR_GAIN)
        return FALSE;
    }

  return TRUE;
}

/* Copy of the departures, in order; to be freed. */
gint64 *
wp_logged_window_departures (const WpLoggedWindow *self)
{
  gint64 *sorted = g_memdup2 (self->departures, self->n * sizeof *sorted);

  qsort (sorted, self->n, sizeof *sorted, wp_time_compare);

  return sorted;
}

guint
wp_logged_window_count (WpLoggedWindow *self)
{
  g_autofree gint64 *sorted = wp_logged_window_departures (self);
  g_autofree guint32 *tree = g_new0 (guint32, self->n + 1);
  guint overtaken = 0;

  self->in_system = g_new (guint32, self->n);
  for (guint i = 0, gone = 0, same = 0; i < self->n; i++)
    {
      guint rank = 0, later = i;

      while (gone < i && sorted[gone] <= self->arrivals[i])
        gone++;
      if (self->arrivals[i] > self->arrivals[same])
        same = i;
      self->in_system[i] = MAX (same, gone) - gone;
      self->peak = MAX (self->peak, i - gone + 1);
      for (guint end = self->n; rank < end;)
        if (sorted[(rank + end) / 2] <= self->departures[i])
          rank = (rank + end) / 2 + 1;
        else
          end = (rank + end) / 2;
      for (guint at = rank; at > 0; at -= at & -at)
        later -= tree[at];
      for (guint at = rank; at <= self->n; at += at & -at)
        tree[at]++;
      overtaken = MAX (overtaken, later);
    }

  return overtaken;
}

/* @before: so many of the rows are warm-up only. The first and the last rows may come from, or end in, a busy
 * period of which the log does not have all; they are left out. Returns how many workers there are at least.
 */
static guint
window_init (WpLoggedWindow *self, const WpLoggedTimes *log, gsize from, gsize before, gsize n,
             double resolution)
{
  gint64 half = (gint64) (resolution / 2);
  WpRandom random;
  guint least, edge;

  *self = (WpLoggedWindow){ .arrivals = g_new (gint64, before + n),
                            .departures = g_new (gint64, before + n),
                            .dither = g_new (gint64, before + n),
                            .services = g_new (gint64, before + n),
                            .waited = g_new (guint8, before + n),
                            .keys = g_new (WpLoggedKey, before + n),
                            .spare = g_new (WpLoggedKey, before + n) };
  wp_random_init (&random, from, DITHER_STREAM);
  for (gsize i = from - before; i < from + n; i++)
    if (log->responses_ns[i] != WP_TIME_NONE)
      {
        self->first += i < from;
        self->arrivals[self->n] = log->arrivals_ns[i];
        self->departures[self->n] = log->arrivals_ns[i] + log->responses_ns[i];
        self->dither[self->n++] = (gint64) wp_random_below (&random, 2 * (guint64) half) - half;
      }
  least = wp_logged_window_count (self) + 1;
  edge = 3 * least;
  edge = MIN (edge, (self->n - self->first) / 20);
  self->first += edge;
  self->end = self->n - edge;

  return least;
}

static void
window_clear (WpLoggedWindow *self)
{
  g_free (self->arrivals);
  g_free (self->departures);
  g_free (self->dither);
  g_free (self->in_system);
  g_free (self->services);
  g_free (self->waited);
  g_free (self->keys);
  g_free (self->spare);
}

/* Where the WINDOW_ROWS of @from up to @end begin that have most requests in the system, by Little's law. */
static gsize
busiest (const WpLoggedTimes *log, gsize from, gsize end)
{
  const gsize step = WINDOW_ROWS / 4;
  gsize best = from;
  double most = -1;

  for (gsize at = from; at + WINDOW_ROWS <= end; at += step)
    {
      double in_system = 0,
             time = (double) (log->arrivals_ns[at + WINDOW_ROWS - 1] - log->arrivals_ns[at] + 1);

      for (gsize i = at; i < at + WINDOW_ROWS; i++)
        if (log->responses_ns[i] != WP_TIME_NONE)
          in_system += (double) log->responses_ns[i];
      if (in_system / time > most)
        {
          most = in_system / time;
          best = at;
        }
    }

  return best;
}

void
wp_logged_search_init (WpLoggedSearch *self, const WpLoggedTimes *log, double resolution)
{
  *self = (WpLoggedSearch){ .resolution = resolution,
                            .points = g_array_new (FALSE, FALSE, sizeof (WpLoggedPoint)) };
  if (log->n <= MAX_ROWS)
    self->least = window_init (&self->windows[self->n_windows++], log, 0, 0, log->n, resolution);
  else
    for (gsize i = 0; i < WP_LOGGED_WINDOWS; i++)
      {
        gsize from = busiest (log, log->n / WP_LOGGED_WINDOWS * i, log->n / WP_LOGGED_WINDOWS * (i + 1));

        guint least = window_init (&self->windows[self->n_windows++], log, from, MIN (from, WARM_UP_ROWS),
                                   WINDOW_ROWS, resolution);

        self->least = MAX (self->least, least);
      }
  for (guint i = 0; i < self->n_windows; i++)
    self->peak = MAX (self->peak, self->windows[i].peak);
}

void
wp_logged_search_clear (WpLoggedSearch *self)
{
  for (guint i = 0; i < self->n_windows; i++)
    window_clear (&self->windows[i]);
  g_clear_pointer (&self->points, g_array_unref);
}
