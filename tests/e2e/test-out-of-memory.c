/* A server gets the address space that its options need by the formula of wp-server(8), RESOURCES, and no
 * more. A crowd of hostile clients of each kind does not end it, and it serves an honest client meanwhile. */
#include "tests/e2e/wp-crowd.h"
#include "tests/e2e/wp-harness.h"

#include <stdio.h>
#include <string.h>

#define MB             (G_GINT64_CONSTANT (1) << 20)
#define ROOM_MEGABYTES 16 /* "a little room for requests", which the server asks for at start */

#ifdef __SANITIZE_ADDRESS__
#define IS_LIMITED FALSE /* it takes terabytes of addresses, and memory of its own */
#else
#define IS_LIMITED (!g_getenv ("WP_WRAPPER"))
#endif
#define ROUNDS    8
#define MAX_TRIES 20
#define MAX_TAKEN 1000 /* requests of a client that reads no response */

/* The options, beside those that keep deadlines out of it. */
#define MAX_PENDING (6 * MB)
#define MAX_JOBS    3000

static const char request_of_an_hour[] = "GET /held HTTP/1.1\r\nHost: a\r\nX-WP-Service: 3600\r\n\r\n";
static const char request[] = "GET /piped HTTP/1.1\r\nHost: a\r\nX-WP-Service: 0\r\n\r\n";

/* A kind of hostile client. */
typedef struct {
  const char *name;
  const char *start;    /* sent at first, */
  const char *repeated; /* then this until so many bytes are sent in all, or nothing, */
  gsize pipeline_bytes;
  gsize fill_bytes;   /* then so many letters, */
  const char *more;   /* and this again and again */
  gboolean is_raw;    /* no TLS, though the server speaks it */
  gboolean is_unread; /* its requests are answered */
  gboolean holds;     /* its request stays in service, or parked */
} Kind;

static const Kind kinds[] = {
  { .name = "idle", .start = "", .more = "" },
  { .name = "half-heads", .start = "GET / HTTP/1.1\r\nHost: a\r\nA: ", .fill_bytes = 20000, .more = "a" },
  { .name = "half-bodies",
    .start = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n",
    .fill_bytes = 50000,
    .more = "b" },
  { .name = "bytes-behind-large-heads",
    .start = "POST / HTTP/1.1\r\nContent-Length: 1000\r\nHost: a\r\nA: ",
    .fill_bytes = 30000,
    .more = "\r\n\r\nb" },
  { .name = "dribbled-chunks",
    .start = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
    .more = "1\r\nc\r\n" },
  { .name = "unread-responses",
    .start = request,
    .repeated = request,
    .pipeline_bytes = 65536,
    .more = request,
    .is_unread = TRUE },
  { .name = "behind-requests-in-service",
    .start = request_of_an_hour,
    .repeated = request,
    .pipeline_bytes = 65536,
    .more = request,
    .holds = TRUE },
};

static const Kind parked = { .name = "behind-parked-requests",
                             .start = request,
                             .repeated = request,
                             .pipeline_bytes = 65536,
                             .more = request,
                             .holds = TRUE };
static const Kind handshakes
    = { .name = "handshakes", .start = "\x16\x03\x01\x02", .more = "\x01", .is_raw = TRUE };

/* A whole handshake takes 3 ms. */
static guint
count_hostile (const Kind *kind)
{
  return !IS_LIMITED || (g_getenv ("WP_HTTP_TLS") && !kind->is_raw) ? 100 : 1000;
}

static guint
max_connections (const Kind *kind)
{
  return count_hostile (kind) + 200;
}

static gint64
connection_bytes (void)
{
  gint64 plain = g_strcmp0 (g_getenv ("WP_HTTP_SERVER"), "soup") == 0 ? 24 << 10 : 8 << 10;

  return plain + (g_getenv ("WP_HTTP_TLS") ? 40 << 10 : 0);
}

/* The formula of the man page, less its 48 MB. */
static gint64
bytes_for_requests (const Kind *kind)
{
  gint64 jobs = kind == &parked ? 1 + max_connections (kind) : MAX_JOBS;

  return MAX_PENDING + max_connections (kind) * connection_bytes () + jobs * 1536;
}

/* The memory of the server itself, by its man page: program, stacks, and 48 MB. */
static gint64
own_bytes (void)
{
  g_autoptr (WpHarness) server
      = wp_harness_run_limited (&(WpChildTerms){ .address_bytes = 60 * MB }, "--threads=2",
                                "--listen=127.0.0.1:0", "--admin=127.0.0.1:0", NULL);
  g_autofree char *log = wp_harness_log (server);
  const char *said = strstr (log, " for requests need ");
  guint megabytes;

  g_assert_nonnull (said);
  g_assert_cmpint (sscanf (said, " for requests need %u MB", &megabytes), ==, 1);
  return (gint64) (megabytes - ROOM_MEGABYTES) * MB;
}

static WpHarness *
start (const Kind *kind)
{
  WpChildTerms terms
      = { .address_bytes = IS_LIMITED ? (guint64) (own_bytes () + bytes_for_requests (kind)) : 0 };
  g_autofree char *connections = g_strdup_printf ("--max-connections=%u", max_connections (kind));
  g_autofree char *pending = g_strdup_printf ("--max-pending=%u", (guint) MAX_PENDING);
  g_autofree char *jobs = g_strdup_printf ("--max-jobs=%u", MAX_JOBS);

  return wp_harness_start_limited (&terms, kind == &parked ? "--mode=BufferedChannel" : "--mode=Default",
                                   "--queue=0",
                                   kind == &parked ? "--database=delay:1h" : "--database=delay:request",
                                   "--ack=stored", "--threads=2", connections, pending, jobs,
                                   "--header-timeout=1h", "--body-timeout=1h", "--idle-timeout=1h", NULL);
}

static char *
make_start (const Kind *kind)
{
  GString *text = g_string_new (kind->start);

  while (text->len < kind->pipeline_bytes)
    g_string_append (text, kind->repeated);
  for (gsize i = 0; i < kind->fill_bytes; i++)
    g_string_append_c (text, 'a');
  return g_string_free (text, FALSE);
}

typedef struct {
  WpClient *client;
  gsize sent;
} Hostile;

static void
hostile_clear (gpointer data)
{
  g_clear_pointer (&((Hostile *) data)->client, wp_client_free);
}

/* Goes on where the socket took no more: with @start, and then @more again and again. */
static void
hostile_send (Hostile *self, const char *start, const char *more)
{
  gsize len = strlen (start), cycle = MAX (strlen (more), 1);
  const char *rest = self->sent < len ? start + self->sent : more + (self->sent - len) % cycle;
  gssize n = wp_client_offer (self->client, rest, strlen (rest));

  self->sent += n > 0 ? (gsize) n : 0;
}

static GArray *
gather (const Kind *kind, WpHarness *server)
{
  GArray *all = g_array_new (FALSE, FALSE, sizeof (Hostile));
  guint16 port = wp_harness_port (server);

  g_array_set_clear_func (all, hostile_clear);
  for (guint n = count_hostile (kind), i = 0; i < n; i++)
    {
      Hostile hostile = { kind->is_raw ? wp_client_new_raw (port) : wp_client_new_narrow (port), 0 };

      g_array_append_val (all, hostile);
    }
  return all;
}

/* On a connection of its own, and on one that stays for as long as the server keeps it. In the moment in
 * which memory is short, before unread responses are dropped, it is asked to come again. */
static void
be_honest (WpHarness *server, WpClient **kept)
{
  for (guint n_tries = 0, n_served = 0; n_served < 2; n_tries++)
    {
      g_autoptr (WpClient) new = n_served == 0 ? wp_client_new (wp_harness_port (server)) : NULL;
      g_autoptr (WpHttpResponse) response = NULL;
      g_autofree char *end = NULL;

      if (!new && !*kept)
        *kept = wp_client_new (wp_harness_port (server));
      wp_client_post (new ? new : *kept, "/honest", "X-WP-Service: 0\r\n", "hello", 5);
      response = wp_client_read (new ? new : *kept);
      g_assert_nonnull (response);
      g_assert_true (response->status == 200 || (response->status == 503 && n_tries < MAX_TRIES));
      n_served += response->status == 200;
      if (!new && (end = wp_http_response_header (response, "Connection")) != NULL)
        g_clear_pointer (kept, wp_client_free);
    }
}

static void
check_memory (WpHarness *server, const Kind *kind)
{
  gint64 bytes = wp_child_memory_bytes (wp_harness_child (server)),
         most = 48 * MB + bytes_for_requests (kind);

  g_test_message ("%" G_GINT64_FORMAT " kB of memory, %" G_GINT64_FORMAT
                  " by the formula; %.0f bytes pending, %.0f connections",
                  bytes / 1024, most / 1024, wp_harness_stat (server, "pending_bytes"),
                  wp_harness_stat (server, "connections"));
  if (IS_LIMITED)
    g_assert_cmpint (bytes, <=, most);
  g_assert_cmpfloat (wp_harness_stat (server, "pending_bytes"), <=, MAX_PENDING);
}

/* Of those that were not refused. */
static guint
count_silent (GArray *all)
{
  guint n = 0;

  for (guint i = 0; i < all->len; i++)
    {
      WpClient **client = &g_array_index (all, Hostile, i).client;

      if (*client && wp_client_is_silent (*client))
        n++;
      else if (*client)
        {
          g_assert_cmpuint (wp_client_read_status (*client), ==, 503);
          g_clear_pointer (client, wp_client_free);
        }
    }
  return n;
}

/* A client whose request is in service or parked is not cut, nor answered; the others are refused. */
static void
await_held (WpHarness *server, GArray *all)
{
  gint64 until_us = g_get_monotonic_time () + WP_PATIENCE_US;
  guint n_silent;

  while ((n_silent = count_silent (all))
         != wp_harness_stat (server, "ledger.in_service") + wp_harness_stat (server, "ledger.parked"))
    g_assert_cmpint (g_get_monotonic_time (), <, until_us);
  g_test_message ("%u of %u are held", n_silent, all->len);
  g_assert_cmpuint (n_silent, >, all->len / 4);
}

static void
test_kind (gconstpointer data)
{
  const Kind *kind = data;
  g_autofree char *text = make_start (kind);
  g_autoptr (WpHarness) server = NULL;
  g_autoptr (WpClient) kept = NULL;
  g_autoptr (GArray) all = NULL;

  g_assert_true (wp_crowd_has_room (max_connections (kind)));
  server = start (kind);
  all = gather (kind, server);
  for (guint round = 0; round < ROUNDS; round++)
    {
      for (guint i = 0; i < all->len; i++)
        hostile_send (&g_array_index (all, Hostile, i), text, kind->more);
      if (kind == &parked) /* the honest client is parked too: the admin listener is asked instead */
        wp_harness_await_stat (server, "ledger.in_service", 1);
      else
        be_honest (server, &kept);
    }
  check_memory (server, kind);
  if (kind->holds)
    await_held (server, all);
  if (kind->is_unread)
    g_assert_cmpfloat (wp_harness_stat (server, "ledger.received"), <, count_hostile (kind) * MAX_TAKEN);
}

static void
add_kind (const Kind *kind)
{
  g_autofree char *path = g_strconcat ("/out-of-memory/", kind->name, NULL);

  g_test_add_data_func (path, kind, test_kind);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    add_kind (&kinds[i]);
  add_kind (&parked);
  if (g_getenv ("WP_HTTP_TLS"))
    add_kind (&handshakes);

  return g_test_run ();
}
