/* wp-child.h - a process that dies with the test: started, signalled, awaited, and looked at. */
#pragma once

#include <glib.h>

/* Where its output goes, in its folder. */
#define WP_CHILD_OUTPUT "standard-output"
#define WP_CHILD_LOG    "standard-error"

typedef struct _WpChild WpChild;

/* The settings of a child; 0: the defaults. With @processes, which the system counts a user, it runs as a
 * user of its own, and the test must be root's. */
typedef struct {
  guint files, processes;
  guint64 address_bytes, file_bytes; /* file_bytes: the size of each file that it writes */
  const char *group; /* the folder of the control group that it joins; NULL: it stays where the test is */
  const char *const *environment; /* NAME=VALUE, NULL-terminated, beside what the test has; NULL: no more */
  int log_fd;                     /* where standard error goes in place of the file */
  int socket_fd;                  /* a listening socket that it gets as systemd hands it over */
} WpChildTerms;

/**
 * wp_child_new:
 * @dir: it runs in there
 * @argv: NULL-terminated
 * @terms: (nullable)
 *
 * Where there is WP_WRAPPER, its words go before: valgrind and its options.
 */
WpChild *wp_child_new (const char *dir, char **argv, const WpChildTerms *terms);
void wp_child_free (WpChild *self); /* kills it if it still runs */

void wp_child_signal (WpChild *self, int number);
gboolean wp_child_wait (WpChild *self, gint64 until_us); /* TRUE: it has ended */
int wp_child_status (const WpChild *self);               /* then: exit status, or -signal */

/**
 * wp_child_bind_port:
 * @port: (out)
 *
 * Returns: a socket of loopback that does not listen. As long as it is open, the system gives @port to nobody
 * that asks for any port; a child that is given the number can listen there.
 */
int wp_child_bind_port (guint16 *port);

int wp_child_pid (const WpChild *self);
guint wp_child_count_threads (const WpChild *self);
guint wp_child_count_files (const WpChild *self); /* descriptors that it has open */
gint64 wp_child_cpu_us (const WpChild *self);
gint64 wp_child_memory_bytes (const WpChild *self); /* resident */

/* Waits until a child that runs in @dir has said @text. */
void wp_child_await_log (const char *dir, const char *text);

void wp_child_remove_dir (const char *dir); /* and all that is in it */
