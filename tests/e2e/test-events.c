/* /events continues for as long as its client reads: beyond the ten events after which a client that does not
 * read is disconnected. */
#include "tests/e2e/wp-harness.h"

#define N_EVENTS 13 /* one a second */

static void
test_beyond_ten_events (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-d", "delay:0", NULL);
  g_autoptr (WpClient) client = wp_client_new (wp_harness_admin_port (server));

  wp_client_get (client, "/events", NULL);
  for (guint n = 0; n < N_EVENTS;)
    {
      g_autofree char *line = wp_client_read_line (client);

      g_assert_nonnull (line);
      n += g_str_has_prefix (line, "data: {");
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/events/beyond-ten-events", test_beyond_ten_events);

  return g_test_run ();
}
