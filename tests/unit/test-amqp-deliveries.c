/* Of the deliveries of a shared queue exactly those are acknowledged whose jobs are settled, each once,
 * whatever the order in which they end, and whenever the connection is lost. */
#include "runtime/database/wp-amqp-deliveries.h"

#include <string.h>

#define MAX_TAGS 200

/* What a broker knows of one connection. */
typedef struct {
  gboolean acked[MAX_TAGS + 1], settled[MAX_TAGS + 1];
  guint64 n_tags;
  guint n_frames, fails_after; /* frames; G_MAXUINT: never */
} Broker;

/* WpAmqpAcknowledge */
static gboolean
on_ack (guint64 tag, gboolean multiple, gpointer data)
{
  Broker *self = data;

  if (self->n_frames++ >= self->fails_after)
    return FALSE;
  g_assert_cmpuint (tag, >=, 1);
  g_assert_cmpuint (tag, <=, self->n_tags);
  g_assert_false (self->acked[tag]);
  for (guint64 i = multiple ? 1 : tag; i <= tag; i++)
    {
      g_assert_true (self->settled[i]);
      self->acked[i] = TRUE;
    }
  return TRUE;
}

static void
broker_init (Broker *self)
{
  memset (self, 0, sizeof *self);
  self->fails_after = G_MAXUINT;
}

static void
settle (WpAmqpDeliveries *deliveries, Broker *broker, guint64 tag, guint64 number)
{
  g_assert_true (wp_amqp_deliveries_end (deliveries, number));
  wp_amqp_deliveries_settle (deliveries, number, 0);
  broker->settled[tag] = TRUE;
}

/* All up to a hole by one frame, those behind it one by one, and the rest by one when it is closed. */
static void
test_frames (void)
{
  g_autoptr (WpAmqpDeliveries) deliveries = wp_amqp_deliveries_new ();
  Broker broker;

  broker_init (&broker);
  for (broker.n_tags = 0; broker.n_tags < 10;)
    {
      broker.n_tags++;
      g_assert_cmpuint (wp_amqp_deliveries_add (deliveries, broker.n_tags), ==, broker.n_tags);
    }
  for (guint64 i = 1; i <= 8; i++)
    if (i != 6)
      settle (deliveries, &broker, i, i);
  g_assert_true (wp_amqp_deliveries_acknowledge (deliveries, on_ack, &broker));
  g_assert_cmpuint (broker.n_frames, ==, 3); /* up to 5; 7; 8 */
  for (guint64 i = 6; i <= 10; i++)
    if (i == 6 || i > 8)
      settle (deliveries, &broker, i, i);
  g_assert_true (wp_amqp_deliveries_acknowledge (deliveries, on_ack, &broker));
  g_assert_cmpuint (broker.n_frames, ==, 4);
  g_assert_cmpuint (wp_amqp_deliveries_count (deliveries), ==, 0);
  g_assert_true (wp_amqp_deliveries_acknowledge (deliveries, on_ack, &broker));
  g_assert_cmpuint (broker.n_frames, ==, 4);
}

/* A failed job is acknowledged once its copy is confirmed. */
static void
test_copies (void)
{
  g_autoptr (WpAmqpDeliveries) deliveries = wp_amqp_deliveries_new ();
  Broker broker;

  broker_init (&broker);
  for (broker.n_tags = 0; broker.n_tags < 4;)
    wp_amqp_deliveries_add (deliveries, ++broker.n_tags);
  for (guint64 i = 1; i <= 4; i++)
    {
      g_assert_true (wp_amqp_deliveries_end (deliveries, i));
      wp_amqp_deliveries_settle (deliveries, i, i);
    }
  g_assert_true (wp_amqp_deliveries_acknowledge (deliveries, on_ack, &broker));
  g_assert_cmpuint (broker.n_frames, ==, 0);
  g_assert_cmpuint (wp_amqp_deliveries_confirm (deliveries, 2, FALSE), ==, 1);
  broker.settled[2] = TRUE;
  g_assert_true (wp_amqp_deliveries_acknowledge (deliveries, on_ack, &broker));
  g_assert_true (broker.acked[2]);
  g_assert_cmpuint (wp_amqp_deliveries_confirm (deliveries, 3, TRUE), ==, 2);
  g_assert_cmpuint (wp_amqp_deliveries_confirm (deliveries, 3, TRUE), ==, 0);
  broker.settled[1] = broker.settled[3] = TRUE;
  g_assert_true (wp_amqp_deliveries_acknowledge (deliveries, on_ack, &broker));
  g_assert_true (broker.acked[1] && broker.acked[3] && !broker.acked[4]);
  g_assert_cmpuint (wp_amqp_deliveries_count (deliveries), ==, 1);
}

/* One connection after another; each may break in the midst of its acknowledgements. */
static void
test_random (void)
{
  g_autoptr (WpAmqpDeliveries) deliveries = wp_amqp_deliveries_new ();
  g_autoptr (GArray) running = g_array_new (FALSE, FALSE, sizeof (guint64)); /* numbers of all connections */
  guint64 first = 0, last = 0;

  for (guint i = 0; i < 300; i++)
    {
      Broker broker;
      gboolean ok = TRUE;

      broker_init (&broker);
      if (g_test_rand_bit ())
        broker.fails_after = (guint) g_test_rand_int_range (0, 20);
      while (ok && broker.n_tags < MAX_TAGS)
        {
          guint n_old = 0;

          for (guint n = (guint) g_test_rand_int_range (0, 9); n > 0 && broker.n_tags < MAX_TAGS; n--)
            {
              last = wp_amqp_deliveries_add (deliveries, ++broker.n_tags);
              g_assert_cmpuint (last, ==, first + broker.n_tags);
              g_array_append_val (running, last);
            }
          for (guint n = (guint) g_test_rand_int_range (0, 9); n > 0 && running->len > 0; n--)
            {
              guint at = (guint) g_test_rand_int_range (0, (gint) running->len);
              guint64 number = g_array_index (running, guint64, at);

              g_array_remove_index_fast (running, at);
              if (number > first)
                settle (deliveries, &broker, number - first, number);
              else
                g_assert_false (wp_amqp_deliveries_end (deliveries, number));
            }
          ok = wp_amqp_deliveries_acknowledge (deliveries, on_ack, &broker);
          for (guint k = 0; k < running->len; k++)
            n_old += g_array_index (running, guint64, k) <= first;
          g_assert_cmpuint (wp_amqp_deliveries_count_orphans (deliveries), ==, n_old);
        }
      for (guint64 tag = 1; ok && tag <= broker.n_tags; tag++)
        g_assert_true (broker.acked[tag] == broker.settled[tag]);
      wp_amqp_deliveries_reset (deliveries);
      g_assert_cmpuint (wp_amqp_deliveries_count (deliveries), ==, 0);
      g_assert_cmpuint (wp_amqp_deliveries_count_orphans (deliveries), ==, running->len);
      first = last;
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/amqp-deliveries/frames", test_frames);
  g_test_add_func ("/amqp-deliveries/copies", test_copies);
  g_test_add_func ("/amqp-deliveries/random", test_random);

  return g_test_run ();
}
