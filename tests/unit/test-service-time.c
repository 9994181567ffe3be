#include "sim/model/wp-service-time.h"

#include <glib/gstdio.h>
#include <math.h>

#include "sim/base/wp-error.h"

#define N_DRAWS 200000

static gint64 drawn[N_DRAWS];
static WpRow rows[N_DRAWS];

static void
draw (const char *spec, double scale)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (WpServiceTime) service = wp_service_time_new (spec, scale, FALSE, 7, &error);

  g_assert_no_error (error);
  for (guint i = 0; i < N_DRAWS; i++)
    rows[i] = (WpRow){ .service_ns = WP_TIME_NONE };
  wp_service_time_fill (service, rows, N_DRAWS, drawn);
  g_assert_cmpuint (wp_service_time_drawn (service), ==, N_DRAWS);
}

static double
mean (void)
{
  double sum = 0;

  for (guint i = 0; i < N_DRAWS; i++)
    sum += (double) drawn[i];

  return sum / N_DRAWS;
}

static double
coefficient_of_variation (void)
{
  double m = mean (), squares = 0;

  for (guint i = 0; i < N_DRAWS; i++)
    squares += ((double) drawn[i] - m) * ((double) drawn[i] - m);

  return sqrt (squares / (N_DRAWS - 1)) / m;
}

/* The seed is fixed, so that these hold always or never: 1 % is some four standard errors. */
static void
assert_near (double value, double expected)
{
  g_assert_cmpfloat (fabs (value - expected), <=, 0.01 * expected);
}

static void
test_constant (void)
{
  draw ("500ms", 1);
  g_assert_cmpint (drawn[0], ==, 500 * WP_NS_PER_MS);
  g_assert_cmpint (drawn[N_DRAWS - 1], ==, 500 * WP_NS_PER_MS);
  draw ("0.25", 2);
  g_assert_cmpint (drawn[0], ==, 500 * WP_NS_PER_MS);
}

/* Three times as long is three times each draw, of every kind. */
static void
test_scale (void)
{
  static const char *const specs[] = { "exp:20ms",        "lognormal:20ms:0.5", "uniform:10ms:30ms",
                                       "hyperexp:20ms:2", "pareto:20ms:1.5:1s", "20ms" };
  g_autofree gint64 *plain = g_new (gint64, N_DRAWS);

  for (guint i = 0; i < G_N_ELEMENTS (specs); i++)
    {
      g_autoptr (WpServiceTime) once = wp_service_time_new (specs[i], 1, TRUE, 7, NULL),
                                thrice = wp_service_time_new (specs[i], 3, TRUE, 7, NULL);
      WpMoments moments, scaled;

      wp_service_time_draw (once, plain, N_DRAWS);
      wp_service_time_draw (thrice, drawn, N_DRAWS);
      for (guint j = 0; j < N_DRAWS; j++)
        g_assert_cmpint (ABS (drawn[j] - 3 * plain[j]), <=, 2); /* each is rounded */
      wp_service_time_moments (once, &moments);
      wp_service_time_moments (thrice, &scaled);
      g_assert_cmpfloat_with_epsilon (scaled.mean_ns, 3 * moments.mean_ns, 1e-3);
      g_assert_cmpfloat (scaled.cv2, ==, moments.cv2);
    }
}

static void
test_exponential (void)
{
  draw ("exp:20ms", 1);
  assert_near (mean (), 20e6);
  assert_near (coefficient_of_variation (), 1);
}

static void
test_lognormal (void)
{
  draw ("lognormal:20ms:0.5", 1);
  assert_near (mean (), 20e6);
  assert_near (coefficient_of_variation (), 0.5);
  draw ("lognormal:0:2", 1);
  g_assert_cmpfloat (mean (), ==, 0);
}

static void
test_uniform (void)
{
  draw ("uniform:10ms:30ms", 2);
  assert_near (mean (), 40e6);
  for (guint i = 0; i < N_DRAWS; i++)
    g_assert_true (drawn[i] >= 20 * WP_NS_PER_MS && drawn[i] <= 60 * WP_NS_PER_MS);
}

static char *
write_measured (const char *text)
{
  g_autoptr (GError) error = NULL;
  char *path = NULL;
  int fd = g_file_open_tmp ("wp-service-XXXXXX", &path, &error);

  g_assert_no_error (error);
  g_close (fd, NULL);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));

  return path;
}

static void
test_from_a_measured_trace (void)
{
  g_autofree char *path
      = write_measured ("arrival,accepted,started,finished\n0,0,0,0.010\n1,1,2,2.030\n2,,,\n3,3,3,\n");
  g_autofree char *spec = g_strconcat ("from:", path, NULL);
  g_autoptr (WpServiceTime) service = NULL;
  WpMoments moments;
  guint tens = 0;

  draw (spec, 1);
  for (guint i = 0; i < N_DRAWS; i++)
    {
      g_assert_true (drawn[i] == 10 * WP_NS_PER_MS || drawn[i] == 30 * WP_NS_PER_MS);
      tens += drawn[i] == 10 * WP_NS_PER_MS;
    }
  assert_near (tens, N_DRAWS / 2.0);
  service = wp_service_time_new (spec, 2, FALSE, 7, NULL);
  wp_service_time_moments (service, &moments);
  g_assert_cmpfloat (moments.mean_ns, ==, 40e6);
  g_assert_cmpfloat_with_epsilon (moments.cv2, 0.25, 1e-12);
  g_unlink (path);
}

static void
test_trace_column_wins (void)
{
  const WpRow some[] = { { .service_ns = 3 }, { .service_ns = WP_TIME_NONE }, { .service_ns = 0 } };
  g_autoptr (WpServiceTime) service = wp_service_time_new ("7ns", 1, FALSE, 1, NULL);
  g_autoptr (WpServiceTime) always = wp_service_time_new ("7ns", 1, TRUE, 1, NULL);
  gint64 services_ns[3];

  wp_service_time_fill (service, some, 3, services_ns);
  g_assert_cmpint (services_ns[0], ==, 3);
  g_assert_cmpint (services_ns[1], ==, 7);
  g_assert_cmpint (services_ns[2], ==, 0);
  g_assert_cmpuint (wp_service_time_drawn (service), ==, 1);
  wp_service_time_fill (always, some, 3, services_ns);
  g_assert_cmpint (services_ns[0], ==, 7);
  g_assert_cmpint (services_ns[2], ==, 7);
}

static void
test_equal_seeds_equal_draws (void)
{
  g_autoptr (WpServiceTime) one = wp_service_time_new ("exp:1s", 1, FALSE, 5, NULL);
  g_autoptr (WpServiceTime) same = wp_service_time_new ("exp:1s", 1, FALSE, 5, NULL);
  g_autoptr (WpServiceTime) other = wp_service_time_new ("exp:1s", 1, FALSE, 6, NULL);
  const WpRow some[] = { { .service_ns = WP_TIME_NONE }, { .service_ns = WP_TIME_NONE } };
  gint64 a[2], b[2];

  wp_service_time_fill (one, some, 2, a);
  wp_service_time_fill (same, some, 2, b);
  g_assert_cmpmem (a, sizeof a, b, sizeof b);
  g_assert_cmpint (a[0], !=, a[1]);
  wp_service_time_restart (one);
  wp_service_time_fill (one, some, 2, b);
  g_assert_cmpmem (a, sizeof a, b, sizeof b);
  wp_service_time_fill (other, some, 2, b);
  g_assert_cmpint (a[0], !=, b[0]);
}

static void
test_refusals (void)
{
  static const char *const specs[] = { "",
                                       "abc",
                                       "-1",
                                       "gamma:2",
                                       "exp",
                                       "exp:",
                                       "exp:x",
                                       "lognormal:1s",
                                       "lognormal:1s:-1",
                                       "lognormal:1s:0.5:2",
                                       "uniform:2s:1s",
                                       "uniform:1s" };

  for (guint i = 0; i < G_N_ELEMENTS (specs); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *start
          = g_strdup_printf ("\"%s\" is not a service time: 500ms, exp:MEAN, lognormal:", specs[i]);

      g_assert_null (wp_service_time_new (specs[i], 1, FALSE, 1, &error));
      g_assert_error (error, WP_ERROR, WP_ERROR_BAD_VALUE);
      g_assert_true (g_str_has_prefix (error->message, start));
    }
}

static void
test_trace_without_measurements (void)
{
  g_autofree char *path = write_measured ("arrival,service\n0,1\n");
  g_autofree char *spec = g_strconcat ("from:", path, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_null (wp_service_time_new (spec, 1, FALSE, 1, &error));
  g_assert_error (error, WP_ERROR, WP_ERROR_BAD_TRACE);
  g_assert_nonnull (strstr (error->message, "no row has both \"started\" and \"finished\""));
  g_unlink (path);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/service-time/constant", test_constant);
  g_test_add_func ("/service-time/scale", test_scale);
  g_test_add_func ("/service-time/exponential", test_exponential);
  g_test_add_func ("/service-time/lognormal", test_lognormal);
  g_test_add_func ("/service-time/uniform", test_uniform);
  g_test_add_func ("/service-time/from-a-measured-trace", test_from_a_measured_trace);
  g_test_add_func ("/service-time/trace-column-wins", test_trace_column_wins);
  g_test_add_func ("/service-time/equal-seeds-equal-draws", test_equal_seeds_equal_draws);
  g_test_add_func ("/service-time/refusals", test_refusals);
  g_test_add_func ("/service-time/trace-without-measurements", test_trace_without_measurements);

  return g_test_run ();
}
