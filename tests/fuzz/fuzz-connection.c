/* fuzz-connection.c - any bytes over a real connection, in two pieces, to a front with the fast lane and to one without: each ends, says
 * nothing but answers, and every request in the ledger was answered. */
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

#include "runtime/http/wp-exchange.h"
#include "runtime/http/wp-ingest.h"
#include "runtime/http/wp-listen.h"

#define PATIENCE_MS 10000
#define MAX_BODY 1000

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

typedef struct {
  WpMode *mode;
  WpIngest ingest;
  WpFront *front;
  guint16 port;
  guint64 received;          /* before the input at hand */
} Server;

/* Lives as long as the program. */
static void
start (Server *self, WpClock *clock, gboolean by_soup)
{
  const WpGateLimits limits = { wp_slots_new (64), 5 * WP_NS_PER_S, 5 * WP_NS_PER_S, 5 * WP_NS_PER_S, MAX_BODY };
  WpDatabase *database = wp_database_open ("delay:0", clock, NULL);
  WpListen listen;
  WpPolicy policy;

  wp_policy_init (&policy, WP_MODE_DEFAULT);
  self->mode = wp_mode_new (&policy, 1000, clock, database, NULL);
  self->ingest = (WpIngest) { self->mode, FALSE, by_soup };
  if (!wp_listen_open (&listen, "127.0.0.1:0", 1, NULL, NULL))
    abort ();
  self->port = (guint16) atoi (strrchr (listen.bound[0], ':') + 1);
  self->front = wp_front_new ("fuzz", listen.fds, 1, &limits, WP_SOUP_INGEST, wp_ingest_setup, wp_exchange_deliver, &self->ingest);
}

static int
connect_to (guint16 port)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons (port), .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
  struct linger reset = { 1, 0 };   /* or the ports run out */

  g_assert_cmpint (connect (fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt (fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  return fd;
}

/* To the end of the connection, which must come. */
static char *
read_all (int fd, gsize *len)
{
  g_autoptr(GByteArray) all = g_byte_array_new ();
  struct pollfd poller = { fd, POLLIN, 0 };
  guint8 buffer[16384];
  gssize n;

  do
    {
      if (poll (&poller, 1, PATIENCE_MS) <= 0)
        {
          fprintf (stderr, "the connection does not end; so far: %.*s\n", (int) all->len, (char *) all->data);
          abort ();              /* libFuzzer keeps the input then */
        }
      n = recv (fd, buffer, sizeof buffer, 0);
      if (n > 0)
        g_byte_array_append (all, buffer, (guint) n);
    }
  while (n > 0);
  *len = all->len;

  return (char *) g_byte_array_free (g_steal_pointer (&all), FALSE);
}

/* HEAD is refused with the head of an answer alone (RFC 9110, 9.3.2); its Content-Length is that of what another method would get. */
static gboolean
has_body (const char *text, const char *body, const char *end)
{
  const char *refused = wp_refusal_text (WP_REFUSAL_METHOD);

  return memcmp (text + 9, "405", 3) != 0 || ((gsize) (end - body) >= strlen (refused) && memcmp (body, refused, strlen (refused)) == 0);
}

/* Every one is a whole answer of known length. Returns how many are 200. */
static guint
count_ok (const char *text, gsize len)
{
  const char *end = text + len;
  guint n_ok = 0;

  while (text < end)
    {
      const char *body = memmem (text, (gsize) (end - text), "\r\n\r\n", 4), *length;

      g_assert_true (body && g_str_has_prefix (text, "HTTP/1."));
      n_ok += memcmp (text + 9, "200", 3) == 0;
      length = memmem (text, (gsize) (body - text), "Content-Length: ", 16);
      g_assert_true (length || memcmp (text + 9, "100", 3) == 0);
      body += 4;
      text = length && has_body (text, body, end) ? body + g_ascii_strtoull (length + 16, NULL, 10) : body;
    }
  g_assert_true (text == end);

  return n_ok;
}

static void
check (Server *self, const char *bytes, gsize len, gsize split)
{
  int fd = connect_to (self->port);
  g_autofree char *answers = NULL;
  gsize answers_len;
  WpLedger ledger;
  guint n_ok;

  send (fd, bytes, split, MSG_NOSIGNAL);
  send (fd, bytes + split, len - split, MSG_NOSIGNAL);
  shutdown (fd, SHUT_WR);
  answers = read_all (fd, &answers_len);
  close (fd);
  n_ok = answers_len > 0 ? count_ok (answers, answers_len) : 0;
  wp_mode_count (self->mode, &ledger, NULL);
  g_assert_true (wp_ledger_balances (&ledger));
  g_assert_cmpuint (n_ok, <=, ledger.received - self->received);
  self->received = ledger.received;
}

/* libFuzzer's alarm would cut a poll() short, on whatever thread; what hangs is seen by PATIENCE_MS. */
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

  if (!clock)
    {
      block_alarm ();
      clock = wp_clock_new (NULL);
      start (&servers[0], clock, FALSE);
      start (&servers[1], clock, TRUE);
    }
  if (size < 2)
    return 0;
  check (&servers[data[0] % 2], (const char *) data + 2, size - 2, data[1] % (size - 1));

  return 0;
}
