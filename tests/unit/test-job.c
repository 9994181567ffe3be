/* A job, and its charge to the memory budget. */
#include "runtime/queue/wp-job.h"

#include <string.h>

/* The last byte of the budget can be taken; a charge that exceeds it takes nothing. */
static void
test_budget (void)
{
  g_autoptr (WpMemoryBudget) budget = wp_memory_budget_new (1000);

  g_assert_true (wp_memory_budget_take (budget, 400));
  g_assert_false (wp_memory_budget_take (budget, 601));
  g_assert_cmpuint (wp_memory_budget_held (budget), ==, 400);
  g_assert_true (wp_memory_budget_take (budget, 600));
  g_assert_false (wp_memory_budget_take (budget, 1));
  wp_memory_budget_release (budget, 1000);
  g_assert_cmpuint (wp_memory_budget_held (budget), ==, 0);
}

/* Other programs' methods are of any number: none is kept beyond its job. */
static void
test_foreign_method (void)
{
  char method[] = "A-METHOD-OF-NOBODY", path[] = "/a?b";
  g_autoptr (WpJob) job = wp_job_new ();

  wp_job_set_request (job, "PUT", "/of-another");
  wp_job_set_request (job, method, path);
  memset (method, 'x', strlen (method));
  memset (path, 'x', strlen (path));
  g_assert_cmpstr (job->method, ==, "A-METHOD-OF-NOBODY");
  g_assert_cmpstr (job->path, ==, "/a?b");
  g_assert_cmpuint (g_quark_try_string (job->method), ==, 0); /* not interned */
}

static WpJob *
make_job (gsize id_bytes, gsize path_bytes, gsize type_bytes, gsize body_bytes)
{
  WpJob *job = wp_job_new ();

  job->id = g_strnfill (id_bytes, 'i');
  job->path = g_strnfill (path_bytes, 'p');
  job->content_type = g_strnfill (type_bytes, 't');
  job->body = g_bytes_new_take (g_malloc0 (body_bytes), body_bytes);

  return job;
}

/* Every part of a payload counts, and is given back with the job. */
static void
test_charge (void)
{
  static const gsize parts[][4] = {
    { 2000, 0, 0, 0 }, { 0, 3000, 0, 0 }, { 0, 0, 4000, 0 }, { 0, 0, 0, 5000 }, { 500, 600, 700, 800 }
  };

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      gsize bytes = parts[i][0] + parts[i][1] + parts[i][2] + parts[i][3];
      g_autoptr (WpMemoryBudget) budget = wp_memory_budget_new (bytes);
      WpJob *job = make_job (parts[i][0], parts[i][1], parts[i][2], parts[i][3]),
            *next = make_job (parts[i][0], parts[i][1], parts[i][2], parts[i][3]);

      g_assert_true (wp_job_charge (job, budget));
      g_assert_cmpuint (wp_memory_budget_held (budget), ==, bytes);
      g_assert_false (wp_job_charge (next, budget));
      wp_job_unref (next);
      g_assert_cmpuint (wp_memory_budget_held (budget), ==, bytes);
      wp_job_unref (wp_job_ref (job));
      g_assert_cmpuint (wp_memory_budget_held (budget), ==, bytes);
      wp_job_unref (job);
      g_assert_cmpuint (wp_memory_budget_held (budget), ==, 0);
    }
}

/* By the clock of the day, however long ago; a job of an earlier run says it itself. */
static void
test_received (void)
{
  g_autoptr (WpJob) job = wp_job_new ();
  gint64 hour_ago_ns = g_get_real_time () * WP_NS_PER_US - 3600 * WP_NS_PER_S;

  job->arrival_ns = wp_time_monotonic () - 3600 * WP_NS_PER_S;
  g_assert_cmpint (ABS (wp_job_received_ns (job) - hour_ago_ns), <, 60 * WP_NS_PER_S);
  job->received_ns = 17;
  g_assert_cmpint (wp_job_received_ns (job), ==, 17);
}

/* One name for all its updates. */
static void
test_key (void)
{
  g_autoptr (WpJob) named = wp_job_new (), nameless = wp_job_new (), other = wp_job_new ();
  g_autofree char *key = g_strdup (wp_job_key (nameless));

  named->id = g_strdup ("mine");
  g_assert_cmpstr (wp_job_key (named), ==, "mine");
  g_assert_cmpstr (wp_job_key (nameless), ==, key);
  g_assert_cmpstr (wp_job_key (other), !=, key);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/job/budget", test_budget);
  g_test_add_func ("/job/charge", test_charge);
  g_test_add_func ("/job/foreign-method", test_foreign_method);
  g_test_add_func ("/job/received", test_received);
  g_test_add_func ("/job/key", test_key);

  return g_test_run ();
}
