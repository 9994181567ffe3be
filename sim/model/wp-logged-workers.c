#include "sim/model/wp-logged-workers.h"

#include <math.h>
#include <stdlib.h>

#include "sim/base/wp-time.h"
#include "sim/model/wp-logged-search.h"
#include "sim/model/wp-server-times.h"

#define MIN_ROWS      1000
#define MIN_GROUP     8     /* fewer are too few to decide */
#define LEAST_WAITED  100   /* rows: fewer do not show whether a hundredth of them is negative */
#define LEAST_WAITING 0.005 /* of the response */
#define MAX_E         0.03  /* of a mean rank, where its z is over MAX_Z */
#define MAX_Z         3.5
#define MAX_D         0.05 /* of a distribution, where its lambda is over MAX_LAMBDA */
#define MAX_LAMBDA    2.5
#define MAX_NEGATIVE  0.01 /* of those that waited */
#define NEGATIVE_COST 10   /* nats: what a row that cannot be has to be outweighed by */
#define BLOCK_ROWS    100
#define RANK_DITHER   4 /* the range of ranks is wider: a difference below the stamps' width is none */

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
    = "changes: the services, or the number of workers, are not the same all over it, or "
      "there are several pools",
    [WP_LOGGED_REASON_RISING]
    = "has response times that rise with the number of requests in the server, and no number "
      "of workers explains them",
  };

  return texts[reason];
}

static int
compare_counts (const void *a, const void *b)
{
  guint32 left = *(const guint32 *) a, right = *(const guint32 *) b;

  return (left > right) - (left < right);
}

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
checked_edge (const WpLoggedWindow *self)
{
  return MIN (3 * (self->peak + 1), (self->end - self->first) / 20);
}

static void
put_waited (Sample *self, const WpLoggedSearch *search)
{
  guint at = 0;

  for (guint i = 0; i < search->n_windows; i++)
    {
      const WpLoggedWindow *window = &search->windows[i];
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
sample_init (Sample *self, WpLoggedSearch *search, gboolean services)
{
  g_autofree WpLoggedKey *keys = NULL, *spare = NULL;

  *self = (Sample){ 0 };
  for (guint i = 0; i < search->n_windows; i++)
    self->n += search->windows[i].end - search->windows[i].first - 2 * checked_edge (&search->windows[i]);
  self->ranks = g_new (double, self->n);
  self->in_system = g_new (guint32, self->n);
  self->waited = g_new (guint8, self->n);
  self->gaps = g_new (gint64, self->n);
  keys = g_new (WpLoggedKey, self->n);
  spare = g_new (WpLoggedKey, self->n);
  self->n = 0;
  for (guint i = 0; i < search->n_windows; i++)
    for (guint edge = checked_edge (&search->windows[i]), row = search->windows[i].first + edge;
         row < search->windows[i].end - edge; row++)
      {
        const WpLoggedWindow *window = &search->windows[i];
        gint64 time = services ? window->services[row] : window->departures[row] - window->arrivals[row];

        self->mean += (double) time;
        self->in_system[self->n] = window->in_system[row];
        keys[self->n] = (WpLoggedKey){
          (guint64) (time + RANK_DITHER * window->dither[row]) ^ G_GUINT64_CONSTANT (1) << 63, self->n
        };
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

/* Are those that waited distributed as the others, by Kolmogorov and Smirnov's two-sample test? It sees
 * services that are shorter than any can be. */
static gboolean
is_distributed_alike (const Sample *self)
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
      alike = alike && is_alike (difference, most_e, MAX_Z);
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

  return is_alike (compare (self, sets), MAX_E, MAX_Z) && is_independent (self, 0, MAX_E, &most)
         && is_independent (self, 1, MAX_E, &most);
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
  qsort (sorted, n, sizeof *sorted, wp_time_compare);
  for (guint i = 0; i < self->n; i++)
    sets[i] = self->gaps[i] < 0 ? IN_NONE : self->gaps[i] > sorted[n / 2] ? IN_ONE : IN_OTHER;

  return is_alike (compare (self, sets), MAX_E, MAX_Z);
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
      if (!is_alike (compare (self, sets), 0.1, MAX_Z))
        return FALSE;
      for (guint i = 0; i < self->n; i++)
        sets[i] = i >= from && i < end ? IN_ONE : IN_OTHER;
      if (!is_alike (compare (self, sets), 0.1, 9))
        return FALSE;
    }

  return TRUE;
}

/* The share of the ranks' variance that lies between blocks of rows: Fisher's intraclass correlation, by
 * analysis of variance; 0 where services do not depend on the time. */
static gboolean
has_alike_blocks (const Sample *self)
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

/* Makes the ranks those of the distance from the median, which are alike where the spread is: behind several
 * pools, whose backlogs differ, the services that one pool would have given are spread more widely where many
 * waited, although their mean is the same. */
static void
sample_fold (Sample *self)
{
  for (guint i = 0; i < self->n; i++)
    self->ranks[i] = fabs (2 * self->ranks[i] - 1);
}

/* Adds, for not more and for more than @median in the system, the completions and the ns that requests were
 * in it. */
static void
add_completions (const WpLoggedWindow *self, guint32 median, double *completions, double *request_ns)
{
  g_autofree gint64 *departures = wp_logged_window_departures (self);
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
completes_alike (const WpLoggedSearch *search, const Sample *sample)
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
judge_not_queued (WpLoggedSearch *self, WpLoggedWorkers *found)
{
  g_auto (Sample) responses = { 0 };
  double dependence;

  sample_init (&responses, self, FALSE);
  if (is_independent (&responses, -1, MAX_E, &dependence) && completes_alike (self, &responses))
    {
      found->verdict = WP_LOGGED_NOT_QUEUED;
      found->reason = WP_LOGGED_REASON_NONE;
      found->dependence = dependence;
    }
}

/* Of the rows that are looked at. */
typedef struct {
  double rows, waited, negative; /* only rows that waited can have a negative service */
  double response_mean;          /* ns */
} Counts;

static Counts
count_rows (const WpLoggedSearch *self)
{
  Counts counts = { 0 };

  for (guint i = 0; i < self->n_windows; i++)
    for (guint row = self->windows[i].first; row < self->windows[i].end; row++)
      {
        counts.rows++;
        counts.waited += self->windows[i].waited[row];
        counts.negative += (double) self->windows[i].services[row] < -2 * self->resolution;
        counts.response_mean += (double) (self->windows[i].departures[row] - self->windows[i].arrivals[row]);
      }
  counts.response_mean /= counts.rows;

  return counts;
}

static gboolean
is_near (guint workers, guint other)
{
  return (guint) ABS ((int) workers - (int) other) <= wp_logged_tolerance (workers);
}

/* Would services be too coarse for the stamps with a part of the workers, which explains the log nearly as
 * well? */
static gboolean
may_be_coarse (WpLoggedSearch *self, const WpLoggedWorkers *found, double mean, double least)
{
  double best = wp_logged_search_measure (self, found->workers).score;

  for (guint k = 2; k <= MIN (found->workers, WP_LOGGED_MAX_PARTS * WP_LOGGED_MAX_PARTS); k++)
    {
      guint workers = (found->workers + k / 2) / k;

      if (mean * workers / found->workers < least
          && wp_logged_search_measure (self, workers).score < best + found->gain / 10)
        return TRUE;
    }

  return FALSE;
}

/* What services depend on; @most: (out): as is_independent() has it. */
static WpLoggedReason
find_dependence (const Sample *services, double *most)
{
  if (!is_independent (services, -1, MAX_E, most) || !is_independent_of_waiting (services)
      || !is_independent_of_gaps (services))
    return WP_LOGGED_REASON_DEPENDENT;

  return is_steady (services) ? WP_LOGGED_REASON_NONE : WP_LOGGED_REASON_CHANGED;
}

/* Returns why it is not QUEUED; @services, which are folded, are of the found number. */
static WpLoggedReason
doubt (WpLoggedSearch *self, Sample *services, gboolean is_spread, const Counts *counts,
       WpLoggedWorkers *found)
{
  double least = (is_spread ? 10 : 3) * self->resolution;
  WpLoggedReason reason = find_dependence (services, &found->dependence);
  double spread;

  if (services->mean < least || may_be_coarse (self, found, services->mean, least))
    return WP_LOGGED_REASON_COARSE;
  if (counts->negative > MAX_NEGATIVE * counts->waited
      || found->gain < WP_LOGGED_LEAST_GAIN + NEGATIVE_COST * counts->negative)
    return WP_LOGGED_REASON_NEGATIVE;
  if (!is_near (found->workers, found->low) || !is_near (found->workers, found->high))
    return WP_LOGGED_REASON_RANGE;
  if (reason == WP_LOGGED_REASON_NONE && !is_distributed_alike (services))
    return WP_LOGGED_REASON_DEPENDENT;
  if (reason == WP_LOGGED_REASON_NONE && !wp_logged_search_agrees (self, found->workers))
    return WP_LOGGED_REASON_CHANGED;
  if (reason != WP_LOGGED_REASON_NONE)
    return reason;
  if (wp_logged_search_measure (self, found->workers).is_constant)
    return WP_LOGGED_REASON_NONE; /* its spread is the stamps' */
  sample_fold (services);
  reason = find_dependence (services, &spread);

  return reason == WP_LOGGED_REASON_NONE && !has_alike_blocks (services) ? WP_LOGGED_REASON_CHANGED : reason;
}

static void
judge (WpLoggedSearch *self, gboolean is_spread, WpLoggedWorkers *found)
{
  g_auto (Sample) services = { 0 };
  Counts counts;
  gboolean is_found;

  found->workers = wp_logged_search_run (self, &found->low, &found->high, &found->gain);
  for (guint i = 0; i < self->n_windows; i++)
    wp_logged_window_recover (&self->windows[i], found->workers);
  sample_init (&services, self, TRUE);
  counts = count_rows (self);
  found->negative = counts.negative / counts.rows;
  is_found = found->gain >= WP_LOGGED_LEAST_GAIN && counts.waited >= LEAST_WAITED;
  found->reason = is_found ? doubt (self, &services, is_spread, &counts, found) : WP_LOGGED_REASON_RISING;
  if (found->reason == WP_LOGGED_REASON_NONE)
    found->verdict = WP_LOGGED_QUEUED;
  if (!is_found || counts.response_mean - services.mean < LEAST_WAITING * counts.response_mean)
    judge_not_queued (self, found);
}

void
wp_logged_workers_find (const WpLoggedTimes *log, WpLoggedWorkers *found)
{
  g_auto (WpLoggedSearch) self = { .points = NULL };
  gboolean is_fine;

  *found = (WpLoggedWorkers){ .reason = WP_LOGGED_REASON_FEW };
  if (log->n == 0 || !put_means (log, found))
    return;
  is_fine = find_resolution (log, &found->resolution_ns);
  found->reason = WP_LOGGED_REASON_COARSE;
  if (!is_fine || found->response_mean_ns < 5 * found->resolution_ns)
    return;
  found->reason = WP_LOGGED_REASON_NONE;
  wp_logged_search_init (&self, log, found->resolution_ns);
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
