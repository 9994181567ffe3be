/* wp-ingest-thread.h - the setup of an HTTP thread for the ingest. */
#pragma once

#include "runtime/http/wp-http-thread.h"

/* WpHttpThreadSetup; @ingest: a WpIngest */
void wp_ingest_thread_setup (WpHttpThread *http_thread, gpointer ingest);
