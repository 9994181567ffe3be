/* wp-soup-find.h - a front's SoupServer: the lane of all its connections, or of none. Front's thread.
 *
 * It is in a module, wp-soup.so: libsoup brings two dozen libraries, which take 15 ms to load, more than all
 * the rest of a start, and the ingest does without unless --http=soup. */
#pragma once

#include "runtime/http/wp-connection.h"

typedef struct _WpSoup WpSoup;
typedef struct _WpHttpThread WpHttpThread;

/* Whose handlers it has. */
typedef enum { WP_SOUP_INGEST, WP_SOUP_ADMIN, WP_SOUP_PROBE } WpSoupSite;

typedef struct {
  /* @data: the front's, a WpIngest or a WpAdmin */
  WpSoup *(*new) (WpHttpThread *http_thread, WpSoupSite site, gpointer data);
  void (*take) (WpSoup *self, WpConnection *connection); /* from now on it is libsoup's */
  void (*free) (WpSoup *self);
} WpSoupClass;

/* the module's; NULL but where it is linked in, as in a fuzzer */
extern const WpSoupClass wp_soup_class __attribute__ ((weak));

/**
 * wp_soup_find:
 *
 * Loads the module, where that has not been done. Any thread.
 *
 * Returns: (nullable): NULL with WP_ERROR_IO; it is tried anew at the next call
 */
const WpSoupClass *wp_soup_find (GError **error);
