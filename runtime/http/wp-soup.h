/* wp-soup.h - a SoupServer on an HTTP thread, and functions for its handlers. In the module wp-soup.so. */
#pragma once

#include <libsoup/soup.h>

#include "runtime/http/wp-http-thread.h"
#include "runtime/http/wp-reader.h"

/* Adds the handlers. Returns: the rules of the reader. @data: of the HTTP thread */
typedef WpReaderRules (*WpSoupSetup) (WpHttpThread *http_thread, SoupServer *server, gpointer data);

WpSoup *wp_soup_new (WpHttpThread *http_thread, WpSoupSetup setup, gpointer data);
void wp_soup_adopt (WpSoup *self, WpConnection *connection); /* becomes its protocol */
void wp_soup_free (WpSoup *self);

/* libsoup checks each of its connections at every iteration, except those whose requests wait for their jobs
 * (with 6,500 connections a response takes 40 ms). So it gets a connection only with the first complete
 * request, and keeps none alive without room. */
void wp_soup_set_waiting (WpSoup *self, gboolean waits); /* a request begins or ends to wait */
gboolean wp_soup_has_room (const WpSoup *self);

/* Returns: the connection of a message, valid until the message is finished. */
WpConnection *wp_soup_get_connection (SoupServerMessage *message);
