/* The closed forms, against tables and each other. */
#include <math.h>

#include "sim/model/wp-theory.h"

static void
assert_near (double value, double expected, double relative)
{
  g_test_message ("%.10g, expected %.10g", value, expected);
  g_assert_cmpfloat (fabs (value - expected), <=, relative * fabs (expected));
}

/* Loads at which the loss is as given, from the Erlang B tables that telephone engineers use (to the digits
 * printed there). */
static void
test_erlang_b_table (void)
{
  static const struct {
    guint servers;
    double load, lost, digits;
  } table[] = {
    { 1, 0.0101, 0.01, 0.01 }, { 2, 0.153, 0.01, 0.01 }, { 5, 1.36, 0.01, 0.01 },   { 10, 4.46, 0.01, 0.01 },
    { 20, 12.0, 0.01, 0.02 },  { 50, 37.9, 0.01, 0.01 }, { 100, 84.1, 0.01, 0.01 }, { 10, 5.08, 0.02, 0.01 },
    { 20, 13.2, 0.02, 0.02 },  { 10, 6.22, 0.05, 0.01 }, { 10, 7.51, 0.10, 0.01 },  { 100, 88.0, 0.02, 0.01 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    assert_near (wp_theory_erlang_b (table[i].servers, table[i].load), table[i].lost, table[i].digits * 5);
  assert_near (wp_theory_erlang_b (1, 1), 0.5, 1e-15);
  assert_near (wp_theory_erlang_b (2, 1), 0.2, 1e-15);
  assert_near (wp_theory_erlang_b (10, 5), 0.018384570, 1e-7);
  g_assert_cmpfloat (wp_theory_erlang_b (0, 5), ==, 1);
}

static void
test_erlang_c_values (void)
{
  assert_near (wp_theory_erlang_c (1, 0.7), 0.7, 1e-15); /* M/M/1: ρ */
  assert_near (wp_theory_erlang_c (2, 1), 1.0 / 3, 1e-15);
  assert_near (wp_theory_erlang_c (10, 8), 0.409180, 1e-5);
  assert_near (wp_theory_erlang_c (3, 2), 4.0 / 9, 1e-15);
  g_assert_true (isnan (wp_theory_erlang_c (3, 3)));
}

/* The sum over states, said once more and directly. */
static WpTheoryState
by_states (guint servers, guint places, double load, guint clients)
{
  double weight = 1, total = 0, waiting = 0, busy = 0, seen = 0, lost = 0;

  for (guint n = 0; n <= servers + places && n <= clients; n++)
    {
      double sources = clients == G_MAXUINT ? 1 : clients - n;

      total += weight;
      busy += weight * MIN (n, servers);
      waiting += n > servers ? weight * (n - servers) : 0;
      seen += weight * sources;
      lost = n == servers + places ? weight * sources : 0;
      weight *= load * sources / MIN (n + 1, servers);
    }

  return (WpTheoryState){ lost / seen, waiting / total, busy / total };
}

static void
assert_states (WpTheoryState one, WpTheoryState two)
{
  assert_near (one.lost, two.lost, 1e-12);
  assert_near (one.waiting, two.waiting, 1e-12);
  assert_near (one.busy, two.busy, 1e-12);
}

static void
test_finite_queues (void)
{
  static const struct {
    guint servers, places;
    double load;
  } cases[] = { { 1, 0, 0.5 }, { 1, 10, 0.9 }, { 1, 10, 1 },   { 1, 10, 2 },
                { 3, 4, 2.5 }, { 20, 15, 25 }, { 8, 100, 7.9 } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      assert_states (wp_theory_finite_queue (cases[i].servers, cases[i].places, cases[i].load),
                     by_states (cases[i].servers, cases[i].places, cases[i].load, G_MAXUINT));
      assert_states (wp_theory_finite_source (cases[i].servers, cases[i].places, 30, cases[i].load / 10),
                     by_states (cases[i].servers, cases[i].places, cases[i].load / 10, 30));
    }
}

static void
test_limits (void)
{
  WpTheoryState endless = wp_theory_finite_queue (5, 5000, 4),
                many = wp_theory_finite_source (5, 5000, 2000000, 4 / 2e6);

  g_assert_cmpfloat (wp_theory_finite_queue (7, 0, 5).lost, ==, wp_theory_erlang_b (7, 5));
  assert_near (endless.waiting, wp_theory_erlang_c (5, 4) * 4, 1e-9); /* Lq = C ρ / (1 - ρ) */
  assert_near (many.waiting, endless.waiting, 1e-3); /* so many clients are a Poisson process */
  assert_near (wp_theory_finite_queue (2, 10000, 4).lost, 0.5, 1e-9); /* twice too much: half is lost */
  assert_near (wp_theory_finite_queue (2, 10000, 6).lost, 2 / 3.0, 1e-9);
  assert_near (wp_theory_finite_queue (2, 10000, 6).waiting, 10000 - 0.5, 1e-9);
  assert_near (wp_theory_finite_source (2, 100000, 100000, 1).busy, 2, 1e-9);
  assert_near (wp_theory_pollaczek_khinchine (0.9, 1), 9, 1e-12);   /* M/M/1: ρ / (1 - ρ) */
  assert_near (wp_theory_pollaczek_khinchine (0.9, 0), 4.5, 1e-12); /* M/D/1: half of that */
  g_assert_true (isnan (wp_theory_pollaczek_khinchine (1, 1)));
}

static double
value_of (const WpTheory *theory, const char *metric)
{
  for (guint i = 0; i < theory->n_values; i++)
    if (g_str_equal (theory->values[i].metric, metric))
      return theory->values[i].value;

  return NAN;
}

/* Each form keeps Little's law, and the special is a case of the general. */
static void
test_forms_agree (void)
{
  WpTheoryCase mm1 = { WP_TRAFFIC_POISSON,
                       50,
                       0,
                       { WP_SHAPE_EXPONENTIAL, 18e6, 1 },
                       { 0 },
                       FALSE,
                       { 20, 1, FALSE, WP_TIME_NONE, TRUE },
                       TRUE,
                       1000,
                       TRUE };
  WpTheoryCase mg1 = mm1;
  WpTheory one, other;

  mg1.service.shape = WP_SHAPE_GENERAL;
  wp_theory_find (&one, &mm1);
  wp_theory_find (&other, &mg1);
  g_assert_cmpstr (one.name, ==, "M/M/1");
  g_assert_cmpstr (other.name, ==, "M/G/1");
  assert_near (value_of (&one, "wait.mean"), value_of (&other, "wait.mean"), 1e-12);
  assert_near (value_of (&one, "wait.mean"), 0.162, 1e-12);
  assert_near (value_of (&one, "blocked"), pow (0.9, 21), 1e-12);
  assert_near (value_of (&one, "blocked_time.mean"), 0.18, 1e-12);
  assert_near (value_of (&one, "depth.mean"),
               50 * (value_of (&one, "wait.mean") - value_of (&one, "accept_latency.mean")), 1e-12);
  assert_near (value_of (&one, "response.p99"), 0.18 * log (100), 1e-12);
}

static void
test_no_theory (void)
{
  static const struct {
    WpTheoryCase simulated;
    const char *why;
  } cases[] = {
    { { WP_TRAFFIC_OTHER,
        50,
        0,
        { WP_SHAPE_EXPONENTIAL, 1e6, 1 },
        { 0 },
        FALSE,
        { 9, 2, FALSE, 0, TRUE },
        TRUE },
      "not Poisson" },
    { { WP_TRAFFIC_POISSON,
        50,
        0,
        { WP_SHAPE_GENERAL, 1e6, 2 },
        { 0 },
        FALSE,
        { 9, 2, FALSE, 0, TRUE },
        TRUE },
      "several workers" },
    { { WP_TRAFFIC_POISSON,
        50,
        0,
        { WP_SHAPE_EXPONENTIAL, 1e9, 1 },
        { 0 },
        FALSE,
        { 9, 2, FALSE, 0, TRUE },
        TRUE },
      "no steady state" },
    { { WP_TRAFFIC_POISSON,
        50,
        0,
        { WP_SHAPE_EXPONENTIAL, 1e6, 1 },
        { 0 },
        FALSE,
        { 9, 2, FALSE, 0, TRUE },
        FALSE },
      "leave" },
    { { WP_TRAFFIC_POISSON,
        50,
        0,
        { WP_SHAPE_GENERAL, 1e6, 1 },
        { 0 },
        FALSE,
        { 9, 2, TRUE, 0, TRUE },
        TRUE },
      "with rejection" },
    { { WP_TRAFFIC_CLIENTS,
        0,
        5,
        { WP_SHAPE_EXPONENTIAL, 1e6, 1 },
        { 0 },
        TRUE,
        { 9, 2, FALSE, 0, TRUE },
        TRUE },
      "accepted" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      WpTheory theory;

      wp_theory_find (&theory, &cases[i].simulated);
      g_assert_null (theory.name);
      g_assert_cmpuint (theory.n_values, ==, 0);
      g_assert_nonnull (strstr (theory.source, cases[i].why));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/theory/erlang-b-table", test_erlang_b_table);
  g_test_add_func ("/theory/erlang-c-values", test_erlang_c_values);
  g_test_add_func ("/theory/finite-queues", test_finite_queues);
  g_test_add_func ("/theory/limits", test_limits);
  g_test_add_func ("/theory/forms-agree", test_forms_agree);
  g_test_add_func ("/theory/no-theory", test_no_theory);

  return g_test_run ();
}
