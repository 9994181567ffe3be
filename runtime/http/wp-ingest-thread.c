#include "runtime/http/wp-ingest-thread.h"

#include "runtime/http/wp-http1.h"
#include "runtime/queue/wp-realtime.h"

#define REVIEW_MS 250

static gboolean
on_review (gpointer review)
{
  wp_realtime_review_update (review);

  return G_SOURCE_CONTINUE;
}

/* The source ends with the thread's context. */
static void
begin_realtime (void)
{
  g_autoptr (GSource) source = g_timeout_source_new (REVIEW_MS);
  WpRealtimeReview *review = g_new0 (WpRealtimeReview, 1);

  wp_realtime_review_init (review, WP_REALTIME_HTTP);
  g_source_set_callback (source, on_review, review, g_free);
  g_source_attach (source, g_main_context_get_thread_default ());
}

void
wp_ingest_thread_setup (WpHttpThread *http_thread, gpointer data)
{
  const WpIngest *ingest = data;

  if (ingest->tls)
    wp_http_thread_set_tls (http_thread, ingest->tls);
  if (ingest->realtime)
    begin_realtime ();
  if (!ingest->by_soup)
    wp_http1_setup (http_thread, ingest);
}
