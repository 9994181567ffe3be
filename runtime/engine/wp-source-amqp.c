/* wp-source-amqp.c - takes jobs from a shared queue. One thread owns the connection. In the module
 * wp-amqp.so.
 *
 * A job is acknowledged once it is stored, or once its copy in the queue of failed jobs is confirmed, and is
 * never given back: each way back counts as a delivery. While the database is down the jobs that are held
 * stay held, and no more come. A job whose connection is lost is delivered again, here or elsewhere; its row
 * tells that it is the same. */
#include "runtime/engine/wp-source.h"

#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "runtime/database/wp-amqp-connection.h"
#include "runtime/database/wp-amqp-deliveries.h"
#include "runtime/database/wp-amqp-message.h"
#include "runtime/database/wp-outage.h"
#include "sim/base/wp-error.h"

#define TURN_NS  WP_NS_PER_S       /* how often the depth is asked for */
#define CLOSE_NS (2 * WP_NS_PER_S) /* for the thread's end; it may wait for a broker that does not answer */

typedef enum { RUNS, CANCELLED, CLOSES } Stage;

typedef struct {
  WpSource base;
  WpAmqpConnection *connection;
  _Atomic guint prefetch;
  GThread *thread;
  int wake_fd;
  _Atomic Stage stage;
  _Atomic gboolean is_drained;
  _Atomic gboolean connects; /* it holds no job, and may wait for a broker */

  GMutex mutex; /* guards the following */
  GCond changed;
  GPtrArray *ended; /* (element-type WpJob): since the thread's last turn */
  gboolean has_stopped;

  /* Used by the thread. */
  char *name;
  WpDatabase queue; /* whether it is down, for @outage */
  WpOutage outage;
  gint64 retry_ns; /* when to connect again */
  WpAmqpDeliveries *deliveries;
  int ack_status;      /* of the last acknowledgement */
  guint64 n_publishes; /* of this connection */
  gboolean consumes;   /* deliveries may come */
  char consumer[sizeof "wp-4294967295"];
  guint n_consumers;       /* until now */
  guint consumer_prefetch; /* of the last one */
  gboolean declares;       /* the queue of failed jobs is missing: declare it when connecting */
  gboolean cancel_sent;
  WpJob *incoming;    /* its body is not complete; NULL: none */
  guint64 tag;        /* of it */
  GByteArray *body;   /* of it */
  guint64 body_bytes; /* when complete */
  gint64 asked_ns;    /* when the depth was asked for */
} AmqpSource;

static GPtrArray *
jobs_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) wp_job_unref);
}

static void
wake (AmqpSource *self)
{
  const guint64 one = 1;

  (void) !write (self->wake_fd, &one, sizeof one);
}

static void
forget_connection (AmqpSource *self)
{
  wp_amqp_deliveries_reset (self->deliveries);
  g_clear_pointer (&self->incoming, wp_job_unref);
  self->n_publishes = 0;
  self->consumes = self->cancel_sent = FALSE;
}

static void
lose_connection (AmqpSource *self, const GError *error)
{
  wp_amqp_connection_drop (self->connection);
  forget_connection (self);
  wp_outage_note (&self->outage, wp_time_monotonic (), 0, error->message);
  wp_outage_delay (&self->outage);
  self->retry_ns = wp_time_monotonic () + self->outage.delay_ns;
}

/* WpAmqpAcknowledge */
static gboolean
send_ack (guint64 tag, gboolean multiple, gpointer data)
{
  AmqpSource *self = data;

  self->ack_status
      = amqp_basic_ack (wp_amqp_connection_get_state (self->connection), WP_AMQP_CHANNEL, tag, multiple);
  return self->ack_status == AMQP_STATUS_OK;
}

static gboolean
acknowledge (AmqpSource *self, GError **error)
{
  return wp_amqp_deliveries_acknowledge (self->deliveries, send_ack, self)
         || wp_amqp_connection_fail (self->connection, self->ack_status, error);
}

/* It is acknowledged once the copy is confirmed. */
static gboolean
publish_failed (AmqpSource *self, WpJob *job, GError **error)
{
  const WpAmqpUri *uri = wp_amqp_connection_get_uri (self->connection);
  WpAmqpMessage message;
  int status;

  wp_amqp_message_from_job (&message, job);
  wp_amqp_message_add_reason (&message, job->failure ? job->failure : "no reason given");
  status = amqp_basic_publish (wp_amqp_connection_get_state (self->connection), WP_AMQP_CHANNEL,
                               amqp_empty_bytes, amqp_cstring_bytes (uri->failed_queue), TRUE, FALSE,
                               &message.properties, message.body);
  wp_amqp_deliveries_settle (self->deliveries, job->delivery, ++self->n_publishes);
  return status == AMQP_STATUS_OK || wp_amqp_connection_fail (self->connection, status, error);
}

static gboolean
settle_ended (AmqpSource *self, GError **error)
{
  g_autoptr (GPtrArray) ended = NULL;
  gboolean ok = TRUE;

  g_mutex_lock (&self->mutex);
  ended = g_steal_pointer (&self->ended);
  self->ended = jobs_new ();
  g_mutex_unlock (&self->mutex);
  for (guint i = 0; i < ended->len; i++)
    {
      WpJob *job = ended->pdata[i];

      if (!wp_amqp_deliveries_end (self->deliveries, job->delivery))
        continue;
      if (wp_job_is_stored (job))
        wp_amqp_deliveries_settle (self->deliveries, job->delivery, 0);
      else if (ok)
        ok = publish_failed (self, job, error);
    }
  return ok;
}

/* It is a delivery once it is complete. */
static void
begin_delivery (AmqpSource *self, const amqp_basic_deliver_t *deliver)
{
  self->base.counts.redelivered += deliver->redelivered != 0;
  self->incoming = wp_job_new ();
  self->tag = deliver->delivery_tag;
  g_byte_array_set_size (self->body, 0);
}

/* Without an id each delivery of a message would be another job. */
static gboolean
refuse_delivery (AmqpSource *self, WpJob *job, GError **error)
{
  char *reason = g_ref_string_new ("it has no message-id");

  wp_job_set_failure (job, reason);
  g_ref_string_release (reason);
  job->arrival_ns = wp_time_monotonic (); /* the engine has not seen it */
  wp_amqp_deliveries_end (self->deliveries, job->delivery);
  return publish_failed (self, job, error);
}

static gboolean
end_delivery (AmqpSource *self, GError **error)
{
  g_autoptr (WpJob) job = g_steal_pointer (&self->incoming);

  job->delivery = wp_amqp_deliveries_add (self->deliveries, self->tag);
  if (self->body->len > 0)
    job->body = g_bytes_new (self->body->data, self->body->len);
  if (!job->id)
    return refuse_delivery (self, job, error);
  self->base.deliver (job, self->base.data);
  return TRUE;
}

/* Returns: FALSE with one line: the connection is of no use any more */
static gboolean
take_method (AmqpSource *self, const amqp_method_t *method, GError **error)
{
  const amqp_basic_ack_t *confirm;
  g_autofree char *words = NULL;

  switch (method->id)
    {
    case AMQP_BASIC_DELIVER_METHOD:
      begin_delivery (self, method->decoded);
      return TRUE;
    case AMQP_BASIC_ACK_METHOD:
      confirm = method->decoded;
      self->base.counts.dead_lettered
          += wp_amqp_deliveries_confirm (self->deliveries, confirm->delivery_tag, confirm->multiple);
      return TRUE;
    case AMQP_BASIC_CANCEL_OK_METHOD:
      self->consumes = FALSE;
      return TRUE;
    case AMQP_BASIC_CANCEL_METHOD:
      return wp_fail (error, WP_ERROR_DOWN, "the queue has been deleted");
    case AMQP_BASIC_RETURN_METHOD:
      self->declares = TRUE;
      return wp_fail (error, WP_ERROR_DOWN, "the queue of failed jobs does not exist");
    case AMQP_BASIC_NACK_METHOD:
      return wp_fail (error, WP_ERROR_DOWN, "the queue of failed jobs does not take a job");
    default:
      words = wp_amqp_explain_close (method);
      return wp_fail (error, WP_ERROR_DOWN, "%s", words);
    }
}

static gboolean
take_frame (AmqpSource *self, const amqp_frame_t *frame, GError **error)
{
  if (frame->frame_type == AMQP_FRAME_METHOD)
    return take_method (self, &frame->payload.method, error);
  if (!self->incoming)
    return TRUE;
  if (frame->frame_type == AMQP_FRAME_HEADER)
    {
      wp_amqp_message_to_job (frame->payload.properties.decoded, self->incoming);
      self->body_bytes = frame->payload.properties.body_size;
    }
  else if (frame->frame_type == AMQP_FRAME_BODY)
    g_byte_array_append (self->body, frame->payload.body_fragment.bytes,
                         (guint) frame->payload.body_fragment.len);
  return self->body->len < self->body_bytes || end_delivery (self, error);
}

static gboolean
take_frames (AmqpSource *self, GError **error)
{
  amqp_frame_t frame;
  WpAmqpRead result;

  while ((result = wp_amqp_connection_read (self->connection, &frame, error)) == WP_AMQP_FRAME)
    if (!take_frame (self, &frame, error))
      return FALSE;
  return result == WP_AMQP_NOTHING;
}

/* A consumer keeps its prefetch: another one takes its place. What the first has got stays here; what is on
 * its way to it goes back to the queue, which counts as a delivery. */
static gboolean
send_cancel (AmqpSource *self, GError **error)
{
  amqp_basic_cancel_t cancel = { .consumer_tag = amqp_cstring_bytes (self->consumer) };
  int status;

  if ((self->stage == RUNS && self->prefetch == self->consumer_prefetch) || self->cancel_sent
      || !self->consumes)
    return TRUE;
  self->cancel_sent = TRUE;
  status = amqp_send_method (wp_amqp_connection_get_state (self->connection), WP_AMQP_CHANNEL,
                             AMQP_BASIC_CANCEL_METHOD, &cancel);
  return status == AMQP_STATUS_OK || wp_amqp_connection_fail (self->connection, status, error);
}

static gboolean
ask_depth (AmqpSource *self, GError **error)
{
  gint64 now_ns = wp_time_monotonic ();

  if (now_ns < self->asked_ns + TURN_NS)
    return TRUE;
  self->asked_ns = now_ns;
  return wp_amqp_connection_ask_depth (self->connection, error);
}

/* A queue that another process has declared is taken as it is, unless the queue of failed jobs is missing. */
static gboolean
find_queue (AmqpSource *self, GError **error)
{
  g_autoptr (GError) reason = NULL;
  gboolean declares = self->declares;

  self->declares = FALSE;
  if (!declares && wp_amqp_connection_find_queue (self->connection, &reason))
    return TRUE;
  if (declares || reason->code != WP_ERROR_DOWN)
    return wp_amqp_connection_declare (self->connection, error);
  g_propagate_error (error, g_steal_pointer (&reason));
  return FALSE;
}

static gboolean
is_connected (const AmqpSource *self)
{
  return wp_amqp_connection_get_state (self->connection) != NULL;
}

/* The tag is new, since the broker counts what an earlier consumer with it has got. */
static gboolean
consume (AmqpSource *self, GError **error)
{
  g_snprintf (self->consumer, sizeof self->consumer, "wp-%u", self->n_consumers++);
  self->consumer_prefetch = self->prefetch;
  self->cancel_sent = FALSE;
  return wp_amqp_connection_consume (self->connection, self->consumer, self->consumer_prefetch, error);
}

/* A drain need not wait for its end: once it has begun, there is no consumer any more. */
static gboolean
ensure_connected (AmqpSource *self, GError **error)
{
  gboolean ok;

  if (is_connected (self))
    return TRUE;
  self->connects = TRUE;
  ok = wp_amqp_connection_open (self->connection, error) && find_queue (self, error);
  self->connects = FALSE;
  return ok;
}

/* Not while jobs of the last connection are held, since as many come by the next one; nor while many of the
 * last consumer are. */
static void
begin_if_due (AmqpSource *self)
{
  g_autoptr (GError) error = NULL;

  if (self->stage != RUNS || self->consumes || wp_amqp_deliveries_count_orphans (self->deliveries) > 0
      || wp_amqp_deliveries_count (self->deliveries) > self->prefetch / 2
      || wp_time_monotonic () < self->retry_ns)
    return;
  if (!ensure_connected (self, &error))
    lose_connection (self, error);
  else if (self->stage != RUNS)
    return;
  else if (consume (self, &error))
    {
      self->consumes = TRUE;
      wp_outage_end (&self->outage);
    }
  else
    lose_connection (self, error);
}

static void
turn (AmqpSource *self)
{
  g_autoptr (GError) error = NULL;
  gint64 now_ns, until_ns;

  if (!is_connected (self))
    settle_ended (self, NULL);
  else if (!take_frames (self, &error) || !settle_ended (self, &error) || !acknowledge (self, &error)
           || !send_cancel (self, &error) || !ask_depth (self, &error))
    lose_connection (self, error);
  begin_if_due (self);
  self->is_drained
      = self->stage != RUNS && wp_amqp_deliveries_count_orphans (self->deliveries) == 0
        && (!is_connected (self) || (!self->consumes && wp_amqp_deliveries_count (self->deliveries) == 0));
  now_ns = wp_time_monotonic ();
  until_ns = is_connected (self) || wp_amqp_deliveries_count_orphans (self->deliveries) > 0
                 ? now_ns + TURN_NS
                 : MAX (self->retry_ns, now_ns);
  wp_amqp_connection_wait (self->connection, self->wake_fd, FALSE,
                           self->stage == RUNS ? until_ns : now_ns + TURN_NS);
}

static gpointer
run (gpointer data)
{
  AmqpSource *self = data;
  guint64 n;

  while (self->stage != CLOSES)
    {
      turn (self);
      (void) !read (self->wake_fd, &n, sizeof n);
    }
  wp_amqp_connection_close (self->connection);
  g_mutex_lock (&self->mutex);
  self->has_stopped = TRUE;
  g_cond_signal (&self->changed);
  g_mutex_unlock (&self->mutex);

  return NULL;
}

static void
amqp_set_prefetch (WpSource *base, guint n_jobs)
{
  AmqpSource *self = (AmqpSource *) base;

  self->prefetch = n_jobs;
  wake (self);
}

static void
amqp_start (WpSource *base)
{
  AmqpSource *self = (AmqpSource *) base;

  self->thread = g_thread_new ("wp-source", run, self);
}

static void
amqp_settle (WpSource *base, WpJob *job)
{
  AmqpSource *self = (AmqpSource *) base;
  gboolean is_first;

  g_mutex_lock (&self->mutex);
  is_first = self->ended->len == 0;
  g_ptr_array_add (self->ended, wp_job_ref (job));
  if (is_first)
    wake (self); /* under the lock: once it is drained, it may be freed */
  g_mutex_unlock (&self->mutex);
}

static void
amqp_cancel (WpSource *base)
{
  AmqpSource *self = (AmqpSource *) base;

  self->stage = CANCELLED;
  wake (self);
}

static gboolean
amqp_is_drained (const WpSource *base)
{
  const AmqpSource *self = (const AmqpSource *) base;

  return self->is_drained || (self->stage != RUNS && self->connects);
}

static void
source_free (AmqpSource *self)
{
  g_clear_pointer (&self->connection, wp_amqp_connection_free);
  g_clear_pointer (&self->incoming, wp_job_unref);
  g_ptr_array_unref (self->ended);
  wp_amqp_deliveries_free (self->deliveries);
  g_byte_array_unref (self->body);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->changed);
  close (self->wake_fd);
  g_free (self->name);
  g_free (self);
}

static gboolean
amqp_close (WpSource *base, gint64 deadline_ns)
{
  AmqpSource *self = (AmqpSource *) base;
  gboolean in_time = TRUE;

  deadline_ns = MIN (deadline_ns, wp_time_monotonic () + CLOSE_NS);
  self->stage = CLOSES;
  wake (self);
  g_mutex_lock (&self->mutex);
  while (self->thread && !self->has_stopped && in_time)
    in_time = g_cond_wait_until (&self->changed, &self->mutex, deadline_ns / WP_NS_PER_US);
  in_time = !self->thread || self->has_stopped;
  g_mutex_unlock (&self->mutex);
  if (!in_time)
    return FALSE;
  if (self->thread)
    g_thread_join (self->thread);
  source_free (self);
  return TRUE;
}

static WpSource *
amqp_open (const char *location, const WpDatabaseOptions *options, GError **error)
{
  g_autoptr (WpAmqpUri) uri = wp_amqp_uri_new (location, error);
  AmqpSource *self;

  if (!uri)
    return NULL;
  self = g_new0 (AmqpSource, 1);
  self->name = g_strdup (uri->described);
  self->outage = (WpOutage){ .database = &self->queue, .name = self->name };
  self->ended = jobs_new ();
  self->deliveries = wp_amqp_deliveries_new ();
  self->body = g_byte_array_new ();
  self->wake_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  g_mutex_init (&self->mutex);
  g_cond_init (&self->changed);
  self->connection = wp_amqp_connection_new (g_steal_pointer (&uri), options, &self->base.counts, error);
  if (self->connection && wp_amqp_connection_open (self->connection, error) && find_queue (self, error))
    return &self->base;
  g_prefix_error (error, "%s: ", self->name);
  source_free (self);
  return NULL;
}

static gboolean
amqp_check (const char *location, GError **error)
{
  g_autoptr (WpAmqpUri) uri = wp_amqp_uri_new (location, error);

  return uri != NULL;
}

const WpSourceClass wp_amqp_source_class = {
  .open = amqp_open,
  .check = amqp_check,
  .set_prefetch = amqp_set_prefetch,
  .start = amqp_start,
  .settle = amqp_settle,
  .cancel = amqp_cancel,
  .is_drained = amqp_is_drained,
  .close = amqp_close,
};
