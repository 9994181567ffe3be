/* wp-soup.h - a SoupServer on an HTTP thread, and what its handlers ask of it. In the module wp-soup.so. */
#pragma once

#include <libsoup/soup.h>

#include "runtime/http/wp-http-thread.h"
#include "runtime/http/wp-reader.h"

/* Adds its handlers; returns what they are given. @data: the thread's */
typedef WpReaderRules (*WpSoupSetup) (WpHttpThread *http_thread, SoupServer *server, gpointer data);

WpSoup *wp_soup_new (WpHttpThread *http_thread, WpSoupSetup setup, gpointer data);
void wp_soup_take (WpSoup *self, WpConnection *connection); /* from now on it is libsoup's */
void wp_soup_free (WpSoup *self);

/* libsoup looks at each of its connections at every turn, but for those whose requests wait for their jobs
 * (40 ms an answer beside 6,500). So it is to have few of them: gets a connection with its first whole
 * request, and keeps none where there is no room. */
void wp_soup_set_waiting (WpSoup *self, gboolean waits); /* one more request does, or one less */
gboolean wp_soup_has_room (const WpSoup *self);

/* The connection on which a message came. Every request has one until it is finished. */
WpConnection *wp_soup_get_connection (SoupServerMessage *message);
