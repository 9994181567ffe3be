/* wp-http-thread.h - an HTTP thread: a main context, its connections, and one protocol for all of them.
 * Without another protocol it is a SoupServer, which is created for the first connection. */
#pragma once

#include "runtime/http/wp-connection.h"
#include "runtime/http/wp-connections.h"

typedef struct _WpSoup WpSoup;
typedef struct _WpHttpThread WpHttpThread;

/* The handlers of a SoupServer. */
typedef enum { WP_SOUP_INGEST, WP_SOUP_ADMIN, WP_SOUP_PROBE } WpSoupSite;

/* The module wp-soup.so. libsoup and its two dozen libraries take 15 ms to load, more than the rest of a
 * start, and the ingest needs them only with --http=soup. */
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

/* Called on the HTTP thread, once, before the first connection. */
typedef void (*WpHttpThreadSetup) (WpHttpThread *self, gpointer data);
typedef void (*WpHttpThreadDeliver) (gpointer item, gpointer data);

/**
 * wp_http_thread_new:
 * @name: of the thread
 * @listen_fds: @n_listen of them, owned; 0: connections come by wp_http_thread_take_connection()
 * @site: the handlers of its SoupServer, if it gets one
 * @setup: (nullable)
 * @deliver: (nullable): gets the posted items, on the HTTP thread
 * @data: for the handlers, @setup and @deliver; outlives the thread
 *
 * Starts the thread.
 */
WpHttpThread *wp_http_thread_new (const char *name, const int *listen_fds, guint n_listen,
                                  const WpConnectionLimits *limits, WpSoupSite site, WpHttpThreadSetup setup,
                                  WpHttpThreadDeliver deliver, gpointer data);
/* any thread: closes all connections, and ends the thread */
void wp_http_thread_stop (WpHttpThread *self);
/* waits for the end of the thread; items posted later are not delivered */
void wp_http_thread_join (WpHttpThread *self);
void wp_http_thread_free (WpHttpThread *self); /* stops and joins it; no thread may post items any more */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpHttpThread, wp_http_thread_free)

/* Called in @setup: @accepted gets the connections, instead of a SoupServer. */
void wp_http_thread_set_protocol (WpHttpThread *self, WpConnectionsAccepted accepted, gpointer data,
                                  GDestroyNotify destroy);
/* called in @setup: connections use TLS; not owned */
void wp_http_thread_set_tls (WpHttpThread *self, WpTls *tls);

WpSoup *wp_http_thread_get_soup (WpHttpThread *self); /* (nullable): NULL before the first connection */

/* any thread: adds a connection that another thread has accepted */
void wp_http_thread_take_connection (WpHttpThread *self, int fd);
void wp_http_thread_post (WpHttpThread *self, gpointer item); /* any thread */
/* any thread: accepts no new connections, and closes each one with its response */
void wp_http_thread_drain (WpHttpThread *self);
gboolean wp_http_thread_is_draining (WpHttpThread *self); /* any thread */
/* any thread: it is draining, and no connection is left, nor in the backlog */
gboolean wp_http_thread_is_drained (WpHttpThread *self);
guint wp_http_thread_count_connections (WpHttpThread *self); /* any thread */
/* any thread: adds to @counts[WP_N_HTTP_ERRORS] */
void wp_http_thread_add_refusals (WpHttpThread *self, guint64 *counts);

/* HTTP thread: counts a request that the protocol refused */
void wp_http_thread_count_refusal (WpHttpThread *self, WpHttpError why);
