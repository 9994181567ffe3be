#include "sim/model/wp-logged-workers.h"

#include <math.h>
#include <stdlib.h>

#include "sim/base/wp-time.h"
#include "sim/model/wp-logged-completions.h"
#include "sim/model/wp-logged-pools.h"
#include "sim/model/wp-logged-sample.h"
#include "sim/model/wp-server-times.h"

#define MIN_ROWS       1000
#define LEAST_WAITED   100  /* rows: fewer do not show whether a hundredth of them is negative */
#define LEAST_BEHIND   20   /* rows that found others waiting: else first come, first served is not shown */
#define LEAST_BUSY     1.1  /* in the system, of the workers, where all waited: else nearly none waits long */
#define LEAST_VARY     0.05 /* of the number in the system: the range of nine in ten rows */
#define MOST_LAG       500  /* rows */
#define LEAST_WAITING  0.005 /* of the response */
#define MAX_NEGATIVE   0.01  /* of those that waited */
#define NEGATIVE_COST  10    /* nats: what a row that cannot be has to be outweighed by */
#define LATENESS       0.05  /* of the mean service: a busy server stamps late, by more than their width */
#define CHANCE         4     /* standard deviations: more is none */
#define MOST_WAITED    0.95  /* of the rows: where more did, only a narrow range is one pool's */
#define LEEWAY         (4.0 / 3) /* of a spread that depends by chance, if one pool is clearly more likely */
#define CLEAR_GAIN     100       /* nats: with less it has to be, too, and no service negative */
#define LIKE_ONE       0.1       /* then: of the way from one pool to two */
#define MAX_LIKE_POOLS 0.35      /* else: one pool gives 0.25 at most, two 0.45 at least */

const char *
wp_logged_reason_text (WpLoggedReason reason)
{
  static const char *const texts[] = {
    [WP_LOGGED_REASON_NONE] = "",
    [WP_LOGGED_REASON_FEW] = "has fewer than 1,000 requests with a response time",
    [WP_LOGGED_REASON_COARSE] = "has stamps that are too coarse for its times",
    [WP_LOGGED_REASON_NEGATIVE]
    = "has requests that end before a worker can have begun them: it is not first come, "
      "first served, some never reach the workers (static files), or there are several pools",
    [WP_LOGGED_REASON_RANGE] = "is explained by several numbers of workers",
    [WP_LOGGED_REASON_DEPENDENT]
    = "has services that depend on how busy the server was: processor sharing, several "
      "pools, or not first come, first served",
    [WP_LOGGED_REASON_CHANGED]
    = "changes: the services, or the number of workers, are not the same all over it, or "
      "there are several pools",
    [WP_LOGGED_REASON_RISING]
    = "has response times that rise with the number of requests in the server, and no number "
      "of workers explains them: it is not first come, first served, or some requests never reach "
      "the workers (static files)",
    [WP_LOGGED_REASON_STEADY]
    = "hardly changes in the number of requests in the server, as in a load test whose clients do "
      "not pause, or hardly any request found another waiting",
  };

  return texts[reason];
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

/* Are responses service times? A request that is alone in the server waits for nobody. */
static WpLoggedReason
doubt_not_queued (const WpLoggedSearch *self, const WpLoggedSample *responses, double *dependence)
{
  WpLoggedCompletions completions;

  wp_logged_completions_init (&completions, self, wp_logged_sample_quantile (responses, 0.5, -1));
  if (wp_logged_sample_compare_numbers (responses, -1, dependence) > 1
      || wp_logged_completions_fall (&completions))
    return wp_logged_completions_vary (&completions) ? WP_LOGGED_REASON_RISING : WP_LOGGED_REASON_STEADY;

  return self->peak == 1 || wp_logged_completions_rise (&completions) ? WP_LOGGED_REASON_NONE
                                                                      : WP_LOGGED_REASON_STEADY;
}

/* Leaves what was found where it is not. */
static void
judge_not_queued (WpLoggedSearch *self, WpLoggedWorkers *found)
{
  g_auto (WpLoggedSample) responses = { 0 };
  WpLoggedReason reason;
  double dependence;

  wp_logged_sample_init (&responses, self, FALSE, WP_LOGGED_RANK_DITHER);
  reason = doubt_not_queued (self, &responses, &dependence);
  if (reason == WP_LOGGED_REASON_NONE)
    {
      found->verdict = WP_LOGGED_NOT_QUEUED;
      found->dependence = dependence;
      found->low = self->least;
      found->high = 0;
    }
  if (reason == WP_LOGGED_REASON_NONE || found->reason == WP_LOGGED_REASON_RISING)
    found->reason = reason;
}

/* Of the rows that are looked at. */
typedef struct {
  double rows, waited, negative; /* only rows that waited can have a negative service */
  double behind;                 /* rows that found others waiting */
  double in_system;              /* mean */
  double response_mean;          /* ns */
} Counts;

/* What a service has to be below to be negative, and not only late or cut off. */
static double
least_service (double resolution, double mean)
{
  return -2 * resolution - LATENESS * MAX (mean, 0);
}

static Counts
count_rows (const WpLoggedSearch *self, guint workers, double service_mean)
{
  double least = least_service (self->resolution, service_mean);
  Counts counts = { 0 };

  for (guint i = 0; i < self->n_windows; i++)
    for (guint row = self->windows[i].first; row < self->windows[i].end; row++)
      {
        counts.rows++;
        counts.waited += self->windows[i].waited[row];
        counts.behind += self->windows[i].in_system[row] > workers;
        counts.in_system += self->windows[i].in_system[row];
        counts.negative += (double) self->windows[i].services[row] < least;
        counts.response_mean += (double) (self->windows[i].departures[row] - self->windows[i].arrivals[row]);
      }
  counts.response_mean /= counts.rows;
  counts.in_system /= counts.rows;

  return counts;
}

/* As in a closed loop without pauses. */
static gboolean
hardly_vary (const WpLoggedSample *services)
{
  double low = wp_logged_sample_quantile (services, 0.05, -1);
  double high = wp_logged_sample_quantile (services, 0.95, -1);

  return high - low < LEAST_VARY * high;
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

/* How much services depend on anything: over 1 more than chance explains, but for one log in fifty; @most:
 * (out): as wp_logged_sample_compare_numbers() has it. */
static double
compare_all (const WpLoggedSample *services, double *most)
{
  double numbers = wp_logged_sample_compare_numbers (services, -1, most),
         waiting = wp_logged_sample_compare_waiting (services),
         gaps = wp_logged_sample_compare_gaps (services);

  return MAX (numbers, MAX (waiting, gaps));
}

/* What shows that there are several pools; @services, which are folded, are of the found number of workers.
 */
static WpLoggedReason
find_pools (WpLoggedSearch *self, WpLoggedSample *services, gboolean all_waited, const WpLoggedWorkers *found)
{
  guint workers = found->workers;
  double spread, dependence = 0, most_like;

  if (!wp_logged_search_measure (self, workers).is_constant) /* else its spread is the stamps' */
    {
      if (!wp_logged_sample_is_independent_of_earlier (services, 3 * workers, MIN (self->peak, MOST_LAG)))
        return WP_LOGGED_REASON_DEPENDENT;
      wp_logged_sample_fold (services);
      dependence = compare_all (services, &spread);
      if (!wp_logged_sample_is_steady (services) || !wp_logged_sample_has_alike_blocks (services))
        return WP_LOGGED_REASON_CHANGED;
    }
  if (dependence > (workers == 1 || all_waited ? 1 : LEEWAY))
    return WP_LOGGED_REASON_DEPENDENT;
  most_like = dependence > 1 || found->gain < CLEAR_GAIN ? LIKE_ONE : MAX_LIKE_POOLS;

  return workers > 1 && !all_waited && wp_logged_pools_likeness (self, workers) > most_like
             ? WP_LOGGED_REASON_DEPENDENT
             : WP_LOGGED_REASON_NONE;
}

/* Returns why it is not QUEUED; @services, which are folded, are of the found number. A constant service that
 * requests have with and without a wait needs no more tests: ranks of equal services are chance. */
static WpLoggedReason
doubt (WpLoggedSearch *self, WpLoggedSample *services, gboolean is_spread, const Counts *counts,
       WpLoggedWorkers *found)
{
  double least = (is_spread ? 10 : 3) * self->resolution;
  double dependence = compare_all (services, &found->dependence);
  gboolean all_waited = counts->waited > MOST_WAITED * counts->rows;
  gboolean begins_shorter = wp_logged_search_begins_shorter (self);
  WpLoggedPoint point = wp_logged_search_measure (self, found->workers);

  if (services->mean < least
      || (point.is_constant && !point.is_shown && may_be_coarse (self, found, services->mean, least)))
    return WP_LOGGED_REASON_COARSE;
  if (counts->negative > MAX_NEGATIVE * counts->waited
      || (counts->negative > 0 && found->gain < CLEAR_GAIN + NEGATIVE_COST * counts->negative))
    return WP_LOGGED_REASON_NEGATIVE;
  if (!is_near (found->workers, found->low) || !is_near (found->workers, found->high)
      || (all_waited && found->high - found->low > MAX (2, found->workers / 20)))
    return WP_LOGGED_REASON_RANGE;
  if ((all_waited || hardly_vary (services)) && counts->in_system < LEAST_BUSY * found->workers)
    return WP_LOGGED_REASON_STEADY;
  if (point.is_constant && !point.is_ordered)
    return WP_LOGGED_REASON_DEPENDENT;
  if (point.is_shown)
    return wp_logged_search_agrees (self, found->workers) ? WP_LOGGED_REASON_NONE : WP_LOGGED_REASON_CHANGED;
  if (counts->behind < LEAST_BEHIND)
    return WP_LOGGED_REASON_STEADY;
  if (dependence > 1 || begins_shorter || !wp_logged_sample_is_distributed_alike (services))
    return WP_LOGGED_REASON_DEPENDENT;
  if (!wp_logged_sample_is_steady (services) || !wp_logged_search_agrees (self, found->workers))
    return WP_LOGGED_REASON_CHANGED;

  return find_pools (self, services, all_waited, found);
}

static void
judge (WpLoggedSearch *self, gboolean is_spread, WpLoggedWorkers *found)
{
  g_auto (WpLoggedSample) services = { 0 };
  Counts counts;
  gboolean is_found;

  found->workers = wp_logged_search_run (self, &found->low, &found->high, &found->gain);
  for (guint i = 0; i < self->n_windows; i++)
    wp_logged_window_recover (&self->windows[i], found->workers);
  wp_logged_sample_init (&services, self, TRUE, WP_LOGGED_RANK_DITHER);
  counts = count_rows (self, found->workers, services.mean);
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

/* Sums of the services of a part of the rows. */
typedef struct {
  double n, sum, squares;
} Part;

static Part
add_up (const gint64 *services_ns, gsize from, gsize end)
{
  Part part = { 0 };

  for (gsize i = from; i < end; i++)
    if (services_ns[i] != WP_TIME_NONE)
      {
        double service = (double) MAX (services_ns[i], 0);

        part.n++;
        part.sum += service;
        part.squares += service * service;
      }

  return part;
}

/* Of a log that begins in a busy period it is not known when the first @workers requests were begun: as it
 * seems, when they came. Where they would be longer than the others by more than chance, they have their
 * mean. */
static void
shorten_first (gint64 *services_ns, gsize n, guint workers, WpLoggedWorkers *found)
{
  Part first, others;
  double mean, deviation;
  gsize end = 0;

  for (guint left = workers; end < n && left > 0; end++)
    left -= services_ns[end] != WP_TIME_NONE;
  first = add_up (services_ns, 0, end);
  others = add_up (services_ns, end, n);
  if (others.n < MIN_ROWS)
    return;
  mean = others.sum / others.n;
  deviation = sqrt (MAX (others.squares / others.n - mean * mean, 0));
  found->begins_busy = first.sum > first.n * mean + CHANCE * deviation * sqrt (first.n);
  if (found->begins_busy)
    for (gsize i = 0; i < end; i++)
      services_ns[i] = services_ns[i] != WP_TIME_NONE ? (gint64) mean : WP_TIME_NONE;
}

/* Negative services are counted, and are 0 then. */
static void
put_services (gint64 *services_ns, gsize n, WpLoggedWorkers *found)
{
  Part all = add_up (services_ns, 0, n);
  double negative = 0, least;

  found->service_mean_ns = all.n > 0 ? all.sum / all.n : 0;
  least = least_service (found->resolution_ns, found->service_mean_ns);
  for (gsize i = 0; i < n; i++)
    if (services_ns[i] != WP_TIME_NONE)
      {
        negative += (double) services_ns[i] < least;
        services_ns[i] = MAX (services_ns[i], 0);
      }
  found->negative = all.n > 0 ? negative / all.n : 0;
}

void
wp_logged_workers_recover (const WpLoggedTimes *log, guint workers, gint64 *services_ns,
                           WpLoggedWorkers *found)
{
  WpServerTimes free_at;

  put_means (log, found);
  if (log->n > 0)
    find_resolution (log, &found->resolution_ns);
  wp_server_times_init (&free_at, workers);
  for (gsize i = 0; i < log->n; i++)
    {
      gint64 response = log->responses_ns[i], end, start;

      services_ns[i] = WP_TIME_NONE;
      if (response == WP_TIME_NONE)
        continue;
      end = log->arrivals_ns[i] + response;
      start = wp_server_times_next (&free_at, log->arrivals_ns[i]);
      if (end >= start)
        wp_server_times_take (&free_at, start, end);
      services_ns[i] = end - start;
    }
  wp_server_times_clear (&free_at);
  shorten_first (services_ns, log->n, workers, found);
  put_services (services_ns, log->n, found);
}
