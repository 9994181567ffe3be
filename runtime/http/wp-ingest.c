#include "runtime/http/wp-ingest.h"

#include <string.h>

#include "runtime/http/wp-http1.h"
#include "runtime/queue/wp-realtime.h"

#define REVIEW_MS      250
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

static gboolean
on_review (gpointer promptness)
{
  wp_realtime_review_look (promptness);

  return G_SOURCE_CONTINUE;
}

/* The source ends with the front's context. */
static void
go_first (void)
{
  g_autoptr (GSource) source = g_timeout_source_new (REVIEW_MS);
  WpRealtimeReview *promptness = g_new0 (WpRealtimeReview, 1);

  wp_realtime_review_begin (promptness, WP_REALTIME_HTTP);
  g_source_set_callback (source, on_review, promptness, g_free);
  g_source_attach (source, g_main_context_get_thread_default ());
}

void
wp_ingest_setup (WpHttpThread *http_thread, gpointer data)
{
  const WpIngest *ingest = data;

  if (ingest->tls)
    wp_http_thread_set_tls (http_thread, ingest->tls);
  if (ingest->goes_first)
    go_first ();
  if (!ingest->by_soup)
    wp_http1_setup (http_thread, ingest);
}
