/* The client's parser of responses: each form of a body, in one piece and byte by byte, and malformed
 * responses. */
#include <string.h>

#include "runtime/replay/wp-response.h"

typedef struct {
  const char *bytes;
  WpResponseProgress progress; /* after all of them, and the end of the connection if it is MORE before that
                                */
  guint status;
  gboolean keeps;
  gsize n_used;
  const char *fault;
} Case;

#define ALL G_MAXSIZE

static const Case cases[] = {
  { "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", WP_RESPONSE_DONE, 200, TRUE, ALL, NULL },
  { "HTTP/1.1 200\r\nContent-Length:3\r\n\r\nabc", WP_RESPONSE_DONE, 200, TRUE, ALL, NULL },
  { "HTTP/1.1 200 OK\nContent-Length: 0\n\n", WP_RESPONSE_DONE, 200, TRUE, ALL, NULL },
  { "HTTP/1.1 404 Not Found\r\nConTENT-length: 1, 1\r\n\r\nx", WP_RESPONSE_DONE, 404, TRUE, ALL, NULL },
  { "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP", WP_RESPONSE_DONE, 200, TRUE, 39, NULL },
  { "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", WP_RESPONSE_DONE, 200, FALSE, ALL,
    NULL },
  { "HTTP/1.1 200 OK\r\nConnection: x, Close ,keep-alive\r\nContent-Length: 0\r\n\r\n", WP_RESPONSE_DONE, 200,
    FALSE, ALL, NULL },
  { "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", WP_RESPONSE_DONE, 200, FALSE, ALL, NULL },
  { "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n\r\n", WP_RESPONSE_DONE, 200, TRUE,
    ALL, NULL },
  /* without a body */
  { "HTTP/1.1 204 No Content\r\n\r\n", WP_RESPONSE_DONE, 204, TRUE, ALL, NULL },
  { "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", WP_RESPONSE_DONE, 304, TRUE, ALL, NULL },
  { "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 \r\n\r\n",
    WP_RESPONSE_DONE, 204, TRUE, ALL, NULL },
  /* chunked */
  { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=\"y\"\r\n0123456789\r\n0\r\n\r\n",
    WP_RESPONSE_DONE, 200, TRUE, ALL, NULL },
  { "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0003  \r\nabc\r\n0\r\nA: b\r\nC: d\r\n\r\n",
    WP_RESPONSE_DONE, 200, TRUE, ALL, NULL },
  { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 9\r\n\r\n0\r\n\r\n", WP_RESPONSE_DONE,
    200, FALSE, ALL, NULL },
  /* to the end of the connection */
  { "HTTP/1.1 200 OK\r\n\r\nany", WP_RESPONSE_DONE, 200, FALSE, ALL, NULL },
  { "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nany", WP_RESPONSE_DONE, 200, FALSE, ALL, NULL },
  /* cut */
  { "", WP_RESPONSE_BAD, 0, FALSE, ALL, "the connection was closed without a response" },
  { "HTTP/1.1 2", WP_RESPONSE_BAD, 0, FALSE, ALL, "the response was cut short" },
  { "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", WP_RESPONSE_BAD, 200, FALSE, ALL,
    "the response was cut short" },
  { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n", WP_RESPONSE_BAD, 200, FALSE,
    ALL, "the response was cut short" },
  { "HTTP/1.1 100 Continue\r\n\r\n", WP_RESPONSE_BAD, 0, FALSE, ALL, "the response was cut short" },
  /* garbage */
  { "SSH-2.0-OpenSSH_9.2", WP_RESPONSE_BAD, 0, FALSE, ALL, "the response is not HTTP/1.1" },
  { "HTTP/2 200\r\n\r\n", WP_RESPONSE_BAD, 0, FALSE, ALL, "the server speaks HTTP/2 only" },
  { "HTTP/1.1 20 OK\r\n\r\n", WP_RESPONSE_BAD, 0, FALSE, ALL, "a bad status line" },
  { "HTTP/1.1 099 No\r\n\r\n", WP_RESPONSE_BAD, 0, FALSE, ALL, "a bad status line" },
  { "HTTP/1.1 2000 No\r\n\r\n", WP_RESPONSE_BAD, 0, FALSE, ALL, "a bad status line" },
  { "HTTP/1.1 200 OK\r\nno colon\r\n\r\n", WP_RESPONSE_BAD, 200, FALSE, ALL, "a bad header line" },
  { "HTTP/1.1 200 OK\r\nA : b\r\n\r\n", WP_RESPONSE_BAD, 200, FALSE, ALL, "a bad header line" },
  { "HTTP/1.1 200 OK\r\nA: b\rC: d\r\n\r\n", WP_RESPONSE_BAD, 200, FALSE, ALL, "a bad header line" },
  { "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", WP_RESPONSE_BAD, 200, FALSE, ALL,
    "a bad Content-Length" },
  { "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n", WP_RESPONSE_BAD, 200, FALSE, ALL, "a bad Content-Length" },
  { "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n", WP_RESPONSE_BAD, 200, FALSE, ALL,
    "a bad Content-Length" },
  { "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\n", WP_RESPONSE_BAD, 200, FALSE, ALL,
    "a bad Content-Length" },
  { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", WP_RESPONSE_BAD, 200, FALSE, ALL,
    "a bad chunk size" },
  { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000000\r\n", WP_RESPONSE_BAD, 200, FALSE,
    ALL, "a bad chunk size" },
  { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", WP_RESPONSE_BAD, 200, FALSE, ALL,
    "a chunk is longer than its size" },
  { "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", WP_RESPONSE_BAD, 101, FALSE, ALL,
    "it switches protocols (101), which nobody asked for" },
};

/* In pieces of @step bytes. */
static void
check (const Case *expected, gsize step)
{
  WpResponse response = { 0 };
  gsize len = strlen (expected->bytes), n_used = 0;
  WpResponseProgress progress = WP_RESPONSE_MORE;

  wp_response_begin (&response, FALSE);
  for (gsize at = 0; at < len && progress == WP_RESPONSE_MORE; at += step)
    {
      gsize used, n = MIN (step, len - at);
      g_autofree char *piece = g_memdup2 (expected->bytes + at, n); /* so that a byte beyond it is found */

      progress = wp_response_take (&response, piece, n, &used);
      g_assert_true (progress != WP_RESPONSE_MORE || used == n);
      n_used += used;
    }
  if (progress == WP_RESPONSE_MORE)
    progress = wp_response_end (&response);
  if (progress != expected->progress || response.status != expected->status
      || g_strcmp0 (response.fault, expected->fault) != 0)
    g_error ("%s: %d, status %u, %s", expected->bytes, progress, response.status, response.fault);
  g_assert_true (progress != WP_RESPONSE_DONE || !response.keeps == !expected->keeps);
  g_assert_true (progress != WP_RESPONSE_DONE || n_used == MIN (expected->n_used, len));
  wp_response_clear (&response);
}

static void
test_body_forms (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    for (gsize step = 1; step < 12; step++)
      check (&cases[i], step == 11 ? 4096 : step);
}

static void
test_head (void)
{
  WpResponse response = { 0 };
  static const char bytes[]
      = "HTTP/1.1 100 \r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 10\r\nRetry-After: 1\r\n\r\n";
  gsize used;

  wp_response_begin (&response, TRUE);
  g_assert_cmpint (wp_response_take (&response, bytes, strlen (bytes), &used), ==, WP_RESPONSE_DONE);
  g_assert_cmpuint (used, ==, strlen (bytes));
  g_assert_true (response.keeps && response.has_retry);
}

static void
test_http2_frame (void)
{
  static const char settings[] = "\0\0\x12\x04\0\0\0\0\0";
  WpResponse response = { 0 };
  gsize used;

  wp_response_begin (&response, FALSE);
  g_assert_cmpint (wp_response_take (&response, settings, 9, &used), ==, WP_RESPONSE_BAD);
  g_assert_cmpstr (response.fault, ==, "the server speaks HTTP/2 only");
  wp_response_clear (&response);
}

/* A head without an end is not kept without one. */
static void
test_long_head (void)
{
  WpResponse response = { 0 };
  g_autofree char *line = g_strnfill (1000, 'x');
  WpResponseProgress progress;
  gsize used, n = 0;

  wp_response_begin (&response, FALSE);
  progress = wp_response_take (&response, "HTTP/1.1 200 OK\r\nA: ", 20, &used);
  for (; progress == WP_RESPONSE_MORE; n++)
    progress = wp_response_take (&response, line, 1000, &used);
  g_assert_cmpint (progress, ==, WP_RESPONSE_BAD);
  g_assert_cmpstr (response.fault, ==, "the response's head is too long");
  g_assert_cmpuint (n, <, 70);
  wp_response_clear (&response);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/response/body-forms", test_body_forms);
  g_test_add_func ("/response/head", test_head);
  g_test_add_func ("/response/http2-frame", test_http2_frame);
  g_test_add_func ("/response/long-head", test_long_head);
  return g_test_run ();
}
