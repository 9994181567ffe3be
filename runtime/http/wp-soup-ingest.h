/* wp-soup-ingest.h - the ingest behind libsoup's parser: the requests that the fast lane passes on. In the module wp-soup.so. */
#pragma once

#include "runtime/http/wp-soup-server.h"

/* Adds its handlers. @ingest: the front's WpIngest */
void wp_soup_ingest_setup (WpFront *front, SoupServer *server, gpointer ingest);
