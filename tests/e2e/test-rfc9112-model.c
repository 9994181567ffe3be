/* The model of RFC 9112, which other tests compare wp-server with: each raw request has the status that a
 * person read from the RFC, and streams are read as in these examples. */
#include "tests/e2e/differential-requests.h"
#include "tests/e2e/rfc9112-model.h"

#include <string.h>

static const Rfc9112Rules rules = { 1 << 20, FALSE };

static GPtrArray *
read_text (const char *text)
{
  g_autofree char *bytes = g_strdup (text);
  gsize len = strlen (text);

  for (gsize i = 0; i < len; i++)
    if (bytes[i] == NUL[0])
      bytes[i] = '\0';
  return rfc9112_read (bytes, len, &rules);
}

static void
test_statuses (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (differential_requests); i++)
    {
      g_autoptr (GPtrArray) requests = read_text (differential_requests[i].text);
      guint status = requests->len > 0 ? ((Rfc9112Request *) requests->pdata[0])->status : 0;

      if (status != differential_requests[i].required)
        {
          g_test_message ("WRONG: %u, not %u, to \"%s\"", status, differential_requests[i].required,
                          differential_requests[i].name);
          g_test_fail ();
        }
    }
}

/* Statuses, methods, paths and bodies; "!" where the connection closes. */
static const struct {
  const char *stream, *requests;
} streams[] = {
  { "", "" },
  { "GET / HTTP/1.1\r\nHost: a\r\n\r", "" },
  { "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhell", "" },
  { "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET /b?c HTTP/1.1\r\nHost: a\r\n\r\nGET",
    "200 POST /a hello, 200 GET /b?c " },
  { "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x\r\nllo\r\n0\r\nX: y\r\n"
    "POST: /x HTTP/1.1\r\nHost: a\r\nContent-Length: 28\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n",
    "200 POST /a hello, 200 GET /b " },
  { "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n", "" },
  { "GET /a HTTP/1.0\r\n\r\nGET /b HTTP/1.0\r\n\r\n", "200 GET /a !" },
  { "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "200 GET /a , 200 GET /b !" },
  { "GET /a HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\nGET", "200 GET /a !" },
  { "HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n\r\nOPTIONS * HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"
    "GET HTTP://A?b HTTP/1.1\r\nHost: a\r\n\r\nDELETE / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx",
    "405 HEAD  , 405 OPTIONS  , 200 GET /?b , 405 DELETE  !" },
  { "GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\n\r\nGET /c HTTP/1.1\r\nHost: a\r\n\r\n",
    "200 GET /a , 400 GET /b !" },
  { "GET /a HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\nGET\t", "417 GET /a , 400   !" },
};

static char *
describe (const GPtrArray *requests)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < requests->len; i++)
    {
      const Rfc9112Request *request = requests->pdata[i];

      g_string_append_printf (text, "%s%u %s %s %s%s", i > 0 ? ", " : "", request->status,
                              request->method ? request->method : "", request->path ? request->path : "",
                              request->body->str, request->closes ? "!" : "");
    }
  return g_string_free (text, FALSE);
}

static void
test_streams (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (streams); i++)
    {
      g_autoptr (GPtrArray) requests = read_text (streams[i].stream);
      g_autofree char *text = describe (requests);

      g_assert_cmpstr (text, ==, streams[i].requests);
    }
}

/* A whole request stays whole whatever follows it, and gets no response before its last byte. */
static void
test_every_prefix (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (streams); i++)
    for (gsize len = 0, before = 0; len <= strlen (streams[i].stream); len++)
      {
        g_autoptr (GPtrArray) requests = rfc9112_read (streams[i].stream, len, &rules);
        g_autofree char *text = describe (requests);

        g_assert_cmpuint (requests->len, >=, before);
        if (!g_str_has_prefix (streams[i].requests, text))
          g_error ("\"%s\" of %zu bytes of \"%s\"", text, len, streams[i].stream);
        before = requests->len;
      }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rfc9112-model/statuses", test_statuses);
  g_test_add_func ("/rfc9112-model/streams", test_streams);
  g_test_add_func ("/rfc9112-model/every-prefix", test_every_prefix);

  return g_test_run ();
}
