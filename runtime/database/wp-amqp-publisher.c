#include "runtime/database/wp-amqp-publisher.h"

#include "runtime/database/wp-amqp-message.h"
#include "sim/base/wp-error.h"

#define MAX_WINDOW          4096
#define N_SLOTS             (4 * MAX_WINDOW)   /* a publish may be confirmed long before an older one */
#define LEAST_OFFER_NS      (2 * WP_NS_PER_MS) /* between offers to a full queue, */
#define MOST_OFFER_NS       (5 * WP_NS_PER_MS) /* at random, so that fronts do not offer in step */
#define LEAST_PATIENCE_NS   (500 * WP_NS_PER_MS)
#define LONGEST_PATIENCE_NS (16 * WP_NS_PER_S)

typedef struct {
  WpJob *job; /* NULL: its fate is known */
  gint64 published_ns;
} Publish;

struct _WpAmqpPublisher {
  WpAmqpConnection *connection;
  WpBrokerCounts *counts;
  guint window;
  GQueue *line; /* (element-type WpJob): not published, oldest first */

  /* A ring: the publish with the delivery tag t is at t % N_SLOTS. */
  Publish *slots;
  guint64 first_tag, next_tag; /* of the oldest publish whose fate is unknown; of the next publish */
  guint n_unconfirmed;

  gint64 next_offer_ns; /* to a full queue; 0: it is not full */
  gint64 refused_ns; /* since when the connection has seen refusals only; 0: it has seen a confirm, or none */
  gboolean has_confirmed;
  gint64 patience_ns; /* with such a connection */
};

WpAmqpPublisher *
wp_amqp_publisher_new (WpAmqpConnection *connection, WpBrokerCounts *counts)
{
  WpAmqpPublisher *self = g_new0 (WpAmqpPublisher, 1);

  self->connection = connection;
  self->counts = counts;
  self->line = g_queue_new ();
  self->slots = g_new0 (Publish, N_SLOTS);
  self->first_tag = self->next_tag = 1;
  self->patience_ns = LEAST_PATIENCE_NS;
  self->window = MAX_WINDOW;
  counts->window = MAX_WINDOW;

  return self;
}

void
wp_amqp_publisher_free (WpAmqpPublisher *self)
{
  g_queue_free (self->line);
  g_free (self->slots);
  g_free (self);
}

void
wp_amqp_publisher_add (WpAmqpPublisher *self, WpJob *job)
{
  g_queue_push_tail (self->line, job);
}

WpJob *
wp_amqp_publisher_peek (const WpAmqpPublisher *self)
{
  return self->line->head ? self->line->head->data : NULL;
}

WpJob *
wp_amqp_publisher_pop (WpAmqpPublisher *self)
{
  return g_queue_pop_head (self->line);
}

static void
set_window (WpAmqpPublisher *self, guint window)
{
  self->window = MIN (window, MAX_WINDOW);
  self->counts->window = self->window;
}

static int
compare_seq (gconstpointer a, gconstpointer b, gpointer data)
{
  const WpJob *one = a, *two = b;

  return one->seq < two->seq ? -1 : one->seq > two->seq;
}

/* Takes a publish out of the ring. Returns: its job; NULL: its fate is known already */
static WpJob *
settle (WpAmqpPublisher *self, guint64 tag)
{
  Publish *publish = &self->slots[tag % N_SLOTS];

  if (tag < self->first_tag || tag >= self->next_tag || !publish->job)
    return NULL;
  self->counts->unconfirmed = --self->n_unconfirmed;
  return g_steal_pointer (&publish->job);
}

static void
forget_settled (WpAmqpPublisher *self)
{
  while (self->first_tag < self->next_tag && !self->slots[self->first_tag % N_SLOTS].job)
    self->first_tag++;
}

/* The job takes its old place in the line, which is near the head. */
static void
put_back (WpAmqpPublisher *self, WpJob *job)
{
  g_queue_insert_sorted (self->line, job, compare_seq, NULL);
}

static gboolean
publish (WpAmqpPublisher *self, WpJob *job, GError **error)
{
  const WpAmqpUri *uri = wp_amqp_connection_get_uri (self->connection);
  WpAmqpMessage message;
  int status;

  wp_amqp_message_from_job (&message, job);
  self->slots[self->next_tag++ % N_SLOTS] = (Publish){ job, wp_time_monotonic () };
  self->counts->unconfirmed = ++self->n_unconfirmed;
  self->counts->offered_again += job->offered;
  status = amqp_basic_publish (wp_amqp_connection_get_state (self->connection), WP_AMQP_CHANNEL,
                               amqp_empty_bytes, amqp_cstring_bytes (uri->queue), TRUE, FALSE,
                               &message.properties, message.body);
  return status == AMQP_STATUS_OK ? TRUE : wp_amqp_connection_fail (self->connection, status, error);
}

static gboolean
has_room (const WpAmqpPublisher *self)
{
  return self->n_unconfirmed < self->window && self->next_tag - self->first_tag < N_SLOTS;
}

gboolean
wp_amqp_publisher_offer (WpAmqpPublisher *self, GError **error)
{
  if (self->next_offer_ns != 0 && wp_time_monotonic () < self->next_offer_ns)
    return TRUE;
  while (self->line->head && has_room (self) && !wp_amqp_connection_get_blocked (self->connection)
         && wp_amqp_connection_can_write (self->connection))
    if (!publish (self, g_queue_pop_head (self->line), error))
      return FALSE;
  return TRUE;
}

static void
confirmed (WpAmqpPublisher *self, guint64 tag, GPtrArray *done)
{
  gint64 published_ns = self->slots[tag % N_SLOTS].published_ns;
  WpJob *job = settle (self, tag);

  if (!job)
    return;
  wp_decimal_histogram_add (&self->counts->confirms_ns, (guint64) (wp_time_monotonic () - published_ns));
  job->result = WP_RESULT_STORED;
  g_ptr_array_add (done, job);
  self->has_confirmed = TRUE;
  self->refused_ns = self->next_offer_ns = 0;
  self->patience_ns = LEAST_PATIENCE_NS;
  set_window (self, 2 * self->window);
}

static void
refused (WpAmqpPublisher *self, guint64 tag)
{
  gint64 now_ns = wp_time_monotonic ();
  WpJob *job = settle (self, tag);

  if (!job)
    return;
  self->counts->refused++;
  put_back (self, job);
  set_window (self, 1);
  self->next_offer_ns = now_ns + g_random_int_range (LEAST_OFFER_NS, MOST_OFFER_NS);
  if (self->refused_ns == 0 && !self->has_confirmed)
    self->refused_ns = now_ns;
}

/* @multiple: all up to @tag */
static void
take_answer (WpAmqpPublisher *self, guint64 tag, gboolean multiple, gboolean is_confirm, GPtrArray *done)
{
  for (guint64 i = multiple ? self->first_tag : tag; i <= MIN (tag, self->next_tag - 1); i++)
    if (is_confirm)
      confirmed (self, i, done);
    else
      refused (self, i);
  forget_settled (self);
}

/* The broker does not say which message it cannot take: if several are on their way, each is offered alone
 * then. */
static void
find_guilty (WpAmqpPublisher *self, const amqp_channel_close_t *close, char *words, GPtrArray *done)
{
  char *reason;
  WpJob *job;

  if (close->reply_code != AMQP_PRECONDITION_FAILED && close->reply_code != AMQP_CONTENT_TOO_LARGE)
    return;
  set_window (self, 1);
  job = self->n_unconfirmed == 1 ? settle (self, self->first_tag) : NULL;
  if (!job)
    return;
  reason = g_ref_string_new (words);
  job->result = WP_RESULT_PERMANENT;
  wp_job_set_failure (job, reason);
  g_ref_string_release (reason);
  g_ptr_array_add (done, job);
}

/* A message comes back before its confirm, so that nothing later on this channel need be believed. */
WpAmqpTaken
wp_amqp_publisher_take (WpAmqpPublisher *self, const amqp_frame_t *frame, GPtrArray *done, GError **error)
{
  const amqp_method_t *method = &frame->payload.method;
  const amqp_basic_ack_t *ack = method->decoded;
  const amqp_basic_nack_t *nack = method->decoded;
  g_autofree char *words = NULL;

  if (frame->frame_type != AMQP_FRAME_METHOD)
    return WP_AMQP_GOES_ON;
  if (method->id == AMQP_BASIC_ACK_METHOD)
    take_answer (self, ack->delivery_tag, ack->multiple, TRUE, done);
  else if (method->id == AMQP_BASIC_NACK_METHOD)
    take_answer (self, nack->delivery_tag, nack->multiple, FALSE, done);
  else if (method->id == AMQP_BASIC_RETURN_METHOD)
    {
      g_set_error (error, WP_ERROR, WP_ERROR_DOWN, "the queue \"%s\" does not exist",
                   wp_amqp_connection_get_uri (self->connection)->queue);
      return WP_AMQP_NO_QUEUE;
    }
  else if (method->id == AMQP_CHANNEL_CLOSE_METHOD)
    {
      words = wp_amqp_explain_close (method);
      find_guilty (self, method->decoded, words, done);
      g_set_error_literal (error, WP_ERROR, WP_ERROR_DOWN, words);
      return WP_AMQP_CLOSED;
    }
  return WP_AMQP_GOES_ON;
}

void
wp_amqp_publisher_reset (WpAmqpPublisher *self)
{
  for (guint64 tag = self->next_tag; tag-- > self->first_tag;) /* the oldest last, as it goes to the head */
    {
      WpJob *job = settle (self, tag);

      if (!job)
        continue;
      job->offered = TRUE;
      put_back (self, job);
    }
  self->first_tag = self->next_tag = 1;
  self->next_offer_ns = self->refused_ns = 0;
  self->has_confirmed = FALSE;
}

gint64
wp_amqp_publisher_get_deadline (const WpAmqpPublisher *self, gint64 timeout_ns)
{
  if (self->n_unconfirmed == 0 || wp_amqp_connection_get_blocked (self->connection))
    return WP_TIME_NONE;
  return self->slots[self->first_tag % N_SLOTS].published_ns + timeout_ns;
}

gint64
wp_amqp_publisher_get_next (const WpAmqpPublisher *self)
{
  if (!self->line->head || !has_room (self) || wp_amqp_connection_get_blocked (self->connection))
    return WP_TIME_NONE;
  return self->next_offer_ns;
}

gboolean
wp_amqp_publisher_wants_connection (WpAmqpPublisher *self)
{
  if (self->refused_ns == 0 || wp_time_monotonic () - self->refused_ns < self->patience_ns)
    return FALSE;
  self->patience_ns = MIN (2 * self->patience_ns, LONGEST_PATIENCE_NS);
  return TRUE;
}
