#include "runtime/http/wp-exchange.h"

#include "runtime/http/wp-status.h"

/* One owner at a time: the front's thread while the client may still leave, the mailbox once the job has
 * told. The mode promises one of the two, never both. */
struct _WpExchange {
  WpMode *mode;
  WpFront *front;
  WpConnection *connection;
  WpJob *job;
  WpExchangeReply reply;
  gpointer request;
  guint status; /* set by on_told(), before the exchange is posted */
};

static void
finish (WpExchange *self, guint status)
{
  self->connection->exchange = NULL;
  self->reply (self->front, self->request, status);
  wp_job_unref (self->job);
  g_free (self);
}

/* Any thread. */
static void
on_told (WpJob *job, WpJobEvent event, gpointer client)
{
  static const guint statuses[] = {
    [WP_JOB_ACCEPTED] = WP_STATUS_OK,
    [WP_JOB_STORED] = WP_STATUS_OK,
    [WP_JOB_REFUSED] = WP_STATUS_UNAVAILABLE,
    [WP_JOB_FAILED] = WP_STATUS_BAD_GATEWAY,
    [WP_JOB_CONFLICT] = WP_STATUS_UNPROCESSABLE,
  };
  WpExchange *self = client;

  self->status = statuses[event];
  wp_front_post (self->front, self);
}

void
wp_exchange_deliver (gpointer exchange, gpointer data)
{
  WpExchange *self = exchange;

  finish (self, self->status);
}

/* The end of file that we saw may be of the client's sending side alone: whoever still reads learns that its
 * job will not run. A job that goes on finishes the exchange by its end, or by the acceptance that is on its
 * way here. */
static void
on_gone (gpointer exchange)
{
  WpExchange *self = exchange;

  if (!wp_mode_leave (self->mode, self->job))
    return;
  self->connection->last = TRUE;
  finish (self, WP_STATUS_UNAVAILABLE);
}

guint
wp_exchange_offer (WpMode *mode, WpFront *front, WpConnection *connection, WpJob *job, WpExchangeReply reply,
                   gpointer request)
{
  WpExchange *self;
  WpSubmit submit;

  self = g_new (WpExchange, 1);
  *self = (WpExchange){ mode, front, connection, job, reply, request, 0 };
  job->told = on_told;
  job->client = self;
  submit = wp_mode_submit (mode, job);
  if (submit == WP_SUBMIT_PENDING)
    {
      connection->gone = on_gone;
      connection->exchange = self;
      return 0;
    }
  wp_job_unref (job);
  g_free (self);

  return submit == WP_SUBMIT_ACCEPTED ? WP_STATUS_OK : WP_STATUS_UNAVAILABLE;
}
