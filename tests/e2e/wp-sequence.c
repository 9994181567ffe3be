#include "tests/e2e/wp-sequence.h"

#include <string.h>

#define MAX_REQUESTS 8
#define MAX_TRAILERS 5

static const char *
pick (const char *const *words, gsize n)
{
  return words[g_test_rand_int_range (0, (gint32) n)];
}

#define PICK(...)                                                                                            \
  pick ((const char *const[]){ __VA_ARGS__ }, sizeof ((const char *const[]){ __VA_ARGS__ }) / sizeof (char *))

static gboolean
chance (gint32 percent)
{
  return g_test_rand_int_range (0, 100) < percent;
}

/* Most sequences are well formed, so that their later requests are reached. */
static gboolean is_malformed;

static gboolean
wrong (gint32 percent)
{
  return is_malformed && chance (percent);
}

static void
add_target (GString *text)
{
  if (wrong (5))
    g_string_append (text, PICK ("*", "a", "a:80", "http://b/", "ftp://a/", "https://a/", "//", "/#", "/%zz",
                                 "http:///"));
  else
    g_string_append_printf (text, "%s%s%u%s", PICK ("", "", "", "", "http://a", "HTTP://A"),
                            PICK ("/", "/", "/", "/a/../", "/%2f"), (guint) g_test_rand_int_range (0, 1000),
                            PICK ("", "", "?", "?b=c", "?http://a/", "{|}", "%00"));
}

/* "a", or something else now and then. */
static void
add_host (GString *text)
{
  if (!wrong (5))
    g_string_append (text, PICK ("Host: a\r\n", "Host: a\r\n", "hOST:a\t\r\n"));
  else
    g_string_append (text, PICK ("", "Host:\r\n", "Host: a\r\nHost: a\r\n", "Host: b c\r\n",
                                 "Host: [::g]\r\n", "Host : a\r\n"));
}

static void
add_id (GString *text)
{
  guint32 high = (guint32) g_test_rand_int (), low = (guint32) g_test_rand_int ();
  const char *more = chance (90) ? "" : wrong (50) ? PICK ("\x80", "\xed\xa0\x80") : "\xc3\xa4";

  for (gint32 n = chance (80) ? 1 : 2; n > 0; n--)
    g_string_append_printf (text, "%s: %08x%08x%s\r\n", PICK ("X-Request-Id", "x-request-id"), high, low,
                            more);
  if (wrong (10))
    g_string_append_printf (text, "X-Request-Id: %08x%08x\r\n", low, high);
}

static void
add_fields (GString *text)
{
  if (chance (40))
    add_id (text);
  if (chance (25))
    g_string_append_printf (text, "Content-Type: %s\r\n",
                            PICK ("text/plain", "a/b;c=\"d\"", "", "\xc3\xa4", is_malformed ? "\xff" : ""));
  if (chance (8))
    g_string_append_printf (text, "Expect: %s\r\n",
                            PICK ("100-continue", "100-Continue", is_malformed ? "tea" : "100-continue"));
  if (chance (25))
    g_string_append (text, PICK ("A:\r\n", "Range: bytes=0-1\r\n", "Upgrade: h2c\r\n", "Trailer: X\r\n",
                                 "TE: trailers, chunked\r\n", "Keep-Alive: 1\r\n", "If-Match: *\r\n",
                                 "Content_Length: 5\r\n", "Cookie: \x80\r\nCookie: b\r\n"));
  if (wrong (10))
    g_string_append (text, PICK ("A\r\n", " folded\r\n", "A : b\r\n", "A: b\rc\r\n", "A: b\n", ": b\r\n",
                                 "(: b\r\n"));
}

/* HTTP/1.0 ends the connection unless it is asked not to. */
static void
add_connection (GString *text, gboolean old)
{
  if (old && !wrong (15))
    g_string_append (text, PICK ("Connection: keep-alive\r\n", "Connection: Keep-Alive\r\n",
                                 "Connection: x, keep-alive\r\n"));
  else if (chance (10))
    g_string_append (text, PICK ("Connection: keep-alive\r\n", "Connection: content-length, te\r\n",
                                 "Connection:\r\n"));
  else if (wrong (5))
    g_string_append (text, PICK ("Connection: close\r\n", "Connection: keep-alive\r\nConnection: close\r\n"));
}

static const char *
pick_payload (void)
{
  return PICK ("", "hello", "\r\n\r\n", "0\r\n\r\n", "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n",
               "\x80\xff\x7f", "POST /smuggled HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
}

static void
add_trailers (GString *text)
{
  for (gint32 n = g_test_rand_int_range (0, MAX_TRAILERS + 1); n > 0; n--)
    g_string_append (text, PICK ("X: y\r\n", "POST: /smuggled HTTP/1.1\r\n", "Host: a\r\n",
                                 "Content-Length: 28\r\n", "Transfer-Encoding: chunked\r\n", "X:\r\n",
                                 "Connection: close\r\n", "X-Request-Id: a\r\n", "Expect: tea\r\n"));
  if (wrong (10))
    g_string_append (text, PICK ("GET /smuggled HTTP/1.1\r\n", " folded\r\n", "X : y\r\n", "X: y\n",
                                 "X: y\rz", "X\r\n"));
}

/* Of a line, a chunk or a body. */
static const char *
pick_end (void)
{
  return wrong (5) ? PICK ("\n", "\r", "\rx", "x\n", "x\r\n", "\r\r\n", "") : "\r\n";
}

static void
add_chunk (GString *text, const char *bytes, gsize len)
{
  g_string_append_printf (text, chance (50) ? "%" G_GSIZE_MODIFIER "x" : "0%" G_GSIZE_MODIFIER "X", len);
  if (chance (20))
    g_string_append (text, PICK (";a", ";a=b", " ; a = \"b;\\\"\"", ";a;b=c"));
  if (wrong (5))
    g_string_append (text, PICK (" ", ";", ";a=", ";a=\"", ";a b", ";=b", "\t", " a", ";a=\"\\"));
  g_string_append_printf (text, "%s%.*s%s", pick_end (), (int) len, bytes, pick_end ());
}

static void
add_chunks (GString *text, const char *payload)
{
  gsize len = strlen (payload), first = len > 0 ? (gsize) g_test_rand_int_range (0, (gint32) len) : 0;

  if (first > 0)
    add_chunk (text, payload, first);
  if (len > first)
    add_chunk (text, payload + first, len - first);
  g_string_append (text, PICK ("0\r\n", "0\r\n", "000;a\r\n"));
  add_trailers (text);
  g_string_append (text, pick_end ());
}

/* The framing, the head's end, and the body. */
static void
add_body (GString *text, gboolean old, gboolean is_ours)
{
  const char *payload = pick_payload ();

  if (wrong (5))
    g_string_append (text, PICK ("Content-Length: 5, 5\r\n", "Content-Length: +5\r\n",
                                 "Content-Length: 9999\r\n", "Transfer-Encoding: identity\r\n",
                                 "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
                                 "Content-Length: 0\r\nContent-Length: 0\r\n"));
  if (!is_ours && !wrong (10))
    g_string_append (text, PICK ("\r\n", "Content-Length: 0\r\n\r\n"));
  else if (old ? wrong (5) : chance (45))
    {
      g_string_append (text,
                       PICK ("Transfer-Encoding: chunked\r\n\r\n", "transfer-encoding:\tCHUNKED \r\n\r\n"));
      add_chunks (text, payload);
    }
  else if (chance (60))
    g_string_append_printf (text, "%s%zu\r\n\r\n%s",
                            PICK ("Content-Length: ", "content-length:", "Content-Length: 00"),
                            strlen (payload), payload);
  else
    g_string_append (text, "\r\n");
}

static GString *
make_request (void)
{
  GString *text = g_string_new (chance (5) ? "\r\n" : "");
  gboolean old = chance (25), is_ours = chance (75);

  g_string_append (text, is_ours
                             ? PICK ("GET ", "POST ", "PUT ")
                             : PICK ("HEAD ", "OPTIONS ", "DELETE ", "CONNECT ", "TRACE ", "get ", "G!T "));
  add_target (text);
  if (wrong (3))
    g_string_append (text, PICK (" HTTP/1.2\r\n", " HTTP/2.0\r\n", " HTTP/1.10\r\n", "\r\n"));
  else
    g_string_append (text, old ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n");
  add_host (text);
  add_fields (text);
  add_connection (text, old);
  add_body (text, old, is_ours);

  return text;
}

/* One byte less, more or other than it should be. */
static void
spoil (GString *text)
{
  static const char bytes[] = "\r\n\t :;,\"05afG/%#\x80\x7f";
  gssize at = g_test_rand_int_range (0, (gint32) text->len);
  char byte = bytes[g_test_rand_int_range (0, sizeof bytes)]; /* the last is NUL */

  if (chance (60))
    g_string_erase (text, at, chance (80) ? 1 : MIN (5, (gssize) text->len - at));
  if (chance (60))
    g_string_insert_c (text, MIN (at, (gssize) text->len), byte);
}

GString *
wp_sequence_new (void)
{
  GString *all = g_string_new (NULL);

  is_malformed = chance (40);
  for (gint32 n = g_test_rand_int_range (1, MAX_REQUESTS + 1); n > 0; n--)
    {
      GString *one = make_request ();

      if (wrong (15))
        spoil (one);
      g_string_append_len (all, one->str, (gssize) one->len);
      g_string_free (one, TRUE);
    }
  return g_string_append (all, "GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
}
