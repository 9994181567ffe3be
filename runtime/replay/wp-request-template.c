#include "runtime/replay/wp-request-template.h"

#include <string.h>

#include "sim/base/wp-error.h"
#include "sim/base/wp-time.h"

#define BLOCK_BYTES (64 * 1024) /* a multiple of the pattern's length */

struct _WpRequestTemplate {
  const char *method;
  char *target;
  char *headers;     /* " HTTP/1.1", and those that all requests have */
  gboolean has_type; /* Content-Type is among them */
  const char *body;  /* see WpRequestOptions */
  gsize body_bytes;
  char *block; /* content of bodies that are not given */
};

/* Printable and the same in every run, so that stored payloads can be read and compared. */
static char *
make_block (void)
{
  static const char pattern[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-\n";
  char *block = g_malloc (BLOCK_BYTES);

  G_STATIC_ASSERT (BLOCK_BYTES % (sizeof pattern - 1) == 0);
  for (gsize i = 0; i < BLOCK_BYTES; i++)
    block[i] = pattern[i % (sizeof pattern - 1)];
  return block;
}

static gboolean
is_header (const char *line, const char *name)
{
  return g_ascii_strncasecmp (line, name, strlen (name)) == 0 && line[strlen (name)] == ':';
}

static gboolean
has_header (GStrv headers, const char *name)
{
  for (guint i = 0; headers && headers[i]; i++)
    if (is_header (headers[i], name))
      return TRUE;
  return FALSE;
}

gboolean
wp_request_template_check_header (const char *text, GError **error)
{
  static const char *const ours[]
      = { "Connection",        "Content-Length", "Expect",       "TE",          "Trailer",
          "Transfer-Encoding", "Upgrade",        "X-Request-Id", "X-WP-Service" };
  gsize name_len = strcspn (text, ":");
  gboolean is_good = name_len > 0 && text[name_len] == ':';

  for (gsize i = 0; text[i]; i++)
    is_good = is_good && !g_ascii_iscntrl (text[i])
              && (i >= name_len || g_ascii_isalnum (text[i]) || strchr ("!#$%&'*+-.^_`|~", text[i]));
  if (!is_good)
    g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "\"%s\" is not a header such as \"Name: value\"", text);
  for (guint i = 0; is_good && i < G_N_ELEMENTS (ours); i++)
    if (is_header (text, ours[i]))
      return wp_fail (error, WP_ERROR_BAD_VALUE, "%s is a header that wp-replay writes itself", ours[i]);
  return is_good;
}

static void
append_field (GString *head, const char *name, const char *value)
{
  g_string_append (head, name);
  g_string_append (head, value);
  g_string_append_len (head, "\r\n", 2);
}

WpRequestTemplate *
wp_request_template_new (const WpTarget *target, const WpRequestOptions *options)
{
  WpRequestTemplate *self = g_new0 (WpRequestTemplate, 1);
  GString *text = g_string_new (NULL);

  g_string_append (text, " HTTP/1.1\r\n");
  if (!has_header (options->headers, "Host"))
    append_field (text, "Host: ", wp_target_authority (target));
  if (options->token)
    append_field (text, "Authorization: Bearer ", options->token);
  else if (wp_target_authorization (target) && !has_header (options->headers, "Authorization"))
    append_field (text, "Authorization: ", wp_target_authorization (target));
  for (guint i = 0; options->headers && options->headers[i]; i++)
    append_field (text, options->headers[i], "");
  self->target = g_strdup (wp_target_path (target));
  self->headers = g_string_free (text, FALSE);
  self->method = options->method;
  self->has_type = has_header (options->headers, "Content-Type");
  self->body = options->body;
  self->body_bytes = options->body_bytes;
  self->block = make_block ();

  return self;
}

void
wp_request_template_free (WpRequestTemplate *self)
{
  g_free (self->target);
  g_free (self->headers);
  g_free (self->block);
  g_free (self);
}

static void
append_row (GString *head, const WpRow *row)
{
  char seconds[WP_TIME_BUFFER];

  if (row->id)
    append_field (head, "X-Request-Id: ", row->id);
  if (row->service_ns != WP_TIME_NONE)
    append_field (head, "X-WP-Service: ", wp_time_format_seconds (seconds, row->service_ns));
}

static void
append_body_fields (const WpRequestTemplate *self, GString *head, guint64 body_bytes)
{
  char number[24];

  if (body_bytes > 0 && !self->has_type)
    append_field (head, "Content-Type: ", "application/octet-stream");
  g_snprintf (number, sizeof number, "%" G_GUINT64_FORMAT, body_bytes);
  append_field (head, "Content-Length: ", number);
}

static guint64
body_bytes_of (const WpRequestTemplate *self, const WpRow *row)
{
  return self->body ? self->body_bytes : row->bytes > 0 ? (guint64) row->bytes : 0;
}

const char *
wp_request_template_method (const WpRequestTemplate *self, const WpRow *row, gsize *len)
{
  const char *method = self->method;

  if (!method && row->request && row->request[0] != ' ')
    {
      *len = strcspn (row->request, " ");
      return row->request;
    }
  if (!method)
    method = body_bytes_of (self, row) > 0 ? "POST" : "GET";
  *len = strlen (method);
  return method;
}

static gboolean
is_method (const char *name, const char *method, gsize len)
{
  return strlen (name) == len && memcmp (name, method, len) == 0;
}

/* The row's, or the URL's. */
static void
append_target (const WpRequestTemplate *self, GString *head, const WpRow *row)
{
  const char *target = row && row->request ? strchr (row->request, ' ') + 1 : "";

  g_string_append_c (head, ' ');
  g_string_append (head, target[0] ? target : self->target);
}

void
wp_request_template_compose (const WpRequestTemplate *self, const WpRow *row, WpMessage *message)
{
  GString *head = message->head;
  guint64 body_bytes = row ? body_bytes_of (self, row) : 0;
  gsize len = strlen ("HEAD");
  const char *method = row ? wp_request_template_method (self, row, &len) : "HEAD";

  message->is_head = is_method ("HEAD", method, len);
  g_string_append_len (head, method, (gssize) len);
  append_target (self, head, row);
  g_string_append (head, self->headers);
  if (row)
    append_row (head, row);
  if (body_bytes > 0 || !(message->is_head || is_method ("GET", method, len)))
    append_body_fields (self, head, body_bytes);
  g_string_append_len (head, "\r\n", 2);
  message->block = self->body ? self->body : self->block;
  message->block_bytes = self->body ? self->body_bytes : BLOCK_BYTES;
  message->body_bytes = body_bytes;
}
