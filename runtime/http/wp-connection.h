/* wp-connection.h - one client's socket: a small record with a deadline, on its gate's epoll. Its gate's
 * thread only. */
#pragma once

#include "runtime/http/wp-http-error.h"
#include "runtime/http/wp-partial.h"
#include "runtime/queue/wp-memory-budget.h"
#include "runtime/secure/wp-tls-session.h"

typedef struct _WpConnection WpConnection;
typedef struct _WpConnectionHost WpConnectionHost;

/* Who speaks HTTP on a connection. One const table a lane. */
typedef struct {
  void (*ready) (WpConnection *connection); /* readable, writable, peer_ended or dead has come true */
} WpProtocol;

typedef enum {
  WP_CONNECTION_HANDSHAKE, /* is not yet agreed on TLS */
  WP_CONNECTION_IDLE,      /* waits for the first byte of a request */
  WP_CONNECTION_HEAD,      /* has some of a head */
  WP_CONNECTION_BODY,      /* has the head */
  WP_CONNECTION_BUSY,      /* has it all: its answer is being made; no deadline */
  WP_CONNECTION_REPLY,     /* its answer is being written */
  WP_CONNECTION_LINGER     /* we have said our last; reads on, so that a reset does not overtake the answer */
} WpConnectionState;

/* What a connection needs of the set that watches it (wp-connections.c). One const table. */
typedef struct {
  /* CLOCK_MONOTONIC: when a state that is entered now is over; G_MAXINT64: never */
  gint64 (*deadline) (const WpConnectionHost *self, WpConnectionState state);
  /* of a body, so many bytes of which have come */
  gint64 (*deadline_later) (const WpConnectionHost *self, gint64 deadline_ns, gsize bytes);
  void (*count_refusal) (WpConnectionHost *self, WpHttpError why);
  /* its client and we agree on TLS: it gets its protocol */
  void (*handshake_done) (WpConnectionHost *self, WpConnection *connection);
  /* its protocol has done with it: it lingers or is closed */
  void (*take_back) (WpConnectionHost *self, WpConnection *connection);
  /* reports again what can be read or written, after the others had their turn */
  void (*look_again) (WpConnectionHost *self, WpConnection *connection);
} WpConnectionHostClass;

/* The base of such a set. */
struct _WpConnectionHost {
  const WpConnectionHostClass *class;
  WpMemoryBudget *budget; /* of what its connections and their jobs hold; not owned; NULL: none */
  guint64 max_body_bytes;
};

/* The client has gone while its request was BUSY; called once for a request. */
typedef void (*WpConnectionGone) (gpointer pending);

struct _WpConnection {
  WpConnectionHost *host;
  WpConnection *next, *prev; /* in the gate's list */
  int fd;
  WpTlsSession *tls; /* owned; NULL: plain */
  WpConnectionState state;
  gint64 deadline_ns; /* CLOCK_MONOTONIC; G_MAXINT64: none */
  /* as far as we know: until a call says EAGAIN, or a read gets less than it could */
  gboolean readable, writable;
  gboolean peer_ended;  /* end of file or an error was seen: the client has left */
  gboolean dead;        /* reads end, writes fail: whoever has the stream lets it go */
  gboolean last;        /* the next answer is the last on this connection */
  gboolean asked_end;   /* the client wanted it so, and sends no more */
  gboolean keeps_alive; /* a client of HTTP/1.0 wants to be told that the connection stays */
  gboolean ahead;       /* OpenSSL has read bytes behind the request that is BUSY */
  gboolean shed;        /* what came behind the request was thrown away: 503 follows its answer */
  const WpProtocol *protocol;
  gpointer protocol_data; /* the lane's own */
  WpPartial *partial;     /* the reader's: some of a request; owned; NULL: none */
  char *in;               /* bytes read behind it that no request has taken yet */
  gsize in_len;
  char *out; /* bytes of answers that wait to be sent */
  gsize out_len;
  gsize held_bytes; /* of the gate's budget, by all of these */
  WpConnectionGone gone;
  gpointer pending; /* what is BUSY, or NULL */
};

/* Enters @state, and starts the deadline that the gate has for it. */
void wp_connection_enter (WpConnection *self, WpConnectionState state);

/* As recv() and send(), but they keep what we know of the socket; -1 with errno. */
gssize wp_connection_read_socket (WpConnection *self, void *buffer, gsize size);
gssize wp_connection_write (WpConnection *self, const void *buffer, gsize size);

/* Reads away what has come, 1 MB at most: bytes that nobody has read turn a close into a reset, which may
 * overtake the answer (RFC 9112, 9.6). Nothing can be read after that. */
void wp_connection_drop_unread (WpConnection *self);

/* Puts bytes behind those that wait to be sent; sends what the socket takes. FALSE: something waits still, or
 * @dead. */
void wp_connection_write_later (WpConnection *self, const char *bytes, gsize len);
gboolean wp_connection_flush (WpConnection *self);

/* Answers past its lane, and kills the connection; the second counts it. */
void wp_connection_answer_last (WpConnection *self, guint status, const char *text);
void wp_connection_refuse (WpConnection *self, WpHttpError why);

/* Makes reads end and writes fail from now on, and tells the lane, which may release it at once. */
void wp_connection_kill (WpConnection *self);

/* Has the client gone already? Then the exchange is told now, and TRUE; the connection may be released by
 * that. */
gboolean wp_connection_check (WpConnection *self);

/* There is more to read: its lane is called again after the others had their turn. */
void wp_connection_again (WpConnection *self);

/* Bytes that were read, and have to wait behind a request; where there is no memory for them the connection
 * is shed. @in is empty. The second moves all of them to @buffer, and returns how many they are. */
void wp_connection_keep (WpConnection *self, const char *bytes, gsize len);
gsize wp_connection_take_kept (WpConnection *self, char *buffer);

/* Its buffers hold so many bytes more, or less; a TLS session that holds any has buffers of its own, which
 * are counted with them. FALSE: the gate's budget is spent, and they must not. */
gboolean wp_connection_hold (WpConnection *self, gsize bytes);
void wp_connection_let_go (WpConnection *self, gsize bytes);

/* Nobody reads its answers, and there is no memory for them: kills it. */
void wp_connection_give_up (WpConnection *self);

/* Frees all its buffers. */
void wp_connection_clear (WpConnection *self);

/* The lane has done with it: what waits is sent, then its gate lingers or closes. */
void wp_connection_release (WpConnection *self);
