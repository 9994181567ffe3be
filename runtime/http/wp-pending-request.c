#include "runtime/http/wp-pending-request.h"

#include "runtime/http/wp-status.h"

/* One owner at a time: the HTTP thread while the client may still leave, the mailbox once the job has
 * notified it. The engine guarantees that only one of the two happens. */
struct _WpPendingRequest {
  WpEngine *engine;
  WpHttpThread *http_thread;
  WpConnection *connection;
  WpJob *job;
  WpPendingRequestRespond respond;
  gpointer request;
  guint status; /* set by on_notify(), before the request is posted */
};

static void
finish (WpPendingRequest *self, guint status)
{
  self->connection->pending = NULL;
  self->respond (self->http_thread, self->request, status);
  wp_job_unref (self->job);
  g_free (self);
}

/* Any thread. */
static void
on_notify (WpJob *job, WpJobEvent event, gpointer client)
{
  static const guint statuses[] = {
    [WP_JOB_ACCEPTED] = WP_STATUS_OK,
    [WP_JOB_STORED] = WP_STATUS_OK,
    [WP_JOB_REFUSED] = WP_STATUS_UNAVAILABLE,
    [WP_JOB_FAILED] = WP_STATUS_BAD_GATEWAY,
    [WP_JOB_CONFLICT] = WP_STATUS_UNPROCESSABLE,
  };
  WpPendingRequest *self = client;

  self->status = statuses[event];
  wp_http_thread_post (self->http_thread, self);
}

void
wp_pending_request_deliver (gpointer pending, gpointer data)
{
  WpPendingRequest *self = pending;

  finish (self, self->status);
}

/* The client may have ended only its sending side: a 503 tells it that the job will not run. If the job
 * continues, its notification finishes the request. */
static void
on_gone (gpointer pending)
{
  WpPendingRequest *self = pending;

  if (!wp_engine_abandon (self->engine, self->job))
    return;
  self->connection->last = TRUE;
  finish (self, WP_STATUS_UNAVAILABLE);
}

guint
wp_pending_request_offer (WpEngine *engine, WpHttpThread *http_thread, WpConnection *connection, WpJob *job,
                          WpPendingRequestRespond respond, gpointer request)
{
  WpPendingRequest *self;
  WpSubmit submit;

  self = g_new (WpPendingRequest, 1);
  *self = (WpPendingRequest){ engine, http_thread, connection, job, respond, request, 0 };
  job->notify = on_notify;
  job->client = self;
  submit = wp_engine_submit (engine, job);
  if (submit == WP_SUBMIT_PENDING)
    {
      connection->gone = on_gone;
      connection->pending = self;
      return 0;
    }
  wp_job_unref (job);
  g_free (self);

  return submit == WP_SUBMIT_ACCEPTED ? WP_STATUS_OK : WP_STATUS_UNAVAILABLE;
}
