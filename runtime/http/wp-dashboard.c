#include "runtime/http/wp-dashboard.h"

#include "runtime/wp-dashboard-files.h"

#define FOLDER "/wp/dashboard"

/* The page runs its own files and connects to this listener, no more; no text becomes markup. */
#define CONTENT_POLICY                                                                                       \
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "            \
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "        \
  "trusted-types 'none'"

static const struct {
  const char *suffix, *type;
} types[] = {
  { ".html", "text/html; charset=utf-8" },
  { ".css", "text/css; charset=utf-8" },
  { ".js", "text/javascript; charset=utf-8" },
  { ".svg", "image/svg+xml" },
};

static const char *
type_of (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    if (g_str_has_suffix (name, types[i].suffix))
      return types[i].type;
  return "application/octet-stream";
}

void
wp_dashboard_setup (void)
{
  g_resources_register (wp_dashboard_files_get_resource ());
}

/* The name of the chart library's folder has its version: a browser keeps that file. */
static const char *
cache_of (const char *name)
{
  return g_str_has_prefix (name, FOLDER "/uplot-") ? "max-age=31536000, immutable" : "no-cache";
}

gboolean
wp_dashboard_respond (SoupServerMessage *message, const char *path)
{
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);
  g_autofree char *name = g_strconcat (FOLDER, g_str_equal (path, "/") ? "/index.html" : path, NULL);
  g_autoptr (GBytes) file = g_resources_lookup_data (name, 0, NULL);

  if (!file)
    return FALSE;
  soup_message_headers_replace (headers, "Content-Security-Policy", CONTENT_POLICY);
  soup_message_headers_replace (headers, "Referrer-Policy", "no-referrer");
  soup_message_headers_replace (headers, "Cache-Control", cache_of (name));
  soup_message_headers_replace (headers, "Content-Type", type_of (name));
  soup_server_message_set_status (message, SOUP_STATUS_OK, NULL);
  soup_message_body_append_bytes (soup_server_message_get_response_body (message), file);

  return TRUE;
}
