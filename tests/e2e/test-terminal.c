/* A server on a terminal: a line of state below the log, wiped before each line and at the end. */
#include "tests/e2e/wp-client.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define WIPE "\r\033[K"

typedef struct {
  int terminal;
  GPid pid;
  GString *shown;
} Screen;

static void
screen_start (Screen *self, const char *kind, gboolean no_colour, const char *database)
{
  g_autofree char *program = g_build_filename (g_getenv ("WP_BUILD_ROOT"), "runtime", "wp-server", NULL);
  const char *argv[]
      = { program,     "--listen=127.0.0.1:0", "--admin=none", "--mode=WorkerPool",     "--workers=1",
          "--queue=1", "--database",           database,       "--drain-timeout=100ms", NULL };
  g_auto (GStrv) environment = g_environ_setenv (g_get_environ (), "TERM", kind, TRUE);
  g_autoptr (GError) error = NULL;
  int side;

  environment = no_colour ? g_environ_setenv (environment, "NO_COLOR", "1", TRUE)
                          : g_environ_unsetenv (environment, "NO_COLOR");
  self->terminal = posix_openpt (O_RDWR | O_NOCTTY);
  g_assert_cmpint (self->terminal, >=, 0);
  g_assert_cmpint (grantpt (self->terminal) | unlockpt (self->terminal), ==, 0);
  side = open (ptsname (self->terminal), O_RDWR | O_NOCTTY | O_CLOEXEC);
  g_assert_cmpint (side, >=, 0);
  g_spawn_async_with_fds (NULL, (char **) argv, environment, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL,
                          &self->pid, -1, -1, side, &error);
  g_assert_no_error (error);
  close (side);
  self->shown = g_string_new (NULL);
}

/* Reads until @text is there; NULL: until the server has ended. */
static void
screen_read (Screen *self, const char *text)
{
  char buffer[4096];
  gssize n;

  while (!text || !strstr (self->shown->str, text))
    {
      n = read (self->terminal, buffer, sizeof buffer);
      if (n <= 0) /* an error (EIO) once nobody has it open for writing */
        break;
      g_string_append_len (self->shown, buffer, n);
    }
  if (text && !strstr (self->shown->str, text))
    g_error ("no \"%s\" in \"%s\"", text, self->shown->str);
}

static guint16
screen_port (Screen *self)
{
  static const char address[] = "listening on http://127.0.0.1:";
  const char *start;

  screen_read (self, address);
  screen_read (self, "/\r\n");
  start = strstr (self->shown->str, address);

  return (guint16) atoi (start + strlen (address));
}

static void
screen_end (Screen *self)
{
  int status;

  kill (self->pid, SIGTERM);
  screen_read (self, NULL);
  g_assert_cmpint (waitpid (self->pid, &status, 0), ==, self->pid);
  close (self->terminal);
}

/* One request in service, one in the queue, one parked: yellow, and nothing of it is left behind. */
static void
test_full (gconstpointer no_colour)
{
  Screen screen;
  WpClient *clients[3];
  const char *last;
  guint16 port;

  screen_start (&screen, "xterm", no_colour != NULL, "delay:1h");
  port = screen_port (&screen);
  screen_read (&screen,
               "wp-server: when full, requests wait; answered when accepted; requests in memory: at most ");
  screen_read (&screen, "0/s in, 0/s stored, 0 of 1 queued, 0 of 1 workers busy");
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    {
      clients[i] = wp_client_new (port);
      wp_client_post (clients[i], "/", NULL, "x", 1);
    }
  screen_read (&screen,
               no_colour ? WIPE "0/s in, 0/s stored, 1 of 1 queued, 1 of 1 workers busy, 1 parked"
                         : WIPE
                   "\033[33m0/s in, 0/s stored, 1 of 1 queued, 1 of 1 workers busy, 1 parked\033[0m");
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    wp_client_free (clients[i]);
  screen_end (&screen);
  g_assert_true (!no_colour == !!strstr (screen.shown->str, "\033[33m"));
  g_assert_nonnull (strstr (screen.shown->str, WIPE "wp-server: draining"));
  last = strstr (screen.shown->str, "wp-server: ledger: ");
  g_assert_nonnull (last);
  g_assert_true (last[-1] == '\n' || g_str_has_prefix (last - strlen (WIPE), WIPE));
  g_assert_true (g_str_has_suffix (screen.shown->str, "\r\n") || g_str_has_suffix (screen.shown->str, WIPE));
  g_string_free (screen.shown, TRUE);
}

/* A terminal that cannot erase gets lines only. */
static void
test_dumb (void)
{
  Screen screen;

  screen_start (&screen, "dumb", FALSE, "delay:0");
  screen_port (&screen);
  screen_end (&screen);
  g_assert_null (strchr (screen.shown->str, '\033'));
  g_string_free (screen.shown, TRUE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/terminal/full", NULL, test_full);
  g_test_add_data_func ("/terminal/no-colour", "", test_full);
  g_test_add_func ("/terminal/dumb", test_dumb);

  return g_test_run ();
}
