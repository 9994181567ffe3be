#include "tests/e2e/wp-prometheus.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

struct _WpPrometheus {
  WpChild *child;
  int port_fd;
  char *address;
};

char *
wp_promtool_run (const char *const *words, const char *input, gboolean *ok)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autoptr (GSubprocess) process = NULL;
  g_auto (GStrv) argv = NULL;
  char *said = NULL;

  g_strv_builder_add (builder, "promtool");
  g_strv_builder_addv (builder, (const char **) words);
  argv = g_strv_builder_end (builder);
  process = g_subprocess_newv ((const char *const *) argv,
                               G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE
                                   | G_SUBPROCESS_FLAGS_STDERR_MERGE,
                               NULL);
  g_assert_nonnull (process);
  g_assert_true (g_subprocess_communicate_utf8 (process, input, NULL, &said, NULL, NULL));
  *ok = g_subprocess_get_successful (process);

  return said;
}

WpPrometheus *
wp_prometheus_new (const WpHarness *server)
{
  WpPrometheus *self = g_new (WpPrometheus, 1);
  g_autofree char *dir = wp_harness_path (server, "prometheus"),
                  *conf = g_build_filename (dir, "conf.yml", NULL);
  g_autofree char *text
      = g_strdup_printf ("global: {scrape_interval: 200ms, evaluation_interval: 200ms}\n"
                         "rule_files: ['%s/data/prometheus/wp.rules.yml']\n"
                         "scrape_configs:\n"
                         "  - {job_name: wp, static_configs: [{targets: ['127.0.0.1:%u']}]}\n",
                         g_getenv ("WP_SOURCE_ROOT"), wp_harness_admin_port (server));
  g_autofree char *listen = NULL;
  guint16 port;

  self->port_fd = wp_child_bind_port (&port);
  self->address = g_strdup_printf ("http://127.0.0.1:%u", port);
  listen = g_strdup_printf ("--web.listen-address=127.0.0.1:%u", port);
  g_assert_cmpint (g_mkdir (dir, 0700), ==, 0);
  g_assert_true (g_file_set_contents (conf, text, -1, NULL));
  self->child = wp_child_new (dir,
                              (char *[]){ "prometheus", "--config.file=conf.yml", "--storage.tsdb.path=data",
                                          listen, "--log.level=warn", NULL },
                              NULL);
  return self;
}

void
wp_prometheus_free (WpPrometheus *self)
{
  wp_child_free (self->child);
  close (self->port_fd);
  g_free (self->address);
  g_free (self);
}

void
wp_prometheus_await (WpPrometheus *self, const char *query, const char *value)
{
  const char *const words[] = { "query", "instant", self->address, query, NULL };
  g_autofree char *expected = g_strdup_printf (" => %s @", value), *said = NULL;
  gint64 until_us = g_get_monotonic_time () + 2 * WP_PATIENCE_US;
  gboolean ok;

  while (said = wp_promtool_run (words, "", &ok), !strstr (said, expected))
    {
      if (wp_child_wait (self->child, 0) || g_get_monotonic_time () > until_us)
        g_error ("%s is not %s: %s", query, value, said);
      g_free (g_steal_pointer (&said));
      g_usleep (100000);
    }
}
