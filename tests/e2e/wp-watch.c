#include "tests/e2e/wp-watch.h"

#include <json-glib/json-glib.h>

#include "tests/e2e/wp-client.h"

#define PAUSE_US 500 /* so that it is not all that the machine does */

struct _WpWatch {
  guint16 admin_port;
  guint n_looks;
  gint stop; /* atomic */
  GThread *thread;
};

static void
check (const WpHttpResponse *response)
{
  static const char *const placed[]
      = { "stored", "rejected", "timed_out", "abandoned", "failed", "parked", "queued", "in_service" };
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonObject *ledger;
  gint64 sum = 0;

  g_assert_cmpuint (response->status, ==, 200);
  g_assert_true (json_parser_load_from_data (parser, response->body, (gssize) response->size, NULL));
  ledger = json_object_get_object_member (json_node_get_object (json_parser_get_root (parser)), "ledger");
  for (guint i = 0; i < G_N_ELEMENTS (placed); i++)
    sum += json_object_get_int_member (ledger, placed[i]);
  if (sum
      != json_object_get_int_member (ledger, "received") + json_object_get_int_member (ledger, "recovered")
             + json_object_get_int_member (ledger, "taken"))
    g_error ("the ledger does not balance: %s", response->body);
}

static gpointer
run (gpointer data)
{
  WpWatch *self = data;
  WpClient *client = wp_client_try (self->admin_port);

  while (client)
    {
      gboolean sent = wp_client_send (client, "GET /stats.json HTTP/1.1\r\nHost: localhost\r\n\r\n");
      g_autoptr (WpHttpResponse) response = sent ? wp_client_read (client) : NULL;

      if (!response)
        break;
      check (response);
      self->n_looks++;
      if (g_atomic_int_get (&self->stop)) /* not before a look, however late this thread has begun */
        break;
      g_usleep (PAUSE_US);
    }
  g_clear_pointer (&client, wp_client_free);

  return NULL;
}

WpWatch *
wp_watch_new (guint16 admin_port)
{
  WpWatch *self = g_new0 (WpWatch, 1);

  self->admin_port = admin_port;
  self->thread = g_thread_new ("watch", run, self);

  return self;
}

guint
wp_watch_free (WpWatch *self)
{
  guint n_looks;

  g_atomic_int_set (&self->stop, TRUE);
  g_thread_join (self->thread);
  n_looks = self->n_looks;
  g_free (self);

  return n_looks;
}
