#include "tests/e2e/wp-http-response.h"

#include <stdio.h>
#include <string.h>

WpHttpResponse *
wp_http_response_new (const char *head, gsize size)
{
  WpHttpResponse *self = g_new0 (WpHttpResponse, 1);

  self->head = g_strndup (head, size);
  g_assert_cmpint (sscanf (self->head, "HTTP/1.%*1u %u", &self->status), ==, 1);

  return self;
}

void
wp_http_response_free (WpHttpResponse *self)
{
  g_free (self->head);
  g_free (self->body);
  g_free (self);
}

char *
wp_http_response_header (const WpHttpResponse *self, const char *name)
{
  g_auto (GStrv) lines = g_strsplit (self->head, "\r\n", -1);
  gsize len = strlen (name);

  for (char **line = lines + 1; *line; line++)
    if (g_ascii_strncasecmp (*line, name, len) == 0 && (*line)[len] == ':')
      return g_strstrip (g_strdup (*line + len + 1));

  return NULL;
}

gsize
wp_http_response_body_size (const WpHttpResponse *self)
{
  g_autofree char *length = wp_http_response_header (self, "Content-Length");

  if (length)
    return (gsize) g_ascii_strtoull (length, NULL, 10);

  return self->status < 200 || self->status == 204 || self->status == 304 ? 0 : G_MAXSIZE;
}
