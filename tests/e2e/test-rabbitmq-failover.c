/* Three nodes, and the leader of the queue is killed under load: publishing goes on by itself, and each job
 * that was answered is in the queue. */
#include <string.h>

#include "tests/e2e/wp-harness.h"
#include "tests/e2e/wp-load.h"
#include "tests/e2e/wp-rabbitmq.h"

#define ON_THE_WAY 8 /* answers that a load may get after the leader's end: one for each client */

static WpRabbitmq *rabbitmq;

static guint
count_lost (const GPtrArray *answered)
{
  g_autoptr (GPtrArray) ids = wp_rabbitmq_take_ids (rabbitmq, WP_RABBITMQ_QUEUE);
  g_autoptr (GHashTable) found = g_hash_table_new (g_str_hash, g_str_equal);
  guint n_lost = 0;

  for (guint i = 0; i < ids->len; i++)
    g_hash_table_add (found, ids->pdata[i]);
  for (guint i = 0; i < answered->len; i++)
    n_lost += !g_hash_table_contains (found, answered->pdata[i]);
  g_test_message ("%u ids answered, %u in the queue, %u lost, %u twice", answered->len,
                  g_hash_table_size (found), n_lost, ids->len - g_hash_table_size (found));

  return n_lost;
}

static void
kill_leader (WpHarness *server, WpLoad *load)
{
  guint leader = wp_rabbitmq_find_leader (rabbitmq, WP_RABBITMQ_QUEUE);
  gint64 killed_us;

  wp_load_await (load, 20);
  killed_us = g_get_monotonic_time ();
  wp_rabbitmq_kill (rabbitmq, leader);
  wp_load_await (load, ON_THE_WAY + 1);
  g_test_message ("publishing went on %.2f s after the leader's end; %g reconnects",
                  (double) (g_get_monotonic_time () - killed_us) / G_USEC_PER_SEC,
                  wp_harness_stat (server, "engine.reconnects"));
}

static void
test_leader_killed (void)
{
  g_autofree char *uri = wp_rabbitmq_uri (rabbitmq, "", "?queue=" WP_RABBITMQ_QUEUE),
                  *option = g_strconcat ("--database=", uri, NULL);
  g_autoptr (WpHarness) server = wp_harness_start (option, "--engine-queue=1000000", NULL);
  g_autoptr (GPtrArray) answered = NULL;
  WpLoad *load = wp_load_new (wp_harness_port (server), 512);

  kill_leader (server, load);
  wp_load_await (load, 20);
  answered = wp_load_end (load);
  wp_harness_await_stat (server, "database_up", 1);
  wp_harness_stop (server);
  g_assert_cmpuint (wp_harness_ledger (server, "failed"), ==, 0);
  g_assert_cmpuint (wp_harness_ledger (server, "passed"), ==, answered->len);
  g_assert_cmpuint (count_lost (answered), ==, 0);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  if (!wp_rabbitmq_is_there ())
    {
      g_print ("1..0 # SKIP RabbitMQ is not installed\n");
      return 0;
    }
  g_test_add_func ("/rabbitmq-failover/leader-killed", test_leader_killed);
  rabbitmq = wp_rabbitmq_new (3);
  status = g_test_run ();
  wp_rabbitmq_free (rabbitmq);

  return status;
}
