/* wp-connection.h - a client's socket with its buffers and its deadline. It belongs to a WpConnections, and
 * is used by the thread of that only. */
#pragma once

#include "runtime/http/wp-chunked.h"
#include "runtime/http/wp-http-error.h"
#include "runtime/http/wp-request.h"
#include "runtime/queue/wp-memory-budget.h"
#include "runtime/secure/wp-tls.h"

/* An incomplete request, which the reader keeps at its connection. */
typedef struct {
  WpRequestParser parser;
  char *head;
  gsize head_len, head_size;
  gboolean has_head; /* the head is complete */
  gboolean asked;    /* 100 (Continue) was sent, or is not needed */
  WpChunked chunked;
  char *body; /* decoded so far */
  gsize body_len, body_size;
  gsize held_bytes; /* of the budget */
} WpPartial;

void wp_partial_free (WpPartial *self);

typedef struct _WpConnection WpConnection;
typedef struct _WpConnectionHost WpConnectionHost;

/* Handles the input of a connection: TLS handshake, HTTP/1 or libsoup. */
typedef struct {
  void (*ready) (WpConnection *connection); /* readable, writable, peer_ended or dead has become TRUE */
} WpProtocol;

typedef enum {
  WP_CONNECTION_HANDSHAKE, /* TLS handshake */
  WP_CONNECTION_IDLE,      /* waits for the first byte of a request */
  WP_CONNECTION_HEAD,      /* has part of a head */
  WP_CONNECTION_BODY,      /* has the head */
  WP_CONNECTION_BUSY,      /* has the request, whose job is not done; no deadline */
  WP_CONNECTION_RESPONSE,  /* its response is being written */
  WP_CONNECTION_LINGER     /* closed for writing; reads on, so that a reset does not overtake the response */
} WpConnectionState;

/* The interface of a connection to its WpConnections. */
typedef struct {
  /* CLOCK_MONOTONIC: when a state that is entered now times out; G_MAXINT64: never */
  gint64 (*deadline) (const WpConnectionHost *self, WpConnectionState state);
  /* the deadline of a body of which @bytes more have arrived */
  gint64 (*deadline_later) (const WpConnectionHost *self, gint64 deadline_ns, gsize bytes);
  void (*count_refusal) (WpConnectionHost *self, WpHttpError why);
  /* the TLS handshake is complete: sets the connection's protocol */
  void (*handshake_done) (WpConnectionHost *self, WpConnection *connection);
  /* the protocol has released the connection: it lingers or is closed */
  void (*take_back) (WpConnectionHost *self, WpConnection *connection);
  /* reports readable and writable again, after other connections had their turn */
  void (*report_again) (WpConnectionHost *self, WpConnection *connection);
} WpConnectionHostClass;

/* The base of WpConnections. */
struct _WpConnectionHost {
  const WpConnectionHostClass *class;
  WpMemoryBudget *budget; /* for the memory of its connections and their jobs; not owned; NULL: none */
  guint64 max_body_bytes;
};

/* The client has left while its request was BUSY; called once for a request. */
typedef void (*WpConnectionGone) (gpointer pending);

struct _WpConnection {
  WpConnectionHost *host;
  WpConnection *next, *prev; /* in the list of its host */
  int fd;
  WpTlsSession *tls; /* owned; NULL: plain */
  WpConnectionState state;
  gint64 deadline_ns;          /* CLOCK_MONOTONIC; G_MAXINT64: none */
  gboolean readable, writable; /* until a call returns EAGAIN, or a read returns less than it could */
  gboolean peer_ended;         /* an end of file or an error was seen: the client has left */
  gboolean dead;               /* reads end and writes fail: the protocol must release the connection */
  gboolean last;               /* the next response is the last on this connection */
  gboolean asked_end;          /* the client asked for that, and sends no more */
  gboolean keeps_alive;        /* the response to a client of HTTP/1.0 must say keep-alive */
  gboolean pipelined_in_tls;   /* OpenSSL has read bytes behind the BUSY request */
  gboolean pipelined_dropped;  /* bytes behind the request were discarded: a 503 follows its response */
  const WpProtocol *protocol;
  gpointer protocol_data;
  WpPartial *partial; /* used by the reader: an incomplete request; owned; NULL: none */
  char *in;           /* bytes behind it that no request has taken yet */
  gsize in_len;
  char *out; /* bytes of responses that wait to be sent */
  gsize out_len;
  gsize held_bytes; /* of the budget, for all these buffers */
  WpConnectionGone gone;
  gpointer pending; /* the BUSY request; NULL: none */
};

/* Enters @state, and starts its deadline. */
void wp_connection_set_state (WpConnection *self, WpConnectionState state);

/* As recv() and send(), but they update the flags; -1 with errno. */
gssize wp_connection_read_socket (WpConnection *self, void *buffer, gsize size);
gssize wp_connection_write (WpConnection *self, const void *buffer, gsize size);

/* Discards up to 1 MB of unread bytes, which would turn the close into a reset that may overtake the response
 * (RFC 9112, 9.6). Do not read after that. */
void wp_connection_discard_input (WpConnection *self);

/* Appends bytes to @out. */
void wp_connection_write_later (WpConnection *self, const char *bytes, gsize len);

/* Sends as much of @out as the socket takes. Returns: FALSE if bytes still wait, or if the connection is
 * @dead. */
gboolean wp_connection_flush (WpConnection *self);

/* Answers without the protocol, and kills the connection; the second counts the refusal. */
void wp_connection_send_last_response (WpConnection *self, guint status, const char *text);
void wp_connection_refuse (WpConnection *self, WpHttpError why);

/* Reads end and writes fail from now on. Notifies the protocol, which may release the connection at once. */
void wp_connection_kill (WpConnection *self);

/* If the client has left, notifies the pending request, which may release the connection, and returns TRUE.
 */
gboolean wp_connection_check (WpConnection *self);

/* There is more to read: the protocol is called again after other connections had their turn. */
void wp_connection_read_again (WpConnection *self);

/* Keeps bytes that wait behind a request; without memory for them the connection is @pipelined_dropped. @in
 * is empty. The second moves them to @buffer, and returns their number. */
void wp_connection_save_pipelined (WpConnection *self, const char *bytes, gsize len);
gsize wp_connection_take_pipelined (WpConnection *self, char *buffer);

/* Takes bytes from the budget, or gives them back; with TLS the buffers of the session are included. FALSE:
 * the budget is exhausted. */
gboolean wp_connection_charge (WpConnection *self, gsize bytes);
void wp_connection_uncharge (WpConnection *self, gsize bytes);

/* Discards the unread responses, and kills the connection. */
void wp_connection_abort (WpConnection *self);

/* Frees all its buffers. */
void wp_connection_clear (WpConnection *self);

/* Called by the protocol at the end: pending bytes are sent, then the connection lingers or is closed. */
void wp_connection_release (WpConnection *self);

/* Sets the protocol until the handshake is complete, when the host sets another one, or has failed. @tls:
 * outlives the connection */
void wp_connection_begin_handshake (WpConnection *connection, WpTls *tls);
