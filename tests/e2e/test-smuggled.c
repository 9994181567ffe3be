/* Sequences of requests on one connection, cut into pieces anywhere: each response, and each stored payload,
 * is that of the model of RFC 9112. A body, a chunk or a trailer that is taken for a request would get a
 * response, or be stored. */
#include "tests/e2e/rfc9112-model.h"
#include "tests/e2e/wp-harness.h"
#include "tests/e2e/wp-sequence.h"

#include <string.h>

#define MAX_BODY   "1000"
#define AT_ONCE    16 /* connections, each of which sends a piece in its turn */
#define MAX_PIECES 5
#ifdef __SANITIZE_ADDRESS__
#define ROUNDS 40
#else
#define ROUNDS 200
#endif

static Rfc9112Rules rules = { 1000, FALSE };

typedef struct {
  GString *bytes;
  gsize cuts[MAX_PIECES + 1]; /* where pieces begin, in order, and the end */
  GPtrArray *expected;        /* (element-type Rfc9112Request) */
  WpClient *client;
} Sequence;

static int
by_place (gconstpointer a, gconstpointer b)
{
  gsize x = *(const gsize *) a, y = *(const gsize *) b;

  return (x > y) - (x < y);
}

/* @bytes: (transfer full) */
static void
sequence_init (Sequence *self, GString *bytes, guint16 port)
{
  self->bytes = bytes;
  for (guint i = 1; i < MAX_PIECES; i++)
    self->cuts[i] = (gsize) g_test_rand_int_range (0, (gint32) bytes->len + 1);
  self->cuts[0] = 0;
  self->cuts[MAX_PIECES] = bytes->len;
  qsort (self->cuts, G_N_ELEMENTS (self->cuts), sizeof (gsize), by_place);
  self->expected = rfc9112_read (bytes->str, bytes->len, &rules);
  self->client = wp_client_new (port);
}

static void
sequence_clear (Sequence *self)
{
  g_string_free (self->bytes, TRUE);
  g_ptr_array_unref (self->expected);
  wp_client_free (self->client);
}

static G_GNUC_NORETURN void
fail (const Sequence *self, const char *what)
{
  g_autofree char *with_nul = g_memdup2 (self->bytes->str, self->bytes->len + 1), *shown = NULL;
  g_autoptr (GString) cuts = g_string_new (NULL), statuses = g_string_new (NULL);

  for (gsize i = 0; i < self->bytes->len; i++)
    with_nul[i] = with_nul[i] ? with_nul[i] : '@';
  shown = g_strescape (with_nul, NULL);
  for (guint i = 1; i < MAX_PIECES; i++)
    g_string_append_printf (cuts, " %zu", self->cuts[i]);
  for (guint i = 0; i < self->expected->len; i++)
    g_string_append_printf (statuses, " %u", ((Rfc9112Request *) self->expected->pdata[i])->status);
  g_error ("%s. Sent, cut at%s (@ is NUL): \"%s\". The model's statuses:%s", what, cuts->str, shown,
           statuses->str);
}

/* The final response to a request. */
static WpHttpResponse *
read_response (Sequence *self, const Rfc9112Request *request)
{
  gboolean bodiless = request->method && g_str_equal (request->method, "HEAD");
  WpHttpResponse *response;

  while ((response = bodiless ? wp_client_read_head (self->client) : wp_client_read (self->client))
         && response->status < 200)
    wp_http_response_free (response);
  return response;
}

/* Its head, as far as the model gives it. The response to HTTP/1.0 says that the connection stays open. */
static gboolean
is_right (const WpHttpResponse *response, const Rfc9112Request *request)
{
  const char *stays = request->closes ? "close" : request->old ? "keep-alive" : NULL;
  g_autofree char *connection = wp_http_response_header (response, "Connection"),
                  *date = wp_http_response_header (response, "Date");
  g_autofree char *allow = wp_http_response_header (response, "Allow");

  return response->status == request->status && g_str_has_prefix (response->head, "HTTP/1.1 ") && date
         && g_strcmp0 (connection, stays) == 0 && (allow != NULL) == (request->status == 405);
}

static void
check_result (Sequence *self, guint i)
{
  const Rfc9112Request *request = self->expected->pdata[i];
  g_autoptr (WpHttpResponse) response = read_response (self, request);
  g_autofree char *what = NULL;

  if (response && is_right (response, request))
    return;
  what = g_strdup_printf ("Response %u is \"%s\", not %u%s", i, response ? response->head : "missing",
                          request->status, request->closes ? " and the last" : "");
  fail (self, what);
}

static void
check_responses (Sequence *self)
{
  for (guint i = 0; i < self->expected->len; i++)
    check_result (self, i);
  if (self->expected->len == 0
      || !((Rfc9112Request *) self->expected->pdata[self->expected->len - 1])->closes)
    wp_client_half_close (self->client);
  if (!wp_client_read_end (self->client))
    fail (self, "There is more after the last response, or no orderly end");
}

static void
add_hex (GString *line, const char *bytes, gsize len)
{
  for (gsize i = 0; i < len; i++)
    g_string_append_printf (line, "%02X", (guint8) bytes[i]);
}

/* One that makes a job, as read_stored () says it. */
static char *
describe (const Rfc9112Request *request)
{
  const char *id = rfc9112_field (request, "X-Request-Id"), *type = rfc9112_field (request, "Content-Type");
  GString *line = g_string_new (request->method);

  g_string_append_c (line, ' ');
  add_hex (line, request->path, strlen (request->path));
  g_string_append (line, type ? " " : " none");
  add_hex (line, type ? type : "", type ? strlen (type) : 0);
  g_string_append_c (line, ' ');
  add_hex (line, request->body->str, request->body->len);
  g_string_append_printf (line, " %s", id && *id ? id : "none");

  return g_string_free (line, FALSE);
}

static GPtrArray *
read_stored (const WpHarness *server)
{
  static const char sql[]
      = "SELECT method || ' ' || hex(path) || ' ' || "
        "iif(content_type IS NULL, 'none', hex(content_type)) || ' ' || "
        "hex(body) || ' ' || "
        "CASE WHEN id LIKE '________-____-7___-____-____________' THEN 'none' ELSE id END FROM jobs";

  return wp_harness_read_rows (server, "wp.db", sql);
}

static void
expect_stored (const Sequence *self, GPtrArray *rows)
{
  for (guint i = 0; i < self->expected->len; i++)
    if (((Rfc9112Request *) self->expected->pdata[i])->status == 200)
      g_ptr_array_add (rows, describe (self->expected->pdata[i]));
}

static int
by_text (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

/* The same rows, in any order of commits. */
static void
check_stored (WpHarness *server, GPtrArray *expected)
{
  g_autoptr (GPtrArray) stored = NULL;

  wp_harness_stop (server);
  stored = read_stored (server);
  g_ptr_array_sort (stored, by_text);
  g_ptr_array_sort (expected, by_text);
  for (guint i = 0; i < MIN (stored->len, expected->len); i++)
    if (!g_str_equal (stored->pdata[i], expected->pdata[i]))
      {
        gboolean too_many = strcmp (stored->pdata[i], expected->pdata[i]) < 0;

        g_error ("%s: %s", too_many ? "Stored, but not sent" : "Not stored",
                 (char *) (too_many ? stored : expected)->pdata[i]);
      }
  g_assert_cmpuint (stored->len, ==, expected->len);
}

/* @texts: NULL: random ones */
static void
send_some (WpHarness *server, GString **texts, guint n, GPtrArray *rows)
{
  g_autofree Sequence *all = g_new0 (Sequence, n);

  for (guint i = 0; i < n; i++)
    sequence_init (&all[i], texts ? texts[i] : wp_sequence_new (), wp_harness_port (server));
  for (guint piece = 0; piece < MAX_PIECES; piece++)
    for (guint i = 0; i < n; i++) /* bytes after a refusal may be read or not */
      wp_client_send_bytes (all[i].client, all[i].bytes->str + all[i].cuts[piece],
                            all[i].cuts[piece + 1] - all[i].cuts[piece]);
  for (guint i = 0; i < n; i++)
    {
      check_responses (&all[i]);
      expect_stored (&all[i], rows);
      sequence_clear (&all[i]);
    }
}

/* A handshake takes as long as ten sequences. Chance may make few jobs of few sequences: then more follow. */
static void
check_random (WpHarness *server, guint most)
{
  guint rounds = rules.tls ? MAX (most / 8, 1) : most, least = 2 * rounds * AT_ONCE, i;
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func (g_free);

  for (i = 0; i < rounds || (rows->len <= least && i < 10 * rounds); i++)
    send_some (server, NULL, AT_ONCE, rows);
  g_test_message ("%u sequences, %u requests of them stored", i * AT_ONCE, rows->len);
  g_assert_cmpuint (rows->len, >, least);
  check_stored (server, rows);
}

static void
test_random (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("--max-body=" MAX_BODY, NULL);

  check_random (server, ROUNDS);
}

/* The response to each comes later, and the requests that were pipelined behind it are there already. */
static void
test_random_behind_parked (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-m", "WorkerPool", "-w", "4", "-q", "4", "--ack=stored",
                                                   "--max-body=" MAX_BODY, NULL);

  check_random (server, ROUNDS / 8);
}

/* libsoup 3.2.3 takes the first trailer for the last line, and the rest for a request. */
static void
test_trailers (void)
{
  static const char first[]
      = "OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n"
        "POST /evil HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n"
        "POST: /x HTTP/1.1\r\nHost: a\r\nContent-Length: 28\r\n\r\n",
      second[] = "GET /victim HTTP/1.1\r\nHost: a\r\n\r\n";
  g_autoptr (WpHarness) server = wp_harness_start ("--threads=1", NULL);
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));

  wp_client_send (client, first);
  g_assert_cmpuint (wp_client_read_status (client), ==, 405);
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
  wp_client_send (client, second);
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
  wp_harness_stop (server);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db",
                                          "method = 'POST' AND path = '/evil' AND body = x'68656c6c6f'"),
                   ==, 1);
  g_assert_cmpint (
      wp_harness_count_rows (server, "wp.db", "method = 'GET' AND path = '/victim' AND body = x''"), ==, 1);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "TRUE"), ==, 2);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  rules.tls = g_getenv ("WP_HTTP_TLS") != NULL;
  g_test_add_func ("/smuggled/trailers", test_trailers);
  g_test_add_func ("/smuggled/random", test_random);
  g_test_add_func ("/smuggled/random-behind-parked", test_random_behind_parked);

  return g_test_run ();
}
