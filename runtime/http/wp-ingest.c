#include "runtime/http/wp-ingest.h"

#include <string.h>

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
