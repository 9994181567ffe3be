#include "sim/model/wp-logged-workers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/wp-time.h"
#include "sim/model/wp-server-times.h"
#include "sim/stats/wp-random.h"

#define MIN_ROWS      1000
#define MOST_ROWS     60000 /* more are looked at in windows */
#define WINDOWS       3
#define WINDOW_ROWS   20000
#define WARM_UP_ROWS  5000 /* before a window, so that its workers are busy with what was there before */
#define MIN_GROUP     8    /* of fewer nothing can be told */
#define NEAR_GAIN     10.0 /* nats: what is within them explains the log nearly as well */
#define LEAST_GAIN    100.0
#define MOST_E        0.03 /* of a mean rank, where its z is over MOST_Z */
#define MOST_Z        3.5
#define LEAST_WAITING 0.005 /* of the response */
#define MOST_PARTS                                                                                           \
  10 /* constant services of all busy workers look alike for k times as many that take k times               \
        as long */
#define DITHER_STREAM 77
#define RANK_DITHER   4 /* that of ranks is wider: what is less than the stamps' width is no difference */
#define DIGIT_BITS    11

/* A value to be sorted, and the row that it is of. */
typedef struct {
  guint64 value;
  guint32 row;
} Key;

/* Rows of the log that follow one another, without those that have no response. */
typedef struct {
  guint n, first, end; /* rows, and those from first on and before end that are looked at */
  gint64 *arrivals, *departures, *dither; /* ns */
  guint32 *in_system;                     /* on arrival, without itself */
  guint peak;                             /* most in the system */
  gint64 *services;                       /* as last recovered */
  guint8 *waited;                         /* then */
  Key *keys, *spare;
} Window;

/* A number of workers, and how well it explains the log. */
typedef struct {
  guint workers;
  double score, z;
  double scores[WINDOWS];
} Point;

typedef struct {
  Window windows[WINDOWS];
  guint n_windows;
  double resolution;
  guint peak;
  GArray *points; /* of Point */
} Search;

/* Of rows with one stamp the order is not known, but for that of their ends: where only some waited, these
 * are the longer ones, and none of them is compared. */
enum { WAITED_NOT, WAITED, WAITED_SOME };

/* All rows that are looked at, of all windows, with one time of each: its ranks. */
typedef struct {
  guint n;
  double *ranks; /* 0 to 1 */
  guint32 *in_system;
  guint8 *waited; /* as WAITED_ */
  gint64 *gaps;   /* from the arrival before, ns; -1 where another has the same stamp */
  double mean;    /* of the times, ns */
} Sample;

const char *
wp_logged_reason_text (WpLoggedReason reason)
{
  static const char *const texts[] = {
    [WP_LOGGED_REASON_NONE] = "",
    [WP_LOGGED_REASON_FEW] = "has fewer than 1,000 requests with a response time",
    [WP_LOGGED_REASON_COARSE] = "has stamps that are too coarse for its times",
    [WP_LOGGED_REASON_NEGATIVE]
    = "has requests that end before a worker can have begun them: it is not first come, "
      "first served, or some never reach the workers (static files)",
    [WP_LOGGED_REASON_RANGE] = "is explained by several numbers of workers",
    [WP_LOGGED_REASON_DEPENDENT]
    = "has services that depend on how busy the server was: processor sharing, several "
      "pools, or not first come, first served",
    [WP_LOGGED_REASON_CHANGED]
    = "changes: the services, or the number of workers, are not the same all over it",
    [WP_LOGGED_REASON_RISING]
    = "has response times that rise with the number of requests in the server, and no number "
      "of workers explains them",
  };

  return texts[reason];
}

/* By value; least significant digits first. What is sorted may end in @spare, with which @keys is exchanged.
 */
static void
sort_keys (Key **keys, Key **spare, guint n)
{
  guint64 used = 0;

  for (guint i = 0; i < n; i++)
    used |= (*keys)[i].value;
  for (guint shift = 0; shift < 64 && used >> shift != 0; shift += DIGIT_BITS)
    {
      guint32 places[(1 << DIGIT_BITS) + 1] = { 0 };
      const guint mask = (1 << DIGIT_BITS) - 1;
      Key *from = *keys, *to = *spare;

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
sort_times (Window *self, const gint64 *times)
{
  gint64 least = G_MAXINT64;
  guint n = self->end - self->first;

  for (guint i = self->first; i < self->end; i++)
    least = MIN (least, times[i] + self->dither[i]);
  for (guint i = 0; i < n; i++)
    {
      guint row = self->first + i;

      self->keys[i] = (Key){ (guint64) (times[row] + self->dither[row] - least), row };
    }
  sort_keys (&self->keys, &self->spare, n);
}

static void
recover (Window *self, guint workers)
{
  WpServerTimes free_at;

  wp_server_times_init (&free_at, workers);
  for (guint i = 0; i < self->n; i++)
    {
      gint64 start = wp_server_times_next (&free_at, self->arrivals[i]);

      self->services[i] = self->departures[i] - start;
      self->waited[i] = start > self->arrivals[i];
      if (self->services[i] >= 0) /* else the latest departures are what they were */
        wp_server_times_take (&free_at, start, self->departures[i]);
    }
  wp_server_times_clear (&free_at);
}

/* Of the sorted keys, in nats of ns. */
static double
entropy (const Window *self, double resolution)
{
  guint n = self->end - self->first, m = MAX (1, (guint) (sqrt (n) / 2));
  double least = resolution * m / n, sum = 0;

  for (guint i = 0; i + m < n; i++)
    sum += log (MAX ((double) (self->keys[i + m].value - self->keys[i].value), least));

  return sum / (n - m) + log ((n + 1.0) / m);
}

/* Mann and Whitney's statistic of the sorted keys: are those that waited longer than the others? */
static double
waited_z (const Window *self)
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

static Point
measure (Search *self, guint workers)
{
  Point point = { workers, 0, 0, { 0 } };

  for (guint i = 0; i < self->points->len; i++)
    if (g_array_index (self->points, Point, i).workers == workers)
      return g_array_index (self->points, Point, i);
  for (guint i = 0; i < self->n_windows; i++)
    {
      Window *window = &self->windows[i];
      double z;

      recover (window, workers);
      sort_times (window, window->services);
      z = waited_z (window);
      point.scores[i] = (window->end - window->first) * entropy (window, self->resolution) + z * z / 2;
      point.score += point.scores[i];
      point.z += z;
    }
  g_array_append_val (self->points, point);

  return point;
}

/* The least number at which those that waited are not shorter than the others. */
static guint
zero_crossing (Search *self)
{
  guint low = 1, high = self->peak;

  while (low < high)
    {
      guint middle = low + (high - low) / 2;

      if (measure (self, middle).z < 0)
        low = middle + 1;
      else
        high = middle;
    }

  return low;
}

static Point
best_point (const Search *self)
{
  Point best = g_array_index (self->points, Point, 0);

  for (guint i = 1; i < self->points->len; i++)
    {
      Point point = g_array_index (self->points, Point, i);

      if (point.score < best.score || (!(best.score < point.score) && point.workers < best.workers))
        best = point;
    }

  return best;
}

/* @share of @workers to both sides, in steps of a @parts-th of that. */
static void
measure_around (Search *self, guint workers, double share, guint parts)
{
  guint reach = MAX (2, (guint) lround (share * workers)), step = MAX (1, reach / parts);
  guint from = workers > reach ? workers - reach : 1;

  for (guint i = from; i <= MIN (workers + reach, self->peak); i += step)
    measure (self, i);
}

static void
search (Search *self, WpLoggedWorkers *found)
{
  double nobody_waits = measure (self, self->peak).score;
  Point best;

  for (double workers = 1; workers < self->peak; workers = workers < 16 ? workers + 1 : workers * 1.1)
    measure (self, (guint) workers);
  measure_around (self, zero_crossing (self), 0.08, 4);
  measure_around (self, best_point (self).workers, 0.1, 5);
  for (guint workers = best_point (self).workers, k = 2; k <= MIN (workers, MOST_PARTS); k++)
    measure (self, (workers + k / 2) / k);
  measure_around (self, best_point (self).workers, 0.02, G_MAXUINT);
  best = best_point (self);
  found->workers = found->low = found->high = best.workers;
  found->gain = nobody_waits - best.score;
  for (guint i = 0; i < self->points->len; i++)
    {
      Point point = g_array_index (self->points, Point, i);

      if (point.score < best.score + NEAR_GAIN)
        {
          found->low = MIN (found->low, point.workers);
          found->high = MAX (found->high, point.workers);
        }
    }
}

/* How far another number may be, and still be called the same. */
static guint
tolerance (guint workers)
{
  return MAX (1, workers / 10);
}

/* Does each window that tells anything tell of this number, or nearly? */
static gboolean
windows_agree (const Search *self, guint workers)
{
  for (guint i = 0; i < self->n_windows; i++)
    {
      double nobody = 0, near = INFINITY, any = INFINITY;

      for (guint j = 0; j < self->points->len; j++)
        {
          const Point *point = &g_array_index (self->points, Point, j);

          if (point->workers == self->peak)
            nobody = point->scores[i];
          if ((guint) ABS ((int) point->workers - (int) workers) <= tolerance (workers))
            near = MIN (near, point->scores[i]);
          any = MIN (any, point->scores[i]);
        }
      if (nobody - any >= LEAST_GAIN && near >= any + NEAR_GAIN)
        return FALSE;
    }

  return TRUE;
}

static int
compare_times (const void *a, const void *b)
{
  gint64 left = *(const gint64 *) a, right = *(const gint64 *) b;

  return (left > right) - (left < right);
}

static int
compare_counts (const void *a, const void *b)
{
  guint32 left = *(const guint32 *) a, right = *(const guint32 *) b;

  return (left > right) - (left < right);
}

/* Copy of the departures, in order; to be freed. */
static gint64 *
sorted_departures (const Window *self)
{
  gint64 *sorted = g_memdup2 (self->departures, self->n * sizeof *sorted);

  qsort (sorted, self->n, sizeof *sorted, compare_times);

  return sorted;
}

/* Counts, for each request, those in the system when it arrives (without those of the same stamp, which stand
 * in the order of their ends, shortest first), and finds the most that one overtook: so many workers, and one
 * more, there are at least. A Fenwick tree over the order of departures. */
static guint
count_in_system (Window *self)
{
  g_autofree gint64 *sorted = sorted_departures (self);
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
 * period of which the log does not have all; they are left out. */
static void
window_init (Window *self, const WpLoggedTimes *log, gsize from, gsize before, gsize n, double resolution)
{
  gint64 half = (gint64) (resolution / 2);
  WpRandom random;
  guint edge;

  *self = (Window){ .arrivals = g_new (gint64, before + n),
                    .departures = g_new (gint64, before + n),
                    .dither = g_new (gint64, before + n),
                    .services = g_new (gint64, before + n),
                    .waited = g_new (guint8, before + n),
                    .keys = g_new (Key, before + n),
                    .spare = g_new (Key, before + n) };
  wp_random_init (&random, from, DITHER_STREAM);
  for (gsize i = from - before; i < from + n; i++)
    if (log->responses_ns[i] != WP_TIME_NONE)
      {
        self->first += i < from;
        self->arrivals[self->n] = log->arrivals_ns[i];
        self->departures[self->n] = log->arrivals_ns[i] + log->responses_ns[i];
        self->dither[self->n++] = (gint64) wp_random_below (&random, 2 * (guint64) half) - half;
      }
  edge = 3 * (count_in_system (self) + 1);
  edge = MIN (edge, (self->n - self->first) / 20);
  self->first += edge;
  self->end = self->n - edge;
}

static void
window_clear (Window *self)
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

static void
search_init (Search *self, const WpLoggedTimes *log, double resolution)
{
  *self = (Search){ .resolution = resolution, .points = g_array_new (FALSE, FALSE, sizeof (Point)) };
  if (log->n <= MOST_ROWS)
    window_init (&self->windows[self->n_windows++], log, 0, 0, log->n, resolution);
  else
    for (gsize i = 0; i < WINDOWS; i++)
      {
        gsize from = busiest (log, log->n / WINDOWS * i, log->n / WINDOWS * (i + 1));

        window_init (&self->windows[self->n_windows++], log, from, MIN (from, WARM_UP_ROWS), WINDOW_ROWS,
                     resolution);
      }
  for (guint i = 0; i < self->n_windows; i++)
    self->peak = MAX (self->peak, self->windows[i].peak);
}

static void
search_clear (Search *self)
{
  for (guint i = 0; i < self->n_windows; i++)
    window_clear (&self->windows[i]);
  g_clear_pointer (&self->points, g_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Search, search_clear)

/* The largest power of ten, from a microsecond (what is below is noise) to a second, of which all are
 * multiples. */
static gint64
coarseness (gint64 unit, gint64 time)
{
  while (unit > WP_NS_PER_US && time % unit != 0)
    unit /= 10;

  return unit;
}

/* FALSE: response times and stamps are of whole seconds. */
static gboolean
find_resolution (const WpLoggedTimes *log, double *resolution)
{
  gint64 arrivals = WP_NS_PER_S, departures = WP_NS_PER_S, responses = WP_NS_PER_S;
  double seconds = (double) (log->arrivals_ns[log->n - 1] - log->arrivals_ns[0]) / WP_NS_PER_S;

  for (gsize i = 0; i < log->n; i++)
    if (log->responses_ns[i] != WP_TIME_NONE)
      {
        arrivals = coarseness (arrivals, log->arrivals_ns[i]);
        responses = coarseness (responses, log->responses_ns[i]);
        departures = coarseness (departures, log->arrivals_ns[i] + log->responses_ns[i]);
      }
  *resolution = log->is_spread ? 0.5 * WP_NS_PER_S / sqrt (MAX (1, (double) log->n / MAX (seconds, 1)))
                               : (double) MAX (MAX (arrivals, departures), responses);

  return responses < WP_NS_PER_S || (!log->is_spread && MAX (arrivals, departures) < WP_NS_PER_S);
}

static gboolean
put_means (const WpLoggedTimes *log, WpLoggedWorkers *found)
{
  gsize n = 0;
  double sum = 0;

  for (gsize i = 0; i < log->n; i++)
    if (log->responses_ns[i] != WP_TIME_NONE)
      {
        n++;
        sum += (double) log->responses_ns[i];
      }
  found->response_mean_ns = n > 0 ? sum / (double) n : 0;

  return n >= MIN_ROWS;
}

static void
sample_clear (Sample *self)
{
  g_free (self->ranks);
  g_free (self->in_system);
  g_free (self->waited);
  g_free (self->gaps);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Sample, sample_clear)

/* More is left out than in the search, where the log begins or ends in a busy period: for every request in
 * the system then, three. */
static guint
checked_edge (const Window *self)
{
  return MIN (3 * (self->peak + 1), (self->end - self->first) / 20);
}

static void
put_waited (Sample *self, const Search *search)
{
  guint at = 0;

  for (guint i = 0; i < search->n_windows; i++)
    {
      const Window *window = &search->windows[i];
      guint edge = checked_edge (window);

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
              self->waited[at++] = some ? WAITED_SOME : window->waited[row] ? WAITED : WAITED_NOT;
            }
        }
    }
}

/* @services: as last recovered, rather than responses */
static void
sample_init (Sample *self, Search *search, gboolean services)
{
  g_autofree Key *keys = NULL, *spare = NULL;

  *self = (Sample){ 0 };
  for (guint i = 0; i < search->n_windows; i++)
    self->n += search->windows[i].end - search->windows[i].first - 2 * checked_edge (&search->windows[i]);
  self->ranks = g_new (double, self->n);
  self->in_system = g_new (guint32, self->n);
  self->waited = g_new (guint8, self->n);
  self->gaps = g_new (gint64, self->n);
  keys = g_new (Key, self->n);
  spare = g_new (Key, self->n);
  self->n = 0;
  for (guint i = 0; i < search->n_windows; i++)
    for (guint edge = checked_edge (&search->windows[i]), row = search->windows[i].first + edge;
         row < search->windows[i].end - edge; row++)
      {
        const Window *window = &search->windows[i];
        gint64 time = services ? window->services[row] : window->departures[row] - window->arrivals[row];

        self->mean += (double) time;
        self->in_system[self->n] = window->in_system[row];
        keys[self->n]
            = (Key){ (guint64) (time + RANK_DITHER * window->dither[row]) ^ G_GUINT64_CONSTANT (1) << 63,
                     self->n };
        self->n++;
      }
  self->mean /= self->n;
  put_waited (self, search);
  sort_keys (&keys, &spare, self->n);
  for (guint i = 0; i < self->n; i++)
    self->ranks[keys[i].row] = (i + 0.5) / self->n;
}

/* What is compared: rows of one set against those of another. */
typedef struct {
  double e, z; /* of the mean ranks: their difference, and that over its standard deviation */
} Difference;

enum { IN_NONE, IN_ONE, IN_OTHER };

static const guint8 by_waiting[] = { [WAITED_NOT] = IN_OTHER, [WAITED] = IN_ONE, [WAITED_SOME] = IN_NONE };

static Difference
compare (const Sample *self, const guint8 *sets)
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

static gboolean
is_alike (Difference difference, double most_e, double most_z)
{
  return fabs (difference.e) <= most_e || fabs (difference.z) <= most_z;
}

/* The number in the system that @share of the rows do not pass; @waited: of those that did, or did not; -1:
 * all. */
static guint32
quantile_in_system (const Sample *self, double share, int waited)
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

/* Those that found most in the system, of several shares of the rows, against the lower half; @waited: among
 * those that did, or did not; -1: all. Returns whether all are alike; @most: the largest difference. */
static gboolean
is_independent (const Sample *self, int waited, double most_e, double *most)
{
  static const double shares[] = { 0.02, 0.05, 0.10, 0.25, 0.50 };
  g_autofree guint8 *sets = g_new (guint8, self->n);
  guint32 median = quantile_in_system (self, 0.5, waited);
  gboolean alike = TRUE;

  *most = 0;
  for (guint i = 0; i < G_N_ELEMENTS (shares); i++)
    {
      guint32 many = MAX (quantile_in_system (self, 1 - shares[i], waited), median + 1);
      Difference difference;

      for (guint j = 0; j < self->n; j++)
        sets[j] = (waited >= 0 && self->waited[j] != waited) ? IN_NONE
                  : self->in_system[j] >= many               ? IN_ONE
                  : self->in_system[j] <= median             ? IN_OTHER
                                                             : IN_NONE;
      difference = compare (self, sets);
      alike = alike && is_alike (difference, most_e, MOST_Z);
      if (fabs (difference.e) > fabs (*most))
        *most = difference.e;
    }

  return alike;
}

/* Do services depend on waiting, or, among those that waited and among the others, on the number in the
 * system? */
static gboolean
is_independent_of_waiting (const Sample *self)
{
  g_autofree guint8 *sets = g_new (guint8, self->n);
  double most;

  for (guint i = 0; i < self->n; i++)
    sets[i] = by_waiting[self->waited[i]];

  return is_alike (compare (self, sets), MOST_E, MOST_Z) && is_independent (self, 0, MOST_E, &most)
         && is_independent (self, 1, MOST_E, &most);
}

/* Does a service not depend on how long before it the last request arrived? In processor sharing of constant
 * services, which leave in order, so that one worker would explain them, it does. */
static gboolean
is_independent_of_gaps (const Sample *self)
{
  g_autofree guint8 *sets = g_new (guint8, self->n);
  g_autofree gint64 *sorted = g_new (gint64, self->n);
  guint n = 0;

  for (guint i = 0; i < self->n; i++)
    if (self->gaps[i] >= 0)
      sorted[n++] = self->gaps[i];
  qsort (sorted, n, sizeof *sorted, compare_times);
  for (guint i = 0; i < self->n; i++)
    sets[i] = self->gaps[i] < 0 ? IN_NONE : self->gaps[i] > sorted[n / 2] ? IN_ONE : IN_OTHER;

  return is_alike (compare (self, sets), MOST_E, MOST_Z);
}

/* Is each quarter of the log like the rest, and are those that waited like the others in each? */
static gboolean
is_steady (const Sample *self)
{
  g_autofree guint8 *sets = g_new (guint8, self->n);

  for (guint quarter = 0; quarter < 4; quarter++)
    {
      guint from = self->n / 4 * quarter, end = quarter == 3 ? self->n : self->n / 4 * (quarter + 1);

      for (guint i = 0; i < self->n; i++)
        sets[i] = i < from || i >= end ? IN_NONE : by_waiting[self->waited[i]];
      if (!is_alike (compare (self, sets), 0.1, MOST_Z))
        return FALSE;
      for (guint i = 0; i < self->n; i++)
        sets[i] = i >= from && i < end ? IN_ONE : IN_OTHER;
      if (!is_alike (compare (self, sets), 0.1, 9))
        return FALSE;
    }

  return TRUE;
}

/* Adds, for not more and for more than @median in the system, the completions and the ns that requests were
 * in it. */
static void
add_completions (const Window *self, guint32 median, double *completions, double *request_ns)
{
  g_autofree gint64 *departures = sorted_departures (self);
  gint64 now = self->arrivals[0];
  guint arrived = 0, gone = 0;

  while (arrived < self->n)
    {
      gboolean departs = gone < arrived && departures[gone] <= self->arrivals[arrived];
      gint64 next = departs ? departures[gone] : self->arrivals[arrived];
      guint in_system = arrived - gone;

      if (arrived > self->first)
        {
          request_ns[in_system > median] += (double) in_system * (double) (next - now);
          completions[in_system > median] += departs;
        }
      now = next;
      if (departs)
        gone++;
      else
        arrived++;
    }
}

/* A server that does not queue completes as many for each second that a request is in it, however many are.
 */
static gboolean
completes_alike (const Search *search, const Sample *sample)
{
  guint32 median = quantile_in_system (sample, 0.5, -1);
  double completions[2] = { 0 }, request_ns[2] = { 0 };

  for (guint i = 0; i < search->n_windows; i++)
    add_completions (&search->windows[i], median, completions, request_ns);
  if (completions[1] < MIN_GROUP || !(completions[0] > 0))
    return TRUE;

  return completions[1] / request_ns[1] >= 0.8 * completions[0] / request_ns[0];
}

/* Leaves what was found where it is not. */
static void
judge_not_queued (Search *self, WpLoggedWorkers *found)
{
  g_auto (Sample) responses = { 0 };
  double dependence;

  sample_init (&responses, self, FALSE);
  if (is_independent (&responses, -1, MOST_E, &dependence) && completes_alike (self, &responses))
    {
      found->verdict = WP_LOGGED_NOT_QUEUED;
      found->reason = WP_LOGGED_REASON_NONE;
      found->dependence = dependence;
    }
}

/* The share of negative services among the rows that are looked at. */
static double
negative_share (const Search *self)
{
  double n = 0, negative = 0;

  for (guint i = 0; i < self->n_windows; i++)
    for (guint row = self->windows[i].first; row < self->windows[i].end; row++)
      {
        n++;
        negative += (double) self->windows[i].services[row] < -2 * self->resolution;
      }

  return negative / n;
}

static gboolean
is_near (guint workers, guint other)
{
  return (guint) ABS ((int) workers - (int) other) <= tolerance (workers);
}

/* Would services be too coarse for the stamps with a part of the workers, which explains the log nearly as
 * well? */
static gboolean
may_be_coarse (Search *self, const WpLoggedWorkers *found, double mean, double least)
{
  double best = measure (self, found->workers).score;

  for (guint k = 2; k <= MIN (found->workers, MOST_PARTS * MOST_PARTS); k++)
    {
      guint workers = (found->workers + k / 2) / k;

      if (mean * workers / found->workers < least && measure (self, workers).score < best + found->gain / 10)
        return TRUE;
    }

  return FALSE;
}

/* Returns why it is not QUEUED; the services are of the found number. */
static WpLoggedReason
doubt (Search *self, const Sample *services, gboolean is_spread, WpLoggedWorkers *found)
{
  double least = (is_spread ? 10 : 3) * self->resolution;
  gboolean independent = is_independent (services, -1, MOST_E, &found->dependence);

  if (services->mean < least || may_be_coarse (self, found, services->mean, least))
    return WP_LOGGED_REASON_COARSE;
  if (found->negative > 0.01)
    return WP_LOGGED_REASON_NEGATIVE;
  if (!is_near (found->workers, found->low) || !is_near (found->workers, found->high))
    return WP_LOGGED_REASON_RANGE;
  if (!independent || !is_independent_of_waiting (services) || !is_independent_of_gaps (services))
    return WP_LOGGED_REASON_DEPENDENT;

  return is_steady (services) && windows_agree (self, found->workers) ? WP_LOGGED_REASON_NONE
                                                                      : WP_LOGGED_REASON_CHANGED;
}

static void
judge (Search *self, gboolean is_spread, WpLoggedWorkers *found)
{
  g_auto (Sample) services = { 0 };
  double response_mean = 0, n = 0;

  search (self, found);
  for (guint i = 0; i < self->n_windows; i++)
    recover (&self->windows[i], found->workers);
  sample_init (&services, self, TRUE);
  found->negative = negative_share (self);
  for (guint i = 0; i < self->n_windows; i++)
    for (guint row = self->windows[i].first; row < self->windows[i].end; row++, n++)
      response_mean += (double) (self->windows[i].departures[row] - self->windows[i].arrivals[row]);
  response_mean /= n;
  found->reason
      = found->gain < LEAST_GAIN ? WP_LOGGED_REASON_RISING : doubt (self, &services, is_spread, found);
  if (found->reason == WP_LOGGED_REASON_NONE)
    found->verdict = WP_LOGGED_QUEUED;
  if (found->gain < LEAST_GAIN || response_mean - services.mean < LEAST_WAITING * response_mean)
    judge_not_queued (self, found);
}

void
wp_logged_workers_find (const WpLoggedTimes *log, WpLoggedWorkers *found)
{
  g_auto (Search) self = { .points = NULL };
  gboolean is_fine;

  *found = (WpLoggedWorkers){ .reason = WP_LOGGED_REASON_FEW };
  if (log->n == 0 || !put_means (log, found))
    return;
  is_fine = find_resolution (log, &found->resolution_ns);
  found->reason = WP_LOGGED_REASON_COARSE;
  if (!is_fine || found->response_mean_ns < 5 * found->resolution_ns)
    return;
  found->reason = WP_LOGGED_REASON_NONE;
  search_init (&self, log, found->resolution_ns);
  judge (&self, log->is_spread, found);
  if (found->verdict != WP_LOGGED_QUEUED)
    found->workers = 0;
  if (found->verdict == WP_LOGGED_NOT_QUEUED)
    found->service_mean_ns = found->response_mean_ns;
}

void
wp_logged_workers_recover (const WpLoggedTimes *log, guint workers, gint64 *services_ns,
                           WpLoggedWorkers *found)
{
  WpServerTimes free_at;
  double n = 0, negative = 0, sum = 0;

  put_means (log, found);
  if (log->n > 0)
    find_resolution (log, &found->resolution_ns);
  wp_server_times_init (&free_at, workers);
  for (gsize i = 0; i < log->n; i++)
    {
      gint64 end = log->arrivals_ns[i] + log->responses_ns[i], start;

      services_ns[i] = WP_TIME_NONE;
      if (log->responses_ns[i] == WP_TIME_NONE)
        continue;
      start = wp_server_times_next (&free_at, log->arrivals_ns[i]);
      if (end >= start)
        wp_server_times_take (&free_at, start, end);
      n++;
      negative += (double) (end - start) < -2 * found->resolution_ns;
      services_ns[i] = MAX (end - start, 0);
      sum += (double) services_ns[i];
    }
  wp_server_times_clear (&free_at);
  found->negative = n > 0 ? negative / n : 0;
  found->service_mean_ns = n > 0 ? sum / n : 0;
}
