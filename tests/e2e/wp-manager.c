#include "tests/e2e/wp-manager.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/e2e/wp-client.h"

struct _WpManager {
  char *dir;
  WpChild *child;
  int notify_fd;
  GThread *reader;            /* sd_notify() waits for a manager that does not read */
  GAsyncQueue *notifications; /* (element-type utf8) */
};

static char *
path_of (const WpManager *self, const char *name)
{
  return g_build_filename (self->dir, name, NULL);
}

static gpointer
read_told (gpointer data)
{
  WpManager *self = data;
  char text[1024];
  gssize n;

  while ((n = recv (self->notify_fd, text, sizeof text - 1, 0)) > 0)
    g_async_queue_push (self->notifications, g_strndup (text, (gsize) n));
  return NULL;
}

static void
listen_for_news (WpManager *self)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };

  snprintf (address.sun_path, sizeof address.sun_path, "%s/notify", self->dir);
  self->notify_fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  g_assert_cmpint (bind (self->notify_fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  self->notifications = g_async_queue_new_full (g_free);
  self->reader = g_thread_new ("manager", read_told, self);
}

/* Its standard error is the journal's, as the file's numbers in the environment say. */
static char *
make_journal (const WpManager *self)
{
  g_autofree char *log = path_of (self, WP_CHILD_LOG);
  struct stat status;

  g_assert_true (g_file_set_contents (log, "", 0, NULL));
  g_assert_cmpint (g_stat (log, &status), ==, 0);
  return g_strdup_printf ("JOURNAL_STREAM=%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT, (guint64) status.st_dev,
                          (guint64) status.st_ino);
}

/* @in_vain: it will not start, and frees nothing then. */
static WpManager *
start (const WpChildTerms *terms, gboolean in_vain, const char *option, va_list more)
{
  WpManager *self = g_new0 (WpManager, 1);
  WpChildTerms all = terms ? *terms : (WpChildTerms){ 0 };
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_autofree char *program = g_build_filename (g_getenv ("WP_BUILD_ROOT"), "runtime", "wp-server", NULL);
  g_autofree char *notify = NULL, *journal = NULL, *sanitizer = NULL;

  self->dir = g_dir_make_tmp ("wp-service-XXXXXX", NULL);
  listen_for_news (self);
  notify = g_strdup_printf ("NOTIFY_SOCKET=%s/notify", self->dir);
  journal = make_journal (self);
  sanitizer = g_strdup_printf ("ASAN_OPTIONS=%s:detect_leaks=%d",
                               g_getenv ("ASAN_OPTIONS") ? g_getenv ("ASAN_OPTIONS") : "", !in_vain);
  all.environment = (const char *const[]){ notify, journal, "WATCHDOG_USEC=200000", sanitizer, NULL };
  g_ptr_array_add (argv, program);
  g_ptr_array_add (argv, (gpointer) "--admin=none");
  for (; option; option = va_arg (more, const char *))
    g_ptr_array_add (argv, (gpointer) option);
  g_ptr_array_add (argv, NULL);
  self->child = wp_child_new (self->dir, (char **) argv->pdata, &all);
  if (all.socket_fd > 0)
    close (all.socket_fd);

  return self;
}

WpManager *
wp_manager_start (const WpChildTerms *terms, const char *option, ...)
{
  WpManager *self;
  va_list more;

  va_start (more, option);
  self = start (terms, FALSE, option, more);
  va_end (more);

  return self;
}

void
wp_manager_start_in_vain (int socket_fd, const char *said, const char *option, ...)
{
  g_autoptr (WpManager) self = NULL;
  va_list more;

  va_start (more, option);
  self = start (&(WpChildTerms){ .socket_fd = socket_fd }, TRUE, option, more);
  va_end (more);
  g_assert_cmpint (wp_manager_wait (self), ==, 2);
  wp_manager_await_log (self, said);
}

static void
remove_file (const WpManager *self, const char *name)
{
  g_autofree char *path = path_of (self, name);

  g_assert_cmpint (g_unlink (path), ==, 0);
}

void
wp_manager_free (WpManager *self)
{
  wp_child_free (self->child);
  shutdown (self->notify_fd, SHUT_RD);
  g_thread_join (self->reader);
  close (self->notify_fd);
  g_async_queue_unref (self->notifications);
  remove_file (self, "notify");
  remove_file (self, WP_CHILD_LOG);
  remove_file (self, WP_CHILD_OUTPUT);
  g_assert_cmpint (g_rmdir (self->dir), ==, 0);
  g_free (self->dir);
  g_free (self);
}

WpChild *
wp_manager_child (const WpManager *self)
{
  return self->child;
}

void
wp_manager_signal (WpManager *self, int number)
{
  wp_child_signal (self->child, number);
}

int
wp_manager_wait (WpManager *self)
{
  if (!wp_child_wait (self->child, g_get_monotonic_time () + WP_PATIENCE_US))
    {
      g_autofree char *log = wp_manager_log (self);

      g_error ("wp-server does not end; it said: %s", log);
    }
  return wp_child_status (self->child);
}

void
wp_manager_await_told (WpManager *self, const char *word)
{
  for (;;)
    {
      g_autofree char *text = g_async_queue_timeout_pop (self->notifications, WP_PATIENCE_US);

      if (!text)
        g_error ("%s was not notified", word);
      if (g_str_has_prefix (text, word))
        return;
    }
}

char *
wp_manager_log (const WpManager *self)
{
  g_autofree char *path = path_of (self, WP_CHILD_LOG);
  char *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  return text;
}

void
wp_manager_await_log (const WpManager *self, const char *text)
{
  wp_child_await_log (self->dir, text);
}
