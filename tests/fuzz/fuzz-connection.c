/* fuzz-connection.c - any requests in sequence over a real connection, in two pieces, to an HTTP thread of
 * each HTTP server: they are answered, and their payloads stored, as RFC 9112 says by the model of it, and
 * the ledger balances. The first byte of an input chooses the HTTP server, the second where it is cut. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/http/wp-ingest.h"
#include "runtime/http/wp-http1.h"
#include "runtime/http/wp-listen-socket.h"
#include "tests/e2e/rfc9112-model.h"

#define PATIENCE_MS 10000
#define MAX_BODY    1000
#define MAX_BYTES   4000 /* the model does not know how large a head may be */

/* An incomplete request of the input, except a body, ends here. */
#define LAST "\r\n\r\nGET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

/* A database that keeps the payloads of the input at hand, as describe () says them. */
typedef struct {
  WpDatabase parent;
  GMutex lock;
  GPtrArray *stored; /* guarded by it */
} Store;

typedef struct {
  Store store;
  WpEngine *mode;
  WpIngest ingest;
  WpListenSocket listen;
  WpHttpThread *http_thread;
  guint16 port;
} Server;

typedef struct {
  int fd;
  GString *in; /* read, and not yet taken */
  gboolean ended;
} Client;

static char *
describe (const char *method, const char *path, const char *id, const char *type, const char *body, gsize len)
{
  GString *text = g_string_new (NULL);

  g_string_printf (text, "%s %s id \"%s\" type \"%s\" body ", method, path, id ? id : "", type ? type : "");
  for (gsize i = 0; i < len; i++)
    g_string_append_printf (text, "%02x", (guint8) body[i]);
  return g_string_free (text, FALSE);
}

static gboolean
store_update (WpDatabase *database, WpJob *job)
{
  Store *self = (Store *) database;
  gsize len = 0;
  const char *body = job->body ? g_bytes_get_data (job->body, &len) : "";

  g_mutex_lock (&self->lock);
  g_ptr_array_add (self->stored, describe (job->method, job->path, job->id, job->content_type, body, len));
  g_mutex_unlock (&self->lock);
  return TRUE;
}

static void
store_init (Store *self)
{
  static const WpDatabaseClass class = { .update = store_update };

  self->parent.class = &class;
  self->stored = g_ptr_array_new_with_free_func (g_free);
}

/* Lives as long as the program. */
static void
start (Server *self, WpClock *clock, gboolean by_soup)
{
  const WpConnectionLimits limits
      = { wp_slots_new (64), 5 * WP_NS_PER_S, 5 * WP_NS_PER_S, 5 * WP_NS_PER_S, MAX_BODY };
  WpPolicy policy;

  store_init (&self->store);
  wp_policy_init (&policy, WP_MODE_DEFAULT);
  self->mode = wp_engine_new (&policy, 1000, clock, &self->store.parent, NULL);
  self->ingest = (WpIngest){ self->mode, FALSE, by_soup };
  if (!wp_listen_socket_open (&self->listen, "127.0.0.1:0", 1, NULL, NULL))
    abort ();
  self->port = (guint16) atoi (strrchr (self->listen.bound[0], ':') + 1);
  self->http_thread = wp_http_thread_new ("fuzz", self->listen.fds, 1, &limits, WP_SOUP_INGEST,
                                          wp_http1_setup, wp_pending_request_deliver, &self->ingest);
}

static void
client_init (Client *self, guint16 port)
{
  struct sockaddr_in address
      = { .sin_family = AF_INET, .sin_port = htons (port), .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  struct linger reset = { 1, 0 }; /* or the ports run out */
  int on = 1;

  *self = (Client){ socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), g_string_new (NULL), FALSE };
  g_assert_cmpint (connect (self->fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  setsockopt (self->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt (self->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
}

static void
client_clear (Client *self)
{
  close (self->fd);
  g_string_free (self->in, TRUE);
}

static G_GNUC_NORETURN void
fail (const GString *sent, const char *what, const char *more)
{
  fprintf (stderr, "%s%s. Sent: ", what, more);
  for (gsize i = 0; i < sent->len; i++)
    fprintf (stderr, g_ascii_isprint (sent->str[i]) && sent->str[i] != '\\' ? "%c" : "\\%03o",
             (guint8) sent->str[i]);
  fprintf (stderr, "\n");
  abort (); /* libFuzzer keeps the input then */
}

/* FALSE: the connection has ended. */
static gboolean
read_more (Client *self, const GString *sent)
{
  struct pollfd poller = { self->fd, POLLIN, 0 };
  char buffer[16384];
  gssize n;

  if (self->ended)
    return FALSE;
  if (poll (&poller, 1, PATIENCE_MS) <= 0)
    fail (sent, "Nothing comes after: ", self->in->str);
  n = recv (self->fd, buffer, sizeof buffer, 0);
  self->ended = n <= 0;
  if (n > 0)
    g_string_append_len (self->in, buffer, n);
  return n > 0;
}

/* The status of the next final response, whole; 0: the connection has ended. */
static guint
read_response (Client *self, gboolean bodiless, const GString *sent)
{
  const char *end, *length;
  gsize size;
  guint status;

  do
    {
      while (!(end = strstr (self->in->str, "\r\n\r\n")))
        if (!read_more (self, sent))
          return 0;
      length = g_strstr_len (self->in->str, end - self->in->str, "Content-Length: ");
      if (sscanf (self->in->str, "HTTP/1.1 %u ", &status) != 1 || (status >= 200 && !length))
        fail (sent, "No response: ", self->in->str);
      size = (gsize) (end + 4 - self->in->str)
             + (length && !bodiless ? g_ascii_strtoull (length + 16, NULL, 10) : 0);
      while (self->in->len < size)
        if (!read_more (self, sent))
          return 0;
      g_string_erase (self->in, 0, (gssize) size);
    }
  while (status < 200);
  return status;
}

static void
check_responses (Client *self, const GPtrArray *expected, const GString *sent)
{
  gboolean closes = FALSE;

  for (guint i = 0; i < expected->len; i++)
    {
      const Rfc9112Request *request = expected->pdata[i];
      guint status = read_response (self, request->method && g_str_equal (request->method, "HEAD"), sent);
      g_autofree char *text = g_strdup_printf ("%u, not %u, to request %u", status, request->status, i);

      if (status != request->status)
        fail (sent, "Wrong response: ", text);
      closes = request->closes;
    }
  if (!closes)
    shutdown (self->fd, SHUT_WR);
  while (read_more (self, sent))
    ;
  if (self->in->len > 0)
    fail (sent, "More comes after the last response: ", self->in->str);
}

static void
check_stored (Store *self, const GPtrArray *expected, const GString *sent)
{
  guint n = 0;

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < expected->len; i++)
    {
      const Rfc9112Request *request = expected->pdata[i];
      g_autofree char *text = NULL;

      if (request->status != 200)
        continue;
      text = describe (request->method, request->path, rfc9112_field (request, "X-Request-Id"),
                       rfc9112_field (request, "Content-Type"), request->body->str, request->body->len);
      if (n == self->stored->len || !g_str_equal (text, self->stored->pdata[n++]))
        fail (sent, "Not stored in its turn: ", text);
    }
  if (n < self->stored->len)
    fail (sent, "Stored too: ", self->stored->pdata[n]);
  g_ptr_array_set_size (self->stored, 0);
  g_mutex_unlock (&self->lock);
}

static void
check (Server *self, const GString *sent, gsize split)
{
  static const Rfc9112Rules rules = { MAX_BODY, FALSE };
  g_autoptr (GPtrArray) expected = rfc9112_read (sent->str, sent->len, &rules);
  Client client;
  WpLedger ledger;

  client_init (&client, self->port);
  send (client.fd, sent->str, split, MSG_NOSIGNAL);
  send (client.fd, sent->str + split, sent->len - split, MSG_NOSIGNAL);
  check_responses (&client, expected, sent);
  client_clear (&client);
  check_stored (&self->store, expected, sent);
  wp_engine_count (self->mode, &ledger, NULL);
  g_assert_true (wp_ledger_balances (&ledger));
}

/* libFuzzer's alarm would cut a poll () short, on whatever thread; what hangs is seen by PATIENCE_MS. */
static void
block_alarm (void)
{
  sigset_t set;

  sigemptyset (&set);
  sigaddset (&set, SIGALRM);
  pthread_sigmask (SIG_BLOCK, &set, NULL);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  static Server servers[2];
  static WpClock *clock;
  g_autoptr (GString) sent = NULL;

  if (!clock)
    {
      block_alarm ();
      clock = wp_clock_new (NULL);
      start (&servers[0], clock, FALSE);
      start (&servers[1], clock, TRUE);
    }
  if (size < 2 || size > MAX_BYTES)
    return 0;
  sent = g_string_new_len ((const char *) data + 2, (gssize) size - 2);
  g_string_append (sent, LAST);
  check (&servers[data[0] % 2], sent, data[1] % (size - 1));

  return 0;
}
