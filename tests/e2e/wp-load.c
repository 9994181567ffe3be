#include "tests/e2e/wp-load.h"

#include <string.h>

#include "tests/e2e/wp-client.h"

#define N_CLIENTS 8
#define OUTAGE_US (4 * WP_PATIENCE_US) /* until a database that was killed has started again */

struct _WpLoad {
  guint16 port;
  GThread *threads[N_CLIENTS];
  gint is_over; /* atomic */
  GMutex mutex;
  GCond changed;
  guint n_begun;       /* guarded by mutex */
  GPtrArray *answered; /* (element-type utf8): guarded by mutex: the ids that got a 200 */
  char *body;          /* of each request */
};

static gpointer
send_requests (gpointer data)
{
  WpLoad *self = data;
  g_autoptr (WpClient) client = wp_client_new (self->port);
  guint number, status;

  g_mutex_lock (&self->mutex);
  number = self->n_begun++;
  g_mutex_unlock (&self->mutex);
  for (guint i = 0; !g_atomic_int_get (&self->is_over); i++)
    {
      char *id = g_strdup_printf ("%u-%u", number, i);
      g_autofree char *header = g_strdup_printf ("X-Request-Id: %s\r\n", id);

      wp_client_post (client, "/", header, self->body, strlen (self->body));
      wp_client_await (client, OUTAGE_US);
      status = wp_client_read_status (client);
      g_assert_cmpuint (status, ==, 200);
      g_mutex_lock (&self->mutex);
      g_ptr_array_add (self->answered, id);
      g_cond_signal (&self->changed);
      g_mutex_unlock (&self->mutex);
    }

  return NULL;
}

WpLoad *
wp_load_new (guint16 port, gsize body_bytes)
{
  WpLoad *self = g_new0 (WpLoad, 1);

  self->port = port;
  self->body = g_strnfill (body_bytes, 'x');
  self->answered = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < N_CLIENTS; i++)
    self->threads[i] = g_thread_new ("client", send_requests, self);

  return self;
}

void
wp_load_await (WpLoad *self, guint n)
{
  g_mutex_lock (&self->mutex);
  for (n += self->answered->len; self->answered->len < n;)
    if (!g_cond_wait_until (&self->changed, &self->mutex, g_get_monotonic_time () + OUTAGE_US))
      g_error ("%u requests are answered, and no more", self->answered->len);
  g_mutex_unlock (&self->mutex);
}

GPtrArray *
wp_load_end (WpLoad *self)
{
  GPtrArray *answered = self->answered;

  g_atomic_int_set (&self->is_over, TRUE);
  for (guint i = 0; i < N_CLIENTS; i++)
    g_thread_join (self->threads[i]);
  g_free (self->body);
  g_free (self);

  return answered;
}
