/* wp-lane-waits-inline.h - the inside of the waits in lanes, for the loop of WpBacklogAvx2. Others include wp-lane-waits.h. x86-64 alone. */
#pragma once

#include <immintrin.h>

#include "sim/plan/wp-lane-waits.h"
#include "sim/stats/wp-histogram-inline.h"

#define WP_AVX2 __attribute__ ((target ("avx2"))) static inline

struct _WpLaneWaits {
  guint32 *buckets[WP_BACKLOG_AVX2_LANES];        /* half as wide as a histogram's own, so that more of them stay in the second cache */
  WpHistogram *histograms[WP_BACKLOG_AVX2_LANES]; /* of them, when somebody asks */
  gint64 bound_ns;                   /* or WP_TIME_NONE, and no use of: */
  double from_ns, past_ns;           /* where its bucket begins, if at a wait at all, and ends */
  guint64 waited[WP_BACKLOG_AVX2_LANES], in_or_past[WP_BACKLOG_AVX2_LANES], past[WP_BACKLOG_AVX2_LANES];
};

/* Of some rows, in registers. */
typedef struct { __m256d max_ns; __m256i waited, in_or_past, past; } WpLaneWaitSums;

/* Below 512 each value has a bucket; from there on they are those of a double's exponent and first bits. */
static inline void
wp_lane_waits_count_small (WpLaneWaits *self, const double *waits_ns)
{
  for (guint lane = 0; lane < WP_BACKLOG_AVX2_LANES; lane++)
    if (waits_ns[lane] > 0)
      self->buckets[lane][wp_histogram_bucket ((gint64) waits_ns[lane])]++;
}

WP_AVX2 void
wp_lane_waits_count (WpLaneWaits *self, __m256d waits_ns)
{
  const __m256i first = _mm256_set1_epi64x (((gint64) (1023 + WP_HISTOGRAM_BITS) - 1) << WP_HISTOGRAM_BITS);
  const __m256d least = _mm256_set1_pd (1 << WP_HISTOGRAM_BITS);
  __m256d waited = _mm256_cmp_pd (waits_ns, _mm256_setzero_pd (), _CMP_GT_OQ);
  int small = _mm256_movemask_pd (_mm256_and_pd (waited, _mm256_cmp_pd (waits_ns, least, _CMP_LT_OQ)));

  if (G_UNLIKELY (small != 0))
    {
      double each_ns[WP_BACKLOG_AVX2_LANES];

      _mm256_storeu_pd (each_ns, waits_ns);
      wp_lane_waits_count_small (self, each_ns);
    }
  else
    {
      __m256i bucket = _mm256_sub_epi64 (_mm256_srli_epi64 (_mm256_castpd_si256 (waits_ns), 52 - WP_HISTOGRAM_BITS), first);

      bucket = _mm256_and_si256 (bucket, _mm256_castpd_si256 (waited));   /* 0, which is made good at the end, for who did not wait */
      self->buckets[0][_mm256_extract_epi64 (bucket, 0)]++;
      self->buckets[1][_mm256_extract_epi64 (bucket, 1)]++;
      self->buckets[2][_mm256_extract_epi64 (bucket, 2)]++;
      self->buckets[3][_mm256_extract_epi64 (bucket, 3)]++;
    }
}

/* One more for each lane whose wait is so long; true is -1. */
WP_AVX2 __m256i
wp_lane_waits_plus (__m256i count, __m256d waits_ns, double least_ns)
{
  return _mm256_sub_epi64 (count, _mm256_castpd_si256 (_mm256_cmp_pd (waits_ns, _mm256_set1_pd (least_ns), _CMP_GE_OQ)));
}

/* @judges: there is a bound; known to the compiler. */
WP_AVX2 void
wp_lane_waits_add (WpLaneWaits *self, WpLaneWaitSums *sums, __m256d waits_ns, gboolean judges)
{
  sums->max_ns = _mm256_max_pd (sums->max_ns, waits_ns);
  if (!judges)
    wp_lane_waits_count (self, waits_ns);
  else
    {
      sums->waited = wp_lane_waits_plus (sums->waited, waits_ns, 1);
      sums->in_or_past = wp_lane_waits_plus (sums->in_or_past, waits_ns, self->from_ns);
      sums->past = wp_lane_waits_plus (sums->past, waits_ns, self->past_ns);
    }
}

WP_AVX2 void
wp_lane_waits_add_counts (guint64 *totals, __m256i counts)
{
  guint64 each[WP_BACKLOG_AVX2_LANES];

  _mm256_storeu_si256 ((__m256i *) each, counts);
  for (guint lane = 0; lane < WP_BACKLOG_AVX2_LANES; lane++)
    totals[lane] += each[lane];
}

/* The rows are over. */
WP_AVX2 void
wp_lane_waits_add_sums (WpLaneWaits *self, const WpLaneWaitSums *sums)
{
  double max_ns[WP_BACKLOG_AVX2_LANES];

  _mm256_storeu_pd (max_ns, sums->max_ns);
  for (guint lane = 0; lane < WP_BACKLOG_AVX2_LANES; lane++)
    self->histograms[lane]->max = MAX (self->histograms[lane]->max, (gint64) max_ns[lane]);
  wp_lane_waits_add_counts (self->waited, sums->waited);
  wp_lane_waits_add_counts (self->in_or_past, sums->in_or_past);
  wp_lane_waits_add_counts (self->past, sums->past);
}
