#include "sim/plan/wp-backlog-avx2.h"

#include "sim/stats/wp-histogram.h"

#define LANES        WP_BACKLOG_AVX2_LANES
#define MAX_WORKERS  128
#define FIRST_STARTS 1024
#define UNROLLED     4

typedef union {
  _Alignas(32) double ns[LANES];
  gint64 count[LANES];
} Vector;

struct _WpBacklogAvx2 {
  guint n;
  guint workers[LANES], most_workers; /* most_workers: the maximum over the lanes, rounded up to whole steps
                                         of the loop */
  Vector live;                        /* all bits set: the lane is needed */
  int all_busy;                       /* one bit per lane: all its workers were busy at some time */
  guint64 requests;
  Vector *free_ns;   /* sorted; no time for workers that a lane does not have; one more at the end */
  Vector *starts_ns; /* a ring of recent starts; the slot is the request's number & mask */
  gsize mask;
  gsize longest[LANES];      /* backlog */
  guint64 at_longest[LANES]; /* requests that found a backlog of one less than the longest */
  /* how many requests ago the oldest waiting one came, if the backlog is one below the longest */
  gsize back[LANES];
  Vector most_ns; /* the longest wait */
  /* of the requests that waited; the weight of 0 is invalid until the end */
  WpHistogram *waits[LANES];
};

static void
set_longest_wait (WpBacklogAvx2 *self, guint lane)
{
  self->waits[lane]->max = (gint64) self->most_ns.ns[lane];
}

#if defined __x86_64__ && defined __GNUC__

#include <immintrin.h>

/* Inlined into the loop; the compiler would emit a call. */
#define INLINE __attribute__ ((target ("avx2"), always_inline)) static inline

gboolean
wp_backlog_avx2_supports (guint workers)
{
  return workers <= MAX_WORKERS && __builtin_cpu_supports ("avx2") != 0;
}

static gpointer
new_vectors (gsize n)
{
  return g_aligned_alloc0 (n, sizeof (Vector), sizeof (Vector));
}

WpBacklogAvx2 *
wp_backlog_avx2_new (const guint *workers, guint n)
{
  WpBacklogAvx2 *self = g_aligned_alloc0 (1, sizeof *self, sizeof (Vector));

  self->n = n;
  for (guint i = 0; i < LANES; i++)
    {
      self->workers[i] = i < n ? workers[i] : 1;
      self->most_workers = MAX (self->most_workers, self->workers[i]);
      self->live.count[i] = i < n ? -1 : 0;
      self->waits[i] = wp_histogram_new ();
      self->waits[i]->min = 0;
    }
  self->most_workers += (UNROLLED - self->most_workers % UNROLLED) % UNROLLED;
  self->free_ns = new_vectors (self->most_workers + 1);
  for (guint i = 0; i <= self->most_workers; i++)
    for (guint j = 0; j < LANES; j++)
      self->free_ns[i].ns[j] = i < self->workers[j] ? 0 : __builtin_inf ();
  self->starts_ns = new_vectors (FIRST_STARTS);
  self->mask = FIRST_STARTS - 1;

  return self;
}

void
wp_backlog_avx2_free (WpBacklogAvx2 *self)
{
  for (guint i = 0; i < LANES; i++)
    {
      if (self->waits[i])
        set_longest_wait (self, i);
      g_clear_pointer (&self->waits[i], wp_histogram_free);
    }
  g_aligned_free (self->free_ns);
  g_aligned_free (self->starts_ns);
  g_aligned_free (self);
}

/* Grows the ring beyond the longest backlog. */
static void
grow_starts (WpBacklogAvx2 *self)
{
  gsize capacity = 2 * (self->mask + 1);
  Vector *starts_ns = new_vectors (capacity);

  for (guint64 i = self->requests > self->mask ? self->requests - self->mask : 0; i <= self->requests; i++)
    starts_ns[i & (capacity - 1)] = self->starts_ns[i & self->mask];
  g_aligned_free (self->starts_ns);
  self->starts_ns = starts_ns;
  self->mask = capacity - 1;
}

/* The request finds the longest backlog, or one of one less. */
static void
look_back (WpBacklogAvx2 *self, guint lane, double arrival_ns)
{
  gsize longest = self->longest[lane];

  self->at_longest[lane]++;
  if (self->requests < longest
      || self->starts_ns[(self->requests - longest) & self->mask].ns[lane] <= arrival_ns)
    return;
  self->longest[lane]++;
  self->back[lane] = longest;
  self->at_longest[lane] = 1;
  if (self->longest[lane] >= self->mask)
    grow_starts (self);
}

/* The histogram's bucket: from 512 on those of a double's exponent and first bits; below, each value has one.
 */
INLINE __m256i
find_buckets (__m256d waits_ns)
{
  const __m256i first = _mm256_set1_epi64x (((gint64) (1023 + WP_HISTOGRAM_BITS) - 1) << WP_HISTOGRAM_BITS);
  __m256d small = _mm256_cmp_pd (waits_ns, _mm256_set1_pd (1 << WP_HISTOGRAM_BITS), _CMP_LT_OQ);
  __m256i buckets
      = _mm256_sub_epi64 (_mm256_srli_epi64 (_mm256_castpd_si256 (waits_ns), 52 - WP_HISTOGRAM_BITS), first);

  return _mm256_blendv_epi8 (buckets, _mm256_cvtepi32_epi64 (_mm256_cvtpd_epi32 (waits_ns)),
                             _mm256_castpd_si256 (small));
}

/* The starts of the requests @back before the current one. Four loads: a gather in microcode takes twice as
 * long (AMD, Zen 4). */
INLINE __m256d
long_ago (const WpBacklogAvx2 *self, const gsize *back)
{
  const Vector *starts_ns = self->starts_ns;
  guint64 n = self->requests, mask = self->mask;

  return _mm256_setr_pd (starts_ns[(n - back[0]) & mask].ns[0], starts_ns[(n - back[1]) & mask].ns[1],
                         starts_ns[(n - back[2]) & mask].ns[2], starts_ns[(n - back[3]) & mask].ns[3]);
}

/* @waits_ns: 0 in the lanes in which the request does not wait. */
INLINE void
count_waiting (WpBacklogAvx2 *self, __m256d arrival, __m256d waits_ns)
{
  int long_backlogs
      = _mm256_movemask_pd (_mm256_and_pd (_mm256_cmp_pd (long_ago (self, self->back), arrival, _CMP_GT_OQ),
                                           _mm256_load_pd (self->live.ns)));
  Vector buckets;

  _mm256_store_si256 ((__m256i *) &buckets, find_buckets (waits_ns));
  _mm256_store_pd (self->most_ns.ns, _mm256_max_pd (_mm256_load_pd (self->most_ns.ns), waits_ns));
  for (guint i = 0; i < LANES; i++)
    self->waits[i]->weights[buckets.count[i]]++;
  if (G_LIKELY (long_backlogs == 0))
    return;
  for (guint i = 0; i < LANES; i++)
    if (long_backlogs >> i & 1)
      look_back (self, i, _mm256_cvtsd_f64 (arrival));
}

/* The end of the job in its place, if that is one of these four; returns what is in the next. All are loaded
 * before the first is stored, or the compiler would load some twice. */
INLINE __m256d
put (double *at, __m256d here, __m256d end)
{
  __m256d one = _mm256_load_pd (at + LANES), two = _mm256_load_pd (at + 2 * LANES);
  __m256d three = _mm256_load_pd (at + 3 * LANES), four = _mm256_load_pd (at + UNROLLED * LANES);

  _mm256_store_pd (at, _mm256_max_pd (here, _mm256_min_pd (one, end)));
  _mm256_store_pd (at + LANES, _mm256_max_pd (one, _mm256_min_pd (two, end)));
  _mm256_store_pd (at + 2 * LANES, _mm256_max_pd (two, _mm256_min_pd (three, end)));
  _mm256_store_pd (at + 3 * LANES, _mm256_max_pd (three, _mm256_min_pd (four, end)));

  return four;
}

/* Returns: bit by bit, the lanes whose workers are all busy, for a time, once the job has started. */
INLINE int
offer_one (WpBacklogAvx2 *self, double arrival_ns, double service_ns)
{
  double *free_ns = self->free_ns[0].ns, *beyond = self->free_ns[self->most_workers].ns;
  __m256d arrival = _mm256_set1_pd (arrival_ns), here = _mm256_load_pd (free_ns);
  __m256d start = _mm256_max_pd (arrival, here), end = _mm256_add_pd (start, _mm256_set1_pd (service_ns));
  __m256d waits_ns = _mm256_and_pd (_mm256_sub_pd (start, arrival), _mm256_load_pd (self->live.ns));

  for (double *at = free_ns; at < beyond; at += UNROLLED * LANES)
    here = put (at, here, end);
  _mm256_store_pd (self->starts_ns[self->requests & self->mask].ns, start);
  if (_mm256_movemask_pd (_mm256_cmp_pd (waits_ns, _mm256_setzero_pd (), _CMP_GT_OQ)) != 0)
    count_waiting (self, arrival, waits_ns);
  self->requests++;

  return _mm256_movemask_pd (_mm256_cmp_pd (_mm256_load_pd (free_ns), start, _CMP_GT_OQ));
}

__attribute__ ((target ("avx2"))) static void
offer_all (WpBacklogAvx2 *self, const gint64 *arrivals_ns, const gint64 *services_ns, gsize n_rows)
{
  int all_busy = 0;

  for (gsize i = 0; i < n_rows; i++)
    all_busy |= offer_one (self, (double) arrivals_ns[i], (double) services_ns[i]);
  self->all_busy |= all_busy;
}

gboolean
wp_backlog_avx2_offer (WpBacklogAvx2 *self, const gint64 *arrivals_ns, const gint64 *services_ns,
                       gsize n_rows)
{
  gint64 most_ns = n_rows > 0 ? arrivals_ns[n_rows - 1] : 0;

  for (gsize i = 0; i < n_rows; i++)
    most_ns = MAX (most_ns, services_ns[i]);
  if (most_ns >= G_GINT64_CONSTANT (1) << 52)
    return FALSE;
  offer_all (self, arrivals_ns, services_ns, n_rows);
  for (guint i = 0; i < self->n; i++)
    if (self->free_ns[self->workers[i] - 1].ns[i] >= 0x1p52)
      return FALSE;

  return TRUE;
}

#else

gboolean
wp_backlog_avx2_supports (guint workers)
{
  return FALSE;
}

WpBacklogAvx2 *
wp_backlog_avx2_new (const guint *workers, guint n)
{
  g_return_val_if_reached (NULL);
}

void
wp_backlog_avx2_free (WpBacklogAvx2 *self)
{
}

gboolean
wp_backlog_avx2_offer (WpBacklogAvx2 *self, const gint64 *arrivals_ns, const gint64 *services_ns,
                       gsize n_rows)
{
  g_return_val_if_reached (FALSE);
}

#endif

guint64
wp_backlog_avx2_max_length (const WpBacklogAvx2 *self, guint lane)
{
  return self->longest[lane];
}

const WpHistogram *
wp_backlog_avx2_wait (WpBacklogAvx2 *self, guint lane)
{
  set_longest_wait (self, lane);

  return self->waits[lane];
}

void
wp_backlog_avx2_stop (WpBacklogAvx2 *self, guint lane)
{
  self->live.count[lane] = 0;
}

WpBacklog *
wp_backlog_avx2_finish (WpBacklogAvx2 *self, guint lane)
{
  WpHistogram *wait = self->waits[lane];

  set_longest_wait (self, lane);
  self->waits[lane] = NULL;
  wait->weights[0] = 0;
  wait->min = 1; /* a lower bound suffices */
  for (guint i = 0; i <= wp_histogram_bucket (wait->max); i++)
    wait->total += wait->weights[i];

  return wp_backlog_new_reduced (self->workers[lane], self->requests, self->longest[lane],
                                 self->at_longest[lane], self->all_busy >> lane & 1, wait);
}
