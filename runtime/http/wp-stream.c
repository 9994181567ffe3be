#include "runtime/http/wp-stream.h"

#include <errno.h>

#define MAX_WAITING_BYTES 65536 /* of unsent responses; beyond it libsoup has to wait */

/* Both halves access the connection through the stream, whose pointer is NULL after the close. */

#define WP_TYPE_STREAM_INPUT (wp_stream_input_get_type ())
G_DECLARE_FINAL_TYPE (WpStreamInput, wp_stream_input, WP, STREAM_INPUT, GInputStream)
#define WP_TYPE_STREAM_OUTPUT (wp_stream_output_get_type ())
G_DECLARE_FINAL_TYPE (WpStreamOutput, wp_stream_output, WP, STREAM_OUTPUT, GOutputStream)

struct _WpStreamInput {
  GInputStream parent;
  /* not owned; NULL once it is finalized: libsoup may release a half after it, whose dispose still flushes */
  WpStream *stream;
};

struct _WpStreamOutput {
  GOutputStream parent;
  WpStream *stream;
};

struct _WpStream {
  GIOStream parent;
  GInputStream *input;
  GOutputStream *output;
  WpConnection *connection; /* NULL once closed */
  WpSoupInput soup_input;
  GSource *read_source, *write_source; /* not owned */
};

static void input_pollable_init (GPollableInputStreamInterface *interface);
static void output_pollable_init (GPollableOutputStreamInterface *interface);

G_DEFINE_FINAL_TYPE (WpStream, wp_stream, G_TYPE_IO_STREAM)
G_DEFINE_FINAL_TYPE_WITH_CODE (WpStreamInput, wp_stream_input, G_TYPE_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM, input_pollable_init))
G_DEFINE_FINAL_TYPE_WITH_CODE (WpStreamOutput, wp_stream_output, G_TYPE_OUTPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_OUTPUT_STREAM, output_pollable_init))

/* A source without a descriptor, which the connection makes ready by a flag. That suffices, since all of this
 * happens on the context's thread: g_source_set_ready_time() would write to the context's eventfd for each
 * request, a tenth of its CPU time. */
typedef struct {
  GSource source;
  gboolean ready;
  GObject *half;    /* owned */
  WpStream *stream; /* owned */
} ReadySource;

static gboolean
ready_prepare (GSource *source, gint *timeout_ms)
{
  return ((ReadySource *) source)->ready;
}

static gboolean
ready_dispatch (GSource *source, GSourceFunc callback, gpointer data)
{
  ReadySource *self = (ReadySource *) source;

  self->ready = FALSE;
  return callback ? ((GPollableSourceFunc) (gpointer) callback) (self->half, data) : G_SOURCE_REMOVE;
}

static void
ready_finalize (GSource *source)
{
  ReadySource *self = (ReadySource *) source;

  if (self->stream->read_source == source)
    self->stream->read_source = NULL;
  if (self->stream->write_source == source)
    self->stream->write_source = NULL;
  g_object_unref (self->stream);
  g_object_unref (self->half);
}

/* libsoup's own sources, which have ours as a child, need this to set a callback. */
static gboolean
ready_closure (GObject *half, gpointer closure)
{
  GValue param = G_VALUE_INIT, result = G_VALUE_INIT;
  gboolean again;

  g_value_init (&result, G_TYPE_BOOLEAN);
  g_value_init (&param, G_TYPE_OBJECT);
  g_value_set_object (&param, half);
  g_closure_invoke (closure, &result, 1, &param, NULL);
  again = g_value_get_boolean (&result);
  g_value_unset (&param);

  return again;
}

static GSource *
ready_source_new (WpStream *stream, gpointer half, gboolean reads, GCancellable *cancellable)
{
  static GSourceFuncs funcs = { .prepare = ready_prepare,
                                .dispatch = ready_dispatch,
                                .finalize = ready_finalize,
                                .closure_callback = (GSourceFunc) (gpointer) ready_closure };
  GSource *source = g_source_new (&funcs, sizeof (ReadySource));
  ReadySource *self = (ReadySource *) source;
  WpConnection *connection = stream->connection;

  self->half = g_object_ref (half);
  self->stream = g_object_ref (stream);
  if (cancellable)
    {
      g_autoptr (GSource) cancelled = g_cancellable_source_new (cancellable);

      g_source_set_dummy_callback (cancelled);
      g_source_add_child_source (source, cancelled);
    }
  *(reads ? &stream->read_source : &stream->write_source) = source;
  if (reads && connection)
    wp_soup_input_advance (&stream->soup_input, connection);
  self->ready = !connection || connection->dead
                || (reads ? wp_soup_input_is_readable (&stream->soup_input, connection)
                          : connection->out_len <= MAX_WAITING_BYTES);

  return source;
}

static WpConnection *
connection_of (WpStream *stream)
{
  return stream ? stream->connection : NULL;
}

static gssize
closed_error (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "the connection is closed");
  return -1;
}

static gssize
checked (gssize n, GError **error)
{
  if (n < 0)
    g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (errno), g_strerror (errno));
  return n;
}

static gssize
input_read (GInputStream *input, void *buffer, gsize count, GCancellable *cancellable, GError **error)
{
  WpStream *stream = WP_STREAM_INPUT (input)->stream;

  return connection_of (stream)
             ? checked (wp_soup_input_read (&stream->soup_input, stream->connection, buffer, count), error)
             : closed_error (error);
}

static gboolean
input_is_readable (GPollableInputStream *input)
{
  WpStream *stream = WP_STREAM_INPUT (input)->stream;

  if (!connection_of (stream))
    return TRUE;
  wp_soup_input_advance (&stream->soup_input, stream->connection);
  return wp_soup_input_is_readable (&stream->soup_input, stream->connection);
}

static gssize
input_read_nonblocking (GPollableInputStream *input, void *buffer, gsize count, GError **error)
{
  return input_read (G_INPUT_STREAM (input), buffer, count, NULL, error);
}

static GSource *
input_create_source (GPollableInputStream *input, GCancellable *cancellable)
{
  return ready_source_new (WP_STREAM_INPUT (input)->stream, input, TRUE, cancellable);
}

static void
input_pollable_init (GPollableInputStreamInterface *interface)
{
  interface->is_readable = input_is_readable;
  interface->read_nonblocking = input_read_nonblocking;
  interface->create_source = input_create_source;
}

static void
wp_stream_input_class_init (WpStreamInputClass *class)
{
  G_INPUT_STREAM_CLASS (class)->read_fn = input_read;
}

static void
wp_stream_input_init (WpStreamInput *self)
{
}

static gssize
output_write (GOutputStream *output, const void *buffer, gsize count, GCancellable *cancellable,
              GError **error)
{
  WpConnection *connection = connection_of (WP_STREAM_OUTPUT (output)->stream);

  if (!connection || connection->dead)
    return closed_error (error);
  if (connection->out_len > MAX_WAITING_BYTES && !wp_connection_flush (connection))
    {
      errno = EAGAIN;
      return checked (-1, error);
    }
  wp_connection_write_later (connection, buffer, count);
  return count;
}

/* The end of a response: libsoup writes head and body separately, and both are sent together. */
static gboolean
output_flush (GOutputStream *output, GCancellable *cancellable, GError **error)
{
  WpConnection *connection = connection_of (WP_STREAM_OUTPUT (output)->stream);

  if (connection)
    wp_connection_flush (connection);
  return TRUE;
}

static gboolean
output_is_writable (GPollableOutputStream *output)
{
  WpConnection *connection = connection_of (WP_STREAM_OUTPUT (output)->stream);

  return !connection || connection->dead || connection->out_len <= MAX_WAITING_BYTES;
}

static gssize
output_write_nonblocking (GPollableOutputStream *output, const void *buffer, gsize count, GError **error)
{
  return output_write (G_OUTPUT_STREAM (output), buffer, count, NULL, error);
}

static GSource *
output_create_source (GPollableOutputStream *output, GCancellable *cancellable)
{
  return ready_source_new (WP_STREAM_OUTPUT (output)->stream, output, FALSE, cancellable);
}

static void
output_pollable_init (GPollableOutputStreamInterface *interface)
{
  interface->is_writable = output_is_writable;
  interface->write_nonblocking = output_write_nonblocking;
  interface->create_source = output_create_source;
}

static void
wp_stream_output_class_init (WpStreamOutputClass *class)
{
  G_OUTPUT_STREAM_CLASS (class)->write_fn = output_write;
  G_OUTPUT_STREAM_CLASS (class)->flush = output_flush;
}

static void
wp_stream_output_init (WpStreamOutput *self)
{
}

static GInputStream *
stream_get_input (GIOStream *stream)
{
  return WP_STREAM (stream)->input;
}

static GOutputStream *
stream_get_output (GIOStream *stream)
{
  return WP_STREAM (stream)->output;
}

static gboolean
stream_close (GIOStream *stream, GCancellable *cancellable, GError **error)
{
  WpConnection *connection = g_steal_pointer (&WP_STREAM (stream)->connection);

  wp_soup_input_clear (&WP_STREAM (stream)->soup_input);
  if (connection)
    wp_connection_release (connection);
  return TRUE;
}

static void
stream_finalize (GObject *object)
{
  WpStream *self = WP_STREAM (object);

  stream_close (G_IO_STREAM (self), NULL, NULL);
  WP_STREAM_INPUT (self->input)->stream = NULL;
  WP_STREAM_OUTPUT (self->output)->stream = NULL;
  g_object_unref (self->input);
  g_object_unref (self->output);
  G_OBJECT_CLASS (wp_stream_parent_class)->finalize (object);
}

static void
wp_stream_class_init (WpStreamClass *class)
{
  G_OBJECT_CLASS (class)->finalize = stream_finalize;
  G_IO_STREAM_CLASS (class)->get_input_stream = stream_get_input;
  G_IO_STREAM_CLASS (class)->get_output_stream = stream_get_output;
  G_IO_STREAM_CLASS (class)->close_fn = stream_close;
}

static void
wp_stream_init (WpStream *self)
{
  self->input = g_object_new (WP_TYPE_STREAM_INPUT, NULL);
  self->output = g_object_new (WP_TYPE_STREAM_OUTPUT, NULL);
  WP_STREAM_INPUT (self->input)->stream = self;
  WP_STREAM_OUTPUT (self->output)->stream = self;
}

static void
wake (GSource *source)
{
  if (source)
    ((ReadySource *) source)->ready = TRUE;
}

/* WpProtocol */
static void
stream_ready (WpConnection *connection)
{
  WpStream *self = connection->protocol_data;

  if (wp_connection_flush (connection) || connection->dead)
    wake (self->write_source);
  wp_soup_input_advance (&self->soup_input, connection);
  if (wp_soup_input_is_readable (&self->soup_input, connection))
    wake (self->read_source);
}

GIOStream *
wp_stream_new (WpConnection *connection, const WpSoupInput *input)
{
  static const WpProtocol protocol = { stream_ready };
  WpStream *self = g_object_new (WP_TYPE_STREAM, NULL);

  self->connection = connection;
  self->soup_input = *input;
  connection->protocol = &protocol;
  connection->protocol_data = self;

  return G_IO_STREAM (self);
}

const WpRequest *
wp_stream_get_request (const WpConnection *connection)
{
  return &WP_STREAM (connection->protocol_data)->soup_input.parser.request;
}

void
wp_stream_uncharge (WpConnection *connection)
{
  wp_soup_input_uncharge (&WP_STREAM (connection->protocol_data)->soup_input, connection);
}

void
wp_stream_forget_request (WpConnection *connection)
{
  wp_soup_input_forget (&WP_STREAM (connection->protocol_data)->soup_input, connection);
}

void
wp_stream_finish_request (WpConnection *connection)
{
  wp_soup_input_finish (&WP_STREAM (connection->protocol_data)->soup_input, connection);
}
