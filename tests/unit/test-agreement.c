/* The judgement of --against, the matching of requests, and the area between two curves. */
#include "sim/compare/wp-agreement.h"

#include <math.h>

#include "sim/compare/wp-match.h"

#define NONE WP_TIME_NONE

static const WpMetricAgreement *
find (const WpAgreement *against, const char *name)
{
  for (guint i = 0; i < WP_N_METRIC_AGREEMENTS; i++)
    if (g_str_equal (against->metrics[i].metric->name, name))
      return &against->metrics[i];
  g_error ("%s is not judged", name);
}

static void
assert_agreement (const WpAgreement *against, const char *name, double error, gboolean ok)
{
  const WpMetricAgreement *agreement = find (against, name);

  g_assert_true (agreement->ok == ok);
  if (isnan (error))
    g_assert_true (isnan (agreement->error));
  else
    g_assert_cmpfloat_with_epsilon (agreement->error, error, 1e-12);
}

static void
make_figures (WpSummary *summary)
{
  wp_summary_init (summary);
  summary->accepted = 1000;
  summary->throughput = 100;
  summary->depth_mean = 10;
  summary->depth_max = 20;
  summary->makespan_ns = 10 * WP_NS_PER_S;
  summary->wait.p50 = 1000000;
  summary->wait.p99 = 100000000;
  summary->response.p50 = 2000000;
  summary->response.p99 = 200000000;
}

/* By its name, in its unit. */
static void
set_figure (WpSummary *summary, const char *name, double value)
{
  const WpMetric *metric = wp_metric_find (name);
  gpointer field = G_STRUCT_MEMBER_P (summary, metric->offset);

  switch (metric->type)
    {
    case WP_METRIC_COUNT:
      *(guint64 *) field = (guint64) value;
      break;
    case WP_METRIC_INTEGER:
      *(gint64 *) field = (gint64) value;
      break;
    case WP_METRIC_NS:
      *(gint64 *) field = (gint64) nearbyint (value * WP_NS_PER_S);
      break;
    case WP_METRIC_DOUBLE_NS:
      *(double *) field = value * WP_NS_PER_S;
      break;
    case WP_METRIC_DOUBLE:
    default:
      *(double *) field = value;
    }
}

static void
test_equal_figures (void)
{
  WpSummary summary;
  WpAgreement against;

  make_figures (&summary);
  wp_agreement_judge (&against, &summary, &summary, NAN, 0, WP_AGREEMENT_CURVE_TOLERANCE);
  for (guint i = 0; i < WP_N_METRIC_AGREEMENTS; i++)
    {
      g_assert_cmpfloat (against.metrics[i].error, ==, 0); /* both null, and both 0, too */
      g_assert_true (against.metrics[i].ok);
    }
  g_assert_true (against.curve_ok);
  g_assert_cmpuint (against.n_failed, ==, 0);
}

static void
test_relative_or_absolute_bound (void)
{
  WpSummary predicted, measured;
  WpAgreement against;

  make_figures (&measured);
  predicted = measured;
  predicted.accepted = 1020;      /* 2 % to the last digit */
  predicted.depth_max = 21;       /* 5 %, but 1 job */
  predicted.wait.p50 = 1200000;   /* 20 %, but 0.2 ms */
  predicted.wait.p99 = 103000000; /* 3 % and 3 ms */
  predicted.depth_mean = 10.5;    /* 5 %; no absolute bound */
  predicted.throughput = 98;
  wp_agreement_judge (&against, &predicted, &measured, NAN, 0.02, WP_AGREEMENT_CURVE_TOLERANCE);
  assert_agreement (&against, "accepted", 0.02, TRUE);
  assert_agreement (&against, "depth.max", 0.05, TRUE);
  assert_agreement (&against, "wait.p50", 0.2, TRUE);
  assert_agreement (&against, "wait.p99", 0.03, FALSE);
  assert_agreement (&against, "depth.mean", 0.05, FALSE);
  assert_agreement (&against, "throughput", -0.02, TRUE);
  g_assert_cmpuint (against.n_failed, ==, 2);
  wp_agreement_judge (&against, &predicted, &measured, NAN, 0.05, WP_AGREEMENT_CURVE_TOLERANCE);
  g_assert_cmpuint (against.n_failed, ==, 0);
}

/* Each metric by the bounds of section 7, a little within and a little beyond them: 2 %, or an absolute
 * number of jobs or seconds (0: none). */
static void
test_bounds_of_each_metric (void)
{
  static const struct {
    const char *name;
    double bound;
  } bounds[WP_N_METRIC_AGREEMENTS] = {
    { "accepted", 1 },
    { "rejected", 1 },
    { "timed_out", 1 },
    { "abandoned", 1 },
    { "blocked", 1 },
    { "blocked_peak", 1 },
    { "depth.max", 1 },
    { "blocked_time.mean", 0.0002 },
    { "blocked_time.p99", 0.0002 },
    { "wait.p50", 0.0002 },
    { "wait.p99", 0.0002 },
    { "response.p50", 0.0002 },
    { "response.p99", 0.0002 },
    { "time_full", 0.0002 },
    { "depth.mean", 0 },
    { "throughput", 0 },
    { "makespan", 0 },
  };
  /* in tens of bounds; of bounds, or shares */
  static const struct {
    double measured, off_by;
    gboolean with_bound, without;
  } tries[] = {
    { 1, 1, TRUE, FALSE }, { 1, 2, FALSE, FALSE }, { 1000, 200, TRUE, TRUE }, { 1000, 201, FALSE, FALSE }
  };

  for (guint i = 0; i < WP_N_METRIC_AGREEMENTS; i++)
    for (guint j = 0; j < G_N_ELEMENTS (tries); j++)
      {
        double unit = bounds[i].bound > 0 ? bounds[i].bound : 1;
        gboolean ok = bounds[i].bound > 0 ? tries[j].with_bound : tries[j].without;
        WpSummary predicted, measured;
        WpAgreement against;

        make_figures (&measured);
        set_figure (&measured, bounds[i].name, 10 * tries[j].measured * unit);
        predicted = measured;
        set_figure (&predicted, bounds[i].name, (10 * tries[j].measured + tries[j].off_by) * unit);
        wp_agreement_judge (&against, &predicted, &measured, NAN, 0.02, WP_AGREEMENT_CURVE_TOLERANCE);
        g_assert_cmpstr (against.metrics[i].metric->name, ==, bounds[i].name);
        g_assert_cmpint (against.metrics[i].ok, ==, ok);
        g_assert_cmpuint (against.n_failed, ==, !ok);
      }
}

static void
test_nothing_measured (void)
{
  WpSummary predicted, measured;
  WpAgreement against;

  make_figures (&measured);
  predicted = measured;
  predicted.rejected = 1; /* measured 0: only the absolute bound */
  predicted.blocked = 2;
  predicted.blocked_time.mean = 1000; /* measured null: nothing will do, even 1 us */
  predicted.depth_mean = NAN;
  measured.time_full_ns = 0;
  predicted.time_full_ns = 200000;
  wp_agreement_judge (&against, &predicted, &measured, NAN, 1, WP_AGREEMENT_CURVE_TOLERANCE);
  assert_agreement (&against, "rejected", NAN, TRUE);
  assert_agreement (&against, "blocked", NAN, FALSE);
  assert_agreement (&against, "blocked_time.mean", NAN, FALSE);
  assert_agreement (&against, "depth.mean", NAN, FALSE);
  assert_agreement (&against, "time_full", NAN, TRUE);
}

static void
test_curve_bound (void)
{
  WpSummary summary;
  WpAgreement against;

  make_figures (&summary);
  wp_agreement_judge (&against, &summary, &summary, 0.03, 0, WP_AGREEMENT_CURVE_TOLERANCE);
  g_assert_true (against.curve_ok);
  wp_agreement_judge (&against, &summary, &summary, 0.031, 0.5, WP_AGREEMENT_CURVE_TOLERANCE);
  g_assert_false (against.curve_ok);
  g_assert_cmpuint (against.n_failed, ==, 1);
}

#define S WP_NS_PER_S

static WpRow
queued (gint64 arrival_ns, gint64 accepted_ns, gint64 started_ns)
{
  return (WpRow){ .arrival_ns = arrival_ns,
                  .accepted_ns = accepted_ns,
                  .started_ns = started_ns,
                  .finished_ns = started_ns,
                  .ended_ns = started_ns };
}

static void
test_area_between_curves (void)
{
  const WpRow measured[] = { queued (0, 0, 4 * S), queued (S, S, 3 * S) };  /* 4 + 2 job seconds */
  const WpRow predicted[] = { queued (0, 0, 4 * S), queued (S, S, 2 * S) }; /* 1 less */
  /* the first again, 7 s on */
  const WpRow later[] = { queued (7 * S, 7 * S, 11 * S), queued (8 * S, 8 * S, 10 * S) };
  const WpRow lost[]
      = { { 0, 0, 0, NONE, NONE, 4 * S, -1, NULL, 0, 0 }, { S, 0, NONE, NONE, NONE, 9 * S, -1, NULL, 0, 1 } };

  g_assert_cmpfloat_with_epsilon (wp_agreement_curve_error (predicted, 2, measured, 2, 0), 1.0 / 6, 1e-12);
  g_assert_cmpfloat (wp_agreement_curve_error (later, 2, measured, 2, 0), ==, 0);
  g_assert_cmpfloat_with_epsilon (wp_agreement_curve_error (lost, 2, measured, 2, 0), 2.0 / 6, 1e-12);
  g_assert_cmpfloat_with_epsilon (wp_agreement_curve_error (predicted, 0, measured, 2, 0), 1, 1e-12);
}

static void
test_too_little_area (void)
{
  const WpRow little[] = { queued (0, 0, S - 1) }, enough[] = { queued (0, 0, S) };

  g_assert_true (isnan (wp_agreement_curve_error (enough, 1, little, 1, 0)));
  g_assert_false (isnan (wp_agreement_curve_error (little, 1, enough, 1, 0)));
}

static WpRow
named (const char *id)
{
  return (WpRow){ .id = id };
}

static void
test_match_by_id (void)
{
  const WpRow first[] = { named ("a"), named ("b"), named (NULL), named ("a"), named ("gone"), named (NULL) };
  const WpRow second[] = { named ("b"), named ("a"), named ("new"), named (NULL), named ("a") };
  WpMatch match;

  wp_match_rows (&match, first, G_N_ELEMENTS (first), second, G_N_ELEMENTS (second));
  g_assert_true (match.by_id);
  g_assert_cmpuint (match.n_matched, ==, 4);
  g_assert_cmpuint (match.partners[0], ==, 1);
  g_assert_cmpuint (match.partners[1], ==, 0);
  g_assert_cmpuint (match.partners[2], ==, 3);
  g_assert_cmpuint (match.partners[3], ==, 4);
  g_assert_cmpuint (match.partners[4], ==, WP_NO_MATCH);
  g_assert_cmpuint (match.partners[5], ==, WP_NO_MATCH);
  wp_match_clear (&match);
}

static void
test_match_by_order (void)
{
  const WpRow first[] = { named (NULL), named (NULL), named (NULL) };
  const WpRow second[] = { named ("x"), named ("y") };
  WpMatch match;

  wp_match_rows (&match, first, 3, second, 2);
  g_assert_false (match.by_id);
  g_assert_cmpuint (match.n_matched, ==, 2);
  g_assert_cmpuint (match.partners[1], ==, 1);
  g_assert_cmpuint (match.partners[2], ==, WP_NO_MATCH);
  wp_match_clear (&match);
}

static void
test_difference (void)
{
  const WpRow first[] = { queued (0, 0, 10), queued (0, 0, 10), queued (0, 0, 10), queued (0, 0, NONE) };
  const WpRow second[] = { queued (0, 0, 11), queued (0, 0, 7), queued (0, 0, 19), queued (0, 0, 19) };
  WpDifference difference;
  WpMatch match;

  wp_match_rows (&match, first, 4, second, 4);
  difference = wp_match_difference (&match, first, 4, second, wp_row_response, wp_row_response);
  g_assert_cmpuint (difference.n, ==, 3);
  g_assert_cmpint (difference.median_ns, ==, 3);
  g_assert_cmpint (difference.max_ns, ==, 9);
  wp_match_clear (&match);
}

/* The first request came 5 ms late, so that all others seem 5 ms early; their curves are the same. */
static void
test_late_first_request (void)
{
  const gint64 late = S / 200;
  const WpRow predicted[] = { queued (0, 0, 0), queued (S, S, 2 * S), queued (2 * S, 2 * S, 4 * S),
                              queued (5 * S, 5 * S, 6 * S) };
  const WpRow measured[] = { queued (late, late, late), queued (S, S, 2 * S), queued (2 * S, 2 * S, 4 * S),
                             queued (5 * S, 5 * S, 6 * S) };
  WpMatch match;

  wp_match_rows (&match, predicted, 4, measured, 4);
  g_assert_cmpint (wp_match_clock_shift (&match, predicted, 4, measured), ==, -late);
  g_assert_cmpfloat (wp_agreement_curve_error (predicted, 4, measured, 4, -late), ==, 0);
  g_assert_cmpfloat (wp_agreement_curve_error (predicted, 4, measured, 4, 0), >, 0);
  wp_match_clear (&match);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/agreement/bounds-of-each-metric", test_bounds_of_each_metric);
  g_test_add_func ("/agreement/equal-figures", test_equal_figures);
  g_test_add_func ("/agreement/relative-or-absolute-bound", test_relative_or_absolute_bound);
  g_test_add_func ("/agreement/nothing-measured", test_nothing_measured);
  g_test_add_func ("/agreement/curve-bound", test_curve_bound);
  g_test_add_func ("/agreement/area-between-curves", test_area_between_curves);
  g_test_add_func ("/agreement/too-little-area", test_too_little_area);
  g_test_add_func ("/agreement/match-by-id", test_match_by_id);
  g_test_add_func ("/agreement/match-by-order", test_match_by_order);
  g_test_add_func ("/agreement/difference", test_difference);
  g_test_add_func ("/agreement/late-first-request", test_late_first_request);

  return g_test_run ();
}
