#include "runtime/replay/wp-request-template.h"

#include <string.h>

#include "sim/base/wp-time.h"

#define BLOCK_BYTES (64 * 1024) /* a multiple of the pattern's length */

struct _WpRequestTemplate {
  const char *method;
  char *rest_of_line; /* " /path HTTP/1.1", and the headers that all requests have */
  char *block;
};

/* Printable and the same in every run, so that what was stored can be looked at and compared. */
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

WpRequestTemplate *
wp_request_template_new (const WpTarget *target, const char *method)
{
  WpRequestTemplate *self = g_new0 (WpRequestTemplate, 1);
  const char *authorization = wp_target_authorization (target);

  self->method = method;
  self->rest_of_line
      = g_strconcat (" ", wp_target_path (target), " HTTP/1.1\r\nHost: ", wp_target_authority (target),
                     authorization ? "\r\nAuthorization: " : "", authorization ? authorization : "", "\r\n",
                     NULL);
  self->block = make_block ();

  return self;
}

void
wp_request_template_free (WpRequestTemplate *self)
{
  g_free (self->rest_of_line);
  g_free (self->block);
  g_free (self);
}

static void
append_field (GString *head, const char *name, const char *value)
{
  g_string_append (head, name);
  g_string_append (head, value);
  g_string_append_len (head, "\r\n", 2);
}

void
wp_request_template_compose (const WpRequestTemplate *self, const WpRow *row, WpMessage *message)
{
  GString *head = message->head;
  guint64 body_bytes = row->bytes > 0 ? (guint64) row->bytes : 0;
  const char *method = self->method ? self->method : body_bytes > 0 ? "POST" : "GET";
  char seconds[WP_TIME_BUFFER], number[24];

  g_string_append (head, method);
  g_string_append (head, self->rest_of_line);
  if (row->id)
    append_field (head, "X-Request-Id: ", row->id);
  if (row->service_ns != WP_TIME_NONE)
    append_field (head, "X-WP-Service: ", wp_time_format_seconds (seconds, row->service_ns));
  if (body_bytes > 0)
    append_field (head, "Content-Type: ", "application/octet-stream");
  if (body_bytes > 0 || (!g_str_equal (method, "GET") && !g_str_equal (method, "HEAD")))
    {
      g_snprintf (number, sizeof number, "%" G_GUINT64_FORMAT, body_bytes);
      append_field (head, "Content-Length: ", number);
    }
  g_string_append_len (head, "\r\n", 2);
  message->block = self->block;
  message->block_bytes = BLOCK_BYTES;
  message->body_bytes = body_bytes;
  message->is_head = g_str_equal (method, "HEAD");
}
