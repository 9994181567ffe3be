/* wp-soup-load.h - loads the SoupServer of an HTTP thread from the module wp-soup.so. libsoup and its two
 * dozen libraries take 15 ms to load, more than the rest of a start, and the ingest needs them only with
 * --http=soup. */
#pragma once

#include "runtime/http/wp-connection.h"

typedef struct _WpSoup WpSoup;
typedef struct _WpHttpThread WpHttpThread;

/* The handlers of a SoupServer. */
typedef enum { WP_SOUP_INGEST, WP_SOUP_ADMIN, WP_SOUP_PROBE } WpSoupSite;

typedef struct {
  /* @data: of the HTTP thread, a WpIngest or a WpAdmin */
  WpSoup *(*new) (WpHttpThread *http_thread, WpSoupSite site, gpointer data);
  void (*take) (WpSoup *self, WpConnection *connection); /* becomes its protocol */
  void (*free) (WpSoup *self);
} WpSoupClass;

/* in the module; not NULL only if linked in, as in a fuzzer */
extern const WpSoupClass wp_soup_class __attribute__ ((weak));

/**
 * wp_soup_load:
 *
 * Loads the module once. Any thread.
 *
 * Returns: (nullable): NULL with WP_ERROR_IO; the next call tries again
 */
const WpSoupClass *wp_soup_load (GError **error);
