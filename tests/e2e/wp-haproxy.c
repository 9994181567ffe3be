#include "tests/e2e/wp-haproxy.h"

#include <glib/gstdio.h>
#include <sys/socket.h>
#include <unistd.h>

struct _WpHaproxy {
  WpChild *child;
  guint16 port;
};

/* One thread: another would not see a connection that the first is just done with, and open one more. */
static const char conf[] = "global\n"
                           "  maxconn 256\n"
                           "  nbthread 1\n"
                           "defaults\n"
                           "  mode http\n"
                           "  timeout connect 30s\n"
                           "  timeout client %s\n"
                           "  timeout server 30s\n"
                           "  timeout http-request %s\n"
                           "frontend all\n"
                           "  bind :80\n"
                           "%s";
static const char responses[]
    = "  http-request wait-for-body time 100ms\n"
      "  http-request return status 200 content-type text/plain string \"Success!!\"\n";
static const char passes[] = "  default_backend server\n"
                             "backend server\n"
                             "  http-reuse always\n"
                             "  server wp 127.0.0.1:%u maxconn 1\n";

/* Debian's is not in everybody's path. */
static char *
find (void)
{
  char *path = g_find_program_in_path ("haproxy");

  if (!path && g_file_test ("/usr/sbin/haproxy", G_FILE_TEST_IS_EXECUTABLE))
    path = g_strdup ("/usr/sbin/haproxy");
  return path;
}

gboolean
wp_haproxy_is_there (void)
{
  g_autofree char *path = find ();

  return path != NULL;
}

WpHaproxy *
wp_haproxy_new_as (const WpHarness *server, const char *text)
{
  WpHaproxy *self = g_new0 (WpHaproxy, 1);
  g_autofree char *dir = wp_harness_path (server, "haproxy"), *path = g_build_filename (dir, "conf", NULL);
  g_autofree char *program = find ();
  g_autoptr (GString) own = g_string_new (text);
  char *argv[] = { program, "-db", "-f", path, NULL };
  int fd = wp_child_bind_port (&self->port);

  /* It is handed its socket as descriptor 3. */
  g_assert_cmpint (listen (fd, 256), ==, 0);
  g_assert_cmpuint (g_string_replace (own, "bind :80\n", "bind fd@3\n", 0), ==, 1);
  g_assert_cmpint (g_mkdir (dir, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, own->str, -1, NULL));
  self->child = wp_child_new (dir, argv, &(WpChildTerms){ .socket_fd = fd });
  close (fd); /* if it ends, connections are refused */

  return self;
}

WpHaproxy *
wp_haproxy_new (const WpHarness *server, WpHaproxyKind kind)
{
  g_autofree char *to_server = g_strdup_printf (passes, wp_harness_port (server));
  const char *deadline = kind == WP_HAPROXY_RESPONDS ? "100ms" : "30s"; /* as the tests give wp-server */
  g_autofree char *text
      = g_strdup_printf (conf, deadline, deadline, kind == WP_HAPROXY_RESPONDS ? responses : to_server);

  return wp_haproxy_new_as (server, text);
}

void
wp_haproxy_free (WpHaproxy *self)
{
  wp_child_free (self->child);
  g_free (self);
}

guint16
wp_haproxy_port (const WpHaproxy *self)
{
  return self->port;
}
