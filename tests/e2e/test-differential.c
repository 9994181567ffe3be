/* The same bytes to both HTTP servers of wp-server, to nginx and to HAProxy: each difference has a listed
 * reason. */
#include "tests/e2e/differential-haproxy.h"
#include "tests/e2e/differential-requests.h"
#include "tests/e2e/wp-haproxy.h"
#include "tests/e2e/wp-nginx.h"

#include <string.h>

#define LONE_LF                                                                                              \
  "2.2: a lone LF may be taken for a line's end, need not be, and two parsers may read it differently"
#define ONE_SP   "3: one SP; more are leniency (\"MAY\") with risks of its own, 11.2"
#define NOT_OURS "RFC 9110, 9.1: not a method of ours: 405; nginx's \"return\" takes all"
#define NOT_LAST "6.3: chunked is not the last coding: 400"
#define UNKNOWN_CODING                                                                                       \
  "6.1: a coding that is not understood: 501 is advised (\"SHOULD\"); "                                      \
  "all codings but one \"chunked\" are 400 here"
#define CHUNK_END "7.1: chunks end in CRLF; lone LF there was used to smuggle requests"
#define BAD_HOST  "RFC 9110, 7.2: an invalid Host is 400 (\"MUST\")"
#define EXTENSION "7.1.1: an extension is tokens and quoted strings, with blanks between them, not after"
#define CONTROL   "RFC 9110, 5.5: control bytes are invalid and dangerous; a server may refuse them"

/* The differences between servers, and their reasons. Responses: the class of each (2 for 200), the last
 * of them to one more good request on the same connection, if it is open. Sections are of RFC 9112. */
static const struct {
  const char *name, *fast, *soup, *nginx, *why;
} differences[] = {
  { "bare LF before", "4", "4", "22", LONE_LF },
  { "empty line, then a bare CR", "4", "4", "22", "2.2: a bare CR is no line's end, nor part of a method" },
  { "bare LF after all lines", "4", "4", "22", LONE_LF },
  { "bare LF after a field", "4", "4", "22", LONE_LF },
  { "bare LF after the request line", "4", "4", "22", LONE_LF },
  { "HTTP/0.9", "4", "4", "", "2.3: versions before 1.0 need no response; nginx gives one that has no head" },
  { "HTTP/1.2", "5", "5", "22", "2.3: a higher minor version may be read as 1.1 or refused" },
  { "HTTP/11", "4", "4", "5", "2.3: a version has one digit on each side" },
  { "HTTP/1.10", "4", "4", "22", "2.3: a version has one digit on each side" },
  { "HTTP/2 preface", "5", "5", "4", "2.3: a major version that is not spoken is 505; nginx says 400" },
  { "two blanks before the target", "4", "4", "22", ONE_SP },
  { "two blanks before the version", "4", "4", "22", ONE_SP },
  { "blank after the version", "4", "4", "22", ONE_SP },
  { "lower case method", "42", "42", "4",
    "3.1: methods are case-sensitive and any token is one: 405; nginx takes only capitals for a token" },
  { "DELETE", "42", "42", "22", NOT_OURS },
  { "HEAD", "42", "42", "22", NOT_OURS },
  { "OPTIONS", "42", "42", "22", NOT_OURS },
  { "unknown method", "42", "42", "22", NOT_OURS },
  { "TRACE", "42", "42", "4", "RFC 9110, 9.3.8: 405 from all; nginx closes besides" },
  { "high byte in the target", "4", "4", "22", "3.2: not a character of a target (RFC 3986, 2)" },
  { "fragment", "4", "4", "22", "3.2: a target has no fragment" },
  { "bad escape in the query", "4", "4", "22",
    "3.2: an invalid target should be 400; nginx looks at the path alone" },
  { "escaped NUL", "22", "22", "4",
    "3.2: a valid target (RFC 3986, 2.1); nginx would open a file by that name, we store it" },
  { "above the root", "22", "22", "4",
    "3.2: the same: dots are resolved by the program that opens paths (RFC 3986, 5.2.4)" },
  { "absolute form for another host", "4", "4", "22",
    "3.2.2: the target wins over Host; where they differ two servers may route differently, "
    "so it is refused" },
  { "another scheme", "4", "4", "22", "3.2.2: not a target of ours" },
  { "OPTIONS with the asterisk", "42", "42", "4",
    "3.2.4: well formed: 405; nginx knows no asterisk and closes" },
  { "CONNECT", "42", "42", "4", "3.2.3: well formed: 405; nginx closes besides" },
  { "user in the host", "4", "4", "22",
    "3.2: an invalid Host is 400; userinfo is no part of it (RFC 9110, 4.2.4)" },
  { "no colon", "4", "4", "22", "5: not a field line" },
  { "bracket in a name", "4", "4", "22", "5.1: a name is a token" },
  { "control byte in a value", "4", "4", "22", CONTROL },
  { "DEL in a value", "4", "4", "22", CONTROL },
  { "gzip", "4", "4", "5", NOT_LAST },
  { "gzip, chunked", "4", "4", "5", UNKNOWN_CODING },
  { "chunked, gzip", "4", "4", "5", NOT_LAST },
  { "identity", "4", "4", "5", "6.1: no longer a coding; the same" },
  { "xchunked", "4", "4", "5", NOT_LAST },
  { "tab before chunked", "22", "22", "5",
    "5: OWS has tabs too (RFC 9110, 5.6.3); nginx knows blanks alone" },
  { "vertical tab before chunked", "4", "4", "5",
    "5: no OWS, and invalid in a value: 400 before the coding is looked at" },
  { "size in two parts", "4", "4", "22", "7.1: after a size comes an extension or CRLF" },
  { "bare LF in chunks", "4", "4", "22", CHUNK_END },
  { "bare LF after a chunk", "4", "4", "22", CHUNK_END },
  { "bare LF after an extension", "4", "4", "22", CHUNK_END },
  { "control byte in an extension", "4", "4", "22", EXTENSION },
  { "blank after a size", "4", "4", "22", "7.1.1: blanks are of an extension, which has to follow" },
  { "blank after an extension", "4", "4", "22", EXTENSION },
  { "empty extension", "4", "4", "22", EXTENSION },
  { "extension without a value", "4", "4", "22", EXTENSION },
  { "extension with a blank in its name", "4", "4", "22", EXTENSION },
  { "open quote in an extension", "4", "4", "22", EXTENSION },
  { "token behind a quoted extension", "4", "4", "22", EXTENSION },
  { "size beyond the limit", "4", "4", "2",
    "7.1: 413 by our --max-body; nginx's \"return\" answers before it reads" },
  { "bare LF at the end", "4", "4", "22", CHUNK_END },
  { "folded trailer", "4", "4", "22", "7.1.2: trailers are field lines; no folding, 5.2" },
  { "trailer without a colon", "4", "4", "22", "7.1.2: trailers are field lines" },
  { "trailer with a blank before the colon", "4", "4", "22", "7.1.2, 5.1: no blank before the colon" },
  { "bare LF in the target", "4", "4", "", "3: a bare LF ends no target; nginx takes it for HTTP/0.9" },
  { "bare LF in a value", "4", "4", "22", LONE_LF },
  { "bare LF hides a field", "4", "4", "24", LONE_LF },
  { "bare LF for the empty line", "4", "4", "22", LONE_LF },
  { "LF CR", "4", "4", "22", LONE_LF },
  { "escape without digits in the query", "4", "4", "22",
    "3.2: an invalid target should be 400; nginx looks at the path alone" },
  { "absolute form with another port", "4", "4", "22", "3.2.2: the same as another host" },
  { "absolute form, longer host", "4", "4", "22", "3.2.2: the same" },
  { "absolute form by TLS", "4", "4", "22", "3.2.2: not a target of ours" },
  { "port of letters", "4", "4", "22", BAD_HOST },
  { "two ports", "4", "4", "22", BAD_HOST },
  { "half a bracket in the host", "4", "4", "22", BAD_HOST },
  { "letters behind the bracket", "4", "4", "22", BAD_HOST },
  { "bad escape in the host", "4", "4", "22", BAD_HOST },
  { "high byte in the host", "4", "4", "22", BAD_HOST },
  { "high byte in a name", "4", "4", "22", "5.1: a name is a token" },
  { "quote in a name", "4", "4", "22", "5.1: a name is a token" },
  { "slash in a name", "4", "4", "22", "5.1: a name is a token" },
  { "comma in a name", "4", "4", "22", "5.1: a name is a token" },
  { "length with tabs around", "22", "22", "4",
    "5: OWS has tabs too (RFC 9110, 5.6.3); nginx knows blanks alone" },
  { "length and identity", "4", "4", "5", NOT_LAST },
  { "length and an unknown coding", "4", "4", "5", NOT_LAST },
  { "chunked with a parameter", "4", "4", "5", UNKNOWN_CODING },
  { "quoted chunked", "4", "4", "5", NOT_LAST },
  { "chunked and a comma", "4", "4", "5", UNKNOWN_CODING },
  { "a comma and chunked", "4", "4", "5", UNKNOWN_CODING },
  { "chunked twice in a list", "4", "4", "5", "6.1: chunked must not be applied twice" },
  { "chunked in two parts", "4", "4", "5", NOT_LAST },
  { "no coding", "4", "4", "5", NOT_LAST },
  { "NUL in an extension", "4", "4", "22", EXTENSION },
  { "chunk too short", "4", "4", "22", "7.1: CRLF after the data; nginx takes a lone LF" },
  { "request in the place of the last line", "4", "4", "22", "7.1.2: trailers are field lines" },
  { "trailer with a NUL", "4", "4", "22", "7.1.2, 5: trailers are field lines" },
  { "trailer with a bare LF", "4", "4", "22", "7.1.2, 5: trailers are field lines" },
  { "trailer without a name", "4", "4", "22", "7.1.2, 5: trailers are field lines" },
  { "trailer with a bad name", "4", "4", "22", "7.1.2, 5: trailers are field lines" },
  { "two ids", "4", "4", "22", "ours: a job has one id; which of them a proxy saw is not known" },
  { "id that is not UTF-8", "4", "4", "22", "ours: databases store text" },
  { "unknown expectation", "4", "4", "22",
    "RFC 9110, 10.1.1: an expectation that cannot be met is 417 (may, not must); nginx overlooks it" },
};

enum { FAST, SOUP, NGINX, HAPROXY, N_SERVERS };

#define MAX_TRIES 4

static void
send_text (WpClient *client, const char *text)
{
  g_autofree char *bytes = g_strdup (text);
  gsize size = strlen (text);

  for (gsize i = 0; i < size; i++)
    if (bytes[i] == NUL[0])
      bytes[i] = '\0';
  wp_client_send_bytes (client, bytes, size);
}

/* To the first response, then one more request, then to the end. */
static char *
ask (guint16 port, const char *text, guint *first)
{
  g_autoptr (WpClient) client = wp_client_new (port);
  g_autoptr (GString) classes = g_string_new (NULL);
  gboolean bodiless = g_str_has_prefix (text, "HEAD ");
  WpHttpResponse *response;

  send_text (client, text);
  for (gboolean asked = FALSE;
       (response = bodiless && !asked ? wp_client_read_head (client) : wp_client_read (client));)
    {
      g_autofree char *connection = wp_http_response_header (response, "Connection");

      if (response->status >= 200 && !asked)
        *first = response->status;
      if (response->status >= 200)
        g_string_append_printf (classes, "%u", response->status / 100);
      if (response->status >= 200 && !asked && g_strcmp0 (connection, "close") != 0)
        wp_client_send (client, "GET /probe HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
      asked |= response->status >= 200;
      wp_http_response_free (response);
    }
  return g_string_free (g_steal_pointer (&classes), FALSE);
}

/* Returns: (transfer full) (nullable): what is wrong. */
static char *
check (const char *name, const char *const got[N_SERVERS])
{
  gboolean differ = !g_str_equal (got[FAST], got[SOUP]) || !g_str_equal (got[FAST], got[NGINX]);
  const char *problem = differ ? "differs, but is not listed" : NULL;

  for (guint i = 0; i < G_N_ELEMENTS (differences); i++)
    if (g_str_equal (differences[i].name, name))
      problem = !differ ? "is listed, but no longer differs"
                : g_str_equal (got[FAST], differences[i].fast) && g_str_equal (got[SOUP], differences[i].soup)
                        && g_str_equal (got[NGINX], differences[i].nginx)
                    ? NULL
                    : "differs otherwise than it is listed";
  return problem ? g_strdup_printf ("{ \"%s\", \"%s\", \"%s\", \"%s\" %s", name, got[FAST], got[SOUP],
                                    got[NGINX], problem)
                 : NULL;
}

/* It answers as --http=fast does, or as it is listed. */
static char *
check_haproxy (const char *name, const char *fast, const char *haproxy)
{
  const char *listed = fast;

  for (guint i = 0; i < G_N_ELEMENTS (haproxy_differences); i++)
    if (g_str_equal (haproxy_differences[i].name, name))
      listed = haproxy_differences[i].haproxy;
  if (g_str_equal (haproxy, listed) || g_str_equal (haproxy, fast))
    return NULL;
  return g_strdup_printf ("{ \"%s\", \"%s\" by HAProxy, where \"%s\" is listed, and --http=fast gives \"%s\"",
                          name, haproxy, listed, fast);
}

/* Returns: (transfer full) (nullable): what is wrong. */
static char *
ask_all (const char *name, const char *text, guint required, const guint16 ports[N_SERVERS])
{
  guint statuses[N_SERVERS] = { 0 };
  char *got[N_SERVERS], *problem;

  for (guint i = 0; i < N_SERVERS; i++)
    got[i] = ask (ports[i], text, &statuses[i]);
  if (statuses[FAST] != required || statuses[SOUP] != required)
    problem = g_strdup_printf ("%u, %u, not %u, to \"%s\"", statuses[FAST], statuses[SOUP], required, name);
  else if (!(problem = check (name, (const char *const *) got)))
    problem = check_haproxy (name, got[FAST], got[HAPROXY]);
  for (guint i = 0; i < N_SERVERS; i++)
    g_free (got[i]);
  return problem;
}

/* This client may be late itself, on a busy machine: what is wrong is asked again. */
static void
ask_each (const guint16 ports[N_SERVERS])
{
  for (guint i = 0; i < G_N_ELEMENTS (differential_requests); i++)
    {
      char *problem = NULL;

      for (guint n = 0; n < MAX_TRIES && (n == 0 || problem); n++)
        {
          g_free (problem);
          problem = ask_all (differential_requests[i].name, differential_requests[i].text,
                             differential_requests[i].required, ports);
        }
      if (!problem)
        continue;
      g_test_message ("WRONG: %s", problem);
      g_test_fail ();
      g_free (problem);
    }
}

static void
test_all (void)
{
  g_autoptr (WpHarness) fast = NULL, soup = NULL;
  g_autoptr (WpNginx) nginx = NULL;
  g_autoptr (WpHaproxy) haproxy = NULL;

  if (!wp_nginx_is_there () || !wp_haproxy_is_there ())
    {
      g_test_skip ("nginx or HAProxy is missing: apt-get install nginx-light haproxy");
      return;
    }
  fast = wp_harness_start ("--http=fast", "-d", "delay:0", "--header-timeout=100ms", "--body-timeout=100ms",
                           NULL);
  soup = wp_harness_start ("--http=soup", "-d", "delay:0", "--header-timeout=100ms", "--body-timeout=100ms",
                           NULL);
  nginx = wp_nginx_new (fast);
  haproxy = wp_haproxy_new (fast, WP_HAPROXY_RESPONDS);
  ask_each ((const guint16[N_SERVERS]){ wp_harness_port (fast), wp_harness_port (soup), wp_nginx_port (nginx),
                                        wp_haproxy_port (haproxy) });
  g_test_message ("%u raw requests, each with its response by both HTTP servers; "
                  "%u of them are answered otherwise by nginx, for a reason",
                  (guint) G_N_ELEMENTS (differential_requests), (guint) G_N_ELEMENTS (differences));
  g_assert_cmpuint (G_N_ELEMENTS (differential_requests), >=, 250);
}

static void
check_is_asked (const char *name)
{
  guint n = 0;

  for (guint i = 0; i < G_N_ELEMENTS (differential_requests); i++)
    n += g_str_equal (differential_requests[i].name, name);
  if (n != 1)
    g_error ("\"%s\" is asked %u times", name, n);
}

/* A difference that nobody is asked for would stand there for ever. */
static void
test_table (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (differences); i++)
    check_is_asked (differences[i].name);
  for (guint i = 0; i < G_N_ELEMENTS (haproxy_differences); i++)
    check_is_asked (haproxy_differences[i].name);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/differential/table", test_table);
  g_test_add_func ("/differential/all", test_all);

  return g_test_run ();
}
