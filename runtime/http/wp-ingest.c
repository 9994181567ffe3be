#include "runtime/http/wp-ingest.h"

#include <string.h>

#include "runtime/http/wp-response-text.h"

#define MAX_SERVICE_NS (3600 * WP_NS_PER_S)

static char *
join (WpSlice path, WpSlice query)
{
  char *target = g_malloc (path.len + query.len + 1);

  memcpy (target, path.bytes, path.len);
  memcpy (target + path.len, query.bytes, query.len);
  target[path.len + query.len] = '\0';

  return target;
}

static gint64
parse_service (WpSlice text)
{
  gint64 service_ns;

  if (!text.bytes || !wp_time_parse_seconds (text.bytes, text.len, &service_ns) || service_ns < 0
      || service_ns > MAX_SERVICE_NS)
    return WP_TIME_NONE;
  return service_ns;
}

/* @body: (transfer full) (nullable) */
static WpJob *
new_job (const WpRequest *request, GBytes *body, gint64 service_ns)
{
  WpJob *job = wp_job_new ();

  job->method = request->method;
  job->path = join (request->path, request->query);
  if (request->id.len > 0)
    job->id = g_strndup (request->id.bytes, request->id.len);
  if (request->content_type.bytes)
    job->content_type = g_strndup (request->content_type.bytes, request->content_type.len);
  job->body = body;
  job->asked_service_ns = service_ns;

  return job;
}

WpJob *
wp_ingest_make_job (const WpIngest *self, const WpRequest *request, GBytes *body, WpMemoryBudget *budget,
                    WpHttpError *why)
{
  gint64 service_ns = parse_service (request->service);
  WpJob *job;

  *why = WP_HTTP_ERROR_SERVICE_TIME;
  if (self->by_request && request->service.bytes && service_ns == WP_TIME_NONE)
    {
      g_clear_pointer (&body, g_bytes_unref);
      return NULL;
    }
  job = new_job (request, body, service_ns);
  *why = WP_HTTP_ERROR_MEMORY;
  if (!wp_job_charge (job, budget))
    g_clear_pointer (&job, wp_job_unref);

  return job;
}

/* One owner at a time: the HTTP thread while the client may still leave, the mailbox once the job has
 * notified it. The engine guarantees that only one of the two happens. */
typedef struct {
  WpEngine *engine;
  WpHttpThread *http_thread;
  WpConnection *connection;
  WpJob *job;
  WpPendingRequestRespond respond;
  gpointer request;
  guint status; /* set by on_notify(), before the request is posted */
} PendingRequest;

static void
finish (PendingRequest *self, guint status)
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
  PendingRequest *self = client;

  self->status = statuses[event];
  wp_http_thread_post (self->http_thread, self);
}

void
wp_pending_request_deliver (gpointer pending, gpointer data)
{
  PendingRequest *self = pending;

  finish (self, self->status);
}

/* The client may have ended only its sending side: a 503 reports that the job will not run. If the job
 * continues, its notification finishes the request. */
static void
on_gone (gpointer pending)
{
  PendingRequest *self = pending;

  if (!wp_engine_abandon (self->engine, self->job))
    return;
  self->connection->last = TRUE;
  finish (self, WP_STATUS_UNAVAILABLE);
}

guint
wp_pending_request_offer (WpEngine *engine, WpHttpThread *http_thread, WpConnection *connection, WpJob *job,
                          WpPendingRequestRespond respond, gpointer request)
{
  PendingRequest *self;
  WpSubmit submit;

  self = g_new (PendingRequest, 1);
  *self = (PendingRequest){ engine, http_thread, connection, job, respond, request, 0 };
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
