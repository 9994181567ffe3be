#include "sim/base/wp-error.h"
#include "sim/base/wp-policy.h"
#include "sim/base/wp-time.h"

static void
test_policy_set (void)
{
  static const struct {
    const char *name, *value, *message, *back;
  } cases[] = {
    { "mode", "workerPOOL", NULL, "WorkerPool" },
    { "mode", "default", NULL, "Default" },
    { "mode", "pool", "\"pool\" is not a mode: Default, BufferedChannel or WorkerPool", NULL },
    { "queue", "0", NULL, "0" },
    { "queue", "-1", "\"-1\" is not a number from 0 to 4294967294", NULL },
    { "workers", "0", "\"0\" is not a number from 1 to 4294967294", NULL },
    { "workers", "12", NULL, "12" },
    { "dispatcher", "Spawning", NULL, "spawning" },
    { "dispatcher", "x", "\"x\" is not a dispatcher: bounded or spawning", NULL },
    { "when-full", "reject", NULL, "reject" },
    { "block-timeout", "1.5s", NULL, "1.5s" },
    { "block-timeout", "none", NULL, "none" },
    { "ack", "Stored", NULL, "stored" },
    { "ack", "accepted", NULL, "accepted" },
    { "ack", "maybe", "\"maybe\" is not an acknowledgement: accepted or stored", NULL },
    { "keep-abandoned", "true", NULL, "true" },
    { "keep-abandoned", "false", NULL, "false" },
    { "keep-abandoned", "1", "\"1\" is not true or false", NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *back = NULL;
      WpPolicy policy;

      wp_policy_init (&policy, WP_MODE_BUFFERED_CHANNEL);
      g_assert_cmpint (wp_policy_set (&policy, cases[i].name, cases[i].value, &error), ==,
                       cases[i].message == NULL);
      g_assert_cmpstr (error ? error->message : NULL, ==, cases[i].message);
      g_assert_cmpint (policy.given != 0, ==, cases[i].message == NULL);
      if (!cases[i].back)
        continue;
      back = wp_policy_get (&policy, cases[i].name);
      g_assert_cmpstr (back, ==, cases[i].back);
    }
}

static void
test_policy_layout (void)
{
  WpPolicy policy;
  WpLayout layout;

  wp_policy_init (&policy, WP_MODE_DEFAULT);
  policy.queue_jobs = 5;
  policy.workers = 3;
  policy.when_full = WP_WHEN_FULL_REJECT;
  wp_policy_layout (&policy, &layout);
  g_assert_cmpuint (layout.workers, ==, WP_UNBOUNDED);
  g_assert_false (layout.can_be_full || layout.rejects);

  policy.mode = WP_MODE_BUFFERED_CHANNEL;
  wp_policy_layout (&policy, &layout);
  g_assert_cmpuint (layout.workers, ==, 1);
  g_assert_cmpuint (layout.queue_jobs, ==, 5);
  g_assert_true (layout.can_be_full && layout.rejects);

  policy.mode = WP_MODE_WORKER_POOL;
  policy.when_full = WP_WHEN_FULL_BLOCK;
  policy.block_timeout_ns = 0;
  wp_policy_layout (&policy, &layout);
  g_assert_cmpuint (layout.workers, ==, 3);
  g_assert_true (layout.rejects);
  g_assert_cmpint (layout.block_timeout_ns, ==, WP_TIME_NONE);

  policy.dispatcher = WP_DISPATCHER_SPAWNING;
  wp_policy_layout (&policy, &layout);
  g_assert_cmpuint (layout.queue_jobs, ==, WP_UNBOUNDED);
  g_assert_false (layout.can_be_full || layout.rejects);

  /* The dispatcher is WorkerPool's alone. */
  policy.mode = WP_MODE_BUFFERED_CHANNEL;
  wp_policy_layout (&policy, &layout);
  g_assert_cmpuint (layout.queue_jobs, ==, 5);

  /* A job that was never acknowledged is dropped once its client has left, unless --keep-abandoned. */
  g_assert_false (layout.drops_queued);
  policy.ack = WP_ACK_STORED;
  wp_policy_layout (&policy, &layout);
  g_assert_true (layout.drops_queued);
  policy.keep_abandoned = TRUE;
  wp_policy_layout (&policy, &layout);
  g_assert_false (layout.drops_queued);
}

static void
test_policy_check (void)
{
  g_autoptr (GError) error = NULL;
  WpPolicy policy;

  wp_policy_init (&policy, WP_MODE_DEFAULT);
  policy.block_timeout_ns = WP_NS_PER_S;
  g_assert_true (wp_policy_check (&policy, NULL));
  policy.when_full = WP_WHEN_FULL_REJECT;
  g_assert_false (wp_policy_check (&policy, &error));
  g_assert_error (error, WP_ERROR, WP_ERROR_USAGE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/policy/set", test_policy_set);
  g_test_add_func ("/policy/layout", test_policy_layout);
  g_test_add_func ("/policy/check", test_policy_check);
  return g_test_run ();
}
