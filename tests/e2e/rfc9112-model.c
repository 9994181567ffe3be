#include "tests/e2e/rfc9112-model.h"

#include <arpa/inet.h>
#include <string.h>

/* RFC 9110, 5.6.2, 5.6.3, 5.6.4 and 5.5; RFC 3986 with what is left unescaped. */
#define TOKEN  "[!#$%&'*+.^_`|~0-9A-Za-z-]++"
#define OWS    "[ \\t]*+"
#define QUOTED "\"(?:[\\t !#-\\[\\]-~\\x80-\\xff]|\\\\[\\t -~\\x80-\\xff])*+\""
#define VALUE  "[\\t -~\\x80-\\xff]*+"
#define HEX    "[0-9A-Fa-f]"
#define TARGET "(?:[!\"$&-~]|%" HEX HEX ")++"
#define CRLF   "\\r\\n"

/* RFC 9112, 3, 5 and 7.1, in pieces: each stands for itself once it has come. */
static const char *const rules_text[] = {
  CRLF,
  "(" TOKEN ") ",
  "(" TARGET ") ",
  "HTTP/([0-9]\\.[0-9])",
  "(" TOKEN "):(" VALUE ")" CRLF,
  HEX "++",
  "(?:" OWS ";" OWS TOKEN "(?:" OWS "=" OWS "(?:" TOKEN "|" QUOTED "))?)*+" CRLF,
  "[^!#$%&'*+.^_`|~0-9A-Za-z-]++",
};
enum { LINE_END, METHOD, REQUEST_TARGET, VERSION, FIELD, CHUNK_SIZE, CHUNK_EXTENSIONS, NO_TOKEN };

/* RFC 3986, 3.2.2 and 3.2.3. Addresses in brackets are checked apart. */
#define HOST "^(?:\\[([0-9A-Fa-f:.]+)\\]|(?:[!$&-.;=_~0-9A-Za-z]|%" HEX HEX ")+)(?::[0-9]*)?$"

typedef struct {
  const char *bytes;
  gsize at, len;
  const Rfc9112Rules *rules;
  guint refused; /* the status that refuses the request at hand; 0: none so far */
} Reader;

static const GRegex *
rule (guint i)
{
  static GRegex *all[G_N_ELEMENTS (rules_text)];

  if (!all[i])
    all[i] = g_regex_new (rules_text[i], G_REGEX_RAW | G_REGEX_OPTIMIZE, 0, NULL);
  g_assert_nonnull (all[i]);
  return all[i];
}

/* Takes what matches from the front. FALSE: more must come, or the request is malformed. */
static gboolean
take (Reader *self, guint i, char **first, char **second)
{
  g_autoptr (GMatchInfo) match = NULL;
  gint end;

  if (self->at == self->len)
    return FALSE;
  if (!g_regex_match_full (rule (i), self->bytes, (gssize) self->len, (gint) self->at,
                           G_REGEX_MATCH_ANCHORED | G_REGEX_MATCH_PARTIAL_SOFT, &match, NULL))
    {
      if (!g_match_info_is_partial_match (match))
        self->refused = 400;
      return FALSE;
    }
  g_match_info_fetch_pos (match, 0, NULL, &end);
  if (first)
    *first = g_match_info_fetch (match, 1);
  if (second)
    *second = g_match_info_fetch (match, 2);
  self->at = (gsize) end;
  return TRUE;
}

static gboolean
refuse (Reader *self, guint status)
{
  self->refused = status;
  return FALSE;
}

static void
field_free (gpointer data)
{
  Rfc9112Field *self = data;

  g_free (self->name);
  g_free (self->value);
  g_free (self);
}

static Rfc9112Request *
request_new (void)
{
  Rfc9112Request *self = g_new0 (Rfc9112Request, 1);

  self->fields = g_ptr_array_new_with_free_func (field_free);
  self->body = g_string_new (NULL);

  return self;
}

static void
request_free (gpointer data)
{
  Rfc9112Request *self = data;

  g_free (self->method);
  g_free (self->target);
  g_free (self->path);
  g_ptr_array_unref (self->fields);
  g_string_free (self->body, TRUE);
  g_free (self);
}

static guint
count (const Rfc9112Request *request, const char *name)
{
  guint n = 0;

  for (guint i = 0; i < request->fields->len; i++)
    n += g_ascii_strcasecmp (((Rfc9112Field *) request->fields->pdata[i])->name, name) == 0;
  return n;
}

const char *
rfc9112_field (const Rfc9112Request *request, const char *name)
{
  for (guint i = request->fields->len; i > 0; i--)
    {
      const Rfc9112Field *field = request->fields->pdata[i - 1];

      if (g_ascii_strcasecmp (field->name, name) == 0)
        return field->value;
    }
  return NULL;
}

/* Is it a word of the Connection field? Whatever stands between words is taken for a comma. (RFC 9110, 7.6.1)
 */
static gboolean
has_connection (const Rfc9112Request *request, const char *option)
{
  for (guint i = 0; i < request->fields->len; i++)
    {
      const Rfc9112Field *field = request->fields->pdata[i];
      g_auto (GStrv) words = g_regex_split (rule (NO_TOKEN), field->value, 0);

      for (char **word = words; *word && g_ascii_strcasecmp (field->name, "Connection") == 0; word++)
        if (g_ascii_strcasecmp (*word, option) == 0)
          return TRUE;
    }
  return FALSE;
}

static gboolean
is_host (const char *host)
{
  static GRegex *form;
  g_autoptr (GMatchInfo) match = NULL;
  g_autofree char *address = NULL;
  struct in6_addr parsed;

  if (!form)
    form = g_regex_new (HOST, G_REGEX_RAW | G_REGEX_DOLLAR_ENDONLY, 0, NULL);
  g_assert_nonnull (form);
  if (!g_regex_match (form, host, 0, &match))
    return FALSE;
  address = g_match_info_fetch (match, 1);
  return !address || !*address || inet_pton (AF_INET6, address, &parsed) == 1;
}

/* A field that stands once at most. Twice is malformed, whatever the values. */
static const char *
once (Reader *self, const Rfc9112Request *request, const char *name)
{
  if (count (request, name) > 1)
    refuse (self, 400);
  return rfc9112_field (request, name);
}

/* The one value of an identity, which may be there several times. */
static void
check_same (Reader *self, const Rfc9112Request *request, const char *name)
{
  const char *last = rfc9112_field (request, name);

  for (guint i = 0; i < request->fields->len; i++)
    {
      const Rfc9112Field *field = request->fields->pdata[i];

      if (g_ascii_strcasecmp (field->name, name) == 0 && !g_str_equal (field->value, last))
        refuse (self, 400);
    }
}

/* Can all databases store each value of that field? */
static void
check_text (Reader *self, const Rfc9112Request *request, const char *name)
{
  for (guint i = 0; i < request->fields->len; i++)
    {
      const Rfc9112Field *field = request->fields->pdata[i];

      if (g_ascii_strcasecmp (field->name, name) == 0
          && (strlen (field->value) > 1024 || !g_utf8_validate (field->value, -1, NULL)))
        refuse (self, 400);
    }
}

static gboolean
is_ours (const Rfc9112Request *request)
{
  return g_str_equal (request->method, "GET") || g_str_equal (request->method, "POST")
         || g_str_equal (request->method, "PUT");
}

/* The text behind "http://", or NULL. */
static const char *
skip_scheme (const Reader *self, const char *target)
{
  static const char *const schemes[] = { "http://", "https://" };

  for (guint i = 0; i < (self->rules->tls ? 2 : 1); i++)
    if (g_ascii_strncasecmp (target, schemes[i], strlen (schemes[i])) == 0)
      return target + strlen (schemes[i]);
  return NULL;
}

/* RFC 9112, 3.2: origin form, or absolute form for the host that the Host field names. */
static void
set_path (Reader *self, Rfc9112Request *request, const char *host)
{
  const char *rest = skip_scheme (self, request->target), *path = request->target;

  if (*path != '/')
    {
      g_autofree char *authority = rest ? g_strndup (rest, strcspn (rest, "/?")) : NULL;

      if (!authority || !is_host (authority) || (host && g_ascii_strcasecmp (authority, host) != 0))
        {
          refuse (self, 400);
          return;
        }
      path = rest + strlen (authority);
    }
  request->path = g_strconcat (*path == '/' ? "" : "/", path, NULL);
}

static gboolean
is_number (const char *text)
{
  gsize n = strspn (text, "0123456789");

  return n > 0 && n <= 18 && text[n] == '\0';
}

/* Checks of a whole head: hosts, lengths, codings, identities. */
static gboolean
check_head (Reader *self, Rfc9112Request *request)
{
  const char *host = once (self, request, "Host"), *length = once (self, request, "Content-Length");
  const char *coding = once (self, request, "Transfer-Encoding");

  if ((host && !is_host (host)) || (!host && !request->old))
    refuse (self, 400);
  if ((length && (coding || !is_number (length)))
      || (coding && (request->old || g_ascii_strcasecmp (coding, "chunked") != 0)))
    refuse (self, 400);
  check_same (self, request, "X-Request-Id");
  check_text (self, request, "X-Request-Id");
  check_text (self, request, "Content-Type");
  if (is_ours (request))
    set_path (self, request, host);
  return self->refused == 0;
}

/* Method, target, version, fields and the empty line. */
static gboolean
take_head (Reader *self, Rfc9112Request *request)
{
  g_autofree char *version = NULL;

  if (!take (self, METHOD, &request->method, NULL) || !take (self, REQUEST_TARGET, &request->target, NULL)
      || !take (self, VERSION, &version, NULL))
    return FALSE;
  request->old = g_str_equal (version, "1.0");
  if (!request->old && !g_str_equal (version, "1.1"))
    return refuse (self, 505);
  if (!take (self, LINE_END, NULL, NULL))
    return FALSE;
  while (self->at < self->len && self->bytes[self->at] != '\r')
    {
      Rfc9112Field *field = g_new0 (Rfc9112Field, 1);

      g_ptr_array_add (request->fields, field);
      if (!take (self, FIELD, &field->name, &field->value))
        {
          g_ptr_array_set_size (request->fields, (gint) request->fields->len - 1);
          return FALSE;
        }
      g_strstrip (field->value);
    }
  return take (self, LINE_END, NULL, NULL) && check_head (self, request);
}

static gboolean
take_bytes (Reader *self, GString *body, guint64 n)
{
  if (body->len + n > self->rules->max_body)
    return refuse (self, 413);
  if (self->len - self->at < n)
    {
      self->at = self->len;
      return FALSE;
    }
  g_string_append_len (body, self->bytes + self->at, (gssize) n);
  self->at += n;
  return TRUE;
}

/* The number that a chunk's size states, however many digits it has. */
static guint64
read_size (const char *text, gsize len)
{
  guint64 size = 0;

  for (gsize i = 0; i < len; i++)
    size = size > G_MAXUINT32 ? size : size * 16 + (guint64) g_ascii_xdigit_value (text[i]);
  return size;
}

/* RFC 9112, 7.1 */
static gboolean
take_chunks (Reader *self, GString *body)
{
  for (;;)
    {
      gsize start = self->at;
      guint64 size;

      if (!take (self, CHUNK_SIZE, NULL, NULL))
        return FALSE;
      size = read_size (self->bytes + start, self->at - start);
      if (body->len + size > self->rules->max_body)
        return refuse (self, 413);
      if (!take (self, CHUNK_EXTENSIONS, NULL, NULL))
        return FALSE;
      if (size == 0)
        break;
      if (!take_bytes (self, body, size) || !take (self, LINE_END, NULL, NULL))
        return FALSE;
    }
  while (self->at < self->len && self->bytes[self->at] != '\r')
    if (!take (self, FIELD, NULL, NULL))
      return FALSE;
  return take (self, LINE_END, NULL, NULL);
}

static gboolean
take_body (Reader *self, Rfc9112Request *request)
{
  const char *length = rfc9112_field (request, "Content-Length");

  if (rfc9112_field (request, "Transfer-Encoding"))
    return take_chunks (self, request->body);
  return !length || take_bytes (self, request->body, g_ascii_strtoull (length, NULL, 10));
}

/* RFC 9110, 10.1.1: "100-continue" is the only expectation that there is. */
static gboolean
expects_what_is_unknown (const Rfc9112Request *request)
{
  for (guint i = 0; i < request->fields->len; i++)
    {
      const Rfc9112Field *field = request->fields->pdata[i];

      if (g_ascii_strcasecmp (field->name, "Expect") == 0
          && g_ascii_strcasecmp (field->value, "100-continue") != 0)
        return TRUE;
    }
  return FALSE;
}

static gboolean
has_body (const Rfc9112Request *request)
{
  const char *length = rfc9112_field (request, "Content-Length");

  return rfc9112_field (request, "Transfer-Encoding") || (length && g_ascii_strtoull (length, NULL, 10) > 0);
}

/* A whole head says whether its connection stays open after it (RFC 9112, 9.3). */
static gboolean
asks_for_end (const Rfc9112Request *request)
{
  return has_connection (request, "close") || (request->old && !has_connection (request, "keep-alive"));
}

/* Sets its status. FALSE: the rest of the stream is no whole request. */
static gboolean
take_request (Reader *self, Rfc9112Request *request)
{
  while (self->at < self->len && self->bytes[self->at] == '\r')
    if (!take (self, LINE_END, NULL, NULL))
      return self->refused != 0;
  if (!take_head (self, request))
    return self->refused != 0;
  request->closes = asks_for_end (request);
  request->status = !is_ours (request) ? 405 : expects_what_is_unknown (request) ? 417 : 200;
  if (request->status == 200)
    return take_body (self, request) || self->refused != 0;
  request->closes |= has_body (request);
  return TRUE;
}

GPtrArray *
rfc9112_read (const char *bytes, gsize len, const Rfc9112Rules *rules)
{
  GPtrArray *all = g_ptr_array_new_with_free_func (request_free);
  Reader reader = { .bytes = bytes, .len = len, .rules = rules };

  for (gboolean open = TRUE; open;)
    {
      Rfc9112Request *request = request_new ();

      g_ptr_array_add (all, request);
      if (!take_request (&reader, request))
        {
          g_ptr_array_set_size (all, (gint) all->len - 1);
          break;
        }
      if (reader.refused)
        request->status = reader.refused;
      open = !reader.refused && !request->closes;
      request->closes = !open;
    }
  return all;
}
