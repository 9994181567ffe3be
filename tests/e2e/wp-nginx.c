#include "tests/e2e/wp-nginx.h"

#include <glib/gstdio.h>
#include <unistd.h>

struct _WpNginx {
  WpChild *child;
  guint16 port;
};

static const char conf[]
    = "daemon off; master_process off; pid nginx.pid; error_log stderr crit;\n"
      "events { worker_connections 4096; }\n"
      "http {\n"
      "  access_log off;\n"
      "  client_body_temp_path b; proxy_temp_path p; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;\n"
      "%s"
      "}\n";

/* Its deadlines are those that the tests give wp-server. */
static const char responses[]
    = "  client_header_timeout 100ms; client_body_timeout 100ms; lingering_timeout 100ms;\n"
      "  server { listen 80; location / { return 200 \"Success!!\"; } }\n";

/* Debian's is not in everybody's path. */
static char *
find (void)
{
  char *path = g_find_program_in_path ("nginx");

  return path || !g_file_test ("/usr/sbin/nginx", G_FILE_TEST_IS_EXECUTABLE) ? path
                                                                             : g_strdup ("/usr/sbin/nginx");
}

gboolean
wp_nginx_is_there (void)
{
  g_autofree char *path = find ();

  return path != NULL;
}

static void
await_listening (WpNginx *self, const char *dir)
{
  gint64 until_us = g_get_monotonic_time () + WP_PATIENCE_US;
  WpClient *client;

  while (!(client = wp_client_try (self->port)))
    if (wp_child_wait (self->child, g_get_monotonic_time () + 2000) || g_get_monotonic_time () > until_us)
      {
        g_autofree char *path = g_build_filename (dir, WP_CHILD_LOG, NULL), *log = NULL;

        g_file_get_contents (path, &log, NULL, NULL);
        g_error ("nginx does not start: %s", log);
      }
  wp_client_free (client);
}

WpNginx *
wp_nginx_new_as (const WpHarness *server, const char *http)
{
  WpNginx *self = g_new0 (WpNginx, 1);
  g_autofree char *dir = wp_harness_path (server, "nginx"), *program = find (),
                  *path = g_build_filename (dir, "conf", NULL), *text = NULL;
  char *argv[] = { program, "-e", "stderr", "-p", dir, "-c", path, NULL };
  g_autoptr (GString) own = g_string_new (http);
  int fd = wp_child_bind_port (&self->port); /* its configuration needs a number */
  g_autofree char *listen = NULL;

  listen = g_strdup_printf ("listen 127.0.0.1:%u;", self->port);
  g_assert_cmpuint (g_string_replace (own, "listen 80;", listen, 0), ==, 1);
  text = g_strdup_printf (conf, own->str);
  g_assert_cmpint (g_mkdir (dir, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  self->child = wp_child_new (dir, argv, 0);
  await_listening (self, dir);
  close (fd);

  return self;
}

WpNginx *
wp_nginx_new (const WpHarness *server)
{
  return wp_nginx_new_as (server, responses);
}

void
wp_nginx_free (WpNginx *self)
{
  wp_child_free (self->child);
  g_free (self);
}

guint16
wp_nginx_port (const WpNginx *self)
{
  return self->port;
}
