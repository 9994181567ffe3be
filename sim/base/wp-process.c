#include "sim/base/wp-process.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/base/wp-error.h"
#include "sim/base/wp-text.h"

#undef _FORTIFY_SOURCE /* whose header has a vasprintf() of its own */

#define STATUS_BAD 2
#define LAST_WORDS 256 /* bytes of a message when memory is exhausted */

static void (*clean) (void); /* set once, before any thread */
static int lost_errno;       /* of a failed write to standard output; 0: none */

void
wp_process_begin (const char *name)
{
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
    if (fcntl (fd, F_GETFD) < 0 && open ("/dev/null", O_RDWR) != fd) /* the lowest free number */
      _exit (STATUS_BAD);
  signal (SIGXFSZ, SIG_IGN);
  g_set_prgname (name);
}

const char *
wp_process_explain (const char *message, const char **lead)
{
  const char *failed = strstr (message, "failed to allocate ");

  *lead = failed ? "out of memory: " : "";

  return failed ? failed : message;
}

/* Allocates nothing: standard error is unbuffered. Only the first thread writes its message. */
static void G_GNUC_NORETURN
die (const char *message)
{
  static gint is_dying; /* atomic */
  const char *lead, *text = wp_process_explain (message, &lead);

  while (!g_atomic_int_compare_and_exchange (&is_dying, FALSE, TRUE))
    pause ();
  if (clean)
    clean ();
  fprintf (stderr, "%s: %s%s\n", g_get_prgname (), lead, text);
  _exit (STATUS_BAD);
}

/* Replaces the C library's for the program and its libraries. GLib's message about exhausted memory allocates
 * memory itself, and would recurse until the stack is full; this function ends the program instead. */
int
vasprintf (char **text, const char *format, va_list values)
{
  char words[LAST_WORDS];
  va_list again;
  int len;

  va_copy (again, values);
  len = vsnprintf (words, sizeof words, format, values);
  *text = len < 0 ? NULL : malloc ((size_t) len + 1);
  if (len >= 0 && !*text)
    die (strstr (words, "failed to allocate ") ? words : "failed to allocate memory");
  if (len >= LAST_WORDS)
    vsnprintf (*text, (size_t) len + 1, format, again);
  else if (len >= 0)
    memcpy (*text, words, (size_t) len + 1);
  va_end (again);

  return len;
}

int __vasprintf_chk (char **text, int flag, const char *format, va_list values) G_GNUC_PRINTF (3, 0);

/* The name in fortified libraries. */
int
__vasprintf_chk (char **text, int flag, const char *format, va_list values)
{
  return vasprintf (text, format, values);
}

static GLogWriterOutput
write_message (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data)
{
  if (level & (G_LOG_LEVEL_INFO | G_LOG_LEVEL_DEBUG))
    return G_LOG_WRITER_HANDLED;
  for (gsize i = 0; i < n_fields; i++)
    if (g_str_equal (fields[i].key, "MESSAGE"))
      {
        g_autofree char *line = NULL;

        if (level & G_LOG_LEVEL_ERROR)
          die (fields[i].value);
        line = wp_text_escape (fields[i].value);
        fprintf (stderr, "%s: %s\n", g_get_prgname (), line);
      }
  return G_LOG_WRITER_HANDLED;
}

void
wp_process_catch_messages (void (*clean_up) (void))
{
  clean = clean_up;
  g_log_set_writer_func (write_message, NULL, NULL);
  /* this and the next allocate GLib's state for messages and threads before memory is short */
  g_debug ("begins");
  g_thread_self ();
}

void
wp_process_print (const char *text)
{
  if (fputs (text, stdout) < 0 && lost_errno == 0)
    lost_errno = errno;
}

int
wp_process_end (int status)
{
  if (fclose (stdout) != 0 && lost_errno == 0)
    lost_errno = errno;
  if (lost_errno == 0 || status == STATUS_BAD)
    return status;
  fprintf (stderr, "%s: cannot write standard output: %s\n", g_get_prgname (), g_strerror (lost_errno));
  return STATUS_BAD;
}

gpointer
wp_module_load (const char *file, const char *symbol, GError **error)
{
  void *module = dlopen (file, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  gpointer found = module ? dlsym (module, symbol) : NULL;

  if (!found)
    g_set_error (error, WP_ERROR, WP_ERROR_IO,
                 "cannot load %s: %s; install it, or name its folder in LD_LIBRARY_PATH", file, dlerror ());
  return found;
}
