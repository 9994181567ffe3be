#include "sim/plan/wp-backlog-avx2.h"

#include <math.h>

#include "sim/plan/wp-lane-waits.h"
#include "sim/trace/wp-scale.h"

#define FIRST_CAPACITY 1024
#define UNROLLED 4

typedef struct { double lane[WP_BACKLOG_AVX2_LANES]; } Vector;

struct _WpBacklogAvx2 {
  guint n;
  guint most_workers;                /* of any line, and whole steps of the loop */
  guint workers[WP_BACKLOG_AVX2_LANES];
  double scales[WP_BACKLOG_AVX2_LANES], reciprocals[WP_BACKLOG_AVX2_LANES], least_scale;
  gboolean is_scaled;                /* some scale is not 1 */
  int live;                          /* bit by bit, the lanes that somebody asks for */
  guint64 requests;
  Vector *free_ns;                   /* sorted; no time for workers that are not there; one more at the end */
  Vector *starts_ns;                 /* a ring of the last ones; the slot is the request's number & mask */
  gsize mask;
  gsize longest[WP_BACKLOG_AVX2_LANES];
  gint64 watched;                    /* a queue's size */
  gboolean passed;                   /* some line is longer */
  guint64 blocked[WP_BACKLOG_AVX2_LANES];         /* by that queue */
  gint64 back[WP_BACKLOG_AVX2_LANES];             /* so many requests ago one started that waits still, if the line is the longest but one: longest - 1, or 0 */
  guint64 at_longest[WP_BACKLOG_AVX2_LANES];      /* requests that found the longest line but one */
  gboolean all_busy[WP_BACKLOG_AVX2_LANES];       /* at some moment, for a time */
  gboolean judges;                   /* the waits by a bound */
  WpLaneWaits *waits;
};

#if defined __x86_64__ && defined __GNUC__

#include "sim/plan/wp-lane-waits-inline.h"

/* Into each loop, where the compiler would make a call of it. */
#define INLINE __attribute__ ((target ("avx2"), always_inline)) static inline
#define LOOP __attribute__ ((target ("avx2"), noinline)) static   /* one for each loop: put together, none has the registers it needs */

gboolean
wp_backlog_avx2_is_available (void)
{
  return __builtin_cpu_supports ("avx2") != 0;
}

static void
set_scales (WpBacklogAvx2 *self, const double *scales)
{
  self->least_scale = scales[0];
  for (guint lane = 0; lane < WP_BACKLOG_AVX2_LANES; lane++)
    {
      double scale = scales[lane < self->n ? lane : 0];

      self->scales[lane] = scale;
      self->reciprocals[lane] = 1 / scale;
      self->least_scale = MIN (self->least_scale, scale);
      self->is_scaled |= scale != 1.0;
    }
}

WpBacklogAvx2 *
wp_backlog_avx2_new (const guint *workers, const double *scales, guint n, guint watched, gint64 bound_ns)
{
  WpBacklogAvx2 *self = g_new0 (WpBacklogAvx2, 1);

  self->n = n;
  self->live = (1 << n) - 1;
  self->watched = watched;
  self->judges = bound_ns != WP_TIME_NONE;
  self->waits = wp_lane_waits_new (bound_ns);
  set_scales (self, scales);
  for (guint lane = 0; lane < WP_BACKLOG_AVX2_LANES; lane++)
    {
      self->workers[lane] = lane < n ? workers[lane] : 1;
      self->most_workers = MAX (self->most_workers, self->workers[lane]);
    }
  self->most_workers += (UNROLLED - self->most_workers % UNROLLED) % UNROLLED;
  self->free_ns = g_aligned_alloc0 (self->most_workers + 1, sizeof (Vector), sizeof (Vector));
  for (guint i = 0; i <= self->most_workers; i++)
    for (guint lane = 0; lane < WP_BACKLOG_AVX2_LANES; lane++)
      self->free_ns[i].lane[lane] = i < self->workers[lane] ? 0 : __builtin_inf ();
  self->starts_ns = g_aligned_alloc0 (FIRST_CAPACITY, sizeof (Vector), sizeof (Vector));
  self->mask = FIRST_CAPACITY - 1;

  return self;
}

void
wp_backlog_avx2_free (WpBacklogAvx2 *self)
{
  wp_lane_waits_free (self->waits);
  g_aligned_free (self->free_ns);
  g_aligned_free (self->starts_ns);
  g_free (self);
}

/* The ring is to reach back past the longest line. */
static void
grow (WpBacklogAvx2 *self)
{
  gsize capacity = 2 * (self->mask + 1);
  Vector *starts_ns = g_aligned_alloc0 (capacity, sizeof (Vector), sizeof (Vector));

  for (guint64 i = self->requests > self->mask ? self->requests - self->mask : 0; i <= self->requests; i++)
    starts_ns[i & (capacity - 1)] = self->starts_ns[i & self->mask];
  g_aligned_free (self->starts_ns);
  self->starts_ns = starts_ns;
  self->mask = capacity - 1;
}

/* Somebody finds the longest line but one, or the longest; its start is in the ring. */
static void
look_back (WpBacklogAvx2 *self, const double *arrivals_ns)
{
  for (guint lane = 0; lane < WP_BACKLOG_AVX2_LANES; lane++)
    {
      gsize longest = self->longest[lane];
      double arrival_ns = arrivals_ns[lane];

      if (self->starts_ns[(self->requests - self->back[lane]) & self->mask].lane[lane] <= arrival_ns || !(self->live >> lane & 1))
        continue;
      self->at_longest[lane]++;
      if (self->requests < longest || self->starts_ns[(self->requests - longest) & self->mask].lane[lane] <= arrival_ns)
        continue;
      self->longest[lane]++;
      self->back[lane] = (gint64) longest;
      self->at_longest[lane] = 1;
      self->passed |= self->watched > 0 && self->longest[lane] > (gsize) self->watched;
      if (self->longest[lane] >= self->mask)
        grow (self);
    }
}

typedef struct { WpLaneWaitSums waits; __m256d all_busy; __m256i blocked; } Sums;

/* The end of the job in its place, if that is one of these four; returns what is in the next. All are loaded before the first is stored, or the
 * compiler would load some twice. */
WP_AVX2 __m256d
put (double *at, __m256d here, __m256d end)
{
  __m256d one = _mm256_load_pd (at + WP_BACKLOG_AVX2_LANES), two = _mm256_load_pd (at + 2 * WP_BACKLOG_AVX2_LANES);
  __m256d three = _mm256_load_pd (at + 3 * WP_BACKLOG_AVX2_LANES), four = _mm256_load_pd (at + UNROLLED * WP_BACKLOG_AVX2_LANES);

  _mm256_store_pd (at, _mm256_max_pd (here, _mm256_min_pd (one, end)));
  _mm256_store_pd (at + WP_BACKLOG_AVX2_LANES, _mm256_max_pd (one, _mm256_min_pd (two, end)));
  _mm256_store_pd (at + 2 * WP_BACKLOG_AVX2_LANES, _mm256_max_pd (two, _mm256_min_pd (three, end)));
  _mm256_store_pd (at + 3 * WP_BACKLOG_AVX2_LANES, _mm256_max_pd (three, _mm256_min_pd (four, end)));

  return four;
}

/* When those started that came so many requests ago. Four loads: a gather takes twice as long where it is microcode (AMD, Zen 4). */
WP_AVX2 __m256d
long_ago (const WpBacklogAvx2 *self, const gint64 *back)
{
  const Vector *starts_ns = self->starts_ns;
  guint64 n = self->requests, mask = self->mask;

  return _mm256_setr_pd (starts_ns[(n - (guint64) back[0]) & mask].lane[0], starts_ns[(n - (guint64) back[1]) & mask].lane[1],
                         starts_ns[(n - (guint64) back[2]) & mask].lane[2], starts_ns[(n - (guint64) back[3]) & mask].lane[3]);
}

/* By the watched queue. Lines that were never so long have no start there that is to come. */
WP_AVX2 __m256i
is_blocked (const WpBacklogAvx2 *self, __m256d arrival)
{
  __m256d ago = _mm256_load_pd (self->starts_ns[(self->requests - (guint64) self->watched) & self->mask].lane);

  return _mm256_castpd_si256 (_mm256_cmp_pd (ago, arrival, _CMP_GT_OQ));
}

WP_AVX2 void
look_back_at_once (WpBacklogAvx2 *self, __m256d arrival)
{
  __m256d longest_but_one = long_ago (self, self->back);
  double arrivals_ns[WP_BACKLOG_AVX2_LANES];

  if (G_LIKELY ((_mm256_movemask_pd (_mm256_cmp_pd (longest_but_one, arrival, _CMP_GT_OQ)) & self->live) == 0))
    return;
  _mm256_storeu_pd (arrivals_ns, arrival);
  look_back (self, arrivals_ns);
}

/* Times the reciprocal, which takes half as long as the quotient, and is off by 2^-52 of itself at most, too; where that could turn its rounding,
 * long double is asked. */
WP_AVX2 __m256d
scale (const WpBacklogAvx2 *self, gint64 arrival_ns, __m256d reciprocals)
{
  const __m256d half = _mm256_set1_pd (0.5), one = _mm256_set1_pd (1), sign = _mm256_set1_pd (-0.0), close = _mm256_set1_pd (0x1p-51);
  __m256d quotient = _mm256_mul_pd (_mm256_set1_pd ((double) arrival_ns), reciprocals), down = _mm256_floor_pd (quotient);
  __m256d over = _mm256_sub_pd (_mm256_sub_pd (quotient, down), half);
  __m256d unsure = _mm256_cmp_pd (_mm256_andnot_pd (sign, over), _mm256_mul_pd (quotient, close), _CMP_LE_OQ);
  double each_ns[WP_BACKLOG_AVX2_LANES];

  if (G_LIKELY (_mm256_movemask_pd (unsure) == 0))
    return _mm256_add_pd (down, _mm256_and_pd (one, _mm256_cmp_pd (over, _mm256_setzero_pd (), _CMP_GE_OQ)));
  for (guint lane = 0; lane < WP_BACKLOG_AVX2_LANES; lane++)
    each_ns[lane] = (double) wp_scale_arrival (arrival_ns, self->scales[lane]);

  return _mm256_loadu_pd (each_ns);
}

INLINE void
offer_one (WpBacklogAvx2 *self, __m256d arrival, gint64 service_ns, Sums *sums, gboolean judges)
{
  double *free_ns = self->free_ns[0].lane, *past = self->free_ns[self->most_workers].lane;
  __m256d here = _mm256_load_pd (free_ns);
  __m256d start = _mm256_max_pd (arrival, here), end = _mm256_add_pd (start, _mm256_set1_pd ((double) service_ns));
  __m256d wait = _mm256_sub_pd (start, arrival);

  for (double *at = free_ns; at < past; at += UNROLLED * WP_BACKLOG_AVX2_LANES)
    here = put (at, here, end);
  _mm256_store_pd (self->starts_ns[self->requests & self->mask].lane, start);
  sums->all_busy = _mm256_or_pd (sums->all_busy, _mm256_cmp_pd (_mm256_load_pd (free_ns), start, _CMP_GT_OQ));
  if (_mm256_movemask_pd (_mm256_cmp_pd (wait, _mm256_setzero_pd (), _CMP_GT_OQ)) != 0)
    {
      wp_lane_waits_add (self->waits, &sums->waits, wait, judges);
      look_back_at_once (self, arrival);
      if (G_UNLIKELY (self->passed))
        sums->blocked = _mm256_sub_epi64 (sums->blocked, is_blocked (self, arrival));   /* true is -1 */
    }
  self->requests++;
}

/* What is asked is known to the compiler. */
INLINE void
offer_rows (WpBacklogAvx2 *self, const gint64 *arrivals_ns, const gint64 *services_ns, gsize n_rows, Sums *sums, gboolean scales, gboolean judges)
{
  const __m256d reciprocals = _mm256_loadu_pd (self->reciprocals);
  Sums so_far = { 0 };

  for (gsize i = 0; i < n_rows; i++)
    offer_one (self, scales ? scale (self, arrivals_ns[i], reciprocals) : _mm256_set1_pd ((double) arrivals_ns[i]), services_ns[i], &so_far, judges);
  *sums = so_far;
}

LOOP void
offer_judged (WpBacklogAvx2 *self, const gint64 *arrivals_ns, const gint64 *services_ns, gsize n_rows, Sums *sums)
{
  offer_rows (self, arrivals_ns, services_ns, n_rows, sums, TRUE, TRUE);
}

LOOP void
offer_scaled (WpBacklogAvx2 *self, const gint64 *arrivals_ns, const gint64 *services_ns, gsize n_rows, Sums *sums)
{
  offer_rows (self, arrivals_ns, services_ns, n_rows, sums, TRUE, FALSE);
}

LOOP void
offer_plain (WpBacklogAvx2 *self, const gint64 *arrivals_ns, const gint64 *services_ns, gsize n_rows, Sums *sums)
{
  offer_rows (self, arrivals_ns, services_ns, n_rows, sums, FALSE, FALSE);
}

__attribute__ ((target ("avx2"))) static void
offer_all (WpBacklogAvx2 *self, const gint64 *arrivals_ns, const gint64 *services_ns, gsize n_rows)
{
  Sums sums;
  int all_busy;

  if (self->judges)
    offer_judged (self, arrivals_ns, services_ns, n_rows, &sums);
  else if (self->is_scaled)
    offer_scaled (self, arrivals_ns, services_ns, n_rows, &sums);
  else
    offer_plain (self, arrivals_ns, services_ns, n_rows, &sums);
  wp_lane_waits_add_sums (self->waits, &sums.waits);
  wp_lane_waits_add_counts (self->blocked, sums.blocked);
  all_busy = _mm256_movemask_pd (sums.all_busy);
  for (guint lane = 0; lane < WP_BACKLOG_AVX2_LANES; lane++)
    self->all_busy[lane] |= (all_busy >> lane) & 1;
}

gboolean
wp_backlog_avx2_offer (WpBacklogAvx2 *self, const gint64 *arrivals_ns, const gint64 *services_ns, gsize n_rows)
{
  gint64 most_ns = 0;

  g_return_val_if_fail (n_rows <= WP_BACKLOG_AVX2_ROWS, FALSE);

  for (gsize i = 0; i < n_rows; i++)
    most_ns = MAX (most_ns, services_ns[i]);
  if (n_rows == 0)
    return TRUE;
  most_ns = MAX (most_ns, arrivals_ns[n_rows - 1]);
  if (self->requests + n_rows > G_MAXUINT32 || most_ns >= G_GINT64_CONSTANT (1) << 52 || (double) arrivals_ns[n_rows - 1] / self->least_scale >= 0x1p52)
    return FALSE;
  offer_all (self, arrivals_ns, services_ns, n_rows);
  for (guint lane = 0; lane < self->n; lane++)
    if (self->free_ns[self->workers[lane] - 1].lane[lane] >= 0x1p52)
      return FALSE;

  return TRUE;
}

const WpHistogram *
wp_backlog_avx2_wait (WpBacklogAvx2 *self, guint lane)
{
  return wp_lane_waits_get (self->waits, lane);
}

WpBacklog *
wp_backlog_avx2_finish (WpBacklogAvx2 *self, guint lane)
{
  WpBacklogPart part = { self->workers[lane], self->requests, self->longest[lane], self->at_longest[lane], 0, self->all_busy[lane],
                      (guint) self->watched, self->blocked[lane] };
  WpHistogram *wait = wp_lane_waits_finish (self->waits, lane, self->requests, &part.waited);

  return wp_backlog_new_partial (&part, wait);
}

#else

gboolean
wp_backlog_avx2_is_available (void)
{
  return FALSE;
}

WpBacklogAvx2 *
wp_backlog_avx2_new (const guint *workers, const double *scales, guint n, guint watched, gint64 bound_ns)
{
  g_return_val_if_reached (NULL);
}

void
wp_backlog_avx2_free (WpBacklogAvx2 *self)
{
}

gboolean
wp_backlog_avx2_offer (WpBacklogAvx2 *self, const gint64 *arrivals_ns, const gint64 *services_ns, gsize n_rows)
{
  g_return_val_if_reached (FALSE);
}

const WpHistogram *
wp_backlog_avx2_wait (WpBacklogAvx2 *self, guint lane)
{
  g_return_val_if_reached (NULL);
}

WpBacklog *
wp_backlog_avx2_finish (WpBacklogAvx2 *self, guint lane)
{
  g_return_val_if_reached (NULL);
}

#endif

guint64
wp_backlog_avx2_longest (const WpBacklogAvx2 *self, guint lane)
{
  return self->longest[lane];
}

gboolean
wp_backlog_avx2_all_busy (const WpBacklogAvx2 *self, guint lane)
{
  return self->all_busy[lane];
}

void
wp_backlog_avx2_drop (WpBacklogAvx2 *self, guint lane)
{
  self->live &= ~(1 << lane);
}
