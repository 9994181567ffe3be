/* wp-ingest-thread.h - how an HTTP thread begins to serve the ingest. */
#pragma once

#include "runtime/http/wp-http-thread.h"

/* WpHttpThreadSetup; @ingest: its WpIngest. */
void wp_ingest_thread_setup (WpHttpThread *http_thread, gpointer ingest);
