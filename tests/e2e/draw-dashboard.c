/* draw-dashboard.c - pictures of the operator's page under real load, to be looked at: desktop and phone,
 * light and dark. `build/tests/e2e/draw-dashboard FOLDER [SECONDS]`, in the environment of a test: meson
 * devenv -C build. */
#include "tests/e2e/wp-browser.h"
#include "tests/e2e/wp-harness.h"

#include <stdio.h>
#include <stdlib.h>

static const struct {
  const char *name;
  guint width, height, scale;
  gboolean dark, what_if;
} screens[] = {
  { "desktop-light.png", 1280, 800, 1, FALSE },     { "desktop-dark.png", 1280, 800, 1, TRUE },
  { "phone-light.png", 390, 844, 2, FALSE },        { "phone-dark.png", 390, 844, 2, TRUE },
  { "dashboard.webp", 1180, 940, 1, FALSE },        { "desktop-what-if.png", 1280, 800, 1, FALSE, TRUE },
  { "phone-what-if.png", 390, 844, 2, TRUE, TRUE },
};

/* Bursts that the workers cannot serve at once: some 300 jobs a second have room in the commits. */
static WpChild *
start_load (WpHarness *server)
{
  g_autofree char *program = g_build_filename (g_getenv ("WP_BUILD_ROOT"), "runtime", "wp-replay", NULL),
                  *url = g_strdup_printf ("http://127.0.0.1:%u/", wp_harness_port (server)),
                  *folder = wp_harness_path (server, "load");
  char *argv[] = { program,
                   "--arrivals=mmpp:rates=130:620,sojourns=9s:2s",
                   "--seed=4",
                   "--connections=2000",
                   "--duration=1h",
                   url,
                   NULL };

  g_mkdir_with_parents (folder, 0700);
  return wp_child_new (folder, argv, NULL);
}

static void
draw (WpBrowser *browser, guint16 port, const char *folder)
{
  for (guint i = 0; i < G_N_ELEMENTS (screens); i++)
    {
      g_autofree char *file = g_build_filename (folder, screens[i].name, NULL);

      wp_browser_open (browser, port, "/", NULL);
      wp_browser_set_screen (browser, screens[i].width, screens[i].height, screens[i].scale, screens[i].dark);
      wp_browser_await (
          browser, "document.querySelectorAll ('.plot canvas').length > 0 && "
                   "/^[1-9].*\\/s$/.test (document.querySelector ('[data-figure=received]').textContent)");
      if (screens[i].what_if)
        {
          g_free (wp_browser_evaluate (browser, "document.getElementById ('what-if-details').open = true"));
          wp_browser_await (browser, "document.getElementById ('what-if-answer').rows.length > 0");
        }
      wp_browser_screenshot (browser, file, g_str_has_suffix (file, ".png"));
      wp_browser_assert_quiet (browser);
    }
}

int
main (int argc, char **argv)
{
  const char *seconds = argc > 2 ? argv[2] : "90";
  g_autoptr (WpHarness) server = NULL;
  g_autoptr (WpBrowser) browser = NULL;
  WpChild *load;

  if (argc < 2)
    {
      fprintf (stderr, "usage: draw-dashboard FOLDER [SECONDS]\n");
      return 2;
    }
  server = wp_harness_start ("-m", "WorkerPool", "-q", "200", "-w", "16", "-d", "sqlite:wp.db",
                             "--commit-pace=50ms", NULL);
  browser = wp_browser_new ();
  load = start_load (server);
  g_usleep ((gulong) (atof (seconds) * G_USEC_PER_SEC));
  draw (browser, wp_harness_admin_port (server), argv[1]);
  wp_child_free (load);

  return 0;
}
