#include "sim/base/wp-process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sim/base/wp-text.h"

#define STATUS_BAD 2

static void (*clean) (void);   /* set once, before any thread */
static int lost_errno;         /* why something printed was lost; 0: it was not, so far */

void
wp_process_begin (const char *name)
{
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
    if (fcntl (fd, F_GETFD) < 0 && open ("/dev/null", O_RDWR) != fd)   /* the lowest number that is free */
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

static GLogWriterOutput
write_message (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data)
{
  if (level & (G_LOG_LEVEL_INFO | G_LOG_LEVEL_DEBUG))
    return G_LOG_WRITER_HANDLED;
  if ((level & G_LOG_LEVEL_ERROR) && clean)
    clean ();
  for (gsize i = 0; i < n_fields; i++)
    if (g_str_equal (fields[i].key, "MESSAGE"))
      {
        g_autofree char *line = level & G_LOG_LEVEL_ERROR ? NULL : wp_text_escape (fields[i].value);   /* there may be no memory */
        const char *lead = "", *text = line ? line : wp_process_explain (fields[i].value, &lead);

        fprintf (stderr, "%s: %s%s\n", g_get_prgname (), lead, text);   /* which has no buffer to be allocated */
      }
  if (level & G_LOG_LEVEL_ERROR)
    _exit (STATUS_BAD);
  return G_LOG_WRITER_HANDLED;
}

void
wp_process_catch_messages (void (*clean_up) (void))
{
  clean = clean_up;
  g_log_set_writer_func (write_message, NULL, NULL);
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
