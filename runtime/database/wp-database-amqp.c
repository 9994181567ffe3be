/* wp-database-amqp.c - a shared queue in the place of a database: an update is a publish, and it is stored
 * once the broker confirms it. A module: see wp_module_load(). */
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "runtime/database/wp-amqp-publisher.h"
#include "runtime/database/wp-outage.h"
#include "sim/base/wp-error.h"

#define ASK_NS WP_NS_PER_S /* how often the queue's depth is asked for */
#define FINISH_NS                                                                                            \
  (2 * WP_NS_PER_S) /* for the thread's end; it may wait for a broker that does not answer                   \
                     */

/* The thread owns the connection, the publisher and all from outage on. */
typedef struct {
  WpDatabase base;
  WpBrokerCounts counts;
  const WpDatabaseOptions *options;
  WpAmqpConnection *connection;
  WpAmqpPublisher *publisher;
  GThread *thread;
  GAsyncQueue *waiting; /* (element-type WpJob): not taken by the thread yet */
  int wake_fd;
  gint sleeps; /* atomic: the thread waits, or is about to */
  gint stops;  /* atomic */
  GMutex mutex;
  GCond finished;
  gboolean is_finished; /* guarded by the mutex */

  WpOutage outage;
  GPtrArray *done; /* (element-type WpJob) */
  gint64 ask_ns;   /* time of the next question */
  gint64 retry_ns; /* of the next attempt to connect */
} AmqpDatabase;

static void
wake (AmqpDatabase *self)
{
  guint64 one = 1;
  ssize_t written G_GNUC_UNUSED;

  if (g_atomic_int_compare_and_exchange (&self->sleeps, TRUE, FALSE))
    written = write (self->wake_fd, &one, sizeof one);
}

static gboolean
amqp_update (WpDatabase *base, WpJob *job)
{
  AmqpDatabase *self = (AmqpDatabase *) base;

  g_async_queue_push (self->waiting, job);
  wake (self);
  return FALSE;
}

static void
take_waiting (AmqpDatabase *self)
{
  WpJob *job;

  while ((job = g_async_queue_try_pop (self->waiting)))
    wp_amqp_publisher_add (self->publisher, job);
}

static void
notify (AmqpDatabase *self)
{
  if (self->done->len > 0)
    self->base.done ((WpJob *const *) self->done->pdata, self->done->len, self->base.done_data);
  g_ptr_array_set_size (self->done, 0);
}

/* For a new connection at once. */
static void
drop (AmqpDatabase *self)
{
  wp_amqp_connection_drop (self->connection);
  wp_amqp_publisher_reset (self->publisher);
  self->retry_ns = 0;
}

static void
lose (AmqpDatabase *self, const char *reason)
{
  drop (self);
  wp_outage_note (&self->outage, wp_time_monotonic (), 0, reason);
}

/* Nothing may be published before the queue is known to exist: a broker confirms what it throws away. */
static gboolean
find_queue (AmqpDatabase *self, GError **error)
{
  g_autoptr (GError) reason = NULL;

  if (wp_amqp_connection_find_queue (self->connection, &reason))
    return TRUE;
  if (!g_error_matches (reason, WP_ERROR, WP_ERROR_DOWN))
    return wp_amqp_connection_declare (self->connection, error)
           && wp_amqp_connection_find_queue (self->connection, error);
  g_propagate_error (error, g_steal_pointer (&reason));
  return FALSE;
}

static void
reconnect (AmqpDatabase *self)
{
  gint64 now_ns = wp_time_monotonic ();
  g_autoptr (GError) error = NULL;

  if (wp_amqp_connection_open (self->connection, &error) && find_queue (self, &error))
    {
      wp_outage_end (&self->outage);
      self->ask_ns = 0;
      return;
    }
  wp_amqp_connection_drop (self->connection);
  wp_outage_note (&self->outage, now_ns, 0, error->message);
  wp_outage_delay (&self->outage);
  self->retry_ns = wp_time_monotonic () + self->outage.delay_ns;
}

/* Returns: FALSE with one line: a new connection is necessary */
static gboolean
read_frames (AmqpDatabase *self, GError **error)
{
  amqp_frame_t frame;
  WpAmqpRead read;

  while ((read = wp_amqp_connection_read (self->connection, &frame, error)) == WP_AMQP_FRAME)
    if (wp_amqp_publisher_take (self->publisher, &frame, self->done, error) != WP_AMQP_GOES_ON)
      return FALSE;
  return read == WP_AMQP_NOTHING;
}

static gboolean
check_patience (AmqpDatabase *self, GError **error)
{
  gint64 deadline_ns = wp_amqp_publisher_get_deadline (self->publisher, self->options->timeout_ns);

  if (deadline_ns != WP_TIME_NONE && wp_time_monotonic () >= deadline_ns)
    return wp_fail (error, WP_ERROR_DOWN, "%s: no confirm in time (--database-timeout)", self->counts.node);
  return TRUE;
}

static void
note_blocked (AmqpDatabase *self)
{
  const char *blocked = wp_amqp_connection_get_blocked (self->connection);
  g_autofree char *reason = blocked ? g_strconcat ("engine blocks publishers: ", blocked, NULL) : NULL;

  if (reason)
    wp_outage_note (&self->outage, wp_time_monotonic (), 0, reason);
  else
    wp_outage_end (&self->outage);
}

static gboolean
ask_depth (AmqpDatabase *self, GError **error)
{
  gint64 now_ns = wp_time_monotonic ();

  if (now_ns < self->ask_ns)
    return TRUE;
  self->ask_ns = now_ns + ASK_NS;
  return wp_amqp_connection_ask_depth (self->connection, error);
}

static void
work (AmqpDatabase *self)
{
  g_autoptr (GError) error = NULL;

  if (read_frames (self, &error) && check_patience (self, &error) && ask_depth (self, &error)
      && wp_amqp_publisher_offer (self->publisher, &error))
    note_blocked (self);
  else
    lose (self, error->message);
  if (!error && wp_amqp_publisher_wants_connection (self->publisher))
    drop (self); /* no outage: the queue may just be full */
}

static void
fail_expired (AmqpDatabase *self)
{
  gint64 now_ns = wp_time_monotonic ();
  WpJob *job;

  while ((job = wp_amqp_publisher_peek (self->publisher)) && wp_outage_expires (&self->outage, job, now_ns))
    {
      char *reason = g_ref_string_new ("the shared queue was down");

      job->result = WP_RESULT_TRANSIENT;
      wp_job_set_failure (job, reason);
      g_ref_string_release (reason);
      g_ptr_array_add (self->done, wp_amqp_publisher_pop (self->publisher));
    }
}

/* Until there is something to do; a connection that cannot be written to is waited for. */
static void
sleep_now (AmqpDatabase *self)
{
  gboolean is_open = wp_amqp_connection_get_state (self->connection) != NULL;
  gint64 next_ns = is_open ? wp_amqp_publisher_get_next (self->publisher) : WP_TIME_NONE,
         deadline_ns = is_open ? wp_amqp_publisher_get_deadline (self->publisher, self->options->timeout_ns)
                               : WP_TIME_NONE,
         until_ns = is_open ? self->ask_ns : self->retry_ns;
  gboolean to_write = next_ns != WP_TIME_NONE && next_ns <= wp_time_monotonic ();
  guint64 count;
  ssize_t n_read G_GNUC_UNUSED;

  if (next_ns != WP_TIME_NONE && !to_write)
    until_ns = MIN (until_ns, next_ns);
  if (deadline_ns != WP_TIME_NONE)
    until_ns = MIN (until_ns, deadline_ns);
  g_atomic_int_set (&self->sleeps, TRUE);
  if (g_async_queue_length (self->waiting) <= 0 && !g_atomic_int_get (&self->stops))
    wp_amqp_connection_wait (self->connection, self->wake_fd, to_write, until_ns);
  if (!g_atomic_int_compare_and_exchange (&self->sleeps, TRUE, FALSE))
    n_read = read (self->wake_fd, &count, sizeof count);
}

static gpointer
run (gpointer data)
{
  AmqpDatabase *self = data;

  while (!g_atomic_int_get (&self->stops))
    {
      take_waiting (self);
      if (wp_amqp_connection_get_state (self->connection))
        work (self);
      if (!wp_amqp_connection_get_state (self->connection) && wp_time_monotonic () >= self->retry_ns)
        reconnect (self);
      if (self->outage.delay_ns > 0)
        fail_expired (self);
      notify (self);
      sleep_now (self);
    }
  wp_amqp_connection_close (self->connection);
  g_mutex_lock (&self->mutex);
  self->is_finished = TRUE;
  g_cond_signal (&self->finished);
  g_mutex_unlock (&self->mutex);

  return NULL;
}

/* Returns: FALSE: the thread still waits for a broker, and keeps what it uses. */
static gboolean
stop_thread (AmqpDatabase *self)
{
  gint64 until_us = g_get_monotonic_time () + FINISH_NS / WP_NS_PER_US;
  gboolean is_finished;

  g_atomic_int_set (&self->stops, TRUE);
  wake (self);
  g_mutex_lock (&self->mutex);
  while (!self->is_finished && g_cond_wait_until (&self->finished, &self->mutex, until_us))
    ;
  is_finished = self->is_finished;
  g_mutex_unlock (&self->mutex);
  if (is_finished)
    g_thread_join (self->thread);
  else
    g_thread_unref (self->thread);
  return is_finished;
}

static void
amqp_free (WpDatabase *base)
{
  AmqpDatabase *self = (AmqpDatabase *) base;

  if (self->thread && !stop_thread (self))
    return;
  g_clear_pointer (&self->publisher, wp_amqp_publisher_free);
  g_clear_pointer (&self->connection, wp_amqp_connection_free);
  g_async_queue_unref (self->waiting);
  g_ptr_array_unref (self->done);
  close (self->wake_fd);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->finished);
  g_free (self);
}

/* The settings of the queue are compared only by a declaration. */
static WpAmqpConnection *
open_connection (const char *location, const WpDatabaseOptions *options, WpBrokerCounts *counts,
                 GError **error)
{
  g_autoptr (WpAmqpUri) uri = wp_amqp_uri_new (location, error);
  g_autoptr (WpAmqpConnection) self
      = uri ? wp_amqp_connection_new (g_steal_pointer (&uri), options, counts, error) : NULL;

  if (self && wp_amqp_connection_open (self, error) && wp_amqp_connection_declare (self, error))
    return g_steal_pointer (&self);
  g_prefix_error (error, "cannot open %s: ", location);
  return NULL;
}

static gboolean
start (AmqpDatabase *self, const char *location, GError **error)
{
  self->connection = open_connection (location, self->options, &self->counts, error);
  if (!self->connection || !wp_amqp_connection_find_queue (self->connection, error))
    return FALSE;
  self->outage = (WpOutage){ .database = &self->base,
                             .name = wp_amqp_connection_get_uri (self->connection)->described };
  self->publisher = wp_amqp_publisher_new (self->connection, &self->counts);
  self->thread = g_thread_try_new ("wp-amqp", run, self, error);
  return self->thread != NULL;
}

static WpDatabase *
amqp_open (const char *location, const WpDatabaseOptions *options, WpClock *clock, GError **error)
{
  AmqpDatabase *self = g_new0 (AmqpDatabase, 1);

  self->options = options;
  self->base.broker = &self->counts;
  self->waiting = g_async_queue_new ();
  self->done = g_ptr_array_new ();
  self->wake_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  g_mutex_init (&self->mutex);
  g_cond_init (&self->finished);
  if (start (self, location, error))
    return &self->base;
  amqp_free (&self->base);
  return NULL;
}

static char *
amqp_init (const char *location, const WpDatabaseOptions *options, GError **error)
{
  WpBrokerCounts counts = { NULL };
  g_autoptr (WpAmqpConnection) connection = open_connection (location, options, &counts, error);
  const WpAmqpUri *uri = connection ? wp_amqp_connection_get_uri (connection) : NULL;

  return uri ? g_strdup_printf ("%s: the queue %s takes %" G_GUINT64_FORMAT " jobs and %" G_GUINT64_FORMAT
                                " bytes; jobs that cannot be stored go to %s\n",
                                location, uri->queue, options->queue_jobs, options->queue_bytes,
                                uri->failed_queue)
             : NULL;
}

static gboolean
amqp_check (const char *location, GError **error)
{
  g_autoptr (WpAmqpUri) uri = wp_amqp_uri_new (location, error);

  return uri != NULL;
}

const WpDatabaseClass wp_amqp_database_class = {
  .open = amqp_open,
  .update = amqp_update,
  .free = amqp_free,
  .check = amqp_check,
  .init = amqp_init,
};
