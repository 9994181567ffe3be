/* The rate at which wp-server's writer stores jobs in PostgreSQL: JOBS jobs of 512 bytes are always in
 * service, and each commit takes all of them. Usage: bench-postgresql URI JOBS [SECONDS]. Prints rows per
 * second. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/database/wp-database.h"

#define PAYLOAD 512

extern const WpDatabaseClass wp_postgresql_database_class;

typedef struct {
  WpDatabase *database;
  GBytes *body;
  gint64 until_ns;
  gint n_in_service, n_failed; /* atomic */
  guint64 n_done;              /* of the writer's thread */
} Bench;

static void
push (Bench *self)
{
  WpJob *job = wp_job_new ();

  job->method = "POST";
  job->path = g_strdup ("/");
  job->body = g_bytes_ref (self->body);
  job->arrival_ns = job->started_ns = wp_time_monotonic ();
  wp_database_update (self->database, job);
}

static void
on_done (WpJob *const *jobs, guint n, gpointer data)
{
  Bench *self = data;
  gboolean is_over = wp_time_monotonic () >= self->until_ns;

  self->n_done += n;
  for (guint i = 0; i < n; i++)
    {
      if (!wp_job_is_stored (jobs[i]))
        g_atomic_int_inc (&self->n_failed);
      wp_job_unref (jobs[i]);
      if (!is_over)
        push (self);
    }
  if (is_over)
    g_atomic_int_add (&self->n_in_service, -(gint) n);
}

int
main (int argc, char **argv)
{
  gint n = argc > 2 ? atoi (argv[2]) : 64;
  gint64 seconds = argc > 3 ? atoi (argv[3]) : 5, begun_ns = wp_time_monotonic ();
  g_autofree char *payload = g_strnfill (PAYLOAD, 'x');
  g_autoptr (GError) error = NULL;
  Bench self = { .n_in_service = n, .until_ns = begun_ns + seconds * WP_NS_PER_S };

  if (argc < 2 || !g_str_has_prefix (argv[1], "postgresql:"))
    return 2;
  self.database
      = wp_postgresql_database_class.open (argv[1] + strlen ("postgresql:"),
                                           &(const WpDatabaseOptions){ .timeout_ns = 10 * WP_NS_PER_S }, NULL,
                                           &error);
  if (!self.database)
    {
      fprintf (stderr, "bench-postgresql: %s\n", error->message);
      return 2;
    }
  self.body = g_bytes_new (payload, PAYLOAD);
  self.database->class = &wp_postgresql_database_class;
  self.database->retry_for_ns = WP_TIME_NONE;
  wp_database_on_done (self.database, on_done, &self);
  for (gint i = 0; i < n; i++)
    push (&self);
  while (g_atomic_int_get (&self.n_in_service) > 0)
    g_usleep (1000);
  printf ("%.0f\n", (double) self.n_done * WP_NS_PER_S / (double) (wp_time_monotonic () - begun_ns));
  wp_database_free (self.database);
  g_bytes_unref (self.body);

  return self.n_failed > 0;
}
