/* wp-soup-ingest.h - the ingest served by libsoup: --http=soup. In the module wp-soup.so. */
#pragma once

#include "runtime/http/wp-reader.h"
#include "runtime/http/wp-soup.h"

/* WpSoupSetup; @ingest: a WpIngest */
WpReaderRules wp_soup_ingest_setup (WpHttpThread *http_thread, SoupServer *server, gpointer ingest);
