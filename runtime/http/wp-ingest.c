#include "runtime/http/wp-ingest.h"

#include "runtime/http/wp-fast-lane.h"
#include "runtime/queue/wp-prompt.h"

#define REVIEW_MS 250

gboolean
wp_ingest_parse_service (const char *text, gsize len, gint64 *service_ns)
{
  return wp_time_parse_seconds (text, len, service_ns) && *service_ns >= 0 && *service_ns <= WP_INGEST_MAX_SERVICE_NS;
}

static gboolean
on_review (gpointer promptness)
{
  wp_promptness_review (promptness);

  return G_SOURCE_CONTINUE;
}

/* The source ends with the front's context. */
static void
go_first (void)
{
  g_autoptr(GSource) source = g_timeout_source_new (REVIEW_MS);
  WpPromptness *promptness = g_new0 (WpPromptness, 1);

  wp_promptness_begin (promptness, WP_PROMPT_FRONT);
  g_source_set_callback (source, on_review, promptness, g_free);
  g_source_attach (source, g_main_context_get_thread_default ());
}

void
wp_ingest_setup (WpFront *front, gpointer data)
{
  const WpIngest *ingest = data;

  if (ingest->tls)
    wp_front_set_tls (front, ingest->tls);
  if (ingest->goes_first)
    go_first ();
  wp_fast_lane_setup (front, ingest);
}
